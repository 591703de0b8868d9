"""The monitor's client, against a socket pair."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from qemu.host.event_loop import Deadline, DeadlinePassed, EventLoop, Stream
from qemu.machine.qmp import Qmp, QmpError

GREETING = b'{"QMP": {"version": {}, "capabilities": []}}\r\n'
OK = b'{"return": {}}\r\n'


class Monitor:
    """QEMU's end says beforehand what it will answer; what it was asked is in `asked`."""

    def __init__(self, *says: bytes) -> None:
        self.loop = EventLoop()
        self.qmp = Qmp(self.loop)
        near, self.far = socket.socketpair()
        self.stream = Stream(self.loop, near, self._feed)
        self.says = list(says)
        self.far.sendall(GREETING)
        self.loop.add(self.far, self._asked)
        self.asked: list[dict[str, object]] = []

    def _feed(self, data: bytes) -> None:
        self.qmp.feed(data)

    def _asked(self) -> None:
        self.asked.append(json.loads(self.far.recv(65536)))
        if self.says:
            self.far.sendall(self.says.pop(0))
        else:
            self.loop.remove(self.far)
            self.far.close()


def test_commands_are_answered_and_events_are_kept() -> None:
    event = b'{"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-reset"}}\r\n'
    monitor = Monitor(OK, event + b'{"return": {"status": "running"}}\r\n')
    monitor.qmp.start(monitor.stream, Deadline(5))
    assert monitor.qmp.execute("query-status", deadline=Deadline(5)) == {"status": "running"}
    assert monitor.qmp.shutdown_reason == "guest-reset"
    assert [asked["execute"] for asked in monitor.asked] == ["qmp_capabilities", "query-status"]


def test_arguments_are_spelt_as_qemu_spells_them() -> None:
    monitor = Monitor(OK, OK)
    monitor.qmp.start(monitor.stream, Deadline(5))
    monitor.qmp.execute("send-key", deadline=Deadline(5), hold_time=5)
    assert monitor.asked[1] == {"execute": "send-key", "arguments": {"hold-time": 5}}


def test_the_screen_is_written_as_png() -> None:
    monitor = Monitor(OK, OK)
    monitor.qmp.start(monitor.stream, Deadline(5))
    monitor.qmp.screendump(Path("/shot.png"), Deadline(5))
    assert monitor.asked[1:] == [{"execute": "screendump", "arguments": {"filename": "/shot.png", "format": "png"}}]


def test_a_refusal_is_an_error_with_qemus_words() -> None:
    monitor = Monitor(OK, b'{"error": {"class": "GenericError", "desc": "Device nic9 not found"}}\r\n')
    monitor.qmp.start(monitor.stream, Deadline(5))
    with pytest.raises(QmpError, match="set_link: Device nic9 not found"):
        monitor.qmp.execute("set_link", deadline=Deadline(5), name="nic9", up=False)


def test_an_end_in_the_middle_is_an_error_not_a_hang() -> None:
    monitor = Monitor(OK)
    monitor.qmp.start(monitor.stream, Deadline(5))
    with pytest.raises(QmpError, match="closed"):
        monitor.qmp.execute("quit", deadline=Deadline(5))
    with pytest.raises(QmpError, match="closed"):
        monitor.qmp.execute("quit", deadline=Deadline(5))


def test_silence_ends_with_the_deadline() -> None:
    monitor = Monitor(OK, b"")
    monitor.qmp.start(monitor.stream, Deadline(5))
    with pytest.raises(DeadlinePassed, match="answer to QMP stop"):
        monitor.qmp.execute("stop", deadline=Deadline(0.1))


def test_messages_may_come_in_pieces() -> None:
    qmp = Qmp(EventLoop())
    for byte in GREETING + b'{"event": "STOP", "data": {}}\n':
        qmp.feed(bytes([byte]))
    assert [event["event"] for event in qmp.events] == ["STOP"]
    assert qmp.shutdown_reason is None
