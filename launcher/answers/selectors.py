"""Which disk or card a text means. Pure: text and a `Machine` in, a `Target` or `Nic` out.

A text that fits nothing that is there raises `DeviceMissing`, which an unattended run answers by waiting (the
device may appear late); a text that can never be right raises `AnswerError`.
"""

from __future__ import annotations

import re

from kernel_cmdline import CommandLineError
from kernel_cmdline.network import parse_mac

from ..errors import AnswerError
from ..model.machine import Disk, Machine, Nic, Partition
from ..model.plan import Target
from ..model.wording import disk_line, nic_line

UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
SIZE_TOLERANCE = 0.03  # a "500 GB" disk has 500.1 × 10^9 bytes, a "240 GB" one 240.06


class DeviceMissing(AnswerError):
    """The device that was named is not there (yet)."""


def select_target(text: str, machine: Machine, *, for_writing: bool) -> Target:
    """The disk or partition that `text` (see the row ``disk``) selects.

    Raises AnswerError for a selector that is malformed or selects a device that may not be used, DeviceMissing
    when no selector matches exactly one device.
    """
    selectors = [part.strip() for part in text.split(",") if part.strip()]
    if not selectors:
        raise AnswerError("disk= is empty: a device such as /dev/sda was expected.")
    counts = []
    for selector in selectors:
        found = _matches(selector, machine)
        if len(found) == 1:
            return _usable(found[0], for_writing)
        counts.append(f"{selector} matches {'nothing' if not found else f'{len(found)} disks'}")
    there = "; ".join(str(disk_line(disk)) for disk in machine.eligible_disks) or "no usable disk"
    raise DeviceMissing(f"disk: {', '.join(counts)} on this PC.", f"There is: {there}.")


def _usable(target: Target, for_writing: bool) -> Target:
    if target.disk.refused:
        raise AnswerError(f"{target.path} cannot be used: {target.disk.refused}.", "Choose another disk.")
    if for_writing and target.disk.read_only:
        raise AnswerError(f"{target.path} is write-protected, so it cannot receive.", "Choose another disk.")
    return target


def _matches(selector: str, machine: Machine) -> list[Target]:
    kind, colon, wanted = selector.partition(":")
    if colon and kind.lower() in _BY_PROPERTY:
        test = _BY_PROPERTY[kind.lower()](wanted)
        return [whole(disk) for disk in machine.eligible_disks if test(disk)]
    path = selector if selector.startswith("/dev/") else f"/dev/{selector}"
    if not re.fullmatch(r"/dev/[\w./:@+=#\\-]+", path):
        raise AnswerError(
            f"disk={selector} is no device.",
            "Expected: /dev/sda, sda, /dev/sda2, serial:..., wwn:..., model:... or size:....",
        )
    return [target for disk in machine.disks for target in _targets(disk) if path in _names(target)]


def whole(disk: Disk) -> Target:
    """The whole of `disk` as a target."""
    return Target(disk.path, disk.size, disk)


def _targets(disk: Disk) -> list[Target]:
    return [whole(disk), *(Target(part.path, part.size, disk, part) for part in disk.partitions)]


def _names(target: Target) -> tuple[str, ...]:
    """All paths of a target; udev names a partition after its disk's link with ``-partN``."""
    links = target.disk.links
    if target.partition is None:
        return (target.path, *links)
    number = partition_number(target.disk, target.partition)
    return (target.path, *target.partition.links, *(f"{link}-part{number}" for link in links))


def partition_number(disk: Disk, partition: Partition) -> str:
    """``2`` of /dev/sda2, /dev/nvme0n1p2."""
    rest = partition.path.removeprefix(disk.path)
    return rest[1:] if rest.startswith("p") else rest


class _Serial:
    def __init__(self, wanted: str) -> None:
        self.wanted = wanted.strip().casefold().removeprefix("0x")
        if not self.wanted:
            raise AnswerError(
                "disk: a selector is empty.", "Expected serial:..., wwn:..., model:... or size:... with a value."
            )

    def __call__(self, disk: Disk) -> bool:
        return (disk.serial or "").casefold().removeprefix("0x") == self.wanted


class _Wwn(_Serial):
    def __call__(self, disk: Disk) -> bool:
        return (disk.wwn or "").casefold().removeprefix("0x") == self.wanted


class _Model(_Serial):
    def __call__(self, disk: Disk) -> bool:
        return self.wanted in (disk.model or "").casefold()


class _Size:
    def __init__(self, wanted: str) -> None:
        match = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{1,6})?)([kmgt]?)b?", wanted.strip().lower())
        if not match or not float(match[1]):
            raise AnswerError(f"size:{wanted} is no size.", "Expected a number with k, M, G or T, such as size:500G.")
        self.bytes = float(match[1]) * UNITS[match[2]]

    def __call__(self, disk: Disk) -> bool:
        return abs(disk.size - self.bytes) <= SIZE_TOLERANCE * self.bytes


_BY_PROPERTY: dict[str, type[_Serial] | type[_Size]] = {
    "serial": _Serial,
    "wwn": _Wwn,
    "model": _Model,
    "size": _Size,
}


def exchanged(target: Target, machine: Machine) -> str | None:
    """Why `target` is not the device it was when it was chosen, or None when it still is."""
    disk = next((disk for disk in machine.disks if disk.path == target.disk.path), None)
    if disk is None:
        return f"{target.disk.path} is gone."
    if disk.refused:
        return f"{target.disk.path} cannot be used any more: {disk.refused}."
    then = target.disk
    if (disk.serial, disk.wwn, disk.model, disk.size) != (then.serial, then.wwn, then.model, then.size):
        return f"{target.disk.path} is another disk than the one that was chosen: {disk_line(disk)}."
    if target.partition and (target.path, target.size) not in {(part.path, part.size) for part in disk.partitions}:
        return f"{target.path} is not the partition that was chosen any more."
    return None


def select_nic(text: str, machine: Machine) -> Nic:
    """The card with this name or MAC address (also as PXELINUX writes it, with the hardware type)."""
    for nic in machine.nics:
        if nic.name == text:
            return nic
    if text.strip().upper() == "BOOTIF":
        raise AnswerError("nic=BOOTIF, but BOOTIF= is not on the line.", "Add ipappend 2 or ipappend 3 to the section.")
    mac = _mac(text)
    if mac is None and not re.fullmatch(r"[A-Za-z][\w.\-]{0,14}", text):
        raise AnswerError(
            f"nic={text} is neither a card's name nor a MAC address.", "Expected eth0 or 52:54:00:12:34:56."
        )
    for nic in machine.nics:
        if mac and nic.mac.lower() == mac:
            return nic
    there = "; ".join(str(nic_line(nic)) for nic in machine.nics) or "no network card with a driver"
    raise DeviceMissing(f"The network card {mac or text} is not on this PC.", f"There is: {there}.")


def _mac(text: str) -> str | None:
    try:
        return parse_mac(text)
    except CommandLineError:
        return None
