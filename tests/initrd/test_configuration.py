"""``build --config``: the launcher's own rules, before anything is built."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from initrd import build, configuration, consoles, image, kernel, python, stages
from initrd.__main__ import main, summary
from initrd.errors import BuildError
from initrd.manifest import Manifest
from launcher.answers.configuration import LONGEST, NAME, read_configuration
from tests.common import ROOT


def test_it_is_the_launchers_file() -> None:
    assert (configuration.NAME, configuration.LONGEST) == (NAME, LONGEST)


def test_every_mistake_stops_the_build_with_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, out = tmp_path / "room.txt", tmp_path / "out"
    file.write_bytes(b"# room 12\nport=odd\r\n\numod=rcv\n")
    assert main(["build", "-o", str(out), "--config", str(file)]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(f"initrd: {file}:2: port=odd") and second == (
        f"{file}:4: umod=rcv: unknown; did you mean umode?"
    )
    assert not out.exists()


def test_a_warning_is_told_and_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "room.txt").write_text("port=9002\nport=9004\n")
    assert configuration.read(tmp_path / "room.txt") == b"port=9002\nport=9004\n"
    assert caplog.messages == [f"{tmp_path}/room.txt:1: port=9002 is overridden by a later port=."]


@pytest.mark.parametrize("charset", ["utf-16", "utf-8-sig"])
def test_init_finds_in_it_what_forbids_a_shell(charset: str, tmp_path: Path) -> None:
    """/init reads it where the launcher stopped before it could; see shell_allowed there."""
    (tmp_path / "room.txt").write_text("SHELL=no\r\nlang=FR\r\n", encoding=charset)
    text = configuration.read(tmp_path / "room.txt")
    assert b"SHELL=no" in text
    assert read_configuration(text).whole == read_configuration(b"SHELL=no\nlang=FR\n").whole


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"#" * LONGEST + b"\n", "is longer than 64 KiB: the launcher would not read it"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(tmp_path: Path, text: bytes | None, said: str) -> None:
    if text is not None:
        (tmp_path / "room.txt").write_bytes(text)
    with pytest.raises(BuildError, match=said) as caught:
        configuration.read(tmp_path / "room.txt")
    assert (caught.value.status, str(caught.value).count("\n")) == (2, 0)


def test_it_goes_to_the_root_directory_with_what_dracut_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is, and readable for everybody."""
    (tmp_path / "staged").mkdir()
    monkeypatch.setattr(kernel, "usable", lambda source, work: source)
    monkeypatch.setattr(stages, "opening", lambda *_: None)
    monkeypatch.setattr(python, "stage", lambda staged, project: SimpleNamespace(sources=(), home=staged))
    monkeypatch.setattr(consoles, "stage", lambda *_: ())
    monkeypatch.setattr(build, "outside", lambda *_: ())
    monkeypatch.setattr(build, "wanted", lambda *_: ())

    class Gathered(Exception):
        pass

    def gather(source: object, modules: object, staged: Path, *_: object) -> Path:
        assert (staged / "udpcfg.txt").read_bytes() == b"lang=FR\n"
        assert (staged / "udpcfg.txt").stat().st_mode & 0o777 == 0o644
        raise Gathered

    monkeypatch.setattr(image, "gather", gather)
    source = kernel.Kernel(tmp_path / "vmlinuz", "6.1", tmp_path)
    with pytest.raises(Gathered):
        build.make(source, tmp_path, tmp_path, (), ("ext",), "build", ROOT, udpcfg=b"lang=FR\n")


def test_the_report_tells_of_it(tmp_path: Path) -> None:
    made = Manifest("1", "6.1", "6.1 #1", "build", 0, (), 0, {}, (), (), {}, ())
    assert not [line for line in summary(made, tmp_path) if "udpcfg" in line]
    told = Manifest("1", "6.1", "6.1 #1", "build", 0, (), 0, {}, (), (), {}, (), "0" * 64)
    assert "with a udpcfg.txt: the command line wins over it" in summary(told, tmp_path)
