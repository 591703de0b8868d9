"""Real DHCP servers of others with our lines in a configuration that is in use; what test_servers.py runs.

`python others_scenarios.py NAME DIRECTORY`: the server NAME is in a namespace on the switch, and has a boot file of
somebody else for all of its network. Each kind of client asks it; what each was told is printed as JSON.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Sequence
from ipaddress import IPv4Address

from pxe.entries.architectures import ARCHITECTURES
from pxe.others.answers import Served
from pxe.others.servers import SERVERS
from pxe.wire.message import Kind, Message, Option
from qemu.host import foreign
from tests.pxe.server.serve_scenarios import HERE, inside, prepare
from tests.pxe.wire.dhcp_messages import discover, request
from tests.pxe.wire.foreign_scenarios import start
from tests.pxe.wire.wire_scenarios import FOREIGN, Client

TFTP = IPv4Address("10.77.0.9")
THEIRS = "10.77.0.8"
FOLDER = 210
TRIES = 10

ISC = """authoritative;
ping-check false;
{lines}
subnet 10.77.0.0 netmask 255.255.255.0 {{
  range 10.77.0.100 10.77.0.199;
  next-server {theirs};
  filename "theirs.0";
}}
"""
DNSMASQ = """port=0
no-ping
dhcp-range=10.77.0.100,10.77.0.199
dhcp-boot=theirs.0,,{theirs}
{lines}
"""
KEA = """{{"Dhcp4": {{
  "interfaces-config": {{"interfaces": ["school"]}},
  "lease-database": {{"type": "memfile", "name": "{here}/kea.csv", "lfc-interval": 0}},
  {lines},
  "subnet4": [{{
    "id": 1, "subnet": "10.77.0.0/24", "pools": [{{"pool": "10.77.0.100-10.77.0.199"}}],
    "next-server": "{theirs}", "boot-file-name": "theirs.0"
  }}],
  "loggers": [{{"name": "kea-dhcp4", "severity": "INFO", "output_options": [{{"output": "stdout"}}]}}]
}}}}
"""


def isc(lines: str) -> None:
    settings = ISC.format(lines=lines, theirs=THEIRS)
    argv = foreign.dhcpd(HERE, "school", settings)
    checked(*foreign.program("dhcpd"), "-t", "-cf", str(HERE / "dhcpd.conf"))
    start(*argv, until_it_says=foreign.DHCPD_IS_THERE.decode())


def kea(lines: str) -> None:
    path = HERE / "kea.json"
    path.write_text(KEA.format(lines=lines, theirs=THEIRS, here=HERE))
    places = [f"KEA_{place}_DIR={HERE}" for place in ("PIDFILE", "LOCKFILE", "DHCP_DATA")]
    checked("env", *places, *foreign.program("kea-dhcp4"), "-t", str(path))
    start("env", *places, *foreign.program("kea-dhcp4"), "-c", str(path), until_it_says="DHCP4_STARTED")


def dnsmasq(lines: str) -> None:
    path = HERE / "dnsmasq.conf"
    path.write_text(DNSMASQ.format(lines=lines, theirs=THEIRS))
    checked("dnsmasq", "--test", f"--conf-file={path}")
    words = (
        "--keep-in-foreground --log-facility=- --user=root --group= --pid-file= --interface=school --bind-interfaces"
    )
    leases = f"--dhcp-leasefile={HERE}/leases"
    start("dnsmasq", f"--conf-file={path}", leases, *words.split(), until_it_says="sockets bound")


def checked(*argv: str) -> None:
    """The server's own look at its configuration finds nothing wrong."""
    done = subprocess.run(inside("other", *argv), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def clients() -> dict[str, tuple[tuple[int, bytes], ...]]:
    """Every kind of client, by what it is called in the test."""
    kinds: dict[str, tuple[tuple[int, bytes], ...]] = {"plain": ()}
    for one in ARCHITECTURES:
        for number in one.numbers:
            vendor = "HTTPClient" if one.http else "PXEClient"
            kinds[str(number)] = firmware(vendor, number)
    for number in (0, 7, 9, 11):
        # As iPXE 1.21 says it: what it can do (option 175), and its name as user class.
        ipxe = ((Option.USER_CLASS, b"iPXE"), (175, bytes.fromhex("b105011af41041")))
        kinds[f"ipxe {number}"] = (*firmware("PXEClient", number), *ipxe)
    return kinds


def firmware(vendor: str, number: int) -> tuple[tuple[int, bytes], ...]:
    return (
        (Option.VENDOR, f"{vendor}:Arch:{number:05}:UNDI:003000".encode()),
        (Option.ARCHITECTURE, number.to_bytes(2)),
        (Option.INTERFACE, bytes([1, 3, 0])),
        (Option.PARAMETERS, bytes([1, 3, 66, 67])),
    )


def told(reply: Message) -> list[str]:
    """The boot file, where it is, and the options that say more."""
    options = dict(reply.options)
    return [
        reply.boot_file,
        str(IPv4Address(reply.data[20:24])),
        options.get(Option.VENDOR, b"").decode(),
        options.get(FOLDER, b"").decode(),
    ]


def ask(client: Client, mac: str, options: Sequence[tuple[int, bytes]]) -> list[list[str]]:
    """What the offer and the acknowledgement say."""
    offer = offered(client, discover(*options, mac=mac))
    client.say(request(str(offer.given), *options, server=FOREIGN, mac=mac))
    return [told(offer), told(client.until(Kind.ACK, FOREIGN))]


def offered(client: Client, question: Message) -> Message:
    """Asked once more where nothing came, as a client does: a port of a switch that has just come up drops some."""
    for _ in range(TRIES):
        client.say(question)
        with contextlib.suppress(AssertionError):
            return client.wait(
                lambda heard: heard.message.kind is Kind.OFFER and heard.message.mac == question.mac, 2.0
            )
    raise AssertionError(f"no offer for {question}")


def main() -> None:
    prepare()
    name, _, http = sys.argv[1].partition(" ")
    [server] = [one for one in SERVERS if one.name == name]
    globals()[name](server.render(Served(TFTP, http)))
    client = Client()
    seen = {
        kind: ask(client, f"52:54:00:aa:cc:{number:02x}", options)
        for number, (kind, options) in enumerate(clients().items())
    }
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
