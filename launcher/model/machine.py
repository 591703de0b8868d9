"""The machine as plain values: disks, partitions, network cards.

Nothing here touches a device. A `Machine` is made by `detect.py` from the running system, or read from a
recorded JSON file (`launcher/machines/`), which makes recorded hardware a first-class input to screens,
tests and ``explain``.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any, TypeVar

from ..sentence import Sentence, say, verbatim

T = TypeVar("T")

CD_DRIVE, FLOPPY_DRIVE = say("it is a CD drive"), say("it is a floppy drive")
NO_MEDIUM = say("it has no medium in it, or no size")

NEVER_MEANT = (
    (r"loop\d+", say("it is a file used as a disk (loop)")),
    (r"ram\d+", say("it is a RAM disk")),
    (r"zram\d+", say("it is compressed memory (zram)")),
    (r"sr\d+|pcd\d+", CD_DRIVE),
    (r"fd\d+", FLOPPY_DRIVE),
    (r"mmcblk\d+(boot\d+|rpmb|gp\d+)", say("it is a special area of a memory chip, not its disk")),
    (r"nbd\d+", say("it is a disk of another machine (nbd)")),
    (r"dm-\d+", say("it is made of other disks (device mapper)")),
    (r"md.*", say("it is made of other disks (RAID)")),
    (r"mtdblock\d+", say("it is flash memory of the mainboard")),
)
"""The kernel's names (Documentation/admin-guide/devices.txt) of what is never meant, and why: "not offered: ..."."""

EMPTY = frozenset({"dos", "gpt"})
"""The kinds of partition tables whose partitions every kernel shows. (A boot sector with code, and nothing else, looks
like an empty ``dos``.)"""

MOUNTED, SWAP = say("{device} is mounted on {place}"), say("{device} is used as swap space")
PART = say("{device} is part of {holder}")
IN_USE = tuple(say("it is in use: {how}", how=how) for how in (MOUNTED, SWAP, PART))
"""Templates of what `hardware.usage` says of a disk that is used; their fields are still to be filled in."""

FIRMWARE_RAID = frozenset(
    f"{name}_raid_member"
    for name in ("adaptec ddf hpt37x hpt45x isw jmicron lsi_mega nvidia promise_fasttrack silicon_medley via").split()
)
"""What blkid calls a disk that a controller's or mainboard's firmware keeps together with others (libblkid's
superblocks/*_raid.c); ``isw`` is Intel's, ``ddf`` the standard of the SNIA."""

BOOT_MEDIUM = say("it is the medium that this PC was booted from, or a copy of it")
MAYBE_BOOT_MEDIUM = say("it may be the medium that this PC was booted from: its label is not known yet")

REASONS = (
    CD_DRIVE,
    FLOPPY_DRIVE,
    NO_MEDIUM,
    BOOT_MEDIUM,
    MAYBE_BOOT_MEDIUM,
    *(reason for _, reason in NEVER_MEANT),
    *IN_USE,
)
"""Those that are found again by their text."""


@dataclass(frozen=True)
class Partition:
    """One partition. `size` in bytes; `filesystem` as blkid names it (``ext4``, ``ntfs``); `links` as a disk's."""

    path: str
    size: int
    filesystem: str | None = None
    label: str | None = None
    links: tuple[str, ...] = ()

    @property
    def recognised(self) -> bool:
        """Whether something is known of what is on it: a file system, swap, LUKS, LVM, RAID."""
        return bool(self.filesystem)


@dataclass(frozen=True)
class Disk:
    """One whole disk. `size` in bytes, `sector_size` the logical sector size in bytes (0: a file's).

    `links` are all stable names (``/dev/disk/by-id/...``, ``by-path``). `hctl` is the address of a disk that Linux
    drives as SCSI (SATA and USB as well): host:channel:target:lun, as ``2:0:0:0``. `transport` is ``sata``, ``nvme``,
    ``usb``, ``virtio``, ``scsi``, ``mmc`` (a card), ``emmc`` (a chip of the PC) or None where unknown. `refused` is a
    full reason why this disk is not offered (``it is a CD drive``, ``it is in use: ...``), or None when it is
    eligible; a record has its English text.
    `settled` is False until udev has looked at it: its serial number, say, is then still to come.
    """

    path: str
    size: int
    sector_size: int = 512
    model: str | None = None
    serial: str | None = None
    wwn: str | None = None
    transport: str | None = None
    removable: bool = False
    read_only: bool = False
    partition_table: str | None = None
    filesystem: str | None = None
    label: str | None = None
    links: tuple[str, ...] = ()
    hctl: str | None = None
    partitions: tuple[Partition, ...] = ()
    refused: Sentence | None = None
    settled: bool = True

    @property
    def recognised(self) -> bool:
        """Whether something is known of what is on it: partitions, a file system, swap, LUKS, LVM, RAID. A table of one
        of `EMPTY` kinds that has no partition is as good as none."""
        table = self.partition_table and self.partition_table not in EMPTY
        return bool(self.partitions or self.filesystem or table)

    @property
    def firmware_raid(self) -> str | None:
        """The kind of firmware RAID of which this disk is a member."""
        return self.filesystem if self.filesystem in FIRMWARE_RAID else None


