"""The keymaps of a PC's own keyboard: by which names each is known, and which one a language's keyboards usually have.

A name is a code of UDPCast's or of ISO's (``FR``, ``be``), or a console keymap's name as kbd and Debian's console-data
have it (``fr-latin1``, ``de-latin1-nodeadkeys``, ``sg-latin1.kmap.gz``). Case does not count, ``-`` equals ``_``, and
what only names a character set (``-latin9``) makes no other keymap.

The builder reads `LAYOUTS` as well (initrd/consoles.py), so that it is a literal. Keys that only change the next one
(``^`` on a French keyboard) are dead as they are on every PC there, and the kernel composes them; German is without,
as UDPCast's is.
"""

from __future__ import annotations

LAYOUTS = {
    "us": "us",
    "us-intl": "us(intl)",
    "us-dvorak": "us(dvorak)",
    "uk": "gb",
    "ie": "ie",
    "fr": "fr(latin9)",
    "fr-nodeadkeys": "fr(latin9_nodeadkeys)",
    "fr-bepo": "fr(bepo)",
    "be": "be",
    "be-nodeadkeys": "be(nodeadkeys)",
    "ch-de": "ch(de)",
    "ch-de-nodeadkeys": "ch(de_nodeadkeys)",
    "ch-fr": "ch(fr)",
    "ch-fr-nodeadkeys": "ch(fr_nodeadkeys)",
    "ca": "ca",
    "de": "de(nodeadkeys)",
    "de-deadkeys": "de",
    "es": "es",
    "es-nodeadkeys": "es(nodeadkeys)",
    "la": "latam",
    "it": "it",
    "pt": "pt",
    "pt-nodeadkeys": "pt(nodeadkeys)",
    "br": "br",
    "nl": "nl",
    "dk": "dk",
    "dk-nodeadkeys": "dk(nodeadkeys)",
    "no": "no",
    "no-nodeadkeys": "no(nodeadkeys)",
    "se": "se",
    "se-nodeadkeys": "se(nodeadkeys)",
    "fi": "fi(classic)",
    "is": "is",
    "pl": "pl",
    "cz": "cz",
    "sk": "sk",
    "hu": "hu",
    "hr": "hr",
    "si": "si",
    "ro": "ro",
    "ee": "ee",
    "lv": "lv",
    "lt": "lt",
    "tr": "tr",
}
"""By its name here, and of its file in the initrd, each keymap's layout and variant in the X Keyboard Extension's
database, of which the builder makes it."""

OTHER_NAMES = {
    **dict.fromkeys(("en", "usa", "none", "defkeymap"), "us"),
    **dict.fromkeys(("us-acentos", "us-int", "intl"), "us-intl"),
    "dvorak": "us-dvorak",
    "gb": "uk",
    **dict.fromkeys(("azerty", "fr-pc", "mc"), "fr"),
    **dict.fromkeys(("bepo", "fr-dvorak-bepo"), "fr-bepo"),
    **dict.fromkeys(("be2", "wangbe", "wangbe2"), "be"),
    **dict.fromkeys(("ch", "de-ch", "sg", "li"), "ch-de"),
    **dict.fromkeys(("fr-ch", "sf", "lu", "lb"), "ch-fr"),
    **dict.fromkeys(("de-ch-nodeadkeys", "ch-nodeadkeys"), "ch-de-nodeadkeys"),
    **dict.fromkeys(("fr-ch-nodeadkeys", "lu-nodeadkeys"), "ch-fr-nodeadkeys"),
    **dict.fromkeys(("cf", "fr-ca", "ca-fr"), "ca"),
    **dict.fromkeys(("at", "at-nodeadkeys", "de-nodeadkeys", "de-alt"), "de"),
    "de-latin1": "de-deadkeys",
    **dict.fromkeys(("latam", "mx", "ar", "cl", "co", "pe"), "la"),
    **dict.fromkeys(("it2", "it-ibm"), "it"),
    **dict.fromkeys(("pt-br", "br-abnt", "br-abnt2"), "br"),
    "nl2": "nl",
    "da": "dk",
    **dict.fromkeys(("nb", "nn"), "no"),
    **dict.fromkeys(("sv", "se-fi", "fi-se"), "se"),
    "cs": "cz",
    "croat": "hr",
    **dict.fromkeys(("slovene", "sl"), "si"),
    "et": "ee",
    **dict.fromkeys(("trq", "tralt"), "tr"),
}
"""What else they are called, without what `find` takes off."""

USUAL = {
    "en": "us",
    "en_GB": "uk",
    "en_IE": "ie",
    "fr": "fr",
    "fr_BE": "be",
    "fr_CA": "ca",
    "fr_CH": "ch-fr",
    "fr_LU": "ch-fr",
    "de": "de",
    "de_BE": "be",
    "de_CH": "ch-de",
    "de_LI": "ch-de",
    "de_LU": "ch-fr",
    "es": "es",
    **{f"es_{land}": "la" for land in "AR BO CL CO CR DO EC GT HN MX NI PA PE PR PY SV US UY VE".split()},
    "it": "it",
    "it_CH": "ch-fr",
    "pt": "pt",
    "pt_BR": "br",
    "nl": "us",
    "nl_BE": "be",
    "da": "dk",
    "lb": "ch-fr",
}
"""A language's usual one, and that of a land which has another, as Debian's keyboard-configuration has them. PCs in the
Netherlands have the American keyboard, those in Luxembourg the one of French Switzerland."""

_FILES = (".gz", ".kmap", ".map", ".bmap")
_CHARACTER_SETS = ("-latin1", "-latin9", "-latin0", "-latin2", "-utf-8")


def find(text: str) -> str | None:
    """The keymap that `text` names, as `LAYOUTS` calls it; None where it names none."""
    name = _plain(text)
    names = (name, _without_character_set(name))
    return next((OTHER_NAMES.get(one, one) for one in names if one in LAYOUTS or one in OTHER_NAMES), None)


def near(text: str) -> tuple[str, ...]:
    """The names that `text` may be meant for, the nearest first."""
    from difflib import get_close_matches  # noqa: PLC0415 - for a case that hardly ever comes

    return tuple(get_close_matches(_without_character_set(_plain(text)), (*LAYOUTS, *OTHER_NAMES), n=4))


def _plain(text: str) -> str:
    name = text.strip().lower().replace("_", "-")
    for ending in _FILES:
        name = name.removesuffix(ending)
    return name


def _without_character_set(name: str) -> str:
    for word in _CHARACTER_SETS:
        name = name.replace(word, "")
    return name


def usual(language: str, given: str = "") -> str:
    """The keymap of `language`, a catalogue's code; `given` is what ``lang`` was given, which may name a land."""
    place = given.strip().replace("-", "_").partition(".")[0].partition("@")[0]
    code, _, land = place.partition("_")
    land = land.upper()
    if code.upper() == "GB":
        land = "GB"
    return USUAL.get(f"{language}_{land}") or USUAL.get(language, "us")
