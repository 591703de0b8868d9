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
from ..model.wording import disk_line, more, nic_line, size
from ..sentence import NOTHING, Sentence, joined, say, say_many

UNITS = ("", "k", "m", "g", "t", "p")
BY_PATH = "/dev/disk/by-path/"
SHOWN_DISKS = 4  # in the sentence about one that is not there, which must stay in sight
SIZE_TOLERANCE = 0.03  # a "500 GB" disk has 500.1 × 10^9 bytes, a "240 GB" one 240.06


class DeviceMissing(AnswerError):
    """The device that was named is not there (yet)."""


Test = Callable[[Disk], bool]


class Selector(NamedTuple):
    """A property by which disks are named. `test` makes a test of what is wanted, or raises AnswerError.

    `exact`: no two disks have it in common, so a disk that appears later does not change what is meant. `blanks`: its
    value may have some. `otherwise` is the test where no disk passes the first.
    """

    test: Callable[[str], Test]
    exact: bool
    blanks: bool = False
    otherwise: Callable[[str], Test] | None = None


def _wrong(sentence: Sentence, hint: Sentence = NOTHING) -> AnswerError:
    return AnswerError(ErrorKind.WRONG_VALUE, sentence, hint)


def _named(wanted: str) -> str:
    """What is wanted, to be compared; it may not be nothing. Quotes around it are none of it (model:"a b")."""
    name = wanted.strip(' "').casefold().removeprefix("0x")
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
    name = _model_name(_named(wanted))
    if not name:
        _named(name)
    return lambda disk: name in _model_name((disk.model or "").casefold())


def _model_name(text: str) -> str:
    """A model to be compared: udev writes its blanks as underscores, and how many there are is nobody's matter."""
    return " ".join(text.replace("_", " ").split())


class _Size(NamedTuple):
    """A size as it is written: a number with so many `digits` behind its point, of a unit of 1000 or 1024 to the power
    of `power`; `binary` where only 1024 is meant."""

    number: float
    digits: int
    power: int
    binary: bool


def _read_size(wanted: str) -> _Size:
    pattern = r"([0-9]{1,15})(?:\.([0-9]{1,6}))? ?([kmgtp]?)(i?)b?"
    match = re.fullmatch(pattern, wanted.strip(' "').lower())
    number = float(f"{match[1]}.{match[2] or 0}") if match else 0
    if not match or not number or (match[4] and not match[3]):
        hint = say("Expected a number with k, M, G or T, such as size:500G.")
        raise _wrong(say("size:{wanted} is no size.", wanted=wanted), hint)
    return _Size(number, len(match[2] or ""), UNITS.index(match[3]), bool(match[4]))


def _sold(size: _Size) -> Test:
    """About that size, as a disk is sold."""
    wanted = size.number * 1000**size.power
    return lambda disk: not size.binary and abs(disk.size - wanted) <= SIZE_TOLERANCE * wanted


def _printed(size: _Size) -> Test:
    """Just that size, as our screens print it (500.1 GB: units of 1000) or lsblk does (465.8G, 20G: units of 1024)."""
    half = 0.5 * 10 ** -max(size.digits, 1)
    sold, unit = _sold(size), 1024**size.power
    return lambda disk: (
        abs(disk.size / unit - size.number) <= half
        or (sold(disk) and abs(disk.size / 1000**size.power - size.number) <= half)
    )


def _size(wanted: str) -> Test:
    """A size with a fraction was copied from where it is printed; one without is what is on the disk's label."""
    size = _read_size(wanted)
    return _printed(size) if size.digits else _sold(size)


def _size_otherwise(wanted: str) -> Test:
    size = _read_size(wanted)
    return _sold(size) if size.digits else _printed(size)


SELECTORS = {
    "serial": Selector(_serial, exact=True, blanks=True),
    "wwn": Selector(_wwn, exact=True),
    "model": Selector(_model, exact=False, blanks=True),
    "size": Selector(_size, exact=False, otherwise=_size_otherwise),
}


def can_have_blanks(text: str) -> bool:
    """Whether one of the selectors in `text` may go on behind a blank."""
    parts = (part.partition(":") for part in _parts(text))
    return any(colon and kind in SELECTORS and SELECTORS[kind].blanks for kind, colon, _ in parts)


def _parts(text: str) -> list[str]:
    """The selectors in `text`, names of properties in lower case. lsblk may print a comma: size:465,8G."""
    text = re.sub(r"(size\s*:\s*[0-9]+),([0-9]{1,6} ?[kmgtp])", r"\1.\2", text, flags=re.IGNORECASE)
    parts = (part.strip() for part in text.split(",") if part.strip())
    return [re.sub(r"^(\w+)\s*:", lambda kind: f"{kind[1].lower()}:", part) for part in parts]


def exact(text: str) -> bool:
    """Whether `text` means the same disk whatever other disks there are."""
    parts = _parts(text)
    kind, colon, _ = parts[0].partition(":") if parts else ("", "", "")
    selector = SELECTORS.get(kind) if colon else None
    return len(parts) == 1 and (selector is None or selector.exact)


