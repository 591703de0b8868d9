"""What tests of disks stand on: programs that must do, files in the place of disks, loop devices that do not stay."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MIB = 1 << 20


def environment(**more: str) -> dict[str, str]:
    """Programs are found where administrators have them, speak English, and mtools takes what mkfs.vfat made."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    return {**os.environ, "LC_ALL": "C", "PATH": path, "MTOOLS_SKIP_CHECK": "1", **more}


def run(*words: object, text: str = "", **more: str) -> str:
    """What a program writes, with `text` as its input and `more` in its environment; it ends well."""
    argv = tuple(map(str, words))
    done = subprocess.run(argv, check=False, capture_output=True, text=True, input=text, env=environment(**more))
    assert done.returncode == 0, (argv, done.stdout, done.stderr)
    return done.stdout


def sparse(path: Path, size: int) -> Path:
    """A new file of so many zeros."""
    with path.open("wb") as file:
        file.truncate(size)
    return path


@contextmanager
def loop(image: Path, *options: str) -> Iterator[Path]:
    """A block device over `image`, with these options of losetup(8)."""
    device = run("losetup", "--find", "--show", *options, image).strip()
    try:
        yield Path(device)
    finally:
        subprocess.run(["partx", "--delete", device], check=False, capture_output=True, env=environment())
        run("losetup", "--detach", device)
