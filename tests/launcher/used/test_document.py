"""Every row of docs/used.md is a test, and every such test a row of it."""

from __future__ import annotations

from launcher.used.look import LOOKS
from tests.common import ROOT
from tests.launcher.used.doubts import DOUBTS, TABLES, TWO
from tests.launcher.used.test_contents import FEW, MANY

TEXT = (ROOT / "docs/used.md").read_text(encoding="utf-8")


def rows(title: str) -> list[list[str]]:
    """The cells of the one table below a title."""
    part = TEXT.partition(f"## {title}\n")[2].partition("\n## ")[0]
    lines = [line for line in part.split("\n") if line.startswith("|")]
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in lines[2:]]


def test_what_is_sent() -> None:
    kinds = [kind for row in rows("What is sent")[:-1] for kind in row[0].split(", ")]
    whole = {case.kind for case in DOUBTS if case.why == f"it is {case.kind}"}
    poisoned = {kind for kind, _ in (*FEW, *MANY)} | {"swap"}  # which is in test_look
    assert set(kinds) == set(LOOKS) | whole
    assert set(LOOKS) == poisoned
    for kinds_of_row, sent, _ in rows("What is sent"):
        assert sent.startswith("all") == (not set(kinds_of_row.split(", ")) & set(LOOKS)), kinds_of_row


def test_why_a_partition_is_sent_whole() -> None:
    told = {(kind, why, remedy) for kind, _, why, remedy in rows("Why a partition is sent whole")}
    assert told == {(case.kind, case.why, case.remedy) for case in DOUBTS} | set(TWO)


def test_why_a_disk_is_sent_whole() -> None:
    assert [tuple(row) for row in rows("Why a disk is sent whole")] == [(case.name, case.why) for case in TABLES]
