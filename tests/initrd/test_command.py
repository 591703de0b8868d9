"""The command line: usage errors, missing tools, full disks; one sentence each, and nothing half-written."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shutil
from pathlib import Path

import pytest

from initrd import build, kernel, python, run
from initrd.__main__ import main, summary
from initrd.drivers import modinfo
from initrd.errors import BuildError, writing
from initrd.manifest import Manifest
from launcher import VERSION
from tests import pairs
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
    shutil.copy(ROOT / "launcher/programs.py", tmp_path / "launcher")
    assert "msgfmt" not in build.tool_packages(tmp_path)


def test_the_version_is_that_of_the_launcher_that_goes_in(tmp_path: Path) -> None:
    assert build.launcher_version(ROOT) == VERSION
    (tmp_path / "launcher").mkdir()
    (tmp_path / "launcher/__init__.py").write_text('"""Words."""\nVERSION = "9.8"\n')
    assert build.launcher_version(tmp_path) == "9.8"


def test_an_unreadable_kernel_leaves_the_output_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "udpcast-linux").write_text("old")
    status = main(["build", "-o", str(tmp_path), "-k", str(tmp_path / "absent"), "--cache", str(tmp_path / "cache")])
    assert status == 2
    assert capsys.readouterr().err == f"initrd: --kernel {tmp_path}/absent cannot be read: No such file or directory\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "udpcast-linux"]
    assert not list((tmp_path / "cache").iterdir())


def test_a_kernel_that_cannot_load_the_initrd_is_refused_before_anything_is_built(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    release = pairs.VERSION.split()[0]
    (tmp_path / "vmlinuz").write_bytes(pairs.kernel())
    (tmp_path / "lib/modules" / release / "kernel").mkdir(parents=True)
    (tmp_path / f"config-{release}").write_text("CONFIG_X86_64=y\n")
    words = ["-k", str(tmp_path / "vmlinuz"), "--cache", str(tmp_path / "cache")]
    assert main(["build", "-o", str(tmp_path / "out"), *words]) == 2
    said = f"initrd: kernel {release} cannot run this initrd: its configuration ({tmp_path}/config-{release}) lacks "
    assert capsys.readouterr().err.startswith(f"{said}CONFIG_BLK_DEV_INITRD (loads an initrd)")
    assert not list((tmp_path / "out").iterdir())


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


def gathering(where: Path) -> contextlib.AbstractContextManager[None]:
    return writing("gathering", where, 450, "give another place with --cache")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_named_with_the_step_the_place_and_what_it_needs(tmp_path: Path, number: int) -> None:
    said = rf"the disk is full: gathering needs about 450 MB in {tmp_path}/x, and \d+ MB are free there; make room, or"
    with pytest.raises(BuildError, match=said), gathering(tmp_path / "x"):
        raise OSError(number, "No space left on device")
    # shutil.copyfile names the file that is read first
    with pytest.raises(BuildError, match=said), gathering(tmp_path / "x"):
        raise OSError(number, "No space left on device", "/read/from", None, str(tmp_path / "x/written"))


def test_a_program_that_goes_on_where_the_disk_is_full_has_failed(tmp_path: Path) -> None:
    words = ["busybox", "sh", "-c", "echo 'cp: error writing a: No space left on device' >&2"]
    with (
        pytest.raises(BuildError, match="the disk is full: gathering needs about 450 MB") as caught,
        gathering(tmp_path),
    ):
        run.run(words)
    assert str(caught.value).count("the disk is full") == 1
    assert run.run(words, tolerate=True) == ""


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("/lib/modules/x.ko", None, "/lib/modules/x.ko cannot be read: Input/output error"),
        ("{work}/x", None, "{work}/x cannot be written: Input/output error; give another place with --cache"),
        (
            "/boot/vmlinuz",
            "{work}/x",
            "gathering in {work} failed: Input/output error; give another place with --cache",
        ),
        (None, None, "gathering in {work} failed: Input/output error; give another place with --cache"),
    ],
)
def test_what_was_read_is_not_said_to_be_written(
    tmp_path: Path, first: str | None, second: str | None, said: str
) -> None:
    names = [name and name.format(work=tmp_path) for name in (first, second)]
    with pytest.raises(BuildError) as caught, gathering(tmp_path):
        raise OSError(errno.EIO, "Input/output error", names[0], None, names[1])
    assert str(caught.value) == said.format(work=tmp_path)


def test_a_module_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(BuildError, match=f"{tmp_path}/lib/x.ko cannot be read: No such file"),
        gathering(tmp_path / "w"),
    ):
        (tmp_path / "lib/x.ko").read_bytes()


@pytest.mark.parametrize("name", ["out", "cache", "kernel", "modules"])
def test_a_line_end_in_a_name_is_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.setattr(build, "check_host", lambda project, file_systems: None)
    paths = {key: str(tmp_path / key) for key in ("out", "cache", "kernel", "modules")} | {name: f"{tmp_path}/a\nb"}
    words = ["-o", paths["out"], "--cache", paths["cache"], "-k", paths["kernel"], "-m", paths["modules"]]
    assert main(["build", *words]) == 2
    said = capsys.readouterr().err
    assert r"/a\nb has a line end, a tab or no UTF-8 in its name; name it otherwise" in said
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", ["", "x", "-1", "1.5", "4294967296", "\u0661"])
def test_a_time_that_no_archive_can_have_is_wrong_usage(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", value)
    with pytest.raises(BuildError, match=r"SOURCE_DATE_EPOCH is .*; whole seconds since 1970 were expected") as caught:
        build.epoch()
    assert caught.value.status == 2


def test_whoever_has_no_home_keeps_no_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    (tmp_path / "file").touch()
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    with build.cache_at(None) as path:
        assert path.parent == tmp_path / "temporary"
    assert not path.exists()
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    with build.cache_at(None) as path:
        assert path.parent == tmp_path / "temporary"
    monkeypatch.undo()
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setenv("HOME", str(tmp_path / "gone"))
    with build.cache_at(None) as path:
        assert path.parent == tmp_path / "temporary"
    assert not (tmp_path / "gone").exists()
    nowhere = "kernel packages are not kept: ~/.cache (there is no home directory); --cache names a place"
    assert caplog.messages == [
        f"kernel packages are not kept: {tmp_path}/file/.cache/udpcast-launcher (Not a directory); "
        "--cache names a place",
        nowhere,
        nowhere,
    ]


def test_a_cache_that_was_named_must_be_usable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = "file/x cannot be used: Not a directory"
    with pytest.raises(BuildError, match=said), build.disk_errors(), build.cache_at(tmp_path / "file/x"):
        pass


def test_an_xdg_directory_that_is_not_absolute_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert build.default_cache() == tmp_path / ".cache/udpcast-launcher"


def test_a_report_that_nobody_reads_is_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def gone(*_arguments: object, **_options: object) -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr(build, "build", lambda *_arguments, **_options: None)
    monkeypatch.setattr("initrd.__main__.summary", gone)
    monkeypatch.setattr(os, "dup2", lambda *_arguments: None)
    assert main(["build", "-o", str(tmp_path)]) == 0
    assert capsys.readouterr().err == "initrd: the pair is written, but not this report: Broken pipe\n"


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
    monkeypatch.setattr(build, "check_host", lambda project, file_systems: None)
    monkeypatch.setattr(kernel, "fetch", lambda cache, release: there)
    out, cache = tmp_path / "out", tmp_path / "cache"
    assert main(["build", "-o", str(out), "--cache", str(cache), "--add-driver", "e100e", "--add-driver", "x"]) == 2
    assert capsys.readouterr().err == "initrd: kernel 6.1 has no driver e100e, x (--add-driver)\n"
    assert list(out.iterdir()) == []


def test_an_image_with_the_pair_of_before_is_named(tmp_path: Path) -> None:
    made = Manifest("1", "6.1", "6.1 #1", "build", 0, (), 0, {}, (), (), {}, ())
    assert not [line for line in summary(made, tmp_path) if "udpcast.img" in line]
    (tmp_path / "udpcast.img").touch()
    assert f"{tmp_path}/udpcast.img still has the pair of before: `tree` makes it anew" in summary(made, tmp_path)
