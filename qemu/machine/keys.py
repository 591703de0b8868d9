"""Names of keys, as a serial terminal sends them and as QMP's ``send-key`` calls them. Pure tables.

Serial: ECMA-48 and xterm's sequences, which the kernel's own ``TERM=linux`` and ``vt100`` share for these keys.
VGA: QKeyCode of QEMU's qapi/ui.json, on the keyboard layout of the USA.
"""

from __future__ import annotations


class UnknownKey(ValueError):
    """One sentence: which key is not known."""


SERIAL = {
    "enter": b"\r",
    "tab": b"\t",
    "esc": b"\x1b",
    "backspace": b"\x7f",
    "space": b" ",
    "up": b"\x1b[A",
    "down": b"\x1b[B",
    "right": b"\x1b[C",
    "left": b"\x1b[D",
    "home": b"\x1b[1~",
    "insert": b"\x1b[2~",
    "delete": b"\x1b[3~",
    "end": b"\x1b[4~",
    "page up": b"\x1b[5~",
    "page down": b"\x1b[6~",
    "f1": b"\x1b[[A",
    "f2": b"\x1b[[B",
    "f3": b"\x1b[[C",
    "f4": b"\x1b[[D",
    "f5": b"\x1b[[E",
    "f6": b"\x1b[17~",
    "f7": b"\x1b[18~",
    "f8": b"\x1b[19~",
    "f9": b"\x1b[20~",
    "f10": b"\x1b[21~",
}
"""What each named key sends on a serial line; ``ctrl x`` is computed."""

QCODES = {
    "enter": "ret",
    "space": "spc",
    "page up": "pgup",
    "page down": "pgdn",
    **{name: name for name in ("tab", "esc", "backspace", "up", "down", "left", "right", "home", "end")},
    **{name: name for name in ("insert", "delete", *(f"f{n}" for n in range(1, 11)))},
}
_PLAIN = {
    **{" ": "spc", "-": "minus", "=": "equal", ",": "comma", ".": "dot", "/": "slash", ";": "semicolon"},
    **{"'": "apostrophe", "\\": "backslash", "[": "bracket_left", "]": "bracket_right", "`": "grave_accent"},
}
_SHIFTED = dict(zip('_+<>?:"|{}~!@#$%^&*()', "-=,./;'\\[]`1234567890", strict=True))


def serial(key: str) -> bytes:
    """What a serial terminal sends for a key: a name of `SERIAL`, ``ctrl x``, or a single character."""
    if key in SERIAL:
        return SERIAL[key]
    if _control(key):
        return bytes([ord(key[5].lower()) & 0x1F])
    if len(key) == 1:
        return key.encode()
    raise UnknownKey(_unknown(key))


MODIFIERS = {"altgr ": "alt_r", "ctrl alt ": "ctrl", "alt ": "alt", "sysrq ": "alt"}
"""What is held down besides, on a keyboard only: ``altgr 0``, ``ctrl alt delete``, ``alt f2``, ``sysrq k``."""


def qcodes(key: str) -> list[str]:
    """The QKeyCodes that are pressed together for a key; names as for `serial`, and with `MODIFIERS` before them."""
    for name, code in MODIFIERS.items():
        if key.startswith(name):
            more = {"ctrl alt ": ["alt"], "sysrq ": ["sysrq"]}.get(name, [])
            return [code, *more, *qcodes(key.removeprefix(name))]
    if key in QCODES:
        return [QCODES[key]]
    if _control(key):
        return ["ctrl", *qcodes(key[5].lower())]
    if len(key) == 1:
        if key in _SHIFTED:
            return ["shift", *qcodes(_SHIFTED[key])]
        if key.isascii() and key.isalnum():
            return ["shift", key.lower()] if key.isupper() else [key]
        if key in _PLAIN:
            return [_PLAIN[key]]
    raise UnknownKey(_unknown(key))


def _control(key: str) -> bool:
    return key.startswith("ctrl ") and len(key) == 6 and (key[5].isalpha() or key[5] in "[\\]")


def _unknown(key: str) -> str:
    return f'key "{key}" is not known: one character, "ctrl x", or one of {", ".join(SERIAL)}.'