def select_target(text: str, machine: Machine, *, for_writing: bool) -> Target:
    """The disk or partition that `text` (see the row ``disk``) selects.

    Raises AnswerError for a selector that is malformed or selects a device that may not be used, DeviceMissing
    when no selector matches exactly one device.
    """
    selectors = _parts(text)
    if not selectors:
        raise _wrong(say("disk= is empty: a device such as /dev/sda was expected."))
    for selector in selectors:
        _check(selector)
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
    usable = machine.eligible_disks
    shown = map(disk_line, usable[:SHOWN_DISKS])
    there = joined("; ", *shown, more(len(usable) - SHOWN_DISKS)) or say("no usable disk")
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


def _check(selector: str) -> None:
    """Raises AnswerError for what can never mean a disk, whichever there are."""
    kind, colon, wanted = selector.partition(":")
    if colon and kind in SELECTORS:
        SELECTORS[kind].test(wanted)
        return
    *most, last = (f"{name}:..." for name in SELECTORS)
    hint = say("Expected: /dev/sda, sda, /dev/sda2, {most} or {last}.", most=tuple(most), last=last)
    unknown = re.match(r"(\w+)\s*[:=]", selector)
    if unknown:  # names below /dev have neither, before the first slash
        raise _wrong(say("disk={selector}: {kind} is no selector.", selector=selector, kind=unknown[1]), hint)
    if not re.fullmatch(r"/dev/[\w./:@+=#\\-]+", _path(selector)):
        raise _wrong(say("disk={selector} is no device.", selector=selector), hint)


def _path(selector: str) -> str:
    return selector if selector.startswith("/dev/") else f"/dev/{selector}"


def _matches(selector: str, machine: Machine) -> list[Target]:
    kind, colon, wanted = selector.partition(":")
    if colon and kind in SELECTORS:
        one = SELECTORS[kind]
        found = [disk for disk in machine.eligible_disks if one.test(wanted)(disk)]
        if not found and one.otherwise:
            found = [disk for disk in machine.eligible_disks if one.otherwise(wanted)(disk)]
        return [whole(disk) for disk in found]
    path = _path(selector)
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


def lasting_names(target: Target, machine: Machine) -> Sentence:
    """What means `target` at every boot: for all PCs like it (its place before what it is), and for this PC."""
    disk = target.disk
    part = f"-part{partition_number(disk, target.partition)}" if target.partition else ""
    links = [f"{link}{part}" for link in disk.links if link.startswith(BY_PATH)]
    serial = f"serial:{disk.serial}" if disk.serial and not part else ""
    like = (*links, *([] if part else _descriptions(disk, machine)))
    texts = (
        like and say("disk={text} for all PCs like it", text=like[0]),
        serial and say("disk={text} for this PC alone", text=f'"{serial}"' if " " in serial else serial),
    )
    return joined(", ", *texts) or say("its name below {directory}", directory=BY_PATH)


def _descriptions(disk: Disk, machine: Machine) -> list[str]:
    """Selectors that mean `disk` by what it is, and no other disk of `machine`."""
    model = "_".join((disk.model or "").split())
    texts = [f"model:{model}" if model else "", f"size:{str(size(disk.size)).replace(' ', '')}"]
    return [text for text in texts if text and "," not in text and len(_matches(text, machine)) == 1]


def identity(target: Target) -> str:
    """By what a disk or partition is known again: what `exchanged` looks at, in one text."""
    disk, part = target.disk, target.partition
    links = (*_links(disk, "by-path"), *(_links(part, "by-partuuid") if part else ()))
    facts = (target.path, target.size, disk.size, disk.model, disk.serial, disk.wwn, *sorted(links))
    return " ".join(str(fact) for fact in facts if fact)


def exchanged(target: Target, machine: Machine) -> Sentence | None:
    """Why `target` is not the device it was when it was chosen, or None when it still is.

    Serial numbers are not always unique (USB cases, cheap controllers): a disk that is plugged in elsewhere by now may
    be another one, and counts as another one.
    """
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
    if _links(disk, "by-path") != _links(then, "by-path"):
        return say(
            "{disk} is plugged in elsewhere than when it was chosen, so that it may be another disk: {now}.",
            disk=target.disk.path,
            now=disk_line(disk),
        )
    if target.partition and not any(_same_partition(target.partition, part) for part in disk.partitions):
        return say("{disk} is not the partition that was chosen any more.", disk=target.path)
    return None


def _same_partition(then: Partition, now: Partition) -> bool:
    """By its number, its size and, since a new table may have one like it, its identifier in the table."""
    return (now.path, now.size, _links(now, "by-partuuid")) == (then.path, then.size, _links(then, "by-partuuid"))


def _links(device: Disk | Partition, kind: str) -> set[str]:
    """The names of `device` in this folder of /dev/disk."""
    return {link for link in device.links if link.startswith(f"/dev/disk/{kind}/")}


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
