"""What `explain` says to lines that went wrong in real rooms: each on a small machine that is as the room's was.

A case is a machine, a line, words that an error and a warning have (where it has none, there is none), and the card and
the disk that the plan has.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pytest

from kernel_cmdline import parse
from launcher.answers.explain import Prospect, check, explain, prospect, truth
from launcher.model.machine import Disk, Machine, Nic, Partition

CARD = Nic("eth0", "02:00:00:00:00:0a", "e1000e", link=True, speed=1000)
SECOND = Nic("eth1", "02:00:00:00:00:0b", "r8169", link=True, speed=1000)
WHOLE = (Partition("/dev/sda1", 500_000_000_000, "ntfs"),)
SSD = Disk("/dev/sda", 500_107_862_016, model="Maxtor Z1 SSD 480GB", serial="NA1", partitions=WHOLE)
BIG = Disk("/dev/sda", 4_000_787_030_016, model="Maxtor M3 Portable", serial="NA2")
OTHER = Disk("/dev/sdb", 256_060_514_304, model="ADATA SU800", serial="2H0")
WINDOWS = Disk("/dev/nvme0n1", 500_107_862_016, model="ADATA SX8200 500GB", serial="2J1", transport="nvme")
DATA = Disk("/dev/nvme1n1", 1_000_204_886_016, model="ADATA SX8200 1TB", serial="2J2", transport="nvme")

ONE = Machine((SSD,), (CARD,))
TWO_CARDS = Machine((SSD,), (CARD, SECOND))
NO_SUCH_DISK = Machine((BIG, OTHER), (CARD,))
TWO_DISKS = Machine((replace(SSD, links=("/dev/disk/by-path/pci-0-ata-1",)), OTHER), (CARD,))
NVME = Machine((WINDOWS, DATA), (CARD,))
ONE_NVME = Machine((WINDOWS,), (CARD,))

UNPLUGGED = replace(SECOND, link=False, speed=None)
DOCK = replace(SECOND, mac=CARD.mac)
MEMBER = replace(SSD, filesystem="isw_raid_member", partitions=())

RECEIVER = "auto=yes umode=rcv"
SENDER = "auto=yes umode=snd"
QUOTES = "double quotes"


class Case(NamedTuple):
    machine: Machine
    line: str
    error: str = ""
    warning: str = ""
    nic: str = ""
    disk: str = ""


CASES = {
    "a model without quotes": Case(NO_SUCH_DISK, f"{RECEIVER} disk=model:Maxtor Z1 SSD 480GB", QUOTES),
    "options without quotes": Case(
        ONE, f"{SENDER} udpcparam=--nopointopoint --min-receivers=29", QUOTES, "The cast starts"
    ),
    "a value in single quotes": Case(ONE, f"{RECEIVER} disk='model:Maxtor Z1'", QUOTES),
    "a value in typographic quotes": Case(ONE, f"{RECEIVER} disk=“model:Maxtor Z1”", QUOTES),
    "a value with a no-break space": Case(ONE, f"{RECEIVER} disk=model:Maxtor\u00a0Z1", QUOTES),
    "an option alone": Case(ONE, f"{SENDER} disk=/dev/sda --min-receivers=29", QUOTES, "The cast starts"),
    "an unknown selector": Case(ONE, f"{RECEIVER} disk=seriall:NA1", "seriall is no selector. Expected: /dev/sda"),
    "a model in double quotes": Case(ONE, f'{RECEIVER} disk="model:Maxtor Z1"', disk="/dev/sda"),
    "a model with underscores": Case(ONE, f"{RECEIVER} disk=model:Maxtor_Z1_SSD quiet auto", disk="/dev/sda"),
    "a size from lsblk": Case(ONE, f"{RECEIVER} disk=size:465.8G", disk="/dev/sda"),
    "GRUB's BOOTIF": Case(TWO_CARDS, f"{RECEIVER} BOOTIF=01-02:00:00:00:00:0b", nic="eth1"),
    "GRUB's BOOTIF with a colon": Case(TWO_CARDS, f"{RECEIVER} BOOTIF=01-02:00:00:00:00:0b:", nic="eth1"),
    "a BOOTIF without address": Case(ONE, f"{RECEIVER} BOOTIF=01-", warning="BOOTIF=01-", nic="eth0"),
    "an empty BOOTIF": Case(ONE, f"{RECEIVER} BOOTIF=", warning="BOOTIF=", nic="eth0"),
    "a BOOTIF of another PC": Case(
        ONE, f"{RECEIVER} BOOTIF=01-02:00:00:00:00:0f", warning="none of this PC's cards", nic="eth0"
    ),
    "nic= where BOOTIF is no address": Case(
        TWO_CARDS, f"{RECEIVER} nic=eth1 BOOTIF=01-$net_default_mac", warning="BOOTIF=01-$net_default_mac", nic="eth1"
    ),
    "no card where BOOTIF is no address": Case(
        TWO_CARDS, f"{RECEIVER} BOOTIF=01-", "2 are possible: eth0, eth1", "BOOTIF=01-"
    ),
    "a BOOTIF that must count": Case(ONE, f"{RECEIVER} nic=BOOTIF BOOTIF=01-", "no card is named by BOOTIF=01-", "01-"),
    "a BOOTIF without a link": Case(
        Machine((SSD,), (CARD, UNPLUGGED)),
        f"{RECEIVER} BOOTIF=01-02-00-00-00-00-0b",
        warning="BOOTIF chose eth1, which has no link; eth0 has one.",
        nic="eth1",
    ),
    "the device in ip=": Case(TWO_CARDS, f"{RECEIVER} ip=eth1:dhcp", nic="eth1"),
    "the device in the kernel's ip=": Case(
        TWO_CARDS, f"{RECEIVER} ip=10.9.0.7::10.9.0.1:255.255.255.0::eth1:none", nic="eth1"
    ),
    "the device in ip= has no link": Case(
        Machine((SSD,), (CARD, UNPLUGGED)), f"{RECEIVER} ip=10.9.0.7::10.9.0.1:255.255.255.0::eth1:none", nic="eth1"
    ),
    "one ip= for each card": Case(
        TWO_CARDS, f"{RECEIVER} ip=eth0:dhcp ip=eth1:dhcp BOOTIF=01-02-00-00-00-00-0b", nic="eth1"
    ),
    "a device that is not there": Case(
        TWO_CARDS, f"{RECEIVER} ip=eth7:dhcp", "The network card eth7 is not on this PC."
    ),
    "a contradiction": Case(
        TWO_CARDS, f"{RECEIVER} ip=eth1:dhcp BOOTIF=01-02-00-00-00-00-0a", warning="eth1", nic="eth0"
    ),
    "two cards with one address, one with a link": Case(
        Machine((SSD,), (replace(CARD, link=False), DOCK)), f"{RECEIVER} BOOTIF=01-02-00-00-00-00-0a", nic="eth1"
    ),
    "two cards with one address": Case(
        Machine((SSD,), (CARD, DOCK)), f"{RECEIVER} BOOTIF=01-02-00-00-00-00-0a", "have the same MAC address"
    ),
    "a member of a firmware RAID": Case(
        Machine((MEMBER,), (CARD,)), f"{RECEIVER} disk=/dev/sda", warning="a member of a firmware RAID", disk="/dev/sda"
    ),
    "NVMe names": Case(
        NVME,
        f"{RECEIVER} disk=/dev/nvme0n1",
        warning="Write: disk=model:ADATA_SX8200_500GB for all PCs like it, disk=serial:2J1 for this PC alone.",
        disk="/dev/nvme0n1",
    ),
    "one of two disks by its place": Case(
        TWO_DISKS,
        f"{RECEIVER} disk=/dev/sda",
        warning="Write: disk=/dev/disk/by-path/pci-0-ata-1 for all PCs like it, disk=serial:NA1 for this PC alone.",
        disk="/dev/sda",
    ),
    "one of two disks, and somebody looks": Case(TWO_DISKS, "auto=no umode=rcv disk=/dev/sda"),
    "one NVMe disk": Case(ONE_NVME, f"{RECEIVER} disk=/dev/nvme0n1", disk="/dev/nvme0n1"),
    "two NVMe disks by serial": Case(NVME, f"{RECEIVER} disk=serial:2J1", disk="/dev/nvme0n1"),
    "VLAN": Case(ONE, f"{RECEIVER} vlan=eth0.5:eth0", warning="vlan=eth0.5:eth0 is not supported", nic="eth0"),
    "words of others": Case(ONE, f"{RECEIVER} mode=x driver=y silent dhcp4=1 cpus=2 --- splash", disk="/dev/sda"),
    "one letter too much": Case(ONE, f"{RECEIVER} diskk=/dev/sda", "did you mean disk?"),
    "two letters too much": Case(ONE, f"{RECEIVER} comprxx=gzip", warning="did you mean compr?", disk="/dev/sda"),
    "a language without screens": Case(ONE, f"{RECEIVER} lang=hu", "There is: EN, FR, DE, "),
    "the old initrd": Case(ONE, f"{RECEIVER} initrd=initrd-udpcast", warning="write initrd=udpcast-initrd"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_case(case: Case) -> None:
    said = explain(parse(case.line), case.machine)
    errors, warnings = "\n".join(map(str, said.errors)), "\n".join(map(str, said.warnings))
    assert (bool(errors), case.error in errors) == (bool(case.error), True), errors
    assert (bool(warnings), case.warning in warnings) == (bool(case.warning), True), warnings
    if case.nic:
        assert said.plan and said.plan.nic.name == case.nic
    if case.disk:
        assert said.plan and said.plan.target.path == case.disk


def test_what_is_right_for_every_machine_is_said_to_no_machine() -> None:
    """``pxe`` knows no machine: it warns of what may happen on some."""
    assert check("disk=/dev/nvme0n1p2 umode=rcv")[1][0].startswith("/dev/nvme0n1p2 may be another disk at each boot")
    assert "DE" in check("lang=hu")[1][0]
    assert check("after=menu,shell shell=no") == ([], ["after=menu,shell is not used: shell=no."])
    assert check("BOOTIF=01- disk=serial:2J1") == ([], [])


ADVICE = ("/dev/disk/by-path/...", "serial:...", "wwn:...", "model:...", "size:...")
"""By what a disk is named, in the order of docs/admin.md."""


@pytest.mark.parametrize(
    "line", ["auto=yes umode=rcv disk=/dev/sda", "umode=snd disk=model:x,sdb1", "auto=yes disk=sda"]
)
def test_a_line_that_asks_nobody_is_no_place_for_the_first_disk(line: str) -> None:
    [warning] = prospect(line).warnings
    assert [warning.index(one) for one in ADVICE] == sorted(map(warning.index, ADVICE))


@pytest.mark.parametrize("line", ["disk=/dev/sda", "auto=no umode=rcv disk=/dev/sda", "umode=rcv disk=/srv/sda.img"])
def test_where_a_screen_shows_the_disk_its_name_is_no_matter(line: str) -> None:
    assert prospect(line).warnings == ()


def test_the_advice_has_one_order() -> None:
    [warning] = check("disk=/dev/nvme0n1")[1]
    assert [warning.index(one) for one in ADVICE] == sorted(map(warning.index, ADVICE))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", Prospect(None, 9000, unattended=False, restarts=False)),
        ("auto=yes umode=rcv after=reboot,menu", Prospect("rcv", 9000, unattended=True, restarts=True)),
        ("umode=receiver disk=serial:1 auto_reboot=success", Prospect("rcv", 9000, unattended=True, restarts=True)),
        ("umode=rcv disk=serial:1 auto=no after=REBOOT", Prospect("rcv", 9000, unattended=False, restarts=True)),
        (
            "umode=rcv fdrive=serial:1 auto_reboot=always after=menu",
            Prospect("rcv", 9000, unattended=True, restarts=False),
        ),
        ("umode=Send port=9002 after=menu,reboot", Prospect("snd", 9002, unattended=False, restarts=False)),
        (
            'umode=snd udpcparam="--min-receivers 9 --ttl 2"',
            Prospect("snd", 9000, unattended=False, restarts=False, receivers=9),
        ),
        (
            "remontee_info=y page_remontee=http://10.0.0.1/",
            Prospect(None, 9000, unattended=False, restarts=False, reports=True),
        ),
        ("umode=x port=odd after=never auto=maybe", Prospect(None, 9000, unattended=False, restarts=False)),
    ],
)
def test_what_a_line_leads_to(line: str, expected: Prospect) -> None:
    assert replace(prospect(line), of_one_pc=(), warnings=()) == expected


def test_what_is_of_one_pc_only() -> None:
    line = "ip=10.0.0.7/24 ip=eth1:dhcp fdrive=WWN:0x5 mac=52:54:00:12:34:56 lang=FR"
    assert prospect(line).of_one_pc == ("fdrive=WWN:0x5", "mac=52:54:00:12:34:56", "ip=10.0.0.7/24")


def test_of_two_words_for_what_follows_the_one_that_is_not_used_is_said() -> None:
    assert prospect("auto_reboot=always after=menu").warnings == ("auto_reboot=always is not used: after= decides.",)
    assert prospect("auto_reboot=success after=reboot,menu").warnings == ()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("auto", ("yes", "no")),
        ("remontee-info", ("yes", "no")),
        ("grow", ("yes", "no")),
        ("rd.bootif", ("1", "0")),
        *(
            (name, None)
            for name in ("port", "retry", "disk", "nic", "after", "events", "num_op", "quiet", "holes", "require")
        ),
    ],
)
def test_yes_and_no_in_the_words_of_a_parameter(name: str, words: tuple[str, str] | None) -> None:
    assert (truth(name, True), truth(name, False)) == (words or (None, None))
