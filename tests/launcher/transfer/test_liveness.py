"""How tables of rules work, and that they stay pure."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from enum import Enum

import pytest

from launcher.transfer.liveness import Action, Event, Machine, Rule, diagram
from tests.common import ROOT

EFFECTS = {"asyncio", "os", "queue", "random", "select", "selectors", "socket", "subprocess", "threading", "time"}


@pytest.mark.parametrize(
    "name", ["liveness", "receiver_liveness", "receiver_signals", "sender_liveness", "evidence", "verdict"]
)
def test_rules_have_no_clock_no_socket_no_process_and_no_thread(name: str) -> None:
    tree = ast.parse((ROOT / f"launcher/transfer/{name}.py").read_text())
    imported = {
        alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    imported |= {
        (node.module or "").split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and not node.level
    }
    assert not imported & EFFECTS
    assert not any(isinstance(node, ast.Name) and node.id in ("open", "print", "input") for node in ast.walk(tree))


class Light(Enum):
    RED = "wait"
    GREEN = "go"


@dataclass(frozen=True)
class Seconds(Event):
    count: int


@dataclass(frozen=True)
class Ring(Action):
    times: int


@dataclass(frozen=True)
class Count:
    greens: int = 0


def _long(facts: Count, event: Seconds) -> bool:
    """long enough"""
    return event.count > 9


def _note(facts: Count, event: Seconds) -> Count:
    return replace(facts, greens=facts.greens + 1)


def ring(facts: Count, event: Seconds) -> Ring:
    return Ring(facts.greens)


LIGHTS: tuple[Rule[Count], ...] = (
    Rule((Light.RED,), Seconds, Light.GREEN, when=_long, note=_note, acts=(ring, Ring(7))),
    Rule((Light.RED,), Seconds, None, acts=(Ring(0),)),
    Rule((Light.RED, Light.GREEN), Seconds, Light.RED),
)


def test_the_first_rule_that_fits_is_taken_and_acts_see_what_was_known_before() -> None:
    machine = Machine(LIGHTS, Light.RED, Count())
    assert machine.take(Seconds(9)) == (Ring(0),)
    assert (machine.state, machine.facts) == (Light.RED, Count(0))
    assert machine.take(Seconds(10)) == (Ring(0), Ring(7))
    assert (machine.state, machine.facts) == (Light.GREEN, Count(1))
    assert machine.take(Seconds(1)) == ()
    assert machine.state is Light.RED
    assert machine.take(Event()) == ()


def test_the_diagram_has_every_arrow_once() -> None:
    assert diagram(LIGHTS, Light.RED).splitlines() == [
        *("```mermaid", "stateDiagram-v2", "    [*] --> RED", "    RED --> GREEN: Seconds [long enough]"),
        *("    GREEN --> RED: Seconds", "```"),
    ]
