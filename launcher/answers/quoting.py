"""Quotes that are missing, or none to the kernel: they make a value shorter than it was meant, and say nothing.

Pure. Each finding is a place in the line, and the sentence about it; the error says to use double quotes. Found are:

- **Stray words**: bare words behind a value that can have blanks (`Row.blanks`: ``model:``, ``serial:``,
  ``udpcparam``), with only bare words between, that nobody takes (`foreign.may_stand_alone`). Of all other bare words
  nothing is said.
- **Strays with a value** (`likely`): behind a ``modparm`` that names a parameter of a driver, each ``name=value`` that
  is next to it, and whose name nobody has. It may be somebody's own word, so that this is a warning.
- **Options that stand alone**: an ``--option`` of UDPCast that is no part of ``udpcparam``, wherever it stands, also
  with one dash, with ``_``, in capitals or in quotes of any kind: nobody else's words look like that.
- **Other quotes**: typographic ones anywhere in a value of ours, single ones at its ends, either in front of its name.
  In ``udpcparam`` single quotes are good where they are closed: it is split as a shell splits words.
- **Other blanks**: a no-break space and its kind, which separates nothing, in a value of ours or before one.
- **A double quote that is never closed**, or that the first quote of another value closes, and that takes parameters
  of ours with it.
"""

from __future__ import annotations

import re

from kernel_cmdline import CommandLine, Parameter, showable
from kernel_cmdline.parse import printable

from ..errors import AnswerError
from ..model.machine import Machine
from ..model.plan import Role
from ..sentence import NOTHING, Sentence, say
from ..udpcast.options import OPTIONS, split_udpcparam
from . import foreign
from .lookup import row_of
from .questions import Facts
from .row import Acts, Row, Use

TYPOGRAPHIC = "‘’‚‛“”„‟′″‹›«»´`"
BLANKS = "\u00a0\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
DASHES = "‐‑‒–—―−"
SHORTEST_PREFIX = 4
"""The fewest letters that are enough of an option's name."""
LONGEST_PROPOSAL = 200
"""The longest line that is proposed, in characters."""

_ODD_QUOTES = re.compile(rf"""[{TYPOGRAPHIC}]|^\\?'|(?<=[:,])'|'$|^\\"|\\"$""")
_ODD_BLANKS = re.compile(f"[{BLANKS}]")
_ANY_QUOTE = f"{TYPOGRAPHIC}'\"\\"

Found = dict[int, Sentence]


def findings(line: CommandLine) -> Found:
    """By its place in `line`, each parameter with a quote that is missing or wrong, and the sentence about it: nothing
    where that of another parameter says it."""
    found = _strays(line)
    words = list(line)
    for index, parameter in enumerate(words):
        if index in found or parameter.init:
            continue
        sentence = _odd(parameter)
        if sentence:
            found[index] = sentence
        elif option(parameter.name):
            run = _options_from(words, index)
            found |= dict.fromkeys(run, NOTHING) | {index: _alone([words[one] for one in run])}
    return found | _swallowed(line)


# --- stray words ------------------------------------------------------------------------------------------------------


def _strays(line: CommandLine) -> Found:
    """The values that end too early, with the sentence, and the stray words behind them."""
    found: Found = {}
    words = [parameter for parameter in line if not parameter.init]
    for start, parameter in enumerate(words):
        if _can_have_blanks(parameter):
            run = _run(words, start)
            strays = [index for index in run if _is_stray(words[index], parameter)]
            if strays:
                behind = " ".join(_written(words[index]) for index in run[: run.index(strays[-1]) + 1])
                found |= dict.fromkeys(strays, NOTHING) | {start: _missing_quotes(parameter, behind)}
    return found


def _can_have_blanks(parameter: Parameter) -> bool:
    row = row_of(parameter.name)
    return row is not None and parameter.value is not None and row.blanks(parameter.value.lstrip(_ANY_QUOTE))


def _run(words: list[Parameter], start: int) -> list[int]:
    """The places of the bare words behind the value at `start`; behind an udpcparam, ``--ttl=1`` is one as well."""
    run = []
    for index in range(start + 1, len(words)):
        if words[index].value is not None and not _is_option_of(words[start], words[index]):
            break
        if words[start].key != "udpcparam" and option(words[index].name):
            break
        run.append(index)
    return run


def _is_option_of(udpcparam: Parameter, parameter: Parameter) -> bool:
    return udpcparam.key == "udpcparam" and parameter.name.startswith("-")


def _is_stray(parameter: Parameter, behind: Parameter) -> bool:
    word = parameter.name
    if not any(map(str.isalnum, word)):
        return False
    if _is_option_of(behind, parameter):
        return True
    return not option(word) and not foreign.may_stand_alone(word)


def _missing_quotes(parameter: Parameter, behind: str) -> Sentence:
    return say(
        "Behind {parameter} there is {words}, which belongs to nothing. Put the whole value in double quotes: "
        "{proposal}",
        parameter=printable(_written(parameter)),
        words=printable(behind),
        proposal=_proposal(parameter.name, f"{parameter.value} {behind}"),
    )


def likely(line: CommandLine) -> Found:
    """By its place in `line`, what probably belongs to the value before it, and the sentence about it: one for each
    such value."""
    found: Found = {}
    words = [parameter for parameter in line if not parameter.init]
    for start, parameter in enumerate(words):
        run = _driver_parameters(words, start) if parameter.key == "modparm" else []
        if run:
            behind = " ".join(_written(words[index]) for index in run)
            found |= dict.fromkeys(run, NOTHING) | {run[0]: _missing_quotes(parameter, behind)}
    return found


