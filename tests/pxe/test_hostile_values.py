"""What clients, other servers and a room's file say, 10,000 times made to hurt: nothing of it raises, and nothing of it
is shown raw, whatever sentence it comes to stand in. Each seed makes the same values again."""

from __future__ import annotations

import random
import socket
import struct
import urllib.parse
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from kernel_cmdline import CommandLineError
from pxe.commands.room import to_json, to_text
from pxe.display import say
from pxe.done.page_on_line import tell
from pxe.done.register import who_is_done
from pxe.done.results import Refused, neighbour, read_report
from pxe.done.state import Done, State
from pxe.entries.boot_entry import BootEntryError
from pxe.entries.configuration import configurations
from pxe.entries.loaders import LOADERS
from pxe.entries.menu import ALL, Menu
from pxe.entries.room import Machine, Room
from pxe.proxy import http
from pxe.proxy.started import Started
from pxe.room_file.advice import advice, summary
from pxe.server.clients import ClientEvent, Clients
from pxe.server.hearing import Ask, Heard, Knock, Read, read
from pxe.server.offers import PLAIN, asks
from pxe.server.serve import named, row
from pxe.server.transfers import Transfers
from pxe.server.watching import Deaf, Facts, Stuck
from pxe.tree.foreign import clashes, has_section
from pxe.tree.tree import Tree
from pxe.web.request import Request
from pxe.wire import sentences
from pxe.wire.message import BOOTING, Message, Option
from pxe.wire.message import read as read_message
from pxe.wire.others import Gives, Other, Others, other
from pxe.wire.waiting import Waiting
from pxe.wire.wire import Heard as OnTheWire
from tests.hostile import BAD, line, raw, text
from tests.pxe.wire.dhcp_messages import MAC
from tests.pxe.wire.dhcp_messages import raw as dhcp

EACH, SEEDS = 25, range(100)
"""Values a seed, of each of the four sources."""

SERVER = IPv4Interface("10.77.0.1/24")
CRAFTED = (
    *("../../etc/passwd", "..\\..\\windows", "\0", "$(reboot)", ";reboot", "`id`", "%n%s", "x" * 4096, "\x1b" * 500),
    *("pxelinux.cfg/01-52-54-00-aa-bb-\x9b1", "a\nReady. Ctrl-C ends it.", "a to 10.0.0.1", "sent x to 1.2.3.4"),
    *("\u202egnp.exe", "\udcff\udcfe", "\ud800", "not found for", "10.77.0.9 52:54:00:aa:bb:01 no address", "", " "),
)


def value(rng: random.Random) -> str:
    return rng.choice(CRAFTED) if rng.random() < 0.3 else text(rng)


def as_bytes(rng: random.Random) -> bytes:
    """A value as it comes over the wire: perhaps no UTF-8 at all."""
    if rng.random() < 0.2:
        return rng.randbytes(rng.randrange(64))
    return value(rng).encode("utf-8", "surrogatepass")


