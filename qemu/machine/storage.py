"""How a disk can be attached to a virtual machine: one row for each bus. Pure.

A row has the devices that QEMU adds before the disk's own, and what of a disk QEMU can say there. What a guest has to
find (`driver`, the module of Linux that drives the disk's controller) is told by the benchmark of the hardware.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Bus(Enum):
    """How a disk is attached; the values are the words of ``--bus``."""

    AHCI = "ahci"
    NVME = "nvme"
    VIRTIO = "virtio"
    SCSI = "scsi"
    USB = "usb"
    UAS = "uas"
    MEGASAS = "megasas"
    MPTSAS = "mptsas"
    LSI = "lsi"
    PVSCSI = "pvscsi"
    IDE = "ide"
    SD = "sd"
    EMMC = "emmc"


@dataclass(frozen=True)
class Attachment:
    """`controllers` and `disk` are values of ``-device``; in each of them ``{n}`` is the disk's number.

    `device`: what QEMU must have for it (``-device help``). `driver`: the module in the guest, of the controller.
    `sectors`: logical sector sizes in bytes. `read_only`: whether a disk may be; `errors`: whether it reports its
    errors to the guest when told to. `memory_card`: it has no serial number of ours, cannot be booted from, and its
    size is a power of 2. `named`: it may have a model name of ours. `node`: how Linux calls such disks below /dev, a
    regular expression.
    """

    controllers: tuple[str, ...]
    disk: str
    device: str
    driver: str
    sectors: tuple[int, ...] = (512, 4096)
    read_only: bool = True
    errors: bool = True
    memory_card: bool = False
    named: bool = False
    node: str = "sd[a-z]"


def _scsi(model: str, driver: str) -> Attachment:
    return Attachment((f"{model},id=bus{{n}}",), "scsi-hd,bus=bus{n}.0", model, driver)


def _memory_card(model: str) -> Attachment:
    reader, card = ("sdhci-pci,id=bus{n}",), f"{model},bus=sd-bus"
    return Attachment(reader, card, model, "sdhci_pci", (512,), errors=False, memory_card=True, node=r"mmcblk\d")


_XHCI = "qemu-xhci,id=xhci{n}"

ATTACHMENTS = {
    Bus.AHCI: Attachment((), "ide-hd,bus=ide.{n}", "ide-hd", "ahci", (512,), read_only=False, named=True),
    Bus.NVME: Attachment((), "nvme", "nvme", "nvme", read_only=False, errors=False, node=r"nvme\dn\d"),
    Bus.VIRTIO: Attachment((), "virtio-blk-pci", "virtio-blk-pci", "virtio_blk", node="vd[a-z]"),
    Bus.SCSI: _scsi("virtio-scsi-pci", "virtio_scsi"),
    Bus.USB: Attachment((_XHCI,), "usb-storage,bus=xhci{n}.0", "usb-storage", "usb_storage"),
    Bus.UAS: Attachment((_XHCI, "usb-uas,id=bus{n},bus=xhci{n}.0"), "scsi-hd,bus=bus{n}.0", "usb-uas", "uas"),
    Bus.MEGASAS: _scsi("megasas", "megaraid_sas"),
    Bus.MPTSAS: Attachment(
        ("mptsas1068,id=bus{n}",), "scsi-hd,bus=bus{n}.0,wwn=0x500065647563617{n:x}", "mptsas1068", "mptsas"
    ),  # a SAS disk without an address of its own is not attached
    Bus.LSI: _scsi("lsi53c895a", "sym53c8xx"),
    Bus.PVSCSI: _scsi("pvscsi", "vmw_pvscsi"),
    Bus.IDE: Attachment(
        ("piix3-ide,id=bus{n}",), "ide-hd,bus=bus{n}.0", "piix3-ide", "ata_piix", (512,), read_only=False, named=True
    ),
    Bus.SD: _memory_card("sd-card"),
    Bus.EMMC: _memory_card("emmc"),
}
"""In the order in which they are told. q35 has an AHCI controller of its own, with six ports. One memory card a
machine: QEMU calls the bus of every reader ``sd-bus``."""
