"""A page of the network that is told a result. It may answer when the next stage has begun."""

from __future__ import annotations

from collections.abc import Callable

from ..events import EventLog
from ..network.result_page import Answer, Report
from ..sentence import say


class Telling:
    """One page that is told; what it answers is an event and nothing more. `told` gets the answer as well."""

    def __init__(self, report: Report, log: EventLog, told: Callable[[Answer], None]) -> None:
        self._report = report
        self._log = log
        self._told = told
        self.over = False

    def poll(self) -> None:
        """Take the answer when it is there. It comes, or the time-out does."""
        answer = None if self.over else self._report.answer()
        if answer:
            self._end(answer)

    def close(self) -> None:
        """Go on without the answer."""
        if not self.over:
            self._end(Answer(False, None, say("The page had not answered when this PC went on.")))

    def _end(self, answer: Answer) -> None:
        self.over = True
        sentence = str(answer.sentence)
        self._log.emit("report", url=self._report.url, ok=answer.ok, status=answer.status, sentence=sentence)
        self._told(answer)
