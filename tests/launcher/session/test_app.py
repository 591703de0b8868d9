"""The operator's way through the program, on a machine that changes under it: what may start a transfer, and what not.

The loop and the machine are replaced; the application, the interview and the pages are the real ones.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from kernel_cmdline import parse
from launcher.answers.lookup import given_answers
from launcher.answers.validation import doubtful, explain_parameters
from launcher.errors import LauncherError
from launcher.events import EventLog
from launcher.exits import Exit
from launcher.model import machine as machines
from launcher.model.machine import Machine
from launcher.model.outcome import Outcome, OutcomeKind
from launcher.model.plan import Plan
from launcher.network.address import AddressState
from launcher.network.address import Phase as NetworkPhase
from launcher.network.result_page import Answer
from launcher.screens import ending
from launcher.screens.ui import Ui
from launcher.screens.widgets import Page
from launcher.session import app as application
from launcher.session import boot, devices
from launcher.session import system as systems
from launcher.session.app import App, Stage
from launcher.transfer.transfer import Phase, TransferState

MACHINES = Path(__file__).resolve().parents[3] / "launcher" / "machines"
ONE = machines.from_json((MACHINES / "one-disk-one-card.json").read_text())
TWO = machines.from_json((MACHINES / "two-disks-two-cards.json").read_text())
ADDRESS = "BOOTIF=01-52-54-00-aa-bb-01 ip=10.0.0.7/24"


class FakeUi:
    """Shows pages to nobody."""

    def __init__(self, *handlers: Any) -> None:
        self.page: Page | None = None
        self.left = False
        self.hastened = 0

    def leave(self) -> None:
        self.left = True

    def show(self, page: Page) -> None:
        self.page = page

    def draw(self) -> None: ...

    def watch(self, fd: int, ready: Any) -> int:
        return 0

    def unwatch(self, handle: object) -> None: ...

    def hasten(self) -> None:
        self.hastened += 1


@dataclass
class FakeJob:
    """An address that is there when `ready` says so."""

    ready: bool = True
    failed: bool = False

    @property
    def state(self) -> AddressState:
        if self.failed:
            return AddressState(NetworkPhase.FAILED, "There is no link on eth0.")
        if self.ready:
            return AddressState(NetworkPhase.DONE, "", address="10.0.0.7/24")
        return AddressState(NetworkPhase.WAITING_FOR_LINK, "Waiting for a link.")

    def close(self) -> None: ...


@dataclass
class FakeTransfer:
    outcome: Outcome | None = None
    cancelled: bool = False
    state: TransferState = field(default_factory=TransferState)

    def cancel(self) -> None:
        self.cancelled = True

    def fileno(self) -> int:
        return 0

    def snapshot(self) -> TransferState:
        return self.state

    def wait(self, timeout: float) -> Outcome | None:
        return self.outcome

    def close(self) -> None: ...


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

    def stuck(self) -> bool:
        return self.hung

    def keep(self, record: dict[str, object]) -> None:
        self.kept.append(record)

    def report(self, url: str) -> Any:
        self.reports.append(FakeReport(url))
        return self.reports[-1]

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
        if self.refused:
            raise self.refused
        self.started.append(plan)
        return self.running


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application, "Ui", FakeUi)
    monkeypatch.setattr(devices, "QUIET", 0.0)


def begun(line: str, system: FakeSystem) -> App:
    parsed = parse(line)
    explained, warnings, errors = explain_parameters(parsed, None)
    app = App(system, given_answers(parsed), Events(), warnings, errors, doubtful(explained))
    app.rescan()
    return app


def text(app: App) -> str:
    """What the page says on a terminal of 80x24."""
    assert app.ui.page
    canvas = app.ui.page.widget.render((80, 24), focus=True)
    return "\n".join(line.decode().rstrip() for line in canvas.text)


def left(app: App) -> bool:
    assert isinstance(app.ui, FakeUi)
    return app.ui.left


def logged(app: App, event: str) -> list[dict[str, Any]]:
    assert isinstance(app.log, Events)
    return [one for one in app.log.seen if one["event"] == event]


def over(app: App, system: FakeSystem, kind: OutcomeKind, sentence: str = "It is over.") -> None:
    """The transfer ends like this."""
    system.running.outcome = Outcome(kind, sentence)
    app._tick()
    system.running = FakeTransfer()


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


@dataclass
class Clock:
    """In the place of the module `time`."""

    now: float

    def monotonic(self) -> float:
        return self.now


ANOTHER = replace(ONE.disks[0], path="/dev/sdb", serial="ANOTHER", links=())


@pytest.mark.parametrize("line", ["auto=yes umode=rcv", "auto=yes umode=snd", "auto=yes umode=rcv disk=size:500G"])
def test_a_disk_that_appears_while_the_network_comes_up_may_be_the_one_that_is_meant(line: str) -> None:
    system = FakeSystem(ONE, job=FakeJob(ready=False))
    app = begun(f"{ADDRESS} {line}", system)
    assert app._stage is Stage.NETWORK
    system.now, system.job.ready = replace(ONE, disks=(*ONE.disks, ANOTHER)), True
    app._tick()
    assert (system.started, shown(app)) == ([], "error" if "size:" not in line else "waiting")


def test_an_operator_is_asked_again_when_a_disk_appears_while_the_network_comes_up() -> None:
    system = FakeSystem(ONE, job=FakeJob(ready=False))
    app = begun(ADDRESS, system)
    app._answer("umode", "snd")
    system.now, system.job.ready = replace(ONE, disks=(*ONE.disks, ANOTHER)), True
    app._tick()
    assert (system.started, shown(app)) == ([], "disk")


@pytest.mark.parametrize("line", ["", "umode=rcv disk=/dev/sda"])
def test_a_disk_that_was_confirmed_or_named_stays_the_one_that_is_meant(line: str) -> None:
    system = FakeSystem(ONE, job=FakeJob(ready=False))
    app = begun(f"{ADDRESS} {line}", system)
    if not line:
        app._answer("umode", "rcv")
        confirm(app)
    system.now, system.job.ready = replace(ONE, disks=(*ONE.disks, ANOTHER)), True
    app._tick()
    assert [plan.target.path for plan in system.started] == ["/dev/sda"]


def test_a_device_that_comes_and_goes_and_could_not_be_meant_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, reader = Clock(100.0), replace(ANOTHER, refused="it has no medium in it, or no size", size=0)
    monkeypatch.setattr(devices, "time", clock)
    monkeypatch.setattr(devices, "QUIET", 4.0)
    system = FakeSystem(ONE)
    app = begun(f"{ADDRESS} auto=yes umode=rcv", system)
    for second in range(5):
        clock.now, system.now = 100.0 + second, replace(ONE, disks=(*ONE.disks, reader)) if second % 2 else ONE
        app._devices_changed()
    assert len(system.started) == 1


def test_the_only_disk_is_the_only_one_when_none_has_come_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(100.0)
    monkeypatch.setattr(devices, "time", clock)
    monkeypatch.setattr(devices, "QUIET", 4.0)
    system = FakeSystem(replace(ONE, disks=()), whole=False)
    app = begun(f"{ADDRESS} auto=yes umode=rcv", system)
    clock.now, system.whole = 110.0, True
    app._tick()
    clock.now, system.now = 111.0, ONE
    app._devices_changed()
    clock.now = 114.9
    app._tick()
    assert (system.started, shown(app)) == ([], "waiting")
    clock.now = 115.0
    app._tick()
    assert len(system.started) == 1


@pytest.mark.parametrize("line", ["umode=snd", "umode=rcv disk=/dev/sda", "umode=rcv disk=serial:S5YJNX0RB12345"])
def test_a_sender_and_a_named_disk_wait_for_no_others(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "QUIET", 1000.0)
    system = FakeSystem(replace(ONE, disks=(replace(ONE.disks[0], serial="S5YJNX0RB12345"),)))
    begun(f"{ADDRESS} auto=yes {line}", system)
    assert len(system.started) == 1


def test_an_operators_sender_waits_for_all_disks_where_the_only_one_is_meant() -> None:
    system = FakeSystem(ONE, whole=False)
    app = begun(ADDRESS, system)
    app._answer("umode", "snd")
    assert (system.started, shown(app)) == ([], "waiting")
    system.whole = True
    app._tick()
    assert len(system.started) == 1


def test_a_named_disk_that_appears_late_is_waited_for() -> None:
    system = FakeSystem(replace(ONE, disks=()))
    app = begun(f"{ADDRESS} auto=yes umode=rcv disk=/dev/sda", system)
    assert (system.started, shown(app)) == ([], "waiting")
    system.now = ONE
    app._devices_changed()
    assert len(system.started) == 1


NEW = replace(ONE, disks=(replace(ONE.disks[0], serial=None, settled=False),))
"""The disk is there, and udev has not looked at it."""


@pytest.mark.parametrize("role", ["snd", "rcv"])
@pytest.mark.parametrize("auto", ["auto=yes ", ""])
def test_a_disk_is_not_chosen_before_its_serial_number_can_be_known(role: str, auto: str) -> None:
    system = FakeSystem(NEW)
    app = begun(f"{ADDRESS} {auto}umode={role} disk=/dev/sda", system)
    assert (system.started, shown(app)) == ([], "waiting")
    system.now = ONE
    app._devices_changed()
    assert [plan.target.disk.serial for plan in system.started] == [ONE.disks[0].serial]


def test_an_overwrite_is_confirmed_when_all_disks_have_been_looked_at() -> None:
    system = FakeSystem(NEW)
    app = begun(ADDRESS, system)
    app._answer("umode", "rcv")
    assert shown(app) == "waiting"
    system.now = ONE
    app._devices_changed()
    confirm(app)
    assert len(system.started) == 1


def test_a_disk_that_udev_cannot_look_at_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    system = FakeSystem(NEW)
    app = begun(f"{ADDRESS} auto=yes umode=rcv disk=/dev/sda", system)
    assert system.started == []
    monkeypatch.setattr(devices, "DEADLINE", 0.0)
    app._tick()
    assert len(system.started) == 1


def test_udev_has_its_time_for_a_disk_from_when_that_appears(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, system = Clock(100.0), FakeSystem(replace(ONE, disks=()))
    monkeypatch.setattr(devices, "time", clock)
    app = begun(f"{ADDRESS} auto=no", system)
    clock.now, system.now = 200.0, NEW
    app._devices_changed()
    disk = NEW.disks[0]
    assert app.devices.unlooked_at(disk)
    clock.now = 200.0 + devices.DEADLINE
    assert not app.devices.unlooked_at(disk)


def test_unattended_gives_up_with_the_deadline_it_states(monkeypatch: pytest.MonkeyPatch) -> None:
    system = FakeSystem(replace(ONE, disks=()))
    app = begun(f"{ADDRESS} auto=yes umode=rcv disk=/dev/sda", system)
    monkeypatch.setattr(devices, "DEADLINE", 0.0)
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


@pytest.mark.parametrize(("cost", "rest"), [(0.001, 1.0), (0.015, 3.0), (0.9, 5.0)])
def test_progress_is_drawn_as_often_as_the_pc_can_afford(
    cost: float, rest: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0

    def draw() -> None:
        nonlocal now
        now += cost

    monkeypatch.setattr(time, "monotonic", lambda: now)
    system = FakeSystem(ONE)
    app = begun(f"{ADDRESS} umode=rcv disk=/dev/sda", system)
    monkeypatch.setattr(app.ui, "draw", draw)

    def told(state: TransferState) -> str:
        system.running.state = state
        app._transfer_progress()
        return text(app)

    assert "1.0 MB" in told(TransferState(Phase.CASTING, bytes=1_000_000, total=9_000_000))
    drawn = now
    assert app._pace() == pytest.approx(rest)
    now = drawn + rest - 0.01
    assert "2.0 MB" not in told(TransferState(Phase.CASTING, bytes=2_000_000, total=9_000_000))
    now = drawn + rest + 0.01
    assert "3.0 MB" in told(TransferState(Phase.CASTING, bytes=3_000_000, total=9_000_000))
    assert "written out" in told(TransferState(Phase.FLUSHING, bytes=9_000_000, total=9_000_000))


def test_a_transfer_is_looked_at_less_often_than_all_else() -> None:
    system = FakeSystem(ONE)
    app = begun(f"{ADDRESS} umode=rcv disk=/dev/sda", system)
    assert shown(app) == "transfer"
    during = app._pace()
    system.running.outcome = Outcome(OutcomeKind.EQUAL, "equal")
    app._tick()
    assert (during, app._pace()) == (1.0, 0.25)
    assert isinstance(app.ui, FakeUi)
    assert app.ui.hastened == 1  # else the result's countdown would begin only when the transfer's last pause is over


def test_the_next_transfer_is_drawn_as_it_begins() -> None:
    system = FakeSystem(ONE)
    app = begun(f"{ADDRESS} auto=yes umode=rcv disk=/dev/sda retry=2", system)
    assert "Waiting for the sender." in text(app)
    over(app, system, OutcomeKind.TRUNCATED)
    app._act("again")
    assert len(system.started) == 2
    assert "Waiting for the sender." in text(app)


def test_the_menu_stays_on_top_while_the_transfer_goes_on() -> None:
    system = FakeSystem(ONE)
    app = begun(f"{ADDRESS} umode=rcv disk=/dev/sda", system)
    app.menu()
    app._tick()
    assert shown(app) == "menu"
    app._act("close")
    assert shown(app) == "transfer"


def test_a_menu_that_was_opened_before_becomes_the_transfers() -> None:
    system = FakeSystem(ONE, job=FakeJob(ready=False))
    app = begun(f"{ADDRESS} umode=rcv disk=/dev/sda", system)
    app.menu()
    assert "CANCEL" not in text(app)
    system.job.ready = True
    app._tick()
    assert (shown(app), "CANCEL" in text(app), "Shell" in text(app)) == ("menu", True, False)
    app._act("cancel")
    assert system.running.cancelled


@pytest.mark.parametrize("action", ["rescan", "shell", "reboot", "poweroff", "retry", "change"])
def test_nothing_but_cancelling_ends_a_transfer(action: str) -> None:
    """A key may be pressed for a screen that the transfer has just replaced."""
    system = FakeSystem(ONE)
    app = begun(f"{ADDRESS} auto=yes umode=rcv disk=/dev/sda", system)
    app._act(action)
    assert (app._stage, left(app), len(system.started), system.running.cancelled) == (Stage.TRANSFER, False, 1, False)


# --- what follows a transfer -----------------------------------------------------------------------------------------

AUTO = f"{ADDRESS} auto=yes umode=rcv"
VANISHED = OutcomeKind.SENDER_VANISHED


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No seconds are counted down."""
    monkeypatch.setattr(ending, "DELAY", 0.0)


