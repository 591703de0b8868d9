"""The files of a file system in an image, by their contents: what a clone is for. No mount, no root.

Only what a file holds and where it is counts, and where a link points. Programs: debugfs, mtools, ntfs-3g's.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from .parts import Part
from .raw import copy_out, xxh128
from .tools import DiskError, run

Files = dict[str, str]
"""Path to the digest of what is in the file, or to where the link points."""


def files(image: Path, part: Part) -> Files | None:
    """The files of a partition; None where it has no file system that is read here. Raises DiskError."""
    reader = READERS.get(part.kind)
    if reader is None:
        return None
    with tempfile.TemporaryDirectory(prefix="files-") as name:
        folder = Path(name) / "files"
        folder.mkdir()
        reader(image, part, folder)
        return listed(folder)


def listed(folder: Path) -> Files:
    """What is below a folder."""
    found: Files = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            if path.is_symlink():
                found[str(path.relative_to(folder))] = f"-> {path.readlink()}"
            elif path.is_file():
                found[str(path.relative_to(folder))] = xxh128(path)
    return found


def _ext(image: Path, part: Part, folder: Path) -> None:
    # It complains of owners and devices that it may not make, and has status 0 whatever comes.
    done = subprocess.run(
        ["debugfs", "-R", f'rdump / "{folder}"', f"{image}?offset={part.start}"],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    wrong = [line for line in done.stderr.splitlines() if "error" in line.lower() or "corrupt" in line.lower()]
    if done.returncode or wrong:
        raise DiskError(f"debugfs cannot read partition {part.number} of {image}: {(wrong or [done.stderr])[0]}")


def _fat(image: Path, part: Part, folder: Path) -> None:
    run(["mcopy", "-s", "-n", "-i", f"{image}@@{part.start}", "::/*", folder])


def _ntfs(image: Path, part: Part, folder: Path) -> None:
    copy = copy_out(image, part.start, part.size, folder.parent / "partition")
    for name in _ntfs_names(copy):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            if subprocess.run(["ntfscat", copy, name], check=False, stdout=file, stderr=subprocess.PIPE).returncode:
                raise DiskError(f"ntfscat cannot read {name} in partition {part.number} of {image}.")


def _ntfs_names(copy: Path) -> list[str]:
    """Every file, with its folders: ntfsls lists folder by folder, each with its path and a colon in front."""
    found, folder = [], ""
    for line in run(["ntfsls", "-R", "-l", "-F", copy]).splitlines():
        if line.endswith(":") and line.startswith("/"):
            folder = line[1:-1].strip("/")
        elif (match := re.fullmatch(r"\s*\d+ \w{3} +\d+ \d\d:\d\d \d{4} (.+)", line)) and match[1][-1] != "/":
            found.append(f"{folder}/{match[1]}".lstrip("/"))
    return found


READERS: Mapping[str, Callable[[Path, Part, Path], None]] = {
    **dict.fromkeys(("ext2", "ext3", "ext4"), _ext),
    "vfat": _fat,
    "ntfs": _ntfs,
}
"""By the kind that blkid names."""
