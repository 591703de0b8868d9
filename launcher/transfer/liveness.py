"""Who is still there, as rules: events go in, actions come out. No clock, no socket, no process and no thread is here.

A machine is a table of rules (`receiver_liveness`: what a receiver makes of its sender; `sender_liveness`: what a
sender makes of other senders and of its receivers). For an event, the first rule of the table is taken that is for the
state and for this kind of event, and whose condition holds; where there is none, nothing happens. docs/liveness.md is
drawn from the tables. Events carry the time at which they happened, in seconds of one steady clock; how long everything
may last is in the table of times (`model.times`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

F = TypeVar("F")


class Event:
    """Something that happened."""


class Action:
    """Something that must be done."""


@dataclass(frozen=True)
class Tick(Event):
    """Time goes by."""

    at: float


@dataclass(frozen=True)
class Greeting(Event):
    """A udp-sender that waits for receivers was heard: its IPv4 address, and the MAC address of its card."""

    at: float
    address: str
    mac: str = ""


@dataclass(frozen=True)
class Packet(Event):
    """The sender was heard, whatever it said."""

    at: float


@dataclass(frozen=True)
class EndNotice(Event):
    """The sender said that its cast `session` is over, with the outcome `kind`."""

    at: float
    session: str
    kind: str


@dataclass(frozen=True)
class Cancelled(Event):
    """The operator ends the transfer."""


@dataclass(frozen=True)
class DiskHung(Event):
    """The disk has not answered a request for too long."""


@dataclass(frozen=True)
class Kill(Action):
    """End all processes at once; nothing of what they still do is wanted."""


@dataclass(frozen=True)
class StopListening(Action):
    """What senders say from now on does not matter any more."""


@dataclass(frozen=True)
class Rule(Generic[F]):
    """For `event` in one of `states`, if `when`: `facts` as `note` says, the state `to` (None: the same), and `acts`.

    `when` has its condition in words as its documentation. An act is an action, or makes one of the facts as they
    were; what it makes stands behind its arrow.
    """

    states: tuple[Enum, ...]
    event: type[Event]
    to: Enum | None
    when: Callable[[F, Any], bool] | None = None
    note: Callable[[F, Any], F] | None = None
    acts: tuple[Action | Callable[[F, Any], Action], ...] = ()

    def applies(self, state: Enum, facts: F, event: Event) -> bool:
        """Whether this rule is one for `event` now."""
        return state in self.states and isinstance(event, self.event) and (self.when is None or self.when(facts, event))


class Machine(Generic[F]):
    """A table of rules at work: its `state`, and the `facts` that were noted."""

    def __init__(self, rules: tuple[Rule[F], ...], state: Enum, facts: F) -> None:
        self.rules = rules
        self.state = state
        self.facts = facts

    def take(self, event: Event) -> tuple[Action, ...]:
        """Go on by the rule for `event`; the actions are to be done in their order."""
        rule = next((one for one in self.rules if one.applies(self.state, self.facts, event)), None)
        if rule is None:
            return ()
        actions = tuple(act if isinstance(act, Action) else act(self.facts, event) for act in rule.acts)
        self.facts = rule.note(self.facts, event) if rule.note else self.facts
        self.state = rule.to or self.state
        return actions


def reference(rules: tuple[Rule[F], ...], first: Enum) -> str:
    """The states, the rules that lead from one to another as a diagram (Mermaid), and all rules, in Markdown."""
    states = "\n".join(f"| `{state.name}` | {state.value} |" for state in type(first))
    return f"| state | what it is |\n| --- | --- |\n{states}\n\n{diagram(rules, first)}\n{_table(rules)}"


def diagram(rules: tuple[Rule[F], ...], first: Enum) -> str:
    """The rules that lead to another state, as a state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {first.name}"]
    arrows: dict[tuple[str, str], list[str]] = {}
    for rule in rules:
        condition = f" [{_condition(rule)}]" if rule.when else ""
        for state in rule.states:
            if rule.to and rule.to is not state:
                arrows.setdefault((state.name, rule.to.name), []).append(rule.event.__name__ + condition)
    lines += [f"    {here} --> {there}: {'<br>'.join(labels)}" for (here, there), labels in arrows.items()]
    return "```mermaid\n" + "\n".join(lines) + "\n```\n"


def _table(rules: tuple[Rule[F], ...]) -> str:
    """All rules, in the order in which they are tried."""
    rows = ["| in | when | if | then | do |", "| --- | --- | --- | --- | --- |"]
    for rule in rules:
        states = ", ".join(state.name for state in rule.states)
        then = rule.to.name if rule.to else ""
        rows.append(f"| {states} | {rule.event.__name__} | {_condition(rule)} | {then} | {', '.join(_acts(rule))} |")
    return "\n".join(rows) + "\n"


def _condition(rule: Rule[F]) -> str:
    return (rule.when.__doc__ or "").strip() if rule.when else ""


def _acts(rule: Rule[F]) -> list[str]:
    return [type(act).__name__ if isinstance(act, Action) else act.__annotations__["return"] for act in rule.acts]
