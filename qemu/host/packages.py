"""What the harness needs of this machine, and the Debian packages that bring it."""

from __future__ import annotations

import shutil
from importlib.util import find_spec

from .sandbox import search_path

TOOLS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "dnsmasq": "dnsmasq-base",
    "ip": "iproute2",
    "setpriv": "util-linux",
    "partclone.ext4": "partclone",
    "debugfs": "e2fsprogs",
    "mcopy": "mtools",
    "ntfscat": "ntfs-3g",
}
LIBRARIES = {"pyte": "python3-pyte", "xxhash": "python3-xxhash"}


def missing() -> list[str]:
    """Debian packages without which nothing works here."""
    tools = [package for tool, package in TOOLS.items() if shutil.which(tool, path=search_path()) is None]
    return tools + [package for library, package in LIBRARIES.items() if find_spec(library) is None]


def named(packages: list[str]) -> str:
    """The sentence for packages that are missing."""
    return f"something is missing: apt-get install {' '.join(packages)}"
