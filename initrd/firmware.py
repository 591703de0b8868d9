"""Firmware: which files the drivers ask for, which of them are not here, and what that means for whom.

A driver names its files (``firmware=`` in its ``.modinfo``; for one that is built in, in ``modules.builtin.modinfo``),
and the kernel looks for them in `places` (Documentation/driver-api/firmware/fw_search_path.rst). What lies compressed
on this machine goes in plain: which other forms a kernel can load depends on how it was made (FW_LOADER_COMPRESS_*),
and the archive is compressed anyway. A directory that is given goes before this machine's: one of this form, what a
package unpacks to, or linux-firmware's own, where links stand in a list (WHENCE) and are made when it is installed.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from . import packed
from .drivers import OURS, modinfo
from .errors import BuildError
from .kernel import Kernel, module_files, name_of

HOST = Path("/usr/lib/firmware")
INSIDE = Path("usr/lib/firmware")
SUFFIXES = (".zst", ".xz")

VERSION = re.compile(r"\d+(\.\d+){2,}")
"""A version in a file's name. A driver that names a file in several takes any of them (bnx2x_init_firmware)."""


@dataclass(frozen=True)
class Card:
    """What it means when a driver misses its firmware. `packages` are Debian's that have it: in 12, and since 13 where
    that is another one; none where Debian may not give it away."""

    driver: str
    what: str
    without: str
    packages: tuple[str, ...]


MISC, INTEL, REALTEK, QLOGIC = "firmware-misc-nonfree", "firmware-intel-misc", "firmware-realtek", "firmware-qlogic"

CARDS = (
    # rtl_request_firmware, rtl8152_request_firmware: a warning, and on without the patch
    Card("r8169", "Realtek network cards (in most PCs)", "work, but some lose the link", (REALTEK,)),
    Card("r8152", "Realtek USB network adapters", "work, but some lose the link", (REALTEK,)),
    # tg3_open: only CHIPREV_ID_5701_A0 fails; the others do without TSO or EEE
    Card("tg3", "Broadcom NetXtreme network cards", "work; the oldest (5701) do not", (MISC,)),
    # e100_request_firmware: required for the 82551 only
    Card("e100", "Intel PRO/100 network cards", "work, but the 82551 does not", (MISC, INTEL)),
    # bnx2_open, bnx2x_init_firmware, typhoon_open, qed_slowpath_start, kaweth_probe: the error ends it
    Card("bnx2", "Broadcom NetXtreme II network cards", "do not work", ("firmware-bnx2",)),
    Card("bnx2x", "Broadcom NetXtreme II 10 Gbit/s network cards", "do not work", ("firmware-bnx2x",)),
    Card("qed", "QLogic FastLinQ network cards", "do not work", (QLOGIC,)),
    Card("typhoon", "3Com 3CR990 network cards", "do not work", (MISC,)),
    Card("kaweth", "USB network adapters with a KL5KUSB101", "do not work", (MISC,)),
    # ice_init_ddp_config: "Safe Mode", with one queue
    Card("ice", "Intel E810 network cards", "work, but slower", (MISC, INTEL)),
    # isci_pci_probe: built-in values, where neither UEFI nor the card's own ROM has any
    Card("isci", "disks on an Intel C600 SAS controller", "are seen nearly always", ("firmware-linux-free",)),
    # qla1280_load_firmware_pio, asd_init_seqs, AscInitAsc1000Driver; QLogic's cards have their own since the ISP24xx
    Card("qla1280", "disks on a QLogic SCSI controller", "are not seen", (QLOGIC,)),
    Card("aic94xx", "disks on an Adaptec AIC-94xx SAS controller", "are not seen", ()),
    Card("advansys", "disks on an AdvanSys SCSI controller", "are not seen", (MISC,)),
    Card("qla2xxx", "disks on an old QLogic Fibre Channel card", "are not seen", (QLOGIC,)),
)


def complete(tree: Path, kernel: Kernel, work: Path, given: Path | None = None) -> None:
    """Bring in what the directory `given` has and what dracut leaves out, the firmware of drivers that are built in,
    and unpack what is compressed. Raises BuildError where `given` has nothing."""
    for names in built_in(kernel.modules).values():
        for name in names:
            for source in found(HOST, kernel.version, name):
                target = tree / INSIDE / source.relative_to(HOST)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(source.read_bytes())
    if given:
        bring(given, tree, kernel, work)
    for path in sorted((tree / INSIDE).rglob("*")):
        if path.suffix in SUFFIXES:
            unpack(path, work)


def bring(given: Path, tree: Path, kernel: Kernel, work: Path) -> None:
    """Bring in all files of the directory `given` that a driver asks for, in the place of this machine's. Raises
    BuildError where there is none."""
    base = base_of(given)
    names = {name for asked in wanted(tree, kernel).values() for name in asked}
    links = links_of(base)
    there = {name: found(base, kernel.version, name) for name in names}
    there |= {name: found(base, kernel.version, links[name]) for name in names & links.keys() if not there[name]}
    if not any(there.values()):
        raise BuildError(
            f"--firmware-dir {given} has none of the {len(names)} files that the drivers ask for; a directory like "
            f"{HOST} was expected, or one into which a firmware package was unpacked",
            2,
        )
    for name, files in there.items():
        for path in found(tree / INSIDE, kernel.version, name) if files else ():
            path.unlink()
        for source in files:
            target = tree / INSIDE / (name if name in links else plain_name(source.relative_to(base)))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(packed.read(source, work) if source.suffix in SUFFIXES else source.read_bytes())


