"""A TOML text, and the lines on which its values stand. The contract:

- `TomlText` has the values, or TomlError is raised: one sentence, with the line.
- `line_of` tells the line of every value, by its path. tomllib tells lines of wrong syntax only, so growing beginnings
  of the text are read: the first one in which the path is there ends at its line. (In the midst of a list or of a text
  of several lines a beginning is closed first.)
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from typing import Any

from kernel_cmdline import showable

Path = tuple[str | int, ...]
"""Keys of tables and numbers in lists, from the outside to the inside."""

_CLOSED_BY = ("", "\n]", '"""', "'''", "\n]}", "\n]]", '"""\n]', "\n]}]", "\n}", "\n}]")
"""What makes a whole text of one that ends in the midst of a value. (`}` on a line of its own is TOML 1.1's.)"""

_QUOTES = 'text stands in double quotes ("rcv"), yes and no are true and false, a list stands in [ ]'
_SENTENCES = (
    ("Cannot overwrite|Cannot declare|Cannot mutate|Duplicate", "this name is there already, and can be given once"),
    ("Invalid value|Expected newline or end of document", f"this is no value: {_QUOTES}"),
    (
        "Expected '=' after|Invalid statement|Invalid initial char|Expected ']'",
        "name = value, or [table], was expected",
    ),
    ("Unterminated string|Illegal character '.n'|Expected \"'", "a quote is not closed"),
    ("Unclosed array", "a list is not closed, or a comma is missing in it"),
    ("Unclosed inline table", "a { is not closed on its line, or a comma is missing in it"),
    ("Found invalid character|Illegal character", "a control character stands here"),
    ("Unescaped|Invalid escape|Invalid hex", r"a backslash must be written twice (\\), or the text in single quotes"),
)
"""tomllib's words, and ours."""


class TomlError(Exception):
    """One sentence that begins with the line: "line 3: ..."."""


LONGEST_LINE = 20_000
"""Characters; tomllib takes minutes for a key with a hundred thousand dots."""


class TomlText:
    """A text that was read. `values` are tomllib's."""

    def __init__(self, text: str) -> None:
        """Raises TomlError."""
        self._lines = text.replace("\r\n", "\n").split("\n")
        self._beginnings: dict[int, tuple[int, Any]] = {}
        for number, line in enumerate(self._lines, 1):
            if len(line) > LONGEST_LINE:
                raise TomlError(f"line {number}: it is longer than {LONGEST_LINE:,} characters; begin new lines.")
        try:
            self.values: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise TomlError(self._sentence(str(error))) from error
        except (ValueError, RecursionError) as error:
            what = "this is nested too deeply" if isinstance(error, RecursionError) else "this number is too long"
            raise TomlError(f"line {self._first(self._fails_too)}: {what}.") from error

    def line_of(self, path: Path) -> int:
        """The line on which the value at `path` begins, or the table around it where there is none."""
        while path and not _has(self.values, path):
            path = path[:-1]
        return self._beginning(self._first(lambda count: _has(self._beginning(count)[1], path)))[0]

    def _first(self, is_there: Callable[[int], bool]) -> int:
        """The number of lines of the shortest beginning for which it is so; it is for all that are longer."""
        low, high = 1, len(self._lines)
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if is_there(middle) else (middle + 1, high)
        return low

    def _beginning(self, count: int) -> tuple[int, Any]:
        """The first `count` lines, or a few more where these are no whole text: how many, and the values."""
        if count not in self._beginnings:
            self._beginnings[count] = self._read(count)
        return self._beginnings[count]

    def _read(self, count: int) -> tuple[int, Any]:
        if count >= len(self._lines):
            return count, self.values
        text = "\n".join(self._lines[:count])
        for closing in _CLOSED_BY:
            try:
                return count, tomllib.loads(text + closing)
            except (ValueError, RecursionError):
                continue
        return self._beginning(count + 1)

    def _fails_too(self, count: int) -> bool:
        try:
            tomllib.loads("\n".join(self._lines[:count]))
        except tomllib.TOMLDecodeError:
            return False
        except (ValueError, RecursionError):
            return True
        return False

    def _sentence(self, theirs: str) -> str:
        place = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", theirs)
        words = theirs[: place.start()] if place else theirs
        ours = next((ours for pattern, ours in _SENTENCES if re.match(pattern, words)), "")
        number = int(place[1]) if place and place[1] else len(self._lines)
        line = self._lines[number - 1].strip() if number <= len(self._lines) else ""
        shown = f"{showable(line[:60])}{'…' if len(line) > 60 else ''}"
        return f"line {number}{f' ({shown})' if shown else ''}: {ours or showable(words[:120])}."


def _has(values: Any, path: Path) -> bool:
    try:
        for key in path:
            values = values[key]
    except (KeyError, IndexError, TypeError):
        return False
    return True
