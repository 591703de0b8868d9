"""What can be said of a parameter: the type of the rows in `parameters.ROWS`, which alone say it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from kernel_cmdline import canonical

from ..sentence import Measure, Sentence
from .questions import DEFAULT, Answer, Choices, Facts, Parse, Question, nothing_to_choose


class Use(Enum):
    """What the launcher does with a parameter; the values are the statuses of ``explain``."""

    USED = "used"
    FOREIGN = "foreign"
    UNSUPPORTED = "unsupported"
    MISSPELT = "misspelt"
    INVALID = "invalid"


class Acts(Enum):
    """Who acts on a parameter that fills no field of the plan."""

    SCREENS = "the screens speak this language"
    LOG = "the event log is written there, too"
    RECORD = "nobody: the event log keeps it"
    CONSENT = "a screen asks before a disk is overwritten"
    MEDIUM = "by it the launcher knows what this PC was booted from"
    KEYBOARD = "this keymap is loaded before the first screen"
    SHELLS = "whether a shell is offered"
    CONFIGURATION = "its answers are fetched before anything is asked"
    DRIVERS = "they are loaded before disks and cards are detected"


def as_it_is(text: str, facts: Facts) -> object:
    return text


def nothing(facts: Facts) -> None:
    return None


def always(facts: Facts) -> bool:
    return True


def where_given(facts: Facts) -> bool:
    """For `Row.asked`: who goes back is not to press seven more keys blindly before each clone."""
    return False


def without_blanks(text: str) -> bool:
    return False


def always_with_blanks(text: str) -> bool:
    return True


def no_warning(facts: Facts) -> Iterable[Sentence]:
    return ()


def not_overruled(facts: Facts) -> tuple[Answer | None, tuple[Sentence, ...]]:
    return None, ()


class Taken(NamedTuple):
    """How ``launcher transfer`` takes a parameter; what is left away is as on the append line.

    `missing` is the hint where nothing was given, and nothing else can be taken.
    """

    values: str = ""
    meaning: str = ""
    parse: Parse | None = None
    only: Callable[[Facts], Answer | None] | None = None
    missing: Callable[[Facts], Sentence] | None = None


@dataclass(frozen=True, eq=False, repr=False)  # each is one of its kind; what is not made costs no time at boot
class Row:
    """One parameter. What a row leaves away, its parameter does not have.

    In the reference: `name`, `aliases`, `values` and `meaning`, `origin` (U, S, P, K, O), `bare`: what the mere word
    means, where that is no error. `example`: a value, where the parser says of a missing one not what it expects.

    Read: `parse`, `choices`, `only` (the one answer that this machine leaves), `default` (its text). `stands_for`: a
    value of this name means what that other parameter says.

    `blanks`: whether a text may go on behind a blank, so that a quote may have been forgotten (`quoting`).

    Asked: with `title` it is a question of the interview, `when` that is so. ``auto=no`` asks all of them; who goes
    back is asked those that were given, and those that are `asked`. `overruled` gives an answer that comes before what
    was given, and warnings. `warns` are the warnings once it is settled. What is `changed_as` is a question with
    ``auto=no`` only; else an operator may change it.

    Shown: under `label` in the summary; a `quiet` one not while it has its default; its value as a number with a unit,
    where it is `measured`.

    Used: it `fills` a field of the plan, alone or by a rule of `rules.MADE`; or somebody `acts` on it; or it is
    FOREIGN, accepted in silence; or UNSUPPORTED, accepted with a warning. ``transfer`` takes those that are `taken`.
    """

    name: str
    values: str
    meaning: str
    origin: str
    aliases: tuple[str, ...] = ()
    use: Use = Use.USED
    bare: str = ""
    example: str = ""
    parse: Parse = as_it_is
    choices: Choices = nothing_to_choose
    only: Callable[[Facts], Answer | None] = nothing
    default: Callable[[Facts], str | None] = nothing
    stands_for: str = ""
    blanks: Callable[[str], bool] = without_blanks
    title: Sentence | None = None
    changed_as: Sentence | None = None
    when: Callable[[Facts], bool] = always
    asked: Callable[[Facts], bool] = always
    overruled: Callable[[Facts], tuple[Answer | None, tuple[Sentence, ...]]] = not_overruled
    warns: Callable[[Facts], Iterable[Sentence]] = no_warning
    label: Sentence | None = None
    quiet: bool = False
    measured: Callable[[int], Measure] | None = None
    fills: str = ""
    acts: Acts | None = None
    taken: Taken | None = None

    @cached_property
    def key(self) -> str:
        """The name by which it is looked up."""
        return canonical(self.name)

    @property
    def question(self) -> Question:
        """What is put on a screen for it."""
        title = self.title or self.changed_as
        assert title
        return Question(self.key, title, self.parse, self.choices)

    def stands_for_another(self, text: str) -> bool:
        """Whether `text` is no value of its own, but means what another parameter says."""
        return bool(self.stands_for) and text.strip().upper() == self.stands_for.upper()

    def otherwise(self, facts: Facts) -> Answer | None:
        """The answer that is taken where there is none: the only one possible, or the default."""
        only = self.only(facts)
        if only:
            return only
        default = self.default(facts)
        return Answer(default, DEFAULT) if default is not None else None

    def in_transfer(self) -> Row:
        """The row as ``launcher transfer`` takes it."""
        assert self.taken
        there = self.taken
        return replace(
            self,
            values=there.values or self.values,
            meaning=there.meaning or self.meaning,
            parse=there.parse or self.parse,
            only=there.only or self.only,
        )
