"""Who counts as another sender, and which of two gives way; and what senders say to each other of that."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.model.machine import Disk, Nic
from launcher.model.plan import Address, AddressSource, Plan, Role, Target
from launcher.model.times import TIMES as T
from launcher.transfer.announcement import LONGEST, MAGIC, Announcement, read_announcement, write_announcement
from launcher.transfer.liveness import Event, Greeting, Machine, Tick
from launcher.transfer.rivals import MANY, AnotherWaits, Own, Rival, heard, is_certain, is_own, noted, stays
from launcher.transfer.sender_liveness import Cast, Room, cast
from launcher.transfer.sender_signals import Announce

LOWER, MIDDLE, HIGHER = "52:54:00:00:00:01", "52:54:00:00:00:05", "52:54:00:00:00:09"
HERE, THERE = "10.77.1.1", "10.77.1.9"
OWN = Own(MIDDLE, (HERE,), "own", began=100.0, started=103.5)


def count(*events: Greeting | AnotherWaits) -> Rival:
    """What is known after `events`, all of one sender."""
    rivals: tuple[Rival, ...] = ()
    for event in events:
        rivals = noted(rivals, event, T)
    (one,) = rivals
    return one


def greets(*times: float) -> list[Greeting]:
    return [Greeting(at, THERE, HIGHER) for at in times]


def waits(*times: float, token: str = "it") -> list[AnotherWaits]:
    return [AnotherWaits(at, THERE, HIGHER, token, at) for at in times]


@pytest.mark.parametrize(
    ("events", "certain"),
    [
        (greets(1), False),
        (greets(1, 1.1, 1.2, 1.3, 1.4), False),
        (greets(1, 2), False),
        (greets(1, 2, 3), True),
        (greets(1, 2, 3 + T.insist), False),
        (waits(1), False),
        (waits(1, 1, 1, 1), False),
        (waits(1, 2, 3), True),
        ([*waits(1, token="a"), *waits(2, token="b"), *waits(3, token="c")], False),
        ([*greets(1, 2), *waits(2.1), *greets(3, 4, 5)], False),
    ],
    ids=[
        *("once", "a burst", "twice", "three times", "a long pause", "announced once", "a burst of announcements"),
        *("announced three times", "a new sender each time", "greetings of one that announces itself"),
    ],
)
def test_how_often_a_sender_must_be_heard(events: list[Greeting | AnotherWaits], certain: bool) -> None:
    assert is_certain(count(*events), T) is certain


def test_too_many_are_not_remembered() -> None:
    rivals: tuple[Rival, ...] = ()
    for number in range(3 * MANY):
        rivals = noted(rivals, Greeting(number, f"10.77.2.{number}", HIGHER), T)
    assert len(rivals) == MANY
    assert rivals[-1].address == f"10.77.2.{3 * MANY - 1}"


def test_what_comes_back_is_this_senders_own() -> None:
    assert is_own(OWN, Greeting(1, THERE, MIDDLE))
    assert is_own(OWN, AnotherWaits(1, THERE, HIGHER, "own", 1.0))
    assert not is_own(OWN, Greeting(1, THERE, HIGHER))
    assert not is_own(OWN, AnotherWaits(1, THERE, MIDDLE, "it", 1.0)), "two cards with one MAC address"


NEAR, LONG = T.tie / 2, T.tie * 2


@pytest.mark.parametrize(
    ("mac", "waited", "known_for", "stay"),
    [
        (LOWER, 50 - LONG, 3, True),  # it is later
        (HIGHER, 50 - LONG, 3, True),
        (LOWER, 50 + LONG, 3, False),  # it was first
        (HIGHER, 50 + LONG, 3, False),
        (LOWER, 50 - NEAR, 3, False),  # at the same time
        (LOWER, 50 + NEAR, 3, False),
        (HIGHER, 50 - NEAR, 3, True),
        (HIGHER, 50 + NEAR, 3, True),
        (LOWER, 50 - LONG, T.insist, False),  # later, and goes on
        (HIGHER, 50 - LONG, T.insist, True),
    ],
)
def test_of_two_launchers_the_later_one_gives_way(mac: str, waited: float, known_for: float, stay: bool) -> None:
    assert stays(OWN, Rival(THERE, mac, 150.0 - known_for, 150.0, 3, "it", waited), T) is stay


@pytest.mark.parametrize(
    ("mac", "first", "stay"), [(LOWER, 104, False), (HIGHER, 104, True), (HIGHER, 103, False), (LOWER, 103, False)]
)
def test_of_one_that_only_greets_it_is_known_whether_it_was_heard_first(mac: str, first: float, stay: bool) -> None:
    rival = Rival(THERE, mac, first, 106.0, 3)
    assert stays(OWN, rival, T) is stay
    assert not stays(replace(OWN, started=None), rival, T)


def test_one_with_this_pcs_own_address_is_not_given_way_to() -> None:
    assert stays(OWN, Rival(HERE, LOWER, 101.0, 150.0, 3, "it", 1000.0), T)
    assert stays(OWN, Rival(HERE, LOWER, 101.0, 150.0, 3), T)


def test_a_sender_that_began_anew_is_another_one() -> None:
    before = count(*waits(1, 2, 3))
    assert heard((before,), waits(4, token="new")[0], T).times == 1


# --- two senders --------------------------------------------------------------------------------------------------


def sender(mac: str, token: str, began: float) -> Machine[Room]:
    disk = Disk("/dev/sda", 1 << 20)
    plan = Plan(Role.SEND, Target(disk.path, disk.size, disk), Nic("eth0", mac), Address(AddressSource.GIVEN))
    return cast(plan, T, began, token, (f"10.77.1.{token}",))


@given(
    later=st.floats(0, 60) | st.floats(T.tie - 0.3, T.tie + 0.3),
    forwards=st.floats(0, 90),
    macs=st.sampled_from([(LOWER, HIGHER), (HIGHER, LOWER), (LOWER, LOWER)]),
    delays=st.tuples(st.floats(0, 0.4), st.floats(0, 0.4)),
)
def test_of_two_senders_exactly_one_stays(
    later: float, forwards: float, macs: tuple[str, str], delays: tuple[float, float]
) -> None:
    """However late the second one begins, a port forwards, and a packet arrives; each greets, too."""
    senders = (sender(macs[0], "1", 0.0), sender(macs[1], "2", later))
    begins = (0.0, later)
    air: list[tuple[float, int, Event]] = []
    for step in range(0, 4 * 130):
        now = step / 4
        due, air = [one for one in air if one[0] <= now], [one for one in air if one[0] > now]
        for at, number, event in due:
            if at >= begins[number]:
                senders[number].take(event)
        for number, one in enumerate(senders):
            if now < begins[number]:
                continue
            for action in one.take(Tick(now)):
                if isinstance(action, Announce) and now >= forwards:
                    there, arrives = 1 - number, now + delays[number]
                    said = AnotherWaits(arrives, f"10.77.1.{number + 1}", macs[number], str(number + 1), action.waited)
                    air.append((arrives, there, said))
                    if one.state is Cast.WAITING:
                        air.append((arrives, there, Greeting(arrives, said.address, said.mac)))
    states = [Cast(one.state) for one in senders]
    assert sorted(states, key=lambda state: state.name) == [Cast.OVER, Cast.WAITING]
    if later > T.tie + 1:
        assert states[1] is Cast.OVER, "the later one gives way"


# --- the datagram -------------------------------------------------------------------------------------------------


def test_an_announcement_is_read_as_it_was_written() -> None:
    said = Announcement(9000, "0123456789abcdef", 12.5)
    assert read_announcement(write_announcement(said)) == said


GOOD = {"port": 9000, "token": "x", "waited": 1.5}


@pytest.mark.parametrize(
    "data",
    [
        *(b"", MAGIC, MAGIC + b"[]", MAGIC + b"null", MAGIC + b"\xff", MAGIC + b"[" * 200),
        *(MAGIC + json.dumps({**GOOD, **wrong}).encode() for wrong in (
            {"port": "9000"}, {"port": True}, {"token": 1}, {"token": ""}, {"waited": "1"}, {"waited": -1},
            {"waited": True}, {"waited": float("inf")}, {"waited": float("nan")}, {"token": "x" * LONGEST},
        )),
        *(MAGIC + json.dumps({key: value for key, value in GOOD.items() if key != left}).encode() for left in GOOD),
    ],
)  # fmt: skip
def test_what_is_not_well_formed_is_no_announcement(data: bytes) -> None:
    assert read_announcement(MAGIC + json.dumps(GOOD).encode()) == Announcement(9000, "x", 1.5)
    assert read_announcement(data) is None
