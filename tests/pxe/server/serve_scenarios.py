"""A boot server, a PC and another server on one switch, in namespaces: what test_serve.py runs inside them.

`python serve_scenarios.py NAME DIRECTORY` prints what was seen as JSON. The namespace it is started in is the boot
server (``br0``, 10.77.0.1/24); ``pc`` (card ``seat``) and ``other`` (card ``school``, 10.77.0.3/24) are on its switch.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from ipaddress import IPv4Address
from pathlib import Path

from pxe.entries.loaders import machine_file
from pxe.wire.watch import Policy, Watch, WatchError
from tests.pairs import make_pair

HERE = Path(sys.argv[2])
PAIR = HERE / "pair"
TEMPORARY = HERE / "tmp"
MAC = "52:54:00:aa:bb:01"
SERVE = [sys.executable, "-m", "pxe", "serve", "--interface"]
HURRIED = (
    "from pxe.wire import watch; watch.LOOK, watch.OFTEN = 0.3, 0.5; "
    "from pxe.__main__ import main; raise SystemExit(main())"
)
SERVE_HURRIED = [sys.executable, "-c", HURRIED, "serve", "--interface"]
"""A boot server that has no patience with other servers, where none is to be found at the start."""
OTHER_DHCP = (
    "dnsmasq --conf-file=/dev/null --port=0 --keep-in-foreground --log-facility=- --user=root --group= --pid-file= "
    f"--interface=school --bind-interfaces --dhcp-range=10.77.0.50,10.77.0.60 --dhcp-leasefile={HERE}/other-leases"
).split()
FIRMWARE = ("-V", "PXEClient:Arch:00000:UNDI:002001", "-x", "93:0000")
CONFIGURE = '#!/bin/sh\n[ "$1" != bound ] || ip addr add "$ip/$mask" broadcast + dev "$interface"\n'


def main() -> None:
    prepare()
    print(json.dumps(globals()[sys.argv[1]]()))


def prepare() -> None:
    ip("link set lo up")
    ip("link add br0 type bridge forward_delay 0 mcast_snooping 0")
    ip("link set br0 up")
    ip("addr add 10.77.0.1/24 broadcast + dev br0")
    for name, card, mac in (("pc", "seat", MAC), ("other", "school", "52:54:00:aa:bb:99")):
        ip(f"netns add {name}")
        ip(f"link add {name} type veth peer name {card} address {mac} netns {name}")
        ip(f"link set {name} master br0 up")
        ip(f"-n {name} link set lo up")
        ip(f"-n {name} link set {card} up")
    ip("-n other addr add 10.77.0.3/24 broadcast + dev school")
    for folder in (PAIR, TEMPORARY):
        folder.mkdir()
    make_pair(PAIR, archive=os.urandom(1 << 20), code=os.urandom(1 << 16))
    os.environ["TMPDIR"] = str(TEMPORARY)


def ip(words: str) -> None:
    subprocess.run(["ip", *words.split()], check=True)


def inside(name: str, *argv: str) -> list[str]:
    return ["ip", "netns", "exec", name, *argv]


class Serving:
    """`pxe serve` under way; `said` are its lines so far."""

    def __init__(self, *options: str, hurried: bool = True) -> None:
        argv = [*(SERVE_HURRIED if hurried else SERVE), "br0", "--pair", str(PAIR), *options]
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.said: list[str] = []
        self.until("Ready. ")

    def until(self, text: str) -> str:
        """Read on up to the line with `text`; pytest's time-out ends a line that never comes."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(line.rstrip())
            if text in line:
                return line
        raise AssertionError(f"ended without {text!r}: {self.said}")

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)


def ask(*options: str) -> str:
    """The PC's DHCP request; takes the address. What udhcpc said."""
    script = HERE / "configure"
    script.write_text(CONFIGURE)
    script.chmod(0o755)
    argv = ["busybox", "udhcpc", "-f", "-n", "-q", "-t", "10", "-T", "1", "-i", "seat", "-s", str(script), *options]
    return subprocess.run(inside("pc", *argv), capture_output=True, text=True, check=False).stderr


def fetch(name: str) -> bool:
    """Load a file as PXELINUX does; true when it came whole."""
    target = HERE / "fetched"
    done = subprocess.run(
        inside("pc", "busybox", "tftp", "-g", "-b", "1408", "-r", name, "-l", str(target), "10.77.0.1"), check=False
    )
    return done.returncode == 0 and (not (PAIR / name).exists() or target.read_bytes() == (PAIR / name).read_bytes())


