"""The screen of a running transfer at 80x24: what must be seen is seen, however much there is to show."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from launcher.answers.selectors import whole
from launcher.model.machine import Partition
from launcher.model.outcome import Outcome, OutcomeKind
from launcher.model.plan import Holes, Plan, Role
from launcher.screens.progress import TransferPage
from launcher.sentence import say
from launcher.transfer.evidence import Receiver, ReceiverState
from launcher.transfer.status import Phase, TransferState
from launcher.udpcast.command import start_condition
from tests.common import TWO, a_plan, page_text

MANY = tuple(Partition(f"/dev/sda{number}", 10**10, "ntfs", "Label") for number in range(1, 9))
CROWDED = a_plan(target=whole(replace(TWO.disks[0], partitions=MANY)), nic=TWO.nics[0])
EARLIER = (
    Outcome(
        OutcomeKind.RECEIVER_LOST,
        say("The cast ended without 10.0.0.9, which was silent for 34 s; the others were there until its end."),
    ),
)
NOTES = (
    say("/dev/sda is larger than the sender's disk: what is behind its end stays unused, and old names there go."),
    say("/dev/sda has the same identifier as the sender's disk."),
)
TROUBLE = say("a program tells its troubles at length, so that it takes more than one line of the operator's screen.")
MESSAGES = tuple(say("Message {number}: {text}", number=number, text=TROUBLE) for number in range(9))


def text(page: TransferPage, state: TransferState) -> str:
    page.update(state)
    return page_text(page.page)


def receivers(count: int) -> tuple[Receiver, ...]:
    return tuple(Receiver(number, f"10.0.0.{number}", ReceiverState.CONNECTED) for number in range(1, count + 1))


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("count", [0, 3, 30, 1000])
def test_notes_the_newest_message_and_the_count_of_receivers_are_always_seen(
    role: Role, phase: Phase, count: int
) -> None:
    page = TransferPage(replace(CROWDED, role=role), lambda: None, "10.0.0.7", EARLIER)
    state = TransferState(phase, 5, 10, receivers=receivers(count), notes=NOTES, messages=MESSAGES, remaining=7.0)
    seen = " ".join(text(page, state).split())
    assert all(str(note) in seen for note in NOTES)
    assert str(MESSAGES[-1]) in seen
    shown = seen.count("connected") - seen.count("receivers connected") - seen.count("receiver connected")
    more = re.search(r"and (\d+) more", seen.partition("#")[2])
    assert shown + (int(more[1]) if more else 0) == (count if role is Role.SEND else 0)


@pytest.mark.parametrize("count", [1, 5, 8])
def test_a_room_that_fits_is_shown_whole(count: int) -> None:
    page = TransferPage(a_plan(Role.SEND), lambda: None, "")
    seen = text(page, TransferState(Phase.CASTING, 5, 10, receivers=receivers(count)))
    assert [f"#{number} 10.0.0.{number} connected" in seen for number in range(1, count + 1)] == [True] * count
    assert "more" not in seen


def test_what_a_receiver_overwrites_is_seen_until_it_does() -> None:
    page = TransferPage(CROWDED, lambda: None, "")
    assert "sda5 ntfs" in text(page, TransferState())
    assert "sda5 ntfs" in text(page, TransferState(messages=MESSAGES[:1]))
    assert "sda5 ntfs" not in text(page, TransferState(Phase.CASTING, 5, 10))


def test_what_is_told_is_seen_in_its_order_and_the_condition_not_twice() -> None:
    """A key that starts nothing, another sender on the wire, a program's complaint: all of these are messages."""
    plan = a_plan(Role.SEND)
    condition = start_condition(plan)
    page = TransferPage(plan, lambda: None, "")
    seen = text(page, TransferState(messages=(condition, say("No receiver yet."), say("Another sender."))))
    assert seen.index("No receiver yet.") < seen.index("Another sender.")
    assert " ".join(seen.split()).count(str(condition)) <= 1


def test_what_is_true_no_more_is_seen_no_more_and_leaves_its_room() -> None:
    page = TransferPage(a_plan(Role.SEND), lambda: None, "")
    looking, complaint = say("Looking at what is used of /dev/sda."), say("a program's complaint")
    messages = (complaint, looking, *(say(f"Not any more {number}.") for number in range(4)))
    assert "Looking at" in text(page, TransferState(messages=messages[:2]))
    page.show(TransferState(messages=messages), lambda: None)
    seen = text(page, TransferState(Phase.CASTING, 5, 10, messages=messages, over=frozenset(messages[1:])))
    assert ("Looking at" in seen, "Not any more" in seen, "complaint" in seen) == (False, False, True)
    drawn: list[None] = []
    page.show(TransferState(messages=messages, over=frozenset(messages[1:])), lambda: drawn.append(None))
    assert drawn, "it goes at once"


