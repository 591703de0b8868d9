"""The image that UEFI loads by HTTP, in a tree: it has the pair that the tree has, and changes with it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from pxe.entries.loaders import GRUB, PXELINUX
from pxe.medium import programs
from pxe.tree import image
from pxe.tree.tree import TreeError
from tests.pxe.tree.trees import Tftp

WITH_GRUB: dict[str, Any] = {"places": (), "loaders": (PXELINUX, GRUB)}


def on_it(root: Path, name: str) -> bytes:
    command = ["mcopy", "-i", str(root / "udpcast.img"), f"::/{name}", "-"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def test_it_has_the_pair_of_the_tree_and_changes_with_it(tmp_path: Path) -> None:
    tftp = Tftp(tmp_path)
    written = tftp.write(**WITH_GRUB).written
    assert tftp.root / "udpcast.img" in written
    first = (tftp.root / "udpcast.img").read_bytes()
    assert on_it(tftp.root, "udpcast-initrd") == (tftp.root / "udpcast-initrd").read_bytes()
    before = (tftp.root / "udpcast.img").stat()
    again = tftp.write(**WITH_GRUB)
    assert (tftp.root / "udpcast.img").stat().st_ino == before.st_ino and again.notes == ()
    tftp.new_pair()
    tftp.write(**WITH_GRUB)
    assert on_it(tftp.root, "udpcast-initrd") == (tftp.root / "udpcast-initrd").read_bytes() != first
    assert not list(tftp.root.glob("*.bak"))


def test_its_grub_asks_by_dhcp_and_boots_what_the_room_says(tmp_path: Path) -> None:
    tftp = Tftp(tmp_path)
    tftp.write("lang=FR", **WITH_GRUB)
    config = on_it(tftp.root, "grub/grub.cfg").decode()
    assert "net_dhcp" in config and "'lang=FR'" in config and "menuentry" not in config
    tftp.write("lang=FR", timeout=5, **WITH_GRUB)
    assert "set timeout=5" in on_it(tftp.root, "grub/grub.cfg").decode()


def test_without_what_it_is_made_with_the_tree_goes_without_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tftp = Tftp(tmp_path)
    tftp.write(**WITH_GRUB)
    monkeypatch.setattr(image, "HTTP_PARTS", (programs.Part("mno", "mtools"),))
    tree = tftp.write(**WITH_GRUB)
    assert "without mno there is no image for UEFI HTTP boot in the tree: apt-get install mtools" in tree.warnings
    assert not (tftp.root / "udpcast.img").exists()
    removed = f"{tftp.root / 'udpcast.img'} was removed: an earlier run wrote it, and this one does not."
    assert removed in tree.notes


def test_one_that_is_not_ours_stays(tmp_path: Path) -> None:
    tftp = Tftp(tmp_path)
    tftp.put("udpcast.img", "somebody's")
    tree = tftp.write(**WITH_GRUB)
    assert tftp.files()["udpcast.img"] == "somebody's"
    assert any("udpcast.img is not ours, and stays" in note for note in tree.notes)
    tftp.write(**WITH_GRUB, force=True)
    assert tftp.files()["udpcast.img.bak"] == "somebody's"


def test_where_it_cannot_be_made_nothing_is_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise programs.MediumError("the disk is full.")

    monkeypatch.setattr(image, "make_image", full)
    tftp = Tftp(tmp_path)
    with pytest.raises(TreeError, match="the disk is full"):
        tftp.write(**WITH_GRUB)
    assert not tftp.root.exists()
