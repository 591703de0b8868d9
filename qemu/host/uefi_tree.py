"""What UEFI loads, in a tree that has it not yet: Debian's shim and GRUB, and a configuration for each machine."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from kernel_cmdline import parse

LOADERS = {
    "shimx64.efi": Path("/usr/lib/shim/shimx64.efi.signed"),
    "grubx64.efi": Path("/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed"),
}
_BYTES = " ".join(f"{byte:02x}={byte}" for byte in range(256))
_CONFIG = """\
set bytes=" {bytes} "
function dotted {{
  regexp --set=1:h1 --set=2:h2 --set=3:h3 --set=4:h4 '^(..)(..)(..)(..)' "$1"
  regexp --set=1:d1 " $h1=([0-9]+) " "$bytes"
  regexp --set=1:d2 " $h2=([0-9]+) " "$bytes"
  regexp --set=1:d3 " $h3=([0-9]+) " "$bytes"
  regexp --set=1:d4 " $h4=([0-9]+) " "$bytes"
  set dotted="$d1.$d2.$d3.$d4"
}}
net_get_dhcp_option mask $net_default_interface 1 hex
dotted "$mask"
regexp --set=1:m1 --set=2:m2 --set=3:m3 --set=4:m4 --set=5:m5 --set=6:m6 '^(..):(..):(..):(..):(..):(..)$' \
"$net_default_mac"
set mac="$m1-$m2-$m3-$m4-$m5-$m6"
set net="ip=$net_default_ip:$net_default_server::$dotted BOOTIF=01-$mac"
source $prefix/01-$mac
"""


def add(tree: Path, lines: Mapping[str, str]) -> None:
    """Add to `tree` what is missing; `lines` are append lines by MAC address."""
    if (tree / "grub").exists():
        return
    for name, source in LOADERS.items():
        shutil.copyfile(source, tree / name)
    (tree / "grub").mkdir()
    (tree / "grub/grub.cfg").write_text(_CONFIG.format(bytes=_BYTES))
    for mac, line in lines.items():
        words = " ".join(f"'{one.name}{'' if one.value is None else f'={one.value}'}'" for one in parse(line))
        text = f"linux /udpcast-linux {words} $net\ninitrd /udpcast-initrd\nboot\n"
        (tree / "grub" / f"01-{mac.replace(':', '-')}").write_text(text)
