"""The stage in which an expected failure is shown. Nothing goes on by itself; the operator decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import LauncherError
from ..screens import pages
from .stage import Stage

if TYPE_CHECKING:
    from .app import App


class Stopped(Stage):
    """`before` is the stage that failed; what it began is given up only when the interview begins again."""

    def __init__(self, app: App, error: LauncherError, before: Stage) -> None:
        super().__init__(app)
        self._error = error
        self._before = before

    def begin(self) -> None:
        self.app.log.emit("error", **self._error.record())
        self.app.show(pages.error(self._error, self.app.act, self.app.host))

    def back(self) -> None:
        self.app.change()

    def abandon(self) -> None:
        self._before.abandon()
