"""The benchmark of the transfer: what it runs and how it counts; and one small real run."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from launcher.model.machine import Disk, Nic
from launcher.model.plan import Address, AddressSource, Compression, Plan, Role, Target
from launcher.udpcast.command import argv, decompressor
from qemu.bench.cases import PACK, UNPACK, Case, Way
from qemu.bench.namespaces import Settings, measure, plain
from qemu.bench.results import table, to_json

CASE = Case("zstd", "noise", 1, 8, "500mbit")


def test_plain_is_what_the_launcher_runs() -> None:
    """The same compressors with the same options, and the same patience, so that the ratio means something; zstd and
    gzip are unpacked by a program of ours."""
    disk = Disk("/dev/sda", 1)
    for compression in Compression:
        case = Case(compression.value, "noise", 1, 8)
        sender, (receiver, _) = plain(case, Path("/s"), [Path("/t")])
        plan = Plan(
            Role.SEND,
            Target(disk.path, 1, disk),
            Nic("eth0", ""),
            Address(AddressSource.GIVEN),
            compression=compression,
        )
        ours = argv(plan)
        packs = " ".join(ours[0]) if len(ours) == 2 else None
        if compression is not Compression.ZSTD:  # which the launcher calls as a library
            assert PACK.get(compression.value) == packs
        unpacks = " ".join(decompressor(compression)) or None  # gzip and zstd are unpacked by our own worker
        ours_unpacks = compression in {Compression.GZIP, Compression.ZSTD}
        assert unpacks == (None if ours_unpacks else UNPACK.get(compression.value))
        for option in ("--retries-until-drop", "--rexmit-hello-interval"):
            assert sender[0][sender[0].index(option) + 1] == ours[-1][ours[-1].index(option) + 1]
        assert ("--pipe" in receiver) == (compression is not Compression.NONE)


@pytest.mark.netns
@pytest.mark.parametrize("block", [pytest.param(True, marks=pytest.mark.field), False])
def test_a_small_run_measures_all_three_ways(block: bool) -> None:
    found = measure(Settings((CASE,), rounds=1, block=block), lambda _: None)
    loop = block and subprocess.run(["losetup", "--find"], check=False, capture_output=True).returncode == 0
    assert found.host["disks"] == ("loop devices in memory" if loop else "files in memory")
    assert found.failures == ()
    assert {one.way for one in found.runs} == {way.value for way in Way}
    assert all(one.seconds > 0 and one.sender_cpu > 0 and one.receiver_peak > 1 << 20 for one in found.runs)
    assert CASE.name in table(found)
    assert json.loads(to_json(found))["rows"][0]["case"]["receivers"] == 1
