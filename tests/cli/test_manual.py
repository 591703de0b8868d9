"""The manual pages: every option of every sub-command, in a form that groff reads without a warning."""

from __future__ import annotations

import argparse
import re
import subprocess

import pytest

from cli import manual
from cli.commands import COMMANDS, parser

PAGES = manual.pages()


def rendered(name: str) -> str:
    """A page as `man` shows it, without bold and underlined; fails on a warning."""
    command = ["groff", "-ww", "-man", "-Kutf8", "-Tutf8", "-P-cbou"]
    done = subprocess.run(command, input=PAGES[name], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def test_there_is_a_page_for_the_command_and_for_every_sub_command() -> None:
    assert list(PAGES) == ["udpcast-launcher.1", *(f"udpcast-launcher-{name}.1" for name in COMMANDS)]


@pytest.mark.parametrize("name", PAGES)
def test_groff_has_nothing_to_say(name: str) -> None:
    text = rendered(name)
    assert text.startswith(name.removesuffix(".1").upper())
    for heading in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "SEE ALSO"):
        assert f"\n{heading}\n" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_there_with_its_help(name: str) -> None:
    (parsed,) = (parsed for found, _, parsed in manual.sub_commands(parser()) if found == name)
    text = " ".join(rendered(f"udpcast-launcher-{name}.1").split())
    for action in parsed._actions:
        assert action.help
        assert all(f"{option} " in text or f"{option}," in text for option in action.option_strings)


def test_the_commands_of_a_sub_command_are_there_with_their_options() -> None:
    text = rendered("udpcast-launcher-image.1")
    assert re.search(r"^COMMANDS\n {7}store +keep a cast in a new file\n", text, re.MULTILINE)
    assert re.search(r"^MOUNT\n {7}udpcast-launcher image mount \[-h\] \[--partition N \| --disk\]", text, re.MULTILINE)
    assert re.search(r"^ {7}--force\n {14}replace the image that is there", text, re.MULTILINE)


def test_what_stands_behind_the_options_of_transfer_is_laid_out() -> None:
    text = rendered("udpcast-launcher-transfer.1")
    assert re.search(r"^ {7}verify=yes, no\n {14}yes +\(the +default\): ", text, re.MULTILINE)
    assert re.search(r"^EXIT STATUS\n {7}0 +the outcome is ok ", text, re.MULTILINE)
    assert re.search(r"^EXAMPLES\n {7}udpcast-launcher transfer umode=snd disk=", text, re.MULTILINE)


def test_text_is_no_request_and_a_hyphen_can_be_pasted() -> None:
    assert manual.escaped(".so /etc/passwd\n'x a\\b --c") == "\\&.so /etc/passwd\n\\&'x a\\eb \\-\\-c"


def test_the_date_is_that_of_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    page = manual.page(argparse.ArgumentParser(prog="x", description="d"), "x", "s", ["y"])
    assert page.startswith('.TH X 1 1970-01-02 "udpcast-launcher ')
