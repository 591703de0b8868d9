"""One PC, one lease: what firmware calls itself, what is given back, and both with real DHCP servers of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.network.handing_back import Why, message
from launcher.network.identifiers import identifiers
from qemu.host.foreign import Held, held, twice
from tests import common

SCENARIOS = Path(__file__).with_name("lease_scenarios.py")
MOUNTS = "mount -t tmpfs none /run && mount -t sysfs none /sys"

MAC = "52:54:00:AA:bb:01"
AS_PRINTED = "4c4c4544-0042-3510-8056-b4c04f4d3132"
AS_SENT = "44454c4c420010358056b4c04f4d3132"
AS_PRINTED_DIGITS = AS_PRINTED.replace("-", "")


@pytest.fixture
def dmi(tmp_path: Path) -> Path:
    """A machine that tells its UUID, as the kernel does."""
    path = tmp_path / "product_uuid"
    path.write_text(f"{AS_PRINTED.upper()}\n")
    return path


def test_firmwares_names_in_the_order_in_which_they_are_tried(dmi: Path) -> None:
    assert identifiers(MAC, None, dmi) == ("01525400aabb01", f"00{AS_SENT}", f"00{AS_PRINTED_DIGITS}", None)


def test_what_pxelinux_said_comes_first_and_nothing_twice(dmi: Path) -> None:
    assert identifiers(MAC, AS_PRINTED, dmi)[1:3] == (f"00{AS_PRINTED_DIGITS}", f"00{AS_SENT}")
    assert identifiers(MAC, AS_SENT, dmi) == identifiers(MAC, None, dmi)


@pytest.mark.parametrize("text", ["", "Not Settable", "00000000-0000-0000-0000-000000000000", "F" * 32, AS_SENT[1:]])
def test_a_uuid_that_is_none_is_left_out(text: str, tmp_path: Path) -> None:
    (tmp_path / "uuid").write_text(text)
    assert identifiers(MAC, text, tmp_path / "uuid") == ("01525400aabb01", None)
    assert identifiers(MAC, None, tmp_path / "absent") == ("01525400aabb01", None)


def test_a_release_names_the_address_as_the_clients_own() -> None:
    data = message(Why.RELEASED, MAC, "01525400aabb01", "10.77.0.5", "10.77.0.1", b"abcd")
    assert data[:8] == b"\x01\x01\x06\0abcd"
    assert (data[12:16], data[28:34]) == (bytes((10, 77, 0, 5)), bytes.fromhex("525400aabb01"))
    options = data[236:]
    assert options.startswith(bytes((99, 130, 83, 99, 53, 1, 7, 54, 4, 10, 77, 0, 1, 61, 7)))
    assert options[15:23] == bytes.fromhex("01525400aabb01ff")
    assert len(data) == 300


def test_a_refusal_names_it_as_what_was_asked_for() -> None:
    data = message(Why.DECLINED, MAC, None, "10.77.0.0", "10.77.0.1", b"abcd")
    assert data[12:16] == bytes(4)
    assert data[240:].startswith(bytes((53, 1, 4, 54, 4, 10, 77, 0, 1, 50, 4, 10, 77, 0, 0, 255)))


LEASES = """# The format of this file is documented in the dhcpd.leases(5) manual page.
lease 10.77.0.100 {
  starts 6 2026/11/28 12:00:00;
  binding state active;
  next binding state free;
  hardware ethernet 52:54:00:aa:bb:01;
  uid "\\001RT\\000\\252\\273\\001";
}
lease 10.77.0.101 {
  binding state active;
  hardware ethernet 52:54:00:aa:bb:01;
}
"""
RELEASED = """lease 10.77.0.101 {
  binding state free;
  hardware ethernet 52:54:00:aa:bb:01;
}
"""


def test_who_holds_two_leases_of_dhcpd() -> None:
    mac = MAC.lower()
    assert held(LEASES) == (Held("10.77.0.100", mac), Held("10.77.0.101", mac))
    assert twice(held(LEASES)) == (mac,)
    assert held(LEASES + RELEASED) == (Held("10.77.0.100", mac),)
    assert twice(held(LEASES + RELEASED)) == ()


@pytest.mark.parametrize(
    "server",
    [
        *(pytest.param(server, marks=pytest.mark.netns) for server in ("isc", "kea", "dnsmasq")),
        pytest.param("ours", marks=pytest.mark.field),
    ],
)
def test_a_pc_keeps_the_one_lease_that_its_firmware_got(server: str, tmp_path: Path) -> None:
    """Whatever the firmware said, with servers that have one address more than there are PCs."""
    seen = common.scenario(SCENARIOS, server, tmp_path, MOUNTS)
    assert set(seen["seen"]) == {"none", "MAC", "UUID"}
    for name, pc in seen["seen"].items():
        assert pc["lease"].startswith(f"10.77.0.1 leases {pc['given']} for "), name
    assert seen["held"] == [f"52:54:00:aa:bb:0{number}" for number in (1, 2, 3)]
    assert seen["untold"]["address"] == seen["untold"]["given"]


@pytest.mark.netns
def test_an_address_that_no_pc_can_have_is_declined_and_another_one_taken(tmp_path: Path) -> None:
    seen = common.scenario(SCENARIOS, "declined", tmp_path, MOUNTS)
    assert seen["address"] == "10.77.0.97/27"
    refused = "The DHCP server 10.77.0.1 gave seat the address 10.77.0.95/27: the broadcast address of its network."
    assert refused in seen["log"]
    assert "binding state abandoned" in seen["leases"].partition("lease 10.77.0.95")[2]
