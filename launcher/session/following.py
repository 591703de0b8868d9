"""From an outcome to what comes after it: the result is shown, a page is told, seconds are counted down."""

from __future__ import annotations

from collections.abc import Callable

from ..events import EventLog
from ..model.afterwards import Result
from ..model.plan import Next
from ..network.result_page import Answer, Report, address, split_url
from ..screens.ending import Ending
from ..screens.widgets import Page


class Following:
    """What follows one result. `tell` begins to tell a URL; that is done once, when no further cast is waited for."""

    def __init__(
        self, result: Result, tell: Callable[[str], Report], log: EventLog, act: Callable[[str], None], host: str
    ) -> None:
        self.result = result
        self._log = log
        self._ending = Ending(result, act, host)
        self._report: Report | None = None
        if result.plan.result_page and not result.waits:
            self._report = tell(address(result))
            self._ending.telling(split_url(self._report.url)[0])

    @property
    def page(self) -> Page:
        """The result on the screen."""
        return self._ending.page

    @property
    def next(self) -> Next:
        """What is done when `due`, unless the next cast is waited for."""
        return self._ending.next

    def due(self) -> bool:
        """Count down; True when what follows is to be done. The page's answer is waited for, within its time-out."""
        return self._ending.tick() and self._report is None

    def stay(self) -> None:
        """Somebody is there: nothing follows by itself any more."""
        self._ending.stay()

    def poll(self) -> None:
        """Take the page's answer when it is there."""
        answer = self._report.answer() if self._report else None
        if answer:
            self._reported(answer)

    def close(self) -> None:
        """Go on without the page's answer."""
        if self._report:
            self._reported(Answer(False, None, "The page had not answered when this PC went on."))

    def _reported(self, answer: Answer) -> None:
        assert self._report
        self._log.emit("report", url=self._report.url, ok=answer.ok, status=answer.status, sentence=answer.sentence)
        self._report = None
        self._ending.told(answer)
