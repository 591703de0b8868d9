"""What is imported before the first screen, and told here in one place: the operator waits for all of it.

A module that only a later screen needs is imported in the function that needs it.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.common import ROOT

EARLY = {
    "launcher": {"__main__", "errors", "events", "exits", "paths", "sentence", "shells", "translate"},
    "launcher.model": {"addresses", "machine", "plan", "times", "wording"},
    "launcher.udpcast": {"options"},
    "launcher.answers": {
        "interview",
        "lookup",
        "others",
        "parameters",
        "properties",
        "questions",
        "reading",
        "reading_boot",
        "row",
        "rows_after",
        "rows_boot",
        "rows_cast",
        "rows_pc",
        "rules",
        "selectors",
        "validation",
    },
    "launcher.screens": {"charset", "console", "pages", "summary", "ui", "widgets"},
    "launcher.session": {"app", "boot", "devices", "interviewing", "stage", "system"},
}
"""The modules of each room. Nothing of hardware/ (the first look at the devices comes behind the screen), network/
(before the first card is there), datapath/ and transfer/."""

NEVER = {"argparse", "asyncio", "email", "gettext", "http", "logging", "multiprocessing", "ssl", "tempfile", "xxhash"}
"""What is dear, and needed later or not at all."""

BEHIND = {"ctypes", "pyudev", "socket"}
"""What is dear, and needed for the look at the devices."""

TO_THE_ROLE = """
import json, sys
import urwid  # which since 2.2 imports some of the dear ones itself: they are its own, and the builder's matter
before = set(sys.modules)
from launcher import __main__, paths
from launcher.session import boot

from kernel_cmdline import parse
from launcher.events import EventLog
from launcher.screens.ui import Ui

class FirstScreen(Exception):
    pass

class Log(EventLog):
    def emit(self, event, **fields):
        if event == "screen":
            print(json.dumps([fields["name"], sorted(set(sys.modules) - before)]))
            raise FirstScreen

Ui.run = lambda ui, started: started()
paths.COLDPLUGGED = paths.COLDPLUGGED / "not"
try:
    boot._screens(parse("quiet"), Log())
except FirstScreen:
    pass
"""
"""`launcher run` up to its first screen, while udev is still at work. Nothing of this PC is looked at before."""


@pytest.fixture(scope="module")
def imported() -> set[str]:
    done = subprocess.run([sys.executable, "-c", TO_THE_ROLE], cwd=ROOT, capture_output=True, text=True, check=True)
    screen, names = json.loads(done.stdout)
    assert screen == "umode"
    return set(names)


def test_of_the_launcher_the_first_screen_needs_these_modules_and_no_other(imported: set[str]) -> None:
    own = {name for name in imported if name.partition(".")[0] == "launcher"}
    assert own == set(EARLY) | {f"{room}.{name}" for room, names in EARLY.items() for name in names}


def test_the_first_screen_waits_for_nothing_that_it_does_not_need(imported: set[str]) -> None:
    assert not imported & (NEVER | BEHIND)
