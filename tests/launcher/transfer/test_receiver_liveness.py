"""When a receiver takes its sender for gone: the rules as a table, as stories, and as what may never happen."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.model.machine import Disk, Nic
from launcher.model.plan import SILENCE, Address, AddressSource, Options, Plan, Role, Target
from launcher.model.times import TIMES
from launcher.transfer.liveness import (
    Action,
    Cancelled,
    DiskHung,
    EndNotice,
    Event,
    Greeting,
    Kill,
    Machine,
    Packet,
    StopListening,
    Tick,
)
from launcher.transfer.receiver_facts import BEFORE, DURING, Parted, SenderFacts, Sign, Watch
from launcher.transfer.receiver_liveness import RULES, reception
from launcher.transfer.receiver_signals import (
    Alive,
    Announced,
    Answer,
    Ask,
    CameAgain,
    Complained,
    DroppedEarly,
    EndInput,
    FirstByte,
    FirstSlice,
    Found,
    GiveUp,
    GoOn,
    Listen,
    LookIn,
    LookOut,
    Progress,
    Quiet,
    ReceiverEnded,
    Restart,
    Stall,
    StillQuiet,
    StopReceiver,
    Stray,
    StreamEnded,
    TakeLeave,
    Waits,
    Warn,
)

W = Watch
A, B = "10.77.1.1", "10.77.1.2"
T = TIMES
DISK = Disk("/dev/sda", 1 << 20)
PLAN = Plan(
    Role.RECEIVE, Target(DISK.path, DISK.size, DISK), Nic("eth0", "52:54:00:75:64:01"), Address(AddressSource.GIVEN)
)
DEADLINE = float(PLAN.start_timeout)
LIMIT = SILENCE + T.more_patient
LINGER = T.exit_wait + T.exit_late
END = (EndInput(), LookIn(), StopListening())


def machine(state: Watch = W.LOOKING, plan: Plan = PLAN, **noted: Any) -> Machine[SenderFacts]:
    """One that began at 0; in a later state a sender was found at 100."""
    one = reception(plan, T, 0.0)
    one.state = state
    if state is not W.LOOKING:
        found = replace(one.facts, address=A, known=A, greeted=100.0, sign=100.0, trust=T.ask)
        one.facts = replace(found, told=100.0, tell=T.ask)
    one.facts = replace(one.facts, **noted)
    return one


def reason(actions: tuple[Action, ...]) -> str | None:
    return next((action.reason for action in actions if isinstance(action, GiveUp)), None)


def kinds(actions: tuple[Action, ...]) -> tuple[type[Action], ...]:
    return tuple(type(action) for action in actions)


ANEW: tuple[dict[str, Any], ...] = ({"again": True, "greeted_quiet": 100.0}, {"first_slice": 100.05})
BOTH = (Sign(A, 104.0, 103.0), Sign(B, 104.0, 103.0))

# What was noted before, the state, what happens, the state then, and what is to be done.
ROWS: list[tuple[dict[str, Any], Watch, Event, Watch, tuple[Action, ...] | tuple[type[Action], ...]]] = [
    ({}, W.LOOKING, Found(5, A), W.FOUND, (LookOut(A), Listen(A))),
    ({}, W.FOUND, Found(105, B), W.FOUND, (LookOut(B), Listen(B))),
    ({}, W.LOOKING, Waits(), W.LOOKING, ()),
    ({}, W.FOUND, EndNotice(105, "whatever", "cancelled"), W.FOUND, (Ask(A),)),
    ({"doubt": 104.0}, W.FOUND, EndNotice(105, "whatever", "cancelled"), W.FOUND, ()),
    ({}, W.FOUND, Greeting(103.1, A), W.PARTING, (GiveUp,)),
    ({}, W.FOUND, Greeting(102.9, A), W.FOUND, ()),
    ({"usual": 2.0}, W.FOUND, Greeting(103.9, A), W.FOUND, ()),
    ({}, W.FOUND, Greeting(109, B), W.FOUND, ()),
    *(({}, state, Greeting(105, A), state, ()) for state in (W.LOOKING, W.PARTING, W.PAUSED)),
    ({"number": 0}, W.FOUND, Answer(105, A, 1), W.PARTING, (GiveUp, TakeLeave)),
    ({"number": 0}, W.FOUND, Answer(99, A, 1), W.FOUND, ()),
    *(({"number": 0}, W.FOUND, answer, W.FOUND, ()) for answer in (Answer(105, A, 0), Answer(105, B, 1))),
    ({"number": 0, "begun": 104.0}, W.FOUND, Answer(105, A, 1), W.FOUND, ()),
    *(({}, state, Answer(105, A), state, ()) for state in (W.LOOKING, W.FOUND, W.PARTING)),
    ({}, W.PAUSED, Answer(105, A), W.PAUSED, (TakeLeave((A,)),)),
    ({}, W.FOUND, Alive(105, "s"), W.FOUND, ()),
    ({}, W.FOUND, Packet(105), W.FOUND, ()),
    ({}, W.LOOKING, Stray(105, B, 9001, 6), W.LOOKING, ()),
    *(({}, state, Complained("Bad server reply 0006"), state, ()) for state in (W.LOOKING, W.FOUND)),
    ({}, W.FOUND, DroppedEarly(), W.FOUND, ()),
    ({}, W.FOUND, Tick(99.9 + T.ask), W.FOUND, ()),
    ({}, W.FOUND, Tick(100 + T.ask), W.FOUND, (Ask(A),)),
    ({"hears": False}, W.FOUND, Tick(1000 + T.ask), W.FOUND, ()),
    ({"doubt": 130.0, "asks": 1, "asked": 130.0}, W.FOUND, Tick(131.9), W.FOUND, ()),
    ({"sign": 129.0}, W.FOUND, Tick(100 + T.ask), W.FOUND, (Ask(A),)),
    ({"sign": 129.0, "begun": 128.0}, W.FOUND, Tick(100 + T.ask), W.FOUND, ()),
    ({"doubt": 130.0, "asks": 1, "asked": 130.0}, W.FOUND, Tick(132), W.FOUND, (Ask(A),)),
    ({"doubt": 130.0, "asks": 3, "asked": 134.0}, W.FOUND, Tick(136), W.PARTING, (GiveUp,)),
    ({"signs": (Sign(B, 104.0, 103.0),)}, W.FOUND, Tick(105), W.FOUND, (Ask(A),)),
    ({"signs": (Sign(B, 102.0),)}, W.FOUND, Tick(105), W.FOUND, (Ask(B),)),
    ({"signs": (Sign(B, 102.0, asks=3, asked=102.5),)}, W.FOUND, Tick(105), W.FOUND, ()),
    ({"signs": BOTH}, W.FOUND, Tick(105), W.PARTING, (Warn, GiveUp, TakeLeave)),
    ({"signs": BOTH, "begun": 104.0}, W.FOUND, Tick(105), W.FOUND, ()),
    ({"begun": 100.0}, W.FOUND, Tick(109), W.FOUND, ()),
    ({"begun": 100.0}, W.FOUND, Tick(110), W.FOUND, (Warn,)),
    ({"begun": 100.0, "warned": True}, W.FOUND, Tick(111), W.FOUND, ()),
    ({"started": 105.0}, W.PAUSED, Tick(105.5), W.PAUSED, ()),
    ({}, W.PAUSED, Tick(105), W.LOOKING, (Restart(int(DEADLINE) - 105),)),
    ({}, W.PAUSED, Tick(DEADLINE - 0.5), W.OVER, END),
    ({"signs": BOTH}, W.PAUSED, Tick(105), W.PAUSED, ()),
    ({"signs": BOTH}, W.PAUSED, Tick(107), W.PAUSED, (Ask(A),)),
    ({"signs": BOTH}, W.PAUSED, Tick(104 + T.both + 0.1), W.LOOKING, (Restart,)),
    ({}, W.LOOKING, Tick(DEADLINE + T.late), W.LOOKING, ()),
    ({}, W.LOOKING, Tick(DEADLINE + T.late + 1), W.LEAVING, (StopReceiver(),)),
    ({}, W.FOUND, Tick(DEADLINE + T.late + 1), W.LEAVING, (StopReceiver(),)),
    *(({}, state, Cancelled(), W.LEAVING, ()) for state in (W.LOOKING, W.FOUND, W.PARTING)),
    ({}, W.PAUSED, Cancelled(), W.OVER, END),
    *(({}, state, ReceiverEnded(105, True), W.CASTING, END) for state in BEFORE),
    ({}, W.LOOKING, ReceiverEnded(105, False), W.OVER, END),
    ({}, W.FOUND, ReceiverEnded(105, False), W.OVER, END),
    *(({"waited": True}, state, ReceiverEnded(105, False), W.PAUSED, (LookIn, Warn)) for state in (W.LOOKING, W.FOUND)),
    ({"waited": True}, W.LOOKING, ReceiverEnded(DEADLINE - 0.5, False), W.OVER, END),
    ({}, W.PARTING, ReceiverEnded(105, False), W.PAUSED, (LookIn(),)),
    ({}, W.LEAVING, ReceiverEnded(105, False), W.OVER, END),
    *(({}, state, FirstByte(105), W.CASTING, (EndInput(), LookIn(), GoOn())) for state in BEFORE),
    *(({}, state, FirstByte(105), state, (GoOn(),)) for state in DURING),
    *(({}, state, Found(105, B), state, (Listen(B),)) for state in DURING),
    *(({}, state, Announced("s", 50), state, ()) for state in DURING),
    *(({}, state, Progress(9), state, ()) for state in DURING),
    *(({}, state, Greeting(105, A), state, ()) for state in DURING),
    *(({}, state, FirstSlice(105), state, ()) for state in DURING),
    *(({"session": "s"}, state, Alive(105, "s"), state, ()) for state in DURING),
    *(({"session": "s"}, state, Alive(105, "another"), state, ()) for state in DURING),
    *(({"session": "s"}, state, EndNotice(105, "s", "cancelled"), state, ()) for state in DURING),
    *(({}, state, ReceiverEnded(105, False), state, (StopListening(),)) for state in DURING),
    ({}, W.CASTING, Quiet(105), W.QUIET, (LookOut(A),)),
    ({"address": None}, W.CASTING, Quiet(105), W.QUIET, (LookOut(None),)),
    ({}, W.QUIET, Packet(105), W.QUIET, ()),
    ({}, W.QUIET, StillQuiet(100 + LIMIT - 0.1), W.QUIET, (GoOn(),)),
    ({}, W.QUIET, StillQuiet(100 + LIMIT), W.STALLED, (LookIn(), Stall())),
    ({"end_notice": "cancelled"}, W.QUIET, StillQuiet(101), W.STALLED, (LookIn(), Stall())),
    *(({"anew": 100.0, **more}, W.QUIET, StillQuiet(100 + LINGER), W.QUIET, (GoOn(),)) for more in ANEW),
    *(({"anew": 100.0, **more}, W.QUIET, StillQuiet(100.2 + LINGER), W.STALLED, (LookIn(), Stall())) for more in ANEW),
    ({"anew": 100.0, "greeted_quiet": 100.0}, W.QUIET, StillQuiet(100.2 + LINGER), W.QUIET, (GoOn(),)),
    ({"greeted_quiet": 100.0}, W.QUIET, StillQuiet(100 + T.unheard), W.STALLED, (LookIn(), Stall())),
    ({"greeted_quiet": 100.0, "sign": 101.0}, W.QUIET, StillQuiet(100 + T.unheard), W.QUIET, (GoOn(),)),
    ({"anew": 100.0, "first_slice": 99.0}, W.QUIET, StillQuiet(100.2 + LINGER), W.QUIET, (GoOn(),)),
    ({}, W.QUIET, CameAgain(1000), W.CASTING, (LookIn(), GoOn())),
    ({"anew": 100.0}, W.QUIET, CameAgain(100.2), W.CASTING, (LookIn(), GoOn())),
    *(({"anew": 100.0, **more}, W.QUIET, CameAgain(100.05), W.CASTING, (LookIn(), GoOn())) for more in ANEW),
    *(({"anew": 100.0, **more}, W.QUIET, CameAgain(100.2), W.STALLED, (LookIn(), Stall())) for more in ANEW),
    ({"end_notice": "cancelled"}, W.QUIET, CameAgain(100.05), W.STALLED, (LookIn(), Stall())),
    ({"end_notice": "receiver-lost", "ended": 100.0}, W.QUIET, StillQuiet(100 + LINGER), W.QUIET, (GoOn(),)),
    (
        {"end_notice": "receiver-lost", "ended": 100.0},
        W.QUIET,
        StillQuiet(100.1 + LINGER),
        W.STALLED,
        (LookIn(), Stall()),
    ),
    ({"end_notice": "receiver-lost", "ended": 100.0}, W.QUIET, CameAgain(105), W.CASTING, (LookIn(), GoOn())),
    *(({}, state, StreamEnded(None, 9, True), W.OVER, (LookIn(),)) for state in DURING),
    *(({}, state, DiskHung(), W.OVER, (Kill(),)) for state in (*BEFORE, *DURING)),
]


@pytest.mark.parametrize(("noted", "state", "event", "then", "actions"), ROWS)
def test_what_a_receiver_does(
    noted: dict[str, Any], state: Watch, event: Event, then: Watch, actions: tuple[Any, ...]
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
    *(
        Tick(105),
        Greeting(105, A),
        EndNotice(105, "s", "cancelled"),
        Packet(105),
        Cancelled(),
        DiskHung(),
        Found(105, A),
    ),
    *(ReceiverEnded(105, False), FirstByte(105), Announced("s", 50), Progress(9), Quiet(105), StillQuiet(105)),
    *(CameAgain(105), StreamEnded(None, 9, True), Waits(), Answer(105, A), Alive(105, "s"), Stray(105, B, 9001, 6)),
    *(Complained("words"), DroppedEarly(), FirstSlice(105)),
)
WAITING_ONLY = {Waits, Answer, Stray, Complained, DroppedEarly}
CAST_ONLY = {Announced, FirstSlice, Progress, Quiet, StillQuiet, CameAgain, StreamEnded}
IGNORED: dict[Watch, set[type[Event]]] = {
    W.LOOKING: {EndNotice, Packet, Alive, DroppedEarly} | CAST_ONLY,
    W.FOUND: {Waits, Stray} | CAST_ONLY,
    W.PARTING: {Tick, EndNotice, Packet, Found, Alive} | (WAITING_ONLY - {Answer}) | CAST_ONLY,
    W.PAUSED: {EndNotice, Packet, Found, Alive} | (WAITING_ONLY - {Answer}) | CAST_ONLY,
    W.LEAVING: {Tick, Greeting, EndNotice, Packet, Cancelled, Found, Alive} | WAITING_ONLY | CAST_ONLY,
    W.CASTING: {Tick, Packet, Cancelled, StillQuiet, CameAgain} | WAITING_ONLY,
    W.QUIET: {Tick, Cancelled, Quiet} | WAITING_ONLY,
    W.STALLED: {Tick, Packet, Cancelled, Quiet, StillQuiet, CameAgain} | WAITING_ONLY,
    W.OVER: {type(event) for event in EVENTS},
}


def test_what_is_ignored_is_known() -> None:
    ruled = {state: {rule.event for rule in RULES if state in rule.states} for state in Watch}
    assert {state: {type(event) for event in EVENTS} - ruled[state] for state in Watch} == IGNORED


@pytest.mark.parametrize("state", Watch)
def test_nothing_comes_of_what_is_ignored(state: Watch) -> None:
    for event in EVENTS:
        if type(event) in IGNORED[state]:
            one = machine(state)
            before = one.facts
            assert (one.take(event), one.state, one.facts) == ((), state, before)


# --- stories ------------------------------------------------------------------------------------------------------


def test_who_was_never_found_is_not_gone() -> None:
    one = machine()
    for event in (Greeting(50, A), EndNotice(51, "s", "cancelled"), Tick(52), Tick(DEADLINE)):
        assert one.take(event) == ()
    assert one.state is W.LOOKING


class Story:
    """A reception by its clock. `senders`: who answers when it is asked; `said` and `left`: what came of it."""

    def __init__(self, *senders: str, plan: Plan = PLAN) -> None:
        self.one = machine(plan=plan)
        self.at = 0.0
        self.senders = set(senders)
        self.said: list[str] = []
        self.left: list[tuple[str, ...]] = []
        self.asked: list[tuple[float, str]] = []
        self.starts = 1
        self.take(Waits())

    def take(self, event: Event) -> None:
        for action in self.one.take(event):
            match action:
                case Ask(address):
                    self.asked.append((self.at, address))
                    if address in self.senders:
                        self.take(Answer(self.at + 0.001, address))
                case GiveUp(_, words, _):
                    self.said += [str(words)] if words else []
                    self.take(ReceiverEnded(self.at, False))
                case Warn(words, _):
                    self.said.append(str(words))
                case TakeLeave(addresses):
                    self.left.append(addresses)
                case Restart():
                    self.starts += 1
                    self.take(Waits())

    def goes(self, seconds: float, *greeting: str) -> None:
        """Time goes by, in which these senders greet once a second."""
        end = self.at + seconds
        while self.at < end:
            self.at += T.tick
            for address in greeting:
                if self.at % 1 == 0:
                    self.take(Greeting(self.at, address))
                    if self.one.state is W.LOOKING:
                        self.finds(address)
            self.take(Tick(self.at))

    def finds(self, address: str) -> None:
        """udp-receiver is answered."""
        self.take(Answer(self.at, address))
        self.take(Found(self.at + 0.002, address))


def test_a_plain_sender_that_waits_an_hour_for_its_key_keeps_its_seat() -> None:
    """It greets once, says nothing, and answers when it is asked."""
    story = Story(A)
    story.finds(A)
    story.goes(3600)
    assert (story.one.state, story.starts, story.said, story.left) == (W.FOUND, 1, [], [])
    gaps = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(story.asked)]
    assert story.asked[0][0] <= T.ask + T.tick
    assert [round(gap / T.ask) for gap in gaps] == [2, 4, 8, 16, 30, 30]


def test_a_sender_that_greets_is_told_of_this_seat_again() -> None:
    """Somebody may have taken leave of it in this seat's name. Its greetings are packets as well."""
    story = Story(A)
    story.finds(A)
    for _ in range(3600):
        story.goes(1, A)
        story.take(Packet(story.at))
    assert (story.one.state, story.starts, story.said, story.left) == (W.FOUND, 1, [], [])
    assert {address for _, address in story.asked} == {A}
    gaps = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(((0.0, A), *story.asked))]
    assert [round(gap / T.ask) for gap in gaps] == [1, 2, 4, 8, 16, 30, 30]


