"""How sizes, rates, times, disks and cards are written for people: one place for screens, logs and sentences."""

from __future__ import annotations

from .machine import Disk, Nic, Partition


def size(count: float) -> str:
    """Bytes in decimal units, as disks are sold: ``500.1 GB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.95:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def rate(bytes_per_second: float) -> str:
    """``112.3 MB/s``, 1 MB being 10^6 bytes."""
    return f"{bytes_per_second / 1e6:.1f} MB/s"


def duration(seconds: float) -> str:
    """``0:07``, ``12:34``, ``1:02:03``."""
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def disk_line(disk: Disk) -> str:
    """Path, model, size and serial in one line; what is unknown is left out."""
    words = [disk.path, disk.model, size(disk.size), f"serial {disk.serial}" if disk.serial else None]
    words += [disk.transport, "USB stick or card" if disk.removable else None]
    words += ["write-protected" if disk.read_only else None]
    return ", ".join(word for word in words if word)


def partition_line(disk: Disk, partition: Partition) -> str:
    """``sda2 ntfs "Windows" 499.3 GB``."""
    label = f'"{partition.label}"' if partition.label else None
    words = (partition.path.removeprefix("/dev/"), partition.filesystem or "unknown", label, size(partition.size))
    return " ".join(word for word in words if word)


def contents_line(disk: Disk) -> str:
    """What is on a disk: its partitions, or a file system without partitions, or that nothing was recognised."""
    if disk.partitions:
        return "; ".join(partition_line(disk, partition) for partition in disk.partitions)
    if disk.filesystem:
        label = f' "{disk.label}"' if disk.label else ""
        return f"{disk.filesystem}{label}, no partitions"
    return "no partitions recognised"


def nic_line(nic: Nic) -> str:
    """Name, MAC, driver and link in one line."""
    speed = f" {nic.speed} Mbit/s" if nic.speed else ""
    link = {True: f"link{speed}", False: "no link", None: None}[nic.link]
    return ", ".join(word for word in (nic.name, nic.mac, nic.driver, nic.model, link) if word)
