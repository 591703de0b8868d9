"""The bare floor that a boot can be measured against: an initrd of about 1 MB whose /init only prints.

It speaks on the event port as the launcher does, so that the harness follows it with the same code.
"""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from ..disks import busybox

_INIT = """#!/bin/busybox sh
bb=/bin/busybox
$bb mount -t proc proc /proc
$bb mount -t devtmpfs dev /dev
read -r up rest < /proc/uptime
echo "{\\"event\\": \\"init\\", \\"t\\": $up}" > /dev/ttyS1
echo "FLOOR $up"
while read -r line; do
    echo "heard: $line"
    [ "$line" = off ] && $bb poweroff -f
done
"""


def write_floor_initrd(path: Path, scratch: Path) -> Path:
    """Write the initrd: this host's busybox with its libraries, and the /init above. Raises DiskError."""
    path.write_bytes(gzip.compress(busybox.initrd(scratch, _INIT), mtime=0))
    return path


def printed(text: str) -> float | None:
    """The kernel's seconds at which it began, by what it printed on a console; None before."""
    said = re.search(r"^FLOOR ([0-9]+\.[0-9]{2})\b", text, re.MULTILINE)
    return float(said[1]) if said else None
