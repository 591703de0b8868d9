"""The stage behind an equal clone on a larger disk: the operator is asked whether a partition is to grow, and it does.

The result of the transfer stands already; what becomes of the growing is added to it. Until then nothing can be left: a
disk that grows must not be switched off.
"""

from __future__ import annotations

from ..model.growth import NOBODY_ANSWERED, NOT_WANTED, Growth, Offer, not_grown
from ..model.outcome import Outcome
from ..screens.growing import NO, YES, GrowingPage, GrowQuestion
from ..sentence import Sentence
from ..transfer.growing import GrowJob
from .execution import Earlier, Execution
from .stage import Stage


class Growing(Stage):
    """Asks, and grows. Where something follows the result by itself, a question that nobody answers means no."""

    def __init__(self, execution: Execution, outcome: Outcome, offer: Offer, earlier: Earlier) -> None:
        super().__init__(execution.app)
        self._execution = execution
        self._outcome = outcome
        self._offer = offer
        self._earlier = earlier
        plan = execution.plan
        self._question = GrowQuestion(plan, outcome, offer, self.act, self.app.host, execution.goes_on(outcome))
        self._work: tuple[GrowJob, GrowingPage] | None = None

    @property
    def locked(self) -> bool:
        """Whoever is asked answers first; what grows comes to its end."""
        return True

    @property
    def host(self) -> str:
        return self._execution.host

    def begin(self) -> None:
        self.app.show(self._question.page)

    def tick(self) -> None:
        if self._work is None:
            if self._question.tick():
                self._leave_it(NOBODY_ANSWERED)
            else:
                self.app.ui.draw()
            return
        job, page = self._work
        growth = job.wait(0)
        if growth:
            self._end(growth)
        else:
            page.update(job.told, job.seconds)
            self.app.ui.draw()

    def touched(self) -> None:
        """Somebody is there."""
        self._question.stay()

    def back(self) -> None:
        """There is no way back; only a choice answers."""

    def act(self, action: str) -> None:
        """The answer; what a menu of the stage before offered does nothing here."""
        self.app.close_menu()
        if self._work is not None:
            return
        if action == NO:
            self._leave_it(NOT_WANTED)
        elif action == YES:
            job = GrowJob(self._offer, self.app.log)
            job.start()
            self._work = job, GrowingPage(self._offer, self.app.host)
            self.app.show(self._work[1].page)
            self.tick()

    def _leave_it(self, why: Sentence) -> None:
        growth = not_grown(why, self._offer)
        self.app.log.emit("growth", **growth.record())
        self._end(growth)

    def _end(self, growth: Growth) -> None:
        self._execution.finish(self._outcome.grown(growth), self._earlier)

    def abandon(self) -> None:
        self._execution.give_up()
