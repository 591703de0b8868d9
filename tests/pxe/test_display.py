"""A line that cannot be written ends no server; one that nobody reads does."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from pathlib import Path

import pytest

from pxe.display import say
from tests.common import ROOT


def test_a_full_disk_is_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full").open("w")  # noqa: SIM115
    monkeypatch.setattr(sys, "stdout", full)
    for _ in range(3):
        say("x" * 9000)
    with contextlib.suppress(OSError):
        full.close()


def test_a_letter_that_the_terminal_does_not_know_is_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "ascii"))
    say("salle \N{LATIN SMALL LETTER E WITH ACUTE}")
    say("\udcff")
    assert written.getvalue() == b"salle \\xe9\n\\xff\n"


def test_who_is_not_read_any_more_is_told() -> None:
    code = (
        "import contextlib, sys\nfrom pxe.display import say\nsay('on')\nsys.stdin.read()\n"
        "with contextlib.suppress(BrokenPipeError):\n    say('one')\n    sys.exit(3)\nsay('two')"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin and process.stdout and process.stderr
    process.stdout.readline()
    process.stdout.close()
    process.stdin.close()
    assert (process.stderr.read(), process.wait()) == (b"", 0)
    process.stderr.close()
