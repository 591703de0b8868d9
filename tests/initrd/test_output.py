"""The builder's three files are replaced together."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from initrd import output
from initrd.build import build
from initrd.errors import BuildError
from initrd.pair import bzimage
from initrd.pair import switch as switching
from initrd.pair.check import INITRD, KERNEL, MANIFEST, check_pair
from tests.killing import points
from tests.pairs import OTHER_VERSION, VERSION, kernel, make_pair

NAMES = (KERNEL, INITRD, MANIFEST)


def a_build(folder: Path, version: str) -> Path:
    make_pair(folder, version)
    (folder / MANIFEST).write_text(version)
    return folder


def built(out: Path) -> str:
    """The version of the pair in `out`, which belongs together and has nothing beside it."""
    assert not check_pair(out / KERNEL, out / INITRD).warnings
    assert sorted(path.name for path in out.iterdir()) == sorted(NAMES)
    version = (out / MANIFEST).read_text()
    assert version.encode() in (out / KERNEL).read_bytes()
    return version


def test_two_builds_at_once_leave_the_pair_of_one(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    builds = [a_build(tmp_path / str(number), version) for number, version in enumerate((VERSION, OTHER_VERSION))]
    children = [_put_again_and_again(tmp_path / "out", new) for new in builds]
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
    assert built(tmp_path / "out") in (VERSION, OTHER_VERSION)


def _put_again_and_again(out: Path, new: Path) -> int:
    """In a process of its own; returns its number."""
    if child := os.fork():
        return child
    try:
        for _ in range(15):
            output.put(out, new, NAMES)
        os._exit(0)
    finally:
        os._exit(1)


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.field)])
def test_killed_at_any_step_the_pair_is_the_old_or_the_new_one(tmp_path: Path, every: int) -> None:
    old, new = a_build(tmp_path / "old", VERSION), a_build(tmp_path / "new", OTHER_VERSION)
    out = tmp_path / "out"

    def again() -> None:
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(old, out)

    seen = set()
    for _ in points(lambda: output.put(out, new, NAMES), again, every):
        output.mend(out)
        seen.add(built(out))
    assert seen == {VERSION, OTHER_VERSION}


def test_a_build_that_was_killed_between_two_names_is_finished_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    out = a_build(tmp_path / "out", VERSION)
    carry_out = switching._carry_out

    def first(folder: Path, step: switching._Step) -> None:
        if step.target != KERNEL:
            raise InterruptedError
        carry_out(folder, step)

    with monkeypatch.context() as patch, pytest.raises(InterruptedError):
        patch.setattr(switching, "_carry_out", first)
        patch.setattr(switching, "_undo", lambda *_: None)
        output.put(out, a_build(tmp_path / "new", OTHER_VERSION), NAMES)
    output.mend(out)
    assert built(out) == OTHER_VERSION
    assert caplog.messages == [
        f"initrd: an earlier run was interrupted while it replaced files in {out}: that was finished now."
    ]


def test_a_kernel_that_was_cut_is_refused_before_anything_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = a_build(tmp_path / "out", VERSION)
    modules = tmp_path / "modules" / bzimage.release(VERSION)
    (modules / "kernel").mkdir(parents=True)
    (modules / "modules.dep").touch()
    image = tmp_path / "vmlinuz"
    image.write_bytes(kernel(VERSION)[:-1])
    monkeypatch.setattr("initrd.build.check_host", lambda *_: None)
    with pytest.raises(BuildError, match=r"vmlinuz is cut: it has 2063 of 2064 bytes") as told:
        build(out, image, modules, cache=tmp_path / "cache")
    assert told.value.status == 2
    assert built(out) == VERSION