def damaged(rng: random.Random, data: bytes) -> bytes:
    """Cut off, or with some bytes changed; half of them are as they were."""
    if rng.random() < 0.5:
        return data
    if rng.random() < 0.5:
        return data[: rng.randrange(len(data) + 1)]
    changed = bytearray(data)
    for _ in range(rng.randrange(1, 9)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


# --- the wire ---------------------------------------------------------------------------------------------------------


def message(rng: random.Random) -> bytes:
    """A DHCP message of anybody, most of them with texts in the options that we look at."""
    vendor = rng.choice((*BOOTING, "")).encode() + (b":Arch:00007" if rng.random() < 0.3 else b"") + as_bytes(rng)
    options = [
        (Option.VENDOR, vendor[:255]),
        (Option.BOOT_FILE, as_bytes(rng)[:255]),
        (Option.USER_CLASS, as_bytes(rng)[:255]),
        (Option.ARCHITECTURE, rng.randbytes(rng.randrange(4))),
        (Option.SERVER, rng.randbytes(rng.choice((0, 3, 4, 4, 5)))),
        (Option.REQUESTED, rng.randbytes(rng.choice((0, 4, 4)))),
        (Option.UUID, rng.randbytes(rng.choice((0, 16, 17)))),
    ]
    some = rng.sample(options, rng.randrange(len(options) + 1))
    given = rng.choice(("0.0.0.0", "10.77.0.9", "255.255.255.255"))
    return damaged(rng, dhcp(rng.randrange(10), *some, given=given, operation=rng.choice((1, 2, 2))))


def of_servers(rng: random.Random, said: Message, machines: tuple[Machine, ...]) -> Iterator[str]:
    """All that is said of the server that a message shows."""
    found = other(OnTheWire(IPv4Address("10.77.0.3"), said), SERVER.ip)
    if found is None:
        return
    others = Others()
    others.add(found, 0)
    yield from (sentences.silent(*one, closed=True) for one in others.silent(9999))
    for proxy in (True, False):
        for force in (True, False):
            yield sentences.refusal("eth1", found, proxy, force)
            yield sentences.new("eth1", found, proxy, force)
            yield from sentences.first_look("eth1", (found,), proxy, 6)
    yield sentences.answered(found, machines, {said.mac}, "")
    yield sentences.other_network("eth1", SERVER, found, [found.about] if found.about else [])
    if found.about:
        yield sentences.clash(found, said.mac, machines[0].title)
        yield sentences.own_address(found, said.mac, "eth1")
    yield sentences.turned_away(said.mac, machines[0].name, found)
    yield sentences.names_a_file(replace(found, boot_file=value(rng)))
    yield sentences.no_address(said.mac, machines[0].name)


def wire(seed: int) -> Iterator[str]:
    rng = random.Random(seed)
    waiting, started, deaf, heard = Waiting(), Started(), Deaf("eth1", 9), Transfers(hears=True)
    for number in range(EACH):
        machines = (Machine(MAC, name=value(rng)), Machine("52:54:00:aa:bb:02", name=value(rng)))
        payload = message(rng)
        said = read_message(payload)
        if said is not None:
            yield from of_servers(rng, said, machines)
            waiting.hear(said, number)
            started.hear(said, number)
            if http.asks(said):
                found = http.kind(said)
                yield f"{found.name if found else ''} {said.vendor} {said.boot_file}"
                http.offer(said, SERVER.ip, "http://10.77.0.1/udpcast.img")
            yield f"asks to boot{asks(said.vendor, PLAIN, ipxe=said.boots)}"
        packet = read(datagram(rng, payload), str(SERVER.ip), 80, outgoing=rng.random() < 0.2)
        yield from of_packet(packet, deaf, heard, number)
    yield from started.look(9999)


def datagram(rng: random.Random, payload: bytes) -> bytes:
    """An IP packet: DHCP, a question for a file by TFTP, HTTP, or a damaged one."""
    if rng.random() < 0.6:
        payload = b"\0\1" + as_bytes(rng) + b"\0octet\0"
    port, protocol = rng.choice((67, 69, 69, 80, 4011)), rng.choice((socket.IPPROTO_UDP, socket.IPPROTO_TCP))
    udp = struct.pack("!HHHH", rng.randrange(65536), port, 8 + len(payload) & 0xFFFF, 0) + payload
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp) & 0xFFFF, 0, 0, 64, protocol, 0)
    return damaged(rng, head + socket.inet_aton("10.77.0.9") + SERVER.ip.packed + udp)


