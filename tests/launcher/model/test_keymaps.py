"""Which keymap a name is, and which one a language has."""

from __future__ import annotations

import pytest

from launcher.answers.reading import LANGUAGES
from launcher.model.keymaps import LAYOUTS, OTHER_NAMES, USUAL, find, near, usual


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("FR", "fr"),
        ("fr-latin1", "fr"),
        ("fr_latin9", "fr"),
        ("fr-latin9.kmap.gz", "fr"),
        ("fr-latin1.map", "fr"),
        (" azerty ", "fr"),
        ("BE", "be"),
        ("be-latin1", "be"),
        ("DE", "de"),
        ("de-latin1", "de-deadkeys"),
        ("de-latin1-nodeadkeys", "de"),
        ("AT", "de"),
        ("CH", "ch-de"),
        ("de_CH-latin1", "ch-de"),
        ("sg-latin1", "ch-de"),
        ("fr_CH-latin1", "ch-fr"),
        ("LU", "ch-fr"),
        ("US", "us"),
        ("gb", "uk"),
        ("la-latin1", "la"),
        ("br-abnt2", "br"),
        ("DA", "dk"),
        ("sv-latin1", "se"),
        ("cf", "ca"),
    ],
)
def test_a_keymap_has_the_names_of_udpcast_iso_kbd_and_debian(text: str, name: str) -> None:
    assert find(text) == name


@pytest.mark.parametrize(
    "text", ["", "xx", "klingon", "../../etc/passwd", "fr;reboot", "\udcff", "-latin1", ".map", "fr " * 999]
)
def test_any_other_name_is_none(text: str) -> None:
    assert find(text) is None


def test_near_ones_are_named() -> None:
    assert near("frr-latin1")[0] == "fr"
    assert "de-nodeadkeys" in near("de-nodedkeys")
    assert near("\udcff") == ()


def test_each_name_leads_to_a_keymap() -> None:
    assert {*OTHER_NAMES.values(), *USUAL.values()} <= set(LAYOUTS)
    assert not set(OTHER_NAMES) & set(LAYOUTS)
    assert all(find(name) == name for name in LAYOUTS)
    assert all(find(other) == name for other, name in OTHER_NAMES.items())


def test_each_language_has_its_usual_one() -> None:
    assert set(LANGUAGES) <= set(USUAL)


@pytest.mark.parametrize(
    ("language", "given", "name"),
    [
        ("fr", "FR", "fr"),
        ("fr", "fr_BE.UTF-8", "be"),
        ("fr", "fr_CH.ISO-8859-1", "ch-fr"),
        ("fr", "fr-CA", "ca"),
        ("de", "de_AT@euro", "de"),
        ("de", "de_CH", "ch-de"),
        ("pt", "pt_BR", "br"),
        ("en", "EN", "us"),
        ("en", "GB", "uk"),
        ("en", "en_GB.UTF-8", "uk"),
        ("nl", "nl_NL", "us"),
        ("lb", "LB", "ch-fr"),
        ("xx", "", "us"),
    ],
)
def test_a_land_may_have_another_one_than_its_language(language: str, given: str, name: str) -> None:
    assert usual(language, given) == name
