"""The boot server with a real dnsmasq and real clients, and everything that it refuses."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any

import pytest

from pxe.__main__ import main
from pxe.entries.loaders import PXELINUX
from pxe.entries.room import Machine
from pxe.server.clients import ClientEvent
from pxe.server.dnsmasq import BootServer
from pxe.server.serve import ServeError, Service, named, row, serve, too_few
from tests import common, hostile

SCENARIOS = Path(__file__).with_name("serve_scenarios.py")


def scenario(name: str, directory: Path) -> dict[str, Any]:
    return common.scenario(SCENARIOS, name, directory)


@pytest.mark.netns
def test_a_pc_boots_and_a_second_server_is_refused(tmp_path: Path) -> None:
    seen = scenario("serve", tmp_path)
    said = [line for line in seen["said"] if not line.startswith("warning: ")]
    assert said[0].startswith("No other DHCP server answered on br0 in 0.3 s. One that answers only PCs it knows")
    assert said[1].startswith("Addresses are given to PCs that boot from the network; whoever else asks is not")
    assert said[2] == "Boot server on br0 (10.77.0.1/24): addresses 10.77.0.100 to 10.77.0.110."
    assert said[3].startswith("These addresses must be free: in no reservation and no pool")
    assert seen["fetched"] == dict.fromkeys(seen["fetched"], True)
    assert seen["bytes"] // 1024 == 1024
    assert " lang=FR " in seen["line"] and " port=9002" in seen["line"]
    assert seen["state"] == ["room-state.json"]
    steps = [line.split(None, 1)[1] for line in seen["said"] if "52:54:00:aa:bb:01" in line]
    address = steps[1].split()[1]
    assert IPv4Address("10.77.0.100") <= IPv4Address(address) <= IPv4Address("10.77.0.110")
    assert [step.split(None, 1)[1].strip() for step in steps] == [
        "pc asks to boot",
        *(f"{address:15}  pc {text}" for text in (
            "has its address",
            "loaded pxelinux.0",
            "loaded pxelinux.cfg/01-52-54-00-aa-bb-01",
            "loaded udpcast-linux",
            "loaded udpcast-initrd and starts",
        )),
    ]  # fmt: skip
    status, sentence = seen["second"]
    assert status == 1
    assert sentence.startswith("a DHCP server (10.77.0.1) already answers on school: ")
    assert sentence.count("\n") == 1
    assert (seen["status"], seen["left"], seen["alive"]) == (0, [], [])


@pytest.mark.netns
@pytest.mark.field
def test_what_a_hostile_pc_says_is_shown_plainly(tmp_path: Path) -> None:
    seen = scenario("hostile", tmp_path)
    text = "\n".join(seen["said"])
    assert not hostile.raw(text), text
    assert "asks to boot by UEFI" in text and "salle é" in text, text
    assert "asked for \\x1b[31m\\u202e" in text and "is not believed" in text, text
    assert (seen["status"], seen["left"]) == (0, [])


@pytest.mark.netns
def test_the_tree_by_http(tmp_path: Path) -> None:
    seen = scenario("http", tmp_path)
    assert seen["pair"] == dict.fromkeys(seen["pair"], True)
    steps = [line.split(None, 3)[3] for line in seen["said"] if "52:54:00:aa:bb:01  10." in line]
    assert steps == [
        "has its address",
        "loaded udpcast-linux",
        "loaded udpcast-initrd and starts",
        "stopped while it loaded udpcast-initrd",
        "asked for nothing, which is not in the tree",
    ]
    assert [int(bits, 16) for bits in (*seen["rights"][:2], *seen["rights"][3:])] == [0, 0, 0, 1]
    assert (seen["root"], seen["shut"], seen["status"]) == ("tftp", ["", "", "", ""], 0)
    assert seen["other"][0].startswith(
        "Port 80 of br0 is in use by another program on this machine: the tree is at port "
    )
    assert seen["other"][1]
    assert seen["refused"].startswith(
        "port 80 (HTTP) of br0 is in use by another program on this machine: take another"
    )
    assert seen["given"]


@pytest.mark.netns
def test_beside_another_server(tmp_path: Path) -> None:
    seen = scenario("proxy", tmp_path)
    assert any("addresses come from the DHCP server that is there" in line for line in seen["said"])
    assert "obtained from 10.77.0.3" in seen["heard"]
    assert "52:54:00:aa:bb:01" in seen["asked"]
    assert seen["fetched"]
    assert seen["status"] == 0


@pytest.mark.netns
def test_proxy_without_a_server_is_warned_about(tmp_path: Path) -> None:
    seen = scenario("proxy_alone", tmp_path)
    drops = [line.split(" on ")[0] for line in seen["said"] if "the firewall" in line]
    ports = ("UDP port 67", "UDP port 69", "UDP port 4011", "TCP port 80", "TCP port 8067")
    assert drops == [f"warning: the firewall of this machine drops {port}" for port in ports]
    assert any(line.startswith("warning: no DHCP server answers on br0") for line in seen["said"])
    assert [" on lo (nftables: table inet t" in line for line in seen["alone"] if "the firewall" in line] == [
        False,
        False,
        False,
        True,
    ]
    assert seen["status"] == 0


@pytest.mark.netns
def test_a_forced_second_server_leaves_the_others_leases_alone(tmp_path: Path) -> None:
    seen = scenario("force", tmp_path)
    assert "dhcp-range=10.77.0.2,10.77.0.254" in seen["config"]
    assert "dhcp-authoritative" not in seen["config"]
    assert not seen["closed"]  # dnsmasq, which is not root, must read all of it, whatever our umask is


@pytest.mark.netns
def test_the_question_finds_a_server_and_takes_no_lease(tmp_path: Path) -> None:
    seen = scenario("probe", tmp_path)
    assert [line.split(";")[0] for line in seen["said"]] == ["warning: no DHCP server answers on br0"]
    assert seen["refusal"].startswith("a DHCP server (10.77.0.3) already answers on br0: ")
    assert seen["leases"] == ""


@pytest.mark.netns
def test_refusals_are_one_sentence_and_leave_nothing(tmp_path: Path) -> None:
    seen = scenario("refusals", tmp_path)
    assert seen.pop("left") == []
    beginnings = {
        "absent": "there is no interface eth7: use one of br0, ",
        "no address": "dummy0 has no IPv4 address: give it one first, e.g. `ip addr add",
        "down": "dummy0 cannot be used: Network is ",
        "range": "10.99.0.1 is no client address in 10.77.0.0/24",
        "proxy range": "proxy DHCP gives no addresses, the server that is there does: leave out --range.",
        "append": 'label "udpcast", append initrd=udpcast-initrd port=9001 remontee_info=y page_remontee=http',
        "tftp": "port 69 (TFTP) on br0 is in use by another server on this machine: stop it first",
        "dhcp": "port 67 (DHCP) on br0 is in use by another server on this machine: stop it first",
    }
    assert set(seen) == set(beginnings)
    for case, (status, sentence) in seen.items():
        assert (status, sentence.count("\n")) == (1, 1), (case, sentence)
        assert sentence.startswith(beginnings[case]), case


def nothing(settings: object) -> None:
    raise AssertionError("a tree was written")


def test_root_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(ServeError, match="needs root: run this with sudo"):
        serve(Service("eth0"), nothing, print)


def test_all_that_is_missing_is_named_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    monkeypatch.setattr("pxe.server.serve.LOADERS", (replace(PXELINUX, places=(tmp_path,)),))
    said = "dnsmasq, ip and PXELINUX are missing here: apt-get install dnsmasq-base iproute2 pxelinux syslinux-common"
    with pytest.raises(ServeError) as caught:
        serve(Service("eth0"), nothing, print)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--interface", "eth0"],
        ["--interface", "eth0", "--pair", ".", "--range", "1"],
        ["--interface", "eth0", "--pair", ".", "--proxy", "--all"],
    ],
)
def test_wrong_usage(options: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["serve", *options])
    assert stopped.value.code == 2


ROOM = tuple(Machine(f"52:54:00:aa:bb:{number:02x}", name=f"pc{number:02}") for number in range(1, 4))


@pytest.mark.parametrize(("last", "warned"), [("10.77.0.4", False), ("10.77.0.3", True)])
def test_a_range_that_is_too_small_for_the_room_is_said(last: str, warned: bool) -> None:
    there = IPv4Interface("10.77.0.2/24"), Path("/srv/tftp"), Path("/leases")
    settings = BootServer("br0", *there, IPv4Address("10.77.0.1"), IPv4Address(last))
    said = too_few(settings, len(ROOM))
    assert said.startswith("the room has 3 PCs, but --range has 2 addresses: ") if warned else not said
    assert not too_few(replace(settings, first=None, last=None, proxy=True), len(ROOM))


def test_a_row_has_the_name_that_the_room_gives() -> None:
    event = ClientEvent("52:54:00:aa:bb:02", "10.77.0.9", "has its address")
    assert named(event, ROOM).text == "pc02 has its address"
    assert named(replace(event, mac="52:54:00:aa:bb:09"), ROOM).text == "has its address"


def test_a_row_keeps_its_columns() -> None:
    assert row(ClientEvent("", "10.77.0.9", "x")) == "?                  10.77.0.9        x"
    assert row(ClientEvent("52:54:00:aa:bb:01", "", "x")) == "52:54:00:aa:bb:01                   x"
