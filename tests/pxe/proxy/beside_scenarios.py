"""`serve --proxy` beside a DHCP server of somebody else, and every kind of client; what test_beside.py runs.

A client asks as firmware does: a first question to everybody, which both servers answer, then UEFI asks for its boot
file at port 4011 of whoever says that it is a boot server. BIOS is told a menu of one line.
"""

from __future__ import annotations

import json
import subprocess
import sys
from ipaddress import IPv4Address

from pxe.wire.message import Kind, Message, Option, read
from tests.pxe.others.others_scenarios import clients
from tests.pxe.server.serve_scenarios import Serving, fetch, inside, ip, prepare
from tests.pxe.wire.dhcp_messages import discover, request
from tests.pxe.wire.wire_scenarios import FOREIGN, FOREIGN_REQUESTS, SERVER, Client, dnsmasq

ADDRESS = "10.77.0.60"
VENDOR_OPTIONS = 43
PXE_PORT = """
import socket, sys
end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
end.bind(("", 68))
end.settimeout(2)
for _ in range(3):
    end.sendto(bytes.fromhex(sys.argv[1]), ("10.77.0.1", 4011))
    try:
        print(end.recv(2048).hex())
        break
    except TimeoutError:
        pass
"""


def at_pxe_port(question: Message) -> Message | None:
    done = subprocess.run(
        inside("pc", sys.executable, "-c", PXE_PORT, question.data.hex()), capture_output=True, text=True, check=True
    )
    return read(bytes.fromhex(done.stdout.strip()))


def menu(offer: Message) -> str:
    """The boot server of a menu (option 43, tag 8 of PXE 2.1), which BIOS asks for its file; "" where there is none."""
    menu = next((value for code, value in offer.options if code == VENDOR_OPTIONS), b"")
    while len(menu) > 8 and menu[0] != Option.END:
        if menu[0] == 8:
            return str(IPv4Address(menu[5:9]))
        menu = menu[2 + menu[1] :]
    return ""


def told(client: Client, mac: str, options: tuple[tuple[int, bytes], ...]) -> list[str]:
    """Who answers the first question, and the boot file that it, or port 4011, names. The foreign server answers each
    of them, so what has come until then is all, but for dnsmasq's proxy, which may be later."""
    client.heard.clear()
    for _ in range(5):
        client.say(discover(*options, mac=mac))
        try:
            client.wait(lambda heard: str(heard.message.server) == FOREIGN and heard.message.mac == mac, 2.0)
            break
        except AssertionError:
            continue
    try:
        ours = client.wait(lambda heard: str(heard.message.server) == SERVER and heard.message.mac == mac, 0.7)
    except AssertionError:
        found = [heard.message for heard in client.heard if str(heard.message.server) == SERVER]
        if not found:
            return []
        ours = found[0]
    assert ours.kind is Kind.OFFER
    assert not int(ours.given)
    last = ours
    if server := menu(ours):
        return [ours.vendor, "menu", server]
    if not ours.boot_file and ours.vendor == "PXEClient":
        last = at_pxe_port(request(ADDRESS, *options, own=ADDRESS, mac=mac)) or ours
    return [ours.vendor, last.boot_file, str(last.next_server)]


def kinds(*options: str) -> dict[str, object]:
    dnsmasq("--dhcp-range=10.77.0.100,10.77.0.199", f"--dhcp-boot=,,{options[0]}")
    serving, client = Serving("--proxy", *options[1:], hurried=True), Client()
    ip(f"-n pc addr add {ADDRESS}/24 broadcast + dev seat")
    seen = {
        kind: told(client, f"52:54:00:aa:cc:{number:02x}", firmware)
        for number, (kind, firmware) in enumerate(clients().items())
    }
    client.heard.clear()
    for message in FOREIGN_REQUESTS:
        client.say(message)
    leased = client.lease(server=FOREIGN)
    ours = [line for line in client.seen if line.startswith(f"{SERVER} ")]
    ip("-n pc addr flush dev seat")
    ip(f"-n pc addr add {leased}/24 broadcast + dev seat")
    fetch("pxelinux.0")
    loaded = serving.until("loaded pxelinux.0")
    client.say(discover(*clients()["19"], mac="52:54:00:aa:cc:ff"))
    serving.until("52:54:00:aa:cc:ff")
    return {"seen": seen, "refused": ours, "loaded": loaded, "said": serving.said, "status": serving.end()}


def main() -> None:
    prepare()
    name, *options = sys.argv[1].split()
    print(json.dumps(globals()[name](*options)))


if __name__ == "__main__":
    main()
