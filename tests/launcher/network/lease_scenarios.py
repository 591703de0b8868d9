"""PCs whose firmware names itself in different ways to real DHCP servers, between namespaces as `network_scenarios`.

`python lease_scenarios.py NAME DIRECTORY` prints what was seen as JSON; a server's NAME: what became of each PC, and
which leases are held in the end.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface

from launcher.model.machine import Nic
from launcher.model.plan import Address, AddressSource
from launcher.network.address import AddressJob, AddressState
from qemu.host import foreign
from tests.launcher.network.network_scenarios import HERE, IP, LOG, ip, prepare, until
from tests.pairs import make_pair

SERVER = IPv4Interface("10.77.0.1/24")
FIRST, LAST = IPv4Address("10.77.0.100"), IPv4Address("10.77.0.103")
"""One address more than there are PCs."""
ISC_IS_THERE = foreign.DHCPD_IS_THERE.decode()
SYSUUID = "44454c4c-4200-1035-8056-b4c04f4d3132"
UUID = SYSUUID.replace("-", "")

PXE = ("-V", "PXEClient:Arch:00000:UNDI:002001")


@dataclass(frozen=True)
class Firmware:
    """How a PC asks for its first address: `says` are options of udhcpc."""

    name: str
    mac: str
    says: tuple[str, ...]


FIRMWARES = (
    Firmware("none", "52:54:00:aa:bb:01", ("-C",)),
    Firmware("MAC", "52:54:00:aa:bb:02", ("-x", "0x3d:01525400aabb02")),
    Firmware("UUID", "52:54:00:aa:bb:03", ("-x", f"0x3d:00{UUID}")),
)


def start(*argv: str, until_it_says: str) -> None:
    """A server in its namespace; it ends with this one."""
    server = subprocess.Popen(
        [IP, "netns", "exec", "server", *argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert server.stdout
    said = []
    for line in server.stdout:
        said.append(line)
        if until_it_says in line:
            log = (HERE / "server.log").open("w")
            subprocess.Popen(["cat"], stdin=server.stdout, stdout=log)  # or it would fill the pipe
            return
    raise AssertionError(f"{argv} did not start: {said}")


def isc() -> None:
    start(*foreign.dhcpd(HERE, "room", foreign.room(SERVER, FIRST, LAST)), until_it_says=ISC_IS_THERE)


def isc_held() -> list[str]:
    return [lease.mac for lease in foreign.held((HERE / foreign.LEASES).read_text())]


def kea() -> None:
    pool = {"pool": f"{FIRST}-{LAST}"}
    settings = {
        "interfaces-config": {"interfaces": ["room"]},
        "lease-database": {"type": "memfile", "name": str(HERE / "kea.csv"), "lfc-interval": 0},
        "valid-lifetime": 600,
        "subnet4": [{"id": 1, "subnet": str(SERVER.network), "pools": [pool]}],
        "loggers": [{"name": "kea-dhcp4", "severity": "INFO", "output_options": [{"output": "stdout"}]}],
    }
    (HERE / "kea.json").write_text(json.dumps({"Dhcp4": settings}))
    places = [f"KEA_{place}_DIR={HERE}" for place in ("PIDFILE", "LOCKFILE", "DHCP_DATA")]
    start("env", *places, *foreign.program("kea-dhcp4"), "-c", str(HERE / "kea.json"), until_it_says="DHCP4_STARTED")


def kea_held() -> list[str]:
    with (HERE / "kea.csv").open() as file:
        last = {row["address"]: row for row in csv.DictReader(file)}
    return [row["hwaddr"] for row in last.values() if row["valid_lifetime"] != "0" and row["state"] == "0"]


def dnsmasq() -> None:
    (HERE / "dnsmasq.conf").write_text(
        f"port=0\nkeep-in-foreground\nlog-facility=-\ninterface=room\nbind-interfaces\nno-ping\ndhcp-authoritative\n"
        f"user=root\ngroup=\ndhcp-leasefile={HERE}/leases\npid-file=\ndhcp-range={FIRST},{LAST},255.255.255.0,600\n"
    )
    start("dnsmasq", f"--conf-file={HERE}/dnsmasq.conf", until_it_says="IP range")


def dnsmasq_held() -> list[str]:
    return [line.split()[1] for line in (HERE / "leases").read_text().splitlines()]


def ours() -> None:
    """Our own boot server, which answers PCs that boot."""
    pair, temporary = HERE / "pair", HERE / "tmp"
    for folder in (pair, temporary):
        folder.mkdir()
    make_pair(pair)
    ip("-n", "server", "link", "set", "lo", "up")
    hurried = "from pxe.wire import watch; watch.LOOK = 0.3; from pxe.__main__ import main; main()"
    places = ("PATH=/usr/sbin:/usr/bin:/sbin:/bin", f"TMPDIR={temporary}")
    words = ("serve", "--interface", "room", "--range", f"{FIRST},{LAST}", "--pair", str(pair))
    start("env", *places, sys.executable, "-uc", hurried, *words, until_it_says="Ready. ")


def ours_held() -> list[str]:
    [leases] = (HERE / "tmp").glob("*/leases")
    return [line.split()[1] for line in leases.read_text().splitlines()]


def switch_on(firmware: Firmware) -> str:
    """The PC has that card, and its firmware gets an address."""
    ip("link", "set", "seat", "down")
    ip("addr", "flush", "dev", "seat")
    ip("link", "set", "seat", "address", firmware.mac, "up")
    script = HERE / "firmware-script"
    script.write_text(f'#!/bin/sh\n[ "$1" != bound ] || echo "$ip" >{HERE}/given\n')
    script.chmod(0o755)
    asks = ["busybox", "udhcpc", "-f", "-n", "-q", "-t", "5", "-T", "1", "-i", "seat", "-s", str(script), *PXE]
    subprocess.run([*asks, *firmware.says], check=True, capture_output=True)
    return (HERE / "given").read_text().strip()


def launch(firmware: Firmware, address: Address) -> AddressState:
    """The launcher gets along with `address` until it has a lease."""
    job = AddressJob(Nic("seat", firmware.mac), address, LOG.append, link_seconds=5, run=HERE / "run")
    job.start()
    state = until(job, lambda state: state.lease and state.over, 25)
    job.close()
    return state


def boot(firmware: Firmware) -> dict[str, object]:
    """The firmware gets an address, the launcher keeps it."""
    given = switch_on(firmware)
    state = launch(firmware, Address(AddressSource.GIVEN, given, 24, lease=True, sysuuid=SYSUUID))
    return {"given": given, "lease": str(state.lease)}


def boot_without_ip(firmware: Firmware) -> dict[str, object]:
    """The firmware gets an address, but its loader does not tell which."""
    return {"given": f"{switch_on(firmware)}/24", "address": launch(firmware, Address(AddressSource.DHCP)).address}


BAD_AND_GOOD = """authoritative;
subnet 10.77.0.0 netmask 255.255.255.0 {
  option subnet-mask 255.255.255.224;
  range 10.77.0.95;
  range 10.77.0.97;
}
"""


def declined() -> dict[str, object]:
    """The first address of the pool is the broadcast address of the network that the server announces."""
    start(*foreign.dhcpd(HERE, "room", BAD_AND_GOOD), until_it_says=ISC_IS_THERE)
    state = launch(FIRMWARES[1], Address(AddressSource.DHCP))
    return {"address": state.address, "leases": (HERE / foreign.LEASES).read_text()}


def one_lease(server: str) -> dict[str, object]:
    """Every firmware's PC on one server."""
    globals()[server]()
    seen = {firmware.name: boot(firmware) for firmware in FIRMWARES}
    untold = boot_without_ip(FIRMWARES[1])
    return {"seen": seen, "untold": untold, "held": sorted(globals()[f"{server}_held"]())}


def main() -> None:
    prepare()
    ip("link", "set", "seat", "up")  # Kea does not listen on a card without a link
    seen = declined() if sys.argv[1] == "declined" else one_lease(sys.argv[1])
    print(json.dumps({**seen, "log": LOG}))


if __name__ == "__main__":
    main()
