"""What uses a disk, told from recorded /proc and /sys."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.hardware.usage import Use, uses_of

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


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("8:0", [Use("/dev/sda2 is mounted for writing on /", True)]),
        ("8:2", [Use("/dev/sda2 is mounted for writing on /", True)]),
        ("8:16", [Use("/dev/sdb1 is mounted read-only on /media/my stick", False)]),
        (
            "8:32",
            [
                Use("/dev/sdc3 is mounted for writing on /data", True),
                Use("/dev/sdc1 is mounted for writing on /bind", True),  # the mount is read-only, its file system not
            ],
        ),
        ("8:48", [Use("/dev/sdd1 is swap space", True)]),
        ("8:64", [Use("/dev/mapper/x is mounted for writing on /crypt", True)]),
        ("8:80", []),
        ("9:9", []),
    ],
)
def test_every_use_is_found(root: Path, number: str, expected: list[Use]) -> None:
    assert uses_of(number, root) == expected


def test_without_proc_nothing_is_known(tmp_path: Path) -> None:
    assert uses_of("8:0", tmp_path) == []
