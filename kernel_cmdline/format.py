"""Parameters to text: the exact inverse of `parse`. The contract:

- ``parse(format_line(parameters))`` gives these parameters again, and the real kernel reads the same, bytes
  that look like white space to it (see `kernel_cmdline.parse`) being quoted.
- What cannot be written so is refused with one sentence (`CommandLineError`) that names the parameter. The
  kernel knows no escape, so a value such as ``"a b"`` with these quotes has no spelling at all.
- Refused as well, although the kernel could read it: control characters other than tab, which no boot
  loader's configuration carries; and a second ``--``, behind which the kernel hands over nothing.

There are only seven spellings of one word: the kernel takes away a quote in front of the name, one in front of
the value and, where there was either, one at the end; it changes nothing else. `format_line` takes
the first of them that reads back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .model import MAX_BYTES, CommandLine, CommandLineError, Message, Parameter, say, say_many
from .parse import ASCII_BLANKS, Word, printable, read_word

KERNEL_BLANKS = ASCII_BLANKS + "\xa0"
"""White space to the kernel, in text that has one character a byte (Latin-1)."""

# Quotes before the name, before the value and at the end; the usual spellings come first.
_SPELLINGS = (
    ("", "", ""),
    ("", '"', '"'),
    ('"', "", '"'),
    ("", '"', ""),
    ('"', "", ""),
    ('"', '"', '"'),
    ('"', '"', ""),
)


def format_line(parameters: Iterable[Parameter] | CommandLine) -> str:
    """One line that reads back as exactly these parameters, without a newline; at most `MAX_BYTES` bytes.

    Those with `Parameter.init` must be the last ones; ``--`` is put before them. Raises CommandLineError.
    """
    words: list[str] = []
    size = 0
    behind_dashes = False
    for parameter in parameters:
        if behind_dashes and not parameter.init:
            why = say('it stands behind parameters of PID 1 ("init"), which must be the last ones')
            raise _refusal(parameter, why)
        new = [format_word(parameter)]
        if parameter.init and not behind_dashes:
            new.insert(0, "--")
            behind_dashes = True
        words += new
        size = len(" ".join(words).encode("utf-8", "surrogateescape"))
        if size > MAX_BYTES:
            why = say_many(
                "with it the line has {count:,} byte and an x86 kernel reads {most:,}; shorten the line",
                "with it the line has {count:,} bytes and an x86 kernel reads {most:,}; shorten the line",
                size,
                most=MAX_BYTES,
            )
            raise _refusal(parameter, why)
    return " ".join(words)


def format_word(parameter: Parameter) -> str:
    """One parameter as a word of the line, quoted where it must be. Raises CommandLineError."""
    for problem in _forbidden(parameter):
        raise _refusal(parameter, problem)
    for spelling in _spellings(parameter):
        if _reads_back(spelling, parameter):
            return spelling
    raise _refusal(parameter, _why_not(parameter))


def _spellings(parameter: Parameter) -> Iterator[str]:
    for before_name, before_value, end in _SPELLINGS:
        if parameter.value is not None:
            yield f"{before_name}{parameter.name}={before_value}{parameter.value}{end}"
        elif not before_value:
            yield f"{before_name}{parameter.name}{end}"


def _reads_back(spelling: str, parameter: Parameter) -> bool:
    """True when both we and the kernel, byte by byte, read this one word as this parameter."""
    if not spelling:
        return False
    as_bytes = _latin(spelling)
    ours = read_word(spelling)
    theirs = read_word(as_bytes, blanks=KERNEL_BLANKS)
    value = None if parameter.value is None else _latin(parameter.value)
    return ours == Word(parameter.name, parameter.value, len(spelling), closed=True) and theirs == Word(
        _latin(parameter.name), value, len(as_bytes), closed=True
    )


def _latin(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def _forbidden(parameter: Parameter) -> Iterator[Message]:
    """Reasons that no quoting can heal."""
    text = parameter.name + (parameter.value or "")
    controls = [char for char in text if (ord(char) < 32 and char != "\t") or ord(char) == 127]
    if controls:
        code = ord(controls[0])
        yield say("it holds the control character U+{code:04X}, which no boot loader can pass on", code=code)
    if not all(_is_text(part) for part in (parameter.name, parameter.value or "")):
        yield say("it holds surrogates that do not stand for single bytes; expected text")
    if (parameter.name, parameter.value) == ("--", None):
        yield (
            say('the kernel reads nothing behind a second "--"')
            if parameter.init
            else say('"--" is no parameter; it separates what PID 1 gets, and is written by itself')
        )


def _is_text(text: str) -> bool:
    """False for lone surrogates, and for escaped bytes that together would read as UTF-8."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape") == text
    except UnicodeEncodeError:
        return False


def _why_not(parameter: Parameter) -> Message:
    if "=" in parameter.name[1:]:
        return say('its name holds "=", where the kernel would begin the value')
    if not parameter.name:
        return say("it has a value but no name")
    return say(
        "it holds a double quote that the kernel would take for the beginning or end of a quoted part, "
        "and the kernel knows no escape for it; leave the quote out"
    )


def _refusal(parameter: Parameter, why: Message) -> CommandLineError:
    name = printable(parameter.name)
    return CommandLineError(say('The parameter "{name}" cannot be written: {why}.', name=name, why=why))
