"""Texts for people as values: an English template and its fields, put into words where they are shown.

Rules, in one place:

* The template is English and the key of the catalogues (`launcher/lang/`). Its fields stand in braces, with a format
  where that is needed (``{count:,}``). A literal template is an argument of `say` or `say_many`: from these calls the
  catalogues are made.
* A field is a text, a number, another sentence, or a tuple of these, which is shown as a list with commas.
* A text in a field is somebody else's (a disk's model, a peer's words): it goes through `showable`, here and nowhere
  else. `record` has it as it was.
* What is no language (a path, a digest, figures side by side) is `verbatim` or `joined`; no catalogue has it.
* Each language writes numbers in its own way (`Figures`). A field that is more than its number (a size, a date) is a
  `Measure`. Both are put into words where the sentence is.
* ``str(sentence)`` is English, for logs and for what programs read. Only screens translate (`translate.tr`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from kernel_cmdline import showable

Field = object
"""str, int, float, `Measure`, `Sentence`, or a tuple of these."""

UNNAMED = "_"
"""How the names of fields begin that only stand side by side: such a name says nothing."""

Choose = Callable[[str, str, object], str]
"""From a template, its plural (or "") and the field ``count`` (or None) to the template to fill."""


def english(text: str, many: str, count: object) -> str:
    """The English template: `many` for every count but 1."""
    return many if many and count != 1 else text


class Figures(NamedTuple):
    """How a language writes numbers: the decimal point, what stands between thousands, the units of bytes from byte to
    terabyte, and a day with its time (as `time.strftime` takes it)."""

    point: str = "."
    thousands: str = ","
    units: tuple[str, ...] = ("B", "kB", "MB", "GB", "TB")
    moment: str = "%Y-%m-%d %H:%M"

    def number(self, value: float, form: str) -> str:
        """`value` in this format, whose point and commas are those of the language."""
        words = format(value, form)
        return words if self is ENGLISH else words.translate({ord(","): self.thousands, ord("."): self.point})


ENGLISH = Figures()


class Measure:
    """A field that is more than a number, and that each language writes in its own way."""

    def put(self, figures: Figures) -> str:
        """In the way of a language."""
        raise NotImplementedError

    def __str__(self) -> str:
        return self.put(ENGLISH)


class _Number:
    """A number in a template: the format there decides how it is written."""

    def __init__(self, value: float, figures: Figures) -> None:
        self._value = value
        self._figures = figures

    def __format__(self, form: str) -> str:
        return self._figures.number(self._value, form)


@dataclass(frozen=True)
class Sentence:
    """`text` with its `fields`; `many` is the template for every ``count`` but 1, and "" where there is no plural."""

    text: str
    fields: tuple[tuple[str, Field], ...] = ()
    many: str = ""

    def __str__(self) -> str:
        return self.put(english)

    def __bool__(self) -> bool:
        return bool(self.text)

    def put(self, choose: Choose, figures: Figures = ENGLISH) -> str:
        """The sentence in the language of `choose`, with numbers as `figures` has them."""
        count = dict(self.fields).get("count")
        template = choose(self.text, self.many, count) if self.text else ""
        values = {name: _put(value, choose, figures) for name, value in self.fields}
        return template.format(**values) if values else template

    def record(self) -> dict[str, object]:
        """The fields as plain JSON values, sentences among them in English, and the fields of these too. Of one name,
        the sentence's own field is taken, then that of the first sentence in it."""
        found = {name: _plain(value) for name, value in self.fields if not name.startswith(UNNAMED)}
        for _, value in self.fields:
            if isinstance(value, Sentence):
                found = found | {name: inner for name, inner in value.record().items() if name not in found}
        return found


NOTHING = Sentence("")


def say(text: str, /, **fields: Field) -> Sentence:
    """The sentence `text` with these fields."""
    return Sentence(text, tuple(fields.items()))


def say_many(one: str, many: str, count: int, /, **fields: Field) -> Sentence:
    """`one` where `count` is 1, else `many`; ``{count}`` is a field of both."""
    return Sentence(one, (("count", count), *fields.items()), many)


def joined(separator: str, *parts: Field) -> Sentence:
    """`parts` side by side, with `separator` (no word, and no brace) between them; those that say nothing are left
    out."""
    said = [part for part in parts if part]
    names = [f"{UNNAMED}{number}" for number in range(1, len(said) + 1)]
    return Sentence(separator.join(f"{{{name}}}" for name in names), tuple(zip(names, said, strict=True)))


def colon(name: Field, words: Field) -> Sentence:
    """`words` about `name`, with the colon as the language writes it: French has a blank before it."""
    return say("{_1}: {_2}", _1=name, _2=words) if name and words else joined("", name, words)


def verbatim(text: str) -> Sentence:
    """`text` as it is, in every language."""
    return joined("", text)


def _put(value: Field, choose: Choose, figures: Figures) -> Field:
    if isinstance(value, Sentence):
        return value.put(choose, figures)
    if isinstance(value, Measure):
        return value.put(figures)
    if isinstance(value, tuple):
        return ", ".join(f"{_put(one, choose, figures)}" for one in value)
    if isinstance(value, (int, float)):
        return value if figures is ENGLISH else _Number(value, figures)
    return showable(value) if isinstance(value, str) else value


def _plain(value: Field) -> object:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, (Sentence, Measure)) else value
