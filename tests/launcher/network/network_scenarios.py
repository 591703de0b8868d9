"""One card and one server, joined by a cable, in namespaces of their own: what test_network.py runs inside them.

`python network_scenarios.py NAME DIRECTORY` prints what was seen as JSON. The network namespace it is started in is
the PC (card ``seat``); the server is the namespace ``server`` (card ``room``, 10.77.0.1/24). The launcher finds
the `ip` of busybox, as in the initrd.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from launcher.model.machine import Nic
from launcher.model.plan import Address, AddressSource
from launcher.network.address import SCRIPT, AddressJob, AddressState, Phase
from launcher.network.card import has_link, raise_links
from launcher.network.fetching import Fetch, Place, read_place
from launcher.sentence import NOTHING
from pxe.server.dnsmasq import BootServer, Host, config

MAC = "52:54:00:aa:bb:01"
NIC = Nic("seat", MAC)
DHCP = Address(AddressSource.DHCP)
HERE = Path(sys.argv[2])
IP = shutil.which("ip") or "ip"
BUSYBOX = shutil.which("busybox") or "busybox"
LOG: list[str] = []


def prepare() -> None:
    """The PC's card, the cable and the server's card; here is busybox's `ip`."""
    ip("netns", "add", "server")
    ip("link", "add", "seat", "address", MAC, "type", "veth", "peer", "name", "room", "netns", "server")
    ip("-n", "server", "addr", "add", "10.77.0.1/24", "broadcast", "+", "dev", "room")
    ip("-n", "server", "link", "set", "room", "up")
    (HERE / "ip").symlink_to(BUSYBOX)
    os.environ["PATH"] = f"{HERE}:{os.environ['PATH']}"


def main() -> None:
    prepare()
    print(json.dumps({**globals()[sys.argv[1]](), "log": LOG}))


def ip(*words: str) -> str:
    return subprocess.run([IP, *words], check=True, capture_output=True, text=True).stdout


def on_server(*argv: str) -> subprocess.Popen[str]:
    return subprocess.Popen([IP, "netns", "exec", "server", *argv], stderr=subprocess.PIPE, text=True)


def dhcp_server(address: str | None = None) -> None:
    """Gives `address` to our card, or any of ten; waits until it listens."""
    (HERE / "dnsmasq.conf").write_text(
        config(
            BootServer(
                interface="room",
                server=IPv4Interface("10.77.0.1/24"),
                tftp_root=HERE,
                lease_file=HERE / "leases",
                first=IPv4Address("10.77.0.100"),
                last=IPv4Address("10.77.0.110"),
                lease=120,
                hosts=(Host(MAC, IPv4Address(address)),) if address else (),
                router=IPv4Address("10.77.0.1"),
                user="root",
            )
        )
        + "dhcp-option=option:dns-server,10.77.0.53\n"
    )
    server = on_server("dnsmasq", f"--conf-file={HERE}/dnsmasq.conf")
    assert server.stderr
    said = []
    for line in server.stderr:
        said.append(line)
        if "TFTP root" in line:
            return
    raise AssertionError(f"dnsmasq did not start: {said}")


def job(address: Address, nic: Nic = NIC, link: float = 5, dhcp: float = 8) -> AddressJob:
    """A job that was started, with deadlines short enough for a test."""
    started = AddressJob(nic, address, LOG.append, link_seconds=link, dhcp_seconds=dhcp, run=HERE / "run")
    started.start()
    return started


def until(job: AddressJob, wanted: Callable[[AddressState], object], seconds: float = 15) -> AddressState:
    """Poll as a screen does until the state is the wanted one."""
    poll = select.poll()
    poll.register(job, select.POLLIN)
    deadline = time.monotonic() + seconds
    while not wanted(job.state):
        if not poll.poll(max(0, deadline - time.monotonic()) * 1000):
            raise AssertionError(f"not reached in {seconds} s: {job.state}, {LOG}")
        job.drain()
    return job.state


def over(state: AddressState) -> bool:
    return state.over


