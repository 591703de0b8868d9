"""The stage in which the card gets its link and its address.

Rules that stand here and nowhere else:

- Whoever looks at the screen is told for how long it is waited, and what may keep the wire silent meanwhile.
- While the card has no link, another one that comes, or gets a link, is taken where the answers mean that one now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import LauncherError
from ..model.machine import Nic
from ..model.plan import Plan
from ..network.address import AddressState, Phase
from ..screens import pages
from ..sentence import Sentence, say
from .execution import Execution
from .stage import Stage

if TYPE_CHECKING:
    from .app import App
    from .pc import System


UNANSWERED = 2
"""From this request on somebody should have answered."""

SILENT_SWITCH = say(
    "A switch may let nothing through for one or two minutes after it has seen the cable (spanning tree, 802.1X)."
)


class Connecting(Stage):
    """The first stage of a plan that is carried out. With the address, the first cast is waited for."""

    def __init__(self, app: App, system: System, plan: Plan) -> None:
        super().__init__(app)
        self._execution = Execution(app, system, plan)

    @property
    def host(self) -> str:
        return self._execution.host

    def begin(self) -> None:
        self.tick()

    def tick(self) -> None:
        state, plan = self._execution.job.state, self._execution.plan
        if not state.over:
            self.app.show(pages.waiting(state.sentence, self.app.host, self._more(state)))
        elif state.address is None:
            hint = say("Check the cable and the DHCP server, then try again.")
            self._execution.refuse(LauncherError(state.kind, state.sentence, hint))
        else:
            source = plan.address.source.value
            self.app.log.emit("network", nic=plan.nic.name, address=state.address, source=source)
            self._execution.cast()

    def _more(self, state: AddressState) -> list[Sentence]:
        """What is told beside what is waited for."""
        lines = [say("Waiting up to {seconds} s more.", seconds=int(state.left) + 1)]
        if state.phase is Phase.WAITING_FOR_LINK:
            lines.append(say("Is its cable plugged in, and the switch switched on?"))
            linked = tuple(nic.name for nic in self.app.machine.nics if nic.link and nic.name != self._nic)
            return [*lines, say("These have a link: {linked}.", linked=linked)] if linked else lines
        return [*lines, SILENT_SWITCH] if state.attempts >= UNANSWERED else lines

    @property
    def _nic(self) -> str:
        return self._execution.plan.nic.name

    def devices_changed(self) -> None:
        if self._execution.job.state.phase is not Phase.WAITING_FOR_LINK:
            return
        self.app.devices.look()
        card = self.app.dialogue.chosen("nic", self.app.devices)
        if isinstance(card, Nic) and card.name != self._nic:
            self.app.interview()

    def abandon(self) -> None:
        self._execution.give_up()
