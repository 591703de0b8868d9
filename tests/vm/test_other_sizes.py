"""A Debian with a swap behind its root, cloned to a larger disk, where it grows, and to a smaller one; both boot."""

from __future__ import annotations

from pathlib import Path

import pytest

from qemu import pair
from qemu.classroom.classroom import run_classroom
from qemu.classroom.faults import parse_fault
from qemu.classroom.report import Verdict, table
from qemu.classroom.spec import ClassroomSpec
from qemu.classroom.starting import boot_clones
from qemu.disks.debian import debian_model
from qemu.disks.likeness import filled
from qemu.disks.parts import parts
from qemu.disks.raw import MIB
from tests.common import PAIR

MORE, LESS = 512, 48


@pytest.mark.faults
def test_clones_on_a_larger_and_on_a_smaller_disk_boot(tmp_path: Path) -> None:
    model = debian_model(None, pair.CACHE)
    faults = (f"larger:receiver-1:{MORE}M", f"smaller:receiver-2:{LESS}M")
    spec = ClassroomSpec(
        PAIR,
        receivers=2,
        append_sender='umode=snd auto=yes disk=/dev/sda udpcparam="--min-receivers 2"',
        append_receiver="umode=rcv auto=yes grow=yes",
        model=model.path,
        faults=tuple(map(parse_fault, faults)),
        keep=True,
        artefacts=tmp_path,
    )
    report = run_classroom(spec)
    assert report.verdict is Verdict.GOOD, table(report)
    _, larger, smaller = report.seats
    assert larger.claim and larger.target and larger.target.grown and larger.claim.growth == "grown"
    assert smaller.claim and smaller.target and smaller.claim.rewritten == smaller.target.size
    disks = tuple(Path(seat.target.path) for seat in (larger, smaller) if seat.target)
    one, other = boot_clones(disks, model.boot_line, report.accel, print)
    assert (one.problem, one.swaps, other.problem, other.swaps) == ("", 1, "", 1)
    root = next(part for part in parts(model.path) if part.kind == "ext4")
    assert one.root > filled(model.path, root) + (MORE - 64) * MIB
    assert other.root < filled(model.path, root)