def seen(state: AddressState) -> dict[str, object]:
    """The state, and what the kernel says."""
    cards = json.loads(ip("-j", "-4", "addr", "show", "dev", "seat"))
    routes = json.loads(ip("-j", "route", "show", "default"))
    return {
        "phase": state.phase.value,
        "sentence": str(state.sentence),
        "kind": state.kind.value,
        "fields": state.sentence.record(),
        "lease": str(state.lease),
        "seconds": state.seconds,
        "attempts": state.attempts,
        "address": state.address,
        "gateway": state.gateway,
        "server": state.server,
        "kernel": [f"{entry['local']}/{entry['prefixlen']}" for card in cards for entry in card.get("addr_info", [])],
        "routes": [route["gateway"] for route in routes],
        "names": names.read_text() if (names := HERE / "run" / "resolv.conf").exists() else "",
    }


def client() -> int:
    """The process number of udhcpc, 0 when it has ended."""
    try:
        pid = int((HERE / "run" / "udhcpc.pid").read_text())
        return pid if b"udhcpc" in Path(f"/proc/{pid}/cmdline").read_bytes() else 0
    except OSError:
        return 0


def dhcp() -> dict[str, object]:
    dhcp_server()
    address = job(DHCP)
    found = seen(until(address, over))
    running = client()
    address.close()
    return {**found, "ran": bool(running), "runs": bool(client()), "after": seen(address.state)["kernel"]}


def another_address_was_there() -> dict[str, object]:
    ip("addr", "add", "10.99.0.5/24", "dev", "seat")
    dhcp_server()
    return seen(until(job(DHCP), over))


TWO_ATTEMPTS = """#!/bin/sh
exec {busybox} "$@" -t 2 -A 3600
"""


class AsksTwice(AddressJob):
    """Its deadline does not pass before the second attempt, however slow the machine is."""

    def _wait(self, fd: int, deadline: float | None) -> bool:
        return super()._wait(fd, None if self.state.attempts < 2 else deadline)


def no_server() -> dict[str, object]:
    fake = HERE / "busybox"
    fake.write_text(TWO_ATTEMPTS.format(busybox=BUSYBOX))
    fake.chmod(0o755)
    asking = AsksTwice(NIC, DHCP, LOG.append, dhcp_seconds=3, run=HERE / "run")
    asking.start()
    return seen(until(asking, over))


def late_server() -> dict[str, object]:
    address = job(DHCP, dhcp=20)
    until(address, lambda state: state.attempts >= 1)
    dhcp_server()
    return seen(until(address, over, 20))


def no_link() -> dict[str, object]:
    ip("-n", "server", "link", "set", "room", "down")
    return seen(until(job(DHCP, link=0.5), over))


def no_link_given() -> dict[str, object]:
    ip("-n", "server", "link", "set", "room", "down")
    return seen(until(job(Address(AddressSource.GIVEN, "10.77.0.9", 24), link=0.5), over))


def late_link() -> dict[str, object]:
    ip("-n", "server", "link", "set", "room", "down")
    address = job(Address(AddressSource.GIVEN, "10.77.0.9", 24), link=10)
    waiting = address.state
    while not ip("-4", "addr", "show", "dev", "seat"):  # the address is set before the link is there
        assert not address.state.over
    ip("-n", "server", "link", "set", "room", "up")
    return {"first": waiting.phase.value, **seen(until(address, over))}


def no_card() -> dict[str, object]:
    return seen(until(job(DHCP, Nic("eth7", MAC)), over))


def given() -> dict[str, object]:
    ip("addr", "add", "10.99.0.5/24", "dev", "seat")
    nic = Nic("seat", MAC, addresses=("10.99.0.5/24",))
    # With a limit that is longer than the test waits: who would let it pass fails.
    return seen(until(job(Address(AddressSource.GIVEN, "10.77.0.9", 24, "10.77.0.1"), nic, link=3600), over))


def given_beside_one_that_came_after_detection() -> dict[str, object]:
    ip("addr", "add", "10.99.0.5/24", "dev", "seat")
    return seen(until(job(Address(AddressSource.GIVEN, "10.77.0.9", 24), NIC), over))


