"""What may begin a cast, and what not: the disk that was chosen and no other, on a machine that changes meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from launcher.errors import ErrorKind, LauncherError
from launcher.exits import Exit
from launcher.model.outcome import OutcomeKind
from launcher.network.result_page import Answer
from launcher.sentence import say
from launcher.session.connecting import Connecting
from tests.common import ONE
from tests.launcher.session.driver import ADDRESS, ANOTHER, AUTO, EXCHANGED, REPORTED, FakeJob, FakeSystem, begun

pytestmark = pytest.mark.usefixtures("no_terminal")

VANISHED = OutcomeKind.SENDER_VANISHED


def test_a_disk_that_is_exchanged_while_the_network_comes_up_is_not_written_to() -> None:
    system = FakeSystem(ONE, job=FakeJob(ready=False))
    seat = begun(f"{ADDRESS} umode=rcv disk=/dev/sda", system)
    assert seat.stage is Connecting
    system.now = EXCHANGED
    system.job.ready = True
    seat.tick()
    assert system.started == []
    assert seat.shown == "error"


@pytest.mark.parametrize("line", ["auto=yes umode=rcv", "auto=yes umode=snd", "auto=yes umode=rcv disk=size:500G"])
def test_a_disk_that_appears_while_the_network_comes_up_may_be_the_one_that_is_meant(line: str) -> None:
    system = FakeSystem(ONE, job=FakeJob(ready=False))
    seat = begun(f"{ADDRESS} {line}", system)
    assert seat.stage is Connecting
    system.now, system.job.ready = replace(ONE, disks=(*ONE.disks, ANOTHER)), True
    seat.tick()
    assert (system.started, seat.shown) == ([], "error" if "size:" not in line else "waiting")


def test_an_operator_is_asked_again_when_a_disk_appears_while_the_network_comes_up() -> None:
    system = FakeSystem(ONE, job=FakeJob(ready=False))
    seat = begun(ADDRESS, system)
    seat.answer("umode", "snd")
    system.now, system.job.ready = replace(ONE, disks=(*ONE.disks, ANOTHER)), True
    seat.tick()
    assert (system.started, seat.shown) == ([], "disk")


@pytest.mark.parametrize("line", ["", "umode=rcv disk=/dev/sda"])
def test_a_disk_that_was_confirmed_or_named_stays_the_one_that_is_meant(line: str) -> None:
    system = FakeSystem(ONE, job=FakeJob(ready=False))
    seat = begun(f"{ADDRESS} {line}", system)
    if not line:
        seat.answer("umode", "rcv")
        seat.confirm()
    system.now, system.job.ready = replace(ONE, disks=(*ONE.disks, ANOTHER)), True
    seat.tick()
    assert [plan.target.path for plan in system.started] == ["/dev/sda"]


IN_USE = LauncherError(
    ErrorKind.DISK_IN_USE, say("/dev/sda cannot be written to: it is in use: mounted on /mnt."), say("Unmount it.")
)
NOT_BEGUN = {
    "the disk is in use": (FakeSystem(ONE, refused=IN_USE), str(IN_USE.sentence)),
    "there is no network": (FakeSystem(ONE, job=FakeJob(failed=True)), "There is no link on eth0."),
}


@pytest.mark.parametrize("why", NOT_BEGUN)
def test_what_keeps_an_unattended_transfer_from_beginning_is_a_result_as_any_other(at_once: None, why: str) -> None:
    system, sentence = replace(NOT_BEGUN[why][0], kept=[], reports=[]), NOT_BEGUN[why][1]
    seat = begun(f"{REPORTED} auto=yes retry=3 after=reboot,poweroff", system)
    assert (seat.shown, system.started) == ("result", [])
    assert sentence in seat.text and "Nothing was sent or written." in seat.text
    (kept,) = system.kept
    assert (kept["ok"], kept["kind"], kept["sentence"]) == (False, "not-begun", sentence)
    assert [event["kind"] for event in seat.logged("outcome")] == ["not-begun"]
    assert not seat.logged("error")
    (report,) = system.reports
    assert "succes=n" in report.url
    report.came = Answer(True, 200, say("se3 was told."))
    seat.tick()
    assert (seat.left, seat.status) == (True, Exit.POWEROFF)


def test_once_more_behind_a_transfer_that_did_not_begin_goes_on_as_the_line_says() -> None:
    system = FakeSystem(ONE, refused=IN_USE)
    seat = begun(AUTO, system)
    assert seat.shown == "result"
    system.refused = None
    seat.act("retry")
    assert (seat.shown, len(system.started)) == ("transfer", 1)


@pytest.mark.parametrize("why", NOT_BEGUN)
def test_an_operator_sees_what_keeps_a_transfer_from_beginning_as_an_error(why: str) -> None:
    system = replace(NOT_BEGUN[why][0], kept=[], reports=[])
    seat = begun(f"{ADDRESS} after=reboot umode=snd", system)
    assert (seat.shown, system.kept) == ("error", [])
    assert NOT_BEGUN[why][1] in seat.text
    assert seat.logged("error") and not seat.logged("outcome")


def test_a_disk_that_is_exchanged_between_two_casts_is_not_written_to(at_once: None) -> None:
    system = FakeSystem(ONE)
    seat = begun(f"{AUTO} retry=1 after=menu,poweroff", system)
    seat.over(VANISHED, "It broke off.")
    system.now = EXCHANGED
    seat.tick()
    assert (len(system.started), seat.shown) == (1, "result")
    assert "another disk than the one that was chosen" in " ".join(seat.text.split())
    assert "It broke off." in seat.text
    seat.tick()
    assert seat.status == Exit.POWEROFF


def test_an_operators_next_cast_is_refused_for_another_disk_too() -> None:
    system = FakeSystem(ONE)
    seat = begun(ADDRESS, system)
    seat.answer("umode", "rcv")
    seat.confirm()
    seat.over(VANISHED)
    system.now = EXCHANGED
    seat.act("again")
    assert (len(system.started), seat.shown) == (1, "error")


@pytest.mark.usefixtures("at_once")
def test_the_next_cast_is_for_the_same_disk_whatever_has_appeared() -> None:
    system = FakeSystem(ONE)
    seat = begun(f"{AUTO} retry=1", system)
    system.now = replace(ONE, disks=(ANOTHER, *ONE.disks))
    seat.over(VANISHED)
    seat.tick()
    assert [plan.target.path for plan in system.started] == ["/dev/sda", "/dev/sda"]


# --- the address job --------------------------------------------------------------------------------------------------


def test_the_lease_is_renewed_through_every_cast_until_the_plan_is_given_up(at_once: None) -> None:
    system = FakeSystem(ONE)
    seat = begun(f"{AUTO} retry=1", system)
    seat.over(VANISHED)
    seat.tick()
    seat.over(VANISHED)
    assert (len(system.started), seat.shown, system.job.closed) == (2, "result", 0)
    seat.act("retry")
    assert (seat.shown, system.job.closed) == ("umode", 1)


@pytest.mark.parametrize("way", ["back", "retry", "rescan", "change"])
@pytest.mark.parametrize("state", ["no link yet", "no network", "refused", "failed", "over"])
def test_the_interview_begins_again_without_the_address_of_before(state: str, way: str) -> None:
    job = FakeJob(ready=state != "no link yet", failed=state == "no network")
    system = FakeSystem(ONE, job=job, refused=IN_USE if state == "refused" else None)
    seat = begun(ADDRESS, system)
    seat.answer("umode", "snd")
    if state == "failed":
        system.running.failure = IN_USE
        seat.news()
    elif state == "over":
        seat.over(OutcomeKind.SENT)
    assert job.closed == 0
    seat.back() if way == "back" else seat.act(way)
    assert job.closed == 1