@pytest.mark.parametrize(
    ("after", "kind", "status"),
    [
        ("", OutcomeKind.EQUAL, None),
        ("after=menu", OutcomeKind.WRITE_ERROR, None),
        ("after=reboot", OutcomeKind.WRITE_ERROR, Exit.REBOOT),
        ("after=reboot,poweroff", OutcomeKind.EQUAL, Exit.REBOOT),
        ("after=reboot,poweroff", OutcomeKind.WRITTEN, Exit.REBOOT),
        ("after=reboot,poweroff", OutcomeKind.WRITE_ERROR, Exit.POWEROFF),
        ("after=menu,shell", OutcomeKind.NO_SENDER, Exit.SHELL),
        ("auto_reboot=success", OutcomeKind.EQUAL, Exit.REBOOT),
        ("auto_reboot=success", OutcomeKind.CHANGED, None),
        ("auto_reboot=always", OutcomeKind.CHANGED, Exit.REBOOT),
        ("auto_reboot=always", OutcomeKind.CANCELLED, None),  # somebody is there
    ],
)
def test_what_follows(at_once: None, after: str, kind: OutcomeKind, status: Exit | None) -> None:
    system = FakeSystem(ONE)
    app = begun(f"{AUTO} {after}", system)
    over(app, system, kind)
    assert shown(app) == "result"
    app._tick()
    assert left(app) == (status is not None)
    if status is not None:
        assert app.status == status
        assert logged(app, "after") == [{"event": "after", "action": status.name.lower()}]


