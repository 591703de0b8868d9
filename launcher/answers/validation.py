"""What is right and wrong with a line, parameter by parameter, whatever the machine does with it. Pure.

The launcher stops on these errors before it writes a byte, ``pxe`` refuses append lines with them, and ``explain``
prints them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from kernel_cmdline import CommandLine, Parameter

from ..errors import AnswerError
from ..model.machine import Machine
from ..model.plan import Role
from ..sentence import Sentence, say, say_many
from .lookup import row_of, suggestion
from .parameters import OTHERS
from .questions import LINE, Facts
from .reading import ROLES, sentence_of
from .row import Row, Use
from .rules import device_of
from .selectors import DeviceMissing

ENVIRONMENT_LIMIT = 31


class Explained(NamedTuple):
    """One parameter as it stands in the line. `status` is a value of `Use`."""

    name: str
    value: str | None
    status: str
    source: str
    meaning: str


def explain_parameters(
    line: CommandLine, machine: Machine | None, source: Sentence = LINE
) -> tuple[tuple[Explained, ...], tuple[Sentence, ...], tuple[Sentence, ...]]:
    """Every parameter of `line` with its status, then warnings, then errors.

    Without a machine, devices are not looked for: only the form of a selector is checked.
    """
    warnings, errors = [sentence_of(warning) for warning in line.warnings], []
    explained = []
    role = _role(line)
    last = {_place(parameter): index for index, parameter in enumerate(line) if not parameter.init}
    for index, parameter in enumerate(line):
        use, meaning, problem = _use(parameter, machine, role)
        if use is Use.USED and last.get(_place(parameter)) != index:
            overridden = say(
                "{parameter} is overridden by a later {name}=.", parameter=_written(parameter), name=parameter.name
            )
            warnings.append(overridden)
            meaning = f"overridden by a later one; {meaning}"
        if problem:
            errors.append(problem)
        explained.append(Explained(parameter.name, parameter.value, use.value, str(source), meaning))
    errors += _too_many(line)
    return tuple(explained), tuple(warnings), tuple(errors)


def _place(parameter: Parameter) -> tuple[str, str | None]:
    """What a later parameter must have in common to override: the name, and of ``ip=`` the card as well."""
    return parameter.key, device_of(parameter.value or "") if parameter.key == "ip" else None


def doubtful(explained: Iterable[Explained]) -> bool:
    """Whether something in the line is wrong that no question will ask again: the operator must see it on a screen."""
    return any(
        item.status == Use.MISSPELT.value or (item.status == Use.INVALID.value and not _asks_again(item.name))
        for item in explained
    )


def _asks_again(name: str) -> bool:
    row = row_of(name)
    return row is not None and row.title is not None


def _too_many(line: CommandLine) -> list[Sentence]:
    """A line at which the kernel itself stops: it hands unknown ``name=value`` to PID 1, and panics when there are
    too many (``unknown_bootoption`` in init/main.c; 31 beside HOME and TERM, measured with 6.1)."""
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


def _use(parameter: Parameter, machine: Machine | None, role: Role | None) -> tuple[Use, str, Sentence | None]:
    """Status, meaning and error of one parameter."""
    row = row_of(parameter.name)
    if parameter.init:
        return Use.FOREIGN, "behind --, for the init program", None
    if row is None:
        meant = suggestion(parameter.name)
        if meant is None:
            return Use.FOREIGN, "unknown here; left to the kernel and others", None
        error = say("{parameter}: unknown; did you mean {meant}?", parameter=_written(parameter), meant=meant)
        return Use.MISSPELT, f"did you mean {meant}?", error
    if row.use is Use.FOREIGN:
        return Use.FOREIGN, row.meaning, None
    if parameter.value is None:
        if row.bare:
            return Use.FOREIGN, row.bare, None
        return (
            Use.INVALID,
            row.meaning,
            say("{name} has no value. Expected {name}={values}.", name=parameter.name, values=row.values),
        )
    problem = problem_with(row, parameter.value, machine, role)
    return (Use.INVALID if problem else Use.USED), row.meaning, problem


def _role(line: CommandLine) -> Role | None:
    """The role that `line` gives, as far as it is one."""
    given = line.last("umode")
    return ROLES.get((given.value or "").strip().lower()) if given else None


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
