"""``python3 -m qemu bench languages``: what catalogues, keymaps and fonts cost: bytes and instructions.

Two pairs are built of this checkout, with the same kernel: as always, and without any catalogue, keymap and font. Both
are booted to the role screen as `bench boot` does, the second one in English, ours in English and with `WORDS`.
"""

from __future__ import annotations

import ast
import dataclasses
import json
import shutil
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from initrd.build import INITRD, LINUX, build
from initrd.consoles import TABLE

from ..columns import layout
from ..pair import FOLDERS, KERNELS, PROJECT
from .boot import FLOOR, bench_boot

WORDS = "lang=FR kbmap=FR"
BYTES, TIMES = 500_000, 0.03
"""The goal: of the pair, and times the floor to the role screen."""


@dataclass(frozen=True)
class Row:
    """One boot: the pair's bytes, and seconds of the guest's clock to the role screen, and to the floor's /init."""

    pair: str
    words: str
    size: int
    seconds: float
    floor: float


@dataclass(frozen=True)
class LanguagesBench:
    """`rows`: without languages, with them in English, and with them in another language."""

    runs: int
    rows: tuple[Row, ...]

    @property
    def size(self) -> int:
        """What they cost in bytes."""
        return self.rows[-1].size - self.rows[0].size

    @property
    def ratio(self) -> float:
        """What they cost in times the floor, which is the median of all: the kernel tells its seconds in hundredths."""
        return (self.rows[-1].seconds - self.rows[0].seconds) / self.floor

    @property
    def floor(self) -> float:
        """Seconds to the floor's /init."""
        return statistics.median(row.floor for row in self.rows)

    @property
    def good(self) -> bool:
        """Whether the goal is met."""
        return self.size <= BYTES and self.ratio <= TIMES


def bench_languages(runs: int, tell: Callable[[str], None]) -> LanguagesBench:
    """Build both pairs and measure. Raises BuildError, sandbox.RunFailed, sandbox.Stopped, SpecError."""
    with TemporaryDirectory() as work:
        without, ours = Path(work, "without"), Path(work, "ours")
        tell("building the pair, and one without languages")
        build(without, cache=KERNELS, project=project_without(Path(work, "project")))
        build(ours, cache=KERNELS)
        tell(f"{_size(without):,} bytes without, {_size(ours):,} with them")
        boots = (("without languages", without, ""), ("ours", ours, ""), ("ours", ours, WORDS))
        return LanguagesBench(runs, tuple(_row(name, pair, words, runs) for name, pair, words in boots))


def project_without(copy: Path) -> Path:
    """A copy of what goes into the pair, that has no catalogues and names no keymap."""
    for folder in FOLDERS:
        shutil.copytree(PROJECT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__", "*.po", "*.mo"))
    file, name = TABLE
    table = copy / file
    tree = ast.parse(table.read_text())
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == name:
            statement.value = ast.Dict([], [])
    table.write_text(ast.unparse(tree))
    return copy


def _row(name: str, pair: Path, words: str, runs: int) -> Row:
    rows = {row.stage: row for row in bench_boot(pair, runs, words=words).rows}
    return Row(name, words, _size(pair), rows["role screen"].kernel, rows[FLOOR].kernel)


def _size(pair: Path) -> int:
    return sum((pair / one).stat().st_size for one in (LINUX, INITRD))


def to_json(bench: LanguagesBench) -> str:
    """The whole result; keys are those of the classes in this module."""
    return json.dumps(dataclasses.asdict(bench), indent=2) + "\n"


def table(bench: LanguagesBench) -> str:
    """The result for a person."""
    heading = ("pair", "line", "bytes", "role screen s", "x floor")
    cells = [
        (row.pair, row.words or "-", f"{row.size:,}", f"{row.seconds:.3f}", f"{row.seconds / bench.floor:.3f}")
        for row in bench.rows
    ]
    lines = [
        *layout([heading, *cells]),
        "",
        f"languages, keymaps and fonts: {bench.size:,} bytes (goal: at most {BYTES:,}), "
        f"{bench.ratio:.3f} x floor (goal: at most {TIMES}): {'met' if bench.good else 'NOT MET'}",
        f"medians of {bench.runs} runs; instructions are counted",
    ]
    return "\n".join(lines) + "\n"
