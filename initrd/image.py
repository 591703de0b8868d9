"""The initrd: dracut gathers the files, and here they are made small, put in order and packed."""

from __future__ import annotations

import concurrent.futures
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from . import elf, packed, vermagic
from .errors import BuildError
from .kernel import Kernel, module_files
from .libraries import complete
from .packing import ZSTD_LEVEL
from .python import PythonTree
from .resolve import LOADED_LATER, Image, check
from .run import end_all, find_tool, run
from .scripts import interpreter
from .tree import Tree

DRACUT_MODULE = Path(__file__).resolve().parent / "dracut/90udpcast"
DRACUT_BASE = Path("/usr/lib/dracut")
SHOWN = 3
"""So many drivers are named in a sentence."""

HOST_FILES = ("etc/ld.so.cache", "etc/ld.so.conf", "etc/ld.so.conf.d", "etc/conf.d", "usr/lib/dracut")
"""What dracut adds about this machine and about itself; libraries are where the loader looks anyway."""

ADMINISTRATORS = "usr/local"
"""Where an administrator has things of his own. dracut takes a library from there that comes before Debian's, where the
booted machine, which has no cache of its loader, would not find it."""

NEEDLESS_INDEXES = (
    "modules.alias",
    "modules.dep",
    "modules.devname",
    "modules.symbols",
    "modules.symbols.bin",
    "modules.order",
    "modules.builtin",
    "modules.builtin.modinfo",
    "modules.builtin.alias.bin",
)
"""depmod's texts; kmod reads only the binary indexes, and symbols are resolved when depmod runs."""


def gather(
    kernel: Kernel, python: PythonTree, staged: Path, drivers: Sequence[str], programs: Sequence[str], work: Path
) -> Path:
    """Have dracut collect everything in a directory below `work`, and return it. `programs` are the launcher's.

    Raises BuildError.
    """
    base, config, temporary = work / "dracut", work / "dracut.conf.d", work / "dracut.tmp"
    for directory in (base / "modules.d", config, temporary):
        directory.mkdir(parents=True)
    find_tool("dracut")
    for part in DRACUT_BASE.iterdir():
        if part.name != "modules.d":
            (base / part.name).symlink_to(part)
    (base / "modules.d" / DRACUT_MODULE.name).symlink_to(DRACUT_MODULE)
    command: list[str | Path] = [
        "dracut", "--force", "--keep", "--conf", "/dev/null", "--confdir", config, "--tmpdir", temporary,
        "--kver", kernel.version, "--kmoddir", kernel.modules,
        "--no-hostonly", "--no-hostonly-cmdline", "--no-early-microcode", "--nofscks", "--nolvmconf", "--nomdadmconf",
        "--nostrip", "--nohardlink", "--no-compress", "--reproducible", "--modules", "udpcast",
        "--include", staged, "/",
        *(["--add-drivers", " ".join(drivers)] if drivers else []),
        work / "dracut.img",
    ]  # fmt: skip
    extensions = "\n".join(f"{source} {target}" for source, target in sorted(python.extensions.items()))
    environment = {"dracutbasedir": str(base), "UDPCAST_EXTENSIONS": extensions, "SOURCE_DATE_EPOCH": "0"}
    environment["UDPCAST_PROGRAMS"] = " ".join(programs)
    # As root, dracut would make device nodes and copy attributes; the kernel makes the nodes, and the archive has none.
    environment |= {"DRACUT_NO_MKNOD": "1", "DRACUT_NO_XATTR": "1"}
    said = run(command, environment=environment)
    trees = list(temporary.glob("dracut.*/initramfs"))
    if len(trees) != 1:
        raise BuildError(f"dracut left no tree in {temporary}: {said.strip()[-200:]}; --verbose shows what it did")
    (work / "dracut.img").unlink(missing_ok=True)
    shutil.rmtree(trees[0] / ADMINISTRATORS, ignore_errors=True)
    complete(Tree(trees[0]), Tree(Path("/")), LOADED_LATER)
    run_scripts(Tree(trees[0]))
    each(unpack, [path for path in driver_files(trees[0]) if path.suffix != ".ko"])
    return trees[0]


def run_scripts(tree: Tree) -> None:
    """Make all scripts executable: a checkout may have lost that (an archive, a file system of Windows)."""
    for inner in tree.files():
        if interpreter(tree.read(inner, 2)) is not None:
            path = tree.root / inner
            path.chmod(path.stat().st_mode | 0o755)


def resolve(tree: Path, project: Path, python: PythonTree, kernel: Kernel, file_systems: tuple[str, ...]) -> None:
    """Raise BuildError where something that the image needs is not in it."""
    setup = (DRACUT_MODULE / "module-setup.sh").read_text()
    check(Image(Tree(tree), project, python.home, kernel, setup, file_systems))


def tidy(tree: Path, kernel: Kernel, *, compressed: bool) -> None:
    """Take out what belongs to this machine, and index the drivers anew. `compressed`: each of them is, on its own, so
    that most stay so in memory for ever: a machine loads a dozen. In a squashfs they are as they are."""
    for name in HOST_FILES:
        path = tree / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    drivers = driver_files(tree)
    if not drivers:
        raise BuildError(
            f"no driver for kernel {kernel.version} went in; are the modules in {kernel.modules} complete?"
        )
    whole([path for path in drivers if path.suffix == ".ko"])
    vermagic.check([path for path in drivers if path.suffix == ".ko"], kernel.version)
    if compressed:
        each(compress, [path for path in drivers if path.suffix == ".ko"])
    run(["depmod", "-b", tree, kernel.version])
    for name in NEEDLESS_INDEXES:
        (tree / "usr/lib/modules" / kernel.version / name).unlink(missing_ok=True)


def whole(drivers: Sequence[Path]) -> None:
    """Raise BuildError where one of the unpacked drivers is cut, or none at all: only the booted machine would tell."""
    cut = [path.name.removesuffix(".ko") for path in drivers if not elf.is_whole(path.read_bytes())]
    if cut:
        more = f" and {len(cut) - SHOWN} more" if len(cut) > SHOWN else ""
        raise BuildError(
            f"damaged drivers: {', '.join(cut[:SHOWN])}{more}; put the kernel's modules there again (a kernel that "
            "is kept in the cache is fetched again when its folder is deleted)"
        )


def driver_files(tree: Path) -> list[Path]:
    """All kernel modules in the initrd `tree`."""
    return module_files(tree / "usr/lib/modules")


def each(work: Callable[[Path], None], paths: Sequence[Path]) -> None:
    """Do `work` with every path, as many at a time as there are processors. The first error ends all."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            for job in [pool.submit(work, path) for path in paths]:
                job.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            end_all()
            raise


def unpack(path: Path) -> None:
    """Replace a packed driver (Debian's are in xz's form since 13) by the driver: its firmware is to be read off,
    zstd's form loads faster, and Debian's kmod knows nothing of gzip's. Raises BuildError."""
    path.with_suffix("").write_bytes(packed.read(path, path.parent))
    path.unlink()


def compress(path: Path) -> None:
    """Replace a file by its zstd form."""
    run(["zstd", "-q", ZSTD_LEVEL, "--rm", path])
