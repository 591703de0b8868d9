"""Drivers that did not come with the kernel: of DKMS, or put into updates/, extra/ or weak-updates/ by hand.

Which one of two with the same name goes in is what depmod says (depmod.d(5): usually updates/ before the kernel's
own). One with a name of its own goes in when it drives wired network cards or disks, as its symbols and aliases tell:
dracut's lists name folders of the kernel's own tree. Where the kernel has another driver for the same hardware, ours
is loaded first (a soft dependency, modprobe.d(5)), so that the hardware becomes its. What happened to each is said.
"""

from __future__ import annotations

import fnmatch
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .kernel import Kernel, module_files, module_name, name_of
from .packed import read

SYMBOLS = (
    # wired network cards, and their transceivers
    *("alloc_etherdev_mqs", "devm_alloc_etherdev_mqs", "usbnet_probe", "phy_drivers_register", "phy_driver_register"),
    # disks: SCSI and SAS, ATA, NVMe, cards, USB, whatever else is a disk
    *("scsi_host_alloc", "ata_host_alloc", "ata_host_alloc_pinfo", "ata_pci_bmdma_init_one", "ata_pci_sff_init_one"),
    *("ata_host_activate", "ata_pci_sff_activate_host"),
    *("nvme_init_ctrl", "mmc_alloc_host", "sdhci_alloc_host", "sdhci_add_host", "usb_stor_probe1", "device_add_disk"),
    # what disks and cards hang on
    *("usb_create_hcd", "__usb_create_hcd", "usb_hcd_pci_probe"),
)
"""What a driver calls that is for a PC's own cards and disks (the kernel's EXPORT_SYMBOLs of 6.1 and 6.12)."""

WIRELESS = ("wiphy_new_nm", "ieee80211_alloc_hw_nm", "wireless_send_event")
HARDWARE = ("pci:", "usb:", "virtio:", "vmbus:", "xen:", "mdio:", "acpi")
"""How the alias of a driver for some hardware begins; file systems, and cards without hardware, have none."""

INSIDE = Path("usr/lib/modules")
OURS = re.compile(r"drivers/(net/(ethernet|phy|usb)|ata|block|hid|message|mmc|nvme|scsi|usb|virtio)/")
"""Where the kernel has what a PC needs here."""

PLACES = ("updates", "extra", "weak-updates")


@dataclass(frozen=True)
class Outside:
    """A module outside the kernel's own ``kernel/``: `name` as modprobe has it, `path` below ``lib/modules/VERSION``.

    `useful`: it drives network cards or disks. `rivals` are the kernel's own drivers, of other names, for hardware
    that it drives as well.
    """

    name: str
    path: Path
    useful: bool
    rivals: tuple[str, ...] = ()


def outside(kernel: Kernel, work: Path) -> tuple[Outside, ...]:
    """All of them that `kernel` has. `work` is for temporary files."""
    found = [path for path in module_files(kernel.modules) if is_outside(path.relative_to(kernel.modules))]
    if not found:
        return ()
    aliases = aliases_of(kernel.modules / "modules.alias")
    own = {module_name(name_of(path)) for path in module_files(kernel.modules / "kernel")}
    made = []
    for path in found:
        name, data = module_name(name_of(path)), read(path, work)
        mine = modinfo(data, "alias")
        made.append(
            Outside(name, path.relative_to(kernel.modules), useful(data, mine), rivals(name, mine, aliases, own))
        )
    return tuple(made)


def is_outside(path: Path) -> bool:
    """Whether `path` below ``lib/modules/VERSION`` is no module of the kernel's own."""
    return path.parts[0] != "kernel"


def useful(module: bytes, aliases: Iterable[str]) -> bool:
    """Whether this driver is for wired network cards or disks."""
    named = {symbol for symbol in (*SYMBOLS, *WIRELESS) if b"\0" + symbol.encode() + b"\0" in module}
    return bool(named) and not named & set(WIRELESS) and any(alias.startswith(HARDWARE) for alias in aliases)


def modinfo(module: bytes, key: str) -> tuple[str, ...]:
    """What an uncompressed driver says of itself under `key` (its ``.modinfo``: ``key=VALUE`` with a zero behind)."""
    found = re.findall(rb"\0" + key.encode() + rb"=([^\0]+)", module)
    return tuple(sorted({value.decode("ascii", "replace") for value in found}))


def aliases_of(index: Path) -> dict[str, list[tuple[str, str]]]:
    """The lines of depmod's ``modules.alias``, alias and driver, by bus and manufacturer."""
    table: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for line in index.read_text().splitlines():
        word, *rest = line.split(" ")
        if word == "alias" and len(rest) == 2:
            table[_bucket(rest[0])].append((rest[0], module_name(rest[1])))
    return table


def _bucket(alias: str) -> str:
    """Bus and manufacturer: two aliases for the same hardware have them in common (those for a whole class do not)."""
    return alias[: len("pci:v000010EC") if alias.startswith("pci:") else len("usb:v0BDA")]