IN_USE = LauncherError("/dev/sda cannot be written to: it is in use: mounted on /mnt.", "Unmount it.")
NOT_BEGUN = {
    "the disk is in use": (FakeSystem(ONE, refused=IN_USE), str(IN_USE.sentence)),
    "there is no network": (FakeSystem(ONE, job=FakeJob(failed=True)), "There is no link on eth0."),
}


@pytest.mark.parametrize("why", NOT_BEGUN)
def test_what_keeps_an_unattended_transfer_from_beginning_is_a_result_as_any_other(at_once: None, why: str) -> None:
    system, sentence = replace(NOT_BEGUN[why][0], kept=[], reports=[]), NOT_BEGUN[why][1]
    app = begun(f"{REPORTED} auto=yes retry=3 after=reboot,poweroff", system)
    assert (shown(app), system.started) == ("result", [])
    assert sentence in text(app) and "Nothing was sent or written." in text(app)
    (kept,) = system.kept
    assert (kept["ok"], kept["kind"], kept["sentence"]) == (False, "not-begun", sentence)
    assert [event["kind"] for event in logged(app, "outcome")] == ["not-begun"]
    assert not logged(app, "error")
    (report,) = system.reports
    assert "succes=n" in report.url
    report.came = Answer(True, 200, "se3 was told.")
    app._tick()
    assert (left(app), app.status) == (True, Exit.POWEROFF)


