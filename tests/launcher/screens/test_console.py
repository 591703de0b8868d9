"""Two consoles at once: one drives, the other shows the same, and nothing waits for either."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import termios
import time
import tty
from collections.abc import Callable, Iterator
from functools import partial
from operator import eq
from pathlib import Path
from typing import Any

import pytest
import urwid

from launcher.screens import console, ui
from launcher.screens.console import Console, Lines
from launcher.screens.widgets import Page
from qemu.machine.console import Screen as Seen

PATIENCE = 20.0


class Line:
    """A terminal that the test holds: `seen` is its screen."""

    def __init__(self, columns: int = 80, rows: int = 24) -> None:
        self.fd, theirs = pty.openpty()
        self.path = os.ttyname(theirs)
        self.name = self.path.removeprefix("/dev/")
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._theirs = theirs
        self.seen = Seen()
        self.bytes = bytearray()
        os.set_blocking(self.fd, False)

    def read(self) -> None:
        while select.select([self.fd], [], [], 0)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return
            self.bytes += data
            self.seen.feed(data)

    def shows(self, text: str) -> bool:
        return text in self.seen.text

    def types(self, keys: bytes) -> None:
        os.write(self.fd, keys)

    def hang_up(self) -> None:
        os.close(self._theirs)
        os.close(self.fd)


class Classroom:
    """The loop on a first line, with others beside it; `keys` are those that reached the page."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *lines: Line) -> None:
        first, *others = lines
        self.lines, self.keys, self.drove = lines, list[str](), list[str]()
        reading = os.open(first.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        standard = Console(first.name, reading, reading)
        monkeypatch.setattr(Lines, "standard", lambda lines: standard)
        nothing: Callable[[], None] = lambda: None  # noqa: E731
        self.ui = ui.Ui(
            nothing, nothing, nothing, Lines(first.name, tuple(line.name for line in others), self.drove.append)
        )
        self.show("first page")

    def show(self, text: str) -> None:
        keys: dict[str, Callable[[], None]] = {key: partial(self.keys.append, key) for key in ("a", "b", "é", "enter")}
        body = urwid.Frame(urwid.Filler(urwid.Text(text)), footer=urwid.Text("the page's own last row"))
        self.ui.show(Page("page", body, keys))

    def until(self, condition: Callable[[], bool], reading: tuple[Line, ...] | None = None) -> None:
        """Serve the loop until `condition` holds, and read what comes on these lines, or on all."""
        deadline = time.monotonic() + PATIENCE

        def look(*_: Any) -> None:
            for line in self.lines if reading is None else reading:
                line.read()
            if condition() or time.monotonic() > deadline:
                self.ui.leave()
            self.ui._loop.set_alarm_in(0.01, look)

        self.ui._loop.set_alarm_in(0, look)
        self.ui._loop.event_loop.run()
        assert condition(), [line.seen.text for line in self.lines]


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Classroom, Line, Line]]:
    first, second = Line(80, 25), Line()
    yield from serving(monkeypatch, first, second)


def serving(monkeypatch: pytest.MonkeyPatch, first: Line, second: Line) -> Iterator[tuple[Classroom, Line, Line]]:
    room = Classroom(monkeypatch, first, second)
    loop = room.ui._loop
    loop.start()
    try:
        room.ui.draw()
        room.ui.mirror()
        yield room, first, second
    finally:
        loop.stop()


MIRRORS = "Press Enter to work here."


def test_both_show_the_same_page_and_the_other_says_what_it_is(two: tuple[Classroom, Line, Line]) -> None:
    room, first, second = two
    room.until(lambda: "first page" in first.seen.text and "first page" in second.seen.text)
    room.until(lambda: "the page's own last row" in first.seen.lines[23])
    assert MIRRORS in second.seen.lines[23] and first.name in second.seen.lines[23]
    assert MIRRORS not in first.seen.text
    room.show("second page")
    room.until(lambda: "second page" in first.seen.text and "second page" in second.seen.text)


def test_keys_count_where_it_is_driven_and_enter_takes_over(two: tuple[Classroom, Line, Line]) -> None:
    room, first, second = two
    room.until(lambda: MIRRORS in second.seen.text)
    second.types(b"a")
    first.types(b"b")
    room.until(lambda: room.keys == ["b"])
    second.types(b"\r")
    room.until(lambda: MIRRORS in first.seen.text and MIRRORS not in second.seen.text)
    assert room.drove == [second.name]
    assert "the page's own last row" in second.seen.lines[23]
    second.types(b"a")
    first.types(b"b")
    room.until(lambda: room.keys == ["b", "a"])  # the Enter that took over did nothing else
    first.types(b"\r")
    room.until(lambda: MIRRORS in second.seen.text and MIRRORS not in first.seen.text)
    assert room.drove == [second.name, first.name]


