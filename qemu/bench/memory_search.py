"""The smallest memory in which a clone completes, found by bisection with whole classrooms."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ..classroom.classroom import run_classroom
from ..classroom.report import Verdict
from ..classroom.spec import ClassroomSpec


def measure(pair: Path) -> dict[int, bool]:
    """Every size in MiB that was tried, and whether a clone completed with it."""
    return search_memory(partial(_clones, pair))


def _clones(pair: Path, memory: int) -> bool:
    """Whether a classroom with one receiver clones with so much memory in each machine."""
    with tempfile.TemporaryDirectory(prefix="udpcast-bench-") as kept:
        spec = ClassroomSpec(pair, receivers=1, memory=memory, deadline=400, artefacts=Path(kept))
        good = run_classroom(spec, lambda line: None).verdict is Verdict.GOOD
    print(f"a clone with {memory} MiB: {'completes' if good else 'fails'}", file=sys.stderr, flush=True)
    return good


def search_memory(works: Callable[[int], bool], low: int = 96, high: int = 512, step: int = 16) -> dict[int, bool]:
    """Bisect between `low` and `high` MiB; every size that was tried, and whether it sufficed."""
    tried = {high: works(high)}
    if not tried[high]:
        return tried
    while high - low > step:
        middle = (low + high) // 2 // step * step
        tried[middle] = works(middle)
        low, high = (low, middle) if tried[middle] else (middle, high)
    return tried


def smallest(tried: dict[int, bool]) -> int | None:
    """The smallest size that sufficed, or None."""
    return min((size for size, good in tried.items() if good), default=None)