def test_a_sender_that_was_trusted_for_long_is_left_all_the_same() -> None:
    story = Story(A)
    story.finds(A)
    story.goes(3600)
    story.senders.clear()
    story.goes(T.ask_most + T.ask_times * T.ask_every + 1)
    assert (story.one.state, story.starts) == (W.LOOKING, 2)


def test_a_forged_answer_binds_nobody_for_long() -> None:
    story = Story(A)
    story.finds(B)
    story.goes(T.ask + T.ask_times * T.ask_every + 1)
    assert [address for _, address in story.asked] == [B] * T.ask_times
    assert (story.one.state, story.starts) == (W.LOOKING, 2), "it looks again at once"
    (said,) = story.said
    assert said.startswith(f"The sender {B} does not answer any more: it is gone, or it casts")
    story.finds(A)
    story.goes(60)
    assert (story.one.state, story.starts) == (W.FOUND, 2)


def test_a_forged_answer_is_found_out_at_once_where_the_real_sender_greets() -> None:
    story = Story(A)
    story.finds(B)
    story.goes(12, A)
    assert (story.one.facts.address, story.one.state, story.starts) == (A, W.FOUND, 2)
    assert story.left == []
    assert A not in {address for _, address in story.asked}, "it would count this seat, and cast to nobody"


