"""The network cards that a virtual machine can have: one row for each. Pure.

`driver` is the module of Linux that drives it, `device` what QEMU must have for it (``-device help``). A card with a
`rom` boots a BIOS from the network (ipxe-qemu brings it); one without is the second card of a machine, or of one that
boots otherwise. Debian's UEFI has a driver for those with `uefi`; the ROMs have one for their cards as well, and iPXE,
which would take over: so UEFI gets no ROM. A card of USB is on a controller of its own, which the machine gets with it.
"""

from __future__ import annotations

from dataclasses import dataclass

from .firmware import Firmware


@dataclass(frozen=True)
class Card:
    """`controllers` are values of ``-device`` that come before the card's own; in all of them ``{n}`` is its number."""

    device: str
    driver: str
    rom: bool = True
    controllers: tuple[str, ...] = ()
    where: str = ""
    uefi: bool = False


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
    "usb-net": Card("usb-net", "cdc_ether", False, ("qemu-xhci,id=nicbus{n}",), ",bus=nicbus{n}.0"),
}
"""In the order in which they are told."""

NIC_MODELS = tuple(CARDS)
ANY_NIC = "auto"
"""A card from which the firmware can boot."""


def card_for(model: str, firmware: Firmware) -> str:
    """The model that is meant by `ANY_NIC`; any other is itself."""
    if model != ANY_NIC:
        return model
    return next(name for name, card in CARDS.items() if (card.rom if firmware is Firmware.BIOS else card.uefi))
