"""The result's and the transfer's screens: what they say, and that the important lines are seen at 80x24."""

from __future__ import annotations

from dataclasses import replace

import pytest

from launcher.model.afterwards import Result
from launcher.model.growth import Growth, Offer, Tell, grown, not_grown
from launcher.model.growth import failed as broke
from launcher.model.outcome import OK_KINDS, Outcome, OutcomeKind
from launcher.model.plan import After, Holes, Next, Plan, Role
from launcher.screens import ending, pages
from launcher.screens.ending import Ending, what_is_known
from launcher.screens.progress import TransferPage
from launcher.screens.widgets import Page
from launcher.sentence import say
from launcher.transfer.evidence import Receiver, ReceiverState
from launcher.transfer.status import Phase, TransferState
from launcher.translate import set_language, tr
from tests.common import a_plan, page_text

PLAN = a_plan(attended=False, retry=3)
LONG = (
    "The stream broke off after 123,456,789,012 bytes of 500,107,862,016: udp-receiver was killed by SIGKILL "
    "(out of memory); /dev/sda is not whole."
)
HINT = "Start the cast again for the seats that are not done."


def words(page: Page) -> str:
    return " ".join(page_text(page).split())


def failed(kind: OutcomeKind, **fields: object) -> Outcome:
    outcome = Outcome(kind, say(LONG), say(HINT), bytes=123_456_789_012, seconds=1234.5, xxh128="0" * 64)
    return replace(outcome, **fields)  # type: ignore[arg-type]


def page(outcome: Outcome, plan: Plan = PLAN, earlier: tuple[Outcome, ...] = ()) -> Page:
    return Ending(Result(plan, outcome, 0.0, 60.0, earlier), lambda action: None, "10.0.0.7").page


@pytest.mark.parametrize("kind", OutcomeKind)
@pytest.mark.parametrize("earlier", [(), (failed(OutcomeKind.TRUNCATED),)])
def test_at_80x24_the_title_the_sentence_and_every_action_are_seen(
    kind: OutcomeKind, earlier: tuple[Outcome, ...]
) -> None:
    seen = words(page(failed(kind), replace(PLAN, after=After(Next.REBOOT, Next.POWEROFF)), earlier))
    assert str(ending.TITLES.get(kind, ending.FAILED)) in seen
    assert LONG in seen
    assert "Power off" in seen
    assert "any key keeps this screen" in seen or kind is OutcomeKind.CANCELLED


@pytest.mark.parametrize("code", ["en", "fr"])
def test_what_happened_is_seen_however_many_are_lost(code: str) -> None:
    set_language(code)
    lost = tuple(Receiver(n, f"192.168.100.{n}", ReceiverState.DROPPED).words for n in range(20))
    addresses = tuple(f"192.168.100.{number}" for number in range(100, 130))
    earlier = (failed(OutcomeKind.TRUNCATED),) * 2
    for role in Role:
        outcome = failed(OutcomeKind.TRUNCATED, receivers=addresses, lost=lost, remarks=(say(LONG),))
        seen = words(page(outcome, replace(PLAN, role=role), earlier))
        assert LONG in seen
        assert tr(say(HINT)) in seen
        assert tr(pages.LEAVE[-1].label) in seen
    set_language("en")


def test_a_sentence_that_fills_the_screen_leaves_room_for_the_actions() -> None:
    seen = words(page(failed(OutcomeKind.TRUNCATED, sentence=say(LONG * 20))))
    assert "FAILED" in seen
    assert "Once more" in seen


def test_thirty_receivers_leave_room() -> None:
    addresses = tuple(f"192.168.100.{number}" for number in range(100, 130))
    outcome = failed(OutcomeKind.SENT, receivers=addresses)
    seen = words(page(outcome, replace(PLAN, role=Role.SEND)))
    assert f"{addresses[11]}, and 18 more" in seen
    assert "DONE: the disk was sent" in seen
    assert "Power off" in seen


