"""The benchmark of the boot: what it boots, how it counts, and what its table says."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import pytest

from pxe.entries.boot_entry import INITRD, KERNEL
from qemu.bench import boot as bench
from qemu.bench.boot import FLOOR, BootBench, Time, rows
from qemu.commands.commands import parser
from qemu.host import sandbox
from qemu.machine import accel
from qemu.machine.events import EventLog


def test_bench_compares_medians_with_the_floor() -> None:
    times = [Time(run, FLOOR, kernel, 2 * kernel) for run, kernel in enumerate((1.9, 2.0, 9.0))]
    times += [Time(run, "role screen", kernel, kernel + 4) for run, kernel in enumerate((5.0, 6.0, 6.5))]
    floor, screen = rows(times)
    assert (floor.stage, floor.kernel, floor.kernel_ratio) == (FLOOR, 2.0, 1.0)
    assert (screen.kernel, screen.kernel_ratio, screen.host, screen.host_ratio) == (6.0, 3.0, 10.0, 2.5)


def test_bench_table_names_the_stages() -> None:
    times = (Time(1, FLOOR, 2.0, 5.0), Time(1, "role screen", 6.0, 9.0))
    sizes = {"kernel": 8_000_000, "initrd": 24_000_000}
    result = bench.BootBench("tcg", 1, "quiet", rows(times), times, sizes, 192, {192: True})
    text = bench.table(result)
    assert ["role", "screen", "6.00", "3.00", "9.00", "1.80"] in [line.split() for line in text.splitlines()]
    assert "the pair 32.0 MB" in text
    assert "192 MiB" in text


def test_devices_are_there_when_a_disk_and_a_card_are_known() -> None:
    log = EventLog()
    for line in (
        '{"event": "machine", "t": 1, "disks": [], "nics": ["eth0"]}',
        '{"event": "screen", "t": 2, "name": "waiting"}',
        '{"event": "machine", "t": 3, "disks": ["/dev/sda"], "nics": ["eth0"]}',
        '{"event": "screen", "t": 4, "name": "umode"}',
    ):
        log.feed(line.encode() + b"\n")
    found = {stage: bench.stage_event(log, stage) for stage in bench.STAGES}
    assert {stage: event.t for stage, event in found.items() if event} == {
        bench.DEVICES: 3.0,
        "role screen": 4.0,
    }


def counted(*screen: float) -> BootBench:
    """A result whose role screen came at `screen` in one run each, and whose floor was at 2 s in all of them."""
    times = tuple(Time(run, FLOOR, 2.0, None) for run in range(len(screen)))
    times += tuple(Time(run, "role screen", seconds, None) for run, seconds in enumerate(screen))
    sizes = {"kernel": 8_000_000, "initrd": 24_000_000}
    return BootBench("tcg", len(screen), "quiet", rows(times), times, sizes, counted=True)


def test_counted_times_have_no_host_times_beside_them() -> None:
    floor, screen = counted(3.0, 3.03, 3.1).rows
    assert (floor.host, floor.host_ratio, floor.spread) == (None, None, 0.0)
    assert (screen.kernel, screen.kernel_ratio, screen.host) == (3.03, 1.51, None)
    assert screen.spread == 0.033
    lines = [line.split() for line in bench.table(counted(3.0, 3.03, 3.1)).splitlines()]
    assert lines[0] == ["stage", "seconds", "x", "floor", "spread"]
    assert ["role", "screen", "3.03", "1.51", "3.3%"] in lines
    assert json.loads(bench.to_json(counted(3.0)))["counted"] is True


def test_the_table_says_whether_the_runs_agree() -> None:
    assert "the runs agree within 1%" in bench.table(counted(3.0, 3.01, 3.03))
    apart = bench.table(counted(3.0, 3.0, 3.04))
    assert "THE RUNS DO NOT AGREE within 1%: role screen (1.3%)" in apart
    assert "agree" not in apart
    assert "agree" not in bench.table(counted(3.0)).lower(), "one run has nothing to agree with"


def pair(tmp_path: Path) -> Path:
    for name in (KERNEL, INITRD):
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def test_a_counted_machine_waits_for_nothing_outside_it(tmp_path: Path) -> None:
    machine = bench.machine(pair(tmp_path))
    assert machine.counted
    assert not machine.dhcp
    assert replace(machine, counted=False, deadline=180.0) == bench.machine(tmp_path, counted=False)


def test_instructions_are_counted_with_tcg_whatever_the_accelerator_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = itertools.repeat(counted(3.0))
    monkeypatch.setenv(accel.VARIABLE, "kvm")
    monkeypatch.setattr(bench, "_alternate", lambda spec, scratch, runs, accelerator: (accelerator, next(found)))
    monkeypatch.setattr(sandbox, "call", lambda function, expected: function(tmp_path))
    assert bench.bench_boot(pair(tmp_path))[0] == "tcg"  # type: ignore[index]
    assert "TCG (instructions are counted, which KVM cannot do)" in capsys.readouterr().err
    assert bench.bench_boot(tmp_path, counted=False)[0] == "kvm"  # type: ignore[index]
    assert capsys.readouterr().err == ""


def test_the_command_counts_unless_wall_time_is_asked_for() -> None:
    assert not parser().parse_args(["bench", "boot"]).wall
    assert parser().parse_args(["bench", "boot", "--wall"]).wall
