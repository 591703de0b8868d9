"""The boot server beside dnsmasq, ISC dhcpd and Kea of somebody else, each as it is hardest to be seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import common

SCENARIOS = Path(__file__).with_name("foreign_scenarios.py")

pytestmark = pytest.mark.field


def scenario(name: str, directory: Path) -> dict[str, Any]:
    return common.scenario(SCENARIOS, name, directory)


@pytest.mark.parametrize("server", ["isc", "kea", "static", "full"])
def test_a_server_that_answers_only_its_own_pcs(server: str, tmp_path: Path) -> None:
    """Not found at the start, and nothing is claimed; found by its first PC, which keeps what it gives."""
    seen = scenario(f"knows_its_own:{server}", tmp_path)
    assert seen["first"][0].startswith(
        "No other DHCP server answered on br0 in 6 s. One that answers only PCs it knows"
    )
    assert seen["given"] == "10.77.0.50"
    assert {line for line in seen["seen"] if not line.startswith("10.77.0.3")} == set()
    [said] = [line for line in seen["said"] if "ANOTHER" in line]
    assert "br0: 10.77.0.3 (" in said
    assert seen["status"] == 0


@pytest.mark.parametrize("server", ["isc", "kea", "static"])
def test_a_server_that_knows_a_pc_of_the_room_is_found_at_the_start(server: str, tmp_path: Path) -> None:
    seen = scenario(f"knows_the_room:{server}", tmp_path)
    assert seen["status"] == 1
    assert seen["said"].startswith("a DHCP server (10.77.0.3) already answers on br0: ")
    assert "answered for" not in seen["said"]
    only_one = "The DHCP server 10.77.0.3 answered for 52:54:00:aa:bb:12, and not for 52:54:00:aa:bb:11."
    assert seen["more"].endswith(f" {only_one}\n")
    assert f"warning: {only_one} Let it give addresses to all PCs of the room." in seen["proxy"]
    assert "52:54:00:aa:bb:11" in seen["away"]
    assert seen["end"] == 0


def test_a_server_that_answers_only_pxe_clients_is_found_at_the_start(tmp_path: Path) -> None:
    seen = scenario("only_pxe", tmp_path)
    assert seen["status"] == 1
    assert seen["said"].startswith("a DHCP server (10.77.0.3) already answers on br0: ")


def test_beside_proxy_nobody_is_refused(tmp_path: Path) -> None:
    seen = scenario("proxy", tmp_path)
    assert set(seen["ours"]) == {"10.77.0.1 OFFER 0.0.0.0"}
    assert seen["vendor"] == "PXEClient"
    assert seen["status"] == 0


def test_a_server_that_starts_later_is_found_without_a_pc_that_asks(tmp_path: Path) -> None:
    seen = scenario("later", tmp_path)
    assert "br0: 10.77.0.3 (offered 10.77.0." in seen["said"]
    assert seen["status"] == 0


def test_with_force_pcs_go_on_getting_addresses(tmp_path: Path) -> None:
    seen = scenario("forced", tmp_path)
    assert "This one goes on giving addresses as well (--force)" in seen["said"]
    assert seen["leased"].startswith("10.77.0.1")
    assert seen["status"] == 0


def test_with_all_an_ordinary_pc_gets_an_address_and_is_refused_none(tmp_path: Path) -> None:
    seen = scenario("everybody", tmp_path)
    assert seen["seen"] == [f"10.77.0.1 ACK {seen['leased']}"]
    assert seen["status"] == 0


def test_what_dhcpd_gives_by_class_is_seen_at_the_first_look(tmp_path: Path) -> None:
    """dhcpd pings the address that it offers, and drops meanwhile what the same PC asks otherwise."""
    seen = scenario("by_class", tmp_path)
    assert seen["names"] == ["10.77.0.1"]
    assert [line for line in seen["said"] if 'tells PCs to load "' in line and "10.77.0.3" in line]
    [away] = [line for line in seen["said"] if "another network" in line]
    assert away.startswith(
        "warning: br0 has 10.0.0.1/24, but the DHCP server 10.77.0.3 gives PCs addresses of another network, such as "
        "10.77.0.15"
    )
