"""Builds the pair: from a kernel, dracut's gathering and our Python to three files in one directory."""

from __future__ import annotations

import ast
import contextlib
import errno
import hashlib
import logging
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from initrd.pair import bzimage, check, pe
from kernel_cmdline import showable

from . import (
    configuration,
    consoles,
    firmware,
    image,
    interruption,
    kernel,
    kernel_config,
    manifest,
    module_signatures,
    output,
    packing,
    python,
    stages,
    tools,
    workspace,
)
from .drivers import account, left_here, outside, prefer, replace, wanted, went_in
from .errors import BuildError, writing
from .manifest import Manifest
from .run import SOURCE_TOOL_PACKAGES, TOOL_PACKAGES, missing, missing_tools
from .tree import Tree

LOG = logging.getLogger("initrd")


def tool_packages(project: Path, file_systems: Sequence[str] = tools.FILE_SYSTEMS) -> dict[str, str]:
    """The programs that building `project` with the tools of these file systems needs, and their Debian packages."""
    needless = tools.left_out(project, file_systems)
    needed = {name: package for name, package in TOOL_PACKAGES.items() if name not in needless}
    return needed | (SOURCE_TOOL_PACKAGES if python.catalogue_sources(project) else {})


DEBIAN_PACKAGES = tuple(
    sorted(
        {
            *tool_packages(python.PROJECT).values(),
            *python.PYTHON_PACKAGES.values(),
            *("udev", "libudev1", "libzstd1", consoles.FONT_PACKAGE, consoles.LAYOUTS_PACKAGE),
        }
    )
)
"""What must be installed on the machine that builds."""

LINUX, INITRD, MANIFEST = check.KERNEL, check.INITRD, check.MANIFEST

EPOCH = 1_700_000_000
"""Time stamp of all files in the archive, seconds since 1970, unless SOURCE_DATE_EPOCH is set."""


WORK_MB, PACK_MB, PAIR_MB = 300, 120, 80
"""What gathering, packing and putting in place take at most (in MB; Debian 12 and 13, without firmware)."""


def default_cache() -> Path | None:
    """Where kernel packages are kept between builds (XDG Base Directory Specification); None for whom has no home."""
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if given.is_absolute():
        return given / "udpcast-launcher"
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return home / ".cache/udpcast-launcher" if home.exists() else None  # root could make one for a user without


@contextlib.contextmanager
def cache_at(given: Path | None) -> Iterator[Path]:
    """The directory for kernel packages: `given`, the usual one, or one for this build where that cannot be used."""
    path = given or default_cache()
    try:
        if path is None:
            raise OSError(errno.ENOENT, "there is no home directory")
        path = path.absolute()
        path.mkdir(parents=True, exist_ok=True)
        if not os.access(path, os.W_OK | os.X_OK):
            raise OSError(errno.EACCES, "Permission denied")
    except OSError as error:
        if given or error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        shown = showable(str(path or "~/.cache"))
        LOG.warning("kernel packages are not kept: %s (%s); --cache names a place", shown, error.strerror)
        with workspace.temporary(workspace.choose(workspace.places(None, os.environ))) as own:
            yield own
    else:
        yield path