@pytest.mark.parametrize("before", [True, False])
def test_a_plain_sender_beside_another_one_is_noticed_and_both_are_named(before: bool) -> None:
    """Whoever was found first. The plain one greets once, or has greeted long ago."""
    story = Story(A, B)
    story.take(Answer(0.0, B)) if not before else None
    story.finds(A if not before else B)
    story.goes(12, A)
    assert Watch(story.one.state) is W.PAUSED
    assert story.said == [
        f"More than one sender waits for receivers: {A}, {B}. This seat waits until only one is heard."
    ]
    assert set(story.left[0]) == {A, B}
    story.goes(600, A)
    assert (story.one.state, story.starts) == (W.PAUSED, 1)
    assert all(B in left for left in story.left[1:]), "who is asked is left again"
    story.senders.remove(B)
    story.goes(T.both + T.poll, A)
    assert (story.one.facts.address, Watch(story.one.state)) == (A, W.FOUND)


def test_two_plain_senders_are_noticed_though_neither_greets_again() -> None:
    story = Story(A, B)
    story.take(Answer(0.0, B))
    story.finds(A)
    story.goes(8)
    assert story.one.state is W.PAUSED


@pytest.mark.parametrize("event", [Greeting(5, B), Answer(5, B)])
def test_a_single_datagram_is_no_sender(event: Greeting | Answer) -> None:
    story = Story(A)
    story.finds(A)
    story.goes(4, A)
    story.take(event)
    story.take(replace(event, at=5.05))  # the network brings it twice
    story.goes(60, A)
    assert (story.one.state, story.starts, story.said) == (W.FOUND, 1, [])


