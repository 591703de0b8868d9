"""Partition tables for the tests: texts as ``sfdisk --dump`` prints them, and files that have them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.disks import MIB, environment, run

DISK_ID = "AAAAAAAA-0000-4000-8000-000000000001"
LINUX = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
SWAP = "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F"
ESP = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
BASIC = "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"
RECOVERY = "DE94BBA4-06D1-4D40-A16A-BFD50179D6AC"
BIOS_BOOT = "21686148-6449-6E6F-744E-656564454649"


def guid(number: int) -> str:
    """A partition's own."""
    return f"BBBBBBBB-0000-4000-8000-{number:012}"


def gpt(*rows: tuple[int, int, str], sector: int = 512, more: str = "", first: int = 34) -> str:
    """A GPT of partitions: start and size in MiB, type; numbered from 1 on. `more` stands behind each."""
    header = f"label: gpt\nlabel-id: {DISK_ID}\ndevice: /dev/sda\nunit: sectors\nfirst-lba: {first}\n"
    header += f"last-lba: 123456\nsector-size: {sector}\n\n"
    unit = MIB // sector
    return header + "".join(
        f"/dev/sda{number} : start={start * unit:12}, size={size * unit:12}, type={kind}, uuid={guid(number)}{more}\n"
        for number, (start, size, kind) in enumerate(rows, 1)
    )


def dos(*rows: tuple[int, int, int, str], sector: int = 512) -> str:
    """A DOS table of partitions: number, start and size in MiB, type and what stands behind it."""
    header = f"label: dos\nlabel-id: 0x1234abcd\ndevice: /dev/sda\nunit: sectors\nsector-size: {sector}\n\n"
    unit = MIB // sector
    return header + "".join(
        f"/dev/sda{number} : start={start * unit:12}, size={size * unit:12}, type={kind}\n"
        for number, start, size, kind in rows
    )


def disk(path: Path, size: int, table: str) -> Path:
    """A file of `size` bytes with `table`, and with something like boot code in its first sector."""
    path.write_bytes(bytes(number % 255 + 1 for number in range(440)))
    os.truncate(path, size)
    lines = [line for line in table.splitlines() if not line.startswith(("last-lba", "device"))]
    write(path, "\n".join(lines) + "\n")
    return path


def write(path: Path, script: str) -> None:
    """Let sfdisk write a table on its own."""
    run("sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", path, text=script)


def dump(path: Path) -> str:
    """What sfdisk reads there."""
    return run("sfdisk", "--dump", path)


def verified(path: Path) -> bool:
    """Whether sfdisk finds nothing wrong: headers, checksums, the backup."""
    done = subprocess.run(
        ["sfdisk", "--verify", str(path)], text=True, check=False, env=environment(), capture_output=True
    )
    return done.returncode == 0 and "No errors detected" in done.stdout and not done.stderr
