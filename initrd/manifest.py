"""What is in the pair: sizes, digests, versions. Written beside it as JSON.

Which kernel an initrd belongs to also stands in the initrd itself, in front (`initrd.pair.identity`).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from initrd.pair.check import check_kernel
from initrd.pair.identity import NAME, TRAILER, Identity, Part

from .cpio import header, padding
from .run import run


@dataclass(frozen=True)
class FileEntry:
    """One file of the pair; `size` in bytes."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """`kernel` is ``uname -r``, `kernel_version` the kernel's whole version string. `packages` maps each Debian package
    whose files went in to its version; `missing_firmware` maps a driver to the files it asks for that this machine does
    not have; `file_systems` are those whose tools went in. `time` is the time stamp of every file in the archive.
    `udpcfg` is the SHA-256 of the ``udpcfg.txt`` in it, None where there is none.
    """

    launcher: str
    kernel: str
    kernel_version: str
    command: str
    time: int
    files: tuple[FileEntry, ...]
    unpacked: int
    packages: dict[str, str]
    modules: tuple[str, ...]
    python_modules: tuple[str, ...]
    missing_firmware: dict[str, tuple[str, ...]]
    file_systems: tuple[str, ...]
    udpcfg: str | None = None

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=1, sort_keys=True) + "\n"


def describe(path: Path) -> FileEntry:
    """Size and digest of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileEntry(path.name, path.stat().st_size, digest)


def put_front(initrd: Path, kernel: Path, time: int) -> Identity:
    """Put in front of the archive `initrd` which kernel it belongs to. Raises PairError for no whole kernel."""
    parts = (describe(kernel), describe(initrd))
    identity = Identity(check_kernel(kernel), *(Part(entry.size, entry.sha256) for entry in parts))
    text = identity.to_json().encode()
    alone = initrd.with_suffix(".archive")
    initrd.rename(alone)
    with initrd.open("wb") as out, alone.open("rb") as archive:
        out.write(header(NAME, 1, stat.S_IFREG | 0o644, len(text), time))
        out.write(text + padding(len(text)))
        out.write(header(TRAILER, 0, 0, 0, 0))
        shutil.copyfileobj(archive, out, 1 << 20)
    alone.unlink()
    return identity


def debian_packages(paths: Iterable[Path]) -> dict[str, str]:
    """The Debian packages that own these files of this machine, with their versions; unowned ones are left out."""
    # Debian 12 merged /lib into /usr/lib, but dpkg knows many files by the older name only.
    names = sorted({str(path) for path in paths} | {str(path).removeprefix("/usr") for path in paths})
    owners: set[str] = set()
    for line in run(["dpkg-query", "--search", *names], tolerate=True).splitlines():
        if ": /" in line and not line.startswith("diversion "):
            owners.update(line.split(": /")[0].split(", "))
    if not owners:
        return {}
    rows = run(["dpkg-query", "--show", "-f", "${binary:Package}\t${Version}\n", *sorted(owners)]).splitlines()
    return {name.split(":")[0]: version for name, version in (row.split("\t") for row in rows)}
