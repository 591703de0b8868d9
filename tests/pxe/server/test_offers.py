"""Which file each kind of client is given, and what is said of one that gets none."""

from __future__ import annotations

import pytest

from pxe.entries.architectures import ARCHITECTURES, HTTP_IMAGE
from pxe.server.offers import PACKAGES, asks, instead, offers

BIOS = {"pxelinux.0", "lpxelinux.0"}
IPXE = {"undionly.kpxe", "snponly.efi", "boot.ipxe"}
ALL = {*BIOS, *IPXE, "shimx64.efi", HTTP_IMAGE}


def given(there: set[str], **chosen: str) -> dict[str, str]:
    """What is given to each kind that is given something; with a star where iPXE gets its script."""
    found = offers(there, chosen)
    return {one.kind.name: one.file + "*" * one.ipxe for one in found if one.file or one.ipxe}


@pytest.mark.parametrize(
    ("there", "chosen", "expected"),
    [
        ({"pxelinux.0"}, {}, {"BIOS": "pxelinux.0"}),
        (BIOS, {}, {"BIOS": "lpxelinux.0"}),
        (BIOS, {"bios": "pxelinux.0"}, {"BIOS": "pxelinux.0"}),
        (BIOS, {"bios": "undionly.kpxe"}, {}),
        ({*BIOS, "undionly.kpxe"}, {"bios": "undionly.kpxe"}, {}),  # without its script it would wait for ever
    ],
)
def test_bios(there: set[str], chosen: dict[str, str], expected: dict[str, str]) -> None:
    assert given(there, **chosen) == expected


def test_all_kinds_with_all_loaders() -> None:
    assert given(ALL) == {
        "BIOS": "lpxelinux.0*",
        "UEFI x86-64": "shimx64.efi*",
        "UEFI x86-64 by HTTP": HTTP_IMAGE,
    }


def test_a_chosen_loader_is_for_ipxe_too_unless_it_is_one() -> None:
    assert given(ALL, bios="pxelinux.0")["BIOS"] == "pxelinux.0"
    assert given(ALL, bios="undionly.kpxe")["BIOS"] == "undionly.kpxe*"
    assert given(ALL, uefi="shimx64.efi")["UEFI x86-64"] == "shimx64.efi"


@pytest.mark.parametrize(
    ("vendor", "there", "said"),
    [
        ("PXEClient:Arch:00000:UNDI:002001", BIOS, ""),
        ("PXEClient:Arch:00007:UNDI:003016", ALL, " by UEFI x86-64"),
        ("PXEClient:Arch:00009:UNDI:003016", ALL, " by UEFI x86-64"),
        ("HTTPClient:Arch:00016:UNDI:003001", ALL, " by UEFI x86-64 by HTTP"),
        ("PXEClient", BIOS, ""),
        (
            "PXEClient:Arch:00007:UNDI:003016",
            BIOS,
            " by UEFI x86-64, for which this server has no boot loader: "
            "`apt-get install shim-signed grub-efi-amd64-signed` here, and start this again",
        ),
        (
            "PXEClient:Arch:00011:UNDI:003000",
            ALL,
            " by UEFI ARM of 64 bits, for which this server has no boot loader: "
            "the launcher runs on PCs with x86-64 only",
        ),
        (
            "PXEClient:Arch:00006:UNDI:003000",
            ALL,
            " by UEFI x86 of 32 bits, for which this server has no boot loader: "
            "switch its firmware to BIOS (legacy) network boot, or start it from a stick",
        ),
        (
            "HTTPClient:Arch:00020:UNDI:003000",
            ALL,
            " by BIOS by HTTP, for which this server has no boot loader: switch its firmware from HTTP boot to PXE",
        ),
        (
            "PXEClient:Arch:00027:UNDI:003000",
            ALL,
            " as a kind of machine that is not known here (27), and gets no boot loader: "
            "PCs with x86-64 boot from the network by BIOS or by UEFI",
        ),
        (
            "PXEClient:Arch:00000:UNDI:002001",
            set(),
            " by BIOS, for which this server has no boot loader: "
            "`apt-get install pxelinux syslinux-common` here, and start this again",
        ),
    ],
)
def test_how_a_client_asks(vendor: str, there: set[str], said: str) -> None:
    assert asks(vendor, offers(there, {})) == said


def test_what_loads_the_rest_by_http_has_another_way() -> None:
    assert {file: text.rpartition(" --")[2] for file, text in instead(offers(ALL, {})).items()} == {
        "lpxelinux.0": "bios pxelinux.0"
    }
    assert list(instead(offers(ALL, {"uefi": "snponly.efi"}))) == ["lpxelinux.0", "snponly.efi"]
    assert instead(offers(ALL, {"bios": "pxelinux.0"})) == {}


def test_ipxe_is_named() -> None:
    assert asks("PXEClient:Arch:00000:UNDI:002001", offers(ALL, {}), ipxe=True) == ", with iPXE"


def test_each_kind_has_words_for_who_gets_nothing() -> None:
    assert [kind.name for kind in ARCHITECTURES if not (kind.instead or kind.name in PACKAGES)] == []
    assert [name for name in PACKAGES if name not in {kind.name for kind in ARCHITECTURES}] == []
