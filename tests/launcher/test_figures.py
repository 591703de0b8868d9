"""Numbers, sizes and dates in each language: what is written can be read back, and is as CLDR has it."""

from __future__ import annotations

import datetime
import random
import re
import time
from collections.abc import Callable

import pytest
from babel import Locale

from launcher.answers.reading import LANGUAGES
from launcher.figures import FIGURES
from launcher.model.wording import Moment, duration, part_of, rate, scaled, size
from launcher.sentence import ENGLISH, Figures, english, joined, say, say_many, verbatim
from launcher.translate import set_language, tr

EACH = pytest.mark.parametrize("code", FIGURES)
SOON = {"es", "it", "pt", "nl", "da", "lb"}
"""Languages whose rows are here whether or not their catalogues are."""


def put(code: str) -> Callable[[object], str]:
    """Puts a field into words, as a screen in this language does."""
    return lambda field: say("{field}", field=field).put(english, FIGURES[code])


def test_every_language_has_its_row() -> None:
    assert set(LANGUAGES) | SOON | {"fr", "de", "en"} == set(FIGURES)


@EACH
def test_the_marks_are_those_of_cldr(code: str) -> None:
    figures, cldr = FIGURES[code], Locale.parse(code).number_symbols
    symbols = cldr.get("latn", cldr)
    narrow = str(symbols["group"]).replace("\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}")
    assert (figures.point, figures.thousands) == (symbols["decimal"], narrow)


@pytest.mark.parametrize("code", sorted(set(FIGURES) - {"en"}))
def test_day_month_and_year_stand_as_in_cldrs_short_form_with_its_marks(code: str) -> None:
    locale = Locale.parse(code)
    day, clock = str(locale.date_formats["short"].pattern), str(locale.time_formats["short"].pattern)
    wanted = f"{day} {clock}"
    for letter, directive in (("d", "%d"), ("M", "%m"), ("y", "%Y"), ("H", "%H"), ("m", "%M")):
        wanted = re.sub(rf"(?<!%){letter}+", directive, wanted)
    assert FIGURES[code].moment.replace(",", "") == wanted, "a comma between them comes and goes with CLDR's versions"


@EACH
def test_a_console_has_every_character(code: str) -> None:
    figures = FIGURES[code]
    "".join((figures.point, figures.thousands, *figures.units, figures.moment)).encode("iso8859-15")


def read(text: str, figures: Figures) -> float:
    """A number as somebody who reads the language would: points that separate thousands stand before three digits."""
    whole, _, part = text.partition(figures.point)
    assert all(len(group) == 3 for group in whole.split(figures.thousands)[1:]), text
    assert figures.thousands not in part
    return float(f"{whole.replace(figures.thousands, '')}.{part or 0}")


NUMBERS = [0, 1, 9, 999, 1000, 1001, 9999, 12345, 10**6, 500_107_862_016, 10**15, -1, -1234]


@EACH
def test_what_is_written_is_the_number_that_was_meant(code: str) -> None:
    dice = random.Random(code)
    figures, many = FIGURES[code], [*NUMBERS, *(dice.randrange(10 ** dice.randrange(1, 16)) for _ in range(500))]
    for number in many:
        grouped = say("{n:,}", n=number).put(english, figures)
        assert read(grouped.removeprefix("-"), figures) == abs(number), grouped
        assert grouped.startswith("-") == (number < 0)
        assert say("{n}", n=number).put(english, figures) == str(number), "what is not grouped is typed so"
    for real in (dice.random() * 10**7 for _ in range(500)):
        assert abs(read(say("{n:,.1f}", n=real).put(english, figures), figures) - real) <= 0.051


@EACH
def test_a_size_is_the_size_that_was_meant_to_a_tenth_of_its_unit(code: str) -> None:
    dice = random.Random(code)
    figures = FIGURES[code]
    for count in [
        *(abs(number) for number in NUMBERS),
        *(dice.randrange(10 ** dice.randrange(1, 15)) for _ in range(500)),
    ]:
        number, _, unit = put(code)(size(count)).rpartition(" ")
        scale = 1000 ** figures.units.index(unit)
        assert abs(read(number, figures) * scale - count) <= scale * 0.0501, (count, number, unit)
        assert scaled(count)[1] == figures.units.index(unit)
        fast, _, unit = put(code)(rate(count)).rpartition(" ")
        assert unit == f"{figures.units[2]}/s" and abs(read(fast, figures) * 10**6 - count) <= 50_100


@EACH
def test_a_moment_is_the_moment_that_was_meant(code: str) -> None:
    dice = random.Random(code)
    for _ in range(200):
        seconds = dice.randrange(60 * 60 * 24 * 365 * 100)
        told = datetime.datetime.strptime(put(code)(Moment(seconds)), FIGURES[code].moment)
        assert told == datetime.datetime.fromtimestamp(seconds).replace(second=0)
    assert put(code)(Moment(10**30)) == str(10**30)


def test_english_is_what_it_was() -> None:
    shown = [
        str(one) for one in (size(0), size(999), size(999.96), size(500_107_862_016), size(4e15), rate(112_345_678))
    ]
    assert shown == ["0 B", "999 B", "1.0 kB", "500.1 GB", "4000.0 TB", "112.3 MB/s"]
    assert (f"{size(10**6)}", duration(3723)) == ("1.0 MB", "1:02:03")
    assert str(say("{n:,} of {m:.0f}", n=1234567, m=0.6)) == "1,234,567 of 1"
    assert time.strptime(str(Moment(0)), ENGLISH.moment)


@pytest.fixture
def french() -> None:
    set_language("fr")


@pytest.mark.usefixtures("french")
def test_a_screen_writes_them_in_its_language_and_a_log_in_english() -> None:
    sentence = joined(", ", verbatim("sda"), size(500_107_862_016), part_of(58_200_000_000, 500_107_862_016))
    assert (tr(sentence), str(sentence)) == (
        "sda, 500,1 Go, 58,2 sur 500,1 Go",
        "sda, 500.1 GB, 58.2 of 500.1 GB",
    )
    counted = say_many(
        "Use a target of at least {count:,} byte.", "Use a target of at least {count:,} bytes.", 12345678
    )
    assert tr(counted) == "Utilisez une cible d'au moins 12\N{NO-BREAK SPACE}345\N{NO-BREAK SPACE}678 octets."
    assert (counted.record(), sentence.record()) == ({"count": 12345678}, {"done": "58.2", "total": "500.1 GB"})


def test_a_list_of_sizes_is_a_list_in_that_language() -> None:
    assert put("de")((size(1500), size(2_000_000))) == "1,5 kB, 2,0 MB"


def test_another_language_takes_its_way_along_and_english_gives_it_back() -> None:
    set_language("de")
    assert tr(say("{n:,}", n=1234)) == "1.234"
    set_language("en")
    assert tr(say("{n:,}", n=1234)) == "1,234"
    set_language("xx")
    assert tr(joined("", size(1500))) == "1.5 kB"
    set_language("en")
