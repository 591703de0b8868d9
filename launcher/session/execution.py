"""A plan that is carried out: what its stages share, and the ways between them.

Rules that stand here and nowhere else:

- A cast begins only on the disk that was chosen: not on another one in its place, and not when another one has
  appeared that the answers could mean as well, unless the overwrite was confirmed or a cast of this plan came before.
- What keeps a cast from beginning is an error for who attends; where nobody does, it is a result as any other; behind
  an earlier cast, that one's result stands.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..answers.selectors import exchanged
from ..errors import ErrorKind, LauncherError
from ..model.afterwards import Result, follows
from ..model.outcome import Outcome, OutcomeKind
from ..model.plan import Next, Plan
from ..sentence import NOTHING, Sentence, say
from .interviewing import told_apart

if TYPE_CHECKING:
    from .app import App
    from .pc import System

Earlier = tuple[Outcome, ...]
"""What became of the casts before, with the same plan."""


class Execution:
    """One plan, from when it is reached until it is given up.

    `job` outlives the first transfer, because it renews the lease; `begun` is when the first cast began to be waited
    for (seconds since 1970).
    """

    def __init__(self, app: App, system: System, plan: Plan) -> None:
        self.app = app
        self.system = system
        self.plan = plan
        self.begun = time.time()
        self.job = system.network(plan)

    @property
    def host(self) -> str:
        """What tells this PC from others."""
        return told_apart(self.job.state.address or self.plan.address.address, self.plan.nic)

    def give_up(self) -> None:
        """End the address job."""
        self.job.close()

    def cast(self, earlier: Earlier = ()) -> None:
        """Wait for a cast, on the disk that was chosen and on no other one."""
        from .transferring import Transferring  # noqa: PLC0415 - not before there is an address

        app = self.app
        app.devices.look()
        exchange = exchanged(self.plan.target, app.machine)
        if exchange:
            app.dialogue.told.forget("disk")
            hint = say("Nothing was written. Choose the disk again.")
            self.refuse(LauncherError(ErrorKind.DEVICE_CHANGED, exchange, hint), earlier)
            return
        if not (earlier or app.dialogue.still_means(self.plan.target, app.devices)):
            app.interview()
            return
        try:
            transfer = self.system.transfer(self.plan)
        except LauncherError as error:
            self.refuse(error, earlier)
            return
        app.enter(Transferring(self, transfer, earlier))

    def cast_again(self, result: Result) -> None:
        """Carry the same plan out once more."""
        self.cast((*result.earlier, result.outcome))

    def refuse(self, error: LauncherError, earlier: Earlier = ()) -> None:
        """A cast could not begin."""
        if self.plan.attended:
            self.app.fail(error)
        elif earlier:
            self.app.log.emit("error", **error.record())
            *before, outcome = earlier
            self.end(outcome, tuple(before), error.sentence)
        else:
            outcome = Outcome(OutcomeKind.NOT_BEGUN, error.sentence, error.hint)
            self.app.log.emit("outcome", **outcome.fields())
            self.end(outcome)

    def end(self, outcome: Outcome, earlier: Earlier = (), refused: Sentence = NOTHING) -> None:
        """Keep the result before anything else, then show it and do what follows. Where a partition could grow and
        somebody is there to be asked, that comes before."""
        if outcome.offer is None or outcome.growth:
            self.finish(outcome, earlier, refused)
            return
        from .growing import Growing  # noqa: PLC0415 - only where the target is larger

        self._keep(outcome, earlier)
        self.app.drop_menu()
        self.app.enter(Growing(self, outcome, outcome.offer, earlier))

    def finish(self, outcome: Outcome, earlier: Earlier = (), refused: Sentence = NOTHING) -> None:
        """The same, where nothing can grow any more."""
        from .ended import Ended  # noqa: PLC0415

        result = self._keep(outcome, earlier, refused)
        self.app.dialogue.over(ended=outcome.kind is not OutcomeKind.NOT_BEGUN)
        self.app.drop_menu()
        if self.app.telling:
            self.app.telling.close()
        self.app.enter(Ended(self, result))

    def _keep(self, outcome: Outcome, earlier: Earlier, refused: Sentence = NOTHING) -> Result:
        result = Result(self.plan, outcome, self.begun, time.time(), earlier, refused)
        self.system.keep(result.record())
        return result

    def goes_on(self, outcome: Outcome) -> bool:
        """Whether something follows `outcome` with nobody there: what ``after`` says, or a page that is told."""
        return follows(self.plan, outcome) is not Next.MENU or self.plan.result_page is not None
