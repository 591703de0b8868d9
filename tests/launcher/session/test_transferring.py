"""The screen while a cast is waited for and runs, the menu over it, and what ends it."""

from __future__ import annotations

import time

import pytest

from launcher.errors import ErrorKind, LauncherError
from launcher.model.outcome import Outcome, OutcomeKind
from launcher.sentence import say
from launcher.session.transferring import Transferring
from launcher.transfer.transfer import Phase, TransferState
from tests.common import ONE
from tests.launcher.session.driver import ADDRESS, FakeJob, FakeSystem, begun

pytestmark = pytest.mark.usefixtures("no_terminal")


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
    seat = begun(f"{ADDRESS} umode=rcv disk=/dev/sda", system)
    monkeypatch.setattr(seat.ui, "draw", draw)

    def told(state: TransferState) -> str:
        system.running.state = state
        seat.news()
        return seat.text

    assert "1.0 MB" in told(TransferState(Phase.CASTING, bytes=1_000_000, total=9_000_000))
    drawn = now
    assert seat.pace == pytest.approx(rest)
    now = drawn + rest - 0.01
    assert "2.0 MB" not in told(TransferState(Phase.CASTING, bytes=2_000_000, total=9_000_000))
    now = drawn + rest + 0.01
    assert "3.0 MB" in told(TransferState(Phase.CASTING, bytes=3_000_000, total=9_000_000))
    assert "written out" in told(TransferState(Phase.FLUSHING, bytes=9_000_000, total=9_000_000))


def test_a_transfer_is_looked_at_less_often_than_all_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)  # drawing costs nothing
    system = FakeSystem(ONE)
    seat = begun(f"{ADDRESS} umode=rcv disk=/dev/sda", system)
    assert seat.shown == "transfer"
    during = seat.pace
    system.running.outcome = Outcome(OutcomeKind.EQUAL, say("equal"))
    seat.tick()
    assert (during, seat.pace) == (1.0, 0.25)
    assert seat.ui.hastened == 1  # else the result's countdown would begin only when the transfer's last pause is over


def test_the_next_transfer_is_drawn_as_it_begins() -> None:
    system = FakeSystem(ONE)
    seat = begun(f"{ADDRESS} auto=yes umode=rcv disk=/dev/sda retry=2", system)
    assert "Waiting for the sender." in seat.text
    seat.over(OutcomeKind.TRUNCATED)
    seat.act("again")
    assert len(system.started) == 2
    assert "Waiting for the sender." in seat.text


def test_the_menu_stays_on_top_while_the_transfer_goes_on() -> None:
    system = FakeSystem(ONE)
    seat = begun(f"{ADDRESS} umode=rcv disk=/dev/sda", system)
    seat.menu()
    seat.tick()
    assert seat.shown == "menu"
    seat.act("close")
    assert seat.shown == "transfer"


def test_a_menu_that_was_opened_before_becomes_the_transfers() -> None:
    system = FakeSystem(ONE, job=FakeJob(ready=False))
    seat = begun(f"{ADDRESS} umode=rcv disk=/dev/sda", system)
    seat.menu()
    assert "CANCEL" not in seat.text
    system.job.ready = True
    seat.tick()
    assert (seat.shown, "CANCEL" in seat.text, "Shell" in seat.text) == ("menu", True, False)
    seat.act("cancel")
    assert system.running.cancelled


@pytest.mark.parametrize(
    ("role", "phase", "words"),
    [
        ("snd", Phase.WAITING, "nothing has been sent yet"),
        ("snd", Phase.CASTING, "every receiver that has not all of it is then incomplete"),
        ("rcv", Phase.WAITING, "nothing has been written yet"),
        ("rcv", Phase.CASTING, "this disk is then incomplete"),
        ("rcv", Phase.FLUSHING, "this disk is then incomplete"),
        ("rcv", Phase.VERIFYING, "this disk has been written, and is then not compared"),
    ],
)
def test_what_it_means_to_cancel_is_said_as_it_is_at_that_moment(role: str, phase: Phase, words: str) -> None:
    system = FakeSystem(ONE)
    seat = begun(f"{ADDRESS} umode={role} disk=/dev/sda", system)
    seat.menu()
    assert "yet" in seat.text
    system.running.state = TransferState(phase)
    seat.news()
    assert (seat.shown, words in " ".join(seat.text.split())) == ("menu", True)


