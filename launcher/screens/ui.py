"""The urwid loop: shows pages, takes keys, watches file descriptors. The only module that owns a loop."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable

import urwid

from .widgets import PALETTE, Handler, Page, SizeGuard

LOST = 20  # readings that bring nothing, each within `BUSY` seconds of the one before: the line is closed
BUSY = 0.1


class Screen(urwid.raw_display.Screen):  # type: ignore[misc]
    """A terminal of 80×24 where the terminal does not say its size (a serial line).

    When the line is closed under it, `lost` is called once, and from then on it draws into the void: a clone goes on
    when nobody looks at it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lost: Handler = lambda: None
        self._empty = 0
        self._read_at = 0.0

    def get_available_raw_input(self) -> list[int]:
        try:
            codes: list[int] = super().get_available_raw_input()
        except (OSError, TypeError):  # urwid 2.1.2 takes the end of the input for a character
            self.lost()
            return []
        now = time.monotonic()
        self._empty = 0 if codes or now - self._read_at > BUSY else self._empty + 1
        self._read_at = now
        if self._empty > LOST:
            self.lost()
        return codes

    def write(self, data: str) -> None:
        with contextlib.suppress(OSError):
            super().write(data)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            super().flush()

    def get_cols_rows(self) -> tuple[int, int]:
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
        self._loop.screen.lost = self._lost
        self._loop.screen.tty_signal_keys("undefined", "undefined", "undefined", "undefined", "undefined")

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

    def _lost(self) -> None:
        """Nobody types any more: stop listening, go on with what runs."""
        self._loop.screen.unhook_event_loop(self._loop.event_loop)

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
        sys.stdout.flush()

    def leave(self) -> None:
        """End `run` after this event."""
        raise urwid.ExitMainLoop