def rivals(
    name: str, aliases: Iterable[str], table: dict[str, list[tuple[str, str]]], own: set[str]
) -> tuple[str, ...]:
    """Drivers of the kernel's own for hardware that has one of `aliases`."""
    found = {
        other
        for alias in aliases
        if alias.startswith(HARDWARE)
        for theirs, other in table.get(_bucket(alias), ())
        if fnmatch.fnmatchcase(alias, theirs) or fnmatch.fnmatchcase(theirs, alias)
    }
    return tuple(sorted((found & own) - {name}))


def preferred(kernel: Kernel) -> set[Path]:
    """The modules that depmod chose: one for each name."""
    lines = (kernel.modules / "modules.dep").read_text().splitlines()
    return {Path(line.partition(":")[0]) for line in lines}


def wanted(found: Iterable[Outside], kernel: Kernel) -> list[str]:
    """Those that are to go in. Where one replaces a driver of the kernel's own, dracut would take that."""
    chosen, own = preferred(kernel), own_drivers(kernel)
    return [module.name for module in found if module.path in chosen and (module.useful or module.name in own)]


def own_drivers(kernel: Kernel) -> set[str]:
    """The kernel's own drivers for what a PC needs here."""
    base = kernel.modules / "kernel"
    return {module_name(name_of(path)) for path in module_files(base) if OURS.match(str(path.relative_to(base)))}


def replace(found: Iterable[Outside], kernel: Kernel, tree: Path) -> None:
    """Where a name has several modules, leave the one that depmod chose in the initrd `tree`."""
    inside = tree / INSIDE / kernel.version
    names = {module.name for module in found}
    chosen = {_plain(path) for path in preferred(kernel)}
    for path in module_files(inside):
        if module_name(name_of(path)) in names and _plain(path.relative_to(inside)) not in chosen:
            path.unlink()


def prefer(inside: Iterable[Outside], kernel: Kernel, tree: Path) -> None:
    """Have each of `inside` loaded before the kernel's own driver for the same hardware, in the initrd `tree`.

    Its lines go into depmod's ``modules.softdep``: of a driver that has lines in several files, kmod takes one only.
    """
    before: dict[str, list[str]] = defaultdict(list)
    for module in inside:
        for rival in module.rivals:
            before[rival].append(module.name)
    index = tree / INSIDE / kernel.version / "modules.softdep"
    index.write_text(soft_dependencies(index.read_text(), before))


def soft_dependencies(text: str, before: Mapping[str, Sequence[str]]) -> str:
    """The lines of ``modules.softdep``, with those in `before` put before each of their drivers."""
    left, lines = dict(before), []
    for line in text.splitlines():
        word, name, *rest = *line.split(" ", 2), "", ""
        names = left.pop(module_name(name), ()) if word == "softdep" else ()
        lines.append(" ".join(["softdep", name, "pre:", *names, rest[0].removeprefix("pre: ")]) if names else line)
    lines += [f"softdep {name} pre: {' '.join(names)}" for name, names in left.items()]
    return "".join(f"{line}\n" for line in lines)


def went_in(found: Iterable[Outside], kernel: Kernel, tree: Path) -> list[Outside]:
    """Those of `found` that are in the initrd `tree`."""
    inside = tree / INSIDE / kernel.version
    there = {_plain(path.relative_to(inside)) for path in module_files(inside)}
    return [module for module in found if _plain(module.path) in there]


def account(found: Iterable[Outside], inside: Sequence[Outside], kernel: Kernel) -> list[str]:
    """What happened to each of `found`, of which `inside` went in: sentences."""
    chosen = {module_name(name_of(path)): path for path in preferred(kernel)}
    own = {module_name(name_of(path)) for path in module_files(kernel.modules / "kernel")}
    return [_sentence(module, module in inside, chosen[module.name], own) for module in found]


def _sentence(module: Outside, inside: bool, chosen: Path, own: set[str]) -> str:
    what = f"{module.name} of {module.path.parent}"
    if inside and module.name in own:
        return f"{what} goes in, not the kernel's own"
    if inside and module.rivals:
        return f"{what} goes in, and is loaded before the kernel's {', '.join(module.rivals)}"
    if inside:
        return f"{what} goes in"
    if chosen != module.path:
        return f"{what} is left out: depmod prefers {chosen}, see depmod.d(5)"
    return f"{what} is left out: it is not for wired network cards or disks; --add-driver {module.name} puts it in"


def _plain(path: Path) -> Path:
    """The file whatever its compression; in the initrd it is another one."""
    return path.with_name(f"{name_of(path)}.ko")


def left_here(kernel: Kernel, work: Path, machine: Path = Path("/lib/modules")) -> list[str]:
    """What this machine has for its own kernels, when the one that goes in is a package's."""
    said = []
    for tree in sorted(machine.glob("*")):
        files = [path for place in PLACES for path in module_files(tree / place)]
        modules = {module_name(name_of(path)): read(path, work) for path in files}
        names = ", ".join(sorted(name for name, data in modules.items() if useful(data, modinfo(data, "alias"))))
        if names and tree.name == kernel.version:
            hint = f"--kernel /boot/vmlinuz-{tree.name} takes this machine's kernel, with it"
            said.append(f"{names} in {tree} is left out, for the kernel is the package's own; {hint}")
        elif names:
            said.append(f"{names} in {tree} is left out, for the kernel is {kernel.version}")
    return said
