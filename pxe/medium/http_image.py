"""The image that UEFI loads whole by HTTP: a FAT with shim, GRUB, the pair and GRUB's configuration.

The firmware makes a disk in memory of it and boots that as it boots a stick, under Secure Boot as well. GRUB reads the
pair from there, and asks for an address by DHCP itself, as its configuration says: it gets nothing from the firmware's
own HTTP. The pair is inside, so a tree's image is renewed whenever its pair is.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from ..entries.boot_entry import INITRD, KERNEL
from .fat import write_fat
from .programs import GRUB_NET, HTTP_PARTS, SHIM, epoch, find

LABEL = "UDPCAST"
LOADER = "EFI/BOOT/BOOTX64.EFI"
"""What firmware boots of a medium that it knows nothing of (UEFI specification, 3.5.1.1)."""
SECOND = "EFI/BOOT/grubx64.efi"
"""What shim boots: the name is inside it."""
CONFIG = "boot/grub/grub.cfg"
NET_CONFIG = "grub/grub.cfg"
"""Where the GRUB for the network looks on the device that it was loaded from; that for discs looks in `CONFIG`."""
INFO = ".disk/info"
"""By it GRUB finds its medium where the firmware does not say from which device it was loaded."""


def make_image(pair: Path, grub_cfg: str, out: Path, words: Mapping[str, bytes] = MappingProxyType({})) -> None:
    """Write the image to the new file `out`; `grub_cfg` is GRUB's whole configuration, which finds the pair in the root
    of its own device, and `words` beside itself. The same bytes for the same pair, text, loaders and SOURCE_DATE_EPOCH.

    The folder `pair` is locked and checked by the caller. Raises MediumError, OSError.
    """
    parts = find(HTTP_PARTS)
    content: dict[str, bytes | Path] = {
        LOADER: parts[SHIM],
        SECOND: parts[GRUB_NET],
        NET_CONFIG: grub_cfg.encode("utf-8", "surrogateescape"),
        INFO: b"udpcast-launcher\n",
        **{str(PurePosixPath(NET_CONFIG).parent / name): data for name, data in words.items()},
        KERNEL: pair / KERNEL,
        INITRD: pair / INITRD,
    }
    write_fat(out, LABEL, content, epoch())
