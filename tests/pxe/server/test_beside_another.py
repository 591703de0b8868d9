"""What is offered beside another DHCP server, and what is said of it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from pxe.server.beside import fitted
from pxe.server.dnsmasq import BootServer
from pxe.server.offers import offers

OURS, THEIRS = IPv4Address("10.77.0.1"), IPv4Address("10.77.0.254")
SIGNED = ("shimx64.efi", "grubx64.efi")
ALL = (*SIGNED, "snponly.efi", "boot.ipxe", "pxelinux.0", "lpxelinux.0", "ldlinux.c32", "undionly.kpxe", "udpcast.img")


def beside(
    root: Path, there: tuple[str, ...], next_server: IPv4Address, chosen: dict[str, str]
) -> tuple[dict[str, str], str]:
    """The file for each kind that has one, and what is said."""
    for name in there:
        (root / name).write_bytes(b"sbat,1,\ngrub,5,Free Software Foundation,grub,2.06,https://\n")
    settings = BootServer(
        "br0", IPv4Interface(f"{OURS}/24"), root, root / "leases", proxy=True, offers=offers(there, chosen)
    )
    found, said = fitted(settings, {next_server}, chosen)
    return {one.kind.name: one.file for one in found.offers if one.file}, said


@pytest.mark.parametrize(
    ("next_server", "chosen", "uefi", "said"),
    [
        (THEIRS, {}, "snponly.efi", "PCs with UEFI get iPXE, which those with Secure Boot refuse: GRUB 2.06 would ask"),
        (OURS, {}, "shimx64.efi", ""),
        (
            THEIRS,
            {"uefi": "shimx64.efi"},
            "shimx64.efi",
            "PCs with UEFI stay at GRUB's prompt: GRUB 2.06 would ask",
        ),
        (THEIRS, {"uefi": "snponly.efi"}, "snponly.efi", ""),
        (OURS, {"uefi": "snponly.efi"}, "snponly.efi", ""),
    ],
)
def test_uefi(next_server: IPv4Address, chosen: dict[str, str], uefi: str, said: str, tmp_path: Path) -> None:
    files, sentence = beside(tmp_path, ALL, next_server, chosen)
    assert files == {"BIOS": "pxelinux.0", "UEFI x86-64": uefi, "UEFI x86-64 by HTTP": "udpcast.img"}
    assert sentence.startswith(said)
    assert bool(sentence) == bool(said)


def test_bios_loads_what_was_chosen_and_what_is_there(tmp_path: Path) -> None:
    chosen = {"bios": "undionly.kpxe"}
    assert beside(tmp_path, ALL, OURS, chosen)[0]["BIOS"] == "undionly.kpxe"
    only_ipxe = ("undionly.kpxe", "boot.ipxe")
    (tmp_path / "other").mkdir()
    assert beside(tmp_path / "other", only_ipxe, OURS, {})[0] == {"BIOS": "undionly.kpxe"}