def test_a_sender_that_casts_is_not_left_for_another_one_that_begins_to_greet() -> None:
    story = Story(B)
    story.finds(A)
    story.goes(3, A)
    story.take(Alive(story.at, "s"))
    story.goes(6, B)
    assert story.one.facts.address == A and story.left == []


def test_two_senders_until_the_end_of_the_time_are_two_in_the_evidence() -> None:
    story = Story(A, B, plan=replace(PLAN, start_timeout=40))
    story.take(Answer(0.0, B))
    story.finds(A)
    story.goes(60, A, B)
    assert story.one.state is W.OVER
    assert (story.one.facts.rivals, story.one.facts.timed_out) == ((A, B), True)


def test_a_forged_farewell_before_the_cast_costs_nothing() -> None:
    """Three times, as a real one."""
    story = Story(A)
    story.finds(A)
    for _ in range(3):
        story.take(EndNotice(story.at, "any", "cancelled"))
        story.take(Packet(story.at))
    story.goes(60)
    assert (story.one.state, story.starts) == (W.FOUND, 1)


@pytest.mark.parametrize(
    ("kind", "begun", "words"),
    [
        (
            "no-receivers",
            False,
            f"The sender {A} has ended its cast: it has waited for receivers as long as it was told",
        ),
        ("read-error", False, f"The sender {A} has ended its cast: its disk could not be read."),
        ("receiver-lost", True, f"The sender {A} has ended its cast: its cast ended without this seat."),
        (None, True, f"The cast of {A} is over. A switch (IGMP snooping without a querier), a firewall"),
        (None, False, f"The sender {A} does not answer any more"),
    ],
)
def test_who_is_left_before_data_came_is_remembered_with_the_reason(kind: str | None, begun: bool, words: str) -> None:
    story = Story()
    story.finds(A)
    if begun:
        story.take(Alive(0.5, "s"))
    if kind:
        story.at = 2.0
        story.take(EndNotice(2.0, "s", kind))
    story.goes(T.ask + 10)
    assert story.said[-1].startswith(words)
    assert story.one.facts.parted == Parted(A, kind, begun)
    assert story.one.state is W.LOOKING


