"""Drives a run without a terminal, on a machine that changes under it.

The loop and the machine are replaced; the application, its stages, the interview and the pages are the real ones.
Tests use the fixture `no_terminal`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from kernel_cmdline import parse
from launcher.answers.lookup import given_answers
from launcher.answers.questions import GivenAnswers
from launcher.answers.reading_boot import Driver
from launcher.answers.selectors import identity, whole
from launcher.answers.validation import doubtful, explain_parameters
from launcher.errors import LauncherError
from launcher.events import EventLog
from launcher.exits import Exit
from launcher.hardware.drivers import Loaded
from launcher.hardware.sticks import Volume
from launcher.model.machine import Machine
from launcher.model.outcome import Outcome, OutcomeKind
from launcher.model.plan import Plan
from launcher.network.address import AddressState, Phase
from launcher.network.result_page import Answer
from launcher.screens.console import Lines
from launcher.screens.widgets import Page
from launcher.sentence import NOTHING, say
from launcher.session.app import App
from launcher.session.connecting import Connecting
from launcher.session.interviewing import Dialogue, Interviewing
from launcher.session.stage import Stage
from launcher.transfer.transfer import TransferState
from tests.common import ONE, page_text

ADDRESS = "BOOTIF=01-52-54-00-aa-bb-01 ip=10.0.0.7/24"
AUTO = f"{ADDRESS} auto=yes umode=rcv"
REPORTED = f"{AUTO} remontee_info=y page_remontee=http://se3/r"
ANOTHER = replace(ONE.disks[0], path="/dev/sdb", serial="ANOTHER", links=())
"""A second disk."""
EXCHANGED = replace(ONE, disks=(replace(ONE.disks[0], serial="ANOTHER"),))
"""Another disk in the place of the first."""


class FakeUi:
    """Shows pages to nobody. `left`: the run has ended."""

    def __init__(
        self, menu: Callable[[], None], back: Callable[[], None], touched: Callable[[], None], lines: Lines
    ) -> None:
        self.menu, self.back, self.touched = menu, back, touched
        self.page: Page | None = None
        self.left = False
        self.hastened = 0
        self.ready: dict[int, Callable[[], None]] = {}
        self.unwatched: list[Callable[[], None]] = []

    def every(self, seconds: Callable[[], float], tick: Callable[[], None]) -> None:
        self.pace, self.tick = seconds, tick

    def run(self, started: Callable[[], None]) -> None:
        started()

    def leave(self) -> None:
        self.left = True

    def show(self, page: Page) -> None:
        self.page = page

    def draw(self) -> None: ...

    def watch(self, fd: int, ready: Callable[[], None]) -> int:
        self.ready[fd] = ready
        return fd

    def unwatch(self, handle: int) -> None:
        self.unwatched.append(self.ready.pop(handle))

    def hasten(self) -> None:
        self.hastened += 1

    def mirror(self) -> None: ...

    def speak(self, locale: str) -> None: ...


NO_LINK = AddressState(Phase.WAITING_FOR_LINK, say("Waiting for a link."))


@dataclass
class FakeJob:
    """An address that is there when `ready` says so."""

    ready: bool = True
    failed: bool = False
    closed: int = 0
    waits: AddressState = NO_LINK

    @property
    def state(self) -> AddressState:
        if self.failed:
            return AddressState(Phase.FAILED, say("There is no link on eth0."))
        if self.ready:
            return AddressState(Phase.DONE, NOTHING, address="10.0.0.7/24")
        return self.waits

    def close(self) -> None:
        self.closed += 1


@dataclass
class FakeTransfer:
    """A transfer that goes on until it has an `outcome`, or a `failure`."""

    outcome: Outcome | None = None
    failure: LauncherError | None = None
    cancelled: bool = False
    begun: int = 0
    closed: int = 0
    state: TransferState = field(default_factory=TransferState)

    def begin_cast(self) -> None:
        self.begun += 1

    def cancel(self) -> None:
        self.cancelled = True

    def fileno(self) -> int:
        return 9

    def snapshot(self) -> TransferState:
        return self.state

    def wait(self, timeout: float) -> Outcome | None:
        if self.failure:
            raise self.failure
        return self.outcome

    def close(self) -> None:
        self.closed += 1


@dataclass
class FakeReport:
    url: str
    came: Answer | None = None

    def answer(self) -> Answer | None:
        return self.came


class Events(EventLog):
    """Keeps what is emitted."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[dict[str, Any]] = []

    def emit(self, event: str, **fields: Any) -> None:
        self.seen.append({"event": event, **fields})


