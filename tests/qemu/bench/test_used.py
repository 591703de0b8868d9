"""The benchmark of used blocks: its commands, its goals, and one small real run."""

from __future__ import annotations

import dataclasses
import json

import pytest

from qemu.bench.cases import PACK
from qemu.bench.used import UsedSettings, by_partclone, measure
from qemu.bench.used_cases import Free, UsedBench, UsedCase, UsedRun, UsedWay, all_cases, goals, row, table, to_json

CASE = UsedCase(1, 9536, "1gbit", Free.ZEROS)
SECONDS = {"whole": 80.0, "partclone": 30.0, "ours": 20.0, "verified": 21.0}


def a_row(case: UsedCase = CASE, **seconds: float) -> UsedBench:
    runs = [
        UsedRun(case.name, way, 0, taken, 2.0, 1 << 20, 3.0, 2 << 20, taken + 1)
        for way, taken in {**SECONDS, **seconds}.items()
    ]
    return UsedBench(1, (row(case, 2 * 10**9, 0.5, 0.7, runs),), tuple(runs), {"ext4": 0.4})


@pytest.mark.parametrize(
    ("bench", "unmet"),
    [
        (a_row(), []),
        (a_row(ours=20.9), ["1 zeros: ours to whole", "1 zeros: ours to partclone by hand"]),
        (a_row(verified=21.4), ["1 zeros: verifying longer by s"]),
        (a_row(dataclasses.replace(CASE, free=Free.NOISE)), ["1 noise: ours to whole"]),
        (a_row(dataclasses.replace(CASE, free=Free.FULL), ours=83.5, verified=84.0), ["1 full: ours to whole"]),
        (a_row(dataclasses.replace(CASE, receivers=4), ours=70.0, verified=71.0), []),
        (dataclasses.replace(a_row(), maps={"ntfs": 2.3}), ["map of ntfs: seconds a TB"]),
    ],
)
def test_goals_that_are_not_met_are_named(bench: UsedBench, unmet: list[str]) -> None:
    assert [goal.words for goal in goals(bench) if not goal.met] == unmet
    assert table(bench).count("NOT MET: ") == len(unmet)


def test_cpu_counts_for_a_gigabyte_of_used_data() -> None:
    assert a_row().rows[0].sender_cpu["ours"] == 1.0


def test_every_kind_of_room_is_measured_with_both_kinds_of_free_space() -> None:
    assert len({case.name for case in all_cases()}) == len(all_cases()) == 7


def test_partclone_is_typed_as_a_person_types_it() -> None:
    (sender,), (receiver,) = by_partclone(CASE, "/dev/loop0p1", ["/dev/loop1p1"])
    assert f"-c -s /dev/loop0p1 -o - | {PACK['zstd']} | udp-sender " in sender[-1]
    assert receiver[-1].endswith("-r -s - -o /dev/loop1p1 && sync /dev/loop1p1")
    assert "pipefail" in sender and "pipefail" in receiver


@pytest.mark.field
def test_a_small_run_measures_all_four_ways() -> None:
    case = UsedCase(1, 64, "500mbit", Free.NOISE)
    found = measure(UsedSettings((case,), maps=False), lambda _: None)
    assert found.failures == ()
    assert {one.way for one in found.runs} == {way.value for way in UsedWay}
    assert all(one.whole > one.seconds > 0 and one.receiver_peak > 1 << 20 for one in found.runs)
    assert case.name in table(found)
    assert json.loads(to_json(found))["rows"][0]["case"]["free"] == "noise"


@pytest.mark.netns
def test_where_there_are_no_loop_devices_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qemu.bench.used.MemoryDisk.is_block", property(lambda _: False))
    monkeypatch.setattr("qemu.bench.memory_disk.MemoryDisk._attach", lambda _: None)
    found = measure(UsedSettings((UsedCase(1, 64, "500mbit", Free.NOISE),), maps=False), lambda _: None)
    assert "there are no loop devices here" in found.failures[0]
