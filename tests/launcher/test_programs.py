"""The list of programs that the launcher starts is whole: the builder believes it."""

from __future__ import annotations

import ast
from pathlib import Path

from launcher import process
from launcher.hardware import signatures, sticks, window
from launcher.images import mounting
from launcher.model.plan import Compression
from launcher.network import fetching
from launcher.network.dhcp import client_argv
from launcher.programs import ELSEWHERE, FILE_SYSTEMS, PROGRAMS
from launcher.udpcast.command import compressor, decompressor
from launcher.used import btrfs, esp, ext, ntfs, table, xfs
from tests.common import ROOT

STARTS = {
    "launcher/asking.py": {
        *(signatures.PROGRAM, signatures.PARTITIONS[0], table.PROGRAM, window.DRIVER[0]),
        *("modinfo", "udevadm"),  # launcher/hardware/drivers.py
        *(ext.PROGRAM, ntfs.PROBE, ntfs.RESIZE, ntfs.INFO, ntfs.CAT, xfs.LOG, xfs.DB, btrfs.PROGRAM),
        *(esp.PROGRAM, *sticks.PROGRAMS),
        *(fetching.argv(fetching.read_place(f"{one}://a/b"))[1] for one in ("tftp", "http")),
        *("sfdisk", "e2fsck", "resize2fs", "ntfs-3g.probe", "ntfsresize"),  # launcher/resize
    },
    "launcher/datapath/stored_check.py": set[str](),  # the launcher's own worker
    "launcher/images/mounting.py": set(mounting.PACKAGES),
    "launcher/network/card.py": {"ip"},
    "launcher/network/client.py": set[str](),  # what `dhcp` says
    "launcher/process.py": set(process.FALLBACKS.values()),
    "launcher/transfer/link.py": {"udp-receiver"},
    "launcher/transfer/pipeline.py": {"udp-sender"},
    "launcher/translate.py": {"msgfmt"},
    "launcher/transfer/feeding.py": {words[0] for one in Compression if (words := decompressor(one))},
}
"""The modules that start processes, and which."""


def test_whatever_starts_a_process_is_told_here() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "launcher").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).rpartition(".")[2] in {"spawn", "spawn_to_stay", "output", "posix_spawnp", "Popen"}
    }
    assert found == set(STARTS)


def test_every_program_that_is_started_is_in_the_list_and_no_other() -> None:
    client = client_argv("eth0", Path("/run"), Path("/script"), None, None)
    started = set().union(*STARTS.values(), {client[0], *client[2:4]})
    started |= {words[0] for one in Compression if (words := compressor(one))}
    optional = set().union(*FILE_SYSTEMS.values())
    assert started - optional == set(PROGRAMS) | set(ELSEWHERE)