@pytest.mark.parametrize(
    ("kind", "read_back", "title", "says"),
    [
        (
            OutcomeKind.EQUAL,
            True,
            "DONE: this disk equals the sender's",
            "It was read back from the disk and compared.",
        ),
        (OutcomeKind.ARRIVED, False, "WRITTEN as it was sent, but not read back", "NOT read back"),
        (OutcomeKind.WRITTEN, True, "WRITTEN, but not compared", "Whether that is the sender's disk is not known"),
        (OutcomeKind.WRITTEN, False, "WRITTEN, but not compared", "NOT read back from the disk either"),
        (OutcomeKind.CHANGED, False, "FAILED", ""),
    ],
)
def test_what_was_what_is_known_is_said(kind: OutcomeKind, read_back: bool, title: str, says: str) -> None:
    outcome = Outcome(kind, say("It is over."), read_back=read_back)
    seen = words(page(outcome))
    assert title in seen
    assert says in seen
    assert bool(what_is_known(outcome)) == bool(says)
    assert ("DONE" in seen) == (kind is OutcomeKind.EQUAL)


def colour(outcome: Outcome) -> str:
    """That of the title."""
    rows = page(outcome).widget.render((80, 24), focus=True).content()
    title = str(ending.TITLES.get(outcome.kind, ending.FAILED)).encode()
    return next(str(attribute) for row in rows for attribute, _, text in row if title in text)


def test_what_is_not_compared_has_another_colour_than_what_is_equal() -> None:
    kinds = (OutcomeKind.EQUAL, OutcomeKind.WRITTEN, OutcomeKind.NOT_COMPARED)
    assert [colour(Outcome(kind, say("It is over."))) for kind in kinds] == ["done", "caution", "bad"]


def test_reading_back_is_shown_with_its_own_progress() -> None:
    progress = TransferPage(PLAN, lambda: None, "10.0.0.7")
    progress.update(TransferState(Phase.CASTING, bytes=500_000_000, total=1_000_000_000))
    assert "50 %" in page_text(progress.page)
    progress.update(TransferState(Phase.FLUSHING, bytes=1_000_000_000, total=1_000_000_000))
    assert "it is being written out. Do not switch off." in page_text(progress.page)
    progress.update(TransferState(Phase.VERIFYING, bytes=1_000_000_000, total=1_000_000_000, verified=250_000_000))
    assert "Reading the disk back to compare it. Do not switch off." in page_text(progress.page)
    assert "reading the disk back: 250.0 MB of 1.0 GB" in page_text(progress.page)
    assert "25 %" in page_text(progress.page)


@pytest.mark.parametrize("role", Role)
def test_before_the_cast_there_is_no_progress(role: Role) -> None:
    progress = TransferPage(replace(PLAN, role=role), lambda: None, "")
    progress.update(TransferState(Phase.WAITING, bytes=5_000_000, total=1_000_000_000, receivers=()))
    assert "%" not in page_text(progress.page) and "MB of" not in page_text(progress.page)
    progress.update(TransferState(Phase.CASTING, bytes=5_000_000, total=1_000_000_000, receivers=()))
    assert "%" in page_text(progress.page) and "MB of" in page_text(progress.page)


def test_reading_back_has_a_bar_where_the_stream_gave_no_length() -> None:
    progress = TransferPage(PLAN, lambda: None, "")
    progress.update(TransferState(Phase.VERIFYING, bytes=1000, total=None, verified=0))
    assert "0 %" in page_text(progress.page)


def test_for_whom_a_cast_waits_is_on_the_senders_screen() -> None:
    progress = TransferPage(replace(PLAN, role=Role.SEND), lambda: None, "")
    there = tuple(Receiver(number, f"10.0.0.{number}") for number in range(12))
    progress.update(TransferState(Phase.CASTING, receivers=there, attention=say("The cast has waited.")))
    assert "The cast has waited." in page_text(progress.page)


def test_every_success_has_a_title_of_its_own_and_no_failure_has_one() -> None:
    assert set(ending.TITLES) == set(OK_KINDS)


REMARKS = (
    say("/dev/sda is 512.1 GB larger than what was sent."),
    say("Old signatures behind the clone were cleared: linux_raid_member at byte 1,000,204,824,576, gpt at byte 1."),
    say("The kernel still has the old partitions of /dev/sda: busy. Restart this PC before you use them."),
)


def test_what_else_is_to_be_known_of_the_disk_is_seen() -> None:
    seen = words(page(replace(failed(OutcomeKind.EQUAL), remarks=REMARKS)))
    assert all(str(remark) in seen for remark in REMARKS)
    assert "Power off" in seen


