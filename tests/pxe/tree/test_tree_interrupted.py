"""A tree that is killed while it is written, or whose disk is full, is finished or undone by the next run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from initrd.pair.check import check_pair
from pxe.__main__ import main
from tests.common import ROOT
from tests.killing import points
from tests.pairs import OTHER_VERSION
from tests.pxe.tree.trees import MAC, OWN, Tftp


@pytest.fixture
def tftp(tmp_path: Path) -> Tftp:
    """A tree with a machine, and beside it a newer pair; what was there before is in `before`."""
    tftp = Tftp(tmp_path)
    tftp.write("", MAC)
    tftp.put("pxelinux.cfg/default", "by hand")
    shutil.copytree(tftp.root, tmp_path / "before")
    tftp.new_pair(OTHER_VERSION)
    return tftp


def renew(tftp: Tftp) -> None:
    shutil.rmtree(tftp.root)
    shutil.copytree(tftp.base / "before", tftp.root)


def check(tftp: Tftp, number: int) -> bool:
    """A run mends what was killed: kernel and initrd belong together, the old line is gone. Returns whether it told."""
    inside = tftp.write(pair=tftp.root)
    told = [note for note in inside.notes if "was interrupted" in note]
    pair = check_pair(tftp.root / "udpcast-linux", tftp.root / "udpcast-initrd")
    assert not pair.warnings and len(told) <= 1, number
    assert OWN not in tftp.files(), number
    tftp.write()
    assert sorted(tftp.files()) == [
        *("ldlinux.c32", "pxelinux.0", "pxelinux.cfg/default", "pxelinux.cfg/default.bak"),
        *("udpcast-initrd", "udpcast-linux"),
    ], number
    assert tftp.files()["pxelinux.cfg/default.bak"] == "by hand"
    assert (tftp.root / "udpcast-linux").read_bytes() == (tftp.pair / "udpcast-linux").read_bytes()
    return bool(told)


@pytest.mark.parametrize("every", [9, pytest.param(1, marks=pytest.mark.field)])
def test_killed_at_every_step_the_next_run_finishes_or_undoes_it(tftp: Tftp, every: int) -> None:
    told = [check(tftp, number) for number in points(tftp.write, lambda: renew(tftp), every)]
    assert any(told)


def test_two_runs_at_once_leave_the_tree_of_one(tftp: Tftp) -> None:
    macs = [f"52:54:00:aa:bb:0{number}" for number in (2, 3)]
    children = [_write_again_and_again(tftp, mac) for mac in macs]
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
    own = [name for name in tftp.files() if "/01-" in name]
    assert own in [[f"pxelinux.cfg/01-{mac.replace(':', '-')}"] for mac in macs]
    assert not [name for name in tftp.files() if ".udpcast-" in name]


def _write_again_and_again(tftp: Tftp, mac: str) -> int:
    """In a process of its own; returns its number."""
    if child := os.fork():
        return child
    try:
        for _ in range(10):
            tftp.write("", mac)
        os._exit(0)
    finally:
        os._exit(1)


def test_ctrl_c_is_no_traceback(
    tftp: Tftp, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    before = tftp.files()
    monkeypatch.setattr("initrd.pair.switch._carry_out", interrupted)
    assert main(["tree", str(tftp.root), "--pair", str(tftp.pair), "--force"]) == 130
    assert capsys.readouterr().err.endswith("finishes what this one began.\n")
    assert {name: text for name, text in tftp.files().items() if not name.startswith(".udpcast")} == before


FULL = """
import sys
from pathlib import Path
from pxe.tree.tree import TreeError
from tests.pxe.tree.trees import MAC, OWN, Tftp
from tests.pairs import OTHER_VERSION

tftp = Tftp(Path(sys.argv[1]))
tftp.root = Path(sys.argv[2])
tftp.new_pair(archive=bytes(300_000))
tftp.write("", MAC)
before = tftp.files()
tftp.new_pair(OTHER_VERSION, bytes(400_000))
try:
    tftp.write()
    print("written")
except TreeError as error:
    print(error)
print("new" if OWN not in tftp.files() else "old" if tftp.files() == before else "mixed")
"""


@pytest.mark.netns
@pytest.mark.parametrize("blocks", (100, 180, 181, 182, 184))
def test_a_full_disk_leaves_the_tree_as_it_was_or_new(tmp_path: Path, blocks: int) -> None:
    """On a file system of so many blocks, mounted where only this test sees it."""
    small = tmp_path / "small"
    small.mkdir()
    script = (
        f"mount -t tmpfs -o size={blocks * 4096} none {small}; exec {sys.executable} -c '{FULL}' {tmp_path} {small}"
    )
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    told, state = done.stdout.splitlines()
    if told == "written":
        assert state == "new"
    else:
        assert "No space left on device; nothing was changed." in told and state == "old"
