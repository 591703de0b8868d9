"""The Debian package and the wheel, built from a copy of the checkout, and one clean Debian to install them in.

mmdebstrap makes the clean Debian from the host's own apt sources; an archive of it is kept in the cache. As root and,
with user namespaces (package uidmap, an entry in /etc/subuid), without. What runs in it sees the host's network.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from initrd import apt
from tests.common import ROOT

CACHE = ROOT / ".cache"
KERNELS = CACHE / "kernels"
NOT_COPIED = (".git", ".venv", ".cache", ".*_cache", ".hypothesis", "__pycache__", "*.pyc")

NAMESPACES = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
"""What is mounted and started in them goes with the command."""
if os.geteuid():
    NAMESPACES += ["--user", "--map-root-user", "--map-auto"]

ENTER = """
set -e
root=$1 share=$2 kernels=$3
shift 3
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
mount --bind "$share" "$root/mnt"
mount --bind "$kernels" "$root/srv"
for file in resolv.conf hosts; do
  [ -e "$root/etc/$file" ] || : > "$root/etc/$file"
  mount --bind "/etc/$file" "$root/etc/$file"
done
exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "$@"
"""


def run(*argv: str | Path, cwd: Path | None = None, status: int | None = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(argv, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return expect(status, argv, done)


def expect(
    status: int | None, argv: Sequence[str | Path], done: subprocess.CompletedProcess[str]
) -> subprocess.CompletedProcess[str]:
    """`done` itself, when it ended with `status`."""
    words = " ".join(str(word) for word in argv)
    assert status in {None, done.returncode}, f"{words}: status {done.returncode}\n{done.stdout}{done.stderr}"
    return done


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, so that nothing is written there."""
    copy = tmp_path_factory.mktemp("source") / "udpcast-launcher"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*NOT_COPIED))
    return copy


@pytest.fixture(scope="session")
def deb(source: Path) -> Path:
    """The Debian package."""
    # build-essential has a C compiler, and there is nothing to compile.
    run("dpkg-buildpackage", "--no-sign", "--build=binary", "--ignore-builtin-builddeps", cwd=source)
    (made,) = source.parent.glob("*.deb")
    return made


@pytest.fixture(scope="session")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, from the checkout."""
    out = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", out, source)
    (made,) = out.glob("*.whl")
    return made


@pytest.fixture(scope="session")
def share(deb: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory that is /mnt inside: both packages, what the wheel needs, and PyPI's own `qemu`."""
    directory = tmp_path_factory.mktemp("share")
    shutil.copy(deb, directory / "launcher.deb")
    wheels = directory / "wheels"
    run(sys.executable, "-m", "pip", "download", "--quiet", "--dest", wheels, wheel, "qemu", "qemu.qmp")
    return directory


@pytest.fixture(scope="session")
def inside(deb: Path, share: Path) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Runs a command in the clean Debian, which has only what the package depends on, and python3-venv.

    There, /mnt is `share`, and /srv the cache of kernel packages.
    """
    depends = run("dpkg-deb", "--field", deb, "Depends").stdout.split(",")
    names = [*(word.split()[0].removesuffix(":any") for word in depends), "python3-venv"]
    KERNELS.mkdir(parents=True, exist_ok=True)
    kept = archive(names)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix=".clean-root-") as name:
        path = Path(name, "root")

        def enter(*argv: str, status: int | None = 0) -> subprocess.CompletedProcess[str]:
            done = run(*NAMESPACES, "sh", "-c", ENTER, "sh", path, share, KERNELS, *argv, status=None)
            return expect(status, argv, done)

        try:
            run(*NAMESPACES, "mkdir", path)
            run(*NAMESPACES, "tar", "-C", path, "--exclude=./dev/*", "-xf", kept)
            yield enter
        finally:
            run(*NAMESPACES, "rm", "-rf", path)  # as the namespace's root, since the files are its users'


def archive(packages: Sequence[str]) -> Path:
    """The archive of a Debian of the host's release with these packages, made unless it is in the cache."""
    release = apt.this_release()
    sources = apt.sources(release)
    newest = run("apt-cache", "show", "--no-all-versions", "linux-image-amd64").stdout  # apt inside shall know it, too
    key = hashlib.sha256("\0".join([sources, newest, *packages]).encode()).hexdigest()[:16]
    kept = CACHE / f"clean-root-{release}-{key}.tar.zst"
    if not kept.exists():
        for stale in CACHE.glob("clean-root-*.tar.zst"):
            stale.unlink()
        with tempfile.TemporaryDirectory(dir=CACHE, prefix=".clean-root-") as name:
            made, listed = Path(name, "root.tar.zst"), Path(name, "sources.list")
            listed.write_text(sources)
            options = ["--variant=minbase", "--skip=cleanup/apt/lists", "--dpkgopt=force-unsafe-io"]
            options += [f"--aptopt={line}" for line in ('APT::Install-Recommends "false";', *transport())]
            run("mmdebstrap", *options, f"--include={','.join(packages)}", release, made, listed)
            made.rename(kept)
    return kept


def transport() -> list[str]:
    """How this machine's apt reaches its sources: proxies and the like."""
    settings = run("apt-config", "dump").stdout.splitlines()
    return [line for line in settings if line.startswith(("Acquire::http::", "Acquire::https::"))]