@dataclass
class FakeSystem:
    """A machine that tests change; `started` are the plans that were carried out."""

    now: Machine
    whole: bool = True
    job: FakeJob = field(default_factory=FakeJob)
    started: list[Plan] = field(default_factory=list)
    running: FakeTransfer = field(default_factory=FakeTransfer)
    kept: list[dict[str, Any]] = field(default_factory=list)
    reports: list[FakeReport] = field(default_factory=list)
    hung: bool = False
    refused: LauncherError | None = None
    mismatch: LauncherError | None = None
    saved: list[tuple[str, str, bytes]] = field(default_factory=list)
    named: str = ""
    unsaved: LauncherError | None = None
    shells_allowed: bool | None = None
    loaded: list[Driver] = field(default_factory=list)
    drivers: tuple[Loaded, ...] = ()

    def lines(self) -> Lines:
        return Lines()

    def speak(self, language: str, given: GivenAnswers) -> None: ...

    def spoken(self) -> None: ...

    def shells(self, allowed: bool) -> None:
        self.shells_allowed = allowed

    def mixed(self) -> LauncherError | None:
        return self.mismatch

    def stuck(self) -> bool:
        return self.hung

    def save(self, volume: Volume, name: str, text: bytes) -> str:
        self.saved.append((volume.path, name, text))
        if self.unsaved:
            raise self.unsaved
        return self.named or name

    def load(self, drivers: tuple[Driver, ...]) -> tuple[Loaded, ...]:
        self.loaded.extend(drivers)
        return self.drivers

    def keep(self, record: dict[str, object]) -> None:
        self.kept.append(record)

    def report(self, url: str) -> Any:
        self.reports.append(FakeReport(url))
        return self.reports[-1]

    def detect(self) -> Machine:
        return self.now

    def complete(self) -> bool:
        return self.whole

    def watch(self) -> int:
        return 5

    def drain(self) -> bool:
        return True

    def network(self, plan: Plan) -> Any:
        return self.job

    def transfer(self, plan: Plan) -> Any:
        if self.refused:
            raise self.refused
        self.started.append(plan)
        return self.running


@dataclass
class Clock:
    """In the place of the module `time`."""

    now: float

    def monotonic(self) -> float:
        return self.now


class Seat:
    """One run on `system`; what reaches it from outside, and what can be seen of it."""

    def __init__(self, line: str | bytes, system: FakeSystem) -> None:
        parsed = parse(line)
        explained, warnings, errors = explain_parameters(parsed, None)
        dialogue = Dialogue(given_answers(parsed), warnings, errors, doubtful(explained))
        self.system = system
        self.log = Events()
        self.app = App(system, dialogue, self.log, lambda app, plan: Connecting(app, system, plan))
        self.app.run()

    # --- what comes from outside ----------------------------------------------------------------------------------

    @property
    def ui(self) -> FakeUi:
        assert isinstance(self.app.ui, FakeUi)
        return self.app.ui

    def answer(self, key: str, text: str) -> None:
        """The operator answers the question that is shown."""
        assert isinstance(self.app.stage, Interviewing)
        assert self.shown == key
        self.app.stage.answer(key, text)

    def confirm(self) -> None:
        """He confirms the overwrite of the first disk, or that it is sent."""
        role = self.app.dialogue.told.answers.get("umode") or self.app.dialogue.given["umode"].text
        word = "send" if role == "snd" else "overwrite"
        self.answer("confirm", f"{word} {identity(whole(self.app.machine.disks[0]))}")

    def act(self, action: str) -> None:
        """He chooses an action of a page or of the menu."""
        self.app.act(action)

    def back(self) -> None:
        self.ui.back()

    def key(self, key: str) -> None:
        """He presses a key of the page."""
        assert self.ui.page
        self.ui.page.keys[key]()

    def menu(self) -> None:
        self.ui.menu()

    def touched(self) -> None:
        """He presses a key that does nothing more."""
        self.ui.touched()

    def tick(self) -> None:
        self.ui.tick()

    def devices_changed(self) -> None:
        self.ui.ready[self.system.watch()]()

    def news(self) -> None:
        """The transfer announces what is new."""
        self.ui.ready[self.system.running.fileno()]()

    def over(self, kind: OutcomeKind, sentence: str = "It is over.") -> None:
        """The transfer ends like this."""
        self.system.running.outcome = Outcome(kind, say(sentence))
        self.tick()
        self.system.running = FakeTransfer()

    # --- what is seen ---------------------------------------------------------------------------------------------

    @property
    def stage(self) -> type[Stage]:
        return type(self.app.stage)

    @property
    def shown(self) -> str:
        """The name of the page."""
        assert self.ui.page
        return self.ui.page.name

    @property
    def text(self) -> str:
        """What the page says."""
        assert self.ui.page
        return page_text(self.ui.page)

    @property
    def left(self) -> bool:
        return self.ui.left

    @property
    def status(self) -> Exit:
        return self.app.status

    @property
    def pace(self) -> float:
        return self.ui.pace()

    def logged(self, event: str) -> list[dict[str, Any]]:
        return [one for one in self.log.seen if one["event"] == event]


def begun(line: str | bytes, system: FakeSystem) -> Seat:
    """A run that was started with this line."""
    return Seat(line, system)
