"""The running system's disks and cards as a `Machine`, and a wake-up when they change. Changes nothing itself.

The only importer of pyudev. Facts are fetched by `detect`; what they mean is decided by the pure `disk_from_udev` and
`nic_from_udev`: udev's properties and files of /sys (Documentation/ABI/ in Linux), on top of what `usage` and
`interfaces` say. udev may not have finished: what it has not yet said is None, and a later look knows more
(`Disk.settled`).
"""

from __future__ import annotations

import contextlib
import re
import select
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..model.machine import CD_DRIVE, FLOPPY_DRIVE, NEVER_MEANT, NO_MEDIUM, Disk, Machine, Nic, Partition
from ..sentence import Sentence
from .interfaces import ADDRESSES, ETHERNET, LINKS, interfaces, reports, take

if TYPE_CHECKING:
    from .usage import Use

UDEV = Path("/run/udev/control")
"""The socket of a running udev."""

SETTLED = "USEC_INITIALIZED"
"""The property that a device has when udev has looked at it (libudev's udev_device_get_is_initialized)."""

OURS = "/stage2.squashfs"
"""The file of the loop device that the initrd itself is read from, which is nobody's disk (initrd/stages.py)."""

SECTOR = 512
"""Bytes; the unit of /sys/block/*/size, whatever the disk's own sector size is."""

Facts = tuple[Mapping[str, str], Mapping[str, str]]
"""A device: its udev properties, and its files below /sys by relative name."""

_BLOCK_FILES = (
    "size",
    "ro",
    "removable",
    "partition",
    "serial",
    "wwid",
    "device/model",
    "device/serial",
    "device/type",
    "queue/logical_block_size",
)

_TRANSPORTS = (
    # The path in /sys tells the cable; ID_BUS would call a disk in a USB case "ata" (udev's 60-persistent-storage).
    (r"/usb\d+/", "usb"),
    (r"/ata\d+/", "sata"),
    (r"/nvme\d*/", "nvme"),
    (r"/mmc_host/", "mmc"),
    (r"/host\d+/", "scsi"),
    (r"/virtio\d+/block/", "virtio"),
)
_NOT_WIRED = {"wlan", "wwan", "bridge", "bond", "vlan", "bluetooth", "wimax"}


def detect() -> Machine:
    """What the kernel and udev know now."""
    import pyudev  # noqa: PLC0415  # costs 0.1 s in the initrd: the first screen need not wait for it

    context = pyudev.Context()
    disks: dict[str, Facts] = {}
    partitions: dict[str, list[Facts]] = {}
    for device in context.list_devices(subsystem="block"):
        if (_read(f"{device.sys_path}/loop/backing_file") or "").strip() == OURS:
            continue
        facts = _properties(device), _files(device.sys_path, _BLOCK_FILES)
        if device.device_type == "partition":
            partitions.setdefault(str(Path(device.sys_path).parent), []).append(facts)
        elif device.device_node and "DEVPATH" in facts[0]:
            disks[device.sys_path] = facts
    found = [(facts[0], disk_from_udev(*facts, partitions.get(path, ()))) for path, facts in disks.items()]
    return Machine(tuple(sorted(used_refused(found), key=lambda disk: natural(disk.path))), _nics(context))


def used_refused(found: Iterable[tuple[Mapping[str, str], Disk]]) -> Iterator[Disk]:
    """The disks, each behind its udev properties, with those refused that are in use."""
    usage = None
    for properties, disk in found:
        if disk.refused is None:
            from .usage import Usage  # noqa: PLC0415 - the first screen does not wait for disks, nor for what this needs

            usage = usage or Usage()
            yield in_use(disk, usage.of(f"{properties.get('MAJOR')}:{properties.get('MINOR')}"))
        else:
            yield disk


def in_use(disk: Disk, uses: Sequence[Use]) -> Disk:
    """`disk`, refused where it has uses."""
    return replace(disk, refused=uses[0].refusal) if uses else disk