@pytest.mark.parametrize("action", ["rescan", "shell", "reboot", "poweroff", "retry", "change"])
def test_nothing_but_cancelling_ends_a_transfer(action: str) -> None:
    """A key may be pressed for a screen that the transfer has just replaced."""
    system = FakeSystem(ONE)
    seat = begun(f"{ADDRESS} auto=yes umode=rcv disk=/dev/sda", system)
    seat.act(action)
    assert (seat.stage, seat.left, len(system.started), system.running.cancelled) == (Transferring, False, 1, False)


def test_a_descriptor_that_was_readable_in_the_same_round_as_the_end_changes_nothing() -> None:
    system = FakeSystem(ONE)
    seat = begun(f"{ADDRESS} umode=rcv disk=/dev/sda", system)
    seat.over(OutcomeKind.EQUAL)
    (ready,) = seat.ui.unwatched
    system.running.outcome = Outcome(OutcomeKind.CANCELLED, say("It is over."))
    ready()
    assert (seat.shown, len(system.kept)) == ("result", 1)


def test_a_menu_over_a_transfer_that_fails_offers_no_more_to_cancel_it() -> None:
    system = FakeSystem(ONE)
    seat = begun(f"{ADDRESS} umode=rcv disk=/dev/sda", system)
    seat.menu()
    assert "CANCEL" in seat.text
    system.running.failure = LauncherError(
        ErrorKind.DISK_UNREADABLE, say("/dev/sda could not be opened."), say("Look at its cable.")
    )
    seat.tick()
    assert (seat.shown, "CANCEL" in seat.text, "Shell" in seat.text) == ("menu", False, True)
    seat.back()
    assert (seat.shown, "/dev/sda could not be opened." in seat.text) == ("error", True)


def test_there_is_no_way_back_from_a_transfer() -> None:
    system = FakeSystem(ONE)
    seat = begun(f"{ADDRESS} umode=rcv disk=/dev/sda", system)
    seat.back()
    assert (seat.stage, seat.shown, len(system.started)) == (Transferring, "transfer", 1)


def test_the_operators_key_begins_the_cast_of_the_transfer_that_runs() -> None:
    system = FakeSystem(ONE)
    seat = begun(f"{ADDRESS} umode=snd", system)
    assert seat.ui.page
    seat.ui.page.keys["enter"]()
    assert system.running.begun == 1


def test_a_menu_over_a_transfer_gives_way_to_its_result() -> None:
    system = FakeSystem(ONE)
    seat = begun(f"{ADDRESS} umode=rcv disk=/dev/sda", system)
    seat.menu()
    seat.over(OutcomeKind.EQUAL)
    assert seat.shown == "result"


@pytest.mark.parametrize("fails", [False, True])
def test_a_transfer_is_closed_once_when_it_is_over(fails: bool) -> None:
    system = FakeSystem(ONE)
    seat = begun(f"{ADDRESS} auto=yes umode=rcv disk=/dev/sda", system)
    running = system.running
    assert running.closed == 0
    if fails:
        running.failure = LauncherError(
            ErrorKind.DISK_UNREADABLE, say("/dev/sda could not be opened."), say("Look at its cable.")
        )
        seat.tick()
    else:
        seat.over(OutcomeKind.EQUAL)
    seat.tick()
    assert (seat.shown, running.closed) == ("result", 1)


def test_all_that_is_sent_whole_can_be_read() -> None:
    system = FakeSystem(ONE)
    seat = begun(f"{ADDRESS} umode=rcv disk=/dev/sda", system)
    seat.key("w")
    assert seat.shown == "transfer"
    whole = tuple(say("sda{number} is sent whole: it is not clean.", number=number) for number in range(1, 9))
    system.running.state = TransferState(notes=(say("A note."),), whole=whole)
    seat.news()
    seat.key("w")
    assert (seat.shown, "A note." in seat.text, "sda8" in seat.text) == ("warnings", True, True)
    seat.back()
    assert seat.shown == "transfer"
