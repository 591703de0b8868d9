"""From power-on to the role screen by every way: what is measured on the wire, and what the table says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qemu.bench import installer, paths
from qemu.bench.floor import _INIT, printed
from qemu.bench.paths import Boots, PathsBench, System, Way
from qemu.bench.results import BenchError
from qemu.bench.wire import Look, counters, loading
from qemu.machine.firmware import Boot, Firmware

NET_DEV = """\
Inter-|   Receive                       |  Transmit
 face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier compressed
    lo:       1       1    0    0    0     0          0         0        1       1    0    0    0     0   0          0
 tap10: 7 1 0 0 0 0 0 0 8 1 0 0 0 0 0 0
  tap1: 1234567      99    0    0    0     0          0         0 89000000   70000    0    0    0     0   0          0
"""


def test_a_taps_counters_are_read_from_the_side_of_the_machine() -> None:
    assert counters(NET_DEV, "tap1") == (1234567, 89000000)
    assert counters(NET_DEV, "tap10") == (7, 8)
    assert counters(NET_DEV, "tap2") == (0, 0)


def test_the_stages_are_told_from_what_came_when() -> None:
    looks = [
        Look(0.5, 0, 90),  # the room's own packets, before the machine has said a word
        Look(2.0, 60, 500),
        Look(3.0, 900, 2_000_000),
        Look(4.0, 1000, 2_000_500),
        Look(6.0, 2000, 20_000_000),
        Look(9.0, 3000, 34_000_000),
        Look(9.5, 3100, 34_000_100),
        Look(12.0, 4000, 99_000_000),  # the launcher's own packets, behind the kernel's start
    ]
    found = loading(looks, until=11.0, payload=32_000_200)
    assert (found.firmware, found.loader, found.loaded, found.came) == (2.0, 3.0, 9.0, 34_000_100)


def test_a_medium_is_read_where_nothing_comes_over_the_wire() -> None:
    looks = [Look(1.0, 0, 90), Look(2.0, 0, 90, 4096), Look(5.0, 0, 200, 4_000_000), Look(8.0, 0, 300, 36_000_000)]
    found = loading(looks, until=9.0, payload=32_000_300)
    assert (found.firmware, found.loader, found.loaded) == (2.0, 5.0, 8.0)
    assert (found.came, found.read) == (300, 36_000_000)


def test_where_only_kernel_and_initrd_are_loaded_the_loader_is_over_at_once() -> None:
    looks = [Look(1.0, 0, 0), Look(2.0, 10, 100), Look(5.0, 20, 30_000_000)]
    assert loading(looks, until=6.0, payload=32_000_000).loader == 2.0


BIOS, UEFI = Way(Firmware.BIOS, Boot.PXE), Way(Firmware.UEFI, Boot.HTTP)
BENCH = PathsBench(
    boots=(
        Boots(BIOS.peer, 2.0, 3.0, 12.0, 40.0, 49_000_000),
        Boots(BIOS, 2.0, 3.0, 9.0, 20.0, 35_000_000, 0, 9.5, 12.0),
        Boots(BIOS, 2.0, 3.0, 9.0, 18.0, 35_000_000, 0, 9.5, 12.0),
        Boots(UEFI, 4.0, 6.0, 8.0, 21.0, 36_000_000, 0, 9.0, 12.0),
    ),
    failures=(),
    sizes={"ours": 31_000_000, "installer": 48_000_000},
    runs=2,
    accel="tcg",
    qemu="7.2.22",
)


def test_medians_are_held_against_the_installer_of_the_same_firmware() -> None:
    rows = {row.median.way: row for row in paths.rows(BENCH)}
    assert (rows[BIOS].median.screen, rows[BIOS].ratio) == (19.0, 0.47)
    assert rows[UEFI].ratio is None, "no installer came that far by UEFI"
    assert rows[BIOS.peer].ratio == 1.0
    assert {way.peer.firmware for way in paths.WAYS} == set(Firmware)


def test_the_goal_is_met_only_where_every_way_has_its_ratio() -> None:
    only_bios = replace(BENCH, boots=BENCH.boots[:3])
    assert paths.met(only_bios)
    assert "goal: at most 0.5 of the installer by every way: met" in paths.table(only_bios)
    assert not paths.met(BENCH)
    assert not paths.met(replace(only_bios, failures=(("uefi pxe", "it was not there"),)))
    slow = replace(only_bios, boots=(*only_bios.boots[:1], replace(only_bios.boots[1], screen=20.5)))
    assert "NOT MET" in paths.table(slow)


def test_the_kernel_alone_is_shown_and_not_held_against_the_goal() -> None:
    alone = Way(Firmware.BIOS, Boot.PXE, system=System.KERNEL)
    slow = Boots(alone, 2.0, 3.0, 4.0, 39.0, 10_000_000, 0, 37.0, 39.0)
    bench = replace(BENCH, boots=(*BENCH.boots[:3], slow))
    assert paths.met(bench)
    assert "| kernel alone: bios pxe | 2.0 | 3.0 | 4.0 | 37.0 | 39.0 | 39.0 | 0.97 | 10.0 | 0.0 |" in paths.markdown(
        bench
    )
    assert paths.from_json(paths.to_json(bench)) == bench
    assert {way.system for way in paths.WAYS} == {System.OURS}, "or the goal could be met by nothing of ours"
    assert paths.beside([BIOS, replace(BIOS, loader="undionly.kpxe")]) == (BIOS.peer, alone)
    disc = Way(Firmware.UEFI, Boot.ISO)
    assert paths.beside([disc, UEFI]) == (UEFI.peer, replace(UEFI, system=System.KERNEL))
    assert alone.peer == BIOS.peer


def test_the_floors_seconds_are_read_when_they_are_there_whole() -> None:
    assert 'echo "FLOOR $up"' in _INIT
    texts = ("[ 1.0] x", "FLOOR ", "FLOOR 1", "FLOOR 11.", "FLOOR 11.5", "FLOOR 11.53", "[ 9.9] a\nFLOOR 11.53   \n   ")
    assert [printed(text) for text in texts] == [None] * 5 + [11.53] * 2


def test_the_table_tells_each_stage() -> None:
    lines = paths.markdown(BENCH).splitlines()
    assert "| installer: bios pxe | 2.0 | 3.0 | 12.0 | - | - | 40.0 | 1.00 | 49.0 | 0.0 |" in lines
    assert "| bios pxe | 2.0 | 3.0 | 9.0 | 9.5 | 12.0 | 19.0 | 0.47 | 35.0 | 0.0 |" in lines
    failed = replace(BENCH, failures=(("secureboot iso", "it was not there"),))
    assert "- not reached: secureboot iso: it was not there" in paths.markdown(failed).splitlines()


def test_the_result_is_read_again_as_it_was_written() -> None:
    failed = replace(BENCH, failures=(("secureboot iso", "it was not there"),))
    assert paths.from_json(paths.to_json(failed)) == failed


def test_the_installer_has_the_memory_without_which_it_does_not_start(tmp_path: Path) -> None:
    files = (tmp_path / "linux", tmp_path / "initrd.gz")
    pair = (tmp_path / "udpcast-linux", tmp_path / "udpcast-initrd")
    both = {System.INSTALLER: files, System.OURS: pair}
    theirs, ours = (paths.spec(way, both) for way in (BIOS.peer, BIOS))
    assert (theirs.kernel, theirs.initrd, theirs.memory) == (*files, 1024)
    assert (ours.kernel, ours.initrd) == pair
    assert ours.memory < theirs.memory
    assert (theirs.boot, theirs.firmware) == (ours.boot, ours.firmware)


def test_a_release_without_a_known_installer_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(installer, "this_release", lambda: "sid")
    with pytest.raises(BenchError, match="no installer is known of this release: bookworm, trixie are"):
        installer.files(tmp_path)


def test_an_installer_that_was_unpacked_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(installer, "this_release", lambda: "trixie")
    kept = tmp_path / "debian-installer-13-netboot-amd64"
    kept.mkdir()
    assert installer.files(tmp_path) == (kept / "linux", kept / "initrd.gz")
