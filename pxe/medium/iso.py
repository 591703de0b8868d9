"""The image for disc and stick: one file that a PC boots by BIOS, by UEFI and under Secure Boot, from either.

    udpcast-linux, udpcast-initrd        the pair
    udpcfg.txt                           what the launcher reads from the medium that it was booted from
    isolinux/                            boots a disc by BIOS; from a stick, by the boot sector in front
    boot/grub/grub.cfg                   GRUB's configuration
    boot/grub/efi.img                    a FAT with shim and GRUB: UEFI boots it from a disc as it is, and from a stick
                                         as a partition
    .disk/info                           by it GRUB finds the medium where the firmware does not say what it booted

The same pair, room, loaders and SOURCE_DATE_EPOCH make the same bytes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from initrd.pair.digest import digest
from initrd.pair.whole import MODE, sync_folder

from ..entries.boot_entry import INITRD, KERNEL
from ..entries.room import Room
from .content import UDPCFG, Content, content_of
from .fat import write_fat
from .http_image import CONFIG, INFO, LOADER, SECOND
from .programs import (
    GRUB,
    HYBRID,
    ISO_PARTS,
    ISOLINUX,
    LDLINUX,
    MENU,
    SHIM,
    XORRISO,
    MediumError,
    Part,
    epoch,
    find,
    run,
)
from .scratch import scratch

ESP = "boot/grub/efi.img"
BOOT_IMAGE = "isolinux/isolinux.bin"
CATALOG = "isolinux/boot.cat"

ESP_CONFIG = f"""\
if regexp --set=1:udpcast_disk '^([^,]+),' "$root"; then set root=$udpcast_disk; fi
set prefix=($root)/boot/grub
source ($root)/{CONFIG}
"""
"""From a stick GRUB finds itself in a partition; the disk around that has the files. Nothing is searched for: another
disk may have a `.disk/info` as well."""


def make_iso(
    pair: Path,
    sha256: Mapping[str, str],
    room: Room,
    out: Path,
    *,
    udpcfg: bytes | None = None,
    replace: bool = False,
) -> Content:
    """Write the image to `out`, whole or not at all; a file that is there is replaced only if `replace` says so.
    `udpcfg` None: it is made from the room's line.

    The folder `pair` is locked and checked by the caller, `sha256` is that of its files. Raises MediumError,
    BootEntryError, OSError.
    """
    from launcher.answers.explain import is_ours  # noqa: PLC0415 - not needed to import pxe

    parts, time = find(ISO_PARTS), epoch()
    loaders = {part.name: str(digest(parts[part].resolve())) for part in (SHIM, GRUB, ISOLINUX, HYBRID, LDLINUX, *MENU)}
    content = content_of(room, {**sha256, **loaders}, udpcfg, is_ours)
    _check_place(out, replace)
    with scratch(out.parent) as work:
        _stage(work / "files", pair, content, parts, time)
        _master(work, content.label, parts, time)
        _put(work / "image", out, replace)
    return content


def _check_place(out: Path, replace: bool) -> None:
    if out.is_block_device() or out.is_char_device():
        raise MediumError(f"{out} is a device: a file was expected. Write that to a stick with dd afterwards.")
    if out.is_dir():
        raise MediumError(f"{out} is a folder: the name of a file was expected, such as {out / 'udpcast.iso'}.")
    if not out.parent.is_dir():
        raise MediumError(f"{out.parent} does not exist or is no folder: the image is to be written there.")
    if os.path.lexists(out) and not replace:
        raise MediumError(f"{out} is there already, and stays as it is: give another name, or --force replaces it.")


def _stage(files: Path, pair: Path, content: Content, parts: Mapping[Part, Path], time: int) -> None:
    """All that is in the image, below `files`; what is large is only linked to."""
    for folder in ("isolinux", "boot/grub", ".disk"):
        (files / folder).mkdir(parents=True)
    (files / INFO).write_text("udpcast-launcher\n")
    (files / UDPCFG).write_bytes(content.udpcfg)
    (files / CONFIG).write_text(content.grub, encoding="utf-8", errors="surrogateescape")
    (files / "isolinux/isolinux.cfg").write_text(content.isolinux, encoding="utf-8", errors="surrogateescape")
    for name, data in content.words.items():
        path = (files / CONFIG).parent / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    linked = {
        KERNEL: pair / KERNEL,
        INITRD: pair / INITRD,
        BOOT_IMAGE: parts[ISOLINUX],
        "isolinux/ldlinux.c32": parts[LDLINUX],
        **{f"isolinux/{part.name}": parts[part] for part in MENU},
    }
    for name, path in linked.items():
        (files / name).symlink_to(path.absolute())
    esp: dict[str, bytes | Path] = {LOADER: parts[SHIM], SECOND: parts[GRUB], CONFIG: ESP_CONFIG.encode()}
    write_fat(files / ESP, "UDPCASTESP", esp, time)


def _master(work: Path, label: str, parts: Mapping[Part, Path], time: int) -> None:
    """As Debian masters its own images (debian-cd), for BIOS and UEFI, disc and stick."""
    words = ["-as", "mkisofs", "-quiet", "-f", "-r", "-V", label, "-o", "image", "--set_all_file_dates", f"={time}"]
    words += ["-isohybrid-mbr", str(parts[HYBRID])]
    words += ["-b", BOOT_IMAGE, "-c", CATALOG, "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table"]
    words += ["-eltorito-alt-boot", "-e", ESP, "-no-emul-boot", "-isohybrid-gpt-basdat", "files"]
    run(XORRISO, words, work, time)


def _put(image: Path, out: Path, replace: bool) -> None:
    with image.open("rb") as file:
        os.fchmod(file.fileno(), MODE)
        os.fsync(file.fileno())
    if replace:
        image.replace(out)
    else:
        _put_new(image, out)
    sync_folder(out.parent)


def _put_new(image: Path, out: Path) -> None:
    """A file that came meanwhile is not replaced, but for file systems without hard links, where nothing can tell."""
    try:
        os.link(image, out)
    except FileExistsError:
        raise MediumError(f"{out} came into being meanwhile, and stays as it is: give another name.") from None
    except OSError:
        image.replace(out)
