"""What a sender makes of other senders and of its receivers: the rules as a table, as stories, and what may not be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.model.machine import Disk, Nic
from launcher.model.plan import Address, AddressSource, Plan, Role, Target
from launcher.model.times import TIMES
from launcher.transfer.evidence import LOST, Receiver, ReceiverState
from launcher.transfer.liveness import (
    Action,
    Cancelled,
    DiskHung,
    Event,
    Greeting,
    Kill,
    Machine,
    StopListening,
    Tick,
)
from launcher.transfer.sender_liveness import (
    RULES,
    RUNNING,
    BeginCast,
    Begun,
    Cast,
    Complete,
    Connected,
    Dropped,
    Fed,
    GiveWay,
    Judged,
    Left,
    Part,
    Room,
    SayAlive,
    SendEndNotice,
    Start,
    Stopping,
    Welcome,
    cast,
)

C = Cast
T = TIMES
OWN, LOWER, HIGHER = "52:54:00:75:64:05", "52:54:00:75:64:01", "52:54:00:75:64:09"
DISK = Disk("/dev/sda", 1 << 20)
PLAN = Plan(Role.SEND, Target(DISK.path, DISK.size, DISK), Nic("eth0", OWN.upper()), Address(AddressSource.GIVEN))
ONE, TWO = Receiver(0, "10.77.1.2"), Receiver(1, "10.77.1.3")


def machine(state: Cast = C.LISTENING, **noted: Any) -> Machine[Room]:
    """One that began at 0; in a later state two receivers are there."""
    found = cast(PLAN, T, 0.0)
    found.state = state
    if state is not C.LISTENING:
        found.facts = replace(found.facts, receivers=(ONE, TWO), until=10.0, begun=state in (C.CASTING, C.COMPLETE))
    found.facts = replace(found.facts, **noted)
    return found


def states(one: Machine[Room]) -> list[ReceiverState]:
    return [receiver.state for receiver in one.facts.receivers]


def kinds(actions: tuple[Action, ...]) -> tuple[type[Action], ...]:
    return tuple(type(action) for action in actions)


YIELDS = (StopListening(), GiveWay())
ROWS: list[tuple[dict[str, Any], Cast, Event, Cast, tuple[Action, ...] | tuple[type[Action], ...]]] = [
    ({}, C.LISTENING, Greeting(1, "10.77.1.9", HIGHER), C.OVER, YIELDS),
    ({}, C.LISTENING, Cancelled(), C.OVER, (StopListening(),)),
    ({}, C.LISTENING, Tick(T.listen - 0.1), C.LISTENING, ()),
    ({}, C.LISTENING, Tick(T.listen), C.YIELDING, (Start(),)),
    ({}, C.YIELDING, Greeting(1, "10.77.1.9", LOWER), C.OVER, YIELDS),
    ({}, C.YIELDING, Greeting(1, "10.77.1.9", HIGHER), C.YIELDING, ()),
    ({}, C.YIELDING, Tick(9.9), C.YIELDING, ()),
    ({}, C.YIELDING, Tick(10), C.WAITING, (StopListening(),)),
    ({}, C.YIELDING, Begun(), C.CASTING, (StopListening(), BeginCast())),
    ({}, C.WAITING, Begun(), C.CASTING, (BeginCast(),)),
    *(({}, state, Connected(2, "10.77.1.4"), state, (Welcome(2, "10.77.1.4"),)) for state in RUNNING),
    *(({}, state, Dropped(1), state, (Part,)) for state in RUNNING),
    *(({}, state, Dropped(7), state, ()) for state in RUNNING),
    ({}, C.YIELDING, Left(1), C.YIELDING, (Part,)),
    ({}, C.WAITING, Left(1), C.WAITING, (Part,)),
    ({}, C.CASTING, Left(1), C.CASTING, (Part,)),
    ({"fed": True}, C.CASTING, Left(1), C.CASTING, (Part,)),
    ({}, C.COMPLETE, Left(1), C.COMPLETE, (Part,)),
    *(({}, state, Left(7), state, ()) for state in RUNNING),
    *(({}, state, Fed(), state, ()) for state in RUNNING),
    *(({}, state, Stopping(), state, ()) for state in RUNNING),
    ({}, C.CASTING, Tick(20), C.CASTING, (SayAlive((ONE.address, TWO.address)),)),
    ({"alive_at": 20.1}, C.CASTING, Tick(20), C.CASTING, ()),
    ({"reading": False}, C.CASTING, Tick(20), C.CASTING, ()),
    *(({}, state, Complete(), C.COMPLETE, ()) for state in (C.YIELDING, C.WAITING, C.CASTING)),
    *(({}, state, DiskHung(), C.OVER, (Kill(),)) for state in (C.LISTENING, *RUNNING)),
    *(
        ({}, state, Judged("cancelled"), state, (SendEndNotice((ONE.address, TWO.address), "cancelled"),))
        for state in (*RUNNING, C.OVER)
    ),
]


@pytest.mark.parametrize(("noted", "state", "event", "then", "actions"), ROWS)
def test_what_a_sender_does(
    noted: dict[str, Any], state: Cast, event: Event, then: Cast, actions: tuple[Any, ...]
) -> None:
    one = machine(state, **noted)
    done = one.take(event)
    assert one.state is then
    assert actions in (done, kinds(done))


def test_every_rule_is_reached_by_a_row_in_every_state() -> None:
    reached = set()
    for noted, state, event, *_ in ROWS:
        one = machine(state, **noted)
        rule = next((n for n, rule in enumerate(RULES) if rule.applies(state, one.facts, event)), None)
        reached.add((rule, state))
    assert {(n, state) for n, rule in enumerate(RULES) for state in rule.states} - reached == set()


EVENTS: tuple[Event, ...] = (
    *(Tick(20), Greeting(20, "10.77.1.9", LOWER), Cancelled(), DiskHung(), Begun(), Connected(2, "10.77.1.4")),
    *(Dropped(1), Left(1), Fed(), Stopping(), Complete(), Judged("sent")),
)
IGNORED: dict[Cast, set[type[Event]]] = {
    C.LISTENING: {Begun, Connected, Dropped, Left, Fed, Stopping, Complete, Judged},
    C.YIELDING: {Cancelled},
    C.WAITING: {Tick, Greeting, Cancelled},
    C.CASTING: {Greeting, Cancelled, Begun},
    C.COMPLETE: {Tick, Greeting, Cancelled, Begun, Complete},
    C.OVER: {type(event) for event in EVENTS} - {Judged},
}


def test_what_is_ignored_is_known() -> None:
    ruled = {state: {rule.event for rule in RULES if state in rule.states} for state in Cast}
    assert {state: {type(event) for event in EVENTS} - ruled[state] for state in Cast} == IGNORED


@pytest.mark.parametrize("state", Cast)
def test_nothing_comes_of_what_is_ignored(state: Cast) -> None:
    for event in EVENTS:
        if type(event) in IGNORED[state]:
            one = machine(state)
            before = one.facts
            assert (one.take(event), one.state, one.facts) == ((), state, before)


# --- stories ------------------------------------------------------------------------------------------------------


def test_whoever_waits_already_is_given_way_to_and_named() -> None:
    one = machine()
    one.take(Greeting(1, "10.77.1.9", HIGHER))
    assert one.facts.rival == "10.77.1.9"
    assert not one.facts.begun


def test_of_two_that_began_at_the_same_time_the_lower_one_stays() -> None:
    """Only for a while: behind that, the other one has listened long enough to hear this one."""
    one = machine()
    assert one.take(Tick(4.0)) == (Start(),)
    assert one.facts.until == 4.0 + T.tie
    assert one.take(Greeting(5, "10.77.1.9", HIGHER)) == ()
    assert one.take(Tick(4.0 + T.tie)) == (StopListening(),)
    assert one.take(Greeting(9, "10.77.1.9", LOWER)) == ()
    assert one.state is C.WAITING


def test_who_leaves_before_the_cast_is_forgotten() -> None:
    one = machine(C.WAITING)
    (part,) = one.take(Left(0))
    assert isinstance(part, Part)
    assert (part.address, str(part.reason), part.lost) == (ONE.address, "left before the cast", False)
    assert one.facts.receivers == (TWO,)


@pytest.mark.parametrize(
    ("fed", "complete", "event", "state", "reason"),
    [
        (False, False, Dropped(0), ReceiverState.DROPPED, "silent for too long"),
        (False, False, Left(0), ReceiverState.LEFT, "left before the end"),
        (True, False, Left(0), ReceiverState.NEAR_THE_END, "left near the end"),
        (True, False, Dropped(0), ReceiverState.DROPPED, "silent for too long"),
    ],
)
def test_how_a_receiver_parts(fed: bool, complete: bool, event: Event, state: ReceiverState, reason: str) -> None:
    one = machine(C.CASTING)
    if fed:
        one.take(Fed())
    (part,) = one.take(event)
    assert isinstance(part, Part)
    assert (part.number, part.address, str(part.reason)) == (0, ONE.address, reason)
    assert part.lost == (state in LOST)
    assert states(one) == [state, ReceiverState.CONNECTED]
    assert one.take(event) == (), "it is known to be gone"


def test_who_is_there_when_all_is_complete_has_finished() -> None:
    one = machine(C.CASTING)
    one.take(Dropped(1))
    one.take(Complete())
    assert states(one) == [ReceiverState.FINISHED, ReceiverState.DROPPED]
    assert one.take(Left(0)) == (), "udp-sender tells of it afterwards"
    assert one.take(Judged("receiver-lost")) == (SendEndNotice((TWO.address,), "receiver-lost"),)


def test_who_joins_behind_that_and_leaves_has_finished() -> None:
    one = machine(C.COMPLETE)
    one.take(Connected(5, "10.77.1.5"))
    (part,) = one.take(Left(5))
    assert isinstance(part, Part) and str(part.reason) == "finished"


def test_one_that_comes_back_replaces_its_earlier_self_but_not_one_that_was_lost() -> None:
    one = machine(C.WAITING)
    one.take(Connected(0, "10.77.1.7"))
    assert one.facts.receivers == (TWO, Receiver(0, "10.77.1.7"))
    casting = machine(C.CASTING)
    casting.take(Dropped(0))
    casting.take(Connected(0, ONE.address))
    assert states(casting) == [ReceiverState.DROPPED, ReceiverState.CONNECTED, ReceiverState.CONNECTED]


def test_signs_of_life_come_in_their_interval_while_the_disk_is_read() -> None:
    one = machine(C.CASTING)
    assert kinds(one.take(Tick(100))) == (SayAlive,)
    assert one.take(Tick(100 + T.alive_every - 0.1)) == ()
    one.take(Dropped(0))
    assert one.take(Tick(100 + T.alive_every)) == (SayAlive((TWO.address,)),)
    one.take(Fed())
    assert one.take(Tick(1000)) == ()


# --- what may never happen ----------------------------------------------------------------------------------------

numbers = st.integers(0, 3)
anything = st.one_of(
    st.builds(Tick, st.floats(0, 100)),
    st.builds(Greeting, st.floats(0, 100), st.just("10.77.1.9"), st.sampled_from([LOWER, HIGHER])),
    st.builds(Connected, numbers, st.sampled_from(["10.77.1.2", "10.77.1.3"])),
    st.builds(Dropped, numbers),
    st.builds(Left, numbers),
    *(st.just(event) for event in (Begun(), Fed(), Stopping(), Complete(), Cancelled(), DiskHung())),
)


@given(st.lists(anything, max_size=40))
def test_nothing_is_started_twice_and_nobody_gives_way_during_a_cast(events: list[Event]) -> None:
    one = machine()
    started = 0
    for event in events:
        begun = one.facts.begun
        actions = one.take(event)
        started += actions.count(Start())
        assert not (begun and GiveWay() in actions)
    assert started <= 1


@given(st.lists(anything, max_size=40))
def test_who_was_lost_is_never_counted_as_served(events: list[Event]) -> None:
    one = machine(C.CASTING)
    lost: list[int] = []
    for event in events:
        one.take(event)
        now = [receiver.number for receiver in one.facts.receivers if receiver.state in LOST]
        assert all(now.count(number) >= lost.count(number) for number in lost)
        lost = now


@given(st.lists(anything, max_size=40))
def test_signs_of_life_are_sent_during_the_cast_only_and_to_who_is_there(events: list[Event]) -> None:
    one = machine()
    for event in events:
        there = {receiver.address for receiver in one.facts.receivers if receiver.state is ReceiverState.CONNECTED}
        may = one.facts.begun and one.facts.reading
        for action in one.take(event):
            assert not isinstance(action, SayAlive) or (may and set(action.addresses) <= there)
