"""What languages cost: the pair beside which it is measured, and what is said of the goal."""

from __future__ import annotations

from pathlib import Path

from initrd import consoles, python, tools
from qemu.bench.languages import BYTES, LanguagesBench, Row, project_without, table

BENCH = LanguagesBench(
    1,
    (
        Row("without languages", "", 34_000_000, 2.0, 1.75),
        Row("ours", "", 34_400_000, 2.01, 1.75),
        Row("ours", "lang=FR kbmap=FR", 34_400_000, 2.035, 1.75),
    ),
)


def test_a_project_without_languages_has_no_catalogue_and_gets_no_keymap_and_no_font(tmp_path: Path) -> None:
    project = project_without(tmp_path / "project")
    assert python.catalogue_sources(python.PROJECT) and not python.catalogue_sources(project)
    assert not [path for path in python.data_of(project) if path.suffix == ".mo"]
    assert tools.table(python.PROJECT, *consoles.TABLE) and not tools.table(project, *consoles.TABLE)
    assert consoles.stage(tmp_path / "tree", project, tmp_path) == ()
    assert not (tmp_path / "tree").exists()


def test_the_goal_is_met_when_both_bounds_hold() -> None:
    assert BENCH.good and "400,000 bytes" in table(BENCH) and "0.020 x floor (goal: at most 0.03): met" in table(BENCH)
    first, *_, last = BENCH.rows
    large = LanguagesBench(1, (first, Row("ours", "", first.size + BYTES + 1, 2.0, 1.75)))
    slow = LanguagesBench(1, (first, Row("ours", "", last.size, 2.06, 1.75)))
    assert "NOT MET" in table(large) and "NOT MET" in table(slow)