def given_with_a_wrong_gateway() -> dict[str, object]:
    return seen(until(job(Address(AddressSource.GIVEN, "10.77.0.9", 24, "192.0.2.1")), over))


def given_lease() -> dict[str, object]:
    dhcp_server("10.77.0.105")
    address = job(Address(AddressSource.GIVEN, "10.77.0.105", 24, lease=True))
    until(address, lambda state: state.lease and over(state))
    os.kill(client(), signal.SIGUSR1)  # renew now, as at half of the lease
    until(address, lambda state: "udhcpc-script: renew" in LOG)
    return {**seen(address.state), "leases": (HERE / "leases").read_text()}


def given_lease_of_firmware_with_an_identifier() -> dict[str, object]:
    dhcp_server()
    firmware = [
        "busybox",
        "udhcpc",
        "-f",
        "-n",
        "-q",
        "-i",
        "seat",
        "-s",
        "/bin/true",
    ]  # sends a client identifier
    ip("link", "set", "seat", "up")
    subprocess.run(firmware, check=True, capture_output=True)
    given = (HERE / "leases").read_text().split()[2]
    address = job(Address(AddressSource.GIVEN, given, 24, lease=True))
    return {"given": given, **seen(until(address, lambda state: state.lease and over(state)))}


def given_lease_and_another_offered() -> dict[str, object]:
    dhcp_server("10.77.0.106")
    address = job(Address(AddressSource.GIVEN, "10.77.0.105", 24, lease=True))
    state = until(address, lambda state: "would give" in str(state.lease))
    address._thread.join(10)
    return {**seen(state), "runs": bool(client())}


def given_lease_and_no_server() -> dict[str, object]:
    address = job(Address(AddressSource.GIVEN, "10.77.0.105", 24, lease=True))
    return seen(until(address, lambda state: state.lease and over(state)))


FAKE_CLIENT = """#!/bin/sh
export interface=seat serverid=10.77.0.1 message='go
event=bound away;$(reboot)'
{script} nak
exec sleep 60 # udhcpc
"""


def refused() -> dict[str, object]:
    fake = HERE / "busybox"
    fake.write_text(FAKE_CLIENT.format(script=SCRIPT))
    fake.chmod(0o755)
    return seen(until(job(DHCP, dhcp=2), over))


FAKE_LEASE = """#!/bin/sh
export interface=seat serverid=10.77.0.1 {values}
{script} bound
exec sleep 60 # udhcpc
"""


def bound(**values: str) -> dict[str, object]:
    """What is made of a lease that a server may tell."""
    fake = HERE / "busybox"
    fake.write_text(
        FAKE_LEASE.format(script=SCRIPT, values=" ".join(f"{name}={text}" for name, text in values.items()))
    )
    fake.chmod(0o755)
    started = job(DHCP)
    state = until(started, lambda state: state.over or "gave" in str(state.sentence))
    started.close()
    return seen(state)


