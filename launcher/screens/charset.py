"""Characters on a line whose terminal does not have all of them: what stands for those that it lacks.

A terminal tells nobody its character set. UTF-8 is what all have today; another one is named where a locale names it,
behind the language (``lang=fr_FR.ISO-8859-1``, ``lang=de_DE@euro``, ``lang=fr_FR.ASCII``). It counts for serial lines
only: the PC's own screen has its own font, and is told UTF-8.
"""

from __future__ import annotations

from enum import Enum


class Charset(Enum):
    """By the name of Python's codec."""

    UTF8 = "utf-8"
    LATIN1 = "latin-1"
    LATIN9 = "iso8859-15"
    ASCII = "ascii"


_NAMES = {
    **dict.fromkeys(("iso88591", "latin1", "88591", "l1"), Charset.LATIN1),
    **dict.fromkeys(("iso885915", "latin9", "885915", "euro"), Charset.LATIN9),
    **dict.fromkeys(("ascii", "usascii", "ansix3.41968", "646"), Charset.ASCII),
}
"""As locales write them (glibc's localedata/SUPPORTED, ``locale charmap``), without ``-`` and ``_``."""

_PLAIN = {
    **dict(zip("ÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝŠŽŸÐ", "AAAAAACEEEEIIIINOOOOOOUUUUYSZYD", strict=True)),
    **dict(zip("àáâãäåçèéêëìíîïñòóôõöøùúûüýÿšžð", "aaaaaaceeeeiiiinoooooouuuuyyszd", strict=True)),
    **dict(zip("─│┌┐└┘├┤┬┴┼═║▶►◀▲▼█▓▒░■●•·", "-|+++++++++=|>><^v###.#**.", strict=True)),
    **dict(zip("«»‘’“”„´×÷¡¿°ªº¹²³¦\u00a0\u00ad–—−‐", '""\'\'"""\'x/!?oao123| -----', strict=True)),
    **{"ß": "ss", "Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "Þ": "Th", "þ": "th", "€": "EUR", "…": "...", "µ": "u"},
    **{"±": "+/-", "§": "S.", "©": "(c)", "®": "(R)", "£": "GBP", "¥": "JPY", "¢": "c", "¶": "P.", "¬": "!", "¯": "-"},
    **{"¨": '"', "¸": ",", "¼": "1/4", "½": "1/2", "¾": "3/4", "¤": "$", "→": "->", "←": "<-"},
}
"""What stands for a character where it is not there. Some take more room: see `fitted`."""


def charset_of(locale: str) -> Charset:
    """The character set that ``fr_FR.ISO-8859-1`` or ``de_DE@euro`` names; UTF-8 where it names none."""
    name, _, modifier = locale.strip().lower().partition("@")
    if name in ("c", "posix"):
        return Charset.ASCII
    codeset = name.partition(".")[2].replace("-", "").replace("_", "")
    return _NAMES.get(codeset) or (_NAMES.get(modifier, Charset.UTF8) if not codeset else Charset.UTF8)


def plain(text: str, charset: Charset) -> str:
    """`text` in characters of `charset` only; a question mark stands for what nothing stands for."""
    if text.isascii() or charset is Charset.UTF8:
        return text
    return "".join(one if _has(charset, one) else _PLAIN.get(one, "?") for one in text)


def _has(charset: Charset, character: str) -> bool:
    try:
        character.encode(charset.value)
    except UnicodeEncodeError:
        return False
    return True


def fitted(texts: list[str], charset: Charset) -> list[str]:
    """The pieces of a screen's row in `charset`, together as wide as before: what takes more room takes it from the
    next gap of several blanks, or from the row's end."""
    width = sum(map(len, texts))
    pieces, debt = list[str](), 0
    for text in texts:
        new = plain(text, charset)
        debt += len(new) - len(text)
        while debt > 0 and "  " in new:
            new = new.replace("  ", " ", 1)
            debt -= 1
        pieces.append(new)
    for number in reversed(range(len(pieces))):
        over = sum(map(len, pieces)) - width
        if over > 0:
            pieces[number] = pieces[number][: max(0, len(pieces[number]) - over)]
    return pieces
