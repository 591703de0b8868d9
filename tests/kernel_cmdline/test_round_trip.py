"""Writing and reading are each other's inverse, for whatever parameters and lines hypothesis thinks of."""

from __future__ import annotations

from hypothesis import assume, example, given
from hypothesis import strategies as st

from kernel_cmdline import CommandLine, CommandLineError, Parameter, format_line, parse

# Few characters, and those the rules turn on, so that vicious combinations are common. None holds the byte 0xA0:
# there the kernel reads otherwise than we do, and format_line refuses what only we could read.
SYNTAX = st.text(st.sampled_from("ab=\" -\t_.\\'é,"), max_size=8)
ANYTHING = st.one_of(SYNTAX, st.text(max_size=8))
PARAMETERS = st.lists(st.builds(Parameter, ANYTHING, st.none() | ANYTHING), max_size=6)
LINES = st.text(st.sampled_from("ab=\" -\t\n\v_.\\'é,"), max_size=40)


def writable(parameter: Parameter) -> bool:
    try:
        format_line([parameter])
    except CommandLineError:
        return False
    return True


@given(PARAMETERS, st.integers(min_value=0, max_value=6))
@example([Parameter("a", 'b"'), Parameter("", None)], 1)
def test_what_is_written_reads_back(parameters: list[Parameter], first_of_pid_1: int) -> None:
    accepted = [
        Parameter(p.name, p.value, init=index >= first_of_pid_1) for index, p in enumerate(parameters) if writable(p)
    ]
    text = format_line(accepted)
    assert parse(text) == CommandLine(tuple(accepted))
    assert parse(text.encode("utf-8", "surrogateescape") + b"\n") == CommandLine(tuple(accepted))


@given(LINES)
@example('"a="b"" c')
def test_every_line_with_closed_quotes_can_be_written_again(text: str) -> None:
    line = parse(text)
    assume(not line.warnings)
    assume(all(char not in text for char in "\n\v"))
    assert parse(format_line(line)) == line


@given(LINES)
def test_what_can_be_written_again_is_equal_and_then_stays_as_it_is(text: str) -> None:
    line = parse(text)
    try:
        once = format_line(line)
    except CommandLineError:
        assume(False)
    assert parse(once).parameters == line.parameters
    assert format_line(parse(once)) == once


@given(st.binary(max_size=60))
def test_any_bytes_are_read(raw: bytes) -> None:
    line = parse(raw)
    assert line == parse(raw.decode("utf-8", "surrogateescape"))


@given(LINES, LINES)
def test_words_are_read_one_by_one(first: str, second: str) -> None:
    assume(not parse(first).warnings and not any(p.init for p in parse(first)) and "--" not in first)
    assert parse(f"{first} {second}").parameters == parse(first).parameters + parse(second).parameters
