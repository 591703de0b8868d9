"""The one command: each sub-command reaches its folder, under the name that the user typed, and imports no other."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cli.__main__ import main
from cli.commands import COMMANDS, parser
from launcher import VERSION
from tests.common import ROOT

LINE = ["explain", "--machine", "one-disk-one-card.json", "--cmdline"]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_every_sub_command_names_the_command_that_was_typed(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main([name, "--help"])
    said = capsys.readouterr().out
    assert caught.value.code == 0
    assert said.startswith(f"usage: udpcast-launcher {name} ")
    assert "python3 -m" not in said


def test_the_whole_help_has_every_sub_command_and_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    listed = [line.split()[0] for line in said.partition("COMMAND\n")[2].splitlines() if line.startswith("    ")]
    assert [name for name in listed if name in COMMANDS] == list(COMMANDS)
    choices = [action.choices for action in parser()._actions if action.choices]
    assert [list(choice) for choice in choices] == [list(COMMANDS)]


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"udpcast-launcher {VERSION}\n"


@pytest.mark.parametrize("words", [[], ["run"], ["nonsense"]])
def test_what_is_no_sub_command_is_wrong_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert "usage: udpcast-launcher" in capsys.readouterr().err


@pytest.mark.parametrize(("line", "status"), [("umode=rcv disk=/dev/sda", 0), ("umode=both", 1)])
def test_a_sub_command_gives_its_exit_status(line: str, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*LINE, line]) == status
    assert "umode" in capsys.readouterr().out


def test_wrong_usage_of_a_sub_command_shows_its_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["build", "-o", str(tmp_path), "--modules", str(tmp_path)])
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: udpcast-launcher build ")


def test_the_screens_are_the_dry_run_and_need_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["screens", "--machine", "one-disk-one-card.json", "--cmdline", ""]) == 2
    assert "needs a terminal; `explain` does not" in capsys.readouterr().err


def test_a_hint_names_the_command_that_the_user_has(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tree", str(tmp_path / "tree"), "--pair", str(tmp_path)]) == 1
    assert f"build the pair with `udpcast-launcher build -o {tmp_path}`" in capsys.readouterr().err


def test_the_packages_are_those_of_the_builder(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["packages"]) == 0
    assert "dracut-core" in capsys.readouterr().out.split()


def test_a_sub_command_imports_no_other_folder_and_nothing_that_is_not_pure_python() -> None:
    code = (
        "import sys, json; from cli.__main__ import main; status = main(sys.argv[1:])\n"
        "print(json.dumps([status, sorted({name.split('.')[0] for name in sys.modules})]), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, *LINE, "umode=rcv disk=/dev/sda"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    status, loaded = json.loads(done.stderr)
    assert status == 0
    assert {"cli", "launcher", "kernel_cmdline"} <= set(loaded)
    assert not {"initrd", "pxe", "qemu", "urwid", "pyudev", "netifaces", "xxhash"} & set(loaded)
