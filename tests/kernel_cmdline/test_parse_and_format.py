"""Reading and writing of lines: the case table in both directions, warnings, refusals."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from kernel_cmdline import MAX_BYTES, CommandLine, CommandLineError, Message, Parameter, format_line, parse

CASES: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("cases.toml").read_text())["case"]
NAMES = [case["why"] for case in CASES]


def expected(case: dict[str, Any]) -> tuple[Parameter, ...]:
    return tuple(Parameter(*parameter) for parameter in case["parameters"])


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_line_is_read(case: dict[str, Any]) -> None:
    line = parse(case["line"])
    assert line.parameters == expected(case)
    assert parse(case["line"].encode() + b"\n") == line
    assert [warning for warning in line.warnings if "never closed" in str(warning)] == list(line.warnings)
    assert bool(line.warnings) == case.get("open", False)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_the_same_parameters_are_written(case: dict[str, Any]) -> None:
    assert format_line(expected(case)) == case.get("written", case["line"])


@pytest.mark.parametrize("case", [case for case in CASES if not case.get("open")], ids=str)
def test_what_stands_behind_two_dashes_is_for_pid_1(case: dict[str, Any]) -> None:
    line = parse(f"before {case['line']} -- {case['line']}")
    assert [p.init for p in line] == [False] * (1 + len(expected(case))) + [True] * len(expected(case))
    assert [(p.name, p.value) for p in line if p.init] == [(p.name, p.value) for p in expected(case)]
    assert parse(format_line(line)).parameters == line.parameters


@pytest.mark.parametrize("text", ["", " ", "\n", b"", b"\n", "--", ' "--" '])
def test_a_line_without_parameters(text: str | bytes) -> None:
    assert parse(text) == CommandLine()
    assert format_line(parse(text)) == ""


def test_a_second_separator_is_kept_with_a_warning_as_the_kernel_drops_what_follows() -> None:
    line = parse("a -- b -- c")
    assert line.parameters == (
        Parameter("a"),
        Parameter("b", init=True),
        Parameter("--", init=True),
        Parameter("c", init=True),
    )
    assert "second" in str(line.warnings[0])


def test_a_newline_at_the_end_belongs_to_the_file_even_behind_an_open_quote() -> None:
    assert parse(b'a="b c\n').parameters == (Parameter("a", "b c"),)
    assert parse(b'a="b c\n\n').parameters == (Parameter("a", "b c\n"),)


def test_utf_8_is_kept_together_but_a_stray_byte_a0_separates() -> None:
    assert parse("a=à b\u00a0c").parameters == (Parameter("a", "à"), Parameter("b\u00a0c"))
    assert parse(b"a=\xa0b \xff").parameters == (Parameter("a", ""), Parameter("b"), Parameter("\udcff"))
    assert parse("a=\udcc3\udca0") == parse(b"a=\xc3\xa0")


def test_what_the_kernel_would_cut_is_written_in_quotes() -> None:
    assert format_line([Parameter("à"), Parameter("b", "à"), Parameter("c", "\udca0")]) == '"à" b="à" c="\udca0"'


def test_the_line_ends_at_a_nul_byte() -> None:
    line = parse(b'a="b\0c" d')
    assert line.parameters == (Parameter("a", "b"),)
    assert len(line.warnings) == 2


@pytest.mark.parametrize(("size", "sentence"), [(2046, ""), (2047, "may have been cut"), (2048, "at most")])
def test_a_line_that_may_have_been_cut_has_a_warning(size: int, sentence: str) -> None:
    for text in ("é=" + "x" * (size - 3), ("é=" + "x" * (size - 3)).encode() + b"\n"):
        warnings = parse(text).warnings
        assert len(warnings) == (1 if sentence else 0)
        assert sentence in "".join(map(str, warnings))


def test_a_sentence_keeps_its_template_and_fields() -> None:
    (warning,) = parse("ä=" + "x" * 2050).warnings
    assert (warning.fields, "{count:,}" in warning.many) == ((("count", 2053), ("most", MAX_BYTES)), True)
    assert str(warning) == "The command line has 2,053 bytes; an x86 kernel takes at most 2,047."
    with pytest.raises(CommandLineError) as caught:
        format_line([Parameter("a", '"b c"')])
    name, why = caught.value.message.fields
    assert (name, isinstance(why[1], Message)) == (("name", "a"), True)
    assert str(caught.value) == f'The parameter "a" cannot be written: {why[1]}.'


def test_text_that_no_bytes_can_stand_for_is_an_error() -> None:
    with pytest.raises(CommandLineError, match="character 3"):
        parse("a=\ud800")


def test_the_last_one_wins_whatever_its_spelling() -> None:
    line = parse("BOOTIF=1 bootif=2 a-b=3 A_B a_c -- a_b=4")
    assert line.last("bootif") == Parameter("bootif", "2")
    assert line.last("a_b") == Parameter("A_B")
    assert line.all("A-B") == (Parameter("a-b", "3"), Parameter("A_B"))
    assert line.last("b") is None


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        (Parameter("a", 'b" c'), '"a="b" c"'),
        (Parameter("a", 'b "c"'), 'a="b "c""'),
        (Parameter("a", '"b'), 'a=""b'),
        (Parameter("a", '"'), '"a="""'),
        (Parameter("à ", 'b"'), '"à ="b""'),
    ],
)
def test_odd_quotes_are_written_where_the_kernel_has_a_spelling(parameter: Parameter, text: str) -> None:
    assert format_line([parameter]) == text
    assert parse(f"{text} -- x").parameters == (parameter, Parameter("x", init=True))


@pytest.mark.parametrize(
    ("parameter", "reason"),
    [
        (Parameter("udpcparam", '"a b"'), "double quote"),
        (Parameter("udpcparam", '"--a "b c" --d"'), "double quote"),
        (Parameter("udpcparam", 'à"'), "double quote"),
        (Parameter('udpcparam"'), "double quote"),
        (Parameter('udpcparam" x'), "double quote"),
        (Parameter("udpc=param", "x"), '"="'),
        (Parameter("udpc=param"), '"="'),
        (Parameter("", "udpcparam"), "no name"),
        (Parameter("udpcparam", "a\nb"), "U\\+000A"),
        (Parameter("udpcparam", "a\0b"), "U\\+0000"),
        (Parameter("udpcparam", "\x7f"), "U\\+007F"),
        (Parameter("udpcparam", "\ud800"), "surrogates"),
        (Parameter("udpcparam", "\udcc3\udca0"), "surrogates"),
        (Parameter("--"), "separates"),
        (Parameter("--", init=True), "second"),
        (Parameter("udpcparam", "x" * 2048), "2,058 bytes"),
    ],
)
def test_what_cannot_be_written_is_refused_in_one_sentence(parameter: Parameter, reason: str) -> None:
    with pytest.raises(CommandLineError, match=reason) as error:
        format_line([parameter])
    sentence = str(error.value)
    assert f'The parameter "{parameter.name}" cannot be written: ' in sentence
    assert sentence.endswith(".") and "\n" not in sentence


def test_the_longest_line() -> None:
    fits = [Parameter("a", "x" * 1000), Parameter("é", "x" * (MAX_BYTES - 1006))]
    assert len(format_line(fits).encode()) == MAX_BYTES
    with pytest.raises(CommandLineError, match=r'"last" cannot .* 2,052 bytes'):
        format_line([*fits, Parameter("last")])


def test_parameters_of_pid_1_come_last() -> None:
    with pytest.raises(CommandLineError, match='"late"'):
        format_line([Parameter("a", init=True), Parameter("late")])
