"""Which loader PCs with UEFI are given beside another DHCP server, and which of them did not start it."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from pxe.proxy import started
from pxe.proxy.loaders import Given, given, grub_version
from pxe.proxy.services import services
from pxe.proxy.started import Started
from pxe.wire.message import Message, Option
from tests.pxe.proxy.test_http import firmware
from tests.pxe.wire.dhcp_messages import MAC, OTHER_MAC, PXE, discover

OURS, THEIRS, NOBODY = IPv4Address("10.77.0.1"), IPv4Address("10.77.0.254"), IPv4Address(0)
SIGNED = {"shimx64.efi", "grubx64.efi"}
IPXE = {"snponly.efi", "boot.ipxe"}


@pytest.mark.parametrize(
    ("there", "grub", "next_servers", "file", "said"),
    [
        (SIGNED | IPXE, (2, 12), {THEIRS}, "shimx64.efi", ""),
        (SIGNED, (3, 0), set(), "shimx64.efi", ""),
        (SIGNED | IPXE, (2, 6), {OURS}, "shimx64.efi", ""),
        (
            SIGNED | IPXE,
            (2, 6),
            {THEIRS},
            "snponly.efi",
            "GRUB 2.06 would ask the DHCP server's next server (10.77.0.254)",
        ),
        (SIGNED | IPXE, (2, 6), {OURS, THEIRS}, "snponly.efi", "(10.77.0.1, 10.77.0.254)"),
        (SIGNED | IPXE, (2, 6), {NOBODY}, "snponly.efi", "the DHCP server names no next server, and GRUB 2.06"),
        (SIGNED | IPXE, (2, 6), set(), "snponly.efi", "no next server of a DHCP server was seen, and GRUB 2.06"),
        (SIGNED | IPXE, None, {THEIRS}, "snponly.efi", "this GRUB would ask"),
        (SIGNED, (2, 6), {THEIRS}, "", "PCs with UEFI get nothing by TFTP: GRUB 2.06 would ask"),
        (SIGNED | {"snponly.efi"}, (2, 6), {THEIRS}, "", "install ipxe here"),
        (IPXE, None, {THEIRS}, "snponly.efi", "there is no signed loader"),
        ({"shimx64.efi"} | IPXE, None, {OURS}, "snponly.efi", "there is no signed loader"),
        (set[str](), None, {OURS}, "", "there is no signed loader"),
    ],
)
def test_what_pcs_with_uefi_are_given(
    there: set[str], grub: tuple[int, int] | None, next_servers: set[IPv4Address], file: str, said: str
) -> None:
    found = given(there, grub, next_servers, OURS)
    assert found.file == file
    assert said in found.sentence
    assert bool(said) == bool(found.sentence) == (found != Given(file))


def test_the_version_of_a_grub_is_in_its_own_table(tmp_path: Path) -> None:
    table = b"sbat,1,SBAT Version,sbat,1,https://x\ngrub,%d,Free Software Foundation,grub,%s,https://x\ngrub.debian,5,"
    for version, read in ((b"2.06", (2, 6)), (b"2.12", (2, 12)), (b"2.14~rc1", (2, 14))):
        (tmp_path / "grub").write_bytes(b"MZ" + bytes(5000) + table % (5, version) + bytes(100))
        assert grub_version(tmp_path / "grub") == read
    (tmp_path / "grub").write_bytes(b"MZ, grub,1,a,grub,x\n")
    assert grub_version(tmp_path / "grub") is None
    assert grub_version(tmp_path / "missing") is None
    assert grub_version(tmp_path) is None


def heard(*said: Message) -> list[str]:
    """Whom nothing is known of when all patience is at an end; one message a second."""
    pcs = Started()
    for now, message in enumerate(said):
        pcs.hear(message, float(now))
    assert pcs.look(started.PATIENCE - 0.5) == []
    late = pcs.look(len(said) + started.PATIENCE)
    assert pcs.look(2 * started.PATIENCE + len(said)) == []
    return late


UEFI = firmware(7, "PXEClient")
IPXE_ASKS = (*UEFI, (Option.USER_CLASS, b"iPXE"))


def test_a_pc_that_does_not_start_its_loader_is_named_once() -> None:
    assert heard(discover(*UEFI), discover(*UEFI)) == [MAC]
    assert heard(discover(*UEFI), discover(*IPXE_ASKS)) == []
    assert heard(discover(*UEFI), discover(*firmware())) == []
    assert heard(discover(*UEFI), discover(*firmware(), mac=OTHER_MAC)) == [MAC]
    assert heard(discover(*PXE)) == []
    assert heard(discover(*firmware(11, "PXEClient"))) == []


def test_it_is_named_again_when_it_was_heard_to_start_meanwhile() -> None:
    pcs = Started()
    seen = []
    for hour, said in enumerate((UEFI, UEFI, IPXE_ASKS, UEFI)):
        pcs.hear(discover(*said), 3600.0 * hour)
        seen.append(pcs.look(3600.0 * hour + started.PATIENCE))
    assert seen == [[MAC], [], [], [MAC]]


def test_whoever_invents_pcs_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(started, "MOST", 3)
    pcs = Started()
    for number in range(9):
        pcs.hear(discover(*UEFI, mac=f"52:54:00:aa:bb:{number:02x}"), 0.0)
    assert pcs.look(started.PATIENCE) == [f"52:54:00:aa:bb:{number:02x}" for number in (6, 7, 8)]


def test_what_dnsmasq_is_told() -> None:
    nobody_else = "dhcp-ignore=tag:kind,tag:!ours"
    plain = services(OURS, {0: "pxelinux.0", 7: "shimx64.efi", 6: ""})
    assert plain[-3:] == [nobody_else, 'pxe-service=0,"udpcast",pxelinux', 'pxe-service=7,"udpcast",shimx64.efi']
    assert [line for line in plain if "set:ours" in line] == [
        "dhcp-match=set:ours,option:client-arch,0",
        "dhcp-match=set:ours,option:client-arch,7",
    ]
    assert services(OURS, {0: "pxelinux.0", 7: "snponly.efi"}, "http://10.77.0.1/boot.ipxe", {7})[-6:] == [
        nobody_else,
        "dhcp-match=set:ipxe,175",
        "dhcp-userclass=set:ipxe,iPXE",
        "dhcp-boot=tag:ipxe,tag:kind7,http://10.77.0.1/boot.ipxe,,10.77.0.1",
        'pxe-service=0,"udpcast",pxelinux',
        'pxe-service=tag:!ipxe,7,"udpcast",snponly.efi',
    ]
