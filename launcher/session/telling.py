"""A page of the network that is told a result. It may answer when the next stage has begun."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..events import EventLog
from ..sentence import say

if TYPE_CHECKING:  # what is needed only behind a transfer is imported then
    from ..network.result_page import Answer, Report

Told = Callable[["Answer"], None]


class Telling:
    """The page that is being told, where one is. One at a time; what it answers is an event and nothing more."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._report: Report | None = None
        self._told: Told = lambda answer: None

    def begin(self, report: Report, told: Told) -> None:
        """A page is being told; `told` gets its answer."""
        self._report, self._told = report, told

    @property
    def under_way(self) -> bool:
        """Whether an answer is still waited for. It comes, or the time-out does."""
        return self._report is not None

    def poll(self) -> None:
        """Take the answer when it is there."""
        answer = self._report.answer() if self._report else None
        if self._report and answer:
            self._over(self._report, answer)

    def close(self) -> None:
        """Go on without the answer."""
        if self._report:
            from ..network.result_page import Answer  # noqa: PLC0415

            self._over(self._report, Answer(False, None, say("The page had not answered when this PC went on.")))

    def _over(self, report: Report, answer: Answer) -> None:
        sentence = str(answer.sentence)
        self._log.emit("report", url=report.url, ok=answer.ok, status=answer.status, sentence=sentence)
        self._report = None
        self._told(answer)
