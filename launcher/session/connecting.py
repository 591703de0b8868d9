"""The stage in which the card gets its link and its address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import LauncherError
from ..model.plan import Plan
from ..screens import pages
from ..sentence import say
from .execution import Execution
from .stage import Stage

if TYPE_CHECKING:
    from .app import App
    from .pc import System


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
            self.app.show(pages.waiting(state.sentence, self.app.host))
        elif state.address is None:
            hint = say("Check the cable and the DHCP server, then try again.")
            self._execution.refuse(LauncherError(state.kind, state.sentence, hint))
        else:
            source = plan.address.source.value
            self.app.log.emit("network", nic=plan.nic.name, address=state.address, source=source)
            self._execution.cast()

    def abandon(self) -> None:
        self._execution.give_up()