def disk_from_udev(
    properties: Mapping[str, str],
    attributes: Mapping[str, str],
    partitions: Iterable[Facts] = (),
) -> Disk:
    """A whole disk from its udev properties and its files below /sys.

    `attributes` has the files of /sys/block/NAME by relative name. `partitions` are its partitions in any order.
    """
    parts = sorted(partitions, key=lambda part: _number(part[1].get("partition")))
    path = properties["DEVNAME"]
    return Disk(
        path=path,
        size=_number(attributes.get("size")) * SECTOR,
        sector_size=_number(attributes.get("queue/logical_block_size")) or SECTOR,
        model=_first(
            decoded(properties.get("ID_MODEL_ENC")), attributes.get("device/model"), properties.get("ID_NAME")
        ),
        serial=_serial(properties, attributes),
        wwn=properties.get("ID_WWN_WITH_EXTENSION") or properties.get("ID_WWN") or attributes.get("wwid"),
        transport=_transport(properties["DEVPATH"], attributes.get("device/type")),
        hctl=_hctl(properties["DEVPATH"]),
        removable=attributes.get("removable") == "1",
        read_only=attributes.get("ro") == "1",
        partition_table=properties.get("ID_PART_TABLE_TYPE"),
        filesystem=properties.get("ID_FS_TYPE"),
        label=_label(properties),
        links=_links(properties),
        partitions=tuple(_partition(*part) for part in parts),
        refused=_refusal(properties, attributes),
        settled=SETTLED in properties or not UDEV.exists(),  # where no udev runs, nobody will ever look
    )


