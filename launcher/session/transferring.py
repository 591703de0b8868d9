"""The stage in which a cast is waited for and runs. Nothing but cancelling ends it before its outcome."""

from __future__ import annotations

from dataclasses import replace

from ..errors import LauncherError
from ..screens import pages
from ..screens.progress import TransferPage, cancelling
from ..sentence import Sentence
from ..transfer.transfer import Phase, Transfer
from .execution import Earlier, Execution
from .stage import Stage


class Transferring(Stage):
    """Shows the transfer's news when its descriptor tells of them, and how far it is with every tick."""

    transfers = True

    def __init__(self, execution: Execution, transfer: Transfer, earlier: Earlier) -> None:
        super().__init__(execution.app)
        self._execution = execution
        self._transfer = transfer
        self._earlier = earlier
        plan = execution.plan
        nic = next((nic for nic in self.app.machine.nics if nic.name == plan.nic.name), plan.nic)  # has its link by now
        plan = replace(plan, nic=nic)
        self._progress = TransferPage(plan, transfer.begin_cast, self.app.host, earlier, self._all_warnings)
        self._phase = Phase.WAITING
        self._watched = self.app.ui.watch(transfer.fileno(), self.tick)

    @property
    def cancelling(self) -> Sentence:
        return cancelling(self._execution.plan.role, self._transfer.snapshot().phase)

    @property
    def locked(self) -> bool:
        """A disk that grows is not left."""
        return self._phase is Phase.GROWING

    @property
    def host(self) -> str:
        return self._execution.host

    @property
    def pace(self) -> float:
        """A transfer announces what is new by itself, and needs the processor."""
        return self._progress.pace

    def begin(self) -> None:
        self.tick()
        if self.app.stage is self:
            self.app.show(self._progress.page)

    def tick(self) -> None:
        if self.app.stage is not self:
            return  # a descriptor that was readable in the same round as the end
        state = self._transfer.snapshot()
        try:
            outcome = self._transfer.wait(0)
        except LauncherError as error:
            self._close()
            self._execution.refuse(error, self._earlier)
            return
        if outcome is None:
            self._progress.show(state, self.app.ui.draw)
            if state.phase is not self._phase:
                self._phase = state.phase
                self.app.renew_menu()
        else:
            self._close()
            self._execution.end(outcome, self._earlier)

    def _all_warnings(self) -> None:
        state = self._transfer.snapshot()
        if warnings := (*state.notes, *state.whole):
            self.app.over(pages.warnings(warnings, self.app.host))

    def _close(self) -> None:
        self.app.ui.unwatch(self._watched)
        self._transfer.close()

    def back(self) -> None:
        """There is no way back from a transfer."""

    def act(self, action: str) -> None:
        """A transfer is cancelled first, and then left."""
        self.app.close_menu()
        if action == "cancel":
            self._transfer.cancel()

    def abandon(self) -> None:
        self._execution.give_up()