def test_once_more_behind_a_transfer_that_did_not_begin_goes_on_as_the_line_says() -> None:
    system = FakeSystem(ONE, refused=IN_USE)
    app = begun(AUTO, system)
    assert shown(app) == "result"
    system.refused = None
    app._act("retry")
    assert (shown(app), len(system.started)) == ("transfer", 1)


@pytest.mark.parametrize("why", NOT_BEGUN)
def test_an_operator_sees_what_keeps_a_transfer_from_beginning_as_an_error(why: str) -> None:
    system = replace(NOT_BEGUN[why][0], kept=[], reports=[])
    app = begun(f"{ADDRESS} after=reboot umode=snd", system)
    assert (shown(app), system.kept) == ("error", [])
    assert NOT_BEGUN[why][1] in text(app)
    assert logged(app, "error") and not logged(app, "outcome")


def test_seconds_are_counted_down_and_a_key_keeps_the_result() -> None:
    system = FakeSystem(ONE)
    app = begun(f"{AUTO} after=reboot", system)
    over(app, system, OutcomeKind.EQUAL)
    app._tick()
    assert "This PC restarts in 10 s; any key keeps this screen." in text(app)
    app._stay()
    assert "restarts" not in text(app)
    app._tick()
    assert not left(app)


def test_a_result_is_kept_before_it_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    system = FakeSystem(ONE)
    app = begun(AUTO, system)
    at = []
    monkeypatch.setattr(system, "keep", lambda record: at.append((shown(app), record)))
    over(app, system, OutcomeKind.EQUAL, "/dev/sda equals the sender's disk.")
    [(page, record)] = at
    assert page == "transfer"
    assert (record["ok"], record["kind"], record["role"], record["device"]) == (True, "equal", "rcv", "/dev/sda")
    assert (record["attempt"], record["attempts"], record["earlier"]) == (1, 1, [])


