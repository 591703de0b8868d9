"""A compiled catalogue (``.mo``, GNU gettext's manual, "The Format of GNU MO Files"), of which only what is asked for
is looked at: before the first screen that is thirty messages of a thousand.

msgfmt sorts the messages, so that each is found by halves. What is in it is what gettext.GNUTranslations finds; a
test compares them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

MAGIC = 0x950412DE
BETWEEN = "\0"
"""Stands between a message and its plural, and between the forms of a translation."""

Plural = Callable[[int], int]

PLURALS: dict[str, Plural] = {
    "nplurals=2; plural=(n != 1);": lambda n: int(n != 1),
    "nplurals=2; plural=(n > 1);": lambda n: int(n > 1),
}
"""From the number of things to the number of the form; a test names the catalogue whose rule is not here."""


class Catalogue:
    """Raises ValueError for what is none."""

    def __init__(self, data: bytes) -> None:
        if len(data) < 20 or struct.unpack_from("<I", data)[0] != MAGIC:
            raise ValueError("this is no compiled catalogue, or one of the other byte order")
        self._data = data
        _, _, count, originals, translations = struct.unpack_from("<5I", data)
        self._count, self._originals, self._translations = count, originals, translations
        header = self._find("")
        rule = next((line for line in header.split("\n") if line.startswith("Plural-Forms:")), "")
        self._plural = PLURALS.get(rule.partition(":")[2].strip(), PLURALS["nplurals=2; plural=(n != 1);"])

    def gettext(self, text: str) -> str:
        """`text` in the catalogue's language, or as it is."""
        return self._form(text, 1) or text

    def ngettext(self, text: str, many: str, count: int) -> str:
        """The form for `count` of a message that has a plural, or the English one."""
        return self._form(text, count) or (text if count == 1 else many)

    def _form(self, text: str, count: int) -> str:
        forms = self._find(text).split(BETWEEN)
        return forms[self._plural(count)] if len(forms) > 1 else forms[0]

    def _find(self, text: str) -> str:
        """All forms of a message's translation; "" where there is none."""
        wanted = text.encode()
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            found = self._text(self._originals, middle).partition(BETWEEN.encode())[0]
            if found == wanted:
                return self._text(self._translations, middle).decode()
            low, high = (middle + 1, high) if found < wanted else (low, middle)
        return ""

    def _text(self, table: int, number: int) -> bytes:
        length, start = struct.unpack_from("<2I", self._data, table + 8 * number)
        return self._data[start : start + length]
