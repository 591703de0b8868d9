"""The French documents say what the English ones say: they are compared section by section.

The same in both, in the same order: headings and their depth, blocks of code (comments may differ; a ``text`` block,
which shows what a screen says, has as many lines), the size of tables, the points of lists, pictures. The same in
whatever order: names in backticks, numbers, and where links lead. A French document links the French edition of what it
names, where there is one.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.common import ROOT
from tests.documents import Code, Section, numbers, read, sections

ENGLISH = ROOT / "docs"
FRENCH = ENGLISH / "fr"
WANTED = {"admin.md", "moving.md", "operator.md", "parameters.md"}
"""The documents that must have a French edition."""

TYPED = {"udpcqst"}
"""Names in French only: the keys of a French keyboard for `udpcast`, where it is still taken for an American one."""

EDITIONS = sorted(FRENCH.glob("**/*.md"))
EACH = pytest.mark.parametrize("path", EDITIONS, ids=lambda path: path.name)


def test_what_operators_and_administrators_need_is_there_in_french() -> None:
    assert WANTED - {path.name for path in EDITIONS} == set()


@EACH
def test_a_french_document_has_an_english_one(path: Path) -> None:
    assert (ENGLISH / path.relative_to(FRENCH)).exists()


@EACH
def test_it_is_in_step_with_the_english_one(path: Path) -> None:
    there = ENGLISH / path.relative_to(FRENCH)
    assert differences(read(there), read(path)) == []


@EACH
def test_its_links_lead_somewhere_in_french_where_they_can(path: Path) -> None:
    assert [why for link in links(path) if (why := misled(path, link))] == []


@EACH
def test_its_links_lead_where_the_english_ones_lead(path: Path) -> None:
    there = ENGLISH / path.relative_to(FRENCH)
    wrong = []
    for ours, theirs in zip(read(path), read(there), strict=False):
        ends, wanted = (
            Counter(end for link in section.links if (end := destination(edition, link)) != destination(edition, ""))
            for edition, section in ((path, ours), (there, theirs))
        )
        wrong += [f"{ours.title}: {end} only in French" for end in ends - wanted]
        wrong += [f"{ours.title}: {end} only in English" for end in wanted - ends]
    assert wrong == []


@EACH
def test_each_edition_links_the_other(path: Path) -> None:
    there = ENGLISH / path.relative_to(FRENCH)
    assert f"fr/{path.name}" in links(there), f"{there.name} does not say that there is a French edition"
    assert f"../{path.name}" in links(path), f"{path.name} does not say that there is an English edition"


# --- how two documents differ -----------------------------------------------------------------------------------------


def differences(english: tuple[Section, ...], french: tuple[Section, ...]) -> list[str]:
    """What is in one and not in the other; where the headings differ, nothing else is compared."""
    outlines = [[f"{'#' * one.level} {one.title}" for one in edition] for edition in (english, french)]
    if [one.level for one in english] != [one.level for one in french]:
        return [f"the headings: {outlines[0]} against {outlines[1]}"]
    return [why for here, there in zip(english, french, strict=True) for why in unlike(here, there)]


def unlike(english: Section, french: Section) -> list[str]:
    """How a section differs from its French one."""
    at = f"{english.title} / {french.title}"
    found = [f"{at}: the {what}: {a} against {b}" for what, a, b in counted(english, french) if a != b]
    for what, here, there in (
        ("names", english.names, french.names),
        ("numbers", english.numbers, french.numbers),
    ):
        found += [f"{at}: {what}: only in English: {one}" for one in sorted(here - there)]
        found += [f"{at}: {what}: only in French: {one}" for one in sorted(there - here - TYPED)]
    pairs = zip(english.code, french.code, strict=False)
    return found + [f"{at}: {why}" for pair in pairs for why in unlike_code(*pair)]


class Compared(NamedTuple):
    what: str
    english: object
    french: object


def counted(english: Section, french: Section) -> list[Compared]:
    """What must be equal."""
    return [
        Compared("blocks of code", len(english.code), len(french.code)),
        Compared("rows and columns of tables", english.tables, french.tables),
        Compared("points of lists", english.points, french.points),
        Compared("pictures", len(english.pictures), len(french.pictures)),
    ]


def unlike_code(english: Code, french: Code) -> list[str]:
    if english.language != french.language:
        return [f"a block of code is {english.language or 'plain'} in English, {french.language or 'plain'} in French"]
    if english.language == "text":
        same = len(english.lines) == len(french.lines)
        return [] if same else [f"the text {english.lines} has another number of lines than {french.lines}"]
    pairs = zip(english.commands, french.commands, strict=False)
    found = [f"the code differs (what a screen says is a block ```text): {a} against {b}" for a, b in pairs if a != b]
    if len(english.commands) != len(french.commands):
        found.append(f"the code has another number of lines: {english.commands} against {french.commands}")
    return found


# --- links ------------------------------------------------------------------------------------------------------------


def links(path: Path) -> list[str]:
    return [link for section in read(path) for link in section.links]


def misled(path: Path, link: str) -> str | None:
    """Why a `link` of the French document `path` is wrong."""
    if "://" in link:
        return None
    name, _, anchor = link.partition("#")
    target = (path.parent / name).resolve() if name else path
    if not target.exists():
        return f"{link}: there is no such file"
    if anchor and anchor not in [section.anchor for section in read(target)]:
        return f"{link}: there is no such heading"
    if target.parent == ENGLISH and target.name != path.name and (FRENCH / target.name).exists():
        return f"{link}: this has a French edition"
    return None


def destination(path: Path, link: str) -> str:
    """Where a `link` of `path` leads, in the same words for both editions: the heading by its number."""
    if "://" in link:
        return link
    name, _, anchor = link.partition("#")
    target = (path.parent / name).resolve() if name else path
    place = (ENGLISH / target.relative_to(FRENCH)) if target.is_relative_to(FRENCH) else target
    where = place.relative_to(ROOT).as_posix()
    if not anchor or not target.exists():
        return where
    anchors = [section.anchor for section in read(target)]
    return f"{where}, heading {anchors.index(anchor) if anchor in anchors else anchor}"


# --- each difference is found -----------------------------------------------------------------------------------------

BEFORE = """# A

