"""How each language writes numbers and dates: a row for each, after Unicode's CLDR.

CLDR has a narrow no-break space between the thousands of French, and one before its units. No console has that, so it
is the no-break space of ISO 8859-15. A day is written as in CLDR's short form, but with two digits for day and month
and four for the year: then it cannot be mistaken.
"""

from __future__ import annotations

from .sentence import ENGLISH, Figures

FIGURES = {
    "en": ENGLISH,
    "fr": Figures(",", "\N{NO-BREAK SPACE}", ("o", "ko", "Mo", "Go", "To"), "%d/%m/%Y %H:%M"),
    "de": Figures(",", ".", moment="%d.%m.%Y, %H:%M"),
    "es": Figures(",", ".", moment="%d/%m/%Y, %H:%M"),
    "it": Figures(",", ".", moment="%d/%m/%Y, %H:%M"),
    "pt": Figures(",", ".", moment="%d/%m/%Y %H:%M"),
    "nl": Figures(",", ".", moment="%d-%m-%Y %H:%M"),
    "da": Figures(",", ".", moment="%d.%m.%Y %H.%M"),
    "lb": Figures(",", ".", moment="%d.%m.%Y %H:%M"),
}
"""By the code of the language."""
