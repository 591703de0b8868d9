"""What is right and wrong with a line, parameter by parameter, whatever the machine does with it. Pure.

The launcher stops on these errors before it writes a byte, ``pxe`` refuses append lines with them, and ``explain``
prints them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from kernel_cmdline import CommandLine, Parameter
from kernel_cmdline.format import format_word

from ..errors import AnswerError
from ..model.machine import Machine
from ..model.plan import Role
from ..sentence import NOTHING, Sentence, colon, joined, say, say_many, verbatim
from .lookup import row_of
from .others import OTHERS
from .questions import LINE, Facts
from .reading import ROLES, sentence_of
from .row import Row, Use
from .rules import device_of
from .selectors import DeviceMissing

if TYPE_CHECKING:
    from .configuration import Configuration

ENVIRONMENT_LIMIT = 31
NOT_QUOTED = "not in double quotes as it should be"


class Explained(NamedTuple):
    """One parameter as it stands in the line. `status` is a value of `Use`."""

    name: str
    value: str | None
    status: str
    source: str
    meaning: str


class Found(NamedTuple):
    """What one parameter is, and what is to be said about it."""

    use: Use
    meaning: str
    error: Sentence = NOTHING
    warning: Sentence = NOTHING


Judged = tuple[tuple[Explained, ...], tuple[Sentence, ...], tuple[Sentence, ...]]
"""Parameters with their status, then warnings, then errors."""

Last = dict[tuple[str, str | None], tuple[int, str]]
"""By `_place`, where the parameter stands that counts, and its name as it is written there."""


def explain_all(line: CommandLine, machine: Machine | None, configurations: Iterable[Configuration]) -> Judged:
    """Every parameter of `line`, and of the files beside it; what is said of a file names it, and the line in it."""
    explained, warnings, errors = explain_parameters(line, machine)
    role = _role(line)
    for one in configurations:
        role = role or _role(one.whole)
        last, before = _last(one.whole), 0
        for number, text in one.lines:
            place = verbatim(f"{one.name}:{number}")
            more = explain_parameters(text, machine, place, role, (last, before))
            before += len(text.parameters)
            explained += more[0]
            said = (*more[1], *one.too_late(text), *_overruled(one.in_time(text), line))
            warnings += tuple(colon(place, sentence) for sentence in said)
            errors += tuple(colon(place, sentence) for sentence in more[2])
        errors += tuple(one.not_read())
    return explained, warnings, errors


def _overruled(text: CommandLine, line: CommandLine) -> Iterable[Sentence]:
    """What of a file is not used, because the command line says it as well."""
    given = {row.key: one for one in line if one.value is not None and not one.init and (row := row_of(one.name))}
    for parameter in text:
        row = row_of(parameter.name)
        if row and row.use is Use.USED and parameter.value is not None and row.key in given:
            other = _written(given[row.key])
            yield say(
                "{parameter} is not used: the command line has {other}.", parameter=_written(parameter), other=other
            )


def explain_parameters(
    line: CommandLine,
    machine: Machine | None,
    source: Sentence = LINE,
    role: Role | None = None,
    within: tuple[Last, int] | None = None,
) -> Judged:
    """Every parameter of `line` with its status, then warnings, then errors.

    Without a machine, devices are not looked for: only the form of a selector is checked. `role`: what something else
    says of it, which wins; `within`: what counts of the file in which the line stands, and the parameters before it.
    """
    warnings, errors = [sentence_of(warning) for warning in line.warnings], []
    explained = []
    role = role or _role(line)
    last, before = within or (_last(line), 0)
    quoting = _quoting(line)
    for index, parameter in enumerate(line):
        use, meaning, error, warning = quoting.get(index) or _use(parameter, machine, role)
        counts, later = last.get(_place(parameter), (before + index, ""))
        if use is Use.USED and counts != before + index:
            overridden = say("{parameter} is overridden by a later {name}=.", parameter=_written(parameter), name=later)
            warnings.append(overridden)
            meaning = f"overridden by a later one; {meaning}"
        warnings += [warning] if warning else []
        errors += [error] if error else []
        explained.append(Explained(parameter.name, parameter.value, use.value, str(source), meaning))
    return tuple(explained), tuple(warnings), tuple(errors)


def _quoting(line: CommandLine) -> dict[int, Found]:
    """Which parameters are not, or perhaps not, in double quotes as they should be. A line of our own plain words is
    not looked at."""
    if not line.open_quote and all(map(_plain, line)):
        return {}
    from .quoting import findings, likely  # noqa: PLC0415 - most lines are plain, and importing delays the first screen

    perhaps = {index: Found(Use.FOREIGN, NOT_QUOTED, NOTHING, sentence) for index, sentence in likely(line).items()}
    wrong = {index: Found(Use.INVALID, NOT_QUOTED, sentence) for index, sentence in findings(line).items()}
    return perhaps | wrong


def _plain(parameter: Parameter) -> bool:
    """Whether `parameter` has no quote that could be wrong: a name of the table, and if it is bare, spelt as there."""
    row, written = row_of(parameter.name), _written(parameter)
    if parameter.init or row is None:
        return parameter.init
    return (
        (parameter.value is not None or parameter.name == row.name)
        and written.isascii()
        and not set("'\"\\") & {*written}
    )


def _last(line: CommandLine) -> Last:
    given = ((index, one) for index, one in enumerate(line) if one.value is not None and not one.init)
    return {_place(one): (index, one.name) for index, one in given}


def _place(parameter: Parameter) -> tuple[str, str | None]:
    """What a later parameter must have in common to override: the row, and of ``ip=`` the card as well."""
    row = row_of(parameter.name)
    return row.key if row else parameter.key, device_of(parameter.value or "") if parameter.key == "ip" else None


def doubtful(explained: Iterable[Explained]) -> bool:
    """Whether something in the line is wrong that no question will ask again: the operator must see it on a screen."""
    return any(
        item.status == Use.MISSPELT.value or (item.status == Use.INVALID.value and not _asks_again(item))
        for item in explained
    )


def _asks_again(item: Explained) -> bool:
    """Not where the value can be read all the same, and not where there is none: then the default is taken."""
    row = row_of(item.name)
    return row is not None and row.title is not None and item.value is not None and item.meaning != NOT_QUOTED


def too_many(line: CommandLine) -> list[Sentence]:
    """A line at which a kernel itself stops, so that no launcher sees it. It hands unknown ``name=value`` to PID 1,
    and panics when there are too many (``unknown_bootoption`` in init/main.c; 31 beside HOME and TERM, measured with
    6.1).
    """
    others = set(OTHERS.lower().split())
    unknown = {parameter.key for parameter in line if parameter.value is not None and not parameter.init}
    count = len([key for key in unknown - others if "." not in key])
    if count <= ENVIRONMENT_LIMIT:
        return []
    too_many = say_many(
        "{count} parameter is unknown to the kernel, which panics at more than {limit}. Remove some.",
        "{count} parameters are unknown to the kernel, which panics at more than {limit}. Remove some.",
        count,
        limit=ENVIRONMENT_LIMIT,
    )
    return [too_many]


def _written(parameter: Parameter) -> str:
    return parameter.name if parameter.value is None else f"{parameter.name}={parameter.value}"


def _use(parameter: Parameter, machine: Machine | None, role: Role | None) -> Found:
    """Status and meaning of one parameter, and what is wrong with it."""
    row = row_of(parameter.name)
    if parameter.init:
        return Found(Use.FOREIGN, "behind --, for the init program")
    if row is None:
        return _unknown(parameter)
    if row.use is Use.UNSUPPORTED:
        warning = say(
            "{parameter} is not supported: the launcher uses one network card as it is.", parameter=_written(parameter)
        )
        return Found(row.use, row.meaning, NOTHING, warning)
    if row.use is Use.FOREIGN:
        return Found(row.use, row.meaning)
    if parameter.value is None:
        if row.bare:
            return Found(Use.FOREIGN, row.bare)
        return Found(Use.INVALID, row.meaning, _without_value(row, parameter.name))
    problem = problem_with(row, parameter.value, machine, role)
    return Found(Use.INVALID if problem else Use.USED, row.meaning, problem or NOTHING)


def _unknown(parameter: Parameter) -> Found:
    """A name that is none of ours: somebody else's, or a misspelling."""
    from .spelling import meant  # noqa: PLC0415 - many lines have no such name, and importing delays the first screen

    probably = meant(parameter.name, bare=parameter.value is None)
    if probably is None:
        return Found(Use.FOREIGN, "unknown here; left to the kernel and others")
    sentence = say("{parameter}: unknown; did you mean {meant}?", parameter=_written(parameter), meant=probably.name)
    meaning = f"did you mean {probably.name}?"
    return Found(Use.MISSPELT, meaning, sentence) if probably.sure else Found(Use.FOREIGN, meaning, NOTHING, sentence)


def _role(line: CommandLine) -> Role | None:
    """The role that `line` gives, as far as it is one."""
    given = line.last("umode")
    return ROLES.get((given.value or "").strip().lower()) if given else None


def _without_value(row: Row, name: str) -> Sentence:
    """That a value is missing, and what is expected, in the words of the parser or by an example: `Row.values` is
    English."""
    missing = say("{name} has no value.", name=name)
    try:
        row.parse("", Facts(Machine()))
    except AnswerError as error:
        return joined(" ", missing, error.hint or error.sentence)
    example = format_word(Parameter(name, row.example))
    return joined(" ", missing, say("Write {example}, or leave it out.", example=example))


def problem_with(row: Row, text: str, machine: Machine | None, role: Role | None = None) -> Sentence | None:
    """The sentence that says why `text` cannot be the value of `row`, or None."""
    if row.stands_for_another(text):
        return None
    try:
        row.parse(text, Facts(machine or Machine(), settled={"umode": role}))
    except DeviceMissing as missing:
        return missing.whole if machine else None
    except AnswerError as error:
        return error.whole
    return None
