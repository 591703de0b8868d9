"""Which disk or card a text means."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest

from launcher.answers.properties import SELECTORS
from launcher.answers.questions import Facts
from launcher.answers.reading import read_path
from launcher.answers.selectors import (
    DeviceMissing,
    exact,
    exchanged,
    lasting_names,
    select_nic,
    select_target,
    whole,
)
from launcher.errors import AnswerError
from launcher.model.machine import CD_DRIVE, Disk, Machine, Nic, Partition
from launcher.sentence import say

SDA = Disk(
    "/dev/sda",
    500_107_862_016,
    model="Samsung SSD 850",
    serial="S21NX0AG",
    wwn="0x5002538d40f6e3c1",
    links=("/dev/disk/by-id/ata-Samsung",),
    hctl="2:0:0:0",
    partitions=(Partition("/dev/sda1", 10**8), Partition("/dev/sda2", 499 * 10**9, "ntfs")),
)
NVME = Disk("/dev/nvme0n1", 1_000_204_886_016, model="Samsung 980", partitions=(Partition("/dev/nvme0n1p1", 10**9),))
CDROM = Disk("/dev/sr0", 10**9, refused=CD_DRIVE)
STICK = Disk("/dev/sdb", 16 * 10**9, read_only=True)
MACHINE = Machine(disks=(SDA, NVME, CDROM, STICK), nics=(Nic("eth0", "52:54:00:aa:bb:01"),))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/dev/sda", "/dev/sda"),
        ("sda", "/dev/sda"),
        ("/dev/sda2", "/dev/sda2"),
        ("nvme0n1p1", "/dev/nvme0n1p1"),
        ("/dev/disk/by-id/ata-Samsung", "/dev/sda"),
        ("/dev/disk/by-id/ata-Samsung-part2", "/dev/sda2"),
        ("serial:s21nx0ag", "/dev/sda"),
        ("wwn:5002538D40F6E3C1", "/dev/sda"),
        ("model:980", "/dev/nvme0n1"),
        ("size:500G", "/dev/sda"),
        ("size:1TB", "/dev/nvme0n1"),
        ("model:samsung_ssd  850", "/dev/sda"),
        ("model:_SSD_", "/dev/sda"),
        ('model:"Samsung SSD 850"', "/dev/sda"),
        ("serial : S21NX0AG", "/dev/sda"),
        ("size:465.8G", "/dev/sda"),
        ("size:465,8G,serial:NOPE", "/dev/sda"),
        ("size:500.1 GB", "/dev/sda"),
        ("size:931.5GiB", "/dev/nvme0n1"),
        ("size:500.5G", "/dev/sda"),
        ("model:Samsung,serial:NOPE,/dev/nvme0n1,/dev/sda", "/dev/nvme0n1"),
    ],
)
def test_the_first_selector_that_matches_exactly_one(text: str, path: str) -> None:
    assert select_target(text, MACHINE, for_writing=True).path == path


BY_PROPERTY = {"serial": "S21NX0AG", "wwn": "0x5002538d40f6e3c1", "model": "850", "size": "500G", "hctl": "2:0:0:0"}
"""For each selector a value that means /dev/sda and no other disk."""


def sizes(*disks: int) -> Machine:
    """A PC with disks of these sizes: /dev/sda, /dev/sdb, ..."""
    return Machine(tuple(Disk(f"/dev/sd{chr(97 + number)}", size) for number, size in enumerate(disks)))


GIB = 2**30


@pytest.mark.parametrize(
    ("text", "disks", "path"),
    [
        ("size:476.9G", (480_103_981_056, 512_110_190_592), "/dev/sdb"),
        ("size:1.8T", (2_000_398_934_016, 1_000_204_886_016), "/dev/sda"),
        ("size:1.5T", (1_600_321_314_816, 480_103_981_056), "/dev/sda"),
        ("size:119.2G", (120_034_123_776, 128_035_676_160), "/dev/sdb"),
        ("size:20G", (20 * GIB, 40 * GIB), "/dev/sda"),
        ("size:500G", (500 * GIB, 500_107_862_016), "/dev/sdb"),
        ("size:240G", (240_057_409_536, 256_060_514_304), "/dev/sda"),
        ("size:0.5T", (480_103_981_056, 500_107_862_016), "/dev/sdb"),
    ],
)
def test_a_size_as_the_label_says_and_as_lsblk_prints_it(text: str, disks: tuple[int, ...], path: str) -> None:
    assert select_target(text, sizes(*disks), for_writing=False).path == path


SOLD = {"120": 120_034_123_776, "240": 240_057_409_536, "500": 500_107_862_016, "512": 512_110_190_592}
SOLD |= {"1000": 1_000_204_886_016, "stick": 15_931_539_456, "465.8 GiB": 500_136_542_208, "20 GiB": 20 * GIB}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("size:>=500G", "500 512 1000 465.8 GiB"),
        ("size:>500G", "512 1000"),
        ("size:<=500G", "120 240 500 stick 465.8 GiB 20 GiB"),
        ("size:<500G", "120 240 stick 20 GiB"),
        ("size:200G-600G", "240 500 512 465.8 GiB"),
        ("size:240G-500G", "240 500 465.8 GiB"),
        ("size:200-600G", "240 500 512 465.8 GiB"),
        ("SIZE : 0.5T - 1T", "500 512 1000 465.8 GiB"),
        ("size:0,5T-1,0T", "500 512 1000 465.8 GiB"),
        ("size:>=0,9TB", "1000"),
        ("size:>= 900 GiB", "1000"),
        ("size:<16G", ""),
        ("size:<=16G", "stick"),
        ("size:<16GiB", "stick"),
        ("size:>=20GiB", "120 240 500 512 1000 465.8 GiB 20 GiB"),
        ("size:>20GiB", "120 240 500 512 1000 465.8 GiB"),
        ("size:20GiB-120G", "120 20 GiB"),
        ("size:500000M-600000000k", "500 512 465.8 GiB"),
        ("size:=120G", "120"),
        ("size:0.9TiB-1TiB", "1000"),
    ],
)
def test_bounds_of_a_size(text: str, meant: str) -> None:
    """All disks that match, and no other: alone on a PC each is found."""
    found = []
    for name, size in SOLD.items():
        with contextlib.suppress(DeviceMissing):
            select_target(text, sizes(size), for_writing=False)
            found.append(name)
    assert " ".join(found) == meant


@pytest.mark.parametrize(
    "text", ["500107862016", "488386584k", "476940M", "465.8G", "0.5TiB", "500GB", "500 g", "500g"]
)
def test_every_unit_of_a_size(text: str) -> None:
    size = {"0.5TiB": 2**39}.get(text, 500_107_862_016)
    assert select_target(f"size:{text}", sizes(size, 10**9), for_writing=False).path == "/dev/sda"


def test_two_disks_of_one_size_are_no_answer() -> None:
    with pytest.raises(DeviceMissing, match="matches 2 disks"):
        select_target("size:500G", sizes(500_107_862_016, 512_110_190_592), for_writing=False)


def test_names_that_last_mean_the_same_disk() -> None:
    twins = (SDA, replace(SDA, path="/dev/sdc", serial=None, wwn=None, links=(), size=480 * 10**9))
    for disk in (SDA, NVME, *twins):
        machine = Machine((disk, *(other for other in (SDA, NVME, STICK, *twins) if other.path != disk.path)))
        said = str(lasting_names(whole(disk), machine))
        texts = [word.removeprefix("disk=") for word in said.split() if word.startswith("disk=")]
        assert texts, said
        assert {select_target(text, machine, for_writing=False).path for text in texts} == {disk.path}


def test_names_that_last_for_twins_and_partitions_are_places() -> None:
    twin = replace(NVME, links=("/dev/disk/by-id/nvme-1", "/dev/disk/by-path/pci-0-nvme-1"))
    there = Machine((twin, replace(NVME, path="/dev/nvme1n1", partitions=())))
    for path in ("/dev/nvme0n1", "/dev/nvme0n1p1"):
        target = select_target(path, there, for_writing=False)
        said = str(lasting_names(target, there))
        assert said.startswith("disk=/dev/disk/by-path/pci-0-nvme-1") and said.endswith(" for all PCs like it")
        assert select_target(said.split(maxsplit=1)[0].removeprefix("disk="), there, for_writing=False) == target
    part = select_target("/dev/sda2", MACHINE, for_writing=False)
    assert str(lasting_names(part, MACHINE)) == "its name below /dev/disk/by-path/"


@pytest.mark.parametrize("name", SELECTORS)
def test_every_selector_finds_its_disk_and_no_empty_one_is_taken(name: str) -> None:
    assert name in BY_PROPERTY, f"{name}: BY_PROPERTY has no value that means /dev/sda"
    assert select_target(f"{name.upper()}:{BY_PROPERTY[name]}", MACHINE, for_writing=True).path == "/dev/sda"
    with pytest.raises(AnswerError) as caught:
        select_target(f"{name}: ", MACHINE, for_writing=True)
    assert not isinstance(caught.value, DeviceMissing)
    with pytest.raises(AnswerError, match=f"Expected: /dev/sda.*{name}:"):
        select_target("a b", MACHINE, for_writing=True)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("sda", True),
        ("SERIAL:x", True),
        ("wwn:x", True),
        ("Model:x", False),
        (" size:1G", False),
        ("serial:x,sda", False),
        ("size:1,5T", False),
        ("sda,", True),
    ],
)
def test_which_selectors_mean_the_same_disk_whatever_others_there_are(text: str, same: bool) -> None:
    assert exact(text) is same


def test_links_of_a_partition_name_it() -> None:
    part = replace(SDA.partitions[0], links=("/dev/disk/by-uuid/ABCD-0123",))
    machine = replace(MACHINE, disks=(replace(SDA, partitions=(part,)),))
    assert select_target("/dev/disk/by-uuid/ABCD-0123", machine, for_writing=False).path == "/dev/sda1"


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ((SDA,), None),
        ((), "is gone"),
        ((replace(SDA, serial="OTHER"),), "another disk"),
        ((replace(SDA, size=1),), "another disk"),
        ((replace(SDA, refused=say("it is in use")),), "in use"),
    ],
)
def test_a_disk_that_is_not_the_one_that_was_chosen_any_more(now: tuple[Disk, ...], words: str | None) -> None:
    target = select_target("/dev/sda", MACHINE, for_writing=True)
    said = exchanged(target, Machine(disks=now))
    assert (words in str(said)) if words else said is None


PORTS = tuple((f"/dev/disk/by-path/pci-0000:00:14.0-usb-0:{port}:1.0-scsi-0:0:0:0",) for port in (1, 2))
STICKS = Disk("/dev/sdb", 16 * 10**9, model="Flash", serial="0123456789AB", transport="usb", links=PORTS[0])


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (replace(STICKS, links=(*PORTS[0], "/dev/disk/by-label/new")), None),
        (replace(STICKS, links=PORTS[1]), "/dev/sdb is plugged in elsewhere than when it was chosen"),
        (replace(STICKS, links=()), "/dev/sdb is plugged in elsewhere than when it was chosen"),
        (replace(STICKS, wwn="0x5000"), "another disk"),
        (replace(STICKS, model="Other"), "another disk"),
    ],
)
def test_of_two_disks_with_one_serial_number_only_the_one_at_its_place_is_the_one_that_was_chosen(
    now: Disk, words: str | None
) -> None:
    target = select_target("/dev/sdb", Machine((STICKS,)), for_writing=True)
    said = exchanged(target, Machine((now,)))
    assert (words in str(said)) if words else said is None


@pytest.mark.parametrize(("part", "same"), [("before", True), ("behind", False)])
def test_a_partition_of_a_new_table_is_another_one(part: str, same: bool) -> None:
    def disk(table: str) -> Disk:
        two = Partition("/dev/sdb2", 10**9, links=(f"/dev/disk/by-partuuid/{table}-02",))
        return replace(STICKS, partitions=(two,))

    target = select_target("/dev/sdb2", Machine((disk("before"),)), for_writing=True)
    assert (exchanged(target, Machine((disk(part),))) is None) is same


def test_a_partition_has_its_own_size() -> None:
    target = select_target("/dev/sda2", MACHINE, for_writing=True)
    assert (target.size, target.disk.path) == (499 * 10**9, "/dev/sda")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("/dev/sr0", "CD drive"),
        ("/dev/sdb", "write-protected"),
        ("size:big", "size:big"),
        ("rm -rf /", "no device"),
        ("/etc/passwd", "nothing"),
        ("serial:", "empty"),
        ("wwn:0x", "empty"),
        ("model: ", "empty"),
        ("size:0", "size:0"),
        ("size:" + "9" * 400, "no size"),
        ("size:500i", "no size"),
        ("size:600G-200G", "smaller size first"),
        ("size:>=", "no size"),
        ("size:=>5G", "no size"),
        ("size:-5G", "no size"),
        ("size:5G-6G-7G", "no size"),
        ("size:>0G", "no size"),
        ("hctl:0:0:0", "hctl:0:0:0 is no address of a disk"),
        ("hctl:a:0:0:0", "no address of a disk. Expected host:channel:target:lun"),
        ("hctl:", "empty"),
        ("/dev/hda", r"disk=/dev/hda: this is the name of an IDE disk .* There is: /dev/sda"),
        ("hdb1", "this is the name of an IDE disk"),
        ("/dev/hda,hdc2", "this is the name of an IDE disk"),
        ("model:__", "empty"),
        ("seriall:S21NX0AG", r"seriall is no selector\. Expected: /dev/sda, .*serial:"),
        ("/dev/sda,scsi:0:0:0:0", "scsi is no selector"),
        ("serial=S21NX0AG", "serial is no selector"),
        ("UUID=1234", "UUID is no selector"),
    ],
)
def test_what_can_never_be_right(text: str, words: str) -> None:
    with pytest.raises(AnswerError, match=words):
        select_target(text, MACHINE, for_writing=True)


def test_a_write_protected_disk_can_be_sent() -> None:
    assert select_target("/dev/sdb", MACHINE, for_writing=False).path == "/dev/sdb"


def test_a_name_of_an_ide_disk_beside_another_one_is_only_absent() -> None:
    assert select_target("/dev/hda,/dev/sda", MACHINE, for_writing=True).path == "/dev/sda"
    with pytest.raises(DeviceMissing):
        select_target("/dev/hda,/dev/sdz", MACHINE, for_writing=True)
    ide = replace(SDA, path="/dev/hda")  # another kernel than ours may have them
    assert select_target("hda", Machine((ide,)), for_writing=True).disk is ide


def test_what_a_selector_looks_at_is_told_of_the_disks_that_are_there() -> None:
    with pytest.raises(DeviceMissing) as caught:
        select_target("hctl:9:0:0:0,wwn:5", MACHINE, for_writing=True)
    assert "sold" not in str(caught.value)
    assert "850, 500.1 GB, serial S21NX0AG, wwn:0x5002538d40f6e3c1, hctl:2:0:0:0; /dev/nvme0n1" in str(
        caught.value.hint
    )


def test_of_many_disks_those_that_match_are_told_first() -> None:
    many = tuple(Disk(f"/dev/sd{letter}", 10**12, model="Old") for letter in "abcdef")
    there = Machine((*many, *(Disk(f"/dev/sd{letter}", 10**12, model="New") for letter in "xy")))
    with pytest.raises(DeviceMissing, match=r"There is: /dev/sdx, New, 1.0 TB; /dev/sdy, New, .*; and 4 more"):
        select_target("model:new", there, for_writing=True)


@pytest.mark.parametrize("text", ["/dev/sdz", "model:Samsung", "serial:NOPE", "size:3T", "/dev/sda9"])
def test_what_may_still_appear_names_what_is_there(text: str) -> None:
    with pytest.raises(DeviceMissing, match="There is: /dev/sda") as caught:
        select_target(text, MACHINE, for_writing=True)
    assert text in str(caught.value.sentence)


@pytest.mark.parametrize("text", ["eth0", "52:54:00:AA:BB:01", "52-54-00-aa-bb-01"])
def test_a_card_by_name_or_mac(text: str) -> None:
    assert select_nic(text, MACHINE).name == "eth0"


def test_cards_that_are_missing_or_malformed() -> None:
    with pytest.raises(DeviceMissing, match="eth7"):
        select_nic("eth7", MACHINE)
    with pytest.raises(DeviceMissing, match="no network card"):
        select_nic("eth0", replace(MACHINE, nics=()))
    with pytest.raises(AnswerError, match="neither"):
        select_nic("eth0; reboot", MACHINE)


def test_a_path_is_taken_as_it_is_or_not_at_all() -> None:
    """What ``transfer`` takes: no selector, no short name, no list."""
    image = Disk("/srv/a,b.img", 512, 0)
    facts = Facts(Machine(disks=(image,)))
    assert read_path("/srv/a,b.img", facts).disk is image
    with pytest.raises(DeviceMissing, match=r"disk=a,b\.img is not on this PC"):
        read_path("a,b.img", facts)
