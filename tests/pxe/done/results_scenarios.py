"""A PC that tells a running boot server its result: what test_results_served.py runs in namespaces.

The wire is that of `serve_scenarios`; somebody else gives the addresses there, so that nothing is waited for.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

from pxe.entries.loaders import LOADERS
from tests.common import ROOT
from tests.pxe.server import serve_scenarios as wire

HERE = Path(sys.argv[2])
STATE = HERE / "state.json"
OWN = str(LOADERS[0].machine(wire.MAC))
TELL = (
    "import sys, time; from launcher.network.result_page import get; print(get(sys.argv[1], time.monotonic() + 20).ok)"
)


def serving() -> wire.Serving:
    return wire.Serving("--force", "--state", str(STATE), "--append", "umode=rcv")


def configuration(name: str) -> str | None:
    """What the PC loads, or None where there is no such file."""
    return (HERE / "fetched").read_text() if wire.fetch(name) else None


def tell(who: str, url: str, success: str) -> bool:
    """The launcher's own request, for the PC's card, from the namespace `who`; true when it was believed and kept."""
    mac = wire.MAC.replace(":", "-")
    full = f"{url}?debut=1&fin=2&succes={success}&mac={mac}&num_op=&umode=rcv"
    done = subprocess.run(
        wire.inside(who, sys.executable, "-c", TELL, full), capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stdout.strip() == "True"


def arm(*words: str) -> str:
    argv = [sys.executable, "-m", "pxe", "arm", "--state", str(STATE), *words]
    return subprocess.run(argv, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def results() -> dict[str, object]:
    wire.ip("-n pc addr add 10.77.0.50/24 dev seat")
    wire.other_dhcp()
    server = serving()
    found = re.search(r"page_remontee=(\S+)", configuration("pxelinux.cfg/default") or "")
    assert found
    seen: dict[str, object] = {"url": found[1], "loaded": wire.fetch("udpcast-initrd"), "own": configuration(OWN)}
    seen["of another"] = tell("other", found[1], "y")
    seen["without the token"] = tell("pc", found[1].rpartition("/")[0], "y")
    seen["failure"] = tell("pc", found[1], "n")
    seen["before"] = configuration(OWN)
    seen["success"] = tell("pc", found[1], "y")
    seen["after"], seen["listed"] = configuration(OWN), arm()
    seen["armed"] = arm("--all")
    server.until("is armed")
    seen["again"] = configuration(OWN)
    return {**seen, "said": server.said, "status": server.end()}


def killed() -> dict[str, object]:
    """The server dies behind a success, and comes again."""
    wire.ip("-n pc addr add 10.77.0.50/24 dev seat")
    wire.other_dhcp()
    server = serving()
    found = re.search(r"page_remontee=(\S+)", configuration("pxelinux.cfg/default") or "")
    assert found
    assert tell("pc", found[1], "y")
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    server = serving()
    seen = {"own": configuration(OWN), "late": tell("pc", found[1], "y"), "said": server.said}
    return {**seen, "status": server.end()}


def page() -> dict[str, object]:
    """The page beside somebody else's server: `tree`, then `page`, and the PC's own file."""
    wire.ip("-n pc addr add 10.77.0.50/24 dev seat")
    tree, pxe = HERE / "tree", [sys.executable, "-m", "pxe"]
    subprocess.run([*pxe, "tree", str(tree), "--pair", str(wire.PAIR)], check=True, cwd=ROOT, capture_output=True)
    argv = [*pxe, "page", str(tree), "--interface", "br0"]
    listening = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert listening.stdout
    begun = [listening.stdout.readline() for _ in range(8)]
    found = re.search(r"page_remontee=(\S+)", begun[-1])
    assert found
    believed = [tell("other", found[1], "y"), tell("pc", found[1], "y")]
    second = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=ROOT)
    listening.send_signal(signal.SIGINT)
    said = listening.communicate()[0]
    own = (tree / OWN).read_text()
    return {
        "believed": believed,
        "own": own,
        "said": said,
        "status": listening.returncode,
        "second": second.stderr,
        "begun": begun,
    }


if __name__ == "__main__":
    vars(wire).update(results=results, killed=killed, page=page)
    wire.main()
