"""A real boot server: it ends with all that is its own, and says why PCs do not boot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import common

SCENARIOS = Path(__file__).with_name("life_scenarios.py")
PC = "10.77.0.66"


def scenario(name: str, directory: Path) -> dict[str, Any]:
    return common.scenario(SCENARIOS, name, directory)


@pytest.mark.netns
def test_however_it_ends_nothing_is_left(tmp_path: Path) -> None:
    seen = scenario("ends", tmp_path)
    assert seen.pop("left") == []
    [found] = seen.pop("next")
    assert found.endswith(" was left by an earlier boot server that was killed: removed.")
    ended = "dnsmasq ended: "
    assert seen == {
        "SIGHUP": [0, True, 0, ""],
        "SIGTERM": [0, True, 0, ""],
        "SIGKILL": [-9, True, 0, ""],
        "keeper": [1, True, 0, f"{ended}the process that keeps it was killed."],
        "dnsmasq": [1, True, 0, f"{ended}it was killed (SIGKILL)."],
        "files": [1, True, 0, "the HTTP server ended: it was killed (SIGKILL)."],
        "both": [-9, True, 1, ""],
    }


@pytest.mark.netns
def test_a_closed_terminal_ends_it(tmp_path: Path) -> None:
    seen = scenario("terminal", tmp_path)
    status, gone = seen.pop("unread")
    assert status and gone
    assert seen == {"gone": True, "left": []}


@pytest.mark.netns
def test_two_interfaces_have_two_and_one_has_one(tmp_path: Path) -> None:
    seen = scenario("two", tmp_path)
    assert seen["same"] == [
        1,
        "another boot server (process PID) already serves on br0: end it first (Ctrl-C there, or `kill PID`).\n",
    ]
    assert seen["other"][0] == (
        "eth9 has 203.0.113.1/24, 10.78.0.1/24: 10.78.0.1 is used, for 10.78.0.50 to 10.78.0.60 lie in its network "
        "(--address takes another one)."
    )
    assert not seen["public"]  # nothing is served from an address that was not chosen
    assert (seen["answer"], seen["both"], seen["statuses"], seen["left"]) == ("00030001", 2, [0, 0], [])


@pytest.mark.netns
def test_only_what_was_loaded_is_told_as_loaded(tmp_path: Path) -> None:
    seen = scenario("loads", tmp_path)
    assert seen["whole"]
    assert seen["closed"] == "Permission denied"
    assert seen["told"] == [
        f"{PC}       loaded udpcast-initrd and starts",
        f"{PC}       asked for ldlinux.c32, which cannot be read: Permission denied",
    ]
    assert seen["status"] == 0


@pytest.mark.netns
def test_what_keeps_pcs_from_booting_is_said(tmp_path: Path) -> None:
    seen = scenario("dropped", tmp_path)
    said = f"  {PC} asks for pxelinux.0, but gets no answer: something on this machine drops UDP port 69 on br0"
    assert said in seen["dropped"]
    assert "br0 has lost its address" in seen["address"]
    assert seen["again"].endswith("  br0 is as it should be again: PCs are served.\n")
    assert "br0 is down" in seen["down"]
    assert "br0 is gone" in seen["gone"]
    assert (seen["status"], seen["left"]) == (1, [])


@pytest.mark.netns
def test_the_limit_of_transfers_is_said(tmp_path: Path) -> None:
    seen = scenario("full", tmp_path)
    assert "200 transfers are open, which is the limit" in seen["full"]
    assert seen["status"] == 0


@pytest.mark.netns
def test_the_port_of_proxy_dhcp(tmp_path: Path) -> None:
    seen = scenario("ports", tmp_path)
    status, sentence = seen["proxy"]
    assert status == 1
    assert sentence.startswith(
        "port 4011 (proxy DHCP) on br0 is in use by another server on this machine: stop it first"
    )
    assert seen["alone"] == 0


@pytest.mark.field
def test_a_hundred_pcs_at_once(tmp_path: Path) -> None:
    seen = common.scenario(SCENARIOS, "room", tmp_path)
    assert (seen["whole"], seen["starts"], seen["status"], seen["left"]) == (100, 100, 0, [])


@pytest.mark.field
def test_killed_at_any_moment(tmp_path: Path) -> None:
    seen = scenario("killed", tmp_path)
    assert (seen["alone"], seen["status"], seen["left"], seen["dnsmasq"]) == ([1, 1], 0, [], [])
    assert seen["rounds"] > 0