def build(
    out: Path,
    kernel_file: Path | None = None,
    modules: Path | None = None,
    *,
    release: str | None = None,
    cache: Path | None = None,
    drivers: Sequence[str] = (),
    file_systems: tuple[str, ...] = tools.FILE_SYSTEMS,
    firmware_dir: Path | None = None,
    config: Path | None = None,
    command: str = "",
    project: Path = python.PROJECT,
) -> Manifest:
    """Write the pair and its manifest to `out`, all three or none, and return the manifest.

    `kernel_file` None means the current kernel of Debian's `release`, or else of this machine's, kept in `cache`.
    `drivers` are kernel modules that go in besides the usual ones, `file_systems` those whose tools go in (of
    `tools.FILE_SYSTEMS`). `firmware_dir` has firmware besides this machine's; `config` is the ``udpcfg.txt`` that
    goes in; `project` is the directory that holds our packages. Raises BuildError with one sentence, or one for each
    mistake in `config`.
    """
    udpcfg = configuration.read(config) if config else None
    check_host(project, file_systems)
    out, project = out.absolute(), project.absolute()
    kernel_file, modules, cache = (path and path.absolute() for path in (kernel_file, modules, cache))
    workspace.check_names(project, output=out, kernel=kernel_file, modules=modules, cache=cache or default_cache())
    with disk_errors(), pair_errors(), umask(0o022), cache_at(cache) as kept:
        out.mkdir(parents=True, exist_ok=True)
        output.mend(out)
        candidates = workspace.places(kept, os.environ)
        workspace.sweep([*candidates, out])
        with workspace.temporary(workspace.choose(candidates)) as work:
            source = kernel.given(kernel_file, modules) if kernel_file else kernel.fetch(kept, release)
            kernel.check_drivers(source, drivers)
            check.check_kernel(source.image)
            drivers = (*drivers, *kernel_config.check(source, work))
            new = work / "new"
            new.mkdir()
            result = make(source, work, new, drivers, file_systems, command, project, firmware_dir, udpcfg)
            interruption.too_late()
            with writing("the pair", out, PAIR_MB, "give another directory with -o"):
                output.put(out, new, (LINUX, INITRD, MANIFEST))
    return result


def check_host(project: Path, file_systems: Sequence[str] = tools.FILE_SYSTEMS) -> None:
    """Raise BuildError when something is missing here; it names all of it, and the Debian packages."""
    wanted = tool_packages(project, file_systems)
    programs, libraries, fonts = missing_tools(wanted), python.missing_libraries(), consoles.missing_fonts()
    of_libraries = (python.PYTHON_PACKAGES[name] for name in libraries)
    of_fonts = (consoles.FONT_PACKAGE for _ in fonts)
    packages = dict.fromkeys([*(wanted[name] for name in programs), *of_libraries, *of_fonts])
    if packages:
        names = [*programs, *(f"Python's {name}" for name in libraries), *fonts]
        raise missing(names, packages)


def make(
    source: kernel.Kernel,
    work: Path,
    new: Path,
    drivers: Sequence[str],
    file_systems: tuple[str, ...],
    command: str,
    project: Path,
    firmware_dir: Path | None = None,
    udpcfg: bytes | None = None,
) -> Manifest:
    """Write the three files to the directory `new`."""
    time = epoch()
    staged = work / "staged"
    elsewhere = f"{kernel.ELSEWHERE}, or with TMPDIR"
    with writing("gathering the files of the initrd", work, WORK_MB, elsewhere):
        source = kernel.usable(source, work)
        opener = stages.opening(source, work)
        modules = python.stage(staged, project)
        drawn_with = consoles.stage(staged, project, work)
        if udpcfg is not None:
            configuration.put(udpcfg, staged)
        found = outside(source, work)
        programs = tools.to_install(project, file_systems)
        added = [*drivers, *wanted(found, source), *(opener or ())]
        tree = image.gather(source, modules, staged, added, programs, work)
        replace(found, source, tree)
        firmware.complete(tree, source, work, firmware_dir)
        lacking = firmware.missing(tree, source)
        refused = module_signatures.warnings(tree, source, work)
        image.tidy(tree, source, compressed=opener is None)
        inside = went_in(found, source, tree)
        prefer(inside, source, tree)
        image.resolve(tree, project, modules, source, file_systems)
    if opener is None:
        LOG.warning("%s", showable(stages.one_stage(source)))
    for sentence in (*account(found, inside, source), *refused, *(left_here(source, work) if source.package else ())):
        LOG.warning("%s", showable(sentence))
    names = tuple(path.name.split(".ko")[0] for path in image.driver_files(tree))
    unpacked = sum(path.lstat().st_size for path in tree.rglob("*") if stat.S_ISREG(path.lstat().st_mode))
    packages = manifest.debian_packages([*modules.sources, *drawn_with, *host_files(tree, staged)])
    if source.package and source.package_version:
        packages[source.package] = source.package_version
    with writing("packing the initrd", work, PACK_MB, elsewhere):
        write(tree, new / INITRD, time, source, modules, opener, work)
        shutil.copyfile(source.image, new / LINUX)
    identity = manifest.put_front(new / INITRD, new / LINUX, time)
    check.check_pair(new / LINUX, new / INITRD)
    if why := pe.why_refused(new / LINUX):
        LOG.warning("PCs with Secure Boot will refuse %s: %s", showable(str(source.image)), why)
    if bzimage.release(identity.version) != source.version:
        raise BuildError(f"{source.image} became another kernel while the pair was built; build again")
    result = Manifest(
        launcher=launcher_version(project),
        kernel=source.version,
        kernel_version=identity.version,
        command=command,
        time=time,
        files=(manifest.describe(new / LINUX), manifest.describe(new / INITRD)),
        unpacked=unpacked,
        packages=dict(sorted(packages.items())),
        modules=names,
        python_modules=tuple(sorted(name_of(path, staged / modules.home) for path in staged.rglob("*.pyc"))),
        missing_firmware=lacking,
        file_systems=file_systems,
        udpcfg=None if udpcfg is None else hashlib.sha256(udpcfg).hexdigest(),
    )
    (new / MANIFEST).write_text(result.to_json())
    return result


