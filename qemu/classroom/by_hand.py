"""Seats where nobody uses the launcher: plain udpcast, as an experienced person types it into a shell.

Such a seat boots the same pair; a second archive behind the initrd puts a script in the place of ``python3``. The
script waits for its disk and its card as the launcher does, runs the given command, and tells its stages as the
launcher's events, so that the harness treats it like any other seat: its claim, too, is held against its disk.
"""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

from initrd import libraries
from initrd.run import find_tool
from initrd.tree import Tree

from ..machine.firmware import event_device
from . import second_initrd
from .report import Role
from .seat_spec import SeatSpec

PATIENCE = ("--retries-until-drop", "48", "--rexmit-hello-interval", "1000")
"""udp-sender's options that the launcher gives as well (`launcher/udpcast/command.py`): both wait for the same."""

_LEASE = """\
#!/bin/sh
[ "$1" = bound ] && ip address add "$ip/$mask" broadcast + dev "$interface"
"""

_SCRIPT = """\
#!/bin/sh
tell() {{
    read -r now rest < /proc/uptime
    echo "{{\\"event\\": \\"$1\\", \\"t\\": $now$2}}" > {events}
}}
until [ -e /run/udpcast/coldplugged ]; do sleep 0.2; done
tell devices
ip link set eth0 up
until busybox udhcpc -f -q -n -i eth0 -s /usr/lib/by-hand/lease; do sleep 1; done
tell network
tell transfer
{{
    ok=false
    {{ {command}; }} 2>&1 && ok=true
    tell outcome ', "kind": "by-hand", "sentence": "It was done by hand.", "bytes": {size}, "ok": '$ok
    tell screen ', "name": "result"'
}} | while read -r line; do
    case $line in *"Starting transfer"*) tell cast ;; esac
    echo "$line"
done
while :; do sleep 1000; done
"""


def command(role: Role, disk: str, pack: str, unpack: str, options: str) -> str:
    """What is typed; `pack` and `unpack` are the compressor's commands, empty for none; `options` are udp-sender's."""
    common = ("--interface", "eth0", "--portbase", "9000", "--nokbd", "--file", disk)
    if role is Role.SENDER:
        return shlex.join(("udp-sender", *common, *PATIENCE, *options.split(), *(("--pipe", pack) if pack else ())))
    return shlex.join(("udp-receiver", *common, "--nosync", *(("--pipe", unpack) if unpack else ()))) + " && sync"


def add(tree: Path, seat: SeatSpec, words: str, size: int) -> None:
    """Let `seat` run the shell command `words` over a disk of `size` bytes, from the TFTP `tree`."""
    root = tree.parent / f"{seat.name}-by-hand"
    for name, text in (
        ("usr/bin/python3", _SCRIPT.format(command=words, size=size, events=event_device(seat.firmware))),
        ("usr/lib/by-hand/lease", _LEASE),
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    if "zstd" in words:
        _put(root, "zstd")
    second_initrd.add(tree, seat, root, "by-hand")


def _put(root: Path, name: str) -> None:
    """A program of this machine that the launcher does without, with its libraries."""
    target = root / "usr/bin" / name
    shutil.copyfile(find_tool(name), target)
    target.chmod(0o755)
    libraries.complete(Tree(root), Tree(Path("/")), {})
