"""The pair in the project's cache: built when there is none, or when what goes into it has changed.

    python3 -m qemu.pair [DIR]

Exit status: 0 the pair is there; 1 it could not be built (the builder's sentence is on standard error).
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from initrd import apt
from initrd.build import DEBIAN_PACKAGES, INITRD, LINUX, MANIFEST

PROJECT = Path(__file__).resolve().parent.parent
CACHE = PROJECT / ".cache"
KERNELS = CACHE / "kernel"
STAMP = ".made-from"
FOLDERS = ("initrd", "launcher", "kernel_cmdline")


def fingerprint(release: str | None) -> str:
    """A digest of our files and of the versions of the Debian packages that go into the pair."""
    digest = hashlib.sha256()
    for folder in FOLDERS:
        for path in sorted((PROJECT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(PROJECT)}\0{path.stat().st_mode & 0o777}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    query = ["dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Abbrev}\\n", *DEBIAN_PACKAGES]
    versions = subprocess.run(query, check=False, capture_output=True).stdout  # unknown ones are the builder's matter
    candidate = ["apt-cache", *apt.options(release, KERNELS), "show", "--no-all-versions", "linux-image-amd64"]
    kernel = subprocess.run(candidate, check=False, capture_output=True).stdout
    digest.update(versions + kernel)
    return digest.hexdigest()


def ensure(directory: Path, release: str | None = None) -> bool:
    """Have a current pair in `directory`, with the kernel of Debian's `release` or else of this machine's; returns
    whether it had to be built. Raises CalledProcessError, BuildError."""
    stamp, wanted = directory / STAMP, fingerprint(release)
    if all((directory / name).is_file() for name in (LINUX, INITRD, MANIFEST)) and stamp.is_file():
        if stamp.read_text() == wanted:
            return False
        stamp.unlink()
    build = [sys.executable, "-m", "initrd", "build", "-o", str(directory), "--cache", str(KERNELS)]
    build += ["--release", release] if release else []
    subprocess.run(build, check=True, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    stamp.write_text(wanted)
    return True


def main(arguments: list[str]) -> int:
    directory = Path(arguments[0]) if arguments else CACHE / "pair"
    try:
        built = ensure(directory)
    except subprocess.CalledProcessError as error:
        return 1 if error.returncode >= 0 else 3
    print(f"{directory}: {'built' if built else 'up to date'}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
