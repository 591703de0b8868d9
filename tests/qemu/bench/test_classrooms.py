"""The benchmark in virtual classrooms: which rooms it runs, and how it counts."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from pxe.entries.boot_entry import INITRD
from pxe.entries.loaders import machine_file
from qemu.bench.cases import Way
from qemu.bench.classrooms import (
    RoomBench,
    RoomCase,
    RoomRun,
    RoomSettings,
    cases,
    result,
    spec,
    table,
    to_json,
)
from qemu.classroom import by_hand, second_initrd
from qemu.classroom.report import Claim, Report, Role, SeatReport, SourceReport
from qemu.classroom.seat_spec import SeatSpec
from qemu.disks.images import Image
from qemu.host.sandbox import RunFailed

CASE = RoomCase("zstd", "noise", 2)
SETTINGS = RoomSettings(Path("/pair"), (CASE,), mib=100)


def test_every_compression_meets_both_kinds_of_data_and_each_number_of_receivers() -> None:
    found = cases((1, 16))
    assert len(set(found)) == len({case.name for case in found}) == 16


def test_three_ways_differ_in_nothing_but_the_way() -> None:
    plain, ours, verified = (spec(SETTINGS, CASE, way, Path("/model")) for way in Way)
    assert (ours.by_hand, verified.by_hand) == ({}, {})
    assert "verify=no" in (ours.append_receiver or "") and "verify=yes" in (verified.append_receiver or "")
    same = {"by_hand": {}, "append_receiver": ""}
    assert replace(plain, **same) == replace(ours, **same) == replace(verified, **same)  # type: ignore[arg-type]
    assert plain.by_hand[Role.SENDER] == (
        "udp-sender --interface eth0 --portbase 9000 --nokbd --file /dev/sda --retries-until-drop 48"
        " --rexmit-hello-interval 1000 --min-receivers 2 --pipe 'zstd -q -1 -T0 -c'"
    )
    assert plain.by_hand[Role.RECEIVER] == (
        "udp-receiver --interface eth0 --portbase 9000 --nokbd --file /dev/sda --nosync --pipe 'zstd -q -dc' && sync"
    )
    assert (
        "--pipe"
        not in spec(SETTINGS, replace(CASE, compression="none"), Way.PLAIN, Path("/model")).by_hand[Role.SENDER]
    )


def test_a_seat_by_hand_has_the_script_in_the_place_of_python(tmp_path: Path) -> None:
    tree, seat = tmp_path / "tree", SeatSpec(1, Role.RECEIVER, "")
    (tree / "pxelinux.cfg").mkdir(parents=True)
    config = tree / "pxelinux.cfg" / machine_file(seat.mac)
    config.write_text(f"append initrd={INITRD} umode=rcv\n")
    by_hand.add(tree, seat, "echo 'Starting transfer: 1' && false", 4096)
    assert config.read_text() == f"append initrd={INITRD},receiver-1-by-hand.cpio umode=rcv\n"
    with (tree / "receiver-1-by-hand.cpio").open("rb") as archive:
        subprocess.run(["cpio", "-id", "--quiet", "-D", tmp_path], stdin=archive, check=True)
    script = (tmp_path / "usr/bin/python3").read_text()
    _, _, rest = script.partition("tell transfer\n")
    rest = rest.replace("while :; do sleep 1000; done", "")
    # The rest of the script, with what it tells on standard output.
    before = 'tell() { echo "{\\"event\\": \\"$1\\", \\"t\\": 1$2}" >&2; }\n'
    told = subprocess.run(["sh", "-c", before + rest], check=True, capture_output=True, text=True).stderr
    events = [json.loads(line) for line in told.splitlines()]
    assert sorted(event["event"] for event in events) == ["cast", "outcome", "screen"]
    (outcome,) = (event for event in events if event["event"] == "outcome")
    assert (outcome["ok"], outcome["bytes"], outcome["kind"]) == (False, 4096, "by-hand")


def test_without_a_boot_server_a_seat_has_the_same_archives_in_one_file(tmp_path: Path) -> None:
    tree, seat, other = tmp_path / "tree", SeatSpec(1, Role.RECEIVER, ""), SeatSpec(2, Role.RECEIVER, "")
    (tree / "pxelinux.cfg").mkdir(parents=True)
    (tree / INITRD).write_bytes(b"12345")
    for one in (seat, other):
        (tree / "pxelinux.cfg" / machine_file(one.mac)).write_text(f"append initrd={INITRD} umode=rcv\n")
    by_hand.add(tree, seat, "true", 4096)
    archive = (tree / "receiver-1-by-hand.cpio").read_bytes()
    assert second_initrd.joined(tree, seat).read_bytes() == b"12345\0\0\0" + archive
    assert second_initrd.joined(tree, other) == tree / INITRD


def room(*ends: float | None) -> Report:
    claim = Claim(True, "arrived", "It arrived.", 9000, 1.0, None)
    sender = SeatReport("sender", Role.SENDER, "", "", claim, "", "running", None, (), said=30.0, began=20.0)
    source = SourceReport("/s", 9000, "0", "0", 0)
    receivers = tuple(
        replace(sender, name=f"receiver-{n}", role=Role.RECEIVER, said=end, began=None, target=Image("/t", 9000, "0"))
        for n, end in enumerate(ends, 1)
    )
    return Report((replace(sender, source=source), *receivers), source, 40.0, "tcg", "")


def test_a_run_counts_to_the_last_receiver() -> None:
    assert result(room(31.0, 33.5)) == (13.5, ("arrived", "arrived"))
    with pytest.raises(RunFailed, match="did not say"):
        result(room(31.0, None))
    with pytest.raises(RunFailed, match="the deadline passed"):
        result(replace(room(31.0), problem="the deadline passed."))


def test_the_table_has_medians_and_their_ratio() -> None:
    runs = [
        RoomRun(CASE.name, way, seconds, ("equal",))
        for way, seconds in (("plain", 9.0), ("ours", 11.0), ("verified", 12.0), ("plain", 11.0), ("ours", 9.0))
    ]
    bench = RoomBench(SETTINGS, "tcg", tuple(runs))
    assert table(bench).splitlines()[1].split() == ["zstd", "noise", "2", "10.5", "10.5", "1.00", "8.7", "2.0", "-"]
    assert json.loads(to_json(bench))["runs"][0]["seconds"] == 9.0


def test_a_disks_rate_tells_what_one_read_takes() -> None:
    settings = replace(SETTINGS, disk_rate=20)
    assert spec(settings, CASE, Way.OURS, Path("/model")).disk_rate == 20_000_000
    runs = tuple(RoomRun(CASE.name, way.value, 10.0, ("equal",)) for way in Way)
    heading, row, goal, below = table(RoomBench(settings, "tcg", runs)).splitlines()
    assert heading.endswith("one read s")
    assert row.split()[-1] == "5.2"
    assert goal == "at least 0.97 of plain: 1 of 1 cases"
    assert "disks of 20 MB/s" in below
    assert table(RoomBench(SETTINGS, "tcg", runs)).splitlines()[1].split()[-1] == "-"