def addresses_of_nobody() -> dict[str, object]:
    """Each is refused, and nothing is set."""
    given = ("0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "10.77.0.255", "10.77.0.0", "10.77.0.1")
    return {address: bound(ip=address, subnet="255.255.255.0") for address in given}


def odd_masks() -> dict[str, object]:
    """No mask, and one of 32 bits, with a gateway outside."""
    none = bound(ip="172.20.3.10", serverid="172.20.0.1")
    wide = bound(ip="192.168.3.10", router="192.168.0.1", serverid="192.168.0.2")
    host = bound(ip="154.11.22.33", subnet="255.255.255.255", router="193.250.250.250")
    routes = ip("route", "show").splitlines()
    return {"none": none, "wide": wide, "host": host, "routes": [line.strip() for line in routes]}


def given_with_a_mask_of_32_bits() -> dict[str, object]:
    state = until(job(Address(AddressSource.GIVEN, "154.11.22.33", 32, "193.250.250.250")), over)
    cards = json.loads(ip("-j", "-4", "addr", "show", "dev", "seat"))
    return {**seen(state), "broadcast": cards[0]["addr_info"][0]["broadcast"]}


def fetched() -> dict[str, object]:
    """From the boot server that DHCP names, by TFTP and by HTTP; and what neither has."""
    (HERE / "udpcfg.txt").write_text("port=9004\n")
    dhcp_server()
    quietly = ("sh", "-c", 'exec "$@" > /dev/null', "sh")
    web = on_server(
        *quietly, sys.executable, "-m", "http.server", "--bind", "10.77.0.1", "--directory", str(HERE), "8080"
    )
    state = until(job(DHCP), over)
    places = {
        name: read_place(text).on(state.boot_server)
        for name, text in {
            "tftp": "udpcfg.txt",
            "no_tftp": "absent.txt",
            "http": "http://10.77.0.1:8080/udpcfg.txt",
            "no_http": "http://10.77.0.1:8080/absent.txt",
            "silent": "tftp://10.77.0.99/udpcfg.txt",
        }.items()
    }
    came = {name: came_of(place, 3 if name == "silent" else 20) for name, place in places.items()}
    web.terminate()
    return {"boot_server": state.boot_server, **came}


def came_of(place: Place, seconds: float) -> list[str]:
    """The text and the reason. A server that is still starting refuses."""
    end = time.monotonic() + 20
    while True:
        fetch = Fetch(place, 1 << 16, LOG.append, seconds)
        while (came := fetch.poll()) is None:
            time.sleep(0.01)
        fetch.close()
        if "refused" not in str(came.reason) or time.monotonic() > end:
            return [(came.text or b"").decode(), str(came.reason)]


def given_where_it_is_without_broadcast() -> dict[str, object]:
    """Somebody before us set the same address, but as udpcast cannot use it."""
    ip("addr", "add", "10.77.0.9/24", "dev", "seat")
    state = until(job(Address(AddressSource.GIVEN, "10.77.0.9", 24)), over)
    cards = json.loads(ip("-j", "-4", "addr", "show", "dev", "seat"))
    return {**seen(state), "broadcast": cards[0]["addr_info"][0].get("broadcast")}


def the_client_ends() -> dict[str, object]:
    fake = HERE / "busybox"
    fake.write_text("#!/bin/sh\necho 'udhcpc: socket: Operation not permitted' >&2\n")
    fake.chmod(0o755)
    return seen(until(job(DHCP), over))


def an_older_client() -> dict[str, object]:
    dhcp_server()
    first = job(DHCP)
    until(first, over)
    older = client()
    ended = os.pidfd_open(older)
    second = job(DHCP)  # as after a crash: the first was never closed
    until(second, over)
    gone = bool(select.select([ended], [], [], 5)[0])
    return {**seen(second.state), "gone": gone, "runs": bool(client())}


def links() -> dict[str, object]:
    before = has_link("seat")
    raise_links([NIC, Nic("eth7", MAC)], LOG.append)
    deadline = time.monotonic() + 5
    while not has_link("seat") and time.monotonic() < deadline:
        os.sched_yield()
    return {"before": before, "after": has_link("seat"), "absent": has_link("eth7")}


def multicast_without_a_route() -> dict[str, object]:
    """Real udpcast between two cards that know nothing but their own network."""
    until(job(Address(AddressSource.GIVEN, "10.77.0.9", 24)), over)
    (HERE / "source").write_bytes(os.urandom(1 << 20))
    common = ["--portbase", "9000", "--nokbd"]
    start = ["--min-receivers", "1", "--nopointopoint"]
    on_server("udp-sender", "--interface", "room", "--file", str(HERE / "source"), *common, *start)
    receiver = ["udp-receiver", "--interface", "seat", "--file", str(HERE / "copy"), *common]
    done = subprocess.run(receiver, capture_output=True, text=True, check=False, timeout=30)
    same = (HERE / "source").read_bytes() == (HERE / "copy").read_bytes()
    return {**seen(AddressState(Phase.DONE, NOTHING)), "same": same, "said": done.stderr}


if __name__ == "__main__":
    main()
