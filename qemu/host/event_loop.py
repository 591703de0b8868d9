"""One thread, one selector: everything the harness waits for arrives here.

Consoles, event ports, QMP connections and the deaths of processes (pidfd, Linux 5.3) are file descriptors, so all of
them are awaited at once and nothing ever sleeps. While one machine is waited for, the ports of all others are read
too; a full port would stop its machine.
"""

from __future__ import annotations

import os
import select
import selectors
import socket
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class DeadlinePassed(Exception):
    """The time is up; the message says what was waited for, and how long."""


class Deadline:
    """A moment on the monotonic clock, `seconds` from its making."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self._end - time.monotonic())

    @property
    def passed(self) -> bool:
        return self.left == 0.0

    def sooner(self, seconds: float) -> Deadline:
        """A deadline `seconds` from now, but not later than this one."""
        return Deadline(min(seconds, self.left))


class EventLoop:
    """Calls a function whenever its file descriptor has something to read."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def add(self, fd: int | socket.socket, callback: Callable[[], None]) -> None:
        self._selector.register(fd, selectors.EVENT_READ, callback)

    def remove(self, fd: int | socket.socket) -> None:
        """Forget `fd`; one that is not known (any more) is no error."""
        try:
            self._selector.unregister(fd)
        except (KeyError, ValueError):
            return

    def turn(self, seconds: float) -> bool:
        """Wait until something can be read, at most `seconds`; handle it. True when there was something."""
        ready = self._selector.select(seconds)
        for key, _ in ready:
            # A callback may have removed another's descriptor in this very turn.
            if key.fd in self._selector.get_map():
                key.data()
        return bool(ready)

    def until(self, condition: Callable[[], T | None], deadline: Deadline, what: str) -> T:
        """Turn until `condition` gives something that is true, and return that.

        `what` completes the sentence "… was not there after N s". Raises DeadlinePassed, and whatever a callback or
        the condition raises.
        """
        while True:
            result = condition()
            if result:
                return result
            if deadline.passed:
                raise DeadlinePassed(f"{what} was not there after {deadline.seconds:.0f} s")
            self.turn(deadline.left)

    def close(self) -> None:
        self._selector.close()


class Stream:
    """A connected socket that hands every byte to `sink`; `closed` becomes true at the end of file."""

    def __init__(self, loop: EventLoop, connection: socket.socket, sink: Callable[[bytes], None]) -> None:
        connection.setblocking(False)
        self._loop, self._socket, self._sink = loop, connection, sink
        self.closed = False
        loop.add(connection, self._readable)

    def _readable(self) -> None:
        try:
            data = self._socket.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._sink(data)
        else:
            self.close()

    def send(self, data: bytes, deadline: Deadline) -> None:
        """Send all of `data`, reading meanwhile so that neither side can wait for the other. Raises DeadlinePassed."""
        while data and not self.closed:
            try:
                data = data[self._socket.send(data) :]
            except BlockingIOError:
                if deadline.passed:
                    raise DeadlinePassed("the machine took no input") from None
                self._loop.turn(min(0.05, deadline.left))
            except OSError:
                self.close()

    def drain(self) -> None:
        """Read what has already arrived, without waiting."""
        while not self.closed and select.select([self._socket], [], [], 0)[0]:
            self._readable()

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._loop.remove(self._socket)
            self._socket.close()


def watch_process(loop: EventLoop, pid: int, callback: Callable[[], None]) -> int:
    """Call `callback` once when the child `pid` ends; returns a pidfd that the caller closes."""
    fd = os.pidfd_open(pid)

    def ended() -> None:
        loop.remove(fd)
        callback()

    loop.add(fd, ended)
    return fd
