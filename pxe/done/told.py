"""The results of a room while it is served: the page that is told, and the register that it is kept in.

told = Told(room, state, say)
write_tree(root, pair, told.begin(settings), told.done)    # before anything is served
told.attach(running)                                       # when it is
told.close()
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from kernel_cmdline import showable

from ..entries.room import Room
from ..room_file.advice import summary
from ..server.clients import ClientEvent
from ..server.dnsmasq import BootServer
from ..server.serve import Running, ServeError, row
from .page_on_line import tell
from .register import LOOK, Register, who_is_done
from .results import ResultPage
from .state import Damaged, StateError

Say = Callable[[str], None]


class Told:
    """Of one room, with its state in the file `path`; `arm` is the command that arms machines, for hints."""

    def __init__(self, room: Room, path: Path, say: Say, arm: str) -> None:
        self._room, self._path, self._say, self._arm = room, path, say, arm
        self._register: Register | None = None
        self._page: ResultPage | None = None

    @property
    def done(self) -> frozenset[str]:
        """Who is done."""
        return self._register.state.macs if self._register else frozenset()

    @property
    def port(self) -> int | None:
        """Where the page is, once it is there: a firewall must let it in."""
        return self._page.port if self._page else None

    def begin(self, settings: BootServer) -> Room:
        """Listen; the room with the page on its lines. Raises ServeError, StateError."""
        try:
            self._register = Register(self._path, self._room)
        except Damaged:
            raise
        except StateError as error:
            raise ServeError(f"{error} (--state FILE keeps who is done somewhere else.)") from error
        try:
            self._page = ResultPage(settings.server.ip, settings.interface, self._register.state.token)
        except OSError as error:
            raise ServeError(
                f"the page for results cannot listen on {settings.server.ip}: {error.strerror}."
            ) from error
        self._room, warnings = tell(self._room, self._page.url)
        for warning in warnings:
            self._say(f"warning: {showable(warning)}")
        return self._room

    def attach(self, running: Running) -> None:
        """Take reports, and follow what other commands change, as long as the loop runs."""
        assert self._register and self._page
        for line in summary(self._room, self.done):
            self._say(line)
        for line in who_is_done(self._register.state):
            self._say(f"{showable(line)}: boots its disk")
        if self._register.state.done:
            self._say(f"`{self._arm} --all` makes them ready to be cloned again.")
        self._register.hang_on(running.settings.tftp_root, self._room, self._show, self._say)
        self._page.hang_on(running.loop, self._register.keep, self._doubt)
        running.loop.every(LOOK, self._register.look)

    def close(self) -> None:
        if self._page:
            self._page.close()

    def _doubt(self, address: str, sentence: str) -> None:
        self._show(ClientEvent("", address, f"is not believed, and nobody is done: {sentence}"))

    def _show(self, event: ClientEvent) -> None:
        self._say(f"{time.strftime('%H:%M:%S')}  {row(event)}")
