"""2 TB of file system are looked at in a small memory: of ours, and of each tool that is asked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.common import ROOT
from tests.launcher.used.making import mkfs

pytestmark = pytest.mark.field

SIZE = 2 << 40
OURS, THEIRS = 40_000, 60_000
"""KiB at most; Python itself, with what the launcher imports for this, takes 20,000, and a program counts at its start
what who started it has."""
LOOK = rf"""
import json, re, resource, sys, time
from launcher.used.look import survey
begun = time.monotonic()
found = survey(sys.argv[1], {SIZE})
seconds = time.monotonic() - begun
sent = sum(not run.hole for run in found.used.runs())
peak = int(re.findall(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read())[0])
tools = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps([str(found.parts[0].whole), found.used.sent, seconds, peak, tools]))
"""


@pytest.mark.parametrize(
    ("kind", "options"),
    [("ext4", "-E lazy_itable_init=1,lazy_journal_init=1 -J size=64"), ("ntfs", ""), ("xfs", ""), ("btrfs", "")],
)
def test_2_tb_in_a_small_memory(kind: str, options: str, tmp_path: Path) -> None:
    disk = mkfs(tmp_path / "disk", kind, *options.split(), size=SIZE)
    words = [sys.executable, "-c", LOOK, str(disk)]
    done = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True)
    whole, sent, seconds, ours, theirs = json.loads(done.stdout)
    print(f"{kind}: {seconds:.1f} s, {sent / 1e9:.1f} GB are sent, {ours / 1000:.0f} MB, tools {theirs / 1000:.0f} MB")
    assert whole == "None"
    assert sent < SIZE / 50
    assert ours < OURS
    assert theirs < THEIRS
