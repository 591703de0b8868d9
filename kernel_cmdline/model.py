"""The values that a kernel command line consists of, independent of how it is written.

A command line is an ordered list of parameters; duplicates and order are kept, because "the last one
wins" is a rule of whoever reads a value, not of the text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from .showing import showable

MAX_BYTES = 2047
"""The longest line in bytes: x86's ``COMMAND_LINE_SIZE`` is 2,048 with the NUL (``arch/x86/include/asm/setup.h``)."""


class Message(NamedTuple):
    """A sentence as a value: an English template, and the fields that stand in its braces, messages among them.

    `many` is the template for every field ``count`` but 1, "" where there is no plural. ``str()`` is the English
    sentence; whoever shows it in another language translates the template.
    """

    template: str
    fields: tuple[tuple[str, object], ...] = ()
    many: str = ""

    def __str__(self) -> str:
        fields = dict(self.fields)
        template = self.many if self.many and fields["count"] != 1 else self.template
        shown = {name: showable(value) if isinstance(value, str) else value for name, value in fields.items()}
        return template.format(**shown) if shown else template


def say(template: str, /, **fields: object) -> Message:
    """The message of a literal template: from these calls catalogues can be made."""
    return Message(template, tuple(fields.items()))


def say_many(one: str, many: str, count: int, /, **fields: object) -> Message:
    """The same with a plural; ``{count}`` is a field of both."""
    return Message(one, (("count", count), *fields.items()), many)


class CommandLineError(ValueError):
    """One sentence: what in the command line is wrong, where, and what was expected; in English, or as `message`."""

    def __init__(self, message: Message) -> None:
        super().__init__(str(message))
        self.message = message


def canonical(name: str) -> str:
    """The name by which parameters are compared: lower case, ``-`` as ``_``.

    The kernel itself treats ``-`` and ``_`` alike (``parameqn`` in ``kernel/params.c``); UDPCast's boot
    image also ignores case, and so do we.
    """
    return name.replace("-", "_").lower()


@dataclass(frozen=True)
class Parameter:
    """One word of the line: ``name``, ``name=value``; value None for a bare word.

    ``init`` is true for what stands behind a lone ``--``, which the kernel hands to PID 1 untouched.
    """

    name: str
    value: str | None = None
    init: bool = False

    @property
    def key(self) -> str:
        return canonical(self.name)


@dataclass(frozen=True)
class CommandLine:
    """Parameters in the order in which they stand; warnings are full sentences. `open_quote`: a double quote in the
    last parameter is never closed, which is also a warning."""

    parameters: tuple[Parameter, ...] = ()
    warnings: tuple[Message, ...] = ()
    open_quote: bool = False

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self.parameters)

    def all(self, name: str) -> tuple[Parameter, ...]:
        """Every parameter of this name (see `canonical`), in order; what stands behind ``--`` is PID 1's, not ours."""
        return tuple(p for p in self.parameters if p.key == canonical(name) and not p.init)

    def last(self, name: str) -> Parameter | None:
        """The parameter that wins where one value is wanted: the last of this name, or None."""
        found = self.all(name)
        return found[-1] if found else None
