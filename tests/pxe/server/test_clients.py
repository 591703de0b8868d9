"""dnsmasq's log as events, on logs of dnsmasq 2.90 while a real PXE ROM and PXELINUX booted from it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from pxe.entries.loaders import LOADERS, PXELINUX, Loader, boots_disk
from pxe.server.clients import MOST, ClientEvent, Clients, read_line
from pxe.web.files import line

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
        (MAC, "", "asks to boot, with iPXE"),
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
    "asks to boot by UEFI x86-64, for which this server has no boot loader: `apt-get install shim-signed "
    "grub-efi-amd64-signed` here, and start this again"
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
            [(MAC, "", UEFI_HINT.replace("x86-64,", "x86-64 by HTTP,")), (MAC, "10.77.0.9", "has its address")],
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
        (
            [
                tftp(f"file /srv/tftp/{name} not found for 10.77.0.9")
                for name in ("revocations_sku.efi", "shim_certificate_0.efi", "mmx64.efi", "EFI/boot/fbx64.efi")
            ],
            [],
        ),
        (
            [tftp("file /srv/tftp/grubx64.efi not found for 10.77.0.9")],
            [("", "10.77.0.9", "asked for grubx64.efi, which is not in the tree")],
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
        "shim",
        "no-grub",
        "abort",
        "other",
    ],
)
def test_single_lines(lines: list[str], expected: list[tuple[str, str, str]]) -> None:
    assert events(lines) == expected


def by_http(*records: list[object]) -> list[tuple[str, str, str]]:
    clients = Clients(Path("/srv/tftp"), boots_disk=lambda name: name.endswith("-02"))
    clients.read(ACK)
    found = [clients.by_http(*read_line(line(record).decode())) for record in records]
    return [(event.mac, event.address, event.text) for event in found if event is not None]


A, OWN = "10.77.0.9", "pxelinux.cfg/01-52-54-00-aa-bb-02"


def took(name: str, part: tuple[int, int], wanted: tuple[int, int], size: int = 100) -> list[object]:
    return ["took", A, name, part, wanted, size]


@pytest.mark.parametrize(
    ("records", "texts"),
    [
        ([["opened", A]], []),
        ([took("udpcast-linux", (0, 100), (0, 100))], ["loaded udpcast-linux"]),
        ([took("udpcast-initrd", (0, 100), (0, 100))], ["loaded udpcast-initrd and starts"]),
        ([took("udpcast.img", (0, 100), (0, 100))], ["loaded udpcast.img and starts"]),
        ([took("udpcast-initrd", (0, 99), (0, 100))], ["stopped while it loaded udpcast-initrd"]),
        ([took("udpcast-initrd", (0, 50), (0, 50))], []),
        (
            [took("udpcast-initrd", (50, 100), (50, 100)), took("udpcast-initrd", (0, 50), (0, 50))],
            ["loaded udpcast-initrd and starts"],
        ),
        ([took("boot.ipxe", (0, 0), (0, 0), 0)], ["loaded boot.ipxe"]),
        (
            [["unsure", A, "udpcast-initrd", 59000]],
            [
                "was sent all of udpcast-initrd, and does not acknowledge the last 59000 bytes: it starts (iPXE does "
                "so), or was switched off"
            ],
        ),
        ([["missing", A, "a\udcff"]], ["asked for a\udcff, which is not in the tree"]),
        ([["missing", A, "pxelinux.cfg/0A4D0009"], ["missing", A, "shim_certificate_0.efi"]], []),
        ([["refused", A, "x", "Permission denied"]], ["asked for x, which cannot be read: Permission denied"]),
    ],
)
def test_what_is_loaded_by_http(records: list[list[object]], texts: list[str]) -> None:
    assert by_http(*records) == [(MAC, A, text) for text in texts]


def test_a_pc_is_known_by_its_own_file_by_http_too() -> None:
    assert by_http(took(OWN, (0, 9), (0, 9), 9)) == [("52:54:00:aa:bb:02", A, f"loaded {OWN} and boots its disk")]


@pytest.mark.parametrize(
    ("loader", "there"),
    [(loader, there) for loader in LOADERS for there in (False, True)],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_a_room_that_boots_its_disks_says_so_only_of_who_has_no_other_file(
    loader: Loader, there: bool, tmp_path: Path
) -> None:
    """Each loader reads the default file and the machine's own in its order; the machine's own counts."""
    (tmp_path / loader.folder).mkdir(parents=True)
    (tmp_path / loader.default).write_text(loader.default_disk)
    own = loader.machine("52:54:00:aa:bb:02")
    (tmp_path / own).write_text("armed")
    clients = Clients(tmp_path, boots_disk=partial(boots_disk, tmp_path))
    default = took(str(loader.default), (0, 9), (0, 9), 9)
    second = took(str(own), (0, 9), (0, 9), 9) if there else ["missing", A, str(own)]
    records = [second, *([] if there else [default])] if loader is PXELINUX else [default, second]
    said = [event.text for record in records if (event := clients.by_http(*record))]
    assert [text.endswith("boots its disk") for text in said[-1:]] == [not there]
    assert not any("boots its disk" in text for text in said[:-1])


def test_what_is_no_line_of_the_server_of_files_tells_nothing() -> None:
    assert [read_line(text) for text in ("Traceback (most recent call last):", '["serves"]', "7")] == [[], [], []]


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
