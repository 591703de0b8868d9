"""The benchmark between namespaces: its medians and ratios."""

from __future__ import annotations

from qemu.bench.cases import Case
from qemu.bench.results import Run, row

CASE = Case("zstd", "noise", 1, 8, "500mbit")


def run(way: str, turn: int, seconds: float) -> Run:
    return Run(CASE.name, way, turn, seconds, 1.0, 100, 2.0, 200)


def test_a_row_has_the_ratio_of_each_round() -> None:
    runs = [
        run("plain", 0, 2.0),
        run("ours", 0, 4.0),
        run("verified", 0, 5.0),
        run("plain", 1, 3.0),
        run("ours", 1, 3.0),
    ]
    found = row(CASE, runs, 0.5)
    assert found.ratios == (0.5, 1.0)
    assert found.ratio == 0.75
    assert found.extra == 5.0 - 3.5
    assert round(found.speed["plain"], 3) == round(8 * (1 << 20) / 2.5e6, 3)
