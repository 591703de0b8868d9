"""The command line: usage errors, missing tools, full disks; one sentence each, and nothing half-written."""

from __future__ import annotations

import errno
import logging
from pathlib import Path

import pytest

from initrd import build, kernel, python, run
from initrd.__main__ import main
from initrd.drivers import modinfo
from initrd.errors import BuildError
from launcher import VERSION
from tests.common import ROOT


def test_a_missing_tool_names_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "SYSTEM_PATH", str(tmp_path))
    assert main(["build", "-o", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert "are missing here: apt-get install" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_everything_that_is_missing_is_named_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build, "missing_tools", lambda wanted: ["busybox", "dracut"])
    monkeypatch.setattr(python, "DIST_PACKAGES", tmp_path)
    assert main(["build", "-o", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err == (
        "initrd: busybox, dracut, Python's urwid, Python's pyudev and Python's xxhash are missing here: "
        "apt-get install busybox dracut-core python3-urwid python3-pyudev python3-xxhash\n"
    )


def test_a_library_of_a_virtual_environment_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("urwid", "pyudev.cpython-311-x86_64-linux-gnu.so"):
        (tmp_path / name).touch()
    monkeypatch.setattr(python, "DIST_PACKAGES", tmp_path)
    assert main(["build", "-o", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err == "initrd: Python's xxhash is missing here: apt-get install python3-xxhash\n"


def test_only_a_checkout_needs_what_compiles_translations(tmp_path: Path) -> None:
    assert build.tool_packages(ROOT)["msgfmt"] == "gettext"
    (tmp_path / "launcher/lang").mkdir(parents=True)
    (tmp_path / "launcher/lang/de.mo").touch()
    assert "msgfmt" not in build.tool_packages(tmp_path)


def test_the_version_is_that_of_the_launcher_that_goes_in(tmp_path: Path) -> None:
    assert build.launcher_version(ROOT) == VERSION
    (tmp_path / "launcher").mkdir()
    (tmp_path / "launcher/__init__.py").write_text('"""Words."""\nVERSION = "9.8"\n')
    assert build.launcher_version(tmp_path) == "9.8"


def test_an_unreadable_kernel_leaves_the_output_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "udpcast-linux").write_text("old")
    status = main(["build", "-o", str(tmp_path), "-k", "/nonexistent", "--cache", str(tmp_path / "cache")])
    assert status == 2
    assert capsys.readouterr().err == "initrd: --kernel /nonexistent cannot be read: No such file or directory\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "udpcast-linux"]
    assert not list((tmp_path / "cache").iterdir())


def test_modules_without_a_kernel_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["build", "-o", str(tmp_path), "--modules", str(tmp_path)])
    assert caught.value.code == 2


@pytest.mark.parametrize("words", [["--release", "trixie", "--kernel", "/k"], ["--release", "../x"]])
def test_a_release_beside_a_kernel_or_of_no_name_is_wrong_usage(tmp_path: Path, words: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["build", "-o", str(tmp_path), *words])
    assert caught.value.code == 2


def test_an_output_below_a_file_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["build", "-o", str(tmp_path / "file/out"), "--cache", str(tmp_path / "cache")]) == 1
    assert "Not a directory; choose other places with -o and --cache" in capsys.readouterr().err


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_one_sentence(number: int) -> None:
    with pytest.raises(BuildError, match="the disk is full at /x/y; make room there"), build.disk_errors():
        raise OSError(number, "No space left on device", "/x/y")


def test_a_program_that_found_the_disk_full_says_so() -> None:
    said = "cp: error writing 'a': No space left on device\ndracut: FAILED"
    assert run.failure("dracut", 1, said).startswith("the disk is full (dracut: cp: error writing 'a'")
    assert "status 3: last" in run.failure("zstd", 3, "first\nlast\n\n")


def test_commands_are_logged_so_that_they_can_be_pasted(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "initrd"):
        run.run(["busybox", "echo", "two words"], environment={"NAME": "a b"})
    assert caplog.messages == [f"env 'NAME=a b' {run.find_tool('busybox')} echo 'two words'"]


def test_a_command_is_logged_without_what_moves_the_cursor(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "initrd"):
        run.run(["busybox", "echo", "a\x1b[2J\u202eb"])
    assert caplog.messages == [f"{run.find_tool('busybox')} echo 'a\\x1b[2J\\u202eb'"]


def test_the_packages_needed_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["packages"]) == 0
    listed = capsys.readouterr().out.split()
    assert {"dracut-core", "busybox", "udpcast", "python3-urwid", "zstd"} <= set(listed)


def test_firmware_that_a_driver_names_is_read_from_it() -> None:
    module = b"\x7fELF\0license=GPL\0firmware=rtl_nic/rtl8168h-2.fw\0firmware=a/b.fw\0alias=pci:v0\0"
    assert modinfo(module, "firmware") == ("a/b.fw", "rtl_nic/rtl8168h-2.fw")


def test_an_unknown_driver_is_wrong_usage_before_anything_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "6.1").mkdir()
    there = kernel.Kernel(tmp_path / "vmlinuz", "6.1", tmp_path / "6.1")
    monkeypatch.setattr(build, "check_host", lambda project: None)
    monkeypatch.setattr(kernel, "fetch", lambda cache, release: there)
    out, cache = tmp_path / "out", tmp_path / "cache"
    assert main(["build", "-o", str(out), "--cache", str(cache), "--add-driver", "e100e", "--add-driver", "x"]) == 2
    assert capsys.readouterr().err == "initrd: kernel 6.1 has no driver e100e, x (--add-driver)\n"
    assert list(out.iterdir()) == []
