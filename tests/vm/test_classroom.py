"""A whole classroom, unattended: real PXE boots, real udpcast, and disks that are equal in the end.

The boot server is somebody else's, as in a room that has had one for years; the rows of the fault table have ours.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from qemu.classroom.classroom import run_classroom
from qemu.classroom.report import Verdict, table
from qemu.classroom.spec import ClassroomSpec
from tests.common import PAIR

pytestmark = pytest.mark.vm


def test_two_receivers_become_equal_to_the_sender_with_nobody_there(tmp_path: Path) -> None:
    report = run_classroom(ClassroomSpec(PAIR, receivers=2, of_others=True, artefacts=tmp_path))
    assert report.verdict is Verdict.GOOD, table(report)
    claims = [seat.claim for seat in report.seats]
    assert [claim.kind for claim in claims if claim] == ["sent", "equal", "equal"]
    assert len({claim.xxh128 for claim in claims if claim}) == 1
    assert all(claim.sent is not None and claim.sent < report.source.size for claim in claims if claim), "it has holes"
    assert sorted(mac for mac, _ in report.leases) == sorted(seat.mac for seat in report.seats), "each has one lease"
