"""What UEFI boots of a model disk, with Secure Boot and without: Debian's shim and GRUB, signed, on its ESP.

A PC that never saw the disk, as each that was cloned, boots ``\\EFI\\BOOT\\BOOTX64.EFI`` (UEFI specification, 3.5.1.1).
That is shim, which boots the GRUB beside it, which reads ``/EFI/debian/grub.cfg``: where Debian's installer puts it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pxe.entries.grub import GRUBS, SHIMS

from .tools import DiskError

LOADERS = {
    "::/EFI/BOOT/BOOTX64.EFI": SHIMS / "shimx64.efi.signed",
    "::/EFI/BOOT/grubx64.efi": GRUBS / "grubx64.efi.signed",
}
CONFIG = "::/EFI/debian/grub.cfg"


def put(esp: Path, config: Path, tool: Callable[..., object]) -> None:
    """Put the loaders and GRUB's configuration into the image of an ESP; `tool` runs mtools' programs.

    Raises DiskError.
    """
    for source in LOADERS.values():
        if not source.is_file():
            raise DiskError(f"{source} does not exist: apt-get install shim-signed grub-efi-amd64-signed.")
    tool("mmd", "-i", esp, "::/EFI", "::/EFI/BOOT", "::/EFI/debian")
    for target, source in {**LOADERS, CONFIG: config}.items():
        tool("mcopy", "-i", esp, source, target)
