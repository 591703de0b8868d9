"""What is asked: a question with its choices, the answers to it, and what is known while it is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from ..model.machine import Machine
from ..model.plan import Role
from ..sentence import NOTHING, Sentence, say

T = TypeVar("T")

LINE = say("command line")
OPERATOR = say("operator")
DEFAULT = say("default")


class Given(NamedTuple):
    """A value that came with the boot: `source` is where from, in words; `written` the name as it was written.

    `before`: the values of the same parameter that stand before it there.
    """

    text: str
    source: Sentence
    written: str
    before: tuple[str, ...] = ()


GivenAnswers = dict[str, Given]
"""By the row's key: its own name in canonical spelling."""


class Answer(NamedTuple):
    """A text and where it came from, in words to show. `unique`: it is what the machine left no choice about."""

    text: str
    source: Sentence
    unique: bool = False


@dataclass(frozen=True)
class Facts:
    """What a row and a rule may look at: the machine, what was given, and what the rows before have settled.

    `complete`: no further device is expected. `unattended`: nobody may be asked. `told`: the text that is read is what
    the operator told.
    """

    machine: Machine
    given: Mapping[str, Given] = field(default_factory=dict)
    settled: Mapping[str, object] = field(default_factory=dict)
    complete: bool = True
    unattended: bool = False
    told: bool = False

    def of(self, key: str, kind: type[T]) -> T | None:
        """The value of the row `key`; None while it is open, or where it is no question."""
        value = self.settled.get(key)
        return value if isinstance(value, kind) else None

    def knowing(self, key: str, value: object) -> Facts:
        """These facts, and the value of one more row."""
        return Facts(self.machine, self.given, {**self.settled, key: value}, self.complete, self.unattended)

    @property
    def role(self) -> Role | None:
        """The role, once it is settled: nearly everything depends on it."""
        return self.of("umode", Role)


class Choice(NamedTuple):
    """One line of a screen: `text` is the answer it stands for, `detail` is shown below the label."""

    text: str
    label: Sentence
    detail: Sentence = NOTHING


Parse = Callable[[str, Facts], object]
"""From a text to its value. Raises AnswerError; DeviceMissing where what is meant is not there yet."""

Choices = Callable[[Facts], tuple[Choice, ...]]


def nothing_to_choose(facts: Facts) -> tuple[Choice, ...]:
    return ()


class Question(NamedTuple):
    """What is put on a screen. Without choices the answer is typed."""

    key: str
    title: Sentence
    parse: Parse
    choices: Choices = nothing_to_choose