def test_a_message_is_drawn_as_it_comes() -> None:
    page, drawn = TransferPage(a_plan(), lambda: None, ""), list[None]()
    page.show(TransferState(), lambda: drawn.append(None))
    page.show(TransferState(), lambda: drawn.append(None))
    page.show(TransferState(messages=(say("x"),)), lambda: drawn.append(None))
    assert len(drawn) == 2


WHY = say(
    "Windows ist dort im Ruhezustand (Schnellstart), also wird alles davon gesendet. Fahren Sie es mit `shutdown /s "
    "/t 0` herunter, damit nur das gesendet wird, was belegt ist."
)
"""As long as a translation may be."""
WHOLE = tuple(say("sda{number}: {why}", number=number, why=WHY) for number in range(1, 15))


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.CASTING])
@pytest.mark.parametrize("count", [0, 1, 3, 14])
@pytest.mark.parametrize("seats", [0, 30])
def test_what_is_sent_whole_pushes_nothing_away_that_is_essential(
    role: Role, phase: Phase, count: int, seats: int
) -> None:
    page = TransferPage(replace(CROWDED, role=role), lambda: None, "10.0.0.7", EARLIER)
    state = TransferState(phase, 50, 100, 9, 18, whole=WHOLE[:count], notes=NOTES, messages=MESSAGES)
    state = replace(state, receivers=receivers(seats), remaining=7.0)
    seen = " ".join(text(page, state).split())
    assert "18 of 100 B are used" in seen
    assert all(str(note) in seen for note in NOTES)
    assert str(MESSAGES[-1]) in seen
    assert phase is Phase.WAITING or ("50 %" in seen and "remaining 0:07" in seen)
    assert role is Role.RECEIVE or not seats or "and" in seen.partition("#")[2]
    shown = len([sentence for sentence in WHOLE[:count] if str(sentence) in seen])
    more = re.search(r"(\d+) more warnings?: press w", seen)
    assert shown + (int(more[1]) if more else 0) == count


def test_a_partition_that_is_sent_whole_is_named_with_its_reason() -> None:
    page = TransferPage(a_plan(Role.SEND), lambda: None, "")
    seen = " ".join(text(page, TransferState(total=10**9, used=10**8, whole=WHOLE[:2])).split())
    assert str(WHOLE[0]) in seen and str(WHOLE[1]) in seen


USED = TransferState(Phase.CASTING, 400 * 10**9, 500_107_862_016, 29_100_000_000, 58_200_000_000, whole=())


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (a_plan(Role.SEND), "58.2 of 500.1 GB are used, and only that is sent."),
        (a_plan(), "58.2 of 500.1 GB are used on the sender's disk, and only that is written. The rest of this disk "),
        (a_plan(holes=Holes.KEEP), "The rest of this disk keeps what was there."),
        (a_plan(holes=Holes.DISCARD), "This disk is told that it needs the rest no more."),
        (a_plan(holes=Holes.ZERO), "The rest of this disk is filled with zeros."),
    ],
)
def test_what_is_used_and_what_becomes_of_the_rest_is_said(plan: Plan, words: str) -> None:
    seen = " ".join(text(TransferPage(plan, lambda: None, ""), USED).split())
    assert words in seen
    assert "58.2" not in text(TransferPage(plan, lambda: None, ""), TransferState(Phase.CASTING, 5, 10))


def test_the_bar_and_what_remains_are_of_used_bytes() -> None:
    page = TransferPage(a_plan(), lambda: None, "")
    seen = text(page, USED)
    assert "50 %" in seen and "29.1 GB of 58.2 GB" in seen
    back = text(page, replace(USED, phase=Phase.VERIFYING, sent=58_200_000_000, verified=14_550_000_000))
    assert "25 %" in back and "reading the disk back: 14.6 GB of 58.2 GB" in back


def test_what_is_cleared_has_a_bar_of_its_own() -> None:
    state = replace(USED, phase=Phase.CLEARING, sent=58_200_000_000, cleared=110_476_965_504)
    seen = text(TransferPage(a_plan(holes=Holes.ZERO), lambda: None, ""), state)
    assert "What is not used is cleared. Do not switch off." in seen
    assert "25 %" in seen and "clearing: 110.5 GB of 441.9 GB" in seen


def test_a_disk_of_which_nothing_is_left_out_is_said_to_be_sent_whole() -> None:
    seen = text(TransferPage(a_plan(Role.SEND), lambda: None, ""), TransferState(total=10**9, used=10**9))
    assert "All 1.0 GB are sent." in seen


def test_what_is_used_is_drawn_as_it_is_known() -> None:
    page, drawn = TransferPage(a_plan(Role.SEND), lambda: None, ""), list[None]()
    for state in (TransferState(), TransferState(total=9, used=3), TransferState(total=9, used=3, whole=WHOLE)):
        page.show(state, lambda: drawn.append(None))
    assert len(drawn) == 3
