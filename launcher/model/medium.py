"""The medium that this PC was booted from, told by its volume label: which disk it is, and that it is never meant.

A stick with a hybrid image has the label on the whole disk and on its first partition, a disc on itself. A label is in
udev's words, so a disk that udev has yet to look at may be the medium as long as no other one is.
"""

from __future__ import annotations

from dataclasses import replace

from .machine import BOOT_MEDIUM, MAYBE_BOOT_MEDIUM, Disk, Machine


def find_medium(machine: Machine, label: str) -> Disk | None:
    """What carries the label; a disc that is in its drive is a disk here, too."""
    return next((disk for disk in machine.disks if _carries(disk, label)), None)


def without_medium(machine: Machine, label: str | None) -> Machine:
    """`machine`, with every disk refused that has this label, or may have it."""
    if label is None:
        return machine
    known = find_medium(machine, label) is not None
    return replace(machine, disks=tuple(_refused(disk, label, known) for disk in machine.disks))


def _refused(disk: Disk, label: str, known: bool) -> Disk:
    if _carries(disk, label):
        return replace(disk, refused=BOOT_MEDIUM)
    if disk.refused is None and not disk.settled and not known:
        return replace(disk, refused=MAYBE_BOOT_MEDIUM)
    return disk


def _carries(disk: Disk, label: str) -> bool:
    return label in (disk.label, *(partition.label for partition in disk.partitions))
