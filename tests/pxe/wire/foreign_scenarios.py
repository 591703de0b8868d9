"""The boot server beside whole DHCP servers of others, as `wire_scenarios`; what test_foreign_servers.py runs.

A foreign server knows the PC `OTHER_MAC`, whose address is `THEIRS`; some have more.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from ipaddress import IPv4Address, IPv4Interface

from pxe.others.answers import Served
from pxe.others.servers import SERVERS
from pxe.wire import waiting
from pxe.wire.message import Kind, Option
from pxe.wire.message import discover as question
from pxe.wire.watch import Policy, Watch
from qemu.host import foreign
from tests.pxe.server.serve_scenarios import HERE, PAIR, SERVE, Serving, inside, prepare
from tests.pxe.wire.dhcp_messages import MAC, OTHER_MAC, PXE, XID, discover, made, request
from tests.pxe.wire.wire_scenarios import FOREIGN, FOREIGN_REQUESTS, NEW_MAC, RANGE, SERVER, THEIRS, Client, dnsmasq

NETWORK = IPv4Interface("10.77.0.0/24").network
OTHERS = {one.name: one for one in SERVERS}
DHCPD_IS_THERE = foreign.DHCPD_IS_THERE.decode()
WINDOWS = ((Option.VENDOR, b"MSFT 5.0"),)

ISC = f"""authoritative;
subnet 10.77.0.0 netmask 255.255.255.0 {{}}
host known {{ hardware ethernet {OTHER_MAC}; fixed-address {THEIRS}; }}
"""


def start(*argv: str, until_it_says: str) -> None:
    server = subprocess.Popen(inside("other", *argv), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert server.stdout
    said = []
    for line in server.stdout:
        said.append(line)
        if until_it_says in line:
            with (HERE / "other.log").open("w") as log:
                subprocess.Popen(["cat"], stdin=server.stdout, stdout=log)  # or it would fill the pipe
            return
    raise AssertionError(f"{argv} did not start: {said}")


def isc() -> None:
    start(*foreign.dhcpd(HERE, "school", ISC), until_it_says=DHCPD_IS_THERE)


def kea() -> None:
    reservation = {"hw-address": OTHER_MAC, "ip-address": THEIRS}
    settings = {
        "interfaces-config": {"interfaces": ["school"]},
        "lease-database": {"type": "memfile", "name": str(HERE / "kea.csv"), "lfc-interval": 0},
        "authoritative": True,
        "valid-lifetime": 600,
        "subnet4": [{"id": 1, "subnet": str(NETWORK), "reservations": [reservation]}],
        "loggers": [{"name": "kea-dhcp4", "severity": "INFO", "output_options": [{"output": "stdout"}]}],
    }
    (HERE / "kea.json").write_text(json.dumps({"Dhcp4": settings}))
    places = [f"KEA_{place}_DIR={HERE}" for place in ("PIDFILE", "LOCKFILE", "DHCP_DATA")]
    start("env", *places, *foreign.program("kea-dhcp4"), "-c", str(HERE / "kea.json"), until_it_says="DHCP4_STARTED")


def static() -> None:
    dnsmasq(f"--dhcp-host={OTHER_MAC},{THEIRS}", "--dhcp-range=10.77.0.0,static", "--dhcp-authoritative")


def full() -> None:
    """One address, which the PC has already."""
    (HERE / "theirs").write_text(f"4102444800 {OTHER_MAC} {THEIRS} * *\n")
    dnsmasq(f"--dhcp-range={THEIRS},{THEIRS}", "--dhcp-authoritative")


def knows_its_own(server: str) -> dict[str, object]:
    """It is there from the beginning; nobody that it does not know is answered, so that it is not found."""
    globals()[server]()
    client, serving = Client(), Serving(*RANGE, hurried=False)
    first = list(serving.said)
    leased = client.lease(NEW_MAC)
    client.heard.clear()
    given = client.lease(OTHER_MAC, *WINDOWS, server=FOREIGN)
    serving.until("ANOTHER DHCP SERVER")
    client.say(request(THEIRS, *WINDOWS, mac=OTHER_MAC))  # its next start
    client.until(Kind.ACK, FOREIGN)
    client.say(discover(*PXE, mac=MAC))
    serving.until("gets no address here")
    plain = client.seen
    client.heard.clear()
    client.say(request(leased, mac=NEW_MAC))
    client.until(Kind.ACK)
    return {"first": first, "given": given, "seen": plain, "said": serving.said, "status": serving.end()}


def knows_the_room(server: str) -> dict[str, object]:
    """It knows a PC of the room, which is named."""
    globals()[server]()
    argv = [*SERVE, "br0", "--pair", str(PAIR), "--machine", f"{OTHER_MAC}=umode=snd"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    more = subprocess.run([*argv, "--machine", f"{MAC}="], capture_output=True, text=True, check=False)
    proxy, client = Serving("--proxy", *argv[-2:], "--machine", f"{MAC}=", hurried=False), Client()
    begun = time.monotonic()
    while time.monotonic() - begun < waiting.LEAST + 1:
        client.say(discover(*PXE))
        time.sleep(2)
    away = proxy.until("no server gives it an address")
    said = {"more": more.stderr, "proxy": proxy.said, "away": away}
    return {"status": done.returncode, "said": done.stderr, **said, "end": proxy.end()}


def only_pxe() -> dict[str, object]:
    """It answers PXE clients only, any of them."""
    dnsmasq("--dhcp-range=10.77.0.50,10.77.0.60", "--dhcp-vendorclass=set:pxe,PXEClient", "--dhcp-ignore=tag:!pxe")
    done = subprocess.run([*SERVE, "br0", "--pair", str(PAIR)], capture_output=True, text=True, check=False)
    return {"status": done.returncode, "said": done.stderr}


def proxy() -> dict[str, object]:
    """Beside --proxy: what PCs ask of their own server is that one's matter, and nobody is refused."""
    static()
    serving, client = Serving("--proxy"), Client()
    for mac in (MAC, OTHER_MAC):
        for message in FOREIGN_REQUESTS:
            client.say(message, mac)
    client.lease(OTHER_MAC, server=FOREIGN)
    client.say(made(question(NEW_MAC, XID, pxe=True)))
    offer = client.wait(lambda heard: str(heard.message.server) == SERVER and heard.message.mac == NEW_MAC)
    ours = [line for line in client.seen if line.startswith(f"{SERVER} ")]
    return {"ours": ours, "vendor": offer.vendor, "status": serving.end()}


