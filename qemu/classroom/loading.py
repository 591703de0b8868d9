"""What a machine loads first from the boot server, by which way: the loaders of the tree, and what is offered. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pxe.entries.architectures import LPXELINUX
from pxe.entries.loaders import GRUB, LOADERS, PXELINUX, Loader
from pxe.entries.pxelinux import MENU_FILES
from pxe.server.offers import NEEDS_HTTP

from ..machine.firmware import Boot, Firmware
from ..machine.spec import SpecError

_BEHIND = {"ldlinux.c32", *MENU_FILES}
FIRST_FILES = tuple(sorted({file for loader in LOADERS for file in (*loader.files, *loader.also)} - _BEHIND))
"""What can be chosen."""


@dataclass(frozen=True)
class Loading:
    """`loaders` are in the tree. `chosen`: the first file, by the boot server's option for a kind of client. `http`:
    the tree is to be had by HTTP as well."""

    loaders: tuple[Loader, ...] = (PXELINUX,)
    chosen: Mapping[str, str] = field(default_factory=dict)
    http: bool = False


def loading(firmware: Firmware, boot: Boot, loader: str = "") -> Loading:
    """For machines with this firmware, started by this way; `loader`: what they load first, if not the usual file.

    Raises SpecError.
    """
    if loader:
        found = [one for one in LOADERS if loader in (*one.files, *one.also)]
        if loader not in FIRST_FILES:
            raise SpecError(f'"{loader}" is no boot loader of a tree: {", ".join(FIRST_FILES)}.')
        http = boot is Boot.HTTP or loader in NEEDS_HTTP
        return Loading((found[0],), {"bios": loader, "uefi": loader}, http)
    if firmware is Firmware.BIOS:
        file = LPXELINUX if boot is Boot.HTTP else PXELINUX.files[0]
        return Loading((PXELINUX,), {"bios": file}, boot is Boot.HTTP)
    return Loading((GRUB,), {"uefi": GRUB.files[0]}, boot is Boot.HTTP)
