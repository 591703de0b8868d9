"""Words of any language in the characters that a boot loader can show. Pure.

A loader has the font of the firmware: that of a PC's VGA in text mode is code page 437; of UEFI, and of a terminal on a
serial line, nobody knows more than ASCII. What is not there is spelled as its language spells it without that letter.
"""

from __future__ import annotations

import unicodedata

from kernel_cmdline.showing import is_seen

SPELLED = {
    **{"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa", "œ": "oe", "ĳ": "ij"},
    **{"Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ẞ": "SS", "Æ": "Ae", "Ø": "Oe", "Å": "Aa", "Œ": "Oe", "Ĳ": "IJ"},
    **{"€": "EUR", "’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "–": "-", "—": "-"},
    **{"…": "...", "\N{NO-BREAK SPACE}": " ", "\N{NARROW NO-BREAK SPACE}": " ", "¿": "", "¡": ""},
}
"""Letters that are more than a letter with a mark, and signs. Another one loses its mark: é is e."""

UNKNOWN = "?"


def spelled(text: str, codec: str) -> str:
    """`text` in characters of this codec alone, none of which is a control character."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(
        char if _has(codec, char) else _without(char, codec, composed[max(at - 1, 0) : at + 2])
        for at, char in enumerate(composed)
    )


def _has(codec: str, char: str) -> bool:
    try:
        char.encode(codec)
    except UnicodeEncodeError:
        return False
    return is_seen(char)


def _without(char: str, codec: str, around: str) -> str:
    """`around`: with its neighbours, which tell a word in capital letters."""
    if char in SPELLED:
        return SPELLED[char].upper() if char.isupper() and around.isupper() and len(around) > 1 else SPELLED[char]
    bare = [one for one in unicodedata.normalize("NFKD", char) if not unicodedata.combining(one)]
    return "".join(one if _has(codec, one) else UNKNOWN for one in bare) or UNKNOWN
