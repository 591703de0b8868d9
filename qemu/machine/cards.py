"""The network cards that a virtual machine can have: one row for each. Pure.

`driver` is the module of Linux that drives it, `device` what QEMU must have for it (``-device help``). A card with a
`rom` boots a BIOS from the network (ipxe-qemu brings it). UEFI boots by the cards for which Debian's has a driver
(`uefi`): the boot ROMs have theirs as well, and iPXE, which would take over.
"""

from __future__ import annotations

from dataclasses import dataclass

from .firmware import Firmware


@dataclass(frozen=True)
class Card:
    """`usb`: it is on a USB controller of its own, which the machine gets with it."""

    device: str
    driver: str
    rom: bool = True
    uefi: bool = False
    usb: bool = False

    def boots(self, firmware: Firmware) -> bool:
        """Whether this firmware boots from the network by it."""
        return self.rom if firmware is Firmware.BIOS else self.uefi


CARDS = {
    "e1000": Card("e1000", "e1000"),
    "e1000e": Card("e1000e", "e1000e"),
    "virtio-net-pci": Card("virtio-net-pci", "virtio_net", uefi=True),
    "rtl8139": Card("rtl8139", "8139cp"),
    "vmxnet3": Card("vmxnet3", "vmxnet3"),
    "pcnet": Card("pcnet", "pcnet32"),
    "ne2k_pci": Card("ne2k_pci", "ne2k_pci"),
    "i82550": Card("i82550", "e100"),
    "igb": Card("igb", "igb", rom=False),
    "tulip": Card("tulip", "tulip", rom=False),
    "usb-net": Card("usb-net", "cdc_ether", rom=False, usb=True),
}
"""In the order in which they are told."""

NIC_MODELS = tuple(CARDS)
ANY_NIC = "auto"
"""A card from which the firmware can boot."""


def card_for(model: str, firmware: Firmware) -> str:
    """The model that is meant by `ANY_NIC`, the first one that boots; any other is itself."""
    return next(name for name, row in CARDS.items() if row.boots(firmware)) if model == ANY_NIC else model
