"""Text to parameters, as Linux reads it. The contract:

- White space (tab, newline, vertical tab, form feed, carriage return, blank, and the byte 0xA0) separates
  words, except between double quotes. There is no escape; backslash and single quote are ordinary.
- A quote that opens a word (``"a=b c"``) or a value (``a="b c"``) is taken away, and with it the quote that
  ends the word, if one does. All other quotes stay: ``a=b"c d"e`` has the value ``b"c d"e``.
- The first ``=`` that is not the word's first character separates name and value: ``=x`` is a bare word, and
  ``=x=y`` is named ``=x``. An equals sign between quotes counts.
- A quote that is never closed runs to the end of the line. We add a warning.
- Behind a word ``--`` (quoted or not) everything is for PID 1 (`Parameter.init`).

Source: ``next_arg`` in ``lib/cmdline.c``, ``parse_args`` in ``kernel/params.c`` and ``_ctype`` in
``lib/ctype.c`` of Linux 6.1. ``tests/kernel_cmdline/test_real_kernel.py`` holds this against the kernel itself.

Where we are kinder than the kernel:

- It reads bytes, we read UTF-8. The byte 0xA0 inside of a UTF-8 character (``à`` is C3 A0) is no white space
  for us, while the kernel cuts there what it hands to PID 1. A byte 0xA0 that is no UTF-8 separates words for
  us, too.
- At a second ``--`` the kernel stops reading. We keep it and what follows, as PID 1's, and add a warning.
"""

from __future__ import annotations

from dataclasses import dataclass

from .model import MAX_BYTES, CommandLine, CommandLineError, Message, Parameter, say, say_many
from .showing import showable

ASCII_BLANKS = "\t\n\v\f\r "
BLANKS = ASCII_BLANKS + "\udca0"
"""White space in decoded text; U+DCA0 is how ``surrogateescape`` writes a byte 0xA0 that is no UTF-8."""


@dataclass(frozen=True)
class Word:
    """One word of the text: its name and value without the quotes that the kernel takes away.

    `end` is the index in the text behind the word; `closed` is false when a quote is still open there.
    """

    name: str
    value: str | None
    end: int
    closed: bool


def read_word(text: str, start: int = 0, blanks: str = BLANKS) -> Word:
    """The word that begins at `start`, which must not be white space: what ``next_arg`` does."""
    quoted = text.startswith('"', start)
    begin = start + 1 if quoted else start
    end, closed = _end_of_word(text, begin, quoted, blanks)
    word = text[begin:end]
    equals = word.find("=", 1)
    if equals < 0:
        return Word(word.removesuffix('"') if quoted else word, None, end, closed)
    name, value = word[:equals], word[equals + 1 :]
    if quoted or value.startswith('"'):
        value = value.removeprefix('"').removesuffix('"')
    return Word(name, value, end, closed)


def _end_of_word(text: str, begin: int, in_quote: bool, blanks: str) -> tuple[int, bool]:
    for index in range(begin, len(text)):
        if text[index] == '"':
            in_quote = not in_quote
        elif text[index] in blanks and not in_quote:
            return index, True
    return len(text), not in_quote


def read_words(text: str, blanks: str = BLANKS) -> list[Word]:
    """All words of the text in order, ``--`` among them."""
    words: list[Word] = []
    position = 0
    while True:
        while position < len(text) and text[position] in blanks:
            position += 1
        if position == len(text):
            return words
        words.append(read_word(text, position, blanks))
        position = words[-1].end


def parse(text: str | bytes) -> CommandLine:
    """The parameters of a command line, in order, duplicates included.

    Takes what ``/proc/cmdline`` holds: bytes (UTF-8; other bytes come out as ``surrogateescape`` has them) or
    text. One newline at the end belongs to ``/proc/cmdline``, not to the line. The line ends at a NUL byte, as
    the kernel's own strings do. Whatever is odd, but readable, is a sentence in `CommandLine.warnings`.

    Raises CommandLineError only for text that no bytes can stand for (an unpaired surrogate).
    """
    line, _, behind_nul = _decoded(text).removesuffix("\n").partition("\0")
    words = read_words(line)
    parameters, second_separator = _parameters(words)
    warnings: list[Message] = []
    if behind_nul:
        warnings.append(say("The command line holds a NUL byte: what stands behind it is not read."))
    open_quote = bool(words) and not words[-1].closed
    if open_quote:
        warnings.append(
            say(
                'A double quote in "{name}" is never closed: '
                "this parameter takes everything up to the end of the line.",
                name=printable(words[-1].name),
            )
        )
    if second_separator:
        warnings.append(say('A second "--" stands on the line: the kernel hands PID 1 only what is before it.'))
    warnings.extend(_length_warning(len(line.encode("utf-8", "surrogateescape"))))
    return CommandLine(parameters, tuple(warnings), open_quote)


def _decoded(text: str | bytes) -> str:
    """The text as its bytes read, so that text and bytes give the same parameters."""
    try:
        raw = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    except UnicodeEncodeError as error:
        raise CommandLineError(
            say(
                "The command line holds an unpaired surrogate at character {number}, "
                "which no bytes can stand for; expected text or UTF-8 bytes.",
                number=error.start + 1,
            )
        ) from error
    return raw.decode("utf-8", "surrogateescape")


def _parameters(words: list[Word]) -> tuple[tuple[Parameter, ...], bool]:
    """The parameters, and whether a second ``--`` is among them."""
    separators = [index for index, word in enumerate(words) if (word.name, word.value) == ("--", None)]
    first = separators[0] if separators else len(words)
    before = tuple(Parameter(word.name, word.value) for word in words[:first])
    after = tuple(Parameter(word.name, word.value, init=True) for word in words[first + 1 :])
    return before + after, len(separators) > 1


def _length_warning(size: int) -> list[Message]:
    if size < MAX_BYTES:
        return []
    if size == MAX_BYTES:
        kept = say_many(
            "The command line has {count:,} byte, the most that an x86 kernel keeps: its end may have been cut off.",
            "The command line has {count:,} bytes, the most that an x86 kernel keeps: its end may have been cut off.",
            size,
        )
        return [kept]
    too_long = say_many(
        "The command line has {count:,} byte; an x86 kernel takes at most {most:,}.",
        "The command line has {count:,} bytes; an x86 kernel takes at most {most:,}.",
        size,
        most=MAX_BYTES,
    )
    return [too_long]


def printable(name: str) -> str:
    """A name for a sentence: short, and showable."""
    plain = showable(name)
    return plain if len(plain) <= 40 else plain[:39] + "…"
