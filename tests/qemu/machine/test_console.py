"""Consoles: transcript, screen, keys; over socket pairs, without any machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from qemu.host.event_loop import Deadline, DeadlinePassed, EventLoop, Stream
from qemu.machine.console import Console, Screen, Unexpected
from qemu.machine.keys import SERIAL, UnknownKey, qcodes, serial


class Line:
    """A serial line: `far` is the machine's end."""

    def __init__(self) -> None:
        self.loop = EventLoop()
        near, self.far = socket.socketpair()
        self.far.settimeout(5)
        self.console = Console(lambda data: self.stream.send(data, Deadline(5)), self.loop)
        self.stream = Stream(self.loop, near, self.console.feed)


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.stream.close()
    line.far.close()
    line.loop.close()


def test_expect_returns_what_matched(line: Line) -> None:
    line.far.sendall(b"booting\r\nudp login: ")
    assert line.console.expect([r"\w+ login:", "prompt"], "panic", deadline=Deadline(5)) == "udp login:"
    assert line.console.transcript == b"booting\r\nudp login: "


def test_failure_is_seen_at_once_and_is_not_a_missed_deadline(line: Line) -> None:
    line.far.sendall(b"Kernel panic - not syncing\r\n")
    deadline = Deadline(60)
    with pytest.raises(Unexpected) as caught:
        line.console.expect("login:", "Kernel panic", deadline=deadline)
    assert caught.value.match == "Kernel panic"
    assert deadline.left > 50


def test_whichever_comes_first_counts(line: Line) -> None:
    line.far.sendall(b"ready ... panic")
    assert line.console.expect("ready", "panic", deadline=Deadline(5)) == "ready"
    with pytest.raises(Unexpected):
        line.console.expect("panic", "ready", deadline=Deadline(5))


def test_a_missed_deadline_shows_the_screen(line: Line) -> None:
    line.far.sendall(b"what is this?")
    with pytest.raises(DeadlinePassed, match=r"(?s)'login:' was not there.*what is this\?"):
        line.console.expect("login:", deadline=Deadline(0.1))


def test_expect_may_look_only_at_what_is_new(line: Line) -> None:
    line.far.sendall(b"first")
    line.console.expect("first", deadline=Deadline(5))
    with pytest.raises(DeadlinePassed):
        line.console.expect("first", deadline=Deadline(0.1), start=len(line.console.transcript))


def test_screen_text_is_awaited(line: Line) -> None:
    line.far.sendall(b"\x1b[2J\x1b[3;5HWhat is this PC?")
    line.console.expect_screen("What is this PC?", deadline=Deadline(5))
    assert line.console.screen.lines[2] == "    What is this PC?"


def test_keys_reach_the_machine(line: Line) -> None:
    line.console.press("down", "enter", "s", "ctrl c")
    assert line.far.recv(100) == b"\x1b[B\r" + b"s\x03"


def test_nothing_is_pressed_when_one_key_is_unknown(line: Line) -> None:
    with pytest.raises(UnknownKey, match='key "super" is not known'):
        line.console.press("s", "super")
    line.far.setblocking(False)
    with pytest.raises(BlockingIOError):
        line.far.recv(1)


def test_the_terminal_answers_a_question_for_the_cursor(line: Line) -> None:
    line.far.sendall(b"\x1b[4;7H\x1b[6n.")
    line.console.expect(r"\.", deadline=Deadline(5))
    assert line.far.recv(100) == b"\x1b[4;7R"


def test_screen_is_80_by_24_and_later_text_overwrites() -> None:
    screen = Screen()
    assert screen.blank
    screen.feed(b"x" * 80 + b"\r\n" + b"old\rnew")
    assert len(screen.lines) == 24
    assert screen.lines[:2] == ("x" * 80, "new")
    screen.feed("\x1b[2J\x1b[Hé│".encode())
    assert screen.text == "é│"


def test_every_named_key_works_on_both_kinds_of_console() -> None:
    for name in SERIAL:
        assert serial(name)
        assert qcodes(name)


@pytest.mark.parametrize(
    ("key", "codes"),
    [
        ("a", ["a"]),
        ("A", ["shift", "a"]),
        ("/", ["slash"]),
        ("?", ["shift", "slash"]),
        ("_", ["shift", "minus"]),
        ("enter", ["ret"]),
        ("page down", ["pgdn"]),
        ("ctrl c", ["ctrl", "c"]),
        ("ctrl \\", ["ctrl", "backslash"]),
    ],
)
def test_qcodes(key: str, codes: list[str]) -> None:
    assert qcodes(key) == codes


def test_unknown_keys() -> None:
    for key in ("", "f99", "ctrl ", "é é"):
        with pytest.raises(UnknownKey):
            serial(key)
    with pytest.raises(UnknownKey):
        qcodes("é")
