"""The completion, in a real bash: sub-commands, options of each, and file names for everything else."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from cli import completion
from cli.commands import COMMANDS


def completed(*words: str) -> list[str]:
    """What bash offers for the last of `words`."""
    script = (
        f"{completion.script()}\nCOMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}\n"
        "_udpcast_launcher\nprintf '%s\\n' \"${COMPREPLY[@]}\""
    )
    command = ["bash", "--norc", "-euc", script]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def test_sub_commands_come_first() -> None:
    assert completed("udpcast-launcher", "") == [*COMMANDS, "-h", "--help", "--version"]
    assert completed("udpcast-launcher", "s") == ["serve", "screens"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("build", "--k"), ["--kernel"]),
        (("serve", "--interface", "eth1", "--pro"), ["--proxy"]),
        (("explain", "--json", "--cmd"), ["--cmdline"]),
        (("nonsense", "--h"), []),
        (("image", "c"), ["check", "cast"]),
        (("image", "--h"), ["--help"]),
        (("image", "store", "--f"), ["--force"]),
        (("image", "info", "--f"), []),
        (("image", "mount", "room.img.zst", "--p"), ["--partition"]),
    ],
)
def test_options_are_those_of_the_sub_command(words: tuple[str, ...], expected: list[str]) -> None:
    assert completed("udpcast-launcher", *words) == expected


def test_bash_completes_file_names_where_nothing_of_ours_fits() -> None:
    assert completed("udpcast-launcher", "tree", "") == []
    script = f"{completion.script()}\ncomplete -p udpcast-launcher"
    shown = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, check=True).stdout
    assert shown == "complete -o default -F _udpcast_launcher udpcast-launcher\n"
