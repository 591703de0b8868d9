"""The boot server on a wire that is not its own: it refuses nobody, and gives way, with real dnsmasq on both sides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import common

SCENARIOS = Path(__file__).with_name("wire_scenarios.py")

pytestmark = pytest.mark.netns


def scenario(name: str, directory: Path) -> dict[str, Any]:
    return common.scenario(SCENARIOS, name, directory)


def test_no_address_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    seen = scenario("refuses_nobody", tmp_path)
    leased = seen["leased"]
    assert seen["before"] == [f"10.77.0.1 OFFER {leased}", f"10.77.0.1 ACK {leased}"]
    assert seen["seen"] == [*seen["before"], f"10.77.0.1 ACK {leased}"]
    assert seen["status"] == 0


def test_an_address_that_an_ordinary_pc_or_the_server_has_is_given_to_nobody(tmp_path: Path) -> None:
    seen = scenario("addresses_in_use", tmp_path)
    assert seen["leased"] == "10.77.0.105"
    assert seen["seen"] == ["10.77.0.1 OFFER 10.77.0.105", "10.77.0.1 ACK 10.77.0.105"]
    said = [line for line in seen["said"] if "is not given to anybody" in line]
    assert sorted(line.split()[1] for line in said) == [f"10.77.0.{number}" for number in (*range(100, 105), 106)]
    assert "106 is not given to anybody: this machine has it already." in next(line for line in said if "106" in line)
    assert seen["status"] == 0


def test_a_server_that_comes_later_and_knows_its_own_pcs_only_is_said_and_left_alone(tmp_path: Path) -> None:
    seen = scenario("another_comes", tmp_path)
    assert seen["known"] == "10.77.0.50"
    [said] = [line for line in seen["said"] if "ANOTHER" in line]
    assert "ANOTHER DHCP SERVER is on br0: 10.77.0.3 (" in said
    [away] = [line for line in seen["said"] if "gets no address" in line]
    assert "52:54:00:aa:bb:13" in away
    [two] = [line for line in seen["said"] if "TWO PCs GET" in line]
    assert "52:54:00:aa:bb:11 has it from this server, and 52:54:00:aa:bb:13 from the DHCP server 10.77.0.3." in two
    assert "a --range that is free" in two
    ours = [line.rpartition(" ")[0] for line in seen["seen"] if line.startswith("10.77.0.1 ")]
    assert ours == ["10.77.0.1 ACK"]
    assert seen["loads"]
    assert seen["status"] == 0


def test_another_boot_server_is_seen_at_the_start_and_later(tmp_path: Path) -> None:
    seen = scenario("other_boot_server", tmp_path)
    for status, sentence in seen["refused"]:
        assert (status, sentence.count("\n")) == (1, 1)
        assert sentence.startswith("another boot server (10.77.0.3, by proxy DHCP) already answers on br0: ")
    assert "another boot server (proxy DHCP) is on br0: 10.77.0.3 (answers PCs that boot)." in seen["said"]
    assert seen["status"] == 0
