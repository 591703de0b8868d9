"""A boot server beside DHCP servers of others, as `serve_scenarios`; what test_wire.py and test_foreign_servers.py run.

`probe` is a card on the switch that says what a test makes it say, in the name of any PC.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable

from pxe.wire.message import Kind, Message, Option
from pxe.wire.wire import Heard, Wire
from tests.pxe.server.serve_scenarios import HERE, PAIR, SERVE, Serving, fetch, inside, ip, prepare
from tests.pxe.wire.dhcp_messages import MAC, OTHER_MAC, PXE, discover, request

SERVER, FOREIGN = "10.77.0.1", "10.77.0.3"
THEIRS = "10.77.0.50"
NEW_MAC = "52:54:00:aa:bb:13"
RANGE = ("--range", "10.77.0.100,10.77.0.110")
PATIENCE = 20.0

FOREIGN_REQUESTS = (
    request(THEIRS),
    request("10.77.0.101"),
    request(THEIRS, server=FOREIGN),
    request(THEIRS, server=SERVER),
    request(own=THEIRS),
    request("192.168.1.7"),
    request(own="192.168.1.7"),
)
"""After a start, after another server's offer, a renewal to everybody, from another network: of no address of ours."""


class Client:
    """Says what a PC says, and hears what it hears."""

    def __init__(self) -> None:
        ip(f"link add on-switch type veth peer name probe address {MAC}")
        ip("link set on-switch master br0 up")
        ip("link set probe arp off up")  # else it answers for the boot server, whose namespace this is
        self.wire = Wire("probe")
        self.heard: list[Heard] = []

    def say(self, message: Message, mac: str = "") -> None:
        hardware = bytes.fromhex(mac.replace(":", ""))
        self.wire.ask(message.data[:28] + hardware + message.data[34:] if mac else message.data)

    def until(self, kind: Kind, server: str = SERVER) -> Message:
        """The next answer of that kind; whatever else comes before is kept in `heard`."""
        return self.wait(lambda heard: heard.message.kind is kind and str(heard.message.server) == server)

    def wait(self, wanted: Callable[[Heard], bool], patience: float = PATIENCE) -> Message:
        deadline = time.monotonic() + patience
        while (left := deadline - time.monotonic()) > 0:
            if self.wire.wait(left):
                for heard in self.wire.heard():
                    if heard.message.is_reply:
                        self.heard.append(heard)
                        if wanted(heard):
                            return heard.message
        raise AssertionError(f"not answered; heard {self.heard}")

    def lease(self, mac: str = MAC, *options: tuple[int, bytes], server: str = SERVER) -> str:
        """Get an address as a PC that boots does."""
        options = options or PXE
        self.say(discover(*options, mac=mac))
        offer = self.until(Kind.OFFER, server)
        self.say(request(str(offer.given), *options, server=server, mac=mac))
        return str(self.until(Kind.ACK, server).given)

    @property
    def seen(self) -> list[str]:
        """The answers so far: who said what."""
        return [f"{heard.message.server} {heard.message.kind.name} {heard.message.given}" for heard in self.heard]


def refuses_nobody() -> dict[str, object]:
    """A PC that boots from us, and one that does not, ask about addresses that are not ours."""
    client, serving = Client(), Serving(*RANGE)
    leased = client.lease()
    before = client.seen
    for mac in (MAC, OTHER_MAC):
        for message in FOREIGN_REQUESTS:
            client.say(message, mac)
    client.say(discover(mac=OTHER_MAC))
    client.say(request(own=leased))  # answered behind all of them, which prove so to be not answered
    client.until(Kind.ACK)
    return {"before": before, "leased": leased, "seen": client.seen, "status": serving.end()}


def addresses_in_use() -> dict[str, object]:
    """An ordinary PC and the boot server itself have all addresses of the range but one; two PCs boot."""
    ip("addr add 10.77.0.106/24 dev br0")
    for number in (100, 101, 102, 103, 104):
        ip(f"-n pc addr add 10.77.0.{number}/24 dev seat")
    client, serving = Client(), Serving("--range", "10.77.0.100,10.77.0.106")
    leased = client.lease()
    client.say(discover(*PXE, mac=OTHER_MAC))
    serving.until("no address is left")
    return {"leased": leased, "said": serving.said, "seen": client.seen, "status": serving.end()}


def another_comes() -> dict[str, object]:
    """A server that knows one PC starts later; that PC asks it."""
    client, serving = Client(), Serving(*RANGE)
    leased = client.lease()
    dnsmasq(f"--dhcp-host={OTHER_MAC},{THEIRS}", "--dhcp-range=10.77.0.0,static", "--dhcp-authoritative")
    known = client.lease(OTHER_MAC, (Option.VENDOR, b"MSFT 5.0"), server=FOREIGN)
    serving.until("ANOTHER DHCP SERVER")
    client.heard.clear()
    client.say(discover(*PXE, mac=NEW_MAC))
    serving.until("gets no address here")
    client.say(request(leased, server=FOREIGN, mac=NEW_MAC))
    serving.until("TWO PCs GET")
    client.say(request(own=leased))
    client.until(Kind.ACK)
    ip("-n pc addr add 10.77.0.9/24 dev seat")
    loads = fetch("udpcast-initrd")
    return {"said": serving.said, "known": known, "seen": client.seen, "loads": loads, "status": serving.end()}


def other_boot_server() -> dict[str, object]:
    """Another proxy DHCP server: at the start, and later."""
    other = dnsmasq("--dhcp-range=10.77.0.0,proxy", "--pxe-service=x86PC,other,other")
    argv = [*SERVE, "br0", "--pair", str(PAIR)]
    refused = [
        subprocess.run([*argv, *more], capture_output=True, text=True, check=False) for more in ([], ["--proxy"])
    ]
    other.kill()
    other.wait()
    serving = Serving("--proxy")
    dnsmasq("--dhcp-range=10.77.0.0,proxy", "--pxe-service=x86PC,other,other")
    said = serving.until("another boot server")
    return {"refused": [[done.returncode, done.stderr] for done in refused], "said": said, "status": serving.end()}


def dnsmasq(*options: str) -> subprocess.Popen[str]:
    """A dnsmasq of somebody else, when it listens."""
    words = (
        "dnsmasq --conf-file=/dev/null --port=0 --keep-in-foreground --log-facility=- --user=root --group= --pid-file="
    )
    fixed = [*words.split(), "--interface=school", "--bind-interfaces", "--no-ping", f"--dhcp-leasefile={HERE}/theirs"]
    server = subprocess.Popen(inside("other", *fixed, *options), stderr=subprocess.PIPE, text=True)
    assert server.stderr
    for line in server.stderr:
        if "sockets bound" in line:
            return server
    raise AssertionError("dnsmasq did not start")


def main() -> None:
    prepare()
    print(json.dumps(globals()[sys.argv[1]]()))


if __name__ == "__main__":
    main()