def by_class() -> dict[str, object]:
    """ISC dhcpd with a pool, whose lines for PCs that boot stand in classes and name this machine; it pings first."""
    lines = OTHERS["isc"].render(Served(IPv4Address(SERVER)))
    pool = f"subnet {NETWORK.network_address} netmask {NETWORK.netmask} {{ range 10.77.0.150 10.77.0.160; }}"
    start(*foreign.dhcpd(HERE, "school", f"authoritative;\n{lines}\n{pool}\n"), until_it_says=DHCPD_IS_THERE)
    said: list[str] = []
    policy = Policy(proxy=True, own=IPv4Interface("10.0.0.1/24"))
    with contextlib.closing(Watch("br0", IPv4Address(SERVER), policy, said.append)) as watch:
        watch.look()
        names = sorted(map(str, watch.next_servers))
    return {"said": said, "names": names}


def later() -> dict[str, object]:
    """A server with free addresses starts later, and nobody asks it but us."""
    serving = Serving(*RANGE)
    dnsmasq("--dhcp-range=10.77.0.50,10.77.0.60")
    return {"said": serving.until("ANOTHER DHCP SERVER"), "status": serving.end()}


def forced() -> dict[str, object]:
    """As `later`, and addresses are given all the same."""
    serving, client = Serving(*RANGE, "--force"), Client()
    dnsmasq("--dhcp-range=10.77.0.50,10.77.0.60")
    said = serving.until("ANOTHER DHCP SERVER")
    return {"said": said, "leased": client.lease(), "status": serving.end()}


def everybody() -> dict[str, object]:
    """With --all an ordinary PC gets an address, and is refused none."""
    serving, client = Serving(*RANGE, "--all"), Client()
    leased = client.lease(OTHER_MAC, *WINDOWS)
    client.heard.clear()
    client.say(request(THEIRS, *WINDOWS, mac=OTHER_MAC))
    client.say(request(own=THEIRS, mac=OTHER_MAC))
    client.say(request(leased, mac=OTHER_MAC))
    client.until(Kind.ACK)
    return {"leased": leased, "seen": client.seen, "status": serving.end()}


def main() -> None:
    prepare()
    name, _, server = sys.argv[1].partition(":")
    print(json.dumps(globals()[name](*filter(None, [server]))))


if __name__ == "__main__":
    main()
