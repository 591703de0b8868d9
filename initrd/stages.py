"""The initrd's two stages, and which file is in which.

The kernel unpacks its archive whole before /init starts. So the archive has only what the first screen needs (stage
1). All else, drivers first of all, is in a squashfs beside it (stage 2), of which only what is read is unpacked: it
costs a PC neither the time nor the memory. /init mounts it at `MOUNT`, and links stand for its files: every path is
what it would be without stages, and what is read through a link waits for nothing but the disk blocks in memory.

What is in stage 1 is derived: /init and the shell it runs in, Python, the modules that Python imports up to the first
screen (`inside/first_screen.py` runs the launcher so far), the libraries of these, and the drivers that open stage 2.

A kernel that has no squashfs in zstd's form gets one stage (`opening` gives None), and that is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from . import consoles, kernel_config, python
from .errors import BuildError, ProgramError
from .kernel import Kernel, module_files, module_name, name_of
from .libraries import Libraries
from .packed import read
from .run import run
from .tree import Tree

MOUNT, SQUASHFS = "stage2", "stage2.squashfs"
"""Where /init mounts the second stage, and its file; both in the root directory."""

DRIVERS = "stage2.drivers"
"""/init's list of what it loads before that: a driver and its parameters a line, in the order of loading."""

DIVIDED = "usr"
"""The part of the tree that is divided; what is beside it is small."""

LOOP, FORM = "loop", "squashfs"
OPENERS = {LOOP: ("max_loop=1",), FORM: ()}
"""What opens the second stage, with parameters: without this one there would be eight loop devices, and for udev's work
with each of them the operator would wait."""

PROGRAMS = ("init", "usr/bin/busybox", "usr/bin/python3")
"""What runs before the first screen is there."""

STARTED_NEXT = ("usr/bin/udevadm", "usr/bin/kmod")
"""What /init starts when the second stage is there."""

COMMON = tuple(
    "ahci ata_piix nvme sd_mod virtio_blk usb_storage xhci_pci e1000 e1000e igc r8169 realtek "
    "virtio_net r8152 virtio_pci virtio_console crc32c_intel crct10dif_pclmul crc32c_generic".split()
)
"""The drivers of the usual PC, and of the usual virtual one. Every other one is there, and takes a moment
longer to be read: it is packed together with its neighbours."""

SPOKEN = ".mo"
"""Catalogues, which are read alone before the first screen in their language, as a keymap and a font are."""

LOADED_FIRST = {"usr/bin/python3": ("libudev.so.1",)}
"""Libraries that a program of the first stage loads by itself."""


def opening(kernel: Kernel, work: Path) -> tuple[str, ...] | None:
    """The drivers that are loaded to open the second stage, in this order; None where this kernel cannot. `work` is a
    directory for what is unpacked."""
    built_in = {module_name(name) for name in _built_in(kernel)}
    needs = _needs(kernel)
    order: list[str] = []
    for name in OPENERS:
        if name not in built_in:
            if name not in needs:
                return None
            order += [one for one in (*reversed(needs[name]), name) if one not in order]
    return tuple(order) if _unpacks_zstd(kernel, work) else None


def one_stage(kernel: Kernel) -> str:
    """What is said where the initrd has one stage."""
    return (
        f"kernel {kernel.version} has no squashfs with zstd, or no loop devices: all of the initrd is unpacked at "
        "once, so that it starts later and needs more memory (CONFIG_SQUASHFS, CONFIG_SQUASHFS_ZSTD and "
        "CONFIG_BLK_DEV_LOOP would help)"
    )


def _built_in(kernel: Kernel) -> list[str]:
    try:
        return [PurePosixPath(line).stem for line in (kernel.modules / "modules.builtin").read_text().split()]
    except FileNotFoundError:
        return []


def _needs(kernel: Kernel) -> dict[str, list[str]]:
    """Each driver's needs, as modules.dep(5) has them: the last one is loaded first."""
    lines = (kernel.modules / "modules.dep").read_text(errors="replace").splitlines()
    rows = (line.partition(":") for line in lines)
    return {_name(path): [_name(need) for need in needs.split()] for path, _, needs in rows}


def _name(path: str) -> str:
    return module_name(name_of(Path(path)))


def _unpacks_zstd(kernel: Kernel, work: Path) -> bool:
    """Whether its squashfs knows zstd's form: as the kernel's configuration says, or else the driver itself."""
    found = kernel_config.configuration(kernel, work)
    if found:
        return kernel_config.read(found[0]).get("SQUASHFS_ZSTD") == "y"
    drivers = (path for path in module_files(kernel.modules) if module_name(name_of(path)) == FORM)
    return any(b"zstd" in read(path, work) for path in drivers)


