"""What a run needs of the PC under it. These are types only: no module imports this one when the launcher runs."""

from __future__ import annotations

from typing import Protocol

from ..answers.questions import GivenAnswers
from ..answers.reading_boot import Driver
from ..errors import LauncherError
from ..hardware.drivers import Loaded
from ..hardware.sticks import Volume
from ..model.machine import Machine
from ..model.plan import Plan
from ..network.address import AddressJob
from ..network.result_page import Report
from ..screens.console import Lines
from ..transfer.transfer import Transfer


class Pc(Protocol):
    """What an interview needs: the real PC, or a recorded one for a dry run."""

    def detect(self) -> Machine:
        """The disks and cards that are there now."""

    def complete(self) -> bool:
        """Whether all devices that were present at boot are known."""

    def watch(self) -> int | None:
        """A descriptor that is readable when devices may have changed."""

    def drain(self) -> bool:
        """Take what made `watch` readable; True when it is worth detecting again."""

    def load(self, drivers: tuple[Driver, ...]) -> tuple[Loaded, ...]:
        """Load these drivers; what came of each. It takes its time."""

    def mixed(self) -> LauncherError | None:
        """Why no driver can be loaded, where kernel and initrd do not belong together."""

    def save(self, volume: Volume, name: str, text: bytes) -> str:
        """Keep a file on a stick, and give its name. It takes its time. Raises LauncherError."""

    def lines(self) -> Lines:
        """The consoles that the screens are shown on."""

    def speak(self, language: str, given: GivenAnswers) -> None:
        """The next page is in `language`: have keyboard and screen fit it, and what `given` says of them."""

    def spoken(self) -> None:
        """The page is there: what may come behind it."""

    def shells(self, allowed: bool) -> None:
        """Whether there may be shells is known from now on."""

    def stuck(self) -> bool:
        """Whether the program cannot end, because a disk does not answer."""


class System(Protocol):
    """What a plan is carried out with."""

    def network(self, plan: Plan) -> AddressJob:
        """Start to bring up the plan's card."""

    def transfer(self, plan: Plan) -> Transfer:
        """Start the plan's processes."""

    def keep(self, record: dict[str, object]) -> None:
        """Keep a result where a shell and a script find it."""

    def report(self, url: str) -> Report:
        """Begin to tell a page."""
