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
from launcher.transfer.delays import Delays
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
from launcher.transfer.rivals import AnotherWaits, Own, Rival
from launcher.transfer.sender_liveness import BEFORE, RULES, RUNNING, Cast, Room, cast
from launcher.transfer.sender_signals import (
    Announce,
    Answered,
    BeginCast,
    Begun,
    Complete,
    Connected,
    Dropped,
    Fed,
    Flowing,
    GiveWay,
    GoSaid,
    HoldUp,
    Judged,
    Left,
    NameRival,
    NobodyAnswers,
    Part,
    SayAlive,
    SendEndNotice,
    Start,
    StopCounting,
    Stopping,
    Waiting,
    Welcome,
)

C = Cast
T = TIMES
OWN, LOWER, HIGHER = "52:54:00:75:64:05", "52:54:00:75:64:01", "52:54:00:75:64:09"
DISK = Disk("/dev/sda", 1 << 20)
PLAN = Plan(Role.SEND, Target(DISK.path, DISK.size, DISK), Nic("eth0", OWN.upper()), Address(AddressSource.GIVEN))
ONE, TWO = Receiver(0, "10.77.1.2"), Receiver(1, "10.77.1.3")
HEARS = {"hears": True}
FIRST_ANSWERED = {"hears": True, "receivers": (replace(ONE, answered=True), TWO)}
WAITED = {"delays": Delays(last=1.0, of=(1,), seconds=((1, T.hold_up - 1),))}


def machine(state: Cast = C.LISTENING, **noted: Any) -> Machine[Room]:
    """One that began at 0; in a later state two receivers are there."""
    found = cast(PLAN, T, 0.0)
    found.state = state
    if state is not C.LISTENING:
        found.facts = replace(found.facts, receivers=(ONE, TWO), begun=state in (C.CASTING, C.COMPLETE))
    found.facts = replace(found.facts, **noted)
    return found


def states(one: Machine[Room]) -> list[ReceiverState]:
    return [receiver.state for receiver in one.facts.receivers]


def kinds(actions: tuple[Action, ...]) -> tuple[type[Action], ...]:
    return tuple(type(action) for action in actions)


