"""GPT partition tables and boot code in a raw image, written by sfdisk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .raw import SECTOR
from .tools import DiskError, run

# GPT partition types and the attribute that gptmbr.bin looks for, by sfdisk's names (UEFI specification 2.10, 5.3).
TYPE_ESP = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
TYPE_BIOS_BOOT = "21686148-6449-6E6F-744E-656564454649"
TYPE_LINUX = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
TYPE_SWAP = "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F"
TYPE_LINUX_ROOT_X86_64 = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"
TYPE_BASIC_DATA = "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"
LEGACY_BOOT = "LegacyBIOSBootable"

MBR_CODE = 440  # bytes of code before the disk signature and the protective partition table


@dataclass(frozen=True)
class Partition:
    """One GPT partition; `start` and `size` in bytes, `type` and `uuid` in capital letters."""

    number: int
    start: int
    size: int
    type: str
    uuid: str
    name: str
    attributes: str = ""


def write_table(path: Path, disk_id: str, partitions: Sequence[Partition]) -> None:
    """Write a GPT with exactly these partitions to the image."""
    lines = ["label: gpt", f"label-id: {disk_id}", "unit: sectors", ""]
    for part in partitions:
        fields = [
            f"start={part.start // SECTOR}",
            f"size={part.size // SECTOR}",
            f"type={part.type}",
            f"uuid={part.uuid}",
            f'name="{part.name}"',
        ]
        if part.attributes:
            fields.append(f'attrs="{part.attributes}"')
        lines.append(f"{part.number} : {', '.join(fields)}")
    run(["sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", path], stdin="\n".join(lines) + "\n")


def write_boot_code(path: Path, code: bytes) -> None:
    """Put `code` into the first 440 bytes of the disk, which the partition table leaves free."""
    if len(code) > MBR_CODE:
        raise DiskError(f"the boot code has {len(code)} bytes; {MBR_CODE} fit before the partition table.")
    with path.open("r+b") as file:
        file.write(code)
