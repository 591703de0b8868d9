"""dnsmasq's log as events, on logs of dnsmasq 2.90 while a real PXE ROM and PXELINUX booted from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pxe.server.clients import MOST, ClientEvent, Clients

MAC = "52:54:00:aa:bb:01"


def events(lines: list[str]) -> list[tuple[str, str, str]]:
    clients = Clients(Path("/srv/tftp"))
    found = [clients.read(line) for line in lines]
    return [(event.mac, event.address, event.text) for event in found if event is not None]


def recorded(name: str) -> list[str]:
    return Path(__file__).with_name(name).read_text().splitlines()


@pytest.mark.parametrize(("log", "address"), [("dnsmasq-dhcp.log", "10.77.0.109"), ("dnsmasq-proxy.log", "10.77.0.59")])
def test_a_whole_boot(log: str, address: str) -> None:
    assert events(recorded(log)) == [
        (MAC, "", "asks to boot"),
        (MAC, address, "has its address"),
        (MAC, address, "loaded pxelinux.0"),
        (MAC, address, "loaded ldlinux.c32"),
        (MAC, address, "loaded pxelinux.cfg/default"),
        (MAC, address, "loaded udpcast-linux"),
        (MAC, address, "loaded udpcast-initrd and starts"),
    ]


def test_a_second_boot_is_shown_as_the_first() -> None:
    first = recorded("dnsmasq-dhcp.log")
    again = [line.replace(" 2375578116 ", " 99 ") for line in first]
    assert len(events([*first, *again])) == 2 * len(events(first))


def dhcp(text: str) -> str:
    return f"dnsmasq-dhcp[42]: 7 {text}"


def tftp(text: str) -> str:
    return f"dnsmasq-tftp[42]: {text}"


UEFI_HINT = (
    "asks to boot by UEFI, for which this tree has no boot loader: switch its firmware to BIOS (legacy) network boot"
)
UEFI = dhcp("vendor class: PXEClient:Arch:00007:UNDI:003016")
ACK = dhcp(f"DHCPACK(eth0) 10.77.0.9 {MAC} seat-1")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            [UEFI, dhcp(f"DHCPDISCOVER(eth0) {MAC} ")],
            [
                (
                    MAC,
                    "",
                    UEFI_HINT,
                )
            ],
        ),
        (
            [dhcp("vendor class: HTTPClient:Arch:00016:UNDI:003001"), dhcp(f"DHCPDISCOVER(eth0) {MAC} "), ACK],
            [(MAC, "", UEFI_HINT.replace("UEFI", "UEFI and HTTP")), (MAC, "10.77.0.9", "has its address")],
        ),
        (
            [dhcp("vendor class: udhcp 1.35.0"), dhcp(f"DHCPDISCOVER(eth0) {MAC} "), ACK],
            [(MAC, "10.77.0.9", "has its address")],
        ),
        ([ACK, ACK.replace(" 7 ", " 8 ")], [(MAC, "10.77.0.9", "has its address")]),
        (
            [dhcp(f"DHCPDISCOVER(eth0) {MAC} no address available")],
            [(MAC, "", "gets no address: the range is used up")],
        ),
        (
            [dhcp(f"DHCPDISCOVER(eth0) 10.77.0.9 {MAC} no address available")],
            [(MAC, "", "gets no address: the range is used up")],
        ),
        (
            [tftp("file /srv/tftp/bootx64.efi not found for 10.77.0.9")],
            [("", "10.77.0.9", "asked for bootx64.efi, which is not in the tree")],
        ),
        (
            [tftp("failed sending /srv/tftp/udpcast-initrd to 10.77.0.9")],
            [("", "10.77.0.9", "stopped while it loaded udpcast-initrd")],
        ),
        (
            [
                tftp("file /srv/tftp/pxelinux.cfg/01-52-54-00-aa-bb-01 not found for 10.77.0.9"),
                tftp("sent /srv/tftp/pxelinux.cfg/default to 10.77.0.9"),
            ],
            [(MAC, "10.77.0.9", "loaded pxelinux.cfg/default")],
        ),
        (
            [tftp("sent /srv/tftp/pxelinux.cfg/01-52-54-00-aa-bb-01 to 10.77.0.9")],
            [(MAC, "10.77.0.9", "loaded pxelinux.cfg/01-52-54-00-aa-bb-01")],
        ),
        ([ACK, tftp("error 0 TFTP Aborted received from 10.77.0.9")], [(MAC, "10.77.0.9", "has its address")]),
        ([dhcp(f"DHCPNAK(eth0) 10.77.0.9 {MAC} wrong address"), "", "dnsmasq[42]: started", "x"], []),
    ],
    ids=[
        "uefi",
        "uefi-http",
        "no-pxe",
        "renewal",
        "used-up",
        "used-up-with-request",
        "missing",
        "stopped",
        "mac-by-file",
        "mac-by-own-file",
        "abort",
        "other",
    ],
)
def test_single_lines(lines: list[str], expected: list[tuple[str, str, str]]) -> None:
    assert events(lines) == expected


def test_an_event_is_a_plain_value() -> None:
    assert Clients(Path("/srv/tftp")).read(ACK) == ClientEvent(MAC, "10.77.0.9", "has its address")


def test_whoever_invents_pcs_fills_no_memory() -> None:
    clients = Clients(Path("/srv/tftp"))
    for number in range(3 * MOST):
        for text in ("vendor class: PXEClient", f"DHCPDISCOVER(eth0) {MAC}"):
            clients.read(f"dnsmasq-dhcp[42]: {number} {text}")
    assert len(clients._asked) == len(clients._vendors) == MOST


def test_a_file_is_known_below_a_folder_whose_name_is_not_ascii() -> None:
    clients = Clients(Path("/tmp/\N{LATIN SMALL LETTER E WITH ACUTE}/udpcast-serve-1/tftp"))
    event = clients.read(tftp("sent /tmp//udpcast-serve-1/tftp/udpcast-initrd to 10.77.0.9"))
    assert event and event.text == "loaded udpcast-initrd and starts"
