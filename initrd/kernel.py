"""Where the kernel and its modules come from: a file that was given, or the distribution's current package."""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import logging
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from initrd.pair import bzimage, check
from initrd.pair.lock import LockError, locked
from kernel_cmdline import showable

from . import apt, packed, workspace
from .errors import BuildError, writing
from .run import run
from .workspace import is_plain

META_PACKAGES = {"amd64": "linux-image-amd64", "i386": "linux-image-686-pae"}
"""Debian's package that depends on the current kernel, for each architecture that has a bzImage."""

LISTS_MB, KERNEL_MB = 80, 500
"""What apt's lists of a release take, and a kernel package with what is in it (in MB; Debian 12 and 13)."""

ELSEWHERE = "give another place with --cache"

PATIENCE = 3600.0
"""Seconds for which one build waits for the download of another."""

LOG = logging.getLogger("initrd")

PLACES = ("lib/modules", "usr/lib/modules")
"""Where a distribution has its modules."""

GZIP = ".gz"

MODULE = re.compile(r"\.ko(\.\w+)?$")


@dataclass(frozen=True)
class Kernel:
    """A bzImage, its version (``uname -r``) and its module tree, a directory ``…/lib/modules/VERSION``.

    `package` and `package_version` are None for a kernel that was given as a file.
    """

    image: Path
    version: str
    modules: Path
    package: str | None = None
    package_version: str | None = None


def bzimage_version(head: bytes) -> str:
    """The version in the first 32 KiB of a bzImage (Documentation/arch/x86/boot.rst, ``kernel_version``).

    Raises ValueError when this is no bzImage.
    """
    return bzimage.release(bzimage.whole_version(head))


def given(image: Path, modules: Path | None) -> Kernel:
    """The kernel file `image`, with the modules in `modules` or beside it.

    `modules` may be the directory of one version or the ``lib/modules`` above it. Raises BuildError.
    """
    try:
        with check.opened(image) as file:
            head = file.read(0x8000)
    except OSError as error:
        raise BuildError(f"--kernel {image} cannot be read: {error.strerror}", 2) from error
    try:
        version = bzimage_version(head)
    except ValueError as error:
        raise BuildError(f"--kernel {image} is no kernel for x86: {error}; a bzImage was expected", 2) from error
    return Kernel(image, version, find_modules(image, version, modules))


def find_modules(image: Path, version: str, modules: Path | None) -> Path:
    """The directory that holds ``kernel/`` for `version`. Raises BuildError when there is none.

    Debian has the kernel in ``boot/`` and these in ``lib/modules/``, or since 13 in ``usr/lib/modules/``; Fedora, Arch
    and openSUSE have the kernel itself there as well (``usr/lib/modules/VERSION/vmlinuz``).
    """
    if modules is not None:
        candidates = [modules / version, modules, *(modules / place / version for place in PLACES)]
    else:
        above = image.resolve().parent
        candidates = [base / place / version for base in (above, above.parent) for place in PLACES]
        candidates += [above, *(Path("/") / place / version for place in PLACES)]
    for candidate in candidates:
        if candidate.name == version and (candidate / "kernel").is_dir():
            return candidate
    looked = ", ".join(str(candidate) for candidate in candidates)
    raise BuildError(
        f"there are no modules for kernel {version} (looked in {looked}); give their directory with --modules",
        2,
    )


def usable(kernel: Kernel, work: Path) -> Kernel:
    """`kernel` with a module tree that dracut takes: at the usual path, without blanks; each module a file, no link,
    and not packed by gzip, of which Debian's kmod knows nothing; all of them in depmod's index, which drivers that came
    later need not be in. If need be, it is a copy in `work`.
    """
    tree, version = kernel.modules.resolve(), kernel.version
    files = module_files(tree)
    if (
        tree.parts[-3:] == ("lib", "modules", version)
        and (tree / "modules.dep").is_file()
        and is_plain(tree)
        and all(path.relative_to(tree).parts[0] == "kernel" and not path.is_symlink() for path in files)
        and not any(path.suffix == GZIP for path in files)
        and {path.relative_to(tree).as_posix() for path in files} <= _indexed(tree)
    ):
        return dataclasses.replace(kernel, modules=tree)
    copy = work / "lib/modules" / version
    copy.mkdir(parents=True)
    for path in files:
        target = copy / path.relative_to(tree)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == GZIP:
            target.with_suffix("").write_bytes(packed.read(path, work))
        else:
            _link(path.resolve(), target)
    for path in tree.glob("modules.*"):  # what is built in, the order; depmod makes the others anew
        shutil.copyfile(path, copy / path.name)
    run(["depmod", "-b", work, version])
    return dataclasses.replace(kernel, modules=copy)


def _indexed(tree: Path) -> set[str]:
    """The drivers that depmod's index has, by their paths below `tree`."""
    lines = (tree / "modules.dep").read_text(errors="replace").splitlines()
    return {line.partition(":")[0] for line in lines}


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)


