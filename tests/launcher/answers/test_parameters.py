"""The table of parameters, and the reference that is derived from it."""

from __future__ import annotations

import re

import pytest

from kernel_cmdline import Parameter, parse
from kernel_cmdline.format import format_word
from launcher.answers.lookup import reference, row_of
from launcher.answers.parameters import ROWS
from launcher.answers.questions import Facts
from launcher.answers.row import Row, Use
from launcher.answers.validation import explain_all, problem_with
from launcher.model.machine import Machine
from tests.common import ROOT


def test_the_document_holds_the_reference_as_it_is() -> None:
    assert reference() in (ROOT / "docs/parameters.md").read_text(encoding="utf-8")


def test_every_question_has_its_row_and_every_used_row_says_what_it_is() -> None:
    assert {row.use for row in ROWS if row.title} == {Use.USED}
    assert [row.name for row in ROWS if row.use is Use.USED and not (row.values and row.meaning)] == []


def test_no_name_stands_for_two_rows() -> None:
    names = [name.lower().replace("-", "_") for row in ROWS for name in (row.name, *row.aliases)]
    assert len(names) == len(set(names))


def test_aliases_and_case() -> None:
    row = row_of("FDRIVE")
    assert row
    assert row.name == "disk"


OTHERWISE_TOLD = {"kbmap", "compr", "udpcparam", "ip", "netmask", "auto_reboot", "num_op"}
"""Rows whose default depends on something, is nothing, or is told in other words."""


@pytest.mark.parametrize("row", [row for row in ROWS if row.use is Use.USED], ids=lambda row: row.name)
def test_the_default_that_is_told_is_the_one_that_is_taken(row: Row) -> None:
    taken = row.default(Facts(Machine()))
    if taken is not None and row.name not in OTHERWISE_TOLD:
        told = re.findall(r"(\w+) \(the default\)|[Dd]efault (\w+)", row.meaning)
        assert ["".join(one).lower() for one in told] == [taken]


@pytest.mark.parametrize("row", [row for row in ROWS if row.use is Use.USED and not row.bare], ids=lambda row: row.name)
def test_what_is_said_of_a_missing_value_has_no_english_text_of_the_table(row: Row) -> None:
    [error] = explain_all(parse(row.name), None, ())[2]
    assert str(error).startswith(f"{row.name} has no value. ") and f"={row.values}" not in str(error)
    if row.example:
        assert f"Write {format_word(Parameter(row.name, row.example))}, or leave it out." in str(error)
        assert problem_with(row, row.example, None) is None