def base_of(given: Path) -> Path:
    """The directory of firmware that is meant by `given`. Raises BuildError where that is no directory."""
    if not given.is_dir():
        raise BuildError(f"--firmware-dir {given} is no directory; one like {HOST} was expected", 2)
    return next((given / name for name in ("usr/lib/firmware", "lib/firmware") if (given / name).is_dir()), given)


def links_of(base: Path) -> dict[str, str]:
    """The links that linux-firmware's WHENCE lists (``Link: NAME -> TARGET``, seen from NAME): what each leads to."""
    try:
        text = (base / "WHENCE").read_text(errors="replace")
    except OSError:
        return {}
    rows = re.findall(r'^Link: *"?([^"\n]+?)"? *-> *"?([^"\n]+?)"? *$', text, re.MULTILINE)
    return {name.replace("\\ ", " "): os.path.normpath(Path(name).parent / target) for name, target in rows}


def plain_name(path: Path) -> Path:
    """The name of a file without its compression."""
    return path.with_suffix("") if path.suffix in SUFFIXES else path


def unpack(path: Path, work: Path) -> None:
    """Replace a compressed file by what is in it, and a link to one by a link to that."""
    plain = path.with_suffix("")
    if path.is_symlink():
        target = path.readlink()
        path.unlink()
        if not plain.is_symlink() and not plain.exists():
            plain.symlink_to(target.with_suffix("") if target.suffix in SUFFIXES else target)
    elif path.is_file():
        if not plain.exists():
            plain.write_bytes(packed.read(path, work))
        path.unlink()


def places(base: Path, version: str) -> Iterator[Path]:
    """Where the kernel looks for firmware, below its directory `base`."""
    yield from (base / "updates" / version, base / "updates", base / version, base)


def found(base: Path, version: str, name: str) -> list[Path]:
    """The files below `base` that a driver means by `name`, which may be a pattern; compressed ones as well."""
    for place in places(base, version):
        for suffix in ("", *SUFFIXES):
            if any(sign in name for sign in "*?["):
                files = sorted(place.glob(name + suffix))
            else:
                files = [path for path in [place / (name + suffix)] if path.exists()]
            if files:
                return files
    return []


def built_in(modules: Path) -> dict[str, tuple[str, ...]]:
    """The firmware files of the drivers that are built into the kernel and that a PC needs here."""
    try:
        text = (modules / "modules.builtin.modinfo").read_bytes().decode("utf-8", "replace")
    except FileNotFoundError:  # kernels before 5.2, or a tree without it
        return {}
    told: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for entry in text.split("\0"):
        name, _, rest = entry.partition(".")
        key, _, value = rest.partition("=")
        told[name][key].append(value)
    return {
        name: tuple(sorted(set(keys["firmware"])))
        for name, keys in told.items()
        if keys["firmware"] and any(OURS.match(file) for file in keys["file"])
    }


def wanted(tree: Path, kernel: Kernel) -> dict[str, tuple[str, ...]]:
    """The firmware files for which the unpacked drivers in `tree`, and those built in, ask."""
    drivers = module_files(tree / "usr/lib/modules")
    return built_in(kernel.modules) | {name_of(path): modinfo(path.read_bytes(), "firmware") for path in drivers}


def missing(tree: Path, kernel: Kernel) -> dict[str, tuple[str, ...]]:
    """The drivers in `tree`, and those built in, of whose firmware something did not go in; and what."""
    lacking = {driver: lacking_of(names, tree, kernel.version) for driver, names in wanted(tree, kernel).items()}
    return {driver: names for driver, names in sorted(lacking.items()) if names}


def lacking_of(names: tuple[str, ...], tree: Path, version: str) -> tuple[str, ...]:
    """Those of a driver's files that are missing, unless another version of the same one is there."""
    there = {name for name in names if found(tree / INSIDE, version, name)}
    enough = {VERSION.sub("*", name) for name in there}
    return tuple(name for name in names if VERSION.sub("*", name) not in enough)


def report(
    lacking: Mapping[str, tuple[str, ...]], packages: Iterable[str], release: str, given: Path | None = None
) -> list[str]:
    """Lines that say which of the usual cards and disks miss firmware, and what to do about it on Debian's `release`.
    `given` is the directory that had what there is besides.

    `packages` are those whose files went in: what a driver still misses of these, they do not have.
    """
    cards = [card for card in CARDS if card.driver in lacking]
    if not cards:
        return []
    inside = set(packages)
    install: set[str] = set()
    where = f"neither in {given} nor" if given else "not"
    lines = [f"Firmware that is {where} on this machine; without it"]
    for card in cards:
        package = package_of(card, release)
        lines.append(f"  {card.what} {card.without} ({card.driver})")
        if package in inside:
            lines[-1] += f"; {package} has it not"
        elif package:
            install.add(package)
    others = len(lacking) - len(cards)
    if others:
        lines.append(f"  {others} rarer drivers may not work: missing_firmware in the manifest names them")
    if install:
        lines.append(
            f"Before the next build: apt-get install {' '.join(sorted(install))} (component non-free-firmware), or "
            "give a directory that has it with --firmware-dir"
        )
    return lines


def package_of(card: Card, release: str) -> str:
    """Debian's package that has what `card` needs, empty when there is none."""
    return (*card.packages, "")[0] if release == "bookworm" else ("", *card.packages)[-1]