def of_packet(packet: Heard | None, deaf: Deaf, heard: Transfers, now: float) -> Iterator[str]:
    if isinstance(packet, Ask):
        deaf.asked(packet, now)
        yield from deaf.elsewhere(packet, now * 1000)
    elif isinstance(packet, Knock):
        deaf.knocked(packet, now)
    elif packet is not None:
        heard.hear(packet, now)
        if isinstance(packet, Read):
            yield from deaf.unanswered(packet.address, packet.name, Facts(), now * 1000)
    yield from (f"{address} {name}" for address, name in heard.unanswered(now * 10))
    yield from deaf.look(Facts(), now * 10)


# --- the servers' own logs --------------------------------------------------------------------------------------------


def log_line(rng: random.Random, root: Path) -> str:
    """As dnsmasq writes it, which masks nothing but what does not print in its locale."""
    name, address, number = value(rng), rng.choice(("10.77.0.9", "10.77.0.10", value(rng))), rng.randrange(9)
    return rng.choice(
        (
            f"dnsmasq-tftp[1]: sent {root}/{name} to {address}",
            f"dnsmasq-tftp[1]: file {root}/{name} not found for {address}",
            f"dnsmasq-tftp[1]: failed sending {root}/{name} to {address}",
            f"dnsmasq-tftp[1]: cannot access {root}/{name}: {value(rng)}",
            f"dnsmasq-tftp[1]: error 0 {value(rng)} received from {address}",
            f"dnsmasq-dhcp[1]: {number} vendor class: {rng.choice(BOOTING)}:Arch:0000{rng.randrange(12)}{value(rng)}",
            f"dnsmasq-dhcp[1]: {number} user class: {value(rng)} iPXE",
            f"dnsmasq-dhcp[1]: {number} DHCPDISCOVER(eth1) {MAC} {value(rng)}",
            f"dnsmasq-dhcp[1]: {number} DHCPDISCOVER(eth1) {MAC} no address {value(rng)}",
            f"dnsmasq-dhcp[1]: {number} DHCPACK(eth1) 10.77.0.9 {MAC} {value(rng)}",
            f"dnsmasq-dhcp[1]: {number} PXE(eth1) 10.77.0.9 {MAC} {value(rng)}",
            value(rng),
        )
    )


def by_http(rng: random.Random) -> list[object]:
    address, name, part = rng.choice(("10.77.0.9", "10.77.0.10")), value(rng), sorted((rng.randrange(9), 9))
    lines: list[list[object]] = [
        ["missing", address, name],
        ["refused", address, name, value(rng)],
        ["took", address, name, part, [0, 9], 9],
        ["unsure", address, name, rng.randrange(99)],
        ["opened", address],
    ]
    return rng.choice(lines)


def logs(seed: int) -> Iterator[str]:
    rng, root = random.Random(seed), Path("/run/x/tftp")
    clients, deaf, stuck = Clients(root, Transfers(), lambda _: rng.random() < 0.5), Deaf("eth1"), Stuck({"x": "y"})
    machines = (Machine(MAC, name=value(rng)),)
    for number in range(EACH):
        entry = log_line(rng, root)
        deaf.logged(entry)
        said: list[object] = by_http(rng)
        for event in (clients.read(entry), clients.by_http(*said)):  # type: ignore[arg-type]
            if event:
                yield row(named(event, machines))
                stuck.loaded(event.address, event.loaded, number)
        yield row(ClientEvent(value(rng), value(rng), value(rng)))
    yield from (f"{address} {sentence}" for address, sentence in stuck.look(9999))


# --- requests ---------------------------------------------------------------------------------------------------------


def request(rng: random.Random) -> bytes:
    target = value(rng) if rng.random() < 0.3 else urllib.parse.quote(value(rng).encode("utf-8", "surrogatepass"))
    fields = {"succes": rng.choice(("y", "n", value(rng))), "mac": rng.choice((MAC, value(rng)))}
    fields |= {"umode": rng.choice(("rcv", value(rng)))}
    query = "&".join(f"{name}={urllib.parse.quote(one, errors='replace')}" for name, one in fields.items())
    path = rng.choice((f"/{target}", f"/token?{query}", f"/token?{target}", f"http://[{target}"))
    lines = (
        f"{rng.choice(('GET', 'HEAD', value(rng)))} {path} HTTP/1.0\r\nHost: x\r\n{value(rng)}: {value(rng)}\r\n\r\n"
    )
    return damaged(rng, lines.encode("utf-8", "surrogatepass"))