def test_what_no_data_may_mean_is_said_while_the_cast_goes_on() -> None:
    story = Story()
    story.finds(A)
    while story.at < 60:
        story.take(Alive(story.at, "s"))
        story.goes(T.alive_every)
    assert story.one.state is W.FOUND
    (said,) = story.said
    assert said.startswith(f"The cast of {A} has begun, but no data comes here. A switch (IGMP snooping")
    assert "--broadcast" in said


def test_a_cast_without_data_is_remembered_as_one_when_the_time_is_over() -> None:
    story = Story(plan=replace(PLAN, start_timeout=40))
    story.finds(A)
    while story.one.state is W.FOUND:
        story.take(Alive(story.at, "s"))
        story.goes(T.alive_every)
    assert (story.one.facts.timed_out, story.one.facts.parted) == (True, Parted(A, begun=True))


REQACK, SHORT = Stray(50.2, B, 9001, 6), Stray(50.2, B, 40000, None)


@pytest.mark.parametrize(
    ("heard", "words"),
    [
        ((REQACK,), f"A cast of {B} is under way. This seat waits for the next one."),
        ((Stray(50.2, B, 9001, 8), SHORT), f"A cast of {B} is under way. This seat waits for the next one."),
        (
            (SHORT, REQACK),
            f"{B} (UDP port 40000) sent something that is no sender's greeting. udp-receiver begins anew.",
        ),
        ((Stray(50.2, B, 40000, 6),), f"{B} (UDP port 40000) sent something that is no sender's greeting."),
        (
            (Complained("Too many clients already connected"),),
            "udp-receiver ended (Too many clients already connected), ",
        ),
        ((), "udp-receiver ended, and begins anew."),
        ((Found(50.1, A),), f"The sender {A} sent nothing, and is looked for again."),
        ((Found(50.1, A), DroppedEarly()), f"The sender {A} gave this seat up before any data came."),
    ],
)
def test_whatever_ends_a_udp_receiver_that_waits_it_begins_anew_and_says_what_it_heard(
    heard: tuple[Event, ...], words: str
) -> None:
    story = Story()
    story.goes(50)
    for event in heard:
        story.take(event)
    story.take(ReceiverEnded(50.3, False))
    assert story.said[0].startswith(words)
    story.goes(T.tick)
    assert (story.one.state, story.starts) == (W.LOOKING, 2)
    assert story.one.facts.disturbance is None


def test_it_begins_anew_once_a_second_at_most_and_only_until_start_timeout() -> None:
    story = Story(plan=replace(PLAN, start_timeout=100))
    while story.one.state is not W.OVER:
        if story.one.state is W.LOOKING:
            story.take(ReceiverEnded(story.at, False))
        story.goes(T.tick)
    assert 90 < story.starts <= 100
    assert story.one.facts.timed_out
    assert 97 < story.at <= 100.5


def test_one_that_cannot_even_begin_ends_everything() -> None:
    one = machine()
    one.take(Complained("bind socket to 9000"))
    one.take(ReceiverEnded(0.2, False))
    assert (one.state, one.facts.complaint, one.facts.timed_out) == (W.OVER, "bind socket to 9000", False)