def _driver_parameters(words: list[Parameter], start: int) -> list[int]:
    from .reading_boot import read_parameters  # noqa: PLC0415 - most lines have no modparm
    from .spelling import meant  # noqa: PLC0415 - as above

    try:
        given = read_parameters(words[start].value or "", Facts(Machine()))
    except AnswerError:
        return []
    run: list[int] = []
    for index in range(start + 1, len(words) if given else 0):
        word = words[index]
        known = row_of(word.name) is not None or foreign.known(word.name) or meant(word.name, bare=False)
        if known or word.value is None or not re.fullmatch(r"\w+", word.name, re.ASCII):
            break
        run.append(index)
    return run


# --- options that stand alone -----------------------------------------------------------------------------------------


def option(word: str) -> bool:
    """Whether `word` is meant as an option of UDPCast: its long name, or enough of it that no other has."""
    dashes, name = _option(word)
    names = {full for role in Role for one in OPTIONS[role] for full in (one.name, *one.other)}
    long = len(name) >= SHORTEST_PREFIX
    return (dashes > 1 and name in names) or (dashes > 0 and long and any(full.startswith(name) for full in names))


def _option(word: str) -> tuple[int, str]:
    """How many hyphens `word` begins with (a long dash stands for two), and the name behind them, spelt as in the
    table."""
    found = re.match(rf"([-{DASHES}]{{1,2}})([\w-]*)", word.lstrip(_ANY_QUOTE))
    if not found:
        return 0, ""
    dashes = sum(1 if dash == "-" else 2 for dash in found[1])
    return dashes, found[2].lower().replace("_", "-")


def _options_from(words: list[Parameter], start: int) -> list[int]:
    """The places of the option at `start` and of those behind it, each with its value."""
    run = [start]
    for index in range(start + 1, len(words)):
        word, before = words[index], words[index - 1]
        is_value = word.value is None and before.value is None and option(before.name)
        if word.init or not (option(word.name) or (is_value and not foreign.may_stand_alone(word.name))):
            break
        run.append(index)
    return run


def _alone(run: list[Parameter]) -> Sentence:
    return say(
        "{option} is an option of UDPCast, and stands alone. Put all of them into udpcparam, in double quotes: "
        "{proposal}",
        option=printable(_written(run[0])),
        proposal=_proposal("udpcparam", " ".join(map(_as_option, run))),
    )


def _as_option(parameter: Parameter) -> str:
    """As it is written in ``udpcparam``; a value as it is."""
    written = _written(parameter)
    if not option(parameter.name):
        return written
    behind = re.sub(rf"^[-{DASHES}]*[\w-]*", "", written.lstrip(_ANY_QUOTE))
    return f"--{_option(written)[1]}{behind}"


# --- quotes and blanks that are none ----------------------------------------------------------------------------------


def _odd(parameter: Parameter) -> Sentence:
    """What is wrong in one parameter."""
    written = _written(parameter)
    behind = [piece for piece in _ODD_BLANKS.split(written)[1:] if _is_ours(piece)]
    if behind:
        return _no_blank(written, behind[0])
    name = parameter.name.lstrip(_ANY_QUOTE)
    row = _ours(name)
    if row is None:
        return NOTHING
    value = parameter.value or ""
    if _ODD_BLANKS.search(value):
        return _no_blank(written, f"{row.name}={value}")
    if name != parameter.name or (_ODD_QUOTES.search(value) and not _split_well(row, value)):
        return say(
            "{parameter}: only double quotes are quotes here. Put the value in them: {proposal}",
            parameter=printable(written),
            proposal=_proposal(name, value),
        )
    return NOTHING


def _no_blank(written: str, meant: str) -> Sentence:
    name, _, value = meant.partition("=")
    return say(
        "In {parameter} a no-break space or its kind is no blank. Type one, and put a value with blanks in "
        "double quotes: {proposal}",
        parameter=printable(written),
        proposal=_proposal(name, value),
    )


def _split_well(row: Row, value: str) -> bool:
    """Whether the quotes in ``udpcparam`` are a shell's, and closed."""
    if row.name != "udpcparam" or re.search(rf'[{TYPOGRAPHIC}]|\\"', value):
        return False
    try:
        split_udpcparam(value)
    except AnswerError:
        return False
    return True


def _swallowed(line: CommandLine) -> Found:
    """The values that hold parameters of ours behind a quote that is not closed where it should be."""
    found: Found = {}
    last = len(line.parameters) - 1
    for index, parameter in enumerate(line):
        written = _written(parameter)
        inside = [word for word in written.split()[1:] if _is_ours(word)]
        if inside and not parameter.init and ('"' in written or (line.open_quote and index == last)):
            found[index] = say(
                "The double quote in {name} is never closed, so {other} is a part of its value. "
                "Close it with another one.",
                name=printable(parameter.name),
                other=printable(inside[0]),
            )
    return found


# --- what is ours -----------------------------------------------------------------------------------------------------


def _ours(name: str) -> Row | None:
    """The row of a name that is acted on; what is only recorded may hold anything."""
    row = row_of(name)
    return row if row and row.use is Use.USED and row.acts is not Acts.RECORD else None


def _is_ours(word: str) -> bool:
    name, equals, _ = word.lstrip(_ANY_QUOTE).partition("=")
    return bool(equals) and _ours(name) is not None


def _written(parameter: Parameter) -> str:
    return parameter.name if parameter.value is None else f"{parameter.name}={parameter.value}"


def _proposal(name: str, value: str) -> str:
    """The parameter as it was probably meant."""
    plain = re.sub(f"[{BLANKS}]", " ", value)
    plain = re.sub(rf"""[{TYPOGRAPHIC}'"]|\\(?=["' ])""", "", plain).strip()
    shown = showable(f'{name}="{plain}"')
    return shown if len(shown) <= LONGEST_PROPOSAL else f'{name}="..."'
