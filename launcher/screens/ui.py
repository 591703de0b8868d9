"""The urwid loop: shows pages, takes keys, watches file descriptors. The only module that owns a loop."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from typing import Any

import urwid

from .widgets import PALETTE, Handler, Page, SizeGuard

LINE = 0  # the operator's line is standard input; what is drawn goes to standard output
SIGNAL_KEYS = (termios.VINTR, termios.VQUIT, termios.VSTART, termios.VSTOP, termios.VSUSP)


raw: Any = urwid.display.raw if hasattr(urwid, "display") else urwid.raw_display  # the old name warns since urwid 2.4


class Screen(raw.Screen):  # type: ignore[misc]
    """The operator's line, which may be hung up at any moment: a clone goes on when nobody looks at it.

    urwid itself neither reads the line nor sets it up: with a line that is hung up, each version ends, or reads its end
    without end, in its own way. It reads a pipe, into which goes what is typed. Once the line is known to be hung up,
    nothing is typed any more and all that is drawn goes to /dev/null, so that the rest of the program finds no error
    either (Python's exit status would be 120 for a standard output that cannot be flushed).
    """

    def __init__(self) -> None:
        typed, self._typed = os.pipe()
        os.set_blocking(self._typed, False)
        super().__init__(os.fdopen(typed, "rb", buffering=0), sys.stdout)
        self._modes: list[Any] | None = None
        self._lost = False
        self._stop_listening: Handler = lambda: None

    def start(self, *arguments: Any, **options: Any) -> Any:
        """Take the line: no echo, single keys, and none of them a signal."""
        with contextlib.suppress(termios.error):
            self._modes = termios.tcgetattr(LINE)
            tty.setcbreak(LINE)
            modes = termios.tcgetattr(LINE)
            for key in SIGNAL_KEYS:
                modes[tty.CC][key] = b"\0"  # undefined (_POSIX_VDISABLE)
            termios.tcsetattr(LINE, termios.TCSADRAIN, modes)
        return super().start(*arguments, **options)

    def stop(self) -> None:
        """Give the line back, with what follows below the last screen where a terminal has only one."""
        self.write(f"\x1b[{self.maxrow or 24};1H\n")
        super().stop()
        with contextlib.suppress(termios.error):
            if self._modes:
                termios.tcsetattr(LINE, termios.TCSADRAIN, self._modes)

    def signal_init(self) -> None:
        """Of signals only the line's new size counts. With every hang-up the kernel sends SIGCONT, at which urwid 2.1
        would write to the line once more, in the middle of whatever it does."""
        signal.signal(signal.SIGWINCH, self._sigwinch_handler)

    def signal_restore(self) -> None:
        signal.signal(signal.SIGWINCH, signal.SIG_DFL)

    def hook_event_loop(self, event_loop: Any, callback: Any) -> None:
        super().hook_event_loop(event_loop, callback)
        if not self._lost:
            handle = event_loop.watch_file(LINE, self._listen)
            self._stop_listening = lambda: event_loop.remove_watch_file(handle)

    def unhook_event_loop(self, event_loop: Any) -> None:
        super().unhook_event_loop(event_loop)
        self._stop_listening()

    def _listen(self) -> None:
        """Hand on what was typed. A line that is readable and brings nothing is hung up (tty_hangup in the kernel's
        drivers/tty/tty_io.c: reading gives the end of the file, writing EIO)."""
        try:
            keys = os.read(LINE, 1024)
        except BlockingIOError:
            return
        except OSError:
            keys = b""
        if keys:
            with contextlib.suppress(BlockingIOError):  # far more keys than anybody reads
                os.write(self._typed, keys)
        else:
            self._lose()

    def write(self, data: str) -> None:
        with self._whatever_becomes_of_the_line():
            super().write(data)

    def flush(self) -> None:
        with self._whatever_becomes_of_the_line():
            super().flush()

    @contextlib.contextmanager
    def _whatever_becomes_of_the_line(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno == errno.EIO:
                self._lose()

    def _lose(self) -> None:
        self._lost = True
        self._stop_listening()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (LINE, sys.stdout.fileno()):
            os.dup2(nowhere, descriptor)
        os.close(nowhere)

    def get_cols_rows(self) -> tuple[int, int]:
        """80×24 where the line does not say its size (a serial one, or one that is hung up)."""
        columns, rows = super().get_cols_rows()
        if columns and rows:
            return columns, rows
        self.maxrow = 24
        return 80, 24


class EventLoop(urwid.SelectEventLoop):  # type: ignore[misc]
    """urwid's loop, in which one callback may end the watching of a descriptor that was readable in the same round.

    In urwid 2.1 that is a KeyError, which would end the program; later versions hold the callbacks of a round.
    """

    def __init__(self) -> None:
        super().__init__()
        if isinstance(getattr(self, "_watch_files", None), dict):
            self._watch_files = _Watched()


class _Watched(dict[int, Handler]):
    def __missing__(self, fd: int) -> Handler:
        return lambda: None


class Ui:
    """One terminal for the life of the program. Ctrl-C, Ctrl-Z and their kin are keys without a meaning.

    `touched` hears of every key before the key does anything.
    """

    def __init__(self, menu: Handler, back: Handler, touched: Handler) -> None:
        urwid.set_encoding("utf8")
        self._menu = menu
        self._back = back
        self._touched = touched
        self._page: Page | None = None
        self._alarm: object = None
        self._next: Callable[[], object] = lambda: None
        self._guard = SizeGuard(urwid.SolidFill(" "))
        self._loop = urwid.MainLoop(
            self._guard,
            PALETTE,
            Screen(),
            handle_mouse=False,
            input_filter=self._filter,
            unhandled_input=self._key,
            event_loop=EventLoop(),
        )

    @property
    def page(self) -> Page | None:
        """The page that is shown."""
        return self._page

    def show(self, page: Page) -> None:
        """Draw `page` now."""
        self._page = page
        self._guard.show(page.widget)
        self.draw()

    def draw(self) -> None:
        """Draw what changed in the shown page."""
        if self._loop.screen.started:
            self._loop.draw_screen()

    def _filter(self, keys: list[str], codes: list[int]) -> list[str]:
        if any(key != "window resize" for key in keys):
            self._touched()
        return keys

    def _key(self, key: str) -> bool:
        assert self._page
        handler = self._page.keys.get(key)
        if handler:
            handler()
        elif key in ("f2", "f10", "m", "M"):
            self._menu()
        elif key == "esc":
            self._back()
        return True

    def watch(self, fd: int, ready: Handler) -> object:
        """Call `ready` whenever `fd` is readable; the result is for `unwatch`."""
        return self._loop.watch_file(fd, ready)

    def unwatch(self, handle: object) -> None:
        """Stop watching."""
        self._loop.remove_watch_file(handle)

    def every(self, seconds: Callable[[], float], tick: Handler) -> None:
        """Call `tick` again and again while the loop runs, each time so many `seconds` after the last."""

        def again(loop: urwid.MainLoop, data: object) -> None:
            tick()
            self.hasten()

        self._next = lambda: self._loop.set_alarm_in(seconds(), again)
        self.hasten()

    def hasten(self) -> None:
        """What `every` was given has changed: the next call comes after so many seconds from now, and no other."""
        self._loop.remove_alarm(self._alarm)
        self._alarm = self._next()

    def run(self, started: Callable[[], None]) -> None:
        """Run until `leave`; `started` is called once the terminal is set up."""

        def first(loop: urwid.MainLoop, data: object) -> None:
            started()

        self._loop.set_alarm_in(0, first)
        self._loop.run()
        self._loop.screen.flush()

    def leave(self) -> None:
        """End `run` after this event."""
        raise urwid.ExitMainLoop
