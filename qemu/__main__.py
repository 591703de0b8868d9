"""python3 -m qemu: virtual machines that boot the pair udpcast-linux and udpcast-initrd. `--help` tells the rest.

Exit status: 0 good; 1 a machine failed, disks differ, or something was not reached before the deadline; 2 wrong
usage; 3 the harness itself could not work (one sentence on standard error); 4 a seat reported success although
its disk differs from the source; 130 stopped (Ctrl-C, SIGTERM).
"""

from __future__ import annotations

import sys

from .commands.commands import parser, run
from .host.packages import missing, named


def main(arguments: list[str] | None = None) -> int:
    parser().parse_args(arguments)  # help and wrong usage need nothing
    if packages := missing():
        print(named(packages), file=sys.stderr)
        return 3
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