def test_one_that_has_waited_goes_on_when_the_card_is_gone_for_a_while() -> None:
    story = Story()
    story.goes(5)
    story.take(ReceiverEnded(story.at, False))
    story.goes(T.tick)
    story.one.take(Complained("No suitable network interface found"))
    story.take(ReceiverEnded(story.at + 0.1, False))
    assert story.one.state is W.PAUSED


def test_only_a_few_strangers_are_remembered() -> None:
    one = machine(W.FOUND)
    for number in range(1000):
        one.take(Greeting(101 + number / 1000, f"10.0.{number // 250}.{number % 250}"))
    assert len(one.facts.signs) < 20


def greet(one: Machine[SenderFacts], *seconds: float, address: str = A) -> bool:
    """Whether one of these greetings was another sender's; it is found again then."""
    anew = False
    for at in seconds:
        if one.state is W.PARTING:
            one.take(ReceiverEnded(at, False))
            one.take(Tick(at))
            one.take(Found(one.facts.greeted, A))
        anew = reason(one.take(Greeting(at, address))) is not None or anew
    return anew


def found_at_0() -> Machine[SenderFacts]:
    one = machine()
    one.take(Found(0, A))
    return one


def test_a_pause_in_the_greetings_tells_another_sender() -> None:
    one = found_at_0()
    assert not greet(one)
    assert not greet(one, 0.5, 1.5)
    assert not greet(one, 4.4)  # two of them got lost
    assert greet(one, 5.4, 8.5, 9.5)
    assert not greet(one, 10.5)


def test_a_first_greeting_counts_from_the_connection() -> None:
    assert greet(found_at_0(), 3.1)


def test_a_sender_that_greets_seldom_is_taken_for_another_one_once_only() -> None:
    one = found_at_0()
    assert greet(one, 5)
    assert not greet(one, 10, 15, 20)
    assert greet(one, 31)


def test_another_sender_has_an_interval_of_its_own() -> None:
    one = found_at_0()
    assert greet(one, 5)
    one.take(ReceiverEnded(6, False))
    one.take(Tick(6.5))
    one.take(Found(7, B))
    assert one.facts.usual == 0
    assert greet(one, 10.5, address=B)


def test_what_came_before_the_first_byte_is_no_news() -> None:
    one = machine(W.FOUND)
    one.take(Alive(103.5, "s"))
    one.take(FirstByte(104))
    one.take(Greeting(103.9, A))
    one.take(EndNotice(103.9, "s", "cancelled"))
    assert (one.facts.anew, one.facts.end_notice) == (None, None)
    one.take(Greeting(104.1, A))
    assert one.facts.anew == 104.1


def test_the_last_greeting_before_the_next_cast_counts() -> None:
    one = machine(W.CASTING)
    one.take(Greeting(101, A))
    one.take(Greeting(102, A))
    one.take(FirstSlice(102.5))
    one.take(Greeting(103, A))
    one.take(Greeting(104, B))
    assert (one.facts.anew, one.facts.next_began) == (102, True)


def test_the_first_slice_may_be_heard_before_the_greeting_that_it_followed() -> None:
    """They come through two sockets."""
    one = machine(W.CASTING)
    one.take(FirstSlice(102.5))
    assert not one.facts.next_began
    one.take(Greeting(102.4, A))
    assert one.facts.next_began


def goes_on(one: Machine[SenderFacts], at: float) -> bool:
    """Whether a pause of 20 s is got over, and then the end of a stream without a check is believed."""
    one.take(Quiet(at))
    for second in range(20):
        one.take(Packet(at + second))
        if GoOn() not in one.take(StillQuiet(at + second)):
            return False
    if GoOn() not in one.take(CameAgain(at + 20)):
        return False
    one.take(StreamEnded(at + 300, 1 << 40, False))
    return not one.facts.mixed


@pytest.mark.parametrize("session", [None, "mine"], ids=["none, gzip, lzop", "zstd"])
@pytest.mark.parametrize("quiet", [False, True])
@pytest.mark.parametrize(
    "forged",
    [
        (Greeting(150, A),),
        (Greeting(150, A), Greeting(150.05, A)),
        (EndNotice(150, "any", "cancelled"),),
        (EndNotice(150, "any", "read-error"),),
        (EndNotice(150, "any", "receiver-lost"),),
        (FirstSlice(150),),
        (FirstSlice(149), Greeting(150, A)),
        (Greeting(150, B), Greeting(151, B), FirstSlice(152)),
    ],
    ids=[
        "greeting",
        "twice at once",
        "cancelled",
        "read-error",
        "receiver-lost",
        "data",
        "data and greeting",
        "another",
    ],
)
def test_a_forged_datagram_ends_nothing(forged: tuple[Event, ...], quiet: bool, session: str | None) -> None:
    """Neither while data flows, nor in a pause; a sign of life has told the session in either case."""
    one = machine(W.FOUND)
    one.take(Alive(101, "mine"))
    one.take(FirstByte(102))
    if session:
        one.take(Announced(session, None))
    if quiet:
        one.take(Quiet(149))
    for event in forged:
        one.take(event)
    if quiet:
        assert one.take(CameAgain(153)) == (LookIn(), GoOn())
    assert goes_on(one, 200)