One `name` and [a link](x.md), 1,024 bytes, 46.5 GB.

- point

Text:

    command --option    # what it does

```text
what a screen says
```

| a | b |
| --- | --- |
| c | d |

## B
"""
AFTER = """# Un

[Un lien](x.md) et `name`, 1\u202f024 octets, 46,5 Go.

- point

Text:

    command --option    # ce qu'elle fait

```text
ce que dit un écran
```

| un | deux |
| --- | --- |
| trois | quatre |

## Deux
"""


def test_what_is_in_step_is_not_complained_of() -> None:
    assert differences(sections(BEFORE), sections(AFTER)) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("## Deux", "### Deux", "the headings"),
        ("## Deux", "", "the headings"),
        ("`name`", "`nom`", "names: only in English: name"),
        ("octets", "`octets`", "names: only in French: octets"),
        ("1\u202f024", "1\u202f025", "numbers: only in English: 1024"),
        ("46,5", "465", "numbers: only in French: 465"),
        ("- point", "point", "the points of lists: 1 against 0"),
        ("--option", "--autre", "the code differs"),
        ("# ce qu'elle fait", "ici", "the code differs"),
        ("    command --option    # ce qu'elle fait", "    # ce qu'elle fait", "the code has another number of lines"),
        ("    command --option    # ce qu'elle fait", "", "the blocks of code: 2 against 1"),
        ("écran\n", "écran\nou deux\n", "has another number of lines"),
        ("```text\nce que dit un écran\n```", "```toml\na = 1\n```", "a block of code is text in English"),
        ("| trois | quatre |", "| trois | quatre |\n| cinq | six |", "the rows and columns of tables"),
        ("[Un lien](x.md)", "[Un lien](x.md) ![](x.png)", "the pictures: 0 against 1"),
    ],
)
def test_what_is_out_of_step_is_named(old: str, new: str, said: str) -> None:
    assert old in AFTER
    found = differences(sections(BEFORE), sections(AFTER.replace(old, new)))
    assert any(said in one for one in found), found


def test_numbers_are_the_same_in_either_way_of_writing_them() -> None:
    assert numbers("1,024 and 46.5") == numbers("1\u202f024 et 46,5") == Counter({"1024": 1, "46.5": 1})
    assert numbers("10.0.0.1, 12,5") == Counter({"10.0.0.1": 1, "12.5": 1})


def test_an_anchor_is_githubs() -> None:
    text = "# What `serve` does, and never does\n# À l'écran\n# À l'écran\n"
    assert [one.anchor for one in sections(text)[1:]] == ["what-serve-does-and-never-does", "à-lécran", "à-lécran-1"]


@pytest.fixture
def french(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A French document beside two English ones, one of which has a French edition, too."""
    (tmp_path / "fr").mkdir()
    (tmp_path / "a.md").write_text("# A\n## Deep\n")
    (tmp_path / "b.md").write_text("# B\n## Deep\n")
    (tmp_path / "fr/b.md").write_text("# B\n## Profond\n")
    (tmp_path / "fr/c.md").write_text("# C\n## Ici\n## À l'écran\n[ici](#à-lécran)\n", encoding="utf-8")
    monkeypatch.setitem(globals(), "ENGLISH", tmp_path)
    monkeypatch.setitem(globals(), "FRENCH", tmp_path / "fr")
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    return tmp_path / "fr/c.md"


def test_a_link_that_misleads_is_named(french: Path) -> None:
    good = ("https://example.org", "../a.md#deep", "b.md#profond", "#ici", "../c.md")
    (french.parent.parent / "c.md").write_text("# C\n")
    assert [misled(french, link) for link in (*good, *links(french))] == [None] * (len(good) + 1)
    assert misled(french, "../x.md") == "../x.md: there is no such file"
    assert misled(french, "b.md#deep") == "b.md#deep: there is no such heading"
    assert misled(french, "../b.md#deep") == "../b.md#deep: this has a French edition"


def test_both_editions_lead_to_the_same_place(french: Path) -> None:
    english = french.parent.parent / "c.md"
    assert destination(french, "b.md#profond") == destination(english, "b.md#deep") == "b.md, heading 2"
    assert destination(french, "../a.md") == destination(english, "a.md") == "a.md"
    assert destination(french, "../a.md#deep") != destination(english, "a.md#a")
