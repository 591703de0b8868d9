"""What the documents say about results, events and exit statuses is what the code says."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from launcher import events, exits
from launcher.model import meanings
from launcher.model.afterwards import HEALED_BY_ANOTHER_CAST
from launcher.model.outcome import OK_KINDS, OutcomeKind
from tests.common import ROOT

RESULTS = (ROOT / "docs/results.md").read_text(encoding="utf-8")
EVENTS = (ROOT / "docs/events.md").read_text(encoding="utf-8")


def test_every_result_has_its_meaning_and_the_document_holds_them() -> None:
    assert set(meanings.MEANINGS) == set(OutcomeKind)
    assert meanings.reference() in RESULTS


def test_no_success_is_repeated() -> None:
    assert not HEALED_BY_ANOTHER_CAST & OK_KINDS


def test_the_document_holds_every_event() -> None:
    rows = "".join(f"| `{name}` | {what} |\n" for name, what in events.NAMES.items())
    assert f"| event | what it says |\n| --- | --- |\n{rows}\n" in EVENTS


def test_every_event_that_is_emitted_has_its_row() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "launcher").rglob("*.py"))
    emitted = set(re.findall(r'\bemit(?:_at)?\(\s*(?:\w+, )?"(\w+)"', sources))
    assert emitted <= set(events.NAMES)


def test_the_document_holds_the_exit_statuses() -> None:
    assert exits.reference() in RESULTS
    assert set(exits.MEANINGS["run"]) == {*exits.Exit, exits.CRASHED}


@pytest.mark.parametrize(("status", "words"), [(10, "restart reboot b"), (11, "restart poweroff o"), (12, "shell")])
def test_init_acts_on_these_statuses(status: int, words: str) -> None:
    init = (ROOT / "initrd/dracut/90udpcast/init").read_text()
    assert f"{status}) {words} ;;" in init


def test_help_says_them_too() -> None:
    command = [sys.executable, "-m", "launcher", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert " ".join(exits.in_words().split()) in " ".join(done.stdout.split())