def test_while_it_is_written_the_operator_sees_what_is_known_of_the_disk() -> None:
    page = TransferPage(PLAN, lambda: None, "10.0.0.7")
    page.update(TransferState(Phase.CASTING, bytes=1, total=2))
    assert "larger" not in words(page.page)
    drawn: list[bool] = []
    page.show(TransferState(Phase.CASTING, bytes=1, total=2, notes=REMARKS[:2]), lambda: drawn.append(True))
    assert all(str(remark) in words(page.page) for remark in REMARKS[:2])
    page.show(TransferState(Phase.CASTING, bytes=1, total=2, notes=REMARKS), lambda: drawn.append(True))
    assert len(drawn) == 2


HOLES = failed(OutcomeKind.EQUAL, used=58_200_000_000, total=500_107_862_016, sent=58_200_000_000)
SMALLER = replace(HOLES, up_to=480_000_000_000, rewritten=480_103_981_056)


def not_here(tell: Tell) -> Growth:
    raise AssertionError("nothing grows in these tests")


OFFER = Offer("sda2", "ntfs", 40_000_000_000, 200_000_000_000, not_here)


@pytest.mark.parametrize("code", ["en", "fr", "de"])
@pytest.mark.parametrize(
    ("outcome", "title"),
    [
        (HOLES, "DONE: equal in every used block (58.2 of 500.1 GB)"),
        (SMALLER, "DONE: equal in every used block up to the end of the last partition"),
        (replace(SMALLER, used=500_107_862_016), "DONE: equal up to the end of the last partition"),
        (replace(HOLES, used=500_107_862_016), "DONE: this disk equals the sender's"),
        (replace(HOLES, kind=OutcomeKind.ARRIVED), "WRITTEN as it was sent, but not read back"),
        (replace(SMALLER, kind=OutcomeKind.CHANGED), "FAILED"),
    ],
)
def test_the_title_claims_what_is_equal_and_no_more(outcome: Outcome, title: str, code: str) -> None:
    assert str(ending.title_of(outcome)) == title
    set_language(code)
    seen = words(page(replace(outcome, remarks=REMARKS, growth=grown(OFFER)), a_plan()))
    assert LONG in seen and tr(pages.LEAVE[-1].label) in seen
    set_language("en")


def test_what_is_equal_is_told_in_used_and_whole_bytes() -> None:
    seen = words(page(HOLES, a_plan()))
    assert "All that was written was read back from the disk and compared." in seen
    assert "58.2 of 500.1 GB 20:35 47.1 MB/s" in seen
    assert "It was read back from the disk and compared." not in seen


@pytest.mark.parametrize(
    ("outcome", "plan", "said"),
    [
        (HOLES, a_plan(holes=Holes.KEEP), True),
        (HOLES, a_plan(holes=Holes.ZERO), False),
        (HOLES, a_plan(holes=Holes.DISCARD), False),
        (replace(HOLES, used=500_107_862_016), a_plan(), False),
        (replace(HOLES, kind=OutcomeKind.TRUNCATED), a_plan(), False),
        (replace(HOLES, kind=OutcomeKind.SENT), a_plan(Role.SEND), False),
    ],
)
def test_that_old_data_stays_is_said_where_it_does(outcome: Outcome, plan: Plan, said: bool) -> None:
    assert ("The rest of this disk keeps what was there (holes=keep)." in words(page(outcome, plan))) == said


def test_what_became_of_growing_is_a_result_of_its_own() -> None:
    for growth, say_so in (
        (grown(OFFER, say("Windows checks it.")), "Grown: sda2 from 40.0 GB to 200.0 GB. Windows checks it."),
        (
            not_grown(say("sda2 is not recognised."), OFFER),
            "Not grown: sda2 is not recognised. The clone is as it was.",
        ),
        (broke(OFFER, say("no."), say("Look.")), "sda2 was to grow, and that failed: no. The clone is as it was."),
    ):
        seen = words(page(replace(HOLES, growth=growth), a_plan()))
        assert "DONE" in seen and say_so in seen and "Power off" in seen


def test_a_sender_tells_used_and_whole_bytes() -> None:
    assert "58.2 of 500.1 GB 20:35" in words(page(replace(HOLES, kind=OutcomeKind.SENT), a_plan(Role.SEND)))
