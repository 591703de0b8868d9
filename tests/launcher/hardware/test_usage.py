"""What uses a disk, told from recorded /proc and /sys; and the same of real loop devices."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.hardware.usage import Usage, mounts, swaps, uses

MOUNTINFO = """\
21 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw,errors=remount-ro
22 21 8:17 / /media/my\\040stick ro,relatime - vfat /dev/sdb1 ro
23 21 0:40 / /data rw - btrfs /dev/sdc3 rw
24 21 253:0 / /crypt rw - ext4 /dev/mapper/x rw
25 21 8:33 / /bind ro - ext4 /dev/sdc1 rw
26 21 0:5 / /proc rw - proc proc rw
broken line
"""
SWAPS = (
    "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/dev/sdd1                               partition\t9\t0\t-2\n"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/mountinfo").write_text(MOUNTINFO)
    (tmp_path / "proc/swaps").write_text(SWAPS)
    devices = tmp_path / "sys/devices"
    links = tmp_path / "sys/dev/block"
    links.mkdir(parents=True)

    def device(number: str, place: str, partition: bool = True) -> Path:
        directory = devices / place
        (directory / "holders").mkdir(parents=True)
        (directory / "dev").write_text(number + "\n")
        if partition:
            (directory / "partition").write_text("1\n")
        (links / number).symlink_to(directory)
        return directory

    for minor, name in ((0, "sda"), (16, "sdb"), (32, "sdc"), (48, "sdd"), (64, "sde"), (80, "sdf")):
        device(f"8:{minor}", name, partition=False)
    for minor, place in ((2, "sda/sda2"), (17, "sdb/sdb1"), (33, "sdc/sdc1"), (35, "sdc/sdc3"), (49, "sdd/sdd1")):
        device(f"8:{minor}", place)
    held = device("8:65", "sde/sde1")
    (held / "holders/dm-0").symlink_to(device("253:0", "dm-0", partition=False))
    return tmp_path


def told(root: Path, number: str) -> list[tuple[str, bool]]:
    return [(str(use.words), use.writable) for use in Usage(root).of(number)]


def refusals(root: Path, number: str) -> list[str]:
    return [str(use.refusal) for use in Usage(root).of(number)]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("8:0", [("/dev/sda2 is mounted for writing on /", True)]),
        ("8:2", [("/dev/sda2 is mounted for writing on /", True)]),
        ("8:16", [("/dev/sdb1 is mounted read-only on /media/my stick", False)]),
        (
            "8:32",
            [
                ("/dev/sdc3 is mounted for writing on /data", True),
                ("/dev/sdc1 is mounted for writing on /bind", True),  # the mount is read-only, its file system not
            ],
        ),
        ("8:48", [("/dev/sdd1 is swap space", True)]),
        ("8:64", [("/dev/mapper/x is mounted for writing on /crypt", True)]),
        ("8:80", []),
        ("9:9", []),
    ],
)
def test_every_use_is_found(root: Path, number: str, expected: list[tuple[str, bool]]) -> None:
    assert told(root, number) == expected


def test_without_proc_nothing_is_known(tmp_path: Path) -> None:
    assert told(tmp_path, "8:0") == []


def test_the_same_uses_are_why_a_disk_is_not_offered(root: Path) -> None:
    numbers = ("8:0", "8:16", "8:48", "8:64", "8:80")
    assert [refusals(root, number) for number in numbers] == [
        ["it is in use: /dev/sda2 is mounted on /"],
        ["it is in use: /dev/sdb1 is mounted on /media/my stick"],
        ["it is in use: /dev/sdd1 is used as swap space"],
        ["it is in use: /dev/sde1 is part of dm-0"],
        [],
    ]


def test_what_holds_a_disk_up_is_a_use_that_may_write_even_where_nothing_is_mounted(root: Path) -> None:
    (root / "proc/self/mountinfo").write_text("")
    assert told(root, "8:64") == [("/dev/sde1 is part of dm-0", True)]
    assert refusals(root, "8:64") == ["it is in use: /dev/sde1 is part of dm-0"]


def test_two_parts_of_one_raid_are_one_use(root: Path) -> None:
    second = root / "sys/devices/sde/sde2"
    (second / "holders").mkdir(parents=True)
    (second / "dev").write_text("8:66\n")
    (second / "partition").write_text("2\n")
    (second / "holders/dm-0").symlink_to(root / "sys/devices/dm-0")
    assert told(root, "8:64") == [("/dev/mapper/x is mounted for writing on /crypt", True)]
    (root / "proc/self/mountinfo").write_text("")
    assert told(root, "8:64") == [("/dev/sde1 is part of dm-0", True)]


@pytest.mark.parametrize(
    ("source", "number"),
    [
        ("/dev/disk/by-label/room", "8:32"),
        ("/dev/mapper/x", "8:64"),
        ("/dev/cciss/c0d0", "104:0"),
        ("/dev/root", "8:2"),
    ],
)
def test_every_name_of_a_device_counts(root: Path, source: str, number: str) -> None:
    """Where the number is that of btrfs, or the name is no device."""
    (root / "dev/disk/by-label").mkdir(parents=True)
    (root / "dev/disk/by-label/room").symlink_to("../../sdc3")
    (root / "sys/devices/dm-0/dm").mkdir()
    (root / "sys/devices/dm-0/dm/name").write_text("x\n")
    (root / "sys/devices/cciss!c0d0").mkdir()
    (root / "sys/devices/cciss!c0d0/dev").write_text("104:0\n")
    (root / "sys/dev/block/104:0").symlink_to(root / "sys/devices/cciss!c0d0")
    mounted = "8:2" if source == "/dev/root" else "0:40"
    (root / "proc/self/mountinfo").write_text(f"23 21 {mounted} / /data rw - btrfs {source} rw\n")
    assert told(root, number) == [(f"{source} is mounted for writing on /data", True)]


MOUNTS = """\
1 0 0:2 / / rw - rootfs rootfs rw
24 1 8:17 / /mnt/EFI\\040system rw,relatime shared:1 - vfat /dev/sdb1 rw
25 1 0:31 /sub /data rw - btrfs /dev/vda rw
"""
SWAP = "Filename\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/dev/sdb3                               partition\t8\t0\t-2\n"


def test_devices_in_use() -> None:
    entries = [*mounts(MOUNTS), *swaps(SWAP)]
    reasons = {key: entry.place for entry in entries for key in (entry.number, entry.name) if key}
    assert {key: f"mounted on {place}" if place else "used as swap space" for key, place in reasons.items()} == {
        "0:2": "mounted on /",
        "rootfs": "mounted on /",
        "8:17": "mounted on /mnt/EFI system",
        "/dev/sdb1": "mounted on /mnt/EFI system",
        "0:31": "mounted on /data",
        "/dev/vda": "mounted on /data",
        "/dev/sdb3": "used as swap space",
    }


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Path]:
    """A block device of 16 MiB."""
    (tmp_path / "image").write_bytes(bytes(16 << 20))
    made = subprocess.run(
        ["losetup", "-f", "--show", str(tmp_path / "image")], check=False, capture_output=True, text=True
    )
    if made.returncode:
        pytest.skip(f"no loop device: {made.stderr.strip()}")
    yield Path(made.stdout.strip())
    subprocess.run(["losetup", "-d", made.stdout.strip()], check=True)


@pytest.mark.netns
def test_a_real_mount_is_found_under_every_name_of_its_device(loop: Path, tmp_path: Path) -> None:
    assert uses(str(loop)) == []
    subprocess.run(["mkfs.ext4", "-q", "-F", str(loop)], check=True)
    place = tmp_path / "place"
    place.mkdir()
    link = tmp_path / "link"
    link.symlink_to(loop)
    subprocess.run(["mount", "-o", "ro", str(loop), str(place)], check=True)
    try:
        assert [str(use.words) for use in uses(str(link))] == [f"{loop} is mounted read-only on {place}"]
    finally:
        subprocess.run(["umount", str(place)], check=True)
    assert uses(str(loop)) == []
