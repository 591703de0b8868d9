"""How a boot server ends, and what it says of PCs that do not boot: what test_serve_life.py runs in namespaces.

The wire is that of serve_scenarios.py, which is called in the same way.
"""

from __future__ import annotations

import json
import os
import pty
import random
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.pxe.server import serve_scenarios
from tests.pxe.server.serve_scenarios import PAIR, TEMPORARY, Serving, inside, ip, prepare
from tests.pxe.server.tftp_clients import Way

SERVER, PC = "10.77.0.1", "10.77.0.66"
HURRIED = (
    f"from pxe.server import patrol, transfers; patrol.EVERY, transfers.PATIENCE = 0.1, 0.5; {serve_scenarios.HURRIED}"
)
SERVE_HURRIED = serve_scenarios.SERVE_HURRIED = [sys.executable, "-c", HURRIED, "serve", "--interface"]
LOADS = "import json, sys; from tests.pxe.server.tftp_clients import *\n"


def main() -> None:
    prepare()
    ip(f"-n pc addr add {PC}/24 broadcast + dev seat")
    print(json.dumps(globals()[sys.argv[1]]()))


def pids(name: str) -> list[int]:
    """The living processes of this namespace with that name."""
    found = [_read(path) for path in Path("/proc").glob("[0-9]*/stat")]
    return [int(stat.split()[0]) for stat in found if f"({name})" in stat and stat.rpartition(") ")[2][0] not in "ZX"]


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def parent(pid: int) -> int:
    return int(_read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()[1])


def gone(*numbers: int) -> bool:
    """True when all end within ten seconds."""
    for number in numbers:
        try:
            handle = os.pidfd_open(number)
        except ProcessLookupError:
            continue
        if not select.select([handle], [], [], 10)[0]:
            return False
    return True


def left() -> list[str]:
    return sorted(path.name for path in TEMPORARY.iterdir())


def ends() -> dict[str, object]:
    """Every way to end it; of each: are the servers and the keeper gone, is something left, what was said last."""
    seen: dict[str, object] = {}
    for way in ("SIGHUP", "SIGTERM", "SIGKILL", "keeper", "dnsmasq", "files", "both"):
        serving = Serving()
        [dnsmasq], [files] = pids("dnsmasq"), pids("udpcast-http")
        keeper = parent(dnsmasq)
        if way.startswith("SIG"):
            serving.process.send_signal(signal.Signals[way])
        else:
            for pid in {
                "keeper": [keeper],
                "dnsmasq": [dnsmasq],
                "files": [files],
                "both": [serving.process.pid, keeper],
            }[way]:
                os.kill(pid, signal.SIGKILL)
        rest, _ = serving.process.communicate(timeout=10)
        seen[way] = [serving.process.returncode, gone(dnsmasq, keeper, files), len(left()), rest.strip()]
    again = Serving()
    seen["next"] = [line for line in again.said if "earlier" in line]
    again.end()
    seen["left"] = left()
    return seen


def terminal() -> dict[str, object]:
    """The terminal is closed, as a window or an ssh session is; or who reads what it says is gone."""
    pid, terminal = pty.fork()
    if not pid:
        os.execv(sys.executable, [*SERVE_HURRIED, "br0", "--pair", str(PAIR)])
    said = b""
    while b"\nReady. " not in said:
        said += os.read(terminal, 1 << 12)
    [dnsmasq] = pids("dnsmasq")
    os.close(terminal)
    seen: dict[str, object] = {"gone": gone(pid, dnsmasq)}
    serving = Serving()
    [dnsmasq] = pids("dnsmasq")
    assert serving.process.stdout
    serving.process.stdout.close()
    clients((PC, "pxelinux.0", Way.WHOLE))
    return {**seen, "unread": [serving.process.wait(10), gone(dnsmasq)], "left": left()}


def two() -> dict[str, object]:
    """A second one on the same interface, and one on another."""
    ip("link add eth9 type veth peer name seat9")
    ip("addr add 203.0.113.1/24 dev eth9")
    ip("addr add 10.78.0.1/24 broadcast + dev eth9 label eth9:0")
    for card in ("eth9", "seat9"):
        ip(f"link set {card} up")
    first = Serving()
    same = subprocess.run([*SERVE_HURRIED, "br0", "--pair", str(PAIR)], capture_output=True, text=True, check=False)
    other = Serving("--interface", "eth9", "--range", "10.78.0.50,10.78.0.60")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(5)
        asking.sendto(b"\0\1pxelinux.0\0octet\0", ("10.78.0.1", 69))
        answer = asking.recv(600)[:4].hex()
        asking.settimeout(0.3)
        asking.sendto(b"\0\1pxelinux.0\0octet\0", ("203.0.113.1", 69))
        try:
            public = asking.recv(600)[:4].hex()
        except OSError:
            public = ""
    both = len(pids("dnsmasq"))
    statuses = [first.end(), other.end()]
    return {
        "same": [same.returncode, same.stderr.replace(str(first.process.pid), "PID")],
        "other": other.said,
        "answer": answer,
        "public": public,
        "both": both,
        "statuses": statuses,
        "left": left(),
    }