def test_greetings_ere_data_flowed_again_are_no_silence() -> None:
    """One in this pause, another one in the next."""
    one = machine(W.CASTING)
    for pause in (200, 300):
        one.take(Quiet(pause))
        one.take(Greeting(pause + 1, A))
        one.take(Packet(pause + 15))
        assert one.take(StillQuiet(pause + 20)) == (GoOn(),)
        assert one.take(CameAgain(pause + 30)) == (LookIn(), GoOn())


@pytest.mark.parametrize(("behind", "counts"), [(0.9, True), (1.1, False)])
def test_a_greeting_behind_the_last_byte_is_one_in_the_silence(behind: float, counts: bool) -> None:
    """That nothing comes is known a second later."""
    one = machine(W.CASTING)
    one.take(Greeting(150, A))
    one.take(Quiet(150 + behind))
    assert (Stall() in one.take(StillQuiet(151 + T.unheard))) is counts


def test_a_sign_of_life_of_this_cast_dispels_greetings() -> None:
    one = machine(W.QUIET, session="mine", said=("mine",))
    for at in (101, 102):
        one.take(Greeting(at, A))
    one.take(Alive(103, "mine"))
    assert one.take(StillQuiet(120)) == (GoOn(),)


def test_a_sender_that_begins_anew_greets_again_and_again() -> None:
    one = machine(W.QUIET)
    for at in (101, 102, 103, 104):
        one.take(Greeting(at, A))
    assert Stall() in one.take(StillQuiet(104.1))


@pytest.mark.parametrize(("session", "believed"), [("mine", True), ("another", False)])
def test_an_end_notice_counts_for_its_own_cast(session: str, believed: bool) -> None:
    one = machine(W.CASTING)
    one.take(Announced("mine", SILENCE + 5))
    assert one.facts.silence == SILENCE + 5 + T.more_patient
    one.take(Quiet(200))
    assert one.take(StillQuiet(201)) == (GoOn(),)
    one.take(EndNotice(202, session, "read-error"))
    assert (Stall() in one.take(StillQuiet(203))) == believed
    assert (one.facts.end_notice is not None) == believed
    assert one.facts.anew is None


def test_a_sender_that_asks_for_too_much_patience_gets_an_hour() -> None:
    one = machine(W.CASTING)
    one.take(Announced("mine", 10**9))
    assert one.facts.silence == 3600 + T.more_patient


def test_a_sender_that_waits_less_than_this_plan_shortens_nothing() -> None:
    one = machine(W.CASTING)
    one.take(Announced("mine", 5))
    assert one.facts.silence == LIMIT
    one.take(Announced("mine", None))
    assert one.facts.silence == LIMIT


@pytest.mark.parametrize(
    ("said", "believed"), [((), False), (("any",), True), (("another",), False), (("any", "another"), False)]
)
def test_a_stream_without_a_manifest_has_the_session_of_the_signs_of_life(
    said: tuple[str, ...], believed: bool
) -> None:
    """Two of them are one too many."""
    quiet, came = machine(W.CASTING), machine(W.CASTING)
    for one in (quiet, came):
        for session in said:
            one.take(Alive(100.5, session))
        one.take(EndNotice(101, "any", "read-error"))
        one.take(Quiet(101.5))
    assert (Stall() in quiet.take(StillQuiet(102))) is believed
    assert (Stall() in came.take(CameAgain(101.51))) is believed, "what was said once stays so"


@pytest.mark.parametrize(
    ("exit_wait", "behind", "came", "over"),
    [(None, 0.7, False, False), (None, 0.7, True, True), (3000, 2, False, False), (None, 0.05, True, False),
     (None, 1.6, False, True), (3000, 4.1, False, True)],
)  # fmt: skip
def test_behind_a_greeting_nothing_more_comes_once_udp_receiver_need_not_linger(
    exit_wait: int | None, behind: float, came: bool, over: bool
) -> None:
    """It has everything, and lingers; or this is the last of the old cast; or what comes now is the next cast's."""
    plan = replace(PLAN, options=Options((f"--exit-wait={exit_wait}",), exit_wait=exit_wait))
    one = machine(W.QUIET, plan)
    one.take(Greeting(150, A))
    one.take(FirstSlice(150.01))
    assert (Stall() in one.take((CameAgain if came else StillQuiet)(150 + behind))) == over


@pytest.mark.parametrize(
    ("behind", "more", "mixed"),
    [
        *((None, 0, False), (-5.0, T.in_flight, False), (0.05, 0, False), (0.3, 0, True)),
        (-5.0, T.in_flight + 1, True),
    ],
    ids=["at once", "what was under way", "its last", "waited for", "too much"],
)
@pytest.mark.parametrize("checked", [False, True])
def test_behind_a_greeting_a_stream_without_a_check_is_not_believed_when_more_comes(
    behind: float | None, more: int, mixed: bool, checked: bool
) -> None:
    one = machine(W.CASTING)
    one.take(Progress(1000))
    one.take(Greeting(150, A))
    one.take(FirstSlice(150.01))
    one.take(StreamEnded(None if behind is None else 150 + behind, 1000 + more, checked))
    assert one.facts.mixed == (mixed and not checked)


def test_without_a_greeting_or_an_end_notice_a_stream_is_one_casts() -> None:
    one = machine(W.CASTING)
    one.take(StreamEnded(150, 1 << 40, False))
    assert not one.facts.mixed


