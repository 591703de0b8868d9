"""The event port: lines that are events, lines that are none, and waiting for them."""

from __future__ import annotations

import json
import socket

import pytest

from qemu.host.event_loop import Deadline, DeadlinePassed, EventLoop, Stream
from qemu.machine.events import Event, EventLog, kernel_start, parse_line


def record(event: str, t: float = 1.0, /, **fields: object) -> bytes:
    return json.dumps({"event": event, "t": t, **fields}).encode() + b"\r\n"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"hello",
        b"{",
        b"[]",
        b"3",
        b'{"event": "x"}',
        b'{"t": 1}',
        b'{"event": 1, "t": 1}',
        b'{"event":"a","t":"b"}',
    ],
)
def test_what_is_no_event(line: bytes) -> None:
    assert parse_line(line) is None


def test_an_event_keeps_its_fields() -> None:
    assert parse_line(b'{"event": "cast", "t": 2.5, "n": null}', 7.0) == Event("cast", 2.5, {"n": None}, 7.0)


def test_lines_may_come_in_pieces_and_noise_does_no_harm() -> None:
    log = EventLog(lambda: 9.0)
    whole = b"[    1.0] tty noise\r\n" + record("init", 2.0) + b"\xff\xfe\r\n" + record("screen", 3.0, name="umode")
    for byte in whole:
        log.feed(bytes([byte]))
    assert [event.name for event in log.events] == ["init", "screen"]
    assert log.noise == [b"[    1.0] tty noise", b"\xff\xfe"]
    assert bytes(log.raw) == whole


def test_an_unfinished_line_is_no_event_yet() -> None:
    log = EventLog()
    log.feed(record("cast").rstrip())
    assert log.events == []
    log.feed(b"\n")
    assert log.first("cast") is not None


def test_first_and_last_can_be_narrowed() -> None:
    log = EventLog()
    for number in (1, 2, 3):
        log.feed(record("connected", number, number=number % 2))
    first, last = log.first("connected", number=1), log.last("connected", number=1)
    assert first and last and (first.t, last.t) == (1, 3)
    assert log.first("connected", number=7) is None


class Port:
    def __init__(self) -> None:
        self.loop, self.log = EventLoop(), EventLog()
        near, self.far = socket.socketpair()
        self.stream = Stream(self.loop, near, self.log.feed)

    def wait(self, seconds: float, start: int = 0) -> Event:
        return self.log.wait(self.loop, ["screen:umode", "outcome"], ["crash"], Deadline(seconds), start=start)


def test_wait_gives_success_or_failure_whichever_comes() -> None:
    port = Port()
    port.far.sendall(record("screen", name="disk") + record("crash", sentence="bug") + record("outcome"))
    assert port.wait(5).name == "crash"
    assert port.wait(5, start=2).name == "outcome"


def test_wait_knows_the_name_of_a_screen() -> None:
    port = Port()
    port.far.sendall(record("screen", name="disk") + record("screen", 4.0, name="umode"))
    assert port.wait(5).t == 4.0


def test_wait_ends_with_the_deadline() -> None:
    port = Port()
    port.far.sendall(record("screen", name="disk"))
    with pytest.raises(DeadlinePassed, match="outcome or screen:umode"):
        port.wait(0.1)


def test_what_came_before_the_end_of_the_machine_is_not_lost() -> None:
    port = Port()
    port.far.sendall(record("outcome") * 5000)
    port.far.close()
    port.stream.drain()
    assert len(port.log.events) == 5000
    assert port.stream.closed


def test_kernel_start_is_the_earliest_that_any_event_allows() -> None:
    late = Event("init", 2.0, {}, arrived=108.0)  # reported long after it happened
    prompt = Event("screen", 6.0, {}, arrived=106.5)
    assert kernel_start([late, prompt]) == 100.5
    assert kernel_start([]) is None