def nic_from_udev(properties: Mapping[str, str], attributes: Mapping[str, str], kind: int, nic: Nic) -> Nic | None:
    """A wired card, or None for anything else that the kernel calls a network interface.

    `kind` and `nic` are those of `interfaces`, to which is added what udev knows.
    `attributes` has of /sys/class/net/NAME its ``speed``, its ``driver``, the ``initstate`` of that one's module (which
    is ``coming`` while it looks for its cards), and ``wireless`` when it is a radio card.
    Whether there is a link is known once the card is up (`network.card.raise_links`).
    """
    virtual = properties["DEVPATH"].startswith("/devices/virtual/")
    if kind != ETHERNET or virtual or properties.get("DEVTYPE") in _NOT_WIRED or "wireless" in attributes:
        return None
    speed = _number(attributes.get("speed"))  # -1 when unknown
    return replace(
        nic,
        driver=attributes.get("driver") or properties.get("ID_NET_DRIVER"),
        model=properties.get("ID_MODEL_FROM_DATABASE"),
        speed=speed if speed > 0 else None,
        ready=attributes.get("initstate") != "coming",
    )


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sorting key that puts eth2 before eth10, and sdz before sdaa."""
    pieces = re.findall(r"\d+|\D+", name)
    return tuple((int(piece), 0, "") if piece.isdigit() else (-1, len(piece), piece) for piece in pieces)


def decoded(text: str | None) -> str | None:
    r"""A value of udev's ``..._ENC`` properties: ``\x20`` is a byte (udev's encode_devnode_name)."""
    if text is None:
        return None
    raw = re.sub(rb"\\x([0-9a-fA-F]{2})", lambda match: bytes([int(match[1], 16)]), text.encode())
    return raw.decode(errors="replace")


NEXT, TOGETHER = 0.02, 0.2
"""Reports that follow each other within so many seconds belong together, for so many seconds in all."""


class DeviceWatch:
    """Becomes readable when a disk, card, cable or address comes or goes; what changed is found by `detect` again.

    udev tells of devices, the kernel's routing socket (rtnetlink(7)) of cables, for which there is no uevent.
    Many reports come at once during coldplug: the caller looks at the machine once per `drain`.
    """

    def __init__(self) -> None:
        import pyudev  # noqa: PLC0415

        self._monitor = pyudev.Monitor.from_netlink(pyudev.Context())
        self._monitor.filter_by("block")
        self._monitor.filter_by("net")
        self._monitor.start()
        self._routes = reports(LINKS | ADDRESSES)
        self._poll = select.epoll()
        self._poll.register(self._monitor.fileno(), select.EPOLLIN)
        self._poll.register(self._routes.fileno(), select.EPOLLIN)

    def fileno(self) -> int:
        """To be polled for reading."""
        return self._poll.fileno()

    def drain(self) -> bool:
        """Take all reports that are there; True if there was any (or one was lost). One seldom comes alone, and a look
        at the machine costs more than the next one takes to come."""
        changed, end = False, time.monotonic() + TOGETHER
        while self._taken():
            changed = True
            if (left := min(NEXT, end - time.monotonic())) <= 0 or not self._poll.poll(left):
                break
        return changed

    def _taken(self) -> bool:
        changed = False
        try:
            while self._monitor.poll(timeout=0) is not None:
                changed = True
        except OSError:  # ENOBUFS: more came than the socket holds
            changed = True
        return take(self._routes) or changed

    def close(self) -> None:
        """Give the sockets back."""
        self._poll.close()
        self._routes.close()


def _refusal(properties: Mapping[str, str], attributes: Mapping[str, str]) -> Sentence | None:
    """Why this disk cannot be meant, whatever uses it, or None."""
    name = properties["DEVNAME"].removeprefix("/dev/")
    for pattern, reason in NEVER_MEANT:
        if re.fullmatch(pattern, name):
            return reason
    if properties.get("ID_CDROM") == "1" or properties.get("ID_TYPE") == "cd":
        return CD_DRIVE
    if properties.get("ID_DRIVE_FLOPPY") == "1":
        return FLOPPY_DRIVE
    if not _number(attributes.get("size")):
        return NO_MEDIUM
    return None


def _partition(properties: Mapping[str, str], attributes: Mapping[str, str]) -> Partition:
    return Partition(
        path=properties["DEVNAME"],
        size=_number(attributes.get("size")) * SECTOR,
        filesystem=properties.get("ID_FS_TYPE"),
        label=_label(properties) or _clean(decoded(properties.get("ID_PART_ENTRY_NAME"))),
        links=_links(properties),
    )


def _label(properties: Mapping[str, str]) -> str | None:
    return _clean(decoded(properties.get("ID_FS_LABEL_ENC")) or properties.get("ID_FS_LABEL"))


def _serial(properties: Mapping[str, str], attributes: Mapping[str, str]) -> str | None:
    """For SCSI, ID_SERIAL_SHORT is the WWN (udev's scsi_id), so ID_SCSI_SERIAL comes first."""
    told = properties.get("ID_SCSI_SERIAL"), properties.get("ID_SERIAL_SHORT")
    return _first(*told, attributes.get("serial"), attributes.get("device/serial"))


def _links(properties: Mapping[str, str]) -> tuple[str, ...]:
    """All names below /dev/disk that a later boot finds again: by-diskseq only counts attachments."""
    links = properties.get("DEVLINKS", "").split()
    return tuple(sorted(link for link in links if link.startswith("/dev/disk/by-") and "/by-diskseq/" not in link))


def _transport(devpath: str, kind: str | None) -> str | None:
    """`kind` tells the memory chip of a PC from a card (type_show in the kernel's drivers/mmc/core/bus.c)."""
    name = next((name for pattern, name in _TRANSPORTS if re.search(pattern, devpath)), None)
    return "emmc" if name == "mmc" and kind == "MMC" else name


def _hctl(devpath: str) -> str | None:
    """The name of the SCSI device in the path below /sys."""
    found = re.search(r"/(\d+:\d+:\d+:\d+)/block/", devpath)
    return found[1] if found else None


def _clean(text: str | None) -> str | None:
    """Without the blanks that firmware pads with, and without what a terminal would obey; None when nothing is left."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text or "")
    return " ".join(printable.split()) or None


def _first(*texts: str | None) -> str | None:
    """The first text that says something, cleaned."""
    return next(filter(None, map(_clean, texts)), None)


def _number(text: str | None) -> int:
    """A number of a file below /sys; 0 where there is none."""
    return int(text) if text and re.fullmatch(r"-?\d+", text) else 0


def _properties(device: Any) -> dict[str, str]:
    return {str(key): str(value) for key, value in device.properties.items()}


def _nics(context: Any) -> tuple[Nic, ...]:
    known = {nic.name: (kind, nic) for kind, nic in interfaces()}
    found = []
    for device in context.list_devices(subsystem="net"):
        properties = _properties(device)
        told = known.get(properties.get("INTERFACE", ""))
        if told is None:
            continue  # it went away while we looked, or belongs to another network namespace
        attributes = _files(device.sys_path, ("speed",))
        with contextlib.suppress(OSError):
            attributes["driver"] = Path(device.sys_path, "device/driver").resolve(strict=True).name
            attributes["initstate"] = _initstate(attributes["driver"])
        if any(Path(device.sys_path, name).exists() for name in ("phy80211", "wireless")):
            attributes["wireless"] = "1"
        card = nic_from_udev(properties, attributes, *told)
        if card is not None:
            found.append(card)
    return tuple(sorted(found, key=lambda nic: natural(nic.name)))


def _initstate(driver: str) -> str:
    """That of the module with this name. (The link from a driver to its module comes when it has found its cards.)"""
    return (_read(f"/sys/module/{driver.replace('-', '_')}/initstate") or "").strip()


def _files(directory: str, names: Iterable[str]) -> dict[str, str]:
    texts = ((name, _read(f"{directory}/{name}")) for name in names)
    return {name: text.strip() for name, text in texts if text is not None}


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:  # absent, or (carrier of an interface that is down) EINVAL
        return None