@pytest.mark.parametrize("held", [b"\n", b"\r", b"\r\n"], ids=["line feed behind it", "held down", "both"])
def test_what_is_still_the_enter_that_took_over_chooses_nothing(two: tuple[Classroom, Line, Line], held: bytes) -> None:
    """A terminal may send two characters for it, which a serial line brings one by one; and a key that is held down
    comes again and again."""
    room, _, second = two
    room.until(lambda: MIRRORS in second.seen.text)
    second.types(b"\r")
    room.until(lambda: room.drove == [second.name])
    for _ in range(3):
        second.types(held)
        room.until(lambda: not select.select([room.ui._loop.screen.consoles[0].reading], [], [], 0)[0])
    second.types(b"a")
    room.until(lambda: room.keys == ["a"])
    later = time.monotonic() + console.SAME_KEY
    room.until(lambda: time.monotonic() > later)
    second.types(b"\r")
    room.until(lambda: room.keys == ["a", "enter"])


@pytest.mark.parametrize("stopped", [0, 1], ids=["the one that drives", "the other one"])
def test_a_line_that_takes_nothing_delays_no_other(two: tuple[Classroom, Line, Line], stopped: int) -> None:
    room, *lines = two
    quick, slow = lines[1 - stopped], lines[stopped]
    room.until(lambda: "first page" in quick.seen.text)
    for number in range(60):
        room.show(f"page {number} ".ljust(40, "x") * 40)
        room.until(partial(quick.shows, f"page {number} "), (quick,))
    assert slow.seen.text.count("page 59") == 0
    room.until(lambda: "page 59 " in slow.seen.text)  # the newest, whole, and none of those between
    assert "page 50 " not in slow.bytes.decode(errors="replace")
    assert [line for line in slow.seen.lines if line.startswith("page")] == [
        line for line in quick.seen.lines if line.startswith("page")
    ]


def test_when_the_one_that_drives_is_hung_up_the_other_drives(two: tuple[Classroom, Line, Line]) -> None:
    room, first, second = two
    room.until(lambda: MIRRORS in second.seen.text)
    first.hang_up()
    room.lines = (second,)
    room.until(lambda: MIRRORS not in second.seen.text and "the page's own last row" in second.seen.text)
    assert room.drove == [second.name]
    second.types(b"a")
    room.until(lambda: room.keys == ["a"])


def test_when_the_other_is_hung_up_nothing_changes(two: tuple[Classroom, Line, Line]) -> None:
    room, first, second = two
    room.until(lambda: MIRRORS in second.seen.text)
    second.hang_up()
    room.lines = (first,)
    room.show("second page")
    room.until(lambda: "second page" in first.seen.text)
    first.types(b"a")
    room.until(lambda: room.keys == ["a"])
    assert room.drove == []


def test_a_line_is_taken_at_once_and_what_was_typed_before_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A serial line that is stopped never takes what /init has written to it, and the kernel waits for that with any
    other way of setting a line. (A pseudo-terminal has no such wait.)"""
    ways: list[int] = []
    really = termios.tcsetattr

    def set_attributes(line: int, way: int, modes: list[Any]) -> None:
        ways.append(way)
        really(line, way, modes)

    for module in (termios, tty):
        monkeypatch.setattr(module, "tcsetattr", set_attributes)
    first, second = Line(), Line()
    second.types(b"\r")
    for room, *_ in serving(monkeypatch, first, second):
        room.until(lambda: MIRRORS in second.seen.text)
        second.types(b"a")
        first.types(b"b")
        room.until(partial(eq, room.keys, ["b"]))
        assert room.drove == []
    assert ways and set(ways) == {termios.TCSANOW}


def test_a_console_that_cannot_be_opened_is_left_out() -> None:
    assert list(Lines("x", ("no-such-console",)).opened()) == []


def test_a_latin_1_line_gets_and_gives_its_own_bytes(two: tuple[Classroom, Line, Line]) -> None:
    room, first, second = two
    room.ui.speak("fr_FR.ISO-8859-1")
    room.show("Éteindre, cœur ┌─┐")
    room.until(lambda: b"\xc9teindre, coeur +-+" in first.bytes and b"\xc9teindre, coeur +-+" in second.bytes)
    assert b"\xc3" not in first.bytes
    first.types(b"\xe9")
    room.until(lambda: room.keys == ["é"])


def test_an_ascii_line_gets_ascii_and_gives_nothing_else(two: tuple[Classroom, Line, Line]) -> None:
    room, first, second = two
    room.ui.speak("fr_FR.ASCII")
    room.show("Éteindre, Größe ┌─┐")
    room.until(lambda: "Eteindre, Grosse +-+" in first.seen.text and "Eteindre, Grosse +-+" in second.seen.text)
    assert bytes(first.bytes).isascii()
    first.types(b"\xe9\xffa")
    room.until(lambda: room.keys == ["a"])


@pytest.mark.parametrize("name", ["tty1"])
def test_the_pcs_own_screen_is_always_told_utf_8(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Line(), Line()
    for room, *_ in serving(monkeypatch, first, second):
        room.ui._loop.screen.consoles[0].name = name
        room.ui.speak("fr_FR.ASCII")
        room.show("Éteindre")
        room.until(lambda: "Éteindre".encode() in first.bytes and b"Eteindre" in second.bytes)
        assert Path(first.path).exists()