def write(
    tree: Path,
    out: Path,
    time: int,
    source: kernel.Kernel,
    modules: python.PythonTree,
    opener: Sequence[str] | None,
    work: Path,
) -> None:
    """Write the initrd, in two stages where `opener` names what opens the second one. The tree is spent then."""
    form = kernel_config.archive_form(source, work)
    if opener is None:
        packing.pack(tree, out, time, form)
        return
    stages.divide(tree, stages.first(Tree(tree), modules, opener), opener)
    second = work / stages.SQUASHFS
    packing.squash(tree / stages.MOUNT, second, time, stages.order(Tree(tree), source))
    shutil.rmtree(tree / stages.MOUNT)
    (tree / stages.MOUNT).mkdir()
    packing.pack(tree, out, time, form, second)


def epoch() -> int:
    """SOURCE_DATE_EPOCH, or ours. Raises BuildError where the archive cannot have it (eight hexadecimal digits)."""
    given = os.environ.get("SOURCE_DATE_EPOCH", str(EPOCH))
    if not (given.isascii() and given.isdigit() and int(given) < 2**32):
        raise BuildError(f"SOURCE_DATE_EPOCH is {given!r}; whole seconds since 1970 were expected, below 2^32", 2)
    return int(given)


def name_of(path: Path, home: Path) -> str:
    """The dotted name of a compiled module."""
    return ".".join(path.relative_to(home).with_suffix("").parts).removesuffix(".__init__")


def host_files(tree: Path, staged: Path) -> Iterator[Path]:
    """The files of this machine that dracut copied to the same path in `tree`."""
    for path in tree.rglob("*"):
        inner = path.relative_to(tree)
        if path.is_file() and not path.is_symlink() and not (staged / inner).exists() and "modules" not in inner.parts:
            yield Path("/") / inner


def launcher_version(project: Path) -> str:
    """The version that the launcher in `project` has, read without importing it."""
    for statement in ast.parse((project / "launcher/__init__.py").read_bytes()).body:
        match statement:
            case ast.Assign(targets=[ast.Name("VERSION")], value=ast.Constant(value)):
                return str(value)
    raise ValueError("launcher/__init__.py assigns no VERSION")


@contextlib.contextmanager
def umask(value: int) -> Iterator[None]:
    old = os.umask(value)
    try:
        yield
    finally:
        os.umask(old)


@contextlib.contextmanager
def pair_errors() -> Iterator[None]:
    """A kernel that is cut cannot be used."""
    try:
        yield
    except check.PairError as error:
        raise BuildError(str(error).removesuffix("."), 2) from error


@contextlib.contextmanager
def disk_errors() -> Iterator[None]:
    """Turn errors of the file system into one sentence."""
    try:
        yield
    except OSError as error:
        where = error.filename2 or error.filename or "the disk"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise BuildError(
                f"the disk is full at {where}; make room there, or give other places with -o and --cache"
            ) from error
        raise BuildError(
            f"{where} cannot be used: {error.strerror}; choose other places with -o and --cache"
        ) from error