HEALED = {"sender-vanished", "truncated", "different", "stage-failed"}


@pytest.mark.parametrize("kind", OutcomeKind)
def test_which_failures_an_unattended_receiver_waits_after(at_once: None, kind: OutcomeKind) -> None:
    system = FakeSystem(ONE)
    app = begun(f"{AUTO} retry=1", system)
    over(app, system, kind)
    app._tick()
    assert len(system.started) == (2 if kind.value in HEALED else 1)


@pytest.mark.parametrize(
    "line", [AUTO, f"{ADDRESS} umode=rcv disk=/dev/sda retry=3", f"{ADDRESS} auto=yes umode=snd retry=3"]
)
def test_without_retry_or_attended_or_as_a_sender_nothing_is_repeated(at_once: None, line: str) -> None:
    system = FakeSystem(ONE)
    app = begun(line, system)
    over(app, system, OutcomeKind.STAGE_FAILED)
    app._tick()
    assert (len(system.started), shown(app)) == (1, "result")


def test_casts_are_waited_for_until_one_succeeds_and_everything_else_comes_once(at_once: None) -> None:
    system = FakeSystem(ONE)
    page = "remontee_info=y page_remontee=http://se3/r num_op=3"
    app = begun(f"{AUTO} retry=5 after=reboot,poweroff {page}", system)
    over(app, system, VANISHED, "The first broke off.")
    assert "The next cast is waited for in 0 s" in text(app)
    app._tick()
    assert shown(app) == "transfer"
    assert "Cast 2 of 6. Cast 1: The first broke off." in " ".join(text(app).split())
    over(app, system, OutcomeKind.TRUNCATED, "The second was cut short.")
    app._tick()
    assert system.reports == []
    over(app, system, OutcomeKind.EQUAL, "Equal at last.")
    assert [report.url.partition("&mac")[0].rpartition("&")[2] for report in system.reports] == ["succes=y"]
    assert "Cast 3 of 6." in text(app)
    assert "Cast 2: The second was cut short." in text(app)
    assert [record["attempt"] for record in system.kept] == [1, 2, 3]
    assert [one["kind"] for one in system.kept[-1]["earlier"]] == ["sender-vanished", "truncated"]
    system.reports[0].came = Answer(True, 200, "se3 was told.")
    app._tick()
    assert (left(app), app.status) == (True, Exit.REBOOT)


