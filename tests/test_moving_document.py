"""docs/moving.md: what `explain` says there is what it says, and lines and commands of ours are right."""

from __future__ import annotations

import argparse
import re

import pytest

import initrd.__main__
import pxe.__main__
from kernel_cmdline import parse
from launcher.answers.explain import check, explain
from launcher.model.plan import Plan, Role
from tests.common import ONE, ROOT

TEXT = (ROOT / "docs/moving.md").read_text(encoding="utf-8")
_LINE = r"^    append (?P<line>.+)$"
EXPLAINED = re.findall(rf"{_LINE}\n\n(?:(?!    append ).*\n)*?```text\n(?P<said>(?:.*\n)*?)```$", TEXT, re.M)
LINES = re.findall(_LINE, TEXT, re.M)
SCHOOL = next(line for line in LINES if "persoparams" in line)


def explained(line: str) -> str:
    """What the text form of `explain` has below the plan, on one PC."""
    found = explain(parse(line), ONE)
    return "".join(f"{sentence}\n" for sentence in (*found.errors, *found.warnings))


def test_each_system_has_a_line_before_and_after() -> None:
    assert len(EXPLAINED) == 5
    assert len([line for line in LINES if line.startswith("initrd=udpcast-initrd ")]) == 6


@pytest.mark.parametrize(("line", "said"), EXPLAINED)
def test_explain_says_what_the_document_says(line: str, said: str) -> None:
    assert explained(line) == said


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("initrd=udpcast-initrd ")])
def test_what_is_written_afterwards_is_right(line: str) -> None:
    assert check(line) == ([], [])


def test_a_schools_line_asks_nothing_and_does_what_the_document_says() -> None:
    found = explain(parse(SCHOOL), ONE)
    assert (found.errors, found.warnings, found.questions) == ((), (), ())
    assert isinstance(found.plan, Plan)
    assert (found.plan.role, found.plan.target.path, found.plan.port) == (Role.RECEIVE, "/dev/sda", 9002)
    assert (found.plan.verify, str(found.plan.after.success.value)) == (True, "reboot")


def test_what_the_names_that_others_use_do_is_so() -> None:
    assert [check(line)[0] != [] for line in ("port=9001", "auto=true", "ip=", "ip=frommedia")] == [True] * 4
    assert [check(line) for line in ("dhcp", "config", "auto", "language=fr locale=fr_FR", "hostname=x")] == [
        ([], [])
    ] * 5
    assert [check(line) for line in ("type=x mode=x shutdown=0 mc=no", "web=x storage=x boot=live")] == [([], [])] * 2
    for pair, said in (
        ("keymap=fr kbmap=de", "keymap=fr is overridden by a later kbmap=."),
        ("disk=/dev/sdb fdrive=/dev/sda", "disk=/dev/sdb is overridden by a later fdrive=."),
    ):
        assert check(pair) == ([], [said])
    assert explain(parse("mac=02:00:00:00:00:01"), ONE).errors != ()


COMMANDS = re.findall(r"python3 -m (?:initrd|pxe) (\w+ [^`\n]*)", TEXT)


def test_the_options_that_are_named_are_there() -> None:
    parser = argparse.ArgumentParser()
    folders = parser.add_subparsers()
    initrd.__main__.add_commands(folders)
    pxe.__main__.add_commands(folders)
    assert len(COMMANDS) == 4
    for command in COMMANDS:
        words = command.split() + ([] if "-o " in command or "--pair" in command else MISSING[command.split()[0]])
        assert parser.parse_args(words)


MISSING = {"build": ["-o", "pair"], "iso": ["--pair", "pair", "udpcast.iso"]}
"""What a command cannot do without, and a table leaves away."""
