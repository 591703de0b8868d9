"""The screen of a running transfer at 80x24: what must be seen is seen, however much there is to show."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from launcher.answers.selectors import whole
from launcher.model.machine import Partition
from launcher.model.outcome import Outcome, OutcomeKind
from launcher.model.plan import Role
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


def test_a_message_is_drawn_as_it_comes() -> None:
    page, drawn = TransferPage(a_plan(), lambda: None, ""), list[None]()
    page.show(TransferState(), lambda: drawn.append(None))
    page.show(TransferState(), lambda: drawn.append(None))
    page.show(TransferState(messages=(say("x"),)), lambda: drawn.append(None))
    assert len(drawn) == 2
