"""The stage before all others of a PC whose line names drivers: they are loaded before anything is detected or asked.

A thread loads them, since a driver takes the time that its device takes. What is wrong is said where the interview
asks, and stops a run that nobody attends. What was loaded with parameters is not loaded again when the launcher is
started again: it would be unloaded first.
"""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING

from ..answers.interview import refuse
from ..screens import pages
from ..sentence import say
from ..translate import set_language
from .stage import LEAVING, Stage

if TYPE_CHECKING:
    from ..hardware.drivers import Loaded
    from .app import App


class Loading(Stage):
    """Loads the drivers that the dialogue names, then goes on with the stage `then`."""

    reads = True

    def __init__(self, app: App, then: Stage) -> None:
        super().__init__(app)
        self._then = then
        self._drivers = app.dialogue.drivers
        self._done: SimpleQueue[tuple[Loaded, ...]] = SimpleQueue()
        self._thread: threading.Thread | None = None

    @property
    def pace(self) -> float:
        return 0.02

    def begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="drivers", daemon=True)
            self._thread.start()
        set_language(self.app.dialogue.interview(self.app.devices, refuse).language)
        names = tuple(driver.name for driver in self._drivers)
        waiting = say("Loading drivers: {names} ...", names=names)
        self.app.show(pages.waiting(waiting, self.app.host, behind=False))

    def tick(self) -> None:
        if not self._done.empty():
            self._go_on(self._done.get())

    def back(self) -> None:
        """There is no question before this."""

    def act(self, action: str) -> None:
        if action in LEAVING:
            super().act(action)
        else:
            self.app.drop_menu()
            self.begin()

    def _run(self) -> None:
        """In the thread."""
        self._done.put(self.app.pc.load(self._drivers))

    def _go_on(self, loaded: tuple[Loaded, ...]) -> None:
        errors = tuple(one.error for one in loaded if one.error)
        notes = tuple(one.note for one in loaded if one.note)
        self.app.log.emit(
            "drivers",
            names=[driver.name for driver in self._drivers],
            errors=list(map(str, errors)),
            warnings=list(map(str, notes)),
        )
        self.app.dialogue.loaded(errors, notes)
        self.app.devices.look()
        self.app.enter(self._then)