def clients(*clients: tuple[str, str, Way], seconds: float = 20) -> list[tuple[int, str]]:
    """What each of them got: bytes, and what the server said against it."""
    pcs = ", ".join(f"Pc({address!r}, {name!r}, Way.{way.name}, port=2070)" for address, name, way in clients)
    told = "print(json.dumps([[pc.size, pc.error] for pc in pcs]))"
    code = f"{LOADS}pcs = [{pcs}]\nload('{SERVER}', pcs, {seconds})\n{told}"
    done = subprocess.run(inside("pc", sys.executable, "-c", code), capture_output=True, text=True, check=True)
    return [(size, error) for size, error in json.loads(done.stdout)]


def loads() -> dict[str, object]:
    """Files that are loaded, left, asked for twice, and closed to dnsmasq."""
    serving = Serving()
    begun = len(serving.said)
    size = (PAIR / "udpcast-initrd").stat().st_size
    whole = clients((PC, "udpcast-initrd", Way.SIZE_FIRST))[0][0] == size
    clients((PC, "udpcast-linux", Way.HALF))
    [root] = TEMPORARY.glob("*/tftp")
    (root / "ldlinux.c32").chmod(0o600)
    closed = clients((PC, "ldlinux.c32", Way.WHOLE))[0][1].partition(": ")[2]
    serving.until("cannot be read")
    told = [line.split(None, 2)[2] for line in serving.said[begun:]]
    return {"whole": whole, "closed": closed, "told": told, "status": serving.end()}


def dropped() -> dict[str, object]:
    """The kernel drops what a PC asks, as a firewall does; then the card loses its address, its link, and is gone."""
    ip("link add elsewhere type veth peer name nowhere")
    ip("link set nowhere up")
    ip("link set elsewhere up")
    ip(f"route add {PC}/32 dev elsewhere")
    Path("/proc/sys/net/ipv4/conf/br0/rp_filter").write_text("1")
    links = subprocess.run(["ip", "-j", "link", "show", "br0"], capture_output=True, check=True).stdout
    ip(f"-n pc neigh replace {SERVER} lladdr {json.loads(links)[0]['address']} dev seat")  # ARP is dropped, too
    serving = Serving()
    clients((PC, "pxelinux.0", Way.ASK_ONLY))
    seen = {"dropped": serving.until("gets no answer")}
    ip("addr del 10.77.0.1/24 dev br0")
    seen["address"] = serving.until("lost its address")
    ip("addr add 10.77.0.1/24 broadcast + dev br0")
    seen["again"] = serving.until("as it should be")
    ip("link set br0 down")
    seen["down"] = serving.until("ip link set br0 up")
    ip("link del br0")
    rest, _ = serving.process.communicate(timeout=10)
    return {**seen, "gone": rest, "status": serving.process.returncode, "left": left()}


def full() -> dict[str, object]:
    """More transfers are begun and left than dnsmasq takes."""
    ip("-n pc addr flush dev seat")
    batch = "\n".join(f"addr add 10.77.0.{number}/24 dev seat" for number in range(20, 225))
    subprocess.run(inside("pc", "ip", "-b", "-"), input=batch, text=True, check=True)
    serving = Serving("--range", "10.77.0.10,10.77.0.19")
    clients(*((f"10.77.0.{number}", "udpcast-initrd", Way.ASK_ONLY) for number in range(20, 225)), seconds=1)
    clients((PC, "pxelinux.0", Way.ASK_ONLY), seconds=1)
    return {"full": serving.until("TFTP answers nobody"), "status": serving.end()}


def ports() -> dict[str, object]:
    """Port 4011 is somebody else's; it matters beside another server only."""
    seen: dict[str, object] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as theirs:
        theirs.bind(("", 4011))
        argv = [*SERVE_HURRIED, "br0", "--pair", str(PAIR), "--proxy"]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        seen["proxy"] = [done.returncode, done.stderr]
        seen["alone"] = Serving().end()
    return seen


def room() -> dict[str, object]:
    """100 PCs load the pair at once, while 100 others have begun and gone."""
    ip("-n pc addr flush dev seat")
    batch = "\n".join(f"addr add 10.77.0.{number}/24 dev seat" for number in range(4, 250))
    subprocess.run(inside("pc", "ip", "-b", "-"), input=batch, text=True, check=True)
    serving = Serving()
    clients(*((f"10.77.0.{number}", "udpcast-linux", Way.ASK_ONLY) for number in range(110, 210)), seconds=1)
    got = clients(*((f"10.77.0.{number}", "udpcast-initrd", Way.WHOLE) for number in range(4, 104)), seconds=40)
    whole = sum(size == (PAIR / "udpcast-initrd").stat().st_size for size, _ in got)
    for _ in range(100):
        serving.until("udpcast-initrd and starts")
    starts = sum(" loaded " in line for line in serving.said)
    return {"whole": whole, "starts": starts, "status": serving.end(), "left": left()}


def killed() -> dict[str, object]:
    """Killed at any moment, with or without its keeper; the next one serves, and nothing but it is there."""
    chance = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 15)
    rounds = 0
    for _ in range(25):
        argv = [*SERVE_HURRIED, "br0", "--pair", str(PAIR)]
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(chance.uniform(0.2, 1.6))
        except subprocess.TimeoutExpired:
            rounds += 1
        keepers = [parent(pid) for pid in pids("dnsmasq")] if chance.random() < 0.5 else []
        for pid in (process.pid, *keepers):
            os.kill(pid, signal.SIGKILL)
        process.wait()
    serving = Serving()
    alone = len(pids("dnsmasq")), len(left())
    return {"alone": alone, "status": serving.end(), "left": left(), "dnsmasq": pids("dnsmasq"), "rounds": rounds}


if __name__ == "__main__":
    main()