def requests(seed: int) -> Iterator[str]:
    rng = random.Random(seed)
    table = f"IP\n10.77.0.9 0x1 0x2 {MAC} * eth1\n"
    for _ in range(EACH):
        asked = Request(request(rng))
        answer = asked.answer(404, "there is no such page.")
        assert answer.count(b"\r\n\r\n") <= 1
        if not asked.is_good:
            continue
        name = asked.name
        assert name is None or not (name.startswith("/") or ".." in name.split("/") or "\0" in name)
        yield f"10.77.0.9 asked for {name}"
        mac = neighbour(table, rng.choice(("10.77.0.9", value(rng))), "eth1")
        try:
            yield str(read_report(asked.command, asked.path, "token", "10.77.0.9", mac))
        except Refused as refused:
            yield f"is not believed: {refused}"


# --- a room and its tree ----------------------------------------------------------------------------------------------


def room(rng: random.Random) -> Room:
    menu = Menu(ALL, rng.choice(ALL), rng.choice((0, 5)), rng.choice(("", value(rng)))) if rng.random() < 0.6 else None
    machine = Machine(MAC, line(rng), value(rng), value(rng), menu=menu)
    return Room(line(rng) if rng.random() < 0.5 else "lang=FR", (machine,), menu=menu)


def rooms(seed: int) -> Iterator[str]:
    rng = random.Random(seed)
    for _ in range(EACH // 4):
        there = room(rng)
        with suppress(CommandLineError, BootEntryError):  # said below
            told, warnings = tell(there, "http://10.77.0.1/x")
            yield from (*warnings, *to_text(told), to_json(told).replace("\n", ""), *advice(told), *summary(told))
        yield from who_is_done(State((Done(MAC, value(rng), value(rng)),), room=there))
        for loader in LOADERS:
            try:
                for one in configurations(there, loaders=(loader,)):
                    yield from one.section.splitlines()
                    yield one.note
            except BootEntryError as error:
                yield from str(error).splitlines()


SOURCES = {"wire": wire, "logs": logs, "requests": requests, "rooms": rooms}


@pytest.mark.parametrize("source", SOURCES)
def test_10_000_values_are_said_in_plain_lines(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    spoken = 0
    for seed in SEEDS:
        said = [*SOURCES[source](seed)]
        for sentence in said:
            say(sentence)
        written = capsys.readouterr().out
        assert not raw(written), (source, seed)
        assert written.count("\n") == len(said), (source, seed)
        spoken += len(said)
    assert spoken > EACH


@pytest.mark.parametrize("foreign", [*BAD, *CRAFTED], ids=ascii)
def test_a_tree_of_somebody_else(foreign: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from pxe.__main__ import report  # noqa: PLC0415 - the whole command line

    config = tmp_path / "default"
    config.write_text(f"label {foreign}\nkernel x\nlabel udpcast\nkernel {foreign}\n", errors="surrogatepass")
    section = "label udpcast\n    kernel udpcast-linux\n"
    assert not has_section(tmp_path, config, section)
    report(Tree((Path(f"/{foreign}"),), (foreign, *clashes(tmp_path, config, section)), (), (foreign,), (foreign,)))
    written = capsys.readouterr()
    assert not raw(written.out + written.err) and "two of one name" in written.err
    assert written.err.count("\n") == 3


def test_another_server_may_name_any_file() -> None:
    one = Other(IPv4Address("10.0.0.1"), Gives.ADDRESSES, "offered", boot_file="\x1b[2J", client=MAC)
    assert "PCs may start that" in sentences.names_a_file(one)
