"""GRUB's own words around a menu: of its translators, in ASCII, and never with other fields than GRUB fills."""

from __future__ import annotations

import io
from gettext import GNUTranslations
from pathlib import Path

import pytest

from launcher.answers.reading import LANGUAGES
from pxe.entries.boot_entry import make_entry
from pxe.entries.configuration import configurations, image_words
from pxe.entries.grub_words import MESSAGES, catalogue, written
from pxe.entries.loaders import GRUB, PXELINUX
from pxe.entries.menu import Menu
from pxe.entries.room import Machine, Room

KEYS = MESSAGES[1]


@pytest.mark.parametrize("code", sorted({*LANGUAGES} - {"en", "lb"}))
def test_a_menu_has_no_english_words(code: str) -> None:
    """lb: GRUB speaks no Luxembourgish."""
    read = GNUTranslations(io.BytesIO(catalogue(code)))
    shown = [read.gettext(text) for text in MESSAGES]
    assert all(text.isascii() and text.isprintable() for text in shown)
    assert [text for text, ours in zip(shown, MESSAGES, strict=True) if text == ours and text != MESSAGES[0]] == []


def put(place: Path, data: bytes) -> Path:
    path = place / "fr/LC_MESSAGES/grub.mo"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    return place


@pytest.mark.parametrize("wrong", ["%C", "%s et %s", "%C et %C %d", "%C %n"])
def test_fields_that_are_others_are_not_taken(wrong: str, tmp_path: Path) -> None:
    """GRUB takes what lies in memory for a field that it does not give."""
    made = catalogue("fr", put(tmp_path, written({KEYS: wrong, MESSAGES[4]: "Encore %ds"})))
    read = GNUTranslations(io.BytesIO(made))
    assert (read.gettext(KEYS), read.gettext(MESSAGES[4])) == (KEYS, "Encore %ds")


@pytest.mark.parametrize("data", [b"", b"x" * 40, b"\xde\x12\x04\x95" + b"\xff" * 40, written({KEYS: KEYS})])
def test_without_words_there_is_no_file_and_nothing_names_one(data: bytes, tmp_path: Path) -> None:
    assert catalogue("fr", put(tmp_path, data)) == b"" and catalogue("xx") == b"" == catalogue("en")


def test_they_stand_beside_the_configuration_that_names_them() -> None:
    room = Room("lang=FR", (Machine("52:54:00:aa:bb:01", "lang=DE", menu=Menu()),), menu=Menu())
    files = {str(one.path): one.text for one in configurations(room, loaders=(PXELINUX, GRUB))}
    assert files["grub/locale/fr.mo"].encode("utf-8", "surrogateescape") == catalogue("fr")
    assert "grub/locale/de.mo" in files
    assert "set locale_dir=$prefix/locale\n  set lang=fr\n" in files["grub/grub.cfg"]
    # An image reads a machine's own file from the server, whose folder is not that of the image.
    assert "set locale_dir=$udpcast_files/locale\nset lang=de\n" in files["grub/01-52-54-00-aa-bb-01"]
    assert image_words(room, make_entry("lang=FR")) == {"locale/fr.mo": catalogue("fr")}
    for plain in (Room("lang=FR"), Room("lang=EN", menu=Menu())):
        assert not [name for name in (str(one.path) for one in configurations(plain)) if "locale" in name]
        assert image_words(plain, make_entry("lang=EN")) == {}
