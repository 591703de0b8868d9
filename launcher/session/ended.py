"""The stage behind a transfer: its result is shown, a page is told, and seconds are counted down to what follows."""

from __future__ import annotations

from ..model.afterwards import Result
from ..network.result_page import address, split_url
from ..screens.ending import Ending
from .execution import Execution
from .stage import LEAVING, Stage
from .telling import Telling


class Ended(Stage):
    """One result. The page is told once: when no further cast is waited for."""

    def __init__(self, execution: Execution, result: Result) -> None:
        super().__init__(execution.app)
        self._execution = execution
        self._result = result
        self._ending = Ending(result, self.app.act, self.app.host)

    @property
    def host(self) -> str:
        return self._execution.host

    def begin(self) -> None:
        if self._result.plan.result_page and not self._result.waits:
            report = self._execution.system.report(address(self._result))
            self._ending.telling(split_url(report.url)[0])
            self.app.telling = Telling(report, self.app.log, self._ending.told)
        self.app.show(self._ending.page)

    def tick(self) -> None:
        """Count down. The page's answer is waited for, within its time-out."""
        due = self._ending.tick() and (not self.app.telling or self.app.telling.over)
        self.app.ui.draw()
        if due and self._result.waits:
            self._execution.cast_again(self._result)
        elif due:
            self.app.leave(LEAVING[self._ending.next.value])

    def touched(self) -> None:
        """Somebody is there: nothing follows by itself any more."""
        self._ending.stay()

    def back(self) -> None:
        self.app.change()

    def act(self, action: str) -> None:
        if action == "again":
            self.app.drop_menu()
            self._execution.cast_again(self._result)
        else:
            super().act(action)

    def abandon(self) -> None:
        self._execution.give_up()