def test_after_the_last_cast_the_failure_follows(at_once: None) -> None:
    system = FakeSystem(ONE)
    app = begun(f"{AUTO} retry=1 after=reboot,poweroff", system)
    over(app, system, VANISHED)
    app._tick()
    over(app, system, VANISHED)
    app._tick()
    assert (len(system.started), left(app), app.status) == (2, True, Exit.POWEROFF)


def test_a_disk_that_is_exchanged_between_two_casts_is_not_written_to(at_once: None) -> None:
    system = FakeSystem(ONE)
    app = begun(f"{AUTO} retry=1 after=menu,poweroff", system)
    over(app, system, VANISHED, "It broke off.")
    system.now = replace(ONE, disks=(replace(ONE.disks[0], serial="ANOTHER"),))
    app._tick()
    assert (len(system.started), shown(app)) == (1, "result")
    assert "another disk than the one that was chosen" in " ".join(text(app).split())
    assert "It broke off." in text(app)
    app._tick()
    assert app.status == Exit.POWEROFF


def test_every_key_is_heard_before_it_does_anything_and_a_new_window_size_is_none() -> None:
    heard: list[str] = []
    ui = Ui.__new__(Ui)
    ui._touched = lambda: heard.append("key")
    assert ui._filter(["window resize"], []) == ["window resize"]
    assert heard == []
    assert ui._filter(["down"], []) == ["down"]
    assert heard == ["key"]


def test_a_key_wins_over_the_next_cast(at_once: None) -> None:
    system = FakeSystem(ONE)
    app = begun(f"{AUTO} retry=1", system)
    over(app, system, VANISHED)
    app._stay()
    app._tick()
    assert (len(system.started), shown(app)) == (1, "result")
    assert "waited for" not in text(app)
    app._act("again")
    assert (len(system.started), shown(app)) == (2, "transfer")


@pytest.mark.parametrize("kind", OutcomeKind)
def test_an_operator_may_wait_for_the_next_cast_where_it_can_help(kind: OutcomeKind) -> None:
    system = FakeSystem(ONE)
    app = begun(ADDRESS, system)
    app._answer("umode", "rcv")
    confirm(app)
    over(app, system, kind)
    offered = kind.value in HEALED | {"no-sender"}
    assert ("Wait for the next cast" in text(app)) == offered
    if offered:
        app._act("again")
        assert (len(system.started), shown(app)) == (2, "transfer")
        assert system.started[1].target == system.started[0].target


def test_an_operators_next_cast_is_refused_for_another_disk_too() -> None:
    system = FakeSystem(ONE)
    app = begun(ADDRESS, system)
    app._answer("umode", "rcv")
    confirm(app)
    over(app, system, VANISHED)
    system.now = replace(ONE, disks=(replace(ONE.disks[0], serial="ANOTHER"),))
    app._act("again")
    assert (len(system.started), shown(app)) == (1, "error")


def test_a_sender_is_not_offered_the_next_cast() -> None:
    system = FakeSystem(ONE)
    app = begun(f"{ADDRESS} umode=snd", system)
    over(app, system, OutcomeKind.STAGE_FAILED)
    assert "Wait for the next cast" not in text(app)


REPORTED = f"{AUTO} remontee_info=y page_remontee=http://se3/r"