@pytest.mark.parametrize("woken", [None, 101.5, 300.0])
@pytest.mark.parametrize(
    ("kind", "mixed"),
    [("cancelled", True), ("read-error", True), ("stage-failed", True), ("other-sender", True),
     ("receiver-lost", False), ("sent", False), ("a kind of tomorrow", False)],
)  # fmt: skip
def test_another_seats_loss_makes_no_mixture_of_a_stream_and_a_cast_that_broke_off_does(
    kind: str, mixed: bool, woken: float | None
) -> None:
    """To the end of a stream that its sender never sent, somebody else must have helped."""
    one = machine(W.CASTING, session="any")
    one.take(EndNotice(101, "any", kind))
    one.take(StreamEnded(woken, 1 << 40, False))
    assert one.facts.mixed is mixed


@pytest.mark.parametrize(("at", "timed_out"), [(105, False), (DEADLINE - T.late + 0.1, True)])
def test_a_udp_receiver_that_ends_by_itself_in_the_end_had_no_more_time(at: float, timed_out: bool) -> None:
    one = machine()
    one.take(ReceiverEnded(at, False))
    assert one.facts.timed_out == timed_out


def test_udp_receivers_own_clock_may_be_wrong() -> None:
    """To it every packet of whatever sender is a new beginning."""
    one = machine(W.FOUND)
    one.take(Tick(DEADLINE + T.late + 0.1))
    assert one.facts.timed_out
    assert one.facts.address == A, "that a sender was there is told"


# --- what may never happen ----------------------------------------------------------------------------------------

gaps = st.lists(st.floats(0.01, 2.9), min_size=1, max_size=60)


@given(gaps, st.booleans(), st.booleans())
def test_a_sender_that_is_heard_is_never_given_up(steps: list[float], greets: bool, plain: bool) -> None:
    """Whatever the intervals are within the pause; a plain one may be heard by packets only."""
    one = machine()
    at = 5.0
    one.take(Found(at, A))
    for step in steps:
        at += step
        events = [Packet(at), *([Greeting(at, A)] if greets and not plain else []), Tick(at)]
        assert all(set(kinds(one.take(event))) <= {Ask} for event in events)
    assert one.state is W.FOUND


@given(st.lists(st.floats(0.01, LIMIT - 1), min_size=1, max_size=60))
def test_a_cast_whose_sender_is_heard_never_stalls(steps: list[float]) -> None:
    one = machine(W.CASTING)
    at = 100.0
    one.take(Quiet(at))
    for step in steps:
        at += step
        one.take(Packet(at))
        assert one.take(StillQuiet(at + 0.5)) == (GoOn(),)
    assert one.take(CameAgain(at + 1)) == (LookIn(), GoOn())


times = st.floats(100, 400, allow_nan=False)
anything = st.one_of(
    *(st.builds(kind, times) for kind in (Packet, Quiet, StillQuiet, CameAgain, Tick)),
    st.builds(Greeting, times, st.just(A)),
    st.builds(FirstSlice, times),
    st.builds(Alive, times, st.just("mine")),
    st.builds(EndNotice, times, st.sampled_from(["mine", "another"]), st.just("cancelled")),
    st.builds(ReceiverEnded, times, st.booleans()),
    st.builds(Progress, st.integers(0, 1 << 40)),
    st.builds(FirstByte, times),
    st.builds(Found, times, st.sampled_from([A, B])),
    st.builds(StreamEnded, st.none() | times, st.integers(0, 1 << 40), st.booleans()),
    st.just(Cancelled()),
    st.just(DiskHung()),
)


def told(events: list[Event], state: Watch) -> tuple[list[tuple[Action, ...]], Watch, SenderFacts]:
    one = machine(state)
    one.take(Announced("mine", None))
    return [one.take(event) for event in events], Watch(one.state), one.facts


@given(st.lists(anything, max_size=20), st.integers(0, 20), st.sampled_from(DURING))
def test_an_end_notice_of_another_session_ends_nothing(events: list[Event], place: int, state: Watch) -> None:
    mine = [event for event in events if not (isinstance(event, EndNotice) and event.session == "another")]
    place = min(place, len(mine))
    alien = EndNotice(1000, "another", "cancelled")
    actions, *rest = told(mine, state)
    with_alien, *same = told([*mine[:place], alien, *mine[place:]], state)
    assert with_alien.pop(place) == ()
    assert (with_alien, same) == (actions, rest)


@given(st.lists(anything, max_size=40))
def test_behind_the_first_byte_nothing_is_begun_anew(events: list[Event]) -> None:
    one = machine()
    begun = False
    for event in events:
        actions = one.take(event)
        begun = begun or EndInput() in actions
        assert not (begun and any(isinstance(action, (Restart, GiveUp)) for action in actions))


@given(st.lists(anything, max_size=40), st.sampled_from([W.LOOKING, W.FOUND, W.CASTING]))
def test_behind_its_end_a_reception_does_nothing_more(events: list[Event], state: Watch) -> None:
    one = machine(state)
    over = False
    for event in events:
        actions = one.take(event)
        assert not (over and actions)
        over = one.state is W.OVER


@given(st.lists(anything, max_size=40))
def test_who_asks_is_answered_once_or_the_stream_is_not_his_any_more(events: list[Event]) -> None:
    one = machine(W.CASTING)
    for event in events:
        asked = isinstance(event, (StillQuiet, CameAgain)) and one.state is W.QUIET
        answers = [action for action in one.take(event) if isinstance(action, (Stall, GoOn))]
        assert len(answers) == int(asked or (isinstance(event, FirstByte) and W(one.state) in DURING))