def first(tree: Tree, modules_of: python.PythonTree, drivers: Iterable[str]) -> set[str]:
    """The files of the first stage. `modules_of` are Python's modules as they were staged, `drivers` what opens the
    second stage. Raises BuildError where the launcher in the tree does not come to its first screen."""
    home = modules_of.home
    modules = {(home / name).as_posix() for name in _imported(tree.root / home, modules_of)}
    starting = {found for name in PROGRAMS if (found := tree.file(name))}
    wanted = set(drivers)
    loaded = {inner for inner in tree.files() if inner.endswith(".ko") and _name(inner) in wanted}
    libraries = Libraries(tree, LOADED_FIRST)
    return starting | modules | loaded | libraries.loaded([*starting, *modules])


def _imported(home: Path, modules: python.PythonTree) -> list[str]:
    """The files below `home` that Python reads up to the first screen. Shared objects are run from where they come
    from: nothing may be run where the tree is, perhaps."""
    inside = Path("/", modules.home)
    shared = [f"{place.relative_to(inside)}={source}" for source, place in sorted(modules.extensions.items())]
    try:
        said = run(["python3", "-I", "-S", "-B", python.INSIDE / "first_screen.py", home, *shared])
    except ProgramError as error:
        raise BuildError(f"the launcher does not come to its first screen: {error}") from error
    return said.splitlines()


def divide(tree: Path, first: set[str], drivers: Sequence[str]) -> None:
    """Move what is not in `first` below `MOUNT`, with links in its place, and write for /init which drivers it loads.
    Raises BuildError where something is not found any more then."""
    write_drivers(tree, drivers)
    names = {path.relative_to(tree).as_posix() for path in tree.rglob("*")}
    links = {inner for inner in names if (tree / inner).is_symlink()}
    before = [inner for inner in sorted(names) if Tree(tree).file(inner)]
    # A link stays where it is: elsewhere a relative one would lead elsewhere.
    keep = {parent for inner in (*first, *links) for parent in PurePosixPath(inner).parents}
    for path in list(_moved(tree, tree / DIVIDED, first, keep)):
        inner = path.relative_to(tree)
        target = tree / MOUNT / inner
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
        path.symlink_to(Path("/", MOUNT, inner))
    check(Tree(tree), before)


def _moved(tree: Path, directory: Path, first: set[str], keep: set[PurePosixPath]) -> Iterator[Path]:
    """What goes to the second stage: files, and directories that need not be kept. What is empty stays."""
    for path in sorted(directory.iterdir()):
        inner = PurePosixPath(path.relative_to(tree))
        if path.is_symlink():
            continue
        if not path.is_dir():
            if inner.as_posix() not in first:
                yield path
        elif inner in keep or not any(path.iterdir()):
            yield from _moved(tree, path, first, keep)
        else:
            yield path


def order(tree: Tree, kernel: Kernel) -> dict[str, int]:
    """The priorities of the second stage's files, by their paths in it: first what every PC reads, udev and kmod with
    their libraries and indexes (3), then the drivers of the usual PC, and what a language needs (2), other drivers (1),
    and all else (0)."""
    needs = _needs(kernel)
    common = {need for name in COMMON for need in (name, *needs.get(name, ()))}
    start = Libraries(tree).loaded([program for name in STARTED_NEXT if (program := tree.file(name))])
    priorities = {}
    for inner in tree.files():
        path = inner.removeprefix(f"{MOUNT}/")
        if path != inner:
            early = inner in start or path.startswith("usr/lib/udev/") or path.endswith(".bin")
            usual = (
                path.endswith(SPOKEN)
                or path.startswith(f"{consoles.PLACE}/")
                or (path.endswith(".ko") and _name(path) in common)
            )
            priorities[path] = 3 if early else 2 if usual else 1 if path.endswith(".ko") else 0
    return priorities


def check(tree: Tree, before: Iterable[str]) -> None:
    """Raise BuildError where a file of those `before` is not found any more where it was, or where what runs before the
    second stage is there has a library in it."""
    lost = [inner for inner in before if tree.file(inner) is None]
    starting = [found for name in PROGRAMS if (found := tree.file(name))]
    loaded = {*starting, *Libraries(tree, LOADED_FIRST).loaded(starting)}
    if wrong := [*lost, *sorted(inner for inner in loaded if inner.startswith(f"{MOUNT}/"))]:
        raise BuildError(f"the initrd was divided wrongly: /{wrong[0]} is not where /init would look for it")


def write_drivers(tree: Path, drivers: Iterable[str]) -> None:
    """Write `DRIVERS` for /init. Raises BuildError where one of them is not in the tree."""
    there = {_name(path.name): path for path in module_files(tree / DIVIDED / "lib/modules")}
    names = list(drivers)
    if lacking := [name for name in names if name not in there]:
        raise BuildError(f"the driver {', '.join(lacking)} did not go in, and opens the second stage")
    lines = (" ".join((f"/{there[name].relative_to(tree)}", *OPENERS.get(name, ()))) for name in names)
    (tree / DRIVERS).write_text("".join(f"{line}\n" for line in lines))
