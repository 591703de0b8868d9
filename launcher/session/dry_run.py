"""``--dry-run``: the real screens on a recorded machine, up to the plan, which nothing here could carry out."""

from __future__ import annotations

from ..answers.questions import GivenAnswers
from ..answers.reading_boot import Driver
from ..errors import ErrorKind, LauncherError
from ..events import EventLog
from ..exits import Exit
from ..hardware.drivers import Loaded
from ..hardware.sticks import NotSaved, Volume
from ..model.machine import Machine
from ..model.plan import Plan
from ..screens.console import Lines
from ..sentence import say
from .app import App
from .interviewing import Dialogue
from .stage import Stage


class RecordedPc:
    """A machine out of a file."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def detect(self) -> Machine:
        return self._machine

    def complete(self) -> bool:
        return True

    def load(self, drivers: tuple[Driver, ...]) -> tuple[Loaded, ...]:
        """Its drivers are in no file, and those of the PC that this runs on are left alone."""
        return ()

    def mixed(self) -> LauncherError | None:
        return None

    def watch(self) -> int | None:
        return None

    def drain(self) -> bool:
        return False

    def save(self, volume: Volume, name: str, text: bytes) -> str:
        """Its sticks are in no drive."""
        raise NotSaved(ErrorKind.NOT_SAVED, say("A dry run writes nothing."))

    def lines(self) -> Lines:
        return Lines()

    def speak(self, language: str, given: GivenAnswers) -> None: ...

    def spoken(self) -> None: ...

    def shells(self, allowed: bool) -> None: ...

    def stuck(self) -> bool:
        return False


class Planned(Stage):
    """The stage behind the interview of a dry run: the screens end, and the plan is what it came to."""

    def __init__(self, app: App, plan: Plan) -> None:
        super().__init__(app)
        self.plan = plan

    def begin(self) -> None:
        self.app.ui.leave()


def dry_run(machine: Machine, dialogue: Dialogue) -> Plan | Exit:
    """The plan that the operator reached on `machine`, or how he left before."""
    app = App(RecordedPc(machine), dialogue, EventLog(), Planned)
    app.run()
    return app.stage.plan if isinstance(app.stage, Planned) else app.status
