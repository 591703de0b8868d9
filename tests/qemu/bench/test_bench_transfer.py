"""The benchmark of the transfer: what it runs and how it counts; and one small real run."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from launcher.model.machine import Disk, Nic
from launcher.model.plan import Address, AddressSource, Compression, Plan, Role, Target
from launcher.udpcast.command import argv, decompressor
from qemu.bench import transfer as bench_transfer
from qemu.bench.disks import memory_disk
from qemu.bench.transfer import (
    PACK,
    UNPACK,
    Case,
    Run,
    Settings,
    Way,
    measure,
    plain,
    row,
    table,
    to_json,
    write_source,
)

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


def test_the_goal_is_held_against_every_case() -> None:
    assert bench_transfer.goal({"a": 0.97, "b": 0.966, "c": 1.4}) == "at least 0.97 of plain: 3 of 3 cases"
    assert bench_transfer.goal({"a": 0.964, "b": 1.0}) == "at least 0.97 of plain: 1 of 2 cases; below: a (0.96)"


def test_every_case_has_a_wire_of_its_own_speed_unless_processors_are_asked_for() -> None:
    wires, everything = bench_transfer.all_cases(), bench_transfer.all_cases(processors=True)
    kinds = {(case.compression, case.data, case.receivers) for case in wires}
    assert len(kinds) == len(wires) == 24
    assert all(case.wire for case in wires)
    assert set(wires) < set(everything)
    assert {(case.compression, case.data, case.receivers) for case in everything if not case.wire} == kinds


def test_plain_is_what_the_launcher_runs() -> None:
    """The same compressors with the same options, and the same patience, so that the ratio means something."""
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
        assert PACK.get(compression.value) == packs
        assert UNPACK.get(compression.value) == (" ".join(decompressor(compression)) or None)
        for option in ("--retries-until-drop", "--rexmit-hello-interval"):
            assert sender[0][sender[0].index(option) + 1] == ours[-1][ours[-1].index(option) + 1]
        assert ("--pipe" in receiver) == (packs is not None)


@pytest.mark.parametrize("kind", bench_transfer.DATA)
def test_a_source_is_the_same_each_time(tmp_path: Path, kind: str) -> None:
    one = write_source(tmp_path / "one", kind, 5 << 20).read_bytes()
    assert len(one) == 5 << 20
    assert one == write_source(tmp_path / "two", kind, 5 << 20).read_bytes()


@pytest.mark.netns
def test_a_memory_disk_is_a_block_device_that_ends_with_its_holder(tmp_path: Path) -> None:
    if subprocess.run(["losetup", "--find"], check=False, capture_output=True).returncode:
        pytest.skip("no loop device here: the benchmark takes files")
    disk = memory_disk(tmp_path / "file", 4 << 20)
    assert disk.is_block
    assert disk.path.is_block_device()
    (tmp_path / "file").write_bytes(b"old" + bytes((4 << 20) - 3))
    disk.forget()
    assert disk.path.read_bytes()[:3] == b"old"
    disk.wipe()
    assert disk.path.read_bytes() == bytes(4 << 20)
    disk.close()
    assert not list(tmp_path.iterdir())
    assert str(tmp_path) not in subprocess.run(["losetup"], check=True, capture_output=True, text=True).stdout


@pytest.mark.netns
@pytest.mark.parametrize("block", [True, False])
def test_a_small_run_measures_all_three_ways(block: bool) -> None:
    found = measure(Settings((CASE,), rounds=1, block=block), lambda _: None)
    loop = block and subprocess.run(["losetup", "--find"], check=False, capture_output=True).returncode == 0
    assert found.host["disks"] == ("loop devices in memory" if loop else "files in memory")
    assert found.failures == ()
    assert {one.way for one in found.runs} == {way.value for way in Way}
    assert all(one.seconds > 0 and one.sender_cpu > 0 and one.receiver_peak > 1 << 20 for one in found.runs)
    assert CASE.name in table(found)
    assert json.loads(to_json(found))["rows"][0]["case"]["receivers"] == 1