def load(url: str, head: int = -1) -> bytes:
    """What the PC gets by HTTP from http://10.77.0.1`url`, up to `head` bytes; "" for an error."""
    code = f"import sys, urllib.request as u; sys.stdout.buffer.write(u.urlopen('http://10.77.0.1{url}').read({head}))"
    return subprocess.run(inside("pc", sys.executable, "-c", code), capture_output=True, check=False).stdout


def http() -> dict[str, object]:
    """The tree by HTTP, with the usual port free, in use, and given; and what the process is that serves it."""
    serving = Serving("--range", "10.77.0.100,10.77.0.110")
    ask(*FIRMWARE)
    pair = {name: load(f"/{name}") == (PAIR / name).read_bytes() for name in ("udpcast-linux", "udpcast-initrd")}
    serving.until("starts")
    load("/udpcast-initrd", 1)
    serving.until("stopped")
    load("/nothing")
    serving.until("not in the tree")
    [pid] = [
        int(path.parent.name) for path in Path("/proc").glob("[0-9]*/comm") if path.read_text() == "udpcast-http\n"
    ]
    status = dict(line.split(":\t") for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
    shut = [load("/.udpcast-launcher.json"), load("/../../../etc/passwd"), load("/%2e%2e/leases"), load("/")]
    root = str(Path(f"/proc/{pid}/root").readlink())
    end = serving.end()
    with socket.create_server(("0.0.0.0", 80)):
        refused = subprocess.run(
            [*SERVE_HURRIED, "br0", "--pair", str(PAIR), "--http-port", "80"],
            capture_output=True,
            text=True,
            check=False,
        )
        other = Serving()
        there = load(":8068/udpcast-linux") == (PAIR / "udpcast-linux").read_bytes()
        other.end()
        given = Serving("--http-port", "8099")
        given.end()
    return {
        "said": serving.said,
        "pair": pair,
        "rights": [status[name] for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs")],
        "root": root.rpartition("/")[2],
        "shut": [text.decode() for text in shut],
        "status": end,
        "other": [other.said[0], there],
        "refused": refused.stderr,
        "given": [line for line in given.said if ":8099/" in line],
    }


def serve() -> dict[str, object]:
    room = HERE / "room.toml"
    room.write_text(f'parameters.lang = "FR"\n[machines]\npc = {{ mac = "{MAC}", parameters.port = 9002 }}\n')
    serving = Serving("--range", "10.77.0.100,10.77.0.110", "--room", str(room))
    heard = ask(*FIRMWARE)
    own = f"pxelinux.cfg/{machine_file(MAC)}"
    fetched = {name: fetch(name) for name in ("pxelinux.0", own)}
    line = (HERE / "fetched").read_text()
    fetched |= {name: fetch(name) for name in ("udpcast-linux", "udpcast-initrd")}
    menu = (HERE / "fetched").stat().st_size
    serving.until("starts")
    second = subprocess.run(
        inside("other", *SERVE, "school", "--pair", str(PAIR)), capture_output=True, text=True, check=False
    )
    status = serving.end()
    return {
        "said": serving.said,
        "heard": heard,
        "fetched": fetched,
        "bytes": menu,
        "line": line,
        "state": [path.name for path in HERE.glob("room-*")],
        "second": [second.returncode, second.stderr],
        "status": status,
        "left": [path.name for path in TEMPORARY.iterdir()],
        "alive": [path for path in Path("/proc").glob("[0-9]*/comm") if path.read_text().strip() == "dnsmasq"],
    }


EVIL = "\x1b[31m\u202e\u009b2J$(touch evil);`touch evil`\x07"
SENDS = """
import json, os, socket, sys
for protocol, port, hexadecimal in json.loads(sys.argv[1]):
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as client:
        client.settimeout(5)
        client.connect(("10.77.0.1", port))
        client.send(bytes.fromhex(hexadecimal))
        try:
            client.recv(4096)
        except OSError:
            pass
"""


def hostile() -> dict[str, object]:
    """A PC whose every word is made to hurt, before the real dnsmasq, the server of files and the page."""
    room = HERE / "room.toml"
    room.write_text(f'[machines]\n"salle é" = "{MAC}"\n[menu]\nlang = "FR"\n')
    serving = Serving("--range", "10.77.0.100,10.77.0.110", "--room", str(room))
    heard = ask("-V", f"PXEClient:Arch:00007{EVIL}", "-x", f"hostname:{EVIL[:20]}", "-x", "93:0007", "-F", "x")
    page = json.loads((HERE / "room-state.json").read_text())["token"]
    name = EVIL.encode()
    report = f"GET /{page}?succes=y&umode=rcv&mac=52-54-00-00-00-01&x=".encode()
    asked = [
        ("udp", 69, b"\0\1" + name + b"\0octet\0"),
        ("udp", 69, b"\0\1pxelinux.cfg/" + name + b"\xff\xfe\0octet\0"),
        ("udp", 69, b"\0\1../../../etc/passwd\0octet\0"),
        ("tcp", 80, b"GET /" + name + b" HTTP/1.0\r\n\r\n"),
        ("tcp", 80, b"GET /%1b%5B31m%e2%80%ae%c2%9b%0a%ff HTTP/1.0\r\n\r\n"),
        ("tcp", 80, name * 30),
        ("tcp", 8067, report + name + b" HTTP/1.0\r\n\r\n"),
        ("tcp", 8067, report + b"%1b%5B31m HTTP/1.0\r\n\r\n"),
        ("tcp", 80, b"GET /the-end HTTP/1.0\r\n\r\n"),
    ]
    words = json.dumps([(protocol, port, data.hex()) for protocol, port, data in asked])
    subprocess.run(inside("pc", sys.executable, "-c", SENDS, words), check=True)
    serving.until("the-end")
    left = [str(path) for path in (Path.cwd(), HERE, TEMPORARY) for path in path.glob("evil")]
    return {"said": serving.said, "heard": heard, "status": serving.end(), "left": left}


def other_dhcp() -> None:
    """A DHCP server of somebody else; waits until it listens."""
    server = subprocess.Popen(inside("other", *OTHER_DHCP), stderr=subprocess.PIPE, text=True)
    assert server.stderr
    for line in server.stderr:
        if "sockets bound" in line:
            return
    raise AssertionError("dnsmasq did not start")


def proxy() -> dict[str, object]:
    other_dhcp()
    serving = Serving("--proxy", hurried=False)
    heard = ask()
    ask(
        *FIRMWARE, "-t", "1"
    )  # udhcpc takes the proxy's answer for an offer of an address, and fails; firmware does not
    asked = serving.until("asks to boot")
    fetched = fetch("udpcast-initrd")
    serving.until("starts")
    return {"said": serving.said, "heard": heard, "asked": asked, "fetched": fetched, "status": serving.end()}


def proxy_alone() -> dict[str, object]:
    """No other server is there, and this machine's firewall lets nothing in."""
    chain = {"family": "inet", "table": "t", "name": "c", "type": "filter", "hook": "input", "prio": 0}
    rules = json.dumps({"nftables": [{"chain": {**chain, "policy": "drop"}}]})
    closed = f"from pxe.server import firewall; firewall._output = lambda *_: {rules!r}; {HURRIED}"
    SERVE_HURRIED[2] = closed
    serving = Serving("--proxy")
    seen = {"said": serving.said, "status": serving.end()}
    alone = Serving()
    return {**seen, "alone": alone.said, "end": alone.end()}


def force() -> dict[str, object]:
    other_dhcp()
    os.umask(0o077)
    serving = Serving("--force", hurried=False)
    [path] = TEMPORARY.glob("*/dnsmasq.conf")
    closed = [one.name for one in (path.parent, *path.parent.rglob("*")) if not one.stat().st_mode & 0o004]
    return {"said": serving.said, "config": path.read_text(), "closed": closed, "status": serving.end()}


def probe() -> dict[str, object]:
    """The first look, without a server and with one that leases nothing to who asks only."""
    said: list[str] = []
    with contextlib.closing(Watch("br0", IPv4Address("10.77.0.1"), Policy(proxy=True), said.append)) as watch:
        watch.look(0.6)
    other_dhcp()
    refusal = ""
    with contextlib.closing(Watch("br0", IPv4Address("10.77.0.1"), Policy(), said.append)) as watch:
        try:
            watch.look()
        except WatchError as error:
            refusal = str(error)
    return {"said": said, "refusal": refusal, "leases": (HERE / "other-leases").read_text()}


def refusals() -> dict[str, object]:
    ip("link add dummy0 type veth peer name dummy1")

    def refused(interface: str, *options: str) -> tuple[int, str]:
        argv = [*SERVE, interface, "--pair", str(PAIR), *options]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    seen: dict[str, object] = {"absent": refused("eth7"), "no address": refused("dummy0")}
    ip("addr add 10.78.0.1/24 dev dummy0")
    seen["down"] = refused("dummy0")
    seen["range"] = refused("br0", "--range", "10.99.0.1,10.99.0.9")
    seen["proxy range"] = refused("br0", "--proxy", "--range", "10.77.0.5,10.77.0.9")
    seen["append"] = refused("br0", "--append", "port=9001")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tftp:
        tftp.bind(("", 69))
        seen["tftp"] = refused("br0")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as dhcp:
        dhcp.bind(("", 67))
        seen["dhcp"] = refused("br0")
    return {**seen, "left": [path.name for path in TEMPORARY.iterdir()]}


if __name__ == "__main__":
    main()
