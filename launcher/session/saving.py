"""The present answers over whatever is shown: to read, or to keep on a stick. What is beneath goes on meanwhile.

A thread writes, since a stick takes its time; how it ends is shown where the page is still there.
"""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING

from ..answers.configuration import NAME
from ..answers.interview import refuse
from ..answers.rendering import Written, write
from ..errors import LauncherError
from ..hardware.sticks import Volume, volumes
from ..model.plan import Target
from ..screens import saving as pages

if TYPE_CHECKING:
    from ..screens.widgets import Page
    from .app import App


class Saving:
    """One look at the answers, until its page is closed."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._page: Page | None = None
        self._written: Written | None = None
        self._sticks: tuple[Volume, ...] = ()
        self._name: str | LauncherError = ""

    def begin(self) -> None:
        """Show the answers, and the sticks that are there."""
        app = self._app
        app.devices.look()
        settled = app.dialogue.interview(app.devices, refuse).preview()
        targets = [item.value.disk.path for item in settled if isinstance(item.value, Target)]
        self._written = write(settled, app.dialogue.spoken, app.machine)
        self._sticks = volumes(app.machine, *targets)
        self._show(pages.answers(self._written, self._sticks, self._chosen, app.host))

    def _show(self, page: Page) -> None:
        """In the place of this one's last page; not where that was closed."""
        if self._page is None:
            self._app.over(page)
        elif self._app.ui.page is self._page:
            self._app.ui.show(page)
        else:
            return
        self._page = page

    def _chosen(self, text: str) -> None:
        if text == pages.CLOSE:
            self._app.close_menu()
        elif text == pages.AGAIN:
            self.begin()
        else:
            self._save(next(one for one in self._sticks if one.path == text))

    def _save(self, volume: Volume) -> None:
        assert self._written
        text = self._written.file.encode("utf-8", "surrogateescape")
        done = os.eventfd(0, os.EFD_CLOEXEC)
        handle = self._app.ui.watch(done, lambda: self._ended(volume, handle, done))

        def work() -> None:
            try:
                self._name = self._app.pc.save(volume, NAME, text)
            except LauncherError as error:
                self._name = error
            finally:
                os.eventfd_write(done, 1)

        self._show(pages.writing(volume, self._app.host))
        threading.Thread(target=work, name="saving", daemon=True).start()

    def _ended(self, volume: Volume, handle: object, done: int) -> None:
        self._app.ui.unwatch(handle)
        with contextlib.suppress(OSError):
            os.close(done)
        host = self._app.host
        if isinstance(self._name, LauncherError):
            self._app.log.emit("note", text=str(self._name.whole))
            self._show(pages.failed(self._name.whole, self._chosen, host))
        else:
            self._app.log.emit("saved", path=volume.path, name=self._name)
            self._show(pages.saved(volume, self._name, NAME, self._chosen, host))