YIELDS = (StopListening(), GiveWay())
RIVAL = "10.77.1.9"
FORMER, LATTER = Rival(RIVAL, LOWER, 2.0, 4.0, 2), Rival(RIVAL, HIGHER, 2.0, 4.0, 2)
KNOWN = {"rivals": (LATTER,), "own": Own(OWN, ("10.77.1.1",), "own", 0.0, started=1.0)}
SPEAKS = {**KNOWN, "rivals": (replace(LATTER, token="it"),)}
ROWS: list[tuple[dict[str, Any], Cast, Event, Cast, tuple[Action, ...] | tuple[type[Action], ...]]] = [
    *(({}, state, Greeting(1, RIVAL, OWN), state, ()) for state in BEFORE),
    *(({}, state, Greeting(1, RIVAL, LOWER), state, ()) for state in BEFORE),
    *(({"rivals": (FORMER,)}, state, Greeting(5, RIVAL, LOWER), C.OVER, YIELDS) for state in BEFORE),
    *((KNOWN, state, Greeting(5, RIVAL, HIGHER), state, (NameRival(RIVAL, HIGHER, False),)) for state in BEFORE),
    *((SPEAKS, state, AnotherWaits(5, RIVAL, LOWER, "own", 99.0), state, ()) for state in BEFORE),
    *((SPEAKS, state, AnotherWaits(5, RIVAL, LOWER, "it", 99.0), state, ()) for state in BEFORE),
    *((SPEAKS, state, AnotherWaits(5, RIVAL, HIGHER, "it", 99.0), C.OVER, YIELDS) for state in BEFORE),
    *((SPEAKS, state, AnotherWaits(5, RIVAL, HIGHER, "it", 0.0), state, (NameRival,)) for state in BEFORE),
    ({}, C.LISTENING, Cancelled(), C.OVER, (StopListening(),)),
    ({}, C.LISTENING, Tick(T.listen - 0.1), C.LISTENING, (Announce(T.listen - 0.1),)),
    ({}, C.LISTENING, Tick(T.listen), C.WAITING, (Start(),)),
    *(({"announce_at": 2.0}, state, Tick(1.9), state, ()) for state in BEFORE),
    ({"announce_at": 2.0}, C.WAITING, Tick(2.0), C.WAITING, (Announce(2.0),)),
    ({}, C.WAITING, Begun(), C.CASTING, (StopListening(), BeginCast())),
    *(({}, state, Connected(2, "10.77.1.4"), state, (Welcome(2, "10.77.1.4"),)) for state in RUNNING),
    ({}, C.WAITING, GoSaid("10.77.1.7"), C.WAITING, ()),
    *((HEARS, state, Answered(ONE.address), state, ()) for state in RUNNING),
    *((HEARS, state, Answered(ONE.address, whole=False), state, ()) for state in RUNNING),
    *(({**FIRST_ANSWERED, "begun": True}, state, Answered(TWO.address), state, (StopCounting(),)) for state in RUNNING),
    ({}, C.CASTING, Flowing(5), C.CASTING, ()),
    ({}, C.CASTING, Waiting(2, (1,)), C.CASTING, ()),
    (WAITED, C.CASTING, Waiting(2, (1,)), C.CASTING, (HoldUp(((TWO.address, T.hold_up),)),)),
    ({**WAITED, **FIRST_ANSWERED}, C.CASTING, Waiting(2, (1,)), C.CASTING, (HoldUp,)),
    ({**WAITED, **HEARS}, C.CASTING, Waiting(2, (0, 1)), C.CASTING, (NobodyAnswers(2, False),)),
    (HEARS, C.CASTING, Dropped(1), C.CASTING, (Part,)),
    (HEARS, C.CASTING, Left(1), C.CASTING, (Part,)),
    *(({}, state, Dropped(1), state, (Part,)) for state in RUNNING),
    *(({}, state, Dropped(7), state, ()) for state in RUNNING),
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
    *(({}, state, Complete(), C.COMPLETE, ()) for state in (C.WAITING, C.CASTING)),
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
    *(Tick(20), Greeting(20, RIVAL, LOWER), AnotherWaits(20, RIVAL, LOWER, "it", 99.0), Cancelled(), DiskHung()),
    *(Begun(), Connected(2, "10.77.1.4")),
    *(Dropped(1), Left(1), Fed(), Stopping(), Complete(), Judged("sent")),
    *(Answered(ONE.address), Waiting(20, (1,)), Flowing(20), GoSaid("10.77.1.7")),
)
IGNORED: dict[Cast, set[type[Event]]] = {
    C.LISTENING: {type(event) for event in EVENTS} - {Tick, Greeting, AnotherWaits, Cancelled, DiskHung},
    C.WAITING: {Cancelled, Waiting, Flowing},
    C.CASTING: {Greeting, AnotherWaits, Cancelled, Begun, GoSaid},
    C.COMPLETE: {Tick, Greeting, AnotherWaits, Cancelled, Begun, Complete, Waiting, Flowing, GoSaid},
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
    for at in (1.0, 2.0, 3.0):
        assert one.state is C.LISTENING
        one.take(Greeting(at, RIVAL, HIGHER))
    assert one.state is C.OVER
    assert one.facts.rival == RIVAL
    assert not one.facts.begun


def test_one_that_this_sender_stays_beside_is_named_once() -> None:
    one = machine(C.WAITING, own=KNOWN["own"])
    named = [one.take(Greeting(at, RIVAL, HIGHER)) for at in (2.0, 3.0, 4.0, 5.0, 6.0)]
    assert named == [(), (), (NameRival(RIVAL, HIGHER, False),), (), ()]
    assert one.state is C.WAITING


def test_a_sender_with_this_ones_own_address_is_named_and_not_given_way_to() -> None:
    """Two PCs have one address, or somebody forges it: to name this PC to its operator would help nobody."""
    one = machine(C.WAITING, own=KNOWN["own"])
    told = [one.take(AnotherWaits(at, "10.77.1.1", LOWER, "it", 99.0 + at)) for at in (2.0, 3.0, 4.0)]
    assert told == [(), (), (NameRival("10.77.1.1", LOWER, True),)]
    assert one.state is C.WAITING


def test_it_is_announced_until_the_cast_begins_how_long_this_sender_has_waited() -> None:
    one = machine()
    assert [one.take(Tick(at)) for at in (0.0, 0.5, 1.0)] == [(Announce(0.0),), (), (Announce(1.0),)]
    one.take(Tick(T.listen))
    assert one.take(Tick(90.0)) == (Announce(90.0),)
    one.take(Begun())
    assert Announce not in kinds(one.take(Tick(99.0)))


def test_who_leaves_before_the_cast_is_forgotten() -> None:
    one = machine(C.WAITING)
    (part,) = one.take(Left(0))
    assert isinstance(part, Part)
    assert (part.address, str(part.reason), part.lost) == (ONE.address, "left before the cast", False)
    assert one.facts.receivers == (TWO,)
    one.take(Connected(0, ONE.address))
    one.take(Left(0))
    assert one.facts.came == {ONE.address}, "it had connected all the same"


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


@pytest.mark.parametrize("event", [Dropped(0), Left(0)])
@pytest.mark.parametrize("fed", [False, True])
def test_who_acknowledged_nothing_was_never_more_than_a_name(event: Event, fed: bool) -> None:
    """Also one that left near the end, and one that only asked for the data again."""
    one = machine(C.CASTING, hears=True, fed=fed)
    one.take(Answered(ONE.address, whole=False))
    one.take(Answered(TWO.address))
    (part,) = one.take(event)
    assert isinstance(part, Part) and part.lost
    assert str(part.reason) == "connected, never answered"
    assert states(one) == [ReceiverState.NEVER_ANSWERED, ReceiverState.CONNECTED]
    assert one.facts.receivers[0].asked
    one.take(replace(event, number=1))  # type: ignore[type-var]
    assert states(one)[1] in (ReceiverState.DROPPED, ReceiverState.LEFT, ReceiverState.NEAR_THE_END)


def test_where_acknowledgements_cannot_be_heard_nobody_is_called_mute() -> None:
    one = machine(C.CASTING)
    one.take(Dropped(0))
    assert states(one)[0] is ReceiverState.DROPPED


def test_an_acknowledgement_of_a_stranger_is_nobodys() -> None:
    one = machine(C.CASTING, hears=True)
    assert one.take(Answered("10.77.9.9")) == ()
    assert one.facts.receivers == (ONE, TWO)


def test_answers_are_counted_until_all_have_answered() -> None:
    one = machine(C.CASTING, hears=True)
    assert one.take(Answered(ONE.address)) == ()
    assert one.take(Answered(ONE.address)) == ()
    assert one.take(Answered(TWO.address, whole=False)) == ()
    assert one.take(Answered(TWO.address)) == (StopCounting(),)


def test_who_is_there_when_the_cast_begins_is_counted_and_who_began_it_is_noted() -> None:
    one = machine(C.WAITING)
    one.take(GoSaid("10.77.1.7"))
    one.take(Begun())
    one.take(Dropped(1))
    assert (one.facts.joined, one.facts.started_by) == (2, "10.77.1.7")


def test_for_whom_a_cast_waits_is_said_now_and_then() -> None:
    one = machine(C.CASTING, hears=True, receivers=(replace(ONE, answered=True), TWO))
    named = [one.take(Waiting(at, (1,))) for at in (0.0, 4.0, 8.0, 12.0, 16.0, 20.0)]
    told = [actions[0] for actions in named if actions]
    assert told == [HoldUp(((TWO.address, 12.0),)), HoldUp(((TWO.address, 20.0),))]


def test_one_that_only_stops_for_a_moment_is_not_named() -> None:
    one = machine(C.CASTING)
    for second in range(100):
        assert one.take(Waiting(second + 0.05, (1,))) == ()
        one.take(Flowing(second + 1.0))


def test_where_nobody_answers_no_seat_is_named() -> None:
    one = machine(C.CASTING, hears=True)
    one.take(Answered(TWO.address, whole=False))
    told = [one.take(Waiting(at, (0, 1))) for at in (0.0, 6.0, 12.0)]
    assert told == [(), (), (NobodyAnswers(2, True),)]


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
    st.builds(Greeting, st.floats(0, 100), st.just(RIVAL), st.sampled_from([LOWER, HIGHER])),
    st.builds(AnotherWaits, st.floats(0, 100), st.just(RIVAL), st.just(LOWER), st.just("it"), st.floats(0, 100)),
    st.builds(Connected, numbers, st.sampled_from(["10.77.1.2", "10.77.1.3"])),
    st.builds(Dropped, numbers),
    st.builds(Left, numbers),
    st.builds(Answered, st.sampled_from(["10.77.1.2", "10.77.1.3"]), st.booleans()),
    st.builds(Waiting, st.floats(0, 100), st.lists(numbers, max_size=3).map(tuple)),
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


@given(st.lists(anything, max_size=40), st.booleans())
def test_who_was_lost_is_never_counted_as_served(events: list[Event], hears: bool) -> None:
    one = machine(C.CASTING, hears=hears)
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