@pytest.mark.usefixtures("at_once")
def test_a_launcher_that_cannot_end_gives_no_shell_and_says_so() -> None:
    system = FakeSystem(ONE, hung=True)
    app = begun(f"{AUTO} after=shell", system)
    over(app, system, OutcomeKind.WRITE_ERROR)
    app._tick()
    assert (left(app), shown(app)) == (False, "error")
    assert "There can be no shell" in text(app)
    app._tick()
    assert len(logged(app, "error")) == 1
    app._act("reboot")
    assert (left(app), app.status) == (True, Exit.REBOOT)


@pytest.mark.usefixtures("at_once")
def test_the_next_cast_is_for_the_same_disk_whatever_has_appeared() -> None:
    system = FakeSystem(ONE)
    app = begun(f"{AUTO} retry=1", system)
    system.now = replace(ONE, disks=(ANOTHER, *ONE.disks))
    over(app, system, VANISHED)
    app._tick()
    assert [plan.target.path for plan in system.started] == ["/dev/sda", "/dev/sda"]


def test_what_follows_waits_for_the_page_and_the_page_changes_nothing(at_once: None) -> None:
    system = FakeSystem(ONE)
    app = begun(f"{REPORTED} after=reboot,poweroff", system)
    over(app, system, OutcomeKind.EQUAL)
    app._tick()
    assert not left(app)
    assert "Telling se3 the result ..." in text(app)
    system.reports[0].came = Answer(False, None, "se3 did not answer within 10 s.")
    app._tick()
    assert logged(app, "report") == [
        {
            "event": "report",
            "url": system.reports[0].url,
            "ok": False,
            "status": None,
            "sentence": "se3 did not answer within 10 s.",
        }
    ]
    assert (left(app), app.status, len(system.kept)) == (True, Exit.REBOOT, 1)


def test_the_answer_of_the_page_is_a_line_on_the_result() -> None:
    system = FakeSystem(ONE)
    app = begun(REPORTED, system)
    over(app, system, OutcomeKind.EQUAL)
    system.reports[0].came = Answer(True, 200, "se3 was told.")
    app._tick()
    assert "Result page: se3 was told." in text(app)
    assert "DONE: this disk equals the sender's" in text(app)


def test_an_operator_need_not_wait_for_the_page() -> None:
    system = FakeSystem(ONE)
    app = begun(REPORTED, system)
    over(app, system, OutcomeKind.EQUAL)
    app._act("poweroff")
    assert (left(app), app.status) == (True, Exit.POWEROFF)
    assert [one["ok"] for one in logged(app, "report")] == [False]


def test_a_page_that_answers_during_the_next_cast_is_still_heard() -> None:
    system = FakeSystem(ONE)
    app = begun(REPORTED, system)
    over(app, system, VANISHED)
    app._act("again")
    system.reports[0].came = Answer(True, 200, "se3 was told.")
    app._tick()
    assert shown(app) == "transfer"
    assert [one["ok"] for one in logged(app, "report")] == [True]


def test_a_launcher_that_starts_again_behind_a_result_begins_with_the_role(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[str] = []
    system = FakeSystem(ONE)

    def run(app: App) -> int:
        app.rescan()
        pages.append(shown(app))
        return 0

    monkeypatch.setattr(systems, "RESULT", tmp_path / "result.json")
    monkeypatch.setattr(systems, "RunningSystem", lambda log: system)
    monkeypatch.setattr(App, "run", run)
    line = parse(f"{AUTO} disk=/dev/sda")
    boot._screens(line, EventLog())
    (tmp_path / "result.json").touch()
    boot._screens(line, EventLog())
    assert (pages, len(system.started)) == (["transfer", "umode"], 1)


def test_the_running_system_keeps_a_result_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system = systems.RunningSystem.__new__(systems.RunningSystem)
    system._log = Events()
    monkeypatch.setattr(systems, "RESULT", tmp_path / "result.json")
    system.keep({"kind": "equal"})
    system.keep({"kind": "written"})
    assert json.loads((tmp_path / "result.json").read_text()) == {"kind": "written"}
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]
    monkeypatch.setattr(systems, "RESULT", tmp_path / "nowhere/result.json")
    system.keep({})
    assert "could not be written" in system._log.seen[0]["text"]
