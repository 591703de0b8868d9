"""A page on a line whose terminal does not have all characters."""

from __future__ import annotations

import pytest

from launcher.screens.charset import Charset, charset_of, fitted, plain


@pytest.mark.parametrize(
    ("locale", "charset"),
    [
        ("FR", Charset.UTF8),
        ("fr_FR.UTF-8", Charset.UTF8),
        ("fr_FR.utf8", Charset.UTF8),
        ("fr_FR.ISO-8859-1", Charset.LATIN1),
        ("fr_FR.iso88591", Charset.LATIN1),
        ("de_DE.ISO8859-15", Charset.LATIN9),
        ("de_DE@euro", Charset.LATIN9),
        ("de_DE.ISO-8859-15@euro", Charset.LATIN9),
        ("de_DE.UTF-8@euro", Charset.UTF8),
        ("fr.ASCII", Charset.ASCII),
        ("fr_FR.ANSI_X3.4-1968", Charset.ASCII),
        ("fr_FR.US-ASCII", Charset.ASCII),
        ("C", Charset.ASCII),
        ("C.UTF-8", Charset.UTF8),
        ("", Charset.UTF8),
        ("@", Charset.UTF8),
        ("\udcff.\udcff", Charset.UTF8),
    ],
)
def test_the_character_set_is_the_one_that_a_locale_names(locale: str, charset: Charset) -> None:
    assert charset_of(locale) is charset


def test_what_a_character_set_lacks_is_written_readably() -> None:
    text = "Éteindre à l'arrêt: œuvre, Größe, 5 €, ┌─┐ │ ▶ é"
    assert plain(text, Charset.UTF8) == text
    assert plain(text, Charset.LATIN9) == "Éteindre à l'arrêt: œuvre, Größe, 5 €, +-+ | > é"
    assert plain(text, Charset.LATIN1) == "Éteindre à l'arrêt: oeuvre, Größe, 5 EUR, +-+ | > é"
    assert plain(text, Charset.ASCII) == "Eteindre a l'arret: oeuvre, Grosse, 5 EUR, +-+ | > e"
    assert plain("日\u202e\udcff", Charset.ASCII) == "???"


LATIN9 = bytes(range(0xA0, 0x100)).decode("iso8859-15")


@pytest.mark.parametrize("charset", Charset)
def test_no_letter_of_western_europe_becomes_a_question_mark(charset: Charset) -> None:
    letters = "".join(one for one in LATIN9 if one.isalpha())
    shown = plain(letters, charset)
    assert "?" not in shown
    shown.encode(charset.value)


def test_a_row_stays_as_wide_as_it_was() -> None:
    assert fitted(["Größe  ", "x "], Charset.ASCII) == ["Grosse ", "x "]
    assert fitted(["ßß", "    ", "end"], Charset.ASCII) == ["ssss", "  ", "end"]
    assert fitted(["Maße", "|"], Charset.ASCII) == ["Masse", ""]
    assert fitted(["", "ß"], Charset.ASCII) == ["", "s"]
    assert fitted(["déjà vu", " ok"], Charset.LATIN1) == ["déjà vu", " ok"]
