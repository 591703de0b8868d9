"""The command line of ``python3 -m launcher``: what it parses names the function to call, and what it imports."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from launcher.__main__ import main
from launcher.commands import commands
from tests.common import ROOT

LINE = ["--cmdline", "umode=snd", "--machine", "one-disk-one-card.json"]


@pytest.mark.parametrize(
    ("arguments", "run"),
    [
        (["explain", "--json", *LINE], commands.explain),
        (["screens", *LINE], commands.screens),
        (["transfer", "umode=snd", "disk=x"], commands.transfer),
        (["machine"], commands.machine),
        (["parameters"], commands.parameters),
    ],
)
def test_what_is_parsed_has_the_function_that_runs_it(arguments: list[str], run: object) -> None:
    assert commands.parser().parse_args(arguments).run is run


def test_another_command_line_takes_the_same_commands() -> None:
    other = argparse.ArgumentParser("other")
    commands.add_commands(other.add_subparsers())
    options = other.parse_args(["screens", *LINE])
    assert (options.run, options.cmdline, options.machine) == (commands.screens, LINE[1], LINE[3])


def test_the_initrds_command_is_described_as_it_is_spelt(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        commands.command(["run", "--help"])
    assert "on this PC. It takes no" in capsys.readouterr().out


def test_a_closed_output_is_no_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert commands.command(["parameters"]) == 0


def test_without_a_command_there_is_nothing_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        commands.command([])
    assert caught.value.code == 2
    assert "nothing to do" in capsys.readouterr().err


def test_a_dry_run_wants_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", open("/dev/null"))  # noqa: PTH123, SIM115
    with pytest.raises(ValueError, match="needs a terminal"):
        commands.screens(commands.parser().parse_args(["--dry-run", *LINE]))


def test_a_recorded_machine_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(
        ValueError, match=r"nosuch\.json is not there\. .*: many-disks\.json, .*two-disks-two-cards\.json"
    ):
        commands.command(["explain", "--cmdline", "", "--machine", "nosuch.json"])


@pytest.mark.parametrize("option", ["--config", "--udpcfg", "--machine"])
def test_a_file_that_cannot_be_read_is_named_in_a_sentence(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    assert main(["explain", "--cmdline", "umode=rcv", option, str(folder)]) == 2
    assert capsys.readouterr().err == f"launcher: {folder} cannot be used: Is a directory.\n"


def imported(*arguments: str) -> set[str]:
    """The modules that Python imports when it is started with `arguments`."""
    command = [sys.executable, "-X", "importtime", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    lines = done.stderr.splitlines()
    return {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}


def test_a_transfer_without_screens_needs_neither_screens_nor_udev(tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.write_bytes(bytes(512))
    found = imported("-m", "launcher", "transfer", "umode=rcv", f"disk={image}", "nic=no-such-card")
    found |= imported("-c", "import launcher.transfer.transfer")
    assert "launcher.answers.interview" in found
    assert found & {"urwid", "pyudev", "netifaces", "launcher.hardware.detect", "launcher.screens"} == set()


def test_what_the_first_screen_does_not_need_is_not_imported_before_it() -> None:
    found = imported("-c", "import launcher.session.boot, launcher.session.app, launcher.answers.validation")
    assert "launcher.answers.parameters" in found
    assert found & {"argparse", "difflib", "gettext", "shlex", "launcher.answers.explain"} == set()
