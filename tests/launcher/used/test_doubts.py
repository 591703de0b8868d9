"""Whatever is in doubt is sent whole, and the reason is said: each made by the systems' own tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.launcher.used.doubts import DOUBTS, Case
from tests.launcher.used.making import doubt, surveyed

pytestmark = pytest.mark.netns


@pytest.mark.parametrize("case", DOUBTS, ids=str)
def test_what_is_in_doubt_is_sent_whole(case: Case, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    case.make(disk)
    before = disk.read_bytes()
    ending = f": {case.remedy}." if case.remedy else "."
    assert doubt(surveyed(disk)) == f"disk: {case.why}, so it is sent whole{ending}"
    assert disk.read_bytes() == before
