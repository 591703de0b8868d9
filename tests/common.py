"""What several test files use: where things are, recorded machines, a plan, namespaces to run in, a page as text."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from launcher.answers.selectors import whole
from launcher.model import machine as machines
from launcher.model.machine import Machine
from launcher.model.plan import Address, AddressSource, Plan, Role

if TYPE_CHECKING:  # most tests need no urwid
    from launcher.screens.widgets import Page

ROOT = Path(__file__).resolve().parents[1]
PAIR = ROOT / ".cache/pair"
"""Kernel and initrd, as tests/run builds them."""
MACHINES = ROOT / "launcher/machines"


def recorded(name: str) -> Machine:
    """The machine that is recorded in `MACHINES` under `name`."""
    return machines.from_json((MACHINES / f"{name}.json").read_text())


ONE = recorded("one-disk-one-card")
TWO = recorded("two-disks-two-cards")


def a_plan(role: Role = Role.RECEIVE, **fields: Any) -> Plan:
    """The whole disk of `ONE`, over its card, with an address from a DHCP server; `fields` are what differs."""
    return replace(Plan(role, whole(ONE.disks[0]), ONE.nics[0], Address(AddressSource.DHCP)), **fields)


def page_text(page: Page) -> str:
    """What `page` says on a terminal of 80x24."""
    canvas = page.widget.render((80, 24), focus=True)
    return "\n".join(line.decode().rstrip() for line in canvas.text)


SANDBOX = "unshare --user --map-root-user --net --mount --pid --fork --kill-child --mount-proc".split()
"""Everything that is started dies with its first process."""


def scenario(script: Path, name: str, directory: Path, mounts: str = "mount -t tmpfs none /run") -> dict[str, Any]:
    """What `script` prints as JSON when it plays `name` in namespaces of its own.

    /run is empty there, so that `ip netns` touches nothing else.
    """
    inside = shlex.join([sys.executable, str(script), name, str(directory)])
    done = subprocess.run(
        [*SANDBOX, "sh", "-c", f"{mounts} && PATH=$PATH:/usr/sbin PYTHONPATH={ROOT} exec {inside}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen
