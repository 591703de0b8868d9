"""dnsmasq as it runs: when it serves, and why it does not."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from contextlib import closing

import pytest

from pxe.loop import Loop
from pxe.server import ports
from pxe.server.daemon import DNSMASQ, Daemon, DaemonError, Readers, reason
from pxe.server.ports import PortError
from pxe.server.supervisor import Command

START = [
    "dnsmasq[7]: started, version 2.90 DNS disabled",
    "dnsmasq[7]: compile time options: IPv6 GNU-getopt",
    "dnsmasq-dhcp[7]: DHCP, IP range 10.77.0.50 -- 10.77.0.99, lease time 1h",
    "dnsmasq-dhcp[7]: DHCP, sockets bound exclusively to interface eth1",
    "dnsmasq-tftp[7]: TFTP root is /srv/tftp  ",
]


@pytest.mark.parametrize(
    ("lines", "status", "why"),
    [
        ([], 3, "it said nothing about it (status 3)."),
        (START, 137, "it was killed (SIGKILL)."),
        ([*START, "dnsmasq[7]: exiting on receipt of SIGTERM"], 0, "it said nothing about it (status 0)."),
        (
            ["", "dnsmasq: failed to create listening socket for 10.77.0.1: Address already in use"],
            2,
            "failed to create listening socket for 10.77.0.1: Address already in use.",
        ),
        (
            ["dnsmasq[7]: cannot open log -: x", "dnsmasq[7]: TFTP directory /x inaccessible: Permission denied",
             "dnsmasq[7]: FAILED to start up"],
            3,
            "cannot open log -: x; TFTP directory /x inaccessible: Permission denied.",
        ),
        (
            ["dnsmasq-dhcp[7]: 4711 vendor class: x", "dnsmasq-dhcp[7]: 4711 DHCPDISCOVER(eth1) 52:54:00:aa:bb:01"],
            1,
            "4711 DHCPDISCOVER(eth1) 52:54:00:aa:bb:01.",
        ),
    ],
)  # fmt: skip
def test_its_own_words(lines: list[str], status: int, why: str) -> None:
    assert reason(lines, status) == why


def run(code: str, monkeypatch: pytest.MonkeyPatch, patience: float = 10.0) -> list[str]:
    """What was told of a program that runs in the place of dnsmasq; its last word is the error."""
    monkeypatch.setattr("pxe.server.daemon.PATIENCE", patience)
    told: list[str] = []
    loop = Loop()
    readers = Readers(lambda: told.append("ready"), told.append)
    command = Command((sys.executable, "-c", code))
    with closing(loop), closing(Daemon(loop, DNSMASQ, command, (lambda: None, ()), readers)):
        try:
            loop.run()
        except DaemonError as error:
            told.append(f"error: {error}")
    return told


def test_nothing_is_promised_before_it_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    code = f"import sys; [print(line, file=sys.stderr, flush=True) for line in {[*START, 'dnsmasq: oh']}]"
    assert run(code, monkeypatch) == [*START[:-1], "ready", START[-1], "dnsmasq: oh", "error: dnsmasq ended: oh."]


def test_one_that_does_not_begin_is_told_with_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import time; print('dnsmasq: waiting for x', flush=True); time.sleep(60)"
    assert run(code, monkeypatch, 0.6)[-1] == "error: dnsmasq has not begun to serve within 1 s: waiting for x."


def test_a_killed_keeper_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    code = f"import os; os.kill(os.getppid(), {signal.SIGKILL:d}); import time; time.sleep(60)"
    assert run(code, monkeypatch)[-1] == "error: dnsmasq ended: the process that keeps it was killed."


HOLDS = """
from pxe.server import ports
import sys
held = ports.claim("test-claim")
print(flush=True)
sys.stdin.read()
"""


def holder() -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    return process


def test_one_interface_has_one_boot_server() -> None:
    with holder() as other:
        with pytest.raises(PortError) as caught:
            ports.claim("test-claim")
        assert str(caught.value) == (
            f"another boot server (process {other.pid}) already serves on test-claim: end it first (Ctrl-C there, or "
            f"`kill {other.pid}`)."
        )
        ports.claim("test-other").close()
        other.communicate()
    ports.claim("test-claim").close()


KEPT = """
import os, sys, time
from pxe.server import ports
held = ports.claim("test-kept")
if os.fork():
    print(flush=True)
    time.sleep(60)
sys.stdin.read()
"""


def test_one_that_was_killed_and_is_being_cleared_away_is_waited_for() -> None:
    with subprocess.Popen([sys.executable, "-c", KEPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdin and other.stdout
        other.stdout.readline()
        other.kill()
        other.wait()
        with pytest.raises(PortError):
            ports.claim("test-kept", patience=0)
        timer = threading.Timer(0.2, other.stdin.close)
        timer.start()
        ports.claim("test-kept").close()
        timer.join()
