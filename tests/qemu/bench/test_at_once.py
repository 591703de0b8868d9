"""PCs at once at the boot server: what a client is told, what a server's process needed, and what the table says."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from qemu.bench import at_once, at_once_results
from qemu.bench.at_once_results import ROOM, AtOnce, Cost, Loads, Starts, Way
from qemu.bench.results import BenchError
from qemu.disks.raw import MIB

PAIR = 35_000_000
IDLE = Cost(0.0, 20 * MIB)
TFTP = Loads(Way.TFTP, (8.0, 9.0, 10.0), 3 * PAIR, Cost(1.5, 5 * MIB), IDLE)
HTTP = Loads(Way.HTTP, (0.5, 0.6, 2.0), 3 * PAIR, Cost(0.0, 4 * MIB), Cost(0.03, 25 * MIB))
ALONE = Starts("bios", (8.0,), IDLE, IDLE)
THREE = Starts("bios", (19.0, 22.0, 20.0), IDLE, IDLE)
AGAIN = replace(ALONE, seconds=(12.0,))
BENCH = AtOnce(PAIR, (TFTP, HTTP), (ALONE, THREE, AGAIN), host={"cores": "2"})


@pytest.mark.parametrize("way", Way)
def test_a_client_loads_the_pair_from_its_own_address(way: Way) -> None:
    command = at_once.curl(way, "10.77.0.17")
    assert command[command.index("--interface") + 1] == "10.77.0.17"
    assert command[-2:] == (f"{way.value}://10.77.0.1/udpcast-linux", f"{way.value}://10.77.0.1/udpcast-initrd")
    assert command.count("--output") == 2


def test_a_servers_needs_are_read_from_proc() -> None:
    tick = os.sysconf("SC_CLK_TCK")
    stat = f"7 (a) b) S 1 7 7 0 -1 4194560 1 0 0 0 {3 * tick} {tick // 2} 99 99 20 0 1 0 100 200 300"
    assert at_once.cost(stat, "Name:\ta) b\nVmPeak:\t  9 kB\nVmHWM:\t    2048 kB\nVmRSS:\t 1 kB\n") == Cost(
        3.5, 2 * MIB
    )


def test_the_speed_is_that_of_all_until_the_last() -> None:
    assert at_once_results.speed(TFTP) == pytest.approx(10.5)


def test_the_last_of_many_is_held_against_one_alone() -> None:
    assert at_once_results.ratio(BENCH.starts) == pytest.approx(2.2)
    assert at_once_results.ratio((ALONE,)) is None
    assert at_once_results.ratio((THREE,)) is None


def test_a_room_is_reckoned_from_bytes_and_from_the_servers_processor() -> None:
    tftp, http = (at_once_results.reckon(PAIR, one) for one in BENCH.loads)
    assert (round(tftp.wire, 1), round(tftp.cpu, 1)) == (8.8, ROOM * 0.5)
    assert tftp.seconds == tftp.cpu  # the server is slower than the cable
    assert (round(http.wire, 1), round(http.cpu, 1)) == (8.9, ROOM * 0.01)
    assert http.seconds == http.wire


def test_the_table_marks_what_is_reckoned() -> None:
    text = at_once_results.table(replace(BENCH, failures=(("2 bios machines", "pc1 is gone"),)))
    rows = [line.split() for line in text.splitlines()]
    assert "TFTP clients 3 8.0 9.0 10.0 10.5 1.50 5.0 0.00 20.0".split() in rows
    assert "bios machines 3 19.0 20.0 22.0 - 0.00 20.0 0.00 20.0".split() in rows
    assert "failed: 2 bios machines: pc1 is gone" in text
    assert "the last of 3 machines: 2.20 times one alone" in text
    reckoned = [line for line in text.splitlines() if "1 Gbit/s" in line]
    assert len(reckoned) == 2
    assert all(line.startswith("reckoned, not measured: 30 PCs") for line in reckoned)


def test_the_whole_result_is_kept() -> None:
    record = json.loads(at_once_results.to_json(BENCH))
    assert [one["way"] for one in record["loads"]] == ["tftp", "http"]
    assert record["starts"][1]["seconds"] == [19.0, 22.0, 20.0]


def test_a_missing_curl_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BenchError, match="apt-get install curl"):
        at_once.measure(at_once.Settings(Path("/pair")), print)


def test_more_clients_than_there_are_addresses_are_refused() -> None:
    with pytest.raises(BenchError, match="200"):
        at_once.measure(at_once.Settings(Path("/pair"), clients=201), print)
