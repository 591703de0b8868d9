"""UDPCast's ``udpcfg.txt``: what may stand on the command line as well, one answer a line. Pure: text to values.

- A line is ``name=value``, read as on the command line; a value with blanks stands in double quotes, which end in
  their line. A line whose first character is ``#`` is a comment.
- Of one name, the last line counts.
- Editors leave a byte order mark in front, and a carriage return behind each line: they are nothing.
- It may lie in the initrd, or on the medium that this PC was booted from; each error names file and line.
"""

from __future__ import annotations

from dataclasses import dataclass

from kernel_cmdline import CommandLine, parse

from ..sentence import Sentence, verbatim

NAME = "udpcfg.txt"
LONGEST = 64 << 10
"""Bytes that are read of one; the parameters of a line fit many times."""


@dataclass(frozen=True)
class Configuration:
    """`name` is the file, as it is shown; `lines` are those that say something, each with its number from 1 on."""

    name: str
    lines: tuple[tuple[int, CommandLine], ...] = ()

    @property
    def source(self) -> Sentence:
        return verbatim(self.name)

    @property
    def whole(self) -> CommandLine:
        """All parameters, in order."""
        return CommandLine(tuple(parameter for _, line in self.lines for parameter in line))

    @property
    def answers(self) -> tuple[Sentence, CommandLine]:
        """As `lookup.given_answers` takes it."""
        return self.source, self.whole


def read_configuration(text: bytes, name: str = NAME) -> Configuration:
    """The configuration in a file of this text."""
    lines = text.decode("utf-8", "surrogateescape").removeprefix("\ufeff").split("\n")
    said = ((number, line.strip()) for number, line in enumerate(lines, 1))
    return Configuration(name, tuple((number, parse(line)) for number, line in said if line and line[0] != "#"))
