"""UDPCast's ``udpcfg.txt``: what may stand on the command line as well, one answer a line. Pure: text to values.

- A line is ``name=value``, read as on the command line; a value with blanks stands in double quotes, which end in
  their line. A line whose first character is ``#`` is a comment.
- Of one name, the last line counts.
- Editors leave a byte order mark in front, and a carriage return behind each line: they are nothing. With that of
  UTF-16 (Notepad's "Unicode", PowerShell's ``>``) the file is read as that.
- It may be fetched (``config=``), lie on the medium that this PC was booted from, or in the initrd; each error names
  file and line. Of several files, the one that is named first here wins, and the command line wins over all.
- A file that says something, and answers nothing, is an error; so is one without a byte, where it was fetched.
- What is needed before a file can be read is not taken from it (`Origin`), and that is said.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from kernel_cmdline import CommandLine, Parameter, parse

from ..sentence import Sentence, colon, say, verbatim
from .lookup import Written, row_of

NAME = "udpcfg.txt"
LONGEST = 64 << 10
"""Bytes that are read of one; the parameters of a line fit many times."""


MOST = 1000
"""Lines that say something; a file with more is somebody's mistake, and would keep a PC busy."""

CONFIG = "config"

BEFORE_ALL = frozenset({"events", "medium"})
"""What is read before any file is."""

NETWORK = frozenset(
    {"nic", "mac", "bootif", "rd.bootif", "dhcp", "ip", "netmask", "gateway", "sysuuid", "netmodule", "modparm"}
)
"""What the card is set up with that fetches a file (`Row.key`, and aliases)."""


class Origin(Enum):
    """Where a file is from, in the order in which one wins over the other."""

    FETCHED = "fetched"
    MEDIUM = "medium"
    INITRD = "initrd"


@dataclass(frozen=True)
class Configuration:
    """`name` is the file, as it is shown; `lines` are those that say something, each with its number from 1 on. `cut`:
    the number of the first that is not read."""

    name: str
    lines: tuple[tuple[int, CommandLine], ...] = ()
    origin: Origin = Origin.INITRD
    cut: int | None = None

    @property
    def source(self) -> Sentence:
        return verbatim(self.name)

    @property
    def whole(self) -> CommandLine:
        """All parameters, in order."""
        return CommandLine(tuple(parameter for _, line in self.lines for parameter in line))

    @property
    def answers(self) -> Written:
        """As `lookup.given_answers` takes it: without what comes too late."""
        used = [(number, one) for number, line in self.lines for one in line if self._why_late(one) is None]
        return Written(self.source, CommandLine(tuple(one for _, one in used)), tuple(number for number, _ in used))

    def in_time(self, line: CommandLine) -> CommandLine:
        """What of a `line` of the file counts."""
        return CommandLine(tuple(one for one in line if self._why_late(one) is None))

    def too_late(self, line: CommandLine) -> Iterator[Sentence]:
        """What of a `line` of the file is not used, because something else had to be known before."""
        for one in line:
            why = self._why_late(one)
            if why and one.value is not None:
                yield say("{parameter} is not used: {why}.", parameter=f"{one.name}={one.value}", why=why)

    def not_read(self) -> Iterator[Sentence]:
        """That a file is too long, or none of answers: a page of a web server, which says that all is well."""
        words = tuple(self.whole)
        answers = any(one.value is not None and row_of(one.name) for one in words)
        if self.lines and not answers and not (words and all(one.value is not None for one in words)):
            number, line = self.lines[0]
            word = next((one.name for one in line), "")
            yield colon(verbatim(f"{self.name}:{number}"), say('"{word}" is no NAME=VALUE.', word=word))
        if self.cut:
            place = verbatim(f"{self.name}:{self.cut}")
            yield colon(place, say("Only {count} answers are read, and nothing from here on.", count=MOST))

    def _why_late(self, one: Parameter) -> Sentence | None:
        if one.key in BEFORE_ALL:
            return say("it is read from the command line only")
        if self.origin is Origin.FETCHED and one.key in NETWORK:
            return say("the network was set up before this file was fetched")
        if self.origin is Origin.FETCHED and one.key == CONFIG:
            return say("a file that was fetched names no further one")
        return None


def read_configuration(text: bytes, name: str = NAME, origin: Origin = Origin.INITRD) -> Configuration:
    """The configuration in a file of this text."""
    lines = _decoded(text).removeprefix("\ufeff").split("\n")
    said = [(number, line.strip()) for number, line in enumerate(lines, 1)]
    said = [(number, line) for number, line in said if line and line[0] != "#"]
    if not text and origin is Origin.FETCHED:  # a server's answer without a file; a comment says that this is meant
        said = [(1, "")]
    cut = said[MOST][0] if len(said) > MOST else None
    return Configuration(name, tuple((number, parse(line)) for number, line in said[:MOST]), origin, cut)


def _decoded(text: bytes) -> str:
    if not text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return text.decode("utf-8", "surrogateescape")
    return text.decode("utf-16", "replace")
