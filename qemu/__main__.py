"""python3 -m qemu: virtual machines that boot the pair udpcast-linux and udpcast-initrd. `--help` tells the rest.

Exit status: 0 good; 1 a machine failed, disks differ, or something was not reached before the deadline; 2 wrong
usage; 3 the harness itself could not work (one sentence on standard error); 4 a seat reported success although
its disk differs from the source; 130 stopped (Ctrl-C, SIGTERM).
"""

from __future__ import annotations

import importlib.util
import shutil
import sys

from .host.sandbox import search_path

TOOLS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "dnsmasq": "dnsmasq-base",
    "ip": "iproute2",
    "setpriv": "util-linux",
}
"""Programs, and the Debian packages that bring them."""


def missing() -> list[str]:
    """Debian packages without which nothing works here."""
    packages = [package for tool, package in TOOLS.items() if shutil.which(tool, path=search_path()) is None]
    return packages if importlib.util.find_spec("pyte") else [*packages, "python3-pyte"]


def main(arguments: list[str] | None = None) -> int:
    if packages := missing():
        print(f"something is missing: apt-get install {' '.join(packages)}", file=sys.stderr)
        return 3
    from .commands.commands import run  # noqa: PLC0415  # it imports what may be missing

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
