"""What the names on a command line mean, looked up in the table: rows, answers, the reference."""

from __future__ import annotations

from collections.abc import Iterable

from kernel_cmdline import CommandLine, Parameter, canonical

from ..sentence import Sentence
from .parameters import ROWS
from .questions import LINE, Given, GivenAnswers
from .row import Row, Use

_BY_KEY = {canonical(name): row for row in ROWS for name in (row.name, *row.aliases)}


def row_of(name: str) -> Row | None:
    """The row for a name as it is written on a command line, or None."""
    return _BY_KEY.get(canonical(name))


def given_answers(line: CommandLine, *configuration: tuple[Sentence, CommandLine]) -> GivenAnswers:
    """Answers by canonical key of the row's own name (aliases resolved).

    `line` wins over each `configuration` (a name to show and its parameters), an earlier over a later one, and
    within one of them the last value wins. Bare words are no answers (PXELINUX adds a bare ``auto``).
    """
    answers: GivenAnswers = {}
    for source, parameters in (*reversed(configuration), (LINE, line)):
        for parameter in _ours(parameters):
            row = row_of(parameter.name)
            assert row is not None and parameter.value is not None
            earlier = answers.get(row.key)
            before = (*earlier.before, earlier.text) if earlier and earlier.source is source else ()
            answers[row.key] = Given(parameter.value, source, parameter.name, before)
    return answers


def _ours(parameters: Iterable[Parameter]) -> Iterable[Parameter]:
    for parameter in parameters:
        row = row_of(parameter.name)
        if row and row.use is Use.USED and parameter.value is not None and not parameter.init:
            yield parameter


def reference() -> str:
    """The parameters that are used, as a Markdown table; docs/parameters.md holds exactly this text."""
    lines = ["| parameter | values | meaning | from |", "| --- | --- | --- | --- |"]
    for row in ROWS:
        if row.use is Use.USED:
            names = ", ".join(f"`{name}`" for name in (row.name, *row.aliases))
            lines.append(f"| {names} | {row.values} | {row.meaning} | {row.origin} |")
    return "\n".join(lines) + "\n"
