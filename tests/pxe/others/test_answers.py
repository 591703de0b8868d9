"""What each kind of client is told, by how the tree is served and what is in it, and the lines that say it."""

from __future__ import annotations

import json
from collections import Counter
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from pxe.__main__ import main
from pxe.entries.architectures import ARCHITECTURES
from pxe.entries.loaders import IPXE
from pxe.others.answers import Served, answers, unanswered
from pxe.others.servers import SERVERS

SERVER, HTTP = IPv4Address("10.0.0.1"), "http://10.0.0.1/tftp"
ALL = frozenset(
    {"pxelinux.0", "lpxelinux.0", "shimx64.efi", "snponly.efi", "undionly.kpxe", "boot.ipxe", "udpcast.img"}
)


def told(http: str, files: frozenset[str] | None) -> dict[str, tuple[tuple[int, ...], str]]:
    return {one.title: (one.numbers, one.boot_file) for one in answers(Served(SERVER, http, files))}


def test_by_tftp_alone_nobody_is_told_a_url() -> None:
    bios, uefi, ipxe = ((0,), "pxelinux.0"), ((7, 9), "shimx64.efi"), ((0, 7, 9), "boot.ipxe")
    assert told("", None) == told("", ALL) == {"iPXE": ipxe, "BIOS": bios, "UEFI x86-64": uefi}


def test_by_http_whoever_can_is_told_a_url() -> None:
    assert told(HTTP, ALL) == {
        "iPXE": ((0, 7, 9), f"{HTTP}/boot.ipxe"),
        "BIOS": ((0,), "lpxelinux.0"),
        "UEFI x86-64": ((7, 9), "shimx64.efi"),
        "UEFI x86-64 by HTTP": ((16,), f"{HTTP}/udpcast.img"),
    }
    [folder] = {one.folder for one in answers(Served(SERVER, HTTP, ALL)) if one.folder}
    assert folder == f"{HTTP}/"


def test_nobody_is_told_what_is_not_in_the_tree() -> None:
    assert told(HTTP, frozenset({"pxelinux.0"})) == {"BIOS": ((0,), "pxelinux.0")}
    only_ipxe = frozenset({*IPXE.files, "boot.ipxe"})
    assert [one.boot_file for one in answers(Served(SERVER, "", only_ipxe))] == [
        "boot.ipxe",
        "undionly.kpxe",
        "snponly.efi",
    ]
    assert answers(Served(SERVER, HTTP, frozenset())) == ()


@pytest.mark.parametrize("http", ["", HTTP])
def test_every_kind_of_client_is_answered_or_named(http: str) -> None:
    served = Served(SERVER, http)
    numbers = [number for one in answers(served) if not one.ipxe for number in one.numbers]
    numbers += [number for one in unanswered(served) for number in one.numbers]
    assert Counter(numbers) == Counter(number for one in ARCHITECTURES for number in one.numbers)


def test_every_server_is_told_every_answer() -> None:
    served = Served(SERVER, HTTP)
    for one in SERVERS:
        text = one.render(served)
        for answer in answers(served):
            assert answer.boot_file in text
            assert answer.name in text


def test_what_windows_is_told() -> None:
    [windows] = [one for one in SERVERS if one.name == "windows"]
    lines = windows.render(Served(SERVER, HTTP, frozenset({"shimx64.efi", "udpcast.img", "boot.ipxe"}))).splitlines()
    assert lines == [
        'Add-DhcpServerv4OptionDefinition -OptionId 60 -Name "Vendor class" -Type String -ErrorAction SilentlyContinue',
        'Add-DhcpServerv4Class -Name "udpcast-ipxe" -Type User -Data "iPXE"',
        'Add-DhcpServerv4Policy -Name "udpcast-ipxe" -ProcessingOrder 1 -Condition OR -UserClass EQ,"udpcast-ipxe*"',
        'Set-DhcpServerv4OptionValue -PolicyName "udpcast-ipxe" -OptionId 66 -Value "10.0.0.1"',
        f'Set-DhcpServerv4OptionValue -PolicyName "udpcast-ipxe" -OptionId 67 -Value "{HTTP}/boot.ipxe"',
        'Add-DhcpServerv4Class -Name "udpcast-7" -Type Vendor -Data "PXEClient:Arch:00007"',
        'Add-DhcpServerv4Class -Name "udpcast-9" -Type Vendor -Data "PXEClient:Arch:00009"',
        'Add-DhcpServerv4Policy -Name "udpcast-7-9" -ProcessingOrder 2 -Condition OR '
        '-VendorClass EQ,"udpcast-7*","udpcast-9*"',
        'Set-DhcpServerv4OptionValue -PolicyName "udpcast-7-9" -OptionId 66 -Value "10.0.0.1"',
        'Set-DhcpServerv4OptionValue -PolicyName "udpcast-7-9" -OptionId 67 -Value "shimx64.efi"',
        'Add-DhcpServerv4Class -Name "udpcast-16" -Type Vendor -Data "HTTPClient:Arch:00016"',
        'Add-DhcpServerv4Policy -Name "udpcast-16" -ProcessingOrder 3 -Condition OR -VendorClass EQ,"udpcast-16*"',
        'Set-DhcpServerv4OptionValue -PolicyName "udpcast-16" -OptionId 60 -Value "HTTPClient"',
        f'Set-DhcpServerv4OptionValue -PolicyName "udpcast-16" -OptionId 67 -Value "{HTTP}/udpcast.img"',
    ]


def test_keas_lines_are_json() -> None:
    [kea] = [one for one in SERVERS if one.name == "kea"]
    assert len(json.loads("{" + kea.render(Served(SERVER, HTTP)) + "}")["client-classes"]) == 4


def test_the_command_looks_into_the_tree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("udpcast-linux", "pxelinux.0"):
        (tmp_path / name).touch()
    assert main(["dhcp", str(tmp_path), "--tftp", "10.0.0.1", "--server", "dnsmasq"]) == 0
    said = capsys.readouterr().out
    assert "dhcp-boot=tag:udpcast-0,pxelinux.0,,10.0.0.1\n" in said
    assert "shimx64" not in said
    assert "class " not in said
    assert "The tree has nothing for UEFI x86-64, UEFI x86 of 32 bits, " in said
    assert "With --http, the URL where a web server serves the tree" in said


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--tftp", "server"], 2, '"server" is no IPv4 address, e.g. 10.77.0.1'),
        (["--tftp", "10.0.0.1", "--http", "https://x/"], 2, '"https://x/" is no plain URL'),
        (["--tftp", "10.0.0.1", "--http", 'http://x/";'], 2, "is no plain URL"),
        (["--tftp", "10.0.0.1", "--server", "bind"], 2, "invalid choice: 'bind'"),
        (["--tftp", "10.0.0.1"], 1, "has no udpcast-linux, so it is no tree: write it first, with `tree`."),
    ],
)
def test_wrong_words(
    words: list[str], status: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        ended: int | str | None = main(["dhcp", str(tmp_path), *words])
    except SystemExit as error:
        ended = error.code
    assert ended == status
    assert said in capsys.readouterr().err
