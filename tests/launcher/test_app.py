"""The operator's way through the program, on a machine that changes under it: what may start a transfer, and what not.

The loop and the machine are replaced; the application, the interview and the pages are the real ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from kernel_cmdline import parse
from launcher import app as application
from launcher import machine as machines
from launcher.app import App, Stage
from launcher.events import EventLog
from launcher.explain import doubtful, explain_parameters
from launcher.machine import Machine
from launcher.network import AddressState
from launcher.network import Phase as NetworkPhase
from launcher.outcome import Outcome, OutcomeKind
from launcher.parameters import given_answers
from launcher.plan import Plan
from launcher.screens import Page
from launcher.transfer import Phase, TransferState

MACHINES = Path(__file__).resolve().parents[2] / "launcher" / "machines"
ONE = machines.from_json((MACHINES / "one-disk-one-card.json").read_text())
TWO = machines.from_json((MACHINES / "two-disks-two-cards.json").read_text())
ADDRESS = "BOOTIF=01-52-54-00-aa-bb-01 ip=10.0.0.7/24"


class FakeUi:
    """Shows pages to nobody."""

    def __init__(self, *handlers: Any) -> None:
        self.page: Page | None = None

    def show(self, page: Page) -> None:
        self.page = page

    def draw(self) -> None: ...

    def watch(self, fd: int, ready: Any) -> int:
        return 0

    def unwatch(self, handle: object) -> None: ...


@dataclass
class FakeJob:
    """An address that is there when `ready` says so."""

    ready: bool = True

    @property
    def state(self) -> AddressState:
        if self.ready:
            return AddressState(NetworkPhase.DONE, "", address="10.0.0.7/24")
        return AddressState(NetworkPhase.WAITING_FOR_LINK, "Waiting for a link.")

    def close(self) -> None: ...


@dataclass
class FakeTransfer:
    outcome: Outcome | None = None

    def fileno(self) -> int:
        return 0

    def snapshot(self) -> TransferState:
        return TransferState(Phase.WAITING)

    def wait(self, timeout: float) -> Outcome | None:
        return self.outcome

    def close(self) -> None: ...


@dataclass
class FakeSystem:
    """A machine that tests change; `started` are the plans that were carried out."""

    now: Machine
    whole: bool = True
    job: FakeJob = field(default_factory=FakeJob)
    started: list[Plan] = field(default_factory=list)
    running: FakeTransfer = field(default_factory=FakeTransfer)

    def detect(self) -> Machine:
        return self.now

    def complete(self) -> bool:
        return self.whole

    def watch(self) -> None:
        return None

    def drain(self) -> bool:
        return True

    def network(self, plan: Plan) -> Any:
        return self.job

    def transfer(self, plan: Plan) -> Any:
        self.started.append(plan)
        return self.running


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application, "Ui", FakeUi)


def begun(line: str, system: FakeSystem) -> App:
    parsed = parse(line)
    explained, warnings, errors = explain_parameters(parsed, None)
    app = App(system, given_answers(parsed), EventLog(), warnings, errors, doubtful(explained))
    app.rescan()
    return app


def shown(app: App) -> str:
    assert app.ui.page
    return app.ui.page.name


def confirm(app: App) -> None:
    assert shown(app) == "confirm"
    disk = app.machine.disks[0]
    app._answer("confirm", f"overwrite {disk.path} {disk.serial}")


def test_a_receiver_that_was_confirmed_starts() -> None:
    system = FakeSystem(ONE)
    app = begun(ADDRESS, system)
    app._answer("umode", "rcv")
    confirm(app)
    assert [plan.target.path for plan in system.started] == ["/dev/sda"]
    assert shown(app) == "transfer"


def test_a_disk_that_is_exchanged_while_the_network_comes_up_is_not_written_to() -> None:
    system = FakeSystem(ONE, job=FakeJob(ready=False))
    app = begun(f"{ADDRESS} umode=rcv disk=/dev/sda", system)
    assert app._stage is Stage.NETWORK
    system.now = replace(ONE, disks=(replace(ONE.disks[0], serial="ANOTHER"),))
    system.job.ready = True
    app._tick()
    assert system.started == []
    assert shown(app) == "error"


@pytest.mark.parametrize("line", ["auto=yes umode=rcv", "umode=rcv disk=size:500G", "umode=rcv disk=serial:X,/dev/sda"])
def test_before_all_devices_are_known_no_receiver_trusts_what_is_there_so_far(line: str) -> None:
    system = FakeSystem(ONE, whole=False)
    app = begun(f"{ADDRESS} {line}", system)
    assert (system.started, shown(app)) == ([], "waiting")
    system.whole = True
    app._tick()
    assert len(system.started) == 1


def test_a_second_disk_that_appears_late_stops_an_unattended_run() -> None:
    system = FakeSystem(ONE, whole=False)
    app = begun(f"{ADDRESS} auto=yes umode=rcv", system)
    system.now, system.whole = TWO, True
    app._tick()
    assert (system.started, shown(app)) == ([], "error")


def test_a_named_disk_that_appears_late_is_waited_for() -> None:
    system = FakeSystem(replace(ONE, disks=()))
    app = begun(f"{ADDRESS} auto=yes umode=rcv disk=/dev/sda", system)
    assert (system.started, shown(app)) == ([], "waiting")
    system.now = ONE
    app._devices_changed()
    assert len(system.started) == 1


def test_unattended_gives_up_with_the_deadline_it_states(monkeypatch: pytest.MonkeyPatch) -> None:
    system = FakeSystem(replace(ONE, disks=()))
    app = begun(f"{ADDRESS} auto=yes umode=rcv disk=/dev/sda", system)
    monkeypatch.setattr(application, "DEVICE_DEADLINE", 0.0)
    app._tick()
    assert shown(app) == "error"


@pytest.mark.parametrize("action", ["retry", "rescan", "change"])
@pytest.mark.parametrize("line", ["auto=yes umode=rcv", "umode=rcv disk=/dev/sda", ""])
def test_after_a_transfer_nothing_starts_again_without_the_role_and_consent(line: str, action: str) -> None:
    system = FakeSystem(ONE)
    app = begun(f"{ADDRESS} {line}", system)
    if not line:
        app._answer("umode", "rcv")
        confirm(app)
    system.running.outcome = Outcome(OutcomeKind.EQUAL, "equal")
    app._tick()
    assert shown(app) == "result"
    app._act(action)
    assert len(system.started) == 1
    assert shown(app) in ("umode", "lang")


def test_a_misspelt_name_is_seen_and_the_overwrite_confirmed() -> None:
    system = FakeSystem(ONE)
    app = begun(f"{ADDRESS} umode=rcv disk=/dev/sda prot=9002", system)
    assert (system.started, shown(app)) == ([], "umode")
    app._answer("umode", "rcv")
    assert (system.started, shown(app)) == ([], "confirm")


def test_the_menu_stays_on_top_while_the_transfer_goes_on() -> None:
    system = FakeSystem(ONE)
    app = begun(f"{ADDRESS} umode=rcv disk=/dev/sda", system)
    app.menu()
    app._tick()
    assert shown(app) == "menu"
    app._act("close")
    assert shown(app) == "transfer"
