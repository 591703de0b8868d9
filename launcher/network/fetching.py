"""What ``config=`` names, and how it is fetched: by TFTP or HTTP, with busybox, which gets no rights.

- A bare name or path is on the boot server, by TFTP. Which server that is: the one that ``ip=`` names (its second
  field, as PXELINUX writes it), else the next server of the DHCP server's answer.
- It is over after `TIMES.fetch`, and after `most` bytes, whatever the server does. A server that does not answer is
  asked again until then; what a server refuses stands.
- The file is kept in memory only; what a server said is foreign text.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from queue import SimpleQueue

from ..asking import NotEnded, Stopped, ask
from ..errors import AnswerError, ErrorKind, LauncherError
from ..model.times import TIMES
from ..reasons import reason
from ..sentence import NOTHING, Sentence, say
from .card import Note

HOST = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_URL = re.compile(rf"(?i:(tftp|http)://)({HOST})(?::([0-9]{{1,5}}))?/(.+)")
_SAID = 400
"""Characters of what a server said that are shown."""
PAUSE = 1.0


class Protocol(Enum):
    """The words of a URL."""

    TFTP = "tftp"
    HTTP = "http"


PORTS = {Protocol.TFTP: 69, Protocol.HTTP: 80}


@dataclass(frozen=True)
class Place:
    """Where a file is. `host` is None for the boot server; `path` has no slash in front where a URL was given."""

    protocol: Protocol
    host: str | None
    port: int
    path: str

    def on(self, server: str | None) -> Place:
        """The same with a server."""
        return self if self.host else replace(self, host=server)

    def __str__(self) -> str:
        port = "" if self.port == PORTS[self.protocol] else f":{self.port}"
        return f"{self.protocol.value}://{self.host}{port}/{self.path.removeprefix('/')}"


EXPECTED = say("Expected udpcfg.txt (on the boot server, by TFTP), tftp://server/path or http://server/path.")


def read_place(text: str, name: str = "config") -> Place:
    """What the value of the parameter `name` means. Raises AnswerError."""
    if text[:8].lower() == "https://":
        sentence = say("{name}={text}: https cannot be used: certificates cannot be checked.", name=name, text=text)
        raise AnswerError(ErrorKind.WRONG_VALUE, sentence, EXPECTED)
    match = _URL.fullmatch(text)
    if match:
        protocol = Protocol(match[1].lower())
        place = Place(protocol, match[2], int(match[3] or PORTS[protocol]), match[4])
    else:
        place = Place(Protocol.TFTP, None, PORTS[Protocol.TFTP], text)
    good = re.fullmatch(r"[!-~]{1,255}", place.path) and "://" not in place.path and 0 < place.port < 65536
    if not good or place.path.endswith("/"):
        raise AnswerError(ErrorKind.WRONG_VALUE, say("{name}={text} names no file.", name=name, text=text), EXPECTED)
    return place


def argv(place: Place) -> tuple[str, ...]:
    """The command that writes the file to its standard output. (With ``-T``, busybox 1.35's wget ends in a segmentation
    fault.)"""
    assert place.host
    if place.protocol is Protocol.HTTP:
        return ("busybox", "wget", "-q", "-O", "-", str(place))
    return ("busybox", "tftp", "-g", "-l", "-", "-r", place.path, place.host, str(place.port))


@dataclass(frozen=True)
class Fetched:
    """What came of it: the text, or the reason why there is none."""

    text: bytes | None
    reason: Sentence = NOTHING


class Fetch:
    """A file that is being fetched, in a thread of its own. `most`: a longer one is as none."""

    def __init__(self, place: Place, most: int, note: Note = lambda line: None, seconds: float = TIMES.fetch) -> None:
        self._place, self._most, self._note, self._seconds = place, most, note, seconds
        self._deadline = time.monotonic() + seconds
        self._came: SimpleQueue[Fetched] = SimpleQueue()
        self._stop = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._thread = threading.Thread(target=self._work, name="fetch", daemon=True)
        self._thread.start()

    @property
    def left(self) -> float:
        """Seconds until it is given up."""
        return max(0.0, self._deadline - time.monotonic())

    def poll(self) -> Fetched | None:
        """What came of it; None while it is under way. Never blocks."""
        return None if self._came.empty() else self._came.get()

    def close(self) -> None:
        """Give it up, where it is still under way."""
        os.eventfd_write(self._stop, 1)
        self._thread.join()
        os.close(self._stop)

    def _work(self) -> None:
        with contextlib.suppress(Stopped):
            try:
                came = self._fetched()
            except LauncherError as error:
                came = Fetched(None, error.sentence)
            except OSError as error:  # this PC has run out of something
                came = Fetched(None, say("Reason: {words}.", words=reason(error)))
            self._came.put(came)

    def _fetched(self) -> Fetched:
        """Raises LauncherError, OSError and Stopped."""
        while True:
            text = bytearray()
            try:
                ended = ask(
                    argv(self._place), self._taking(text), self.left, rights=False, note=self._note, stop=self._stop
                )
            except _TooLong:
                return Fetched(None, say("It is longer than {size} KiB.", size=self._most >> 10))
            except NotEnded:
                return self._late()
            if ended.status == 0:
                return Fetched(bytes(text))
            said = words(ended.errors) or f"busybox: {ended.status}"
            if not is_silence(said):
                return Fetched(None, say("Reason: {words}.", words=said))
            self._pause()
            if not self.left:
                return self._late()

    def _taking(self, text: bytearray) -> Callable[[bytes], None]:
        def take(piece: bytes) -> None:
            text.extend(piece)
            if len(text) > self._most:
                raise _TooLong

        return take

    def _late(self) -> Fetched:
        return Fetched(None, say("No whole answer came within {seconds:.0f} s.", seconds=self._seconds))

    def _pause(self) -> None:
        """Let some time pass. Raises Stopped after `close`."""
        if select.select([self._stop], [], [], min(PAUSE, self.left))[0]:
            raise Stopped


class _TooLong(Exception):
    """More bytes came than are taken."""


def is_silence(said: str) -> bool:
    """Whether the program found nobody who answers, so that it is worth asking again."""
    return said.endswith(("timeout", "timed out", "No route to host", "Network is unreachable"))


def words(errors: str) -> str:
    """What busybox complains about, without its own name and without what it draws while a file comes."""
    lines = re.split(r"[\r\n]+", errors)
    said = [line.partition(": ")[2] for line in lines if line.startswith(("tftp: ", "wget: "))]
    return said[-1].strip()[:_SAID] if said else ""


Start = Callable[[Place], Fetch]
"""Begins to fetch a file."""