@dataclass(frozen=True)
class Nic:
    """One wired network card. `speed` in Mbit/s; `link` None where the driver cannot tell; `addresses` as CIDR.

    `without_broadcast`: those of `addresses` that have no broadcast address, without which UDPCast
    finds nobody. `ready`: its driver is there as a whole. A card that is brought up before may bring its kernel down.
    """

    name: str
    mac: str
    driver: str | None = None
    model: str | None = None
    link: bool | None = None
    speed: int | None = None
    addresses: tuple[str, ...] = ()
    without_broadcast: tuple[str, ...] = ()
    ready: bool = True


@dataclass(frozen=True)
class Machine:
    """What was detected at one moment; a later look gives another `Machine`."""

    disks: tuple[Disk, ...] = ()
    nics: tuple[Nic, ...] = ()

    @property
    def eligible_disks(self) -> tuple[Disk, ...]:
        """The disks that may be offered."""
        return tuple(disk for disk in self.disks if disk.refused is None)


def to_json(machine: Machine) -> str:
    """`machine` as JSON text, English; `from_json` is the inverse."""
    record = dataclasses.asdict(machine)
    for entry, disk in zip(record["disks"], machine.disks, strict=True):
        entry["refused"] = disk.refused and str(disk.refused)
    return json.dumps(record, indent=2) + "\n"


def from_json(text: str) -> Machine:
    """Read a recorded machine.

    Raises ValueError with one sentence when the text is no JSON, or has a wrong or missing field.
    """
    try:
        data = json.loads(text)
        if not isinstance(data, dict) or set(data) - {"disks", "nics"}:
            raise TypeError("expected an object with disks and nics")
        return Machine(
            disks=tuple(_disk(item) for item in data.get("disks", [])),
            nics=tuple(_checked(Nic(**_tuples(item))) for item in data.get("nics", [])),
        )
    except (TypeError, AttributeError, ValueError, RecursionError) as error:
        raise ValueError(f"this is no recorded machine: {error}; see launcher/machines/ for examples") from error


def _disk(item: dict[str, Any]) -> Disk:
    partitions = tuple(_checked(Partition(**_tuples(part))) for part in item.get("partitions", []))
    return _checked(Disk(**{**_tuples(item), "partitions": partitions, "refused": _reason(item.get("refused"))}))


def _reason(text: object) -> Sentence | None:
    """The sentence that was recorded as `text`: translatable where it is one of `REASONS`."""
    if text is None:
        return None
    if not isinstance(text, str):
        raise TypeError(f"refused is {text!r}, expected str | None")
    return next((found for reason in REASONS if (found := _read_back(reason, text))), None) or verbatim(text)


def _read_back(template: Sentence, text: str) -> Sentence | None:
    """The sentence that was written as `text`, where it can be `template` with its fields filled in; a field that is a
    sentence is a template as well."""
    import re  # noqa: PLC0415 - only recorded machines are read

    inner = dict(template.fields)
    parts = re.split(r"\{(\w+)\}", template.text)
    names = parts[1::2]
    pattern = "".join(f"(?P<{part}>.+)" if number % 2 else re.escape(part) for number, part in enumerate(parts))
    match = re.fullmatch(pattern, text, re.DOTALL)
    if match is None:
        return None
    fields: dict[str, object] = {name: match[name] for name in names}
    for name, field in inner.items():
        if isinstance(field, Sentence):
            found = _read_back(field, match[name])
            if found is None:
                return None
            fields[name] = found
    return dataclasses.replace(template, fields=tuple(fields.items()))


def _tuples(item: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in item.items()}


def _checked(device: T) -> T:
    """`device`, when each of its fields has the declared type; the declarations are texts such as ``str | None``."""
    types = {"str": str, "int": int, "bool": bool, "Sentence": Sentence, "None": type(None)}
    for field in dataclasses.fields(device):  # type: ignore[arg-type]
        value, words = getattr(device, field.name), str(field.type).split(" | ")
        if words[0].startswith("tuple"):
            good = isinstance(value, tuple) and (
                field.name == "partitions" or all(isinstance(one, str) for one in value)
            )
        else:
            good = isinstance(value, tuple(types[word] for word in words))
        if not good:
            raise TypeError(f"{field.name} is {value!r}, expected {field.type}")
    return device
