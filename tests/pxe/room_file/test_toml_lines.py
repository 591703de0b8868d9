"""On which line a value of a TOML text stands, and what is said of a text that is none."""

from __future__ import annotations

import pytest

from pxe.room_file.toml_lines import Path, TomlError, TomlText

TEXT = TomlText(
    """\
a = [
  "x",
  "y", "z",
  { m = [
    1,
    2], n = "c" },
]
b = '''
a text

'''
[c]
d.e.f = 1
d.g = { h = [
  [1
  , 2]] }
[[list]]
[[list]]
p = 1
"""
)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("a",), 1),
        (("a", 0), 2),
        (("a", 2), 3),
        (("a", 3, "m", 0), 5),
        (("a", 3, "m", 1), 6),
        (("a", 3, "n"), 6),
        (("b",), 8),
        (("c",), 12),
        (("c", "d", "e", "f"), 13),
        (("c", "d", "g", "h", 0, 1), 16),
        (("list", 1), 18),
        (("list", 1, "p"), 19),
        (("list", 1, "not there"), 18),
        (("not there",), 1),
    ],
)
def test_the_line_of_a_value(path: Path, line: int) -> None:
    assert TEXT.line_of(path) == line


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_line_of_a_long_list(end: str) -> None:
    text = TomlText(end.join(["", "machines = [", *(f'"{number}",' for number in range(100)), "]"]))
    assert [text.line_of(("machines", number)) for number in range(100)] == list(range(3, 103))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = 1\numode = rcv", 'line 2 (umode = rcv): this is no value: text stands in double quotes ("rcv")'),
        ("auto = yes", "line 1 (auto = yes): this is no value: "),
        ("umode = “rcv”", "text stands in double quotes"),
        ('a = "x" b', "line 1"),
        ('a = "x\nb = 1', 'line 1 (a = "x): a quote is not closed.'),
        ("a = 'x", "a quote is not closed"),
        ('a = """\nx', "line 2 (x): a quote is not closed."),
        ("a = [1,\n2\nb = 1", "line 3 (b = 1): a list is not closed, or a comma is missing in it."),
        ("a = { x = 1\n", "line 1 (a = { x = 1): a { is not closed on its line"),
        ("[a]\n[b]\n[a]", "line 3 ([a]): this name is there already, and can be given once."),
        ("a = 1\na = 2", "line 2 (a = 2): this name is there already"),
        ("a = { x = 1, x = 2 }", "this name is there already"),
        ("[a\nb = 1", "line 1 ([a): name = value, or [table], was expected."),
        ("umode rcv", "name = value, or [table], was expected"),
        ('a = "C:\\d"', r"a backslash must be written twice (\\), or the text in single quotes"),
        ("a = \x1b[31m", "line 1 (a = \\x1b[31m): "),
        (f"b = 1\na = {'[' * 5000}", "line 2: this is nested too deeply."),
        (f"b = 1\na = {'1' * 5000}", "line 2: this number is too long."),
        (f"a = {'x' * 100}", f"line 1 (a = {'x' * 56}…): "),
    ],
)
def test_wrong_syntax_is_one_sentence_with_its_line(text: str, words: str) -> None:
    with pytest.raises(TomlError) as caught:
        TomlText(text)
    assert words in str(caught.value) and "\n" not in str(caught.value) and "\x1b" not in str(caught.value)