def check_drivers(kernel: Kernel, names: Sequence[str]) -> None:
    """Raise BuildError that names those of the drivers which the kernel does not have: dracut would leave them out."""
    there = {module_name(name_of(path)) for path in module_files(kernel.modules)}
    with contextlib.suppress(OSError):  # what is built in needs no file, and is there
        there |= {module_name(Path(line).stem) for line in (kernel.modules / "modules.builtin").read_text().split()}
    unknown = [name for name in names if module_name(name) not in there]
    if unknown:
        near = [close for name in unknown for close in difflib.get_close_matches(module_name(name), there, 1, 0.8)]
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        raise BuildError(f"kernel {kernel.version} has no driver {', '.join(unknown)} (--add-driver){hint}", 2)


def module_files(directory: Path) -> list[Path]:
    """All kernel modules below `directory`, compressed or not, sorted; none where there is no directory."""
    return sorted(path for path in directory.rglob("*") if MODULE.search(path.name) and path.is_file())


def name_of(path: Path) -> str:
    """What the module in this file is called."""
    return path.name.split(".ko")[0]


def module_name(name: str) -> str:
    """A driver's name as modprobe compares it: ``-`` is ``_``."""
    return name.replace("-", "_")


def fetch(cache: Path, release: str | None = None) -> Kernel:
    """The current kernel of Debian's `release`, or else of this machine's, downloaded and unpacked below `cache` unless
    it is there already.

    Nothing is installed, and no root is needed. One build at a time does this in `cache`. Raises BuildError.
    """
    architecture = run(["dpkg", "--print-architecture"]).strip()
    if architecture not in META_PACKAGES:
        known = ", ".join(META_PACKAGES)
        raise BuildError(f"no kernel package is known for {architecture} (known: {known}); give one with --kernel")
    with alone(cache):
        with writing("the list of packages", cache, LISTS_MB, ELSEWHERE):
            options = apt.options(release, cache)
        package, version = current_package(META_PACKAGES[architecture], options)
        place = cache / f"{package}_{version.replace(':', '%')}_{architecture}"
        if not _is_whole(place):
            with writing("the kernel package", cache, KERNEL_MB, ELSEWHERE):
                download(package, version, place, options)
    images = list(place.glob("boot/vmlinuz-*"))
    if len(images) != 1:
        raise BuildError(f"the package {package} holds no kernel in {place}/boot; delete {place} and try again")
    release = images[0].name.removeprefix("vmlinuz-")
    return Kernel(images[0], release, place / "lib/modules" / release, package, version)


def _is_whole(place: Path) -> bool:
    """Whether a package is kept there, and power did not fail while it was written: files are cut or empty then."""
    images = [*place.glob("boot/vmlinuz-*")]
    try:
        for image in images:
            check.check_kernel(image)
    except (check.PairError, OSError):
        return False
    indexes = [*place.glob("lib/modules/*/modules.dep")]
    files = (*indexes, *module_files(place / "lib/modules"))
    return bool(images and indexes) and all(path.stat().st_size for path in files)


@contextlib.contextmanager
def alone(cache: Path) -> Iterator[None]:
    """Be the only build that fetches something to `cache`."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locked(cache, 0.1))
        except LockError:
            LOG.warning("another build fetches a kernel to %s; this one waits for it", showable(str(cache)))
            try:
                stack.enter_context(locked(cache, PATIENCE))
            except LockError as error:
                raise BuildError(f"another build has held {cache} for an hour; end it, or {ELSEWHERE}") from error
        yield


def current_package(meta: str, options: Sequence[str] = ()) -> tuple[str, str]:
    """Name and version of the kernel package that the newest `meta` depends on, as apt sees it with `options`."""
    text = run(["apt-cache", *options, "show", "--no-all-versions", meta], tolerate=True)
    found = re.search(r"^Depends: .*?(linux-image-[\w.+-]+) \(= ([\w.+:~-]+)\)", text, re.MULTILINE)
    if found is None:
        raise BuildError(f"apt knows no package {meta}; run apt-get update, or give a kernel with --kernel")
    return found[1], found[2]


def download(package: str, version: str, place: Path, options: Sequence[str] = ()) -> None:
    """Put the unpacked package at `place`, completely or not at all; what is there is incomplete."""
    with workspace.temporary(place.parent) as work:
        # apt drops to its user _apt for downloads when it is root, and that user may not write here.
        words = ("download", "-q", "-o", "APT::Sandbox::User=root", f"{package}={version}")
        apt.ask("apt-get", *options, *words, cwd=work)
        archive = next(work.glob("*.deb"))
        unpacked = work / "unpacked"
        run(["dpkg", "-x", archive, unpacked])
        if not (unpacked / "lib").exists():
            (unpacked / "lib").symlink_to(
                "usr/lib"
            )  # where the modules are since Debian 13, and as it is on its machines
        for tree in unpacked.glob("lib/modules/*"):
            run(["depmod", "-b", unpacked, tree.name])
        if place.exists():
            place.rename(work / "incomplete")
        unpacked.rename(place)
