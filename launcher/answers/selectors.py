"""Which disk or card a text means. Pure: text and a `Machine` in, a `Target` or `Nic` out.

A text that fits nothing that is there raises `DeviceMissing`, which an unattended run answers by waiting (the
device may appear late); a text that can never be right raises `AnswerError`.

A disk is named by one of its paths, or by a property: `SELECTORS` holds these, one a row.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from kernel_cmdline import CommandLineError
from kernel_cmdline.network import parse_mac

from ..errors import AnswerError, ErrorKind
from ..model.machine import Disk, Machine, Nic, Partition
from ..model.plan import Target
from ..model.wording import disk_line, nic_line
from ..sentence import NOTHING, Sentence, joined, say, say_many

UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
SIZE_TOLERANCE = 0.03  # a "500 GB" disk has 500.1 × 10^9 bytes, a "240 GB" one 240.06


class DeviceMissing(AnswerError):
    """The device that was named is not there (yet)."""


Test = Callable[[Disk], bool]


class Selector(NamedTuple):
    """A property by which disks are named. `test` makes a test of what is wanted, or raises AnswerError.

    `exact`: no two disks have it in common, so a disk that appears later does not change what is meant.
    """

    test: Callable[[str], Test]
    exact: bool


def _wrong(sentence: Sentence, hint: Sentence = NOTHING) -> AnswerError:
    return AnswerError(ErrorKind.WRONG_VALUE, sentence, hint)


def _named(wanted: str) -> str:
    """What is wanted, to be compared; it may not be nothing."""
    name = wanted.strip().casefold().removeprefix("0x")
    if not name:
        *most, last = (f"{kind}:..." for kind in SELECTORS)
        hint = say("Expected {most} or {last} with a value.", most=tuple(most), last=last)
        raise _wrong(say("disk: a selector is empty."), hint)
    return name


def _serial(wanted: str) -> Test:
    name = _named(wanted)
    return lambda disk: (disk.serial or "").casefold().removeprefix("0x") == name


def _wwn(wanted: str) -> Test:
    name = _named(wanted)
    return lambda disk: (disk.wwn or "").casefold().removeprefix("0x") == name


def _model(wanted: str) -> Test:
    name = _named(wanted)
    return lambda disk: name in (disk.model or "").casefold()


def _size(wanted: str) -> Test:
    match = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{1,6})?)([kmgt]?)b?", wanted.strip().lower())
    if not match or not float(match[1]):
        hint = say("Expected a number with k, M, G or T, such as size:500G.")
        raise _wrong(say("size:{wanted} is no size.", wanted=wanted), hint)
    size = float(match[1]) * UNITS[match[2]]
    return lambda disk: abs(disk.size - size) <= SIZE_TOLERANCE * size


SELECTORS = {
    "serial": Selector(_serial, exact=True),
    "wwn": Selector(_wwn, exact=True),
    "model": Selector(_model, exact=False),
    "size": Selector(_size, exact=False),
}


def exact(text: str) -> bool:
    """Whether `text` means the same disk whatever other disks there are."""
    kind, colon, _ = text.strip().partition(":")
    selector = SELECTORS.get(kind.lower()) if colon else None
    return "," not in text and (selector is None or selector.exact)


def select_target(text: str, machine: Machine, *, for_writing: bool) -> Target:
    """The disk or partition that `text` (see the row ``disk``) selects.

    Raises AnswerError for a selector that is malformed or selects a device that may not be used, DeviceMissing
    when no selector matches exactly one device.
    """
    selectors = [part.strip() for part in text.split(",") if part.strip()]
    if not selectors:
        raise _wrong(say("disk= is empty: a device such as /dev/sda was expected."))
    counts = []
    for selector in selectors:
        found = _matches(selector, machine)
        if len(found) == 1:
            return _usable(found[0], for_writing)
        counts.append(
            say_many(
                "{selector} matches {count} disk", "{selector} matches {count} disks", len(found), selector=selector
            )
            if found
            else say("{selector} matches nothing", selector=selector)
        )
    there = joined("; ", *map(disk_line, machine.eligible_disks)) or say("no usable disk")
    raise DeviceMissing(
        ErrorKind.DEVICE_MISSING,
        say("disk: {counts} on this PC.", counts=tuple(counts)),
        say("There is: {there}.", there=there),
    )


def _usable(target: Target, for_writing: bool) -> Target:
    if target.disk.refused:
        raise AnswerError(
            ErrorKind.DEVICE_REFUSED,
            say("{disk} cannot be used: {why}.", disk=target.path, why=target.disk.refused),
            say("Choose another disk."),
        )
    if for_writing and target.disk.read_only:
        raise AnswerError(
            ErrorKind.DEVICE_REFUSED,
            say("{disk} is write-protected, so it cannot receive.", disk=target.path),
            say("Choose another disk."),
        )
    return target


def _matches(selector: str, machine: Machine) -> list[Target]:
    kind, colon, wanted = selector.partition(":")
    if colon and kind.lower() in SELECTORS:
        test = SELECTORS[kind.lower()].test(wanted)
        return [whole(disk) for disk in machine.eligible_disks if test(disk)]
    path = selector if selector.startswith("/dev/") else f"/dev/{selector}"
    if not re.fullmatch(r"/dev/[\w./:@+=#\\-]+", path):
        *most, last = (f"{name}:..." for name in SELECTORS)
        hint = say("Expected: /dev/sda, sda, /dev/sda2, {most} or {last}.", most=tuple(most), last=last)
        raise _wrong(say("disk={selector} is no device.", selector=selector), hint)
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


def exchanged(target: Target, machine: Machine) -> Sentence | None:
    """Why `target` is not the device it was when it was chosen, or None when it still is."""
    disk = next((disk for disk in machine.disks if disk.path == target.disk.path), None)
    if disk is None:
        return say("{disk} is gone.", disk=target.disk.path)
    if disk.refused:
        return say("{disk} cannot be used any more: {why}.", disk=target.disk.path, why=disk.refused)
    then = target.disk
    if (disk.serial, disk.wwn, disk.model, disk.size) != (then.serial, then.wwn, then.model, then.size):
        return say(
            "{disk} is another disk than the one that was chosen: {now}.", disk=target.disk.path, now=disk_line(disk)
        )
    if target.partition and (target.path, target.size) not in {(part.path, part.size) for part in disk.partitions}:
        return say("{disk} is not the partition that was chosen any more.", disk=target.path)
    return None


def select_nic(text: str, machine: Machine) -> Nic:
    """The card with this name or MAC address (also as PXELINUX writes it, with the hardware type)."""
    for nic in machine.nics:
        if nic.name == text:
            return nic
    if text.strip().upper() == "BOOTIF":
        raise _wrong(
            say("nic=BOOTIF, but BOOTIF= is not on the line."), say("Add ipappend 2 or ipappend 3 to the section.")
        )
    mac = _mac(text)
    if mac is None and not re.fullmatch(r"[A-Za-z][\w.\-]{0,14}", text):
        raise _wrong(
            say("nic={text} is neither a card's name nor a MAC address.", text=text),
            say("Expected eth0 or 52:54:00:12:34:56."),
        )
    if same := [nic for nic in machine.nics if mac and nic.mac.lower() == mac]:
        return _linked(same)
    there = joined("; ", *map(nic_line, machine.nics)) or say("no network card with a driver")
    raise DeviceMissing(
        ErrorKind.DEVICE_MISSING,
        say("The network card {nic} is not on this PC.", nic=mac or text),
        say("There is: {there}.", there=there),
    )


def _linked(same: list[Nic]) -> Nic:
    """The card that is meant by the MAC address that all of `same` have (a dock may have that of the PC's own card)."""
    linked = [nic for nic in same if nic.link]
    if len(same) == 1 or len(linked) == 1:
        return (linked or same)[0]
    names = tuple(nic.name for nic in same)
    if not linked:
        sentence = say("{cards} have the same MAC address {mac}, and no link.", cards=names, mac=same[0].mac)
        raise DeviceMissing(ErrorKind.NO_LINK, sentence, say("Plug in the cable, or name the card with nic=."))
    sentence = say("{cards} have the same MAC address {mac}, and a link.", cards=names, mac=same[0].mac)
    raise _wrong(sentence, say("Name the card with nic=."))


def _mac(text: str) -> str | None:
    try:
        return parse_mac(text)
    except CommandLineError:
        return None
