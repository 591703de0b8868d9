"""Debian's netboot installer: what our boot is held against. Its kernel and initrd come from Debian's own package."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from initrd.apt import this_release

from .results import BenchError

RELEASES = {"bookworm": "12", "trixie": "13"}
MEMORY = 1024
"""MiB, without which it does not come to its first question."""
QUESTION = "Select a language"
"""The title of that question."""

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "installer"


def package() -> str:
    """The package that has it, of this machine's release. Raises BenchError."""
    number = RELEASES.get(this_release())
    if number is None:
        raise BenchError(f"no installer is known of this release: {', '.join(RELEASES)} are.")
    return f"debian-installer-{number}-netboot-amd64"


def files(cache: Path = CACHE) -> tuple[Path, Path]:
    """Its kernel and its initrd, downloaded and unpacked when they are not in `cache`. Raises BenchError."""
    name = package()
    kept = cache / name
    if not kept.is_dir():
        work = cache / f"{name}.new"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        _run(work, "apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", name)
        [archive] = work.glob("*.deb")
        _run(work, "dpkg", "-x", archive.name, "all")
        for file in ("linux", "initrd.gz"):
            [found] = work.glob(f"all/**/text/**/amd64/{file}")
            found.rename(work / file)
        shutil.rmtree(work / "all")
        archive.unlink()
        work.rename(kept)
    return kept / "linux", kept / "initrd.gz"


def _run(directory: Path, *words: str) -> None:
    done = subprocess.run(words, cwd=directory, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        raise BenchError(f"the installer could not be had: `{' '.join(words)}` said: {last}")
