"""Network interfaces and addresses, held against what `ip` says of interfaces in a network namespace of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from launcher.hardware.interfaces import LOOPBACK, interface, interfaces
from tests.common import ROOT

SEEN = """
import dataclasses, json, subprocess
from launcher.hardware.interfaces import interface, interfaces
from launcher.hardware.probe import cards

def ip(*words):
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout

ip("link", "add", "seat", "address", "52:54:00:aa:bb:01", "type", "veth", "peer", "name", "room")
down = interface("seat")
ip("addr", "add", "10.77.0.9/24", "broadcast", "+", "dev", "seat")
ip("addr", "add", "10.99.0.5/16", "dev", "seat")
ip("addr", "add", "10.77.0.10/24", "dev", "seat")
ip("addr", "add", "10.1.2.3", "peer", "10.1.2.4", "dev", "room")
ip("-6", "addr", "add", "fd00::9/64", "dev", "seat", "nodad")
ip("link", "set", "seat", "up")
pulled = interface("seat")
ip("link", "set", "room", "up")
print(json.dumps({
    "down": dataclasses.asdict(down),
    "pulled": dataclasses.asdict(pulled),
    "all": [dataclasses.asdict(nic) for _, nic in interfaces()],
    "none": interface("eth7"),
    "cards": [dataclasses.asdict(nic) for nic in cards().nics],
    "ip": json.loads(ip("-j", "addr")),
}))
"""


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    """Where /sys still shows the interfaces of another namespace."""
    command = ["unshare", "--user", "--map-root-user", "--net", sys.executable, "-c", SEEN]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.netns
def test_all_is_as_ip_says_it(seen: dict[str, Any]) -> None:
    told = {
        each["ifname"]: (
            each["address"],
            [
                f"{address['local']}/{address['prefixlen']}"
                for address in each["addr_info"]
                if address["family"] == "inet"
            ],
        )
        for each in seen["ip"]
    }
    assert {each["name"]: (each["mac"], each["addresses"]) for each in seen["all"]} == told
    assert told["seat"] == ("52:54:00:aa:bb:01", ["10.77.0.9/24", "10.99.0.5/16", "10.77.0.10/24"])
    assert told["room"][1] == ["10.1.2.3/32"]
    assert seen["none"] is None


@pytest.mark.netns
def test_an_address_without_a_broadcast_address_is_known(seen: dict[str, Any]) -> None:
    without = {each["name"]: each["without_broadcast"] for each in seen["all"]}
    assert without["seat"] == ["10.99.0.5/16", "10.77.0.10/24"]
    assert without["room"] == ["10.1.2.3/32"]


@pytest.mark.netns
def test_a_link_is_known_once_the_interface_is_up(seen: dict[str, Any]) -> None:
    plugged = next(each for each in seen["all"] if each["name"] == "seat")
    assert [seen["down"]["link"], seen["pulled"]["link"], plugged["link"]] == [None, False, True]


@pytest.mark.netns
def test_cards_are_all_interfaces_but_the_loopback(seen: dict[str, Any]) -> None:
    cards = {card["name"]: card for card in seen["cards"]}
    assert "lo" not in cards
    assert {"seat", "room"} <= set(cards)
    assert cards["seat"]["mac"] == "52:54:00:aa:bb:01"
    assert (cards["seat"]["link"], len(cards["seat"]["addresses"])) == (True, 3)


def test_this_machine_has_its_loopback() -> None:
    found = interface("lo")
    assert (LOOPBACK, found) in interfaces()
