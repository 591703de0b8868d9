"""What the names on a command line mean, looked up in the table: rows, answers, the reference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from kernel_cmdline import CommandLine, Parameter, canonical

from ..sentence import Sentence, verbatim
from .parameters import ROWS
from .questions import LINE, Given, GivenAnswers
from .row import Row, Use

_BY_KEY = {canonical(name): row for row in ROWS for name in (row.name, *row.aliases)}


def row_of(name: str) -> Row | None:
    """The row for a name as it is written on a command line, or None."""
    return _BY_KEY.get(canonical(name))


class Written(NamedTuple):
    """Parameters with the name of what they stand in; `lines` are the numbers of their lines, where it has several."""

    source: Sentence
    parameters: CommandLine
    lines: tuple[int, ...] = ()

    @property
    def placed(self) -> Iterator[tuple[Sentence, Parameter]]:
        """Each with the place where it stands."""
        for index, parameter in enumerate(self.parameters):
            yield verbatim(f"{self.source}:{self.lines[index]}") if self.lines else self.source, parameter


def given_answers(line: CommandLine, *configuration: Written) -> GivenAnswers:
    """Answers by canonical key of the row's own name (aliases resolved).

    `line` wins over each `configuration`, an earlier over a later one, and within one of them the last value wins. Bare
    words are no answers (PXELINUX adds a bare ``auto``).
    """
    answers: GivenAnswers = {}
    for written in (*reversed(configuration), Written(LINE, line)):
        here: set[str] = set()
        for place, parameter in written.placed:
            row = row_of(parameter.name)
            if row is None or row.use is not Use.USED or parameter.value is None or parameter.init:
                continue
            earlier = answers.get(row.key)
            before = (*earlier.before, earlier.text) if earlier and row.key in here else ()
            answers[row.key] = Given(parameter.value, place, parameter.name, before)
            here.add(row.key)
    return answers


def reference() -> str:
    """The parameters that are used, as a Markdown table; docs/parameters.md holds exactly this text."""
    lines = ["| parameter | values | meaning | from |", "| --- | --- | --- | --- |"]
    for row in ROWS:
        if row.use is Use.USED:
            names = ", ".join(f"`{name}`" for name in (row.name, *row.aliases))
            lines.append(f"| {names} | {row.values} | {row.meaning} | {row.origin} |")
    return "\n".join(lines) + "\n"
