"""The consoles that show the launcher's page: one drives, the others show the same, and take over by Enter.

A line may be slow, stopped, or hung up at any moment, and a clone goes on when nobody looks at it. So nothing waits for
a line: what it does not take at once is kept, and while some is kept, no further page is drawn on it; then the newest
is. A line that is hung up is given up. When it was the one that drives, the next one does.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import termios
import time
import tty
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import urwid

from .charset import Charset, fitted

Row = list[tuple[Any, Any, bytes]]

SIGNAL_KEYS = (termios.VINTR, termios.VQUIT, termios.VSTART, termios.VSTOP, termios.VSUSP)
CLEARED = "\x1b[H\x1b[2J"
UNSENT = 0.05
"""So many seconds later a line is tried again that did not take all."""
FAREWELL = 1.0
"""So many seconds a line has for taking what is left, when the program ends."""

SAME_KEY = 0.6
"""So many seconds are between two presses of a key at least; a key that is held down comes again sooner."""

raw: Any = urwid.display.raw if hasattr(urwid, "display") else urwid.raw_display  # the old name warns since urwid 2.4


class Nowhere:
    """What urwid's own screen writes to; it has no descriptor, so that it is no terminal."""

    def write(self, data: str) -> None: ...

    def flush(self) -> None: ...


class Painter(raw.Screen):  # type: ignore[misc]
    """urwid's drawing for one line: it knows what stands there, and writes what is different. It reads nothing."""

    def __init__(self, out: Callable[[str], None], typed: Any, terminal: str) -> None:
        with _named(terminal):
            super().__init__(typed, Nowhere())
        self.write = out

    def signal_init(self) -> None: ...

    def signal_restore(self) -> None: ...


@contextlib.contextmanager
def _named(terminal: str) -> Iterator[None]:
    """urwid looks there for what it can do."""
    before = os.environ.get("TERM")
    try:
        os.environ["TERM"] = terminal or before or ""
        yield
    finally:
        if before is None:
            del os.environ["TERM"]
        else:
            os.environ["TERM"] = before


def terminal_of(name: str) -> str:
    """What a console's terminal is: the PC's own screen, or whatever is behind a serial line; "" where nobody knows."""
    if not name:
        return ""
    return "linux" if name.removeprefix("tty").isdigit() else "vt220"


class Canvas:
    """A page's canvas, as a line with fewer characters shows it. `last`: what its last row says instead."""

    def __init__(self, canvas: Any, charset: Charset, last: Row | None) -> None:
        self._canvas, self._charset, self._last = canvas, charset, last
        self.cursor = None if last else canvas.cursor

    def rows(self) -> int:
        return int(self._canvas.rows())

    def content(self) -> Iterator[Row]:
        rows = self._canvas.content()
        for number, row in enumerate(rows, 1):
            yield self._plain(self._last if self._last and number == self.rows() else row)

    def _plain(self, row: Row) -> Row:
        if self._charset is Charset.UTF8:
            return row
        texts = fitted([text.decode("utf-8", "replace") for _, _, text in row], self._charset)
        return [(style, None, text.encode()) for (style, _, _), text in zip(row, texts, strict=True)]


