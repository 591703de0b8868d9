"""A clone that is equal, on a larger disk: the operator is asked, it grows, and what follows the result goes on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from launcher.events import EventLog
from launcher.exits import Exit
from launcher.model.growth import Growth, GrowthKind, Offer, Tell, failed, grown
from launcher.model.outcome import Outcome, OutcomeKind
from launcher.screens import growing
from launcher.sentence import Sentence, say
from launcher.session import growing as stage
from launcher.session.growing import Growing
from tests.common import ONE
from tests.launcher.session.driver import ADDRESS, FakeSystem, FakeTransfer, Seat, begun

pytestmark = pytest.mark.usefixtures("no_terminal")

CHECKED = say("Windows checks it at its next start.")


def not_here(tell: Tell) -> Growth:
    raise AssertionError("nothing grows in these tests")


OFFER = Offer("sda2", "ntfs", 40_000_000_000, 200_000_000_000, not_here, ("sda3",), (CHECKED,))
EQUAL = Outcome(OutcomeKind.EQUAL, say("It is equal."), offer=OFFER)
REPORTED = "remontee_info=y page_remontee=http://se3/r"


def asked(line: str = "") -> tuple[Seat, FakeSystem]:
    system = FakeSystem(ONE, running=FakeTransfer(EQUAL))
    seat = begun(f"{ADDRESS} umode=rcv disk=/dev/sda {line}", system)
    seat.tick()
    return seat, system


@dataclass
class FakeJob:
    """A partition that grows until something has become of it."""

    offer: Offer
    log: EventLog
    told: tuple[Sentence, ...] = ()
    seconds: float = 0.0
    growth: Growth | None = None

    def start(self) -> None: ...

    def wait(self, timeout: float) -> Growth | None:
        return self.growth


@pytest.fixture(autouse=True)
def work(monkeypatch: pytest.MonkeyPatch) -> list[FakeJob]:
    """What grows."""
    begun: list[FakeJob] = []

    def job(offer: Offer, log: EventLog) -> FakeJob:
        begun.append(FakeJob(offer, log))
        return begun[-1]

    monkeypatch.setattr(stage, "GrowJob", job)
    return begun


def words(seat: Seat) -> str:
    return " ".join(seat.text.split())


def test_who_attends_is_asked_what_grows_from_how_much_to_how_much_and_what_moves(work: list[FakeJob]) -> None:
    seat, _ = asked()
    assert (seat.stage, seat.shown) == (Growing, "grow")
    for part in (
        "Shall sda2 grow?",
        "sda2 (ntfs) would grow from 40.0 GB to 200.0 GB",
        "to the end of the disk before: sda3.",
        "Windows checks it",
        "> No: the rest of this disk stays free",
        "Grow sda2 to 200.0 GB",
    ):
        assert part in words(seat)
    assert not work


def test_a_clone_that_was_not_read_back_is_not_called_done() -> None:
    system = FakeSystem(ONE, running=FakeTransfer(replace(EQUAL, kind=OutcomeKind.ARRIVED)))
    seat = begun(f"{ADDRESS} umode=rcv disk=/dev/sda verify=no", system)
    seat.tick()
    assert "WRITTEN, and this disk is larger. Shall sda2 grow?" in seat.text and "DONE" not in seat.text


def test_the_result_is_kept_before_anybody_is_asked() -> None:
    _, system = asked()
    assert [(one["kind"], one["growth"]) for one in system.kept] == [("equal", None)]


@pytest.mark.parametrize("action", ["cancel", "reboot", "shell", "poweroff", "rescan", "retry", "change", "again", "y"])
def test_only_a_choice_of_the_page_answers(action: str, work: list[FakeJob]) -> None:
    seat, _ = asked()
    seat.act(action)
    seat.back()
    seat.touched()
    seat.tick()
    assert (seat.stage, seat.shown, seat.left, work) == (Growing, "grow", False, [])


def test_no_leads_to_the_result_which_says_so(work: list[FakeJob]) -> None:
    seat, system = asked()
    seat.act(growing.NO)
    assert seat.shown == "result"
    assert "DONE" in seat.text and "Not grown: it was not wanted. The clone is as it was." in words(seat)
    assert system.kept[-1]["growth"]["kind"] == "not-grown"
    assert not work


def test_yes_shows_how_far_it_is_and_then_the_result(work: list[FakeJob]) -> None:
    seat, system = asked()
    seat.act(growing.YES)
    (job,) = work
    assert job.offer is OFFER
    job.told = (say("Moving sda3 ..."), say("Growing the file system ..."))
    job.seconds = 75.0
    seat.tick()
    assert seat.shown == "growing"
    for part in ("GROWING sda2 from 40.0 GB to 200.0 GB", "Do not switch off", "Moving sda3", "file system", "1:15"):
        assert part in words(seat)
    job.growth = grown(OFFER)
    seat.tick()
    assert seat.shown == "result"
    for part in ("DONE", "Grown: sda2 from 40.0 GB to 200.0 GB.", "Windows checks it at its next start."):
        assert part in words(seat)
    assert system.kept[-1]["growth"]["after"] == 200_000_000_000


def test_a_growing_that_failed_leaves_an_equal_clone_and_says_so(work: list[FakeJob]) -> None:
    seat, _ = asked()
    seat.act(growing.YES)
    work[0].growth = failed(OFFER, say("resize2fs ended with status 1."), say("Look at it."))
    seat.tick()
    for part in ("DONE", "failed: resize2fs ended with status 1. The clone is as it was.", "Look at it."):
        assert part in words(seat)


@pytest.mark.parametrize("while_it_grows", [False, True])
def test_the_menu_offers_nothing_that_would_leave(while_it_grows: bool, work: list[FakeJob]) -> None:
    seat, _ = asked()
    if while_it_grows:
        seat.act(growing.YES)
    seat.menu()
    assert seat.shown == "menu"
    assert not any(word in seat.text for word in ("Shell", "Power off", "Restart", "CANCEL", "Look for"))
    seat.act("close")
    assert seat.shown == ("growing" if while_it_grows else "grow")
    assert len(work) == while_it_grows


def test_a_menu_that_was_opened_during_the_cast_cannot_leave_either() -> None:
    system = FakeSystem(ONE)
    seat = begun(f"{ADDRESS} umode=rcv disk=/dev/sda", system)
    seat.menu()
    system.running.outcome = EQUAL
    seat.tick()
    assert seat.shown == "grow"


def test_a_second_answer_starts_nothing_twice(work: list[FakeJob]) -> None:
    seat, _ = asked()
    seat.act(growing.YES)
    seat.act(growing.YES)
    seat.act(growing.NO)
    assert (len(work), seat.shown) == (1, "growing")


@pytest.mark.parametrize("line", ["after=reboot", REPORTED])
def test_where_something_follows_a_question_that_nobody_answers_means_no(
    line: str, monkeypatch: pytest.MonkeyPatch, work: list[FakeJob]
) -> None:
    monkeypatch.setattr(growing, "PATIENCE", 0.0)
    seat, system = asked(line)
    seat.tick()
    assert (seat.shown, work) == ("result", [])
    assert system.kept[-1]["growth"]["kind"] == "not-grown"


def test_who_is_there_is_not_hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    seat, _ = asked("after=reboot")
    assert "Without a key it stays as it is in 120 s" in words(seat)
    monkeypatch.setattr(growing, "PATIENCE", 0.0)
    seat.touched()
    seat.tick()
    assert seat.shown == "grow" and "Without a key" not in seat.text


def test_where_nothing_follows_nobody_is_hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing, "PATIENCE", 0.0)
    seat, _ = asked()
    seat.tick()
    assert seat.shown == "grow"


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("answer", [growing.NO, growing.YES])
def test_what_follows_the_result_goes_on_behind_the_answer(answer: str, work: list[FakeJob]) -> None:
    seat, system = asked(f"after=reboot {REPORTED}")
    assert not system.reports
    seat.act(answer)
    for job in work:
        assert not system.reports
        job.growth = grown(OFFER)
        seat.tick()
    assert seat.shown == "result" and len(system.reports) == 1
    seat.app.telling.close()  # type: ignore[union-attr]
    seat.tick()
    assert (seat.left, seat.status) == (True, Exit.REBOOT)


def test_long_sentences_leave_the_answers_on_the_page() -> None:
    remark = say(
        "Das ist ein langer Satz in einer anderen Sprache, wie ihn eine Übersetzung haben kann, mit Anhang. " * 2
    )
    offer = replace(OFFER, remarks=(remark,) * 6, moves=tuple(f"nvme0n1p{number}" for number in range(3, 12)))
    system = FakeSystem(ONE, running=FakeTransfer(replace(EQUAL, sentence=remark, offer=offer)))
    seat = begun(f"{ADDRESS} umode=rcv disk=/dev/sda after=reboot", system)
    seat.tick()
    for part in ("Shall sda2 grow?", "> No: the rest of this disk stays free", "Grow sda2 to 200.0 GB"):
        assert part in words(seat)


@pytest.mark.usefixtures("at_once")
def test_a_growing_that_broke_the_clone_is_a_failure(work: list[FakeJob]) -> None:
    seat, system = asked("after=reboot,poweroff")
    seat.act(growing.YES)
    work[0].growth = Growth(GrowthKind.BROKEN, say("sda2 is broken."), say("Do not use this clone: cast again."))
    seat.tick()
    assert "DONE" not in seat.text
    for part in ("FAILED", "sda2 is broken.", "Do not use this clone: cast again."):
        assert words(seat).count(part) == 1
    assert (system.kept[-1]["ok"], system.kept[-1]["kind"]) == (False, "broken")
    seat.tick()
    assert (seat.left, seat.status) == (True, Exit.POWEROFF)
