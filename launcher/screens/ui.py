"""The urwid loop: shows pages, takes keys, watches file descriptors. The only module that owns a loop."""

from __future__ import annotations

from collections.abc import Callable

import urwid

from ..sentence import say
from ..translate import tr
from .charset import charset_of
from .console import Lines, Screen
from .widgets import PALETTE, Handler, Page, SizeGuard


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


def elsewhere(driver: str) -> str:
    """What a console says that only shows what another one does."""
    return tr(say("The same as on {console}. Press Enter to work here.", console=driver))


ALONE = Lines()


class Ui:
    """The consoles for the life of the program. Ctrl-C, Ctrl-Z and their kin are keys without a meaning.

    `touched` hears of every key before the key does anything.
    """

    def __init__(self, menu: Handler, back: Handler, touched: Handler, lines: Lines = ALONE) -> None:
        urwid.set_encoding("utf8")
        self._lines = lines
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
            Screen(lines.standard(), elsewhere, lines.drives),
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

    def mirror(self) -> None:
        """Show the same on the other consoles, from now on."""
        for console in self._lines.opened():
            self._loop.screen.add(console)
            self._loop.screen_size = None  # it is asked again
        self.draw()

    def speak(self, locale: str) -> None:
        """Serial lines have the character set of `locale`, from the next page on."""
        self._loop.screen.speak(charset_of(locale))

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