class Console:
    """One line with a person before it. `reading` and `writing` are its descriptors; `name` is that of its device.

    `pending`: what it has not taken yet. `lost`: it is hung up.
    """

    def __init__(self, name: str, reading: int, writing: int) -> None:
        self.name, self.charset = name, Charset.UTF8
        self.reading, self._writing = reading, writing
        self.pending = b""
        self.lost = False
        self._modes: list[Any] | None = None
        self._painter: Any = None

    def start(self, palette: Iterable[Any], typed: Any) -> None:
        """Take the line: no echo, single keys, and none of them a signal. What was typed before counts for nothing.
        At once: else the kernel waits until a line has taken what somebody wrote to it before, if ever."""
        with contextlib.suppress(termios.error):
            self._modes = termios.tcgetattr(self.reading)
            tty.setcbreak(self.reading, termios.TCSANOW)
            termios.tcflush(self.reading, termios.TCIFLUSH)
            modes = termios.tcgetattr(self.reading)
            for key in SIGNAL_KEYS:
                modes[tty.CC][key] = b"\0"  # undefined (_POSIX_VDISABLE)
            termios.tcsetattr(self.reading, termios.TCSANOW, modes)
        self._painter = Painter(self._write, typed, terminal_of(self.name))
        self._painter.register_palette(palette)
        self._painter.start()

    def stop(self, after: str = "") -> None:
        """Give the line back, with what follows below the last screen where a terminal has only one; `after` is written
        at the end. A line that has not taken all in time loses the rest: nothing waits for it at the end either."""
        if self.lost or not self._painter:
            return
        self._write(f"\x1b[{self.size()[1]};1H\n")
        self._painter.stop()
        self._painter = None
        self._write(after)
        self._farewell()
        if self.pending:
            with contextlib.suppress(termios.error):
                termios.tcflush(self._writing, termios.TCOFLUSH)
        with contextlib.suppress(termios.error):
            if self._modes:
                termios.tcsetattr(self.reading, termios.TCSANOW, self._modes)

    def _farewell(self) -> None:
        end = time.monotonic() + FAREWELL
        while self.pending and not self.lost and (left := end - time.monotonic()) > 0:
            select.select([], [self._writing], [], left)
            self.push()

    def size(self) -> tuple[int, int]:
        """80×24 where the line does not say its size (a serial one, or one that is hung up)."""
        try:
            columns, rows = os.get_terminal_size(self._writing)
        except OSError:
            return 80, 24
        return (columns, rows) if columns and rows else (80, 24)

    def clear(self) -> None:
        """Draw all of the next page, whatever stands there."""
        if self._painter:
            self._painter.clear()

    def draw(self, size: tuple[int, int], canvas: Any, last: Row | None) -> bool:
        """Draw the page; False where the line has to take the rest of an older one first."""
        if self.pending:
            return False
        if not self.lost and self._painter:
            plain = self.charset is Charset.UTF8 and last is None
            self._painter.draw_screen(size, canvas if plain else Canvas(canvas, self.charset, last))
            self.push()
        return True

    def _write(self, text: str) -> None:
        if not self.lost:
            self.pending += text.encode(self.charset.value, "replace")

    def push(self) -> None:
        """Hand the line what it takes now."""
        try:
            while self.pending:
                self.pending = self.pending[os.write(self._writing, self.pending) :]
        except BlockingIOError:
            pass
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            self.lose()

    def read(self) -> bytes:
        """What was typed, as UTF-8. A line that is readable and brings nothing is hung up (tty_hangup in the kernel's
        drivers/tty/tty_io.c: reading gives the end of the file, writing EIO)."""
        try:
            keys = os.read(self.reading, 1024)
        except BlockingIOError:
            return b""
        except OSError:
            keys = b""
        if not keys:
            self.lose()
        return keys if self.charset is Charset.UTF8 else keys.decode(self.charset.value, "ignore").encode()

    def lose(self) -> None:
        """It is hung up: nothing is written to it any more."""
        self.lost, self.pending = True, b""


