"""What is settled and why, as lines for the role screen and the confirmation. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from kernel_cmdline.network import IpConfig

from ..answers.interview import Settled
from ..answers.lookup import row_of
from ..answers.questions import DEFAULT, OPERATOR, Answer, Choice, Facts, Question
from ..answers.row import Row
from ..model.machine import Disk, Machine, Nic
from ..model.plan import Target
from ..model.wording import contents_line, disk_line, more, nic_line, partition_line, raid_line, size
from ..sentence import NOTHING, Sentence, joined, say, say_many, verbatim

SHOWN_PARTITIONS = 5
ALL = "all"
"""In the place of a key: whatever is settled."""
ALL_SETTINGS = say("All settings")
USUAL_KEYMAP = say("the usual one of the language")
LOOKING = say("looking ...")


@dataclass(frozen=True)
class Line:
    """`wrong` marks a problem."""

    key: str
    title: Sentence
    text: Sentence
    why: Sentence = NOTHING
    wrong: bool = False


def lines(settled: tuple[Settled, ...], machine: Machine, complete: bool) -> tuple[Line, ...]:
    """One line per question an operator cares about. While not `complete`, a missing device is still looked for."""
    possible = {"disk": len(machine.eligible_disks), "nic": len(machine.nics)}
    rows = ((row_of(item.key), item) for item in settled)
    shown = (
        _line(row.label, item, machine, possible.get(item.key, 0), complete)
        for row, item in rows
        if row and row.label and _interesting(row, item)
    )
    return (*shown, Line(ALL, say("More"), ALL_SETTINGS))


def _interesting(row: Row, item: Settled) -> bool:
    """Leaves out what is as always; it stands among all settings."""
    as_always = item.answer is not None and item.answer.source == DEFAULT and not item.problem
    return not (row.quiet and as_always)


def everything(settled: tuple[Settled, ...], machine: Machine, complete: bool) -> tuple[Line, ...]:
    """One line per question, whoever cares, but for the role: that is asked beneath this page."""
    possible = {"disk": len(machine.eligible_disks), "nic": len(machine.nics)}
    rows = ((row_of(item.key), item) for item in settled)
    return tuple(
        _line(row.question.title, item, machine, possible.get(item.key, 0), complete)
        for row, item in rows
        if row and row.key != "umode"
    )


def _line(title: Sentence, item: Settled, machine: Machine, possible: int, complete: bool) -> Line:
    if item.problem:
        if not complete and item.key in ("disk", "nic"):
            return Line(item.key, title, say("looking for {what} ...", what=item.answer.text if item.answer else "?"))
        return Line(item.key, title, item.problem.whole, wrong=True)
    if item.answer is None:
        return Line(item.key, title, _open(item.key, possible, complete))
    wrong = isinstance(item.value, Nic) and item.value.link is False
    return Line(item.key, title, value_text(item, machine), source_text(item.answer), wrong)


def _open(key: str, possible: int, complete: bool) -> Sentence:
    if possible:
        return say_many(
            "{count} possible: you are asked after this", "{count} possible: you are asked after this", possible
        )
    if key in ("disk", "nic"):
        return say("none found") if complete else LOOKING
    return without_answer(key)


def without_answer(key: str) -> Sentence:
    """What becomes of a question that nobody has answered."""
    return USUAL_KEYMAP if key == "kbmap" else say("you are asked after this")


def value_text(item: Settled, machine: Machine) -> Sentence:
    """The value in words: that of a choice as it is to be chosen."""
    value = item.value
    if isinstance(value, Target):
        return target_text(value)
    if isinstance(value, Nic):
        return nic_line(value)
    if isinstance(value, IpConfig):
        return address_text(value)
    if item.key == "compr" and value is None:
        return say("as the stream says")
    if item.key == "kbmap" and value is None:
        return USUAL_KEYMAP
    assert item.answer is not None
    row = row_of(item.key)
    if row and row.measured and isinstance(value, int):
        return joined("", row.measured(value))
    choice = chosen(row, item.answer.text, item.value, Facts(machine)) if row else None
    return choice.label if choice else verbatim(item.answer.text) if item.answer.text else say("none")


def chosen(row: Row | Question, text: str, value: object, facts: Facts) -> Choice | None:
    """The choice that means what `text` means (``lang=FR`` is ``fr``), where `value` is what that means."""
    choices = row.choices(facts)
    return next((one for one in choices if one.text == text or row.parse(one.text, facts) == value), None)


def source_text(answer: Answer) -> Sentence:
    """Where an answer is from, in words for whoever may have given it himself."""
    return say("your answer") if answer.source == OPERATOR else answer.source


def target_text(target: Target) -> Sentence:
    """The disk with what is on it; for a partition also which one it is."""
    return joined("\n", target_line(target), *(joined("", "  ", line) for line in contents(target.disk)))


def target_line(target: Target) -> Sentence:
    """The disk; for a partition also which one it is."""
    part = joined(", ", target.path, size(target.size)) if target.partition else NOTHING
    return joined("\n", part, disk_line(target.disk))


def contents(disk: Disk) -> list[Sentence]:
    """What is on a disk, a line each, so that nobody overlooks a partition."""
    if not disk.partitions:
        return [contents_line(disk)]
    shown = [partition_line(disk, partition) for partition in disk.partitions[:SHOWN_PARTITIONS]]
    if disk.firmware_raid:
        shown.insert(0, raid_line(disk.firmware_raid))
    return [line for line in (*shown, more(len(disk.partitions) - SHOWN_PARTITIONS)) if line]


def address_text(config: IpConfig) -> Sentence:
    """An address with its prefix, or that a DHCP server is asked."""
    if not config.client:
        return say("from a DHCP server")
    return verbatim(config.client if config.prefix is None else f"{config.client}/{config.prefix}")


def which_cast(number: int, casts: int) -> Sentence:
    """Which cast this is, of how many at most."""
    return say("Cast {number} of {casts}.", number=number, casts=casts)


def earlier_cast(number: int, sentence: Sentence) -> Sentence:
    """What became of a cast before this one."""
    return say("Cast {number}: {sentence}", number=number, sentence=sentence)
