"""The running system's disks and cards as a `Machine`, and a wake-up when they change. Changes nothing itself.

The only importer of pyudev and netifaces. Facts are fetched by `detect`; what they mean is decided by the pure
`disk_from_udev` and `nic_from_udev`, from udev's properties and from files of /sys (Documentation/ABI/ in Linux).
udev may not have finished: what it has not yet said is None, and a later look knows more (`Disk.settled`).
"""

from __future__ import annotations

import contextlib
import re
import select
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..model.machine import Disk, Machine, Nic, Partition

UDEV = Path("/run/udev/control")
"""The socket of a running udev."""

SETTLED = "USEC_INITIALIZED"
"""The property that a device has when udev has looked at it (libudev's udev_device_get_is_initialized)."""

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
    "queue/logical_block_size",
)
_NET_FILES = ("type", "address", "carrier", "speed", "ifindex")

# Names are the kernel's (Documentation/admin-guide/devices.txt); the reason completes "not offered: ...".
_NEVER_MEANT = (
    (r"loop\d+", "it is a file used as a disk (loop)"),
    (r"ram\d+", "it is a RAM disk"),
    (r"zram\d+", "it is compressed memory (zram)"),
    (r"sr\d+|pcd\d+", "it is a CD drive"),
    (r"fd\d+", "it is a floppy drive"),
    (r"mmcblk\d+(boot\d+|rpmb|gp\d+)", "it is a special area of a memory chip, not its disk"),
    (r"nbd\d+", "it is a disk of another machine (nbd)"),
    (r"dm-\d+", "it is made of other disks (device mapper)"),
    (r"md.*", "it is made of other disks (RAID)"),
    (r"mtdblock\d+", "it is flash memory of the mainboard"),
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
        facts = _properties(device), _block_attributes(device.sys_path)
        if device.device_type == "partition":
            partitions.setdefault(str(Path(device.sys_path).parent), []).append(facts)
        elif device.device_node and "DEVPATH" in facts[0]:
            disks[device.sys_path] = facts
    used = devices_in_use(_read("/proc/self/mountinfo") or "", _read("/proc/swaps") or "")
    found = (disk_from_udev(*facts, partitions.get(path, ()), used) for path, facts in disks.items())
    return Machine(tuple(sorted(found, key=lambda disk: natural(disk.path))), _nics(context))


def disk_from_udev(
    properties: Mapping[str, str],
    attributes: Mapping[str, str],
    partitions: Iterable[Facts] = (),
    used: Mapping[str, str] | None = None,
) -> Disk:
    """A whole disk from its udev properties and its files below /sys.

    `attributes` has the files of /sys/block/NAME by relative name, and ``holders`` (names separated by blanks).
    `partitions` are its partitions in any order. `used` is that of `devices_in_use`.
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
        transport=_transport(properties["DEVPATH"]),
        removable=attributes.get("removable") == "1",
        read_only=attributes.get("ro") == "1",
        partition_table=properties.get("ID_PART_TABLE_TYPE"),
        filesystem=properties.get("ID_FS_TYPE"),
        label=_label(properties),
        links=_links(properties),
        partitions=tuple(_partition(*part) for part in parts),
        refused=_refusal((properties, attributes), parts, used or {}),
        settled=SETTLED in properties or not UDEV.exists(),  # where no udev runs, nobody will ever look
    )


def nic_from_udev(
    properties: Mapping[str, str], attributes: Mapping[str, str], addresses: tuple[str, ...] = ()
) -> Nic | None:
    """A wired card, or None for anything else that the kernel calls a network interface.

    `attributes` has the files of /sys/class/net/NAME by name, ``driver``, and ``wireless`` when it is a radio card.
    `carrier` cannot be read while the interface is down: then `link` is None (see `network.raise_links`).
    """
    ethernet = attributes.get("type") == "1"  # ARPHRD_ETHER
    virtual = properties["DEVPATH"].startswith("/devices/virtual/")
    if not ethernet or virtual or properties.get("DEVTYPE") in _NOT_WIRED or "wireless" in attributes:
        return None
    speed = _number(attributes.get("speed"))  # -1 when unknown
    return Nic(
        name=properties["INTERFACE"],
        mac=attributes["address"],
        driver=attributes.get("driver") or properties.get("ID_NET_DRIVER"),
        model=properties.get("ID_MODEL_FROM_DATABASE"),
        link={"1": True, "0": False}.get(attributes.get("carrier", "")),
        speed=speed if speed > 0 else None,
        addresses=addresses,
    )


def devices_in_use(mountinfo: str, swaps: str) -> dict[str, str]:
    """Why devices are in use, by path and by ``major:minor``; from /proc/self/mountinfo and /proc/swaps.

    Both keys are needed: btrfs shows a number of its own, an initrd's root a path that is no device (proc(5)).
    """
    used: dict[str, str] = {}
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        fields, source = before.split(" "), after.split(" ")
        if len(fields) > 4 and len(source) > 1:
            reason = f"mounted on {_unescaped(fields[4])}"
            used.setdefault(fields[2], reason)
            used.setdefault(_unescaped(source[1]), reason)
    for line in swaps.splitlines()[1:]:
        used.setdefault(_unescaped(line.split()[0]), "used as swap space")
    return used


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
        self._routes = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        self._routes.setblocking(False)
        rtmgrp_link, rtmgrp_ipv4_ifaddr = 0x1, 0x10  # linux/rtnetlink.h; the socket module has no names for them
        self._routes.bind((0, rtmgrp_link | rtmgrp_ipv4_ifaddr))
        self._poll = select.epoll()
        self._poll.register(self._monitor.fileno(), select.EPOLLIN)
        self._poll.register(self._routes.fileno(), select.EPOLLIN)

    def fileno(self) -> int:
        """To be polled for reading."""
        return self._poll.fileno()

    def drain(self) -> bool:
        """Take all reports that are there, without waiting; True if there was any (or one was lost)."""
        changed = False
        try:
            while self._monitor.poll(timeout=0) is not None:
                changed = True
        except OSError:  # ENOBUFS: more came than the socket holds
            changed = True
        try:
            while self._routes.recv(1 << 16):
                changed = True
        except BlockingIOError:
            pass
        except OSError:
            changed = True
        return changed

    def close(self) -> None:
        """Give the sockets back."""
        self._poll.close()
        self._routes.close()


def _refusal(
    disk: Facts,
    partitions: Iterable[Facts],
    used: Mapping[str, str],
) -> str | None:
    """Why this disk cannot be meant, or None."""
    properties, attributes = disk
    name = properties["DEVNAME"].removeprefix("/dev/")
    for pattern, reason in _NEVER_MEANT:
        if re.fullmatch(pattern, name):
            return reason
    if properties.get("ID_CDROM") == "1" or properties.get("ID_TYPE") == "cd":
        return "it is a CD drive"
    if properties.get("ID_DRIVE_FLOPPY") == "1":
        return "it is a floppy drive"
    if not _number(attributes.get("size")):
        return "it has no medium in it, or no size"
    whole_and_parts = (disk, *partitions)
    for each, files in whole_and_parts:
        reasons = [used[name] for name in _names(each) if name in used]
        reasons += [f"part of {holder}" for holder in files.get("holders", "").split()]
        if reasons:
            return f"it is in use: {each['DEVNAME']} is {reasons[0]}"
    return None


def _names(properties: Mapping[str, str]) -> tuple[str, ...]:
    number = f"{properties.get('MAJOR')}:{properties.get('MINOR')}"
    return properties["DEVNAME"], number, *properties.get("DEVLINKS", "").split()


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


def _transport(devpath: str) -> str | None:
    return next((name for pattern, name in _TRANSPORTS if re.search(pattern, devpath)), None)


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


def _unescaped(text: str) -> str:
    r"""proc(5) writes blanks in paths as ``\040``."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


def _properties(device: Any) -> dict[str, str]:
    return {str(key): str(value) for key, value in device.properties.items()}


def _block_attributes(sys_path: str) -> dict[str, str]:
    attributes = _files(sys_path, _BLOCK_FILES)
    with contextlib.suppress(OSError):
        attributes["holders"] = " ".join(sorted(holder.name for holder in Path(sys_path, "holders").iterdir()))
    return attributes


def _nics(context: Any) -> tuple[Nic, ...]:
    nics = []
    for device in context.list_devices(subsystem="net"):
        properties = _properties(device)
        attributes = _files(device.sys_path, _NET_FILES)
        if "INTERFACE" not in properties or "address" not in attributes:
            continue  # it went away while we looked
        with contextlib.suppress(OSError):
            attributes["driver"] = Path(device.sys_path, "device/driver").resolve(strict=True).name
        if any(Path(device.sys_path, name).exists() for name in ("phy80211", "wireless")):
            attributes["wireless"] = "1"
        nic = nic_from_udev(properties, attributes, _addresses(properties["INTERFACE"]))
        if nic is not None:
            nics.append(nic)
    return tuple(sorted(nics, key=lambda nic: natural(nic.name)))


def _addresses(interface: str) -> tuple[str, ...]:
    """The IPv4 addresses as CIDR (udpcast knows no other)."""
    import netifaces  # noqa: PLC0415

    try:
        found = netifaces.ifaddresses(interface).get(netifaces.AF_INET, [])
    except ValueError:  # the interface went away while we looked
        return ()
    return tuple(f"{entry['addr']}/{_prefix(entry.get('netmask', '255.255.255.255'))}" for entry in found)


def _prefix(netmask: str) -> int:
    return sum(int(part).bit_count() for part in netmask.split("."))


def _files(directory: str, names: Iterable[str]) -> dict[str, str]:
    texts = ((name, _read(f"{directory}/{name}")) for name in names)
    return {name: text.strip() for name, text in texts if text is not None}


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:  # absent, or (carrier of an interface that is down) EINVAL
        return None
