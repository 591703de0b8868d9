"""Detection, on udev's properties as a Debian 12 recorded them in a virtual machine, and on made-up variants.

udev-devices.json: QEMU's AHCI disk and DVD, NVMe (4Kn), virtio, SCSI (read-only), USB stick, SD card, three cards.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.hardware import usage
from launcher.hardware.detect import (
    SETTLED,
    Facts,
    decoded,
    detect,
    disk_from_udev,
    in_use,
    natural,
    nic_from_udev,
    used_refused,
)
from launcher.hardware.usage import Usage, Use
from launcher.model.machine import Disk, Nic, Partition
from tests.common import ROOT

RECORDED: list[Facts] = [
    (device["properties"], device["attributes"])
    for device in json.loads(Path(__file__).with_name("udev-devices.json").read_text())
]
MIB = 1 << 20
NVME_WWN = "nvme.1b36-4e5630303031-51454d55204e564d65204374726c-00000001"


def recorded(name: str) -> Facts:
    return next(facts for facts in RECORDED if name in (facts[0].get("DEVNAME"), facts[0].get("INTERFACE")))


def partitions_of(name: str) -> list[Facts]:
    """In an order that must not matter."""
    parts = (facts for facts in RECORDED if facts[0].get("DEVTYPE") == "partition")
    return [facts for facts in parts if facts[0]["DEVNAME"].startswith(name)][::-1]


def disk(name: str, **changed: str) -> Disk:
    properties, attributes = recorded(name)
    return disk_from_udev(properties, {**attributes, **changed}, partitions_of(name))


def made_up(name: str, size: int = 2048, **properties: str) -> Disk:
    told = {"DEVNAME": f"/dev/{name}", "DEVPATH": f"/block/{name}", **properties}
    return disk_from_udev(told, {"size": str(size)})


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("/pci0000:00/0000:00:04.0/virtio1/host0/target0:0:0/0:0:0:0/block/sda", "0:0:0:0"),
        ("/pci0000:00/0000:00:05.0/usb2/2-1/2-1:1.0/host7/target7:0:0/7:0:0:1/block/sdc", "7:0:0:1"),
        (
            "/pci0000:00/0000:00:03.0/host12/port-12:0/target12:0:3/12:0:3:16384/block/sdab",
            "12:0:3:16384",
        ),
        ("/pci0000:00/0000:00:02.0/nvme/nvme0/nvme0n1", None),
        ("/pci0000:00/0000:00:06.0/mmc_host/mmc0/mmc0:4567/block/mmcblk0", None),
        ("/pci0000:00/0000:00:03.0/virtio0/block/vda", None),
    ],
)
def test_the_address_of_a_disk_that_is_driven_as_scsi(path: str, address: str | None) -> None:
    assert made_up("sdx", DEVPATH=f"/devices{path}").hctl == address


def test_sata_disk_with_partitions() -> None:
    found = disk("/dev/sdb")
    assert "/dev/disk/by-label/SYSTEM" in found.partitions[0].links
    bare = tuple(replace(partition, links=()) for partition in found.partitions)
    assert replace(found, partitions=bare) == Disk(
        path="/dev/sdb",
        size=600 * MIB,
        sector_size=512,
        model="Samsung SSD 850 EVO 500GB",
        serial="S21NX0AG123456",
        wwn="0x5002538d40a1b2c3",
        transport="sata",
        partition_table="gpt",
        hctl="1:0:0:0",
        links=(
            "/dev/disk/by-id/ata-Samsung_SSD_850_EVO_500GB_S21NX0AG123456",
            "/dev/disk/by-id/wwn-0x5002538d40a1b2c3",
            "/dev/disk/by-path/pci-0000:00:1f.2-ata-1",
            "/dev/disk/by-path/pci-0000:00:1f.2-ata-1.0",
        ),
        partitions=(
            Partition("/dev/sdb1", 100 * MIB, "vfat", "SYSTEM"),
            Partition("/dev/sdb2", 16 * MIB, None, "Microsoft reserved partition"),
            Partition("/dev/sdb3", 300 * MIB, "ntfs", "Windows 10"),
        ),
    )


@pytest.mark.parametrize(
    ("name", "model", "serial", "wwn", "transport", "sector_size"),
    [
        ("/dev/nvme0n1", "QEMU NVMe Ctrl", "NV0001", NVME_WWN, "nvme", 4096),
        ("/dev/vda", None, "VIRT0001", None, "virtio", 512),
        ("/dev/sda", "QEMU HARDDISK", "SCSI0001", "0x5000c500a1b2c3d4", "scsi", 512),
        ("/dev/sdc", "QEMU HARDDISK", "USB0001", None, "usb", 512),
        ("/dev/mmcblk0", "QEMU_", "0xdeadbeef", None, "mmc", 512),
    ],
)
def test_every_bus(
    name: str, model: str | None, serial: str, wwn: str | None, transport: str, sector_size: int
) -> None:
    found = disk(name)
    assert (found.model, found.serial, found.wwn) == (model, serial, wwn)
    assert (found.transport, found.sector_size, found.refused) == (transport, sector_size, None)


def test_a_memory_chip_of_the_pc_is_no_card() -> None:
    properties, attributes = recorded("/dev/mmcblk0")
    assert disk_from_udev(properties, {**attributes, "device/type": "MMC"}).transport == "emmc"
    assert disk_from_udev(properties, attributes).transport == "mmc"


def test_flags_and_a_file_system_on_the_whole_disk() -> None:
    assert disk("/dev/sda").read_only
    assert not disk("/dev/sda").removable
    assert disk("/dev/sdc").removable
    assert not disk("/dev/sdc").read_only
    assert (disk("/dev/vda").filesystem, disk("/dev/vda").label) == ("ext4", "école data")


def test_before_udev_has_looked_the_kernel_knows_model_and_size() -> None:
    properties, attributes = recorded("/dev/sdb")
    bare = {key: properties[key] for key in ("DEVNAME", "DEVPATH", "MAJOR", "MINOR")}
    found = disk_from_udev(bare, attributes)
    assert (found.model, found.transport, found.size) == ("Samsung SSD 850", "sata", 600 * MIB)
    assert found.refused is None
    assert made_up("sda").sector_size == 512


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (disk("/dev/sr0"), "CD drive"),
        (made_up("sdz", ID_CDROM="1"), "CD drive"),
        (made_up("loop0"), "loop"),
        (made_up("ram0"), "RAM disk"),
        (made_up("zram0"), "zram"),
        (made_up("fd0"), "floppy"),
        (made_up("mmcblk0boot0"), "special area"),
        (made_up("mmcblk1boot1"), "special area"),
        (made_up("mmcblk0rpmb"), "special area"),
        (made_up("nbd0"), "another machine"),
        (made_up("dm-0"), "device mapper"),
        (made_up("md127"), "RAID"),
        (made_up("md/school"), "RAID"),
        (made_up("sdz", size=0), "no medium"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_reason(found: Disk, reason: str) -> None:
    assert found.refused is not None
    assert reason in str(found.refused)


@pytest.mark.parametrize("name", ["sda", "sdaa", "vdb", "nvme0n1", "mmcblk0", "xvda", "hda", "pmem0"])
def test_disks_are_eligible(name: str) -> None:
    assert made_up(name).refused is None


@pytest.mark.parametrize(
    ("name", "used", "reason"),
    [
        ("/dev/sdb", {"8:17": "mounted on /mnt"}, "it is in use: /dev/sdb1 is mounted on /mnt"),
        ("/dev/sdb", {"/dev/sdb3": "used as swap space"}, "it is in use: /dev/sdb3 is used as swap space"),
        ("/dev/vda", {"/dev/vda": "mounted on /"}, "it is in use: /dev/vda is mounted on /"),
        ("/dev/vda", {"8:17": "mounted on /"}, None),
    ],
)
def test_a_disk_in_use_is_refused(tmp_path: Path, name: str, used: dict[str, str], reason: str | None) -> None:
    assert refusal(tmp_path, name, used) == reason


def test_a_disk_that_holds_others_up_is_refused(tmp_path: Path) -> None:
    reason = refusal(tmp_path, "/dev/vda", {}, holders=("dm-0", "dm-1"))
    assert reason == "it is in use: /dev/vda is part of dm-0"


def test_detection_asks_what_uses_each_disk_that_may_be_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Used:
        def of(self, number: str) -> list[Use]:
            asked.append(number)
            return [Use("/dev/sdb1", "dm-0")] if number == "8:16" else []

    monkeypatch.setattr(usage, "Usage", Used)
    found = [(recorded(name)[0], disk(name)) for name in ("/dev/sr0", "/dev/sdb", "/dev/vda")]
    used = {each.path: each.refused and str(each.refused) for each in used_refused(found)}
    assert used["/dev/sdb"] == "it is in use: /dev/sdb1 is part of dm-0"
    assert (used["/dev/vda"], used["/dev/sr0"]) == (None, "it is a CD drive")
    properties = recorded("/dev/vda")[0]
    assert asked == ["8:16", f"{properties['MAJOR']}:{properties['MINOR']}"]


def refusal(root: Path, name: str, used: dict[str, str], holders: tuple[str, ...] = ()) -> str | None:
    """Why the disk `name` is not offered, where /proc and /sys below `root` say that devices are `used` (by number or
    by path), and that `holders` are made of the disk."""
    whole = record(root, *recorded(name))
    for part in partitions_of(name):
        record(root, *part, below=whole)
    for number, holder in enumerate(holders):
        made = record(root, {"DEVNAME": f"/dev/{holder}", "MAJOR": "253", "MINOR": str(number)}, {})
        (whole / "holders" / holder).symlink_to(made)
    mounts = [
        f"24 1 {key} / {words.removeprefix('mounted on ')} rw - vfat none rw"
        if ":" in key
        else f"24 1 0:31 / {words.removeprefix('mounted on ')} rw - btrfs {key} rw"
        for key, words in used.items()
        if words.startswith("mounted on ")
    ]
    swaps = ["Filename Type", *(f"{key} partition" for key, words in used.items() if words == "used as swap space")]
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/mountinfo").write_text("\n".join(mounts))
    (root / "proc/swaps").write_text("\n".join(swaps))
    properties, attributes = recorded(name)
    uses = Usage(root).of(f"{properties['MAJOR']}:{properties['MINOR']}")
    refused = in_use(disk_from_udev(properties, attributes, partitions_of(name)), uses).refused
    return None if refused is None else str(refused)


def record(root: Path, properties: Mapping[str, str], attributes: Mapping[str, str], below: Path | None = None) -> Path:
    """The directory of a device in /sys, below `root`."""
    place = (below or root / "sys/devices") / properties["DEVNAME"].removeprefix("/dev/")
    number = f"{properties['MAJOR']}:{properties['MINOR']}"
    (place / "holders").mkdir(parents=True)
    (place / "dev").write_text(f"{number}\n")
    if "partition" in attributes:
        (place / "partition").write_text(attributes["partition"])
    links = root / "sys/dev/block"
    links.mkdir(parents=True, exist_ok=True)
    (links / number).symlink_to(place)
    return place


def test_firmware_cannot_reach_the_terminal() -> None:
    assert made_up("sda", ID_MODEL_ENC="Evil\\x1b[2J\\x07disk").model == "Evil [2J disk"


@pytest.mark.parametrize(
    ("text", "value"),
    [("a\\x20b", "a b"), ("\\xc3\\xa9cole", "école"), ("école", "école"), ("\\xff", "\ufffd")],
)
def test_decoded(text: str, value: str) -> None:
    assert decoded(text) == value


def test_natural_order() -> None:
    assert sorted(["sdaa", "sdb", "sda"], key=natural) == ["sda", "sdb", "sdaa"]
    assert sorted(["eth10", "eth2"], key=natural) == ["eth2", "eth10"]
    assert sorted(["nvme1n1", "nvme0n10", "nvme0n2"], key=natural) == ["nvme0n2", "nvme0n10", "nvme1n1"]


def card(
    properties: Mapping[str, str],
    attributes: Mapping[str, str],
    addresses: tuple[str, ...] = (),
    link: bool | None = None,
) -> Nic | None:
    name, mac = properties["INTERFACE"], attributes["address"]
    return nic_from_udev(
        properties, attributes, int(attributes["type"]), Nic(name, mac, link=link, addresses=addresses)
    )


def test_wired_cards() -> None:
    nic = card(*recorded("eth1"), ("10.77.0.2/24",))
    assert nic is not None
    assert (nic.name, nic.mac, nic.driver) == ("eth1", "52:54:00:aa:bb:01", "e1000")
    assert nic.addresses == ("10.77.0.2/24",)
    assert (nic.link, nic.speed) == (None, None)  # the interface was down when it was recorded
    usb = card(*recorded("usb0"))
    assert usb is not None
    assert usb.driver == "cdc_ether"


@pytest.mark.parametrize(("initstate", "ready"), [("coming", False), ("live", True), ("", True)])
def test_a_card_is_ready_when_its_driver_is_there_as_a_whole(initstate: str, ready: bool) -> None:
    properties, attributes = recorded("eth0")
    nic = card(properties, {**attributes, "initstate": initstate})
    assert nic is not None
    assert nic.ready is ready


@pytest.mark.parametrize(
    ("carrier", "speed", "link", "mbits"),
    [(True, "1000", True, 1000), (False, "-1", False, None), (True, "-1", True, None), (None, "", None, None)],
)
def test_link_and_speed(carrier: bool | None, speed: str, link: bool | None, mbits: int | None) -> None:
    properties, attributes = recorded("eth0")
    nic = card(properties, {**attributes, "speed": speed}, link=carrier)
    assert nic is not None
    assert (nic.link, nic.speed) == (link, mbits)


@pytest.mark.parametrize(
    ("properties", "attributes"),
    [
        ({"DEVPATH": "/devices/virtual/net/br0", "DEVTYPE": "bridge"}, {"type": "1"}),
        ({"DEVPATH": "/devices/virtual/net/veth0"}, {"type": "1"}),
        ({"DEVPATH": "/devices/virtual/net/lo"}, {"type": "772"}),
        ({"DEVPATH": "/devices/pci0/net/wlan0", "DEVTYPE": "wlan"}, {"type": "1"}),
        ({"DEVPATH": "/devices/pci0/net/eth1"}, {"type": "1", "wireless": "1"}),
        ({"DEVPATH": "/devices/pci0/net/ib0"}, {"type": "32"}),
    ],
)
def test_other_interfaces_are_no_cards(properties: dict[str, str], attributes: dict[str, str]) -> None:
    found = card({"INTERFACE": "x", **properties}, {"address": "52:54:00:aa:bb:01", **attributes})
    assert found is None


def test_this_machine_can_be_looked_at() -> None:
    machine = detect()
    assert {disk.path for disk in machine.disks} == {
        f"/dev/{entry.name.replace('!', '/')}" for entry in Path("/sys/block").iterdir()
    }
    assert all(nic.mac.count(":") == 5 for nic in machine.nics)


@pytest.mark.parametrize(
    ("looked_at", "udev", "settled"), [(True, True, True), (False, True, False), (False, False, True)]
)
def test_a_disk_is_settled_when_udev_has_looked_at_it(
    looked_at: bool, udev: bool, settled: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("launcher.hardware.detect.UDEV", tmp_path if udev else tmp_path / "none")
    properties, attributes = recorded("/dev/sda")
    kernels = {name: properties[name] for name in ("DEVNAME", "DEVPATH")}
    found = disk_from_udev({**properties, SETTLED: "7"} if looked_at else kernels, attributes)
    assert (found.settled, found.serial is None) == (settled, not looked_at)


WATCH = """
import select, subprocess, sys
from launcher.hardware.detect import DeviceWatch

def ip(*words):
    subprocess.run(["ip", "link", *words], check=True)

def woken():
    poll = select.poll()
    poll.register(watch, select.POLLIN)
    return bool(poll.poll(5000)) and watch.drain()

watch = DeviceWatch()
assert not watch.drain(), "woken by nothing"
ip("add", "seat", "type", "veth", "peer", "name", "switch")
assert woken(), "not woken by a new interface"
ip("set", "seat", "up")
assert woken(), "not woken by an interface that comes up"
while watch.drain():
    pass
ip("set", "switch", "up")
assert woken(), "not woken by a cable"
watch.close()
"""


@pytest.mark.netns
def test_the_watch_wakes_when_an_interface_or_a_cable_comes() -> None:
    """In a network namespace of its own, so that nothing else can have woken it."""
    command = ["unshare", "--user", "--map-root-user", "--net", sys.executable, "-c", WATCH]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