class Screen(raw.Screen):  # type: ignore[misc]
    """What urwid's loop takes for its terminal: all consoles together, of which the first one drives.

    urwid reads a pipe, into which goes what is typed where the launcher is driven. `last`: what the last row of the
    other consoles says. `drives` hears the name of the console that drives from now on.
    """

    def __init__(self, first: Console, last: Callable[[str], str], drives: Callable[[str], None]) -> None:
        typed, self._typed = os.pipe()
        os.set_blocking(self._typed, False)
        self._pipe = os.fdopen(typed, "rb", buffering=0)
        super().__init__(self._pipe, Nowhere())
        self.consoles = [first]
        self._last, self._drives = last, drives
        self._palette: list[Any] = []
        self._frame: tuple[tuple[int, int], Any] | None = None
        self._loop: Any = None
        self._waiting = False
        self._charset = Charset.UTF8
        self._taken_over = -SAME_KEY
        self._watched: dict[Console, Any] = {}

    def register_palette(self, palette: Iterable[Any]) -> None:
        self._palette = list(palette)

    def start(self, *arguments: Any, **options: Any) -> Any:
        for console in self.consoles:
            console.start(self._palette, self._pipe)
        return super().start(*arguments, **options)

    def stop(self) -> None:
        for number, console in enumerate(self.consoles):
            console.stop(CLEARED if number else "")
        super().stop()

    def signal_init(self) -> None:
        """Of signals only the line's new size counts. With every hang-up the kernel sends SIGCONT, at which urwid 2.1
        would write to the line once more, in the middle of whatever it does."""
        signal.signal(signal.SIGWINCH, self._sigwinch_handler)

    def signal_restore(self) -> None:
        signal.signal(signal.SIGWINCH, signal.SIG_DFL)

    def hook_event_loop(self, event_loop: Any, callback: Any) -> None:
        super().hook_event_loop(event_loop, callback)
        self._loop = event_loop
        for console in self.consoles:
            self._watch(console)

    def unhook_event_loop(self, event_loop: Any) -> None:
        super().unhook_event_loop(event_loop)
        for console in list(self._watched):
            self._unwatch(console)
        self._loop = None

    def _watch(self, console: Console) -> None:
        if self._loop and not console.lost:
            self._watched[console] = self._loop.watch_file(console.reading, lambda: self._listen(console))

    def _unwatch(self, console: Console) -> None:
        handle = self._watched.pop(console, None)
        if handle is not None and self._loop:
            self._loop.remove_watch_file(handle)

    def add(self, console: Console) -> None:
        """`console` shows the same from now on."""
        self.consoles.append(console)
        self.speak(self._charset)
        console.start(self._palette, self._pipe)
        self._watch(console)

    def speak(self, charset: Charset) -> None:
        """The character set of all consoles but the PC's own screen."""
        self._charset = charset
        for console in self.consoles:
            if terminal_of(console.name) != "linux" and console.charset is not charset:
                console.charset = charset
                console.clear()

    def _listen(self, console: Console) -> None:
        keys = console.read()
        if console.lost:
            self._give_up(console)
        elif console is self.consoles[0]:
            with contextlib.suppress(BlockingIOError):  # far more keys than anybody reads
                os.write(self._typed, self._meant(keys))
        elif b"\r" in keys or b"\n" in keys:
            self._taken_over = time.monotonic()
            self._drive(console)

    def _meant(self, keys: bytes) -> bytes:
        """Without an Enter that is still the one that took over: held down, or sent as two characters."""
        now = time.monotonic()
        if now - self._taken_over >= SAME_KEY:
            return keys
        if b"\r" in keys or b"\n" in keys:
            self._taken_over = now
        return keys.translate(None, b"\r\n")

    def _drive(self, console: Console) -> None:
        self.consoles.remove(console)
        self.consoles.insert(0, console)
        self._drives(console.name)
        self._redraw()

    def _redraw(self) -> None:
        """Draw the page anew, in the size that suits all."""
        for console in self.consoles:
            console.clear()
        self._sigwinch_handler(signal.SIGWINCH)

    def _give_up(self, console: Console) -> None:
        """A line is gone. The last one gives way to /dev/null, so that the rest of the program finds no error either
        (Python's exit status would be 120 for a standard output that cannot be flushed)."""
        console.lose()
        self._unwatch(console)
        drove = console is self.consoles[0]
        if len(self.consoles) > 1:
            self.consoles.remove(console)
            if drove:
                self._drives(self.consoles[0].name)
            self._redraw()
        if console.reading == 0:
            nowhere = os.open(os.devnull, os.O_RDWR)
            for descriptor in (0, 1):
                os.dup2(nowhere, descriptor)
            os.close(nowhere)

    def get_cols_rows(self) -> tuple[int, int]:
        """The largest size that all consoles have."""
        sizes = [console.size() for console in self.consoles]
        columns, self.maxrow = (min(one) for one in zip(*sizes, strict=True))
        return columns, self.maxrow

    def draw_screen(self, size: tuple[int, int], canvas: Any) -> None:
        if self._resized:
            return  # it is drawn again, in another size
        self._frame = size, canvas
        self._paint()

    def _paint(self) -> None:
        """Draw the newest page on all consoles; once more later, where one has not taken all yet."""
        if not self._frame:
            return
        size, canvas = self._frame
        driver, behind = self.consoles[0], False
        for console in tuple(self.consoles):
            drawn = console.draw(size, canvas, None if console is driver else self._row(driver.name, size[0]))
            behind |= bool(console.pending) or not drawn
        for console in [console for console in self.consoles if console.lost and console in self._watched]:
            self._give_up(console)
        if behind and self._loop and not self._waiting:
            self._waiting = True
            self._loop.alarm(UNSENT, self._again)

    def _again(self) -> None:
        self._waiting = False
        for console in self.consoles:
            console.push()
        self._paint()

    def _row(self, driver: str, columns: int) -> Row:
        text = self._last(driver)[:columns].ljust(columns)
        return [("title", None, text.encode())]

    def clear(self) -> None:
        super().clear()
        for console in self.consoles:
            console.clear()


@dataclass(frozen=True)
class Lines:
    """Which consoles there are: the names of the one that the program was started on, "" where that is any terminal,
    and of the others. `drives` hears the name of the one that drives from now on."""

    driver: str = ""
    others: tuple[str, ...] = ()
    drives: Callable[[str], None] = lambda name: None

    def standard(self) -> Console:
        """Standard input, and what is drawn goes where standard output goes. That is opened once more, for it must not
        wait, and whoever else has it open (a shell) must not hear of that."""
        try:
            writing = os.open("/proc/self/fd/1", os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError:  # a socket, or a line that is hung up
            writing = 1
        return Console(self.driver, 0, writing)

    def opened(self) -> Iterator[Console]:
        """The others, as far as they can be opened."""
        for name in self.others:
            with contextlib.suppress(OSError):
                line = os.open(f"/dev/{name}", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
                yield Console(name, line, line)
