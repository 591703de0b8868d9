"""Which disk or card a text means. Pure: text and a `Machine` in, a `Target` or `Nic` out.

A text that fits nothing that is there raises `DeviceMissing`, which an unattended run answers by waiting (the
device may appear late); a text that can never be right raises `AnswerError`.

A disk is named by one of its paths, or by a property (`properties.SELECTORS`).
"""

from __future__ import annotations

import re

from kernel_cmdline import CommandLineError
from kernel_cmdline.network import parse_bootif

from ..errors import AnswerError, ErrorKind
from ..model.machine import Disk, Machine, Nic, Partition
from ..model.plan import Target
from ..model.wording import disk_line, more, nic_line, size
from ..sentence import NOTHING, Sentence, joined, say, say_many
from .properties import SELECTORS, Selector, without_decimal_commas, wrong

BY_PATH = "/dev/disk/by-path/"
SHOWN_DISKS = 4  # in the sentence about one that is not there, which must stay in sight
IDE = r"(?:/dev/)?hd[a-t][0-9]{0,2}"
"""The names that disks had with the kernel's IDE drivers, which are no more (Linux 5.14); old lines have them."""


class DeviceMissing(AnswerError):
    """The device that was named is not there (yet)."""


def can_have_blanks(text: str) -> bool:
    """Whether one of the selectors in `text` may go on behind a blank."""
    return any(one.blanks for part in _parts(text) if (one := _property(part)))


def _parts(text: str) -> list[str]:
    """The selectors in `text`, names of properties in lower case."""
    parts = (part.strip() for part in without_decimal_commas(text).split(",") if part.strip())
    return [re.sub(r"^(\w+)\s*:", lambda kind: f"{kind[1].lower()}:", part) for part in parts]


def exact(text: str) -> bool:
    """Whether `text` means the same disk whatever other disks there are."""
    parts = _parts(text)
    selector = _property(parts[0]) if parts else None
    return len(parts) == 1 and (selector is None or selector.exact)


def worldwide(text: str) -> bool:
    """Whether `text` can mean the disk of one PC only."""
    parts = _parts(text)
    selector = _property(parts[0]) if len(parts) == 1 else None
    return selector is not None and selector.worldwide


def _property(selector: str) -> Selector | None:
    kind, colon, _ = selector.partition(":")
    return SELECTORS.get(kind) if colon else None


def select_target(text: str, machine: Machine, *, for_writing: bool) -> Target:
    """The disk or partition that `text` (see the row ``disk``) selects.

    Raises AnswerError for a selector that is malformed or selects a device that may not be used, DeviceMissing
    when no selector matches exactly one device.
    """
    selectors = _parts(text)
    if not selectors:
        raise wrong(say("disk= is empty: a device such as /dev/sda was expected."))
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
    there = say("There is: {there}.", there=_there(selectors, machine))
    if all(re.fullmatch(IDE, selector) for selector in selectors):
        raise wrong(
            say(
                "disk={text}: this is the name of an IDE disk in old systems. Linux has not used it for years; such a "
                "disk is /dev/sda, /dev/sdb or so now.",
                text=text,
            ),
            there if machine.eligible_disks else NOTHING,
        )
    raise DeviceMissing(ErrorKind.DEVICE_MISSING, say("disk: {counts} on this PC.", counts=tuple(counts)), there)


def _there(selectors: list[str], machine: Machine) -> Sentence:
    """The disks that are there, those that match a selector first, each with what the selectors look at."""
    matching = {target.disk.path for selector in selectors for target in _matches(selector, machine)}
    usable = sorted(machine.eligible_disks, key=lambda disk: disk.path not in matching)
    looked_at = {kind: selector.told for kind, selector in SELECTORS.items() if selector.told}
    told = [(kind, tell) for kind, tell in looked_at.items() if any(one.startswith(f"{kind}:") for one in selectors)]
    lines = (
        joined(", ", disk_line(disk), *(f"{kind}:{text}" for kind, tell in told if (text := tell(disk))))
        for disk in usable[:SHOWN_DISKS]
    )
    return joined("; ", *lines, more(len(usable) - SHOWN_DISKS)) or say("no usable disk")


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
    one = _property(selector)
    if one:
        one.test(selector.partition(":")[2])
        return
    *most, last = (f"{name}:..." for name in SELECTORS)
    hint = say("Expected: /dev/sda, sda, /dev/sda2, {most} or {last}.", most=tuple(most), last=last)
    unknown = re.match(r"(\w+)\s*[:=]", selector)
    if unknown:  # names below /dev have neither, before the first slash
        raise wrong(say("disk={selector}: {kind} is no selector.", selector=selector, kind=unknown[1]), hint)
    path = _path(selector)
    if not re.fullmatch(r"/dev/[\w./:@+=#\\-]+", path) or ".." in path.split("/"):
        raise wrong(say("disk={selector} is no device.", selector=selector), hint)


def _path(selector: str) -> str:
    return selector if selector.startswith("/dev/") else f"/dev/{selector}"


def _matches(selector: str, machine: Machine) -> list[Target]:
    one, wanted = _property(selector), selector.partition(":")[2]
    if one:
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
        raise wrong(
            say("nic=BOOTIF, but BOOTIF= is not on the line."), say("Add ipappend 2 or ipappend 3 to the section.")
        )
    mac = _mac(text)
    if mac is None and not re.fullmatch(r"[A-Za-z][\w.\-]{0,14}", text):
        raise wrong(
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
    raise wrong(sentence, say("Name the card with nic=."))


def _mac(text: str) -> str | None:
    try:
        return parse_bootif(text)
    except CommandLineError:
        return None
