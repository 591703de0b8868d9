"""Which of the launcher's programs go in."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from initrd import build, run, tools
from initrd.__main__ import main
from initrd.errors import BuildError
from launcher.programs import FILE_SYSTEMS, PROGRAMS
from tests.common import ROOT


def test_the_builder_knows_the_launchers_file_systems_and_no_other() -> None:
    assert set(tools.FILE_SYSTEMS) == set(FILE_SYSTEMS)


def test_whatever_is_copied_from_this_machine_has_a_package() -> None:
    for chosen in ((), ("ext",), tools.FILE_SYSTEMS):
        assert set(tools.to_install(ROOT, chosen)) <= set(run.TOOL_PACKAGES)


def test_what_stands_for_another_program_is_the_launchers() -> None:
    assert set(PROGRAMS) >= tools.APPLETS


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ext,ntfs", ("ext", "ntfs")),
        ("btrfs,ext,ext", ("ext", "btrfs")),
        ("none", ()),
        ("ext,ntfs,xfs,btrfs", tools.FILE_SYSTEMS),
    ],
)
def test_file_systems_are_named_with_commas(text: str, names: tuple[str, ...]) -> None:
    assert tools.file_systems(text) == names


@pytest.mark.parametrize("text", ["", "ext4", "ext,", "EXT", "ext ntfs", "none,ext"])
def test_another_name_is_refused_with_those_that_there_are(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=r"is none of ext, ntfs, xfs, btrfs; some of these"):
        tools.file_systems(text)


def test_a_wrong_name_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["build", "-o", str(tmp_path / "out"), "--filesystems", "ext4"])
    assert caught.value.code == 2
    assert "--filesystems: 'ext4' is none of ext, ntfs, xfs, btrfs" in capsys.readouterr().err


def test_an_image_needs_the_packages_of_its_file_systems_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not {"xfsprogs", "btrfs-progs"} & set(build.tool_packages(ROOT, ("ext", "ntfs")).values())
    assert {"e2fsprogs", "ntfs-3g"} <= set(build.tool_packages(ROOT, ("ext", "ntfs")).values())
    monkeypatch.setattr(build, "missing_tools", lambda wanted: [name for name in wanted if name.startswith("xfs")])
    build.check_host(ROOT, ("ext", "ntfs", "btrfs"))
    with pytest.raises(BuildError, match=r"^xfs_db and xfs_logprint are missing here: apt-get install xfsprogs$"):
        build.check_host(ROOT)
