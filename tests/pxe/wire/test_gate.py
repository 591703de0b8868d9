"""Which DHCP messages reach our server, and how they go there: the promise that it refuses nobody's address."""

from __future__ import annotations

from ipaddress import IPv4Address
from itertools import islice

import pytest

from pxe.loop import AT_ONCE
from pxe.wire import arp, datagram, known
from pxe.wire.arp import Holder
from pxe.wire.door import declined
from pxe.wire.gate import OFFERED, Gate
from pxe.wire.known import Known
from pxe.wire.message import Kind, Message, Option, read
from pxe.wire.relay import AGENT, Relay, with_agent, without_agent
from pxe.wire.wire import Wire
from tests.pxe.wire.dhcp_messages import MAC, OTHER_MAC, PXE, XID, address, discover, made, raw, reply, request

SERVER, FOREIGN = "10.77.0.1", "10.77.0.2"
OURS, THEIRS = "10.77.0.100", "10.77.0.50"
IPXE = ((Option.USER_CLASS, b"iPXE"),)
LAUNCHER = ((Option.VENDOR, b"udpcast-launcher"),)


def gate(*, everybody: bool = False) -> Gate:
    return Gate(IPv4Address(SERVER), everybody=everybody)


def booted(at: float = 0) -> Gate:
    """A PC has booted, and has a lease of ours from `at` on."""
    made = gate()
    assert made.admits(discover(*PXE), at)
    assert made.passes(reply(Kind.OFFER, OURS), at)
    assert made.admits(request(OURS, *PXE, server=SERVER), at)
    assert made.passes(reply(Kind.ACK, OURS), at)
    return made


@pytest.mark.parametrize("options", [PXE, IPXE, LAUNCHER])
def test_a_pc_that_boots_is_answered(options: tuple[tuple[int, bytes], ...]) -> None:
    assert gate().admits(discover(*options), 0)


def test_another_pc_is_not() -> None:
    assert not gate().admits(discover((Option.VENDOR, b"MSFT 5.0")), 0)
    assert gate(everybody=True).admits(discover((Option.VENDOR, b"MSFT 5.0")), 0)


def test_a_pc_stays_known_for_what_it_starts() -> None:
    made = gate()
    assert made.admits(discover(*PXE), 0)
    assert made.admits(discover((61, b"\0another client")), known.SECONDS)
    assert not made.admits(discover(mac=OTHER_MAC), 1)
    assert not made.admits(discover(), known.SECONDS + 1)


def test_each_step_of_the_boot_begins_that_time_anew() -> None:
    made = gate()
    for options, at in ((PXE, 0), (IPXE, 1000), (LAUNCHER, 2000), ((), 2000 + known.SECONDS)):
        assert made.admits(discover(*options), at)


FOREIGN_REQUESTS = {
    "after a start": request(THEIRS),
    "after a start, an address of our range": request("10.77.0.101"),
    "another server's offer": request(THEIRS, server=FOREIGN),
    "another server's offer of our address": request(OURS, server=FOREIGN),
    "not what we offered": request(THEIRS, server=SERVER),
    "a renewal to everybody": request(own=THEIRS),
    "another network, after a start": request("192.168.1.7"),
    "another network, a renewal": request(own="192.168.1.7"),
    "another PC's address of ours": request(OURS, mac=OTHER_MAC),
    "another PC's renewal of ours": request(own=OURS, mac=OTHER_MAC),
    "by a relay agent": made(raw(Kind.REQUEST, (Option.REQUESTED, address(OURS)), relay="10.9.0.1")),
    "a question by a relay agent": made(raw(Kind.DISCOVER, *PXE, relay="10.9.0.1")),
    "nothing at all": request(),
    "given back to another server": made(raw(Kind.RELEASE, (Option.SERVER, address(FOREIGN)), own=OURS)),
    "not ours to be given back": made(raw(Kind.RELEASE, (Option.SERVER, address(SERVER)), own=THEIRS)),
    "information": made(raw(Kind.INFORM, own=THEIRS)),
}


@pytest.mark.parametrize("everybody", [False, True])
@pytest.mark.parametrize("name", FOREIGN_REQUESTS)
def test_no_address_that_is_not_ours_is_ever_spoken_of(name: str, everybody: bool) -> None:
    """Not even a PC's that boots from us: dnsmasq would refuse each of these, or take the address for its own."""
    for one in (gate(everybody=everybody), booted()):
        assert not one.admits(FOREIGN_REQUESTS[name], 1)


@pytest.mark.parametrize(
    "message",
    [
        request(OURS),
        request(own=OURS),
        request(OURS, server=SERVER),
        discover((Option.VENDOR, b"MSFT 5.0")),
        made(raw(Kind.RELEASE, (Option.SERVER, address(SERVER)), own=OURS)),
        made(raw(Kind.DECLINE, (Option.SERVER, address(SERVER)), (Option.REQUESTED, address(OURS)))),
        made(raw(Kind.INFORM, own=OURS)),
    ],
    ids=["start", "renewal", "offer", "anew", "release", "decline", "inform"],
)
def test_who_has_an_address_of_ours_is_heard(message: Message) -> None:
    made = booted()
    assert made.admits(message, 3599)
    made.close()
    assert made.admits(message, 3599)
    assert not made.admits(message, 3601)


def test_a_renewal_makes_the_lease_longer() -> None:
    made = booted()
    assert made.passes(reply(Kind.ACK, OURS), 1800)
    assert made.admits(request(own=OURS), 5399)
    assert not made.admits(request(own=OURS), 5401)


def test_an_offer_is_ours_for_a_while_and_no_lease() -> None:
    made = gate()
    made.admits(discover(*PXE), 0)
    made.passes(reply(Kind.OFFER, OURS), 0)
    assert made.admits(request(OURS, server=SERVER), OFFERED - 1)
    assert not made.admits(request(OURS, server=SERVER), OFFERED)
    made.close()
    assert not made.admits(discover(*PXE), 1)


def test_an_offer_to_who_has_the_address_ends_no_lease() -> None:
    made = booted()
    made.passes(reply(Kind.OFFER, OURS), 10)
    made.close()
    assert made.admits(request(own=OURS), 3000)


def test_what_was_given_back_is_nobodys() -> None:
    one = booted()
    one.gone(discover())
    assert one.admits(request(own=OURS), 1)
    one.gone(made(raw(Kind.RELEASE, (Option.SERVER, address(SERVER)), own=OURS)))
    assert not one.admits(request(own=OURS), 1)


def test_closed_it_gives_no_new_addresses() -> None:
    made = booted()
    assert not made.turns_away(discover(*PXE, mac=OTHER_MAC), 1)
    made.close()
    assert not made.admits(discover(*PXE, mac=OTHER_MAC), 1)
    assert made.turns_away(discover(*PXE, mac=OTHER_MAC), 1)
    assert not made.may_ask(OTHER_MAC, 1)
    assert made.may_ask(MAC, 1)
    assert not made.turns_away(discover(*PXE), 1)
    assert not made.turns_away(discover(mac=OTHER_MAC), 1)


def test_what_another_server_says_does_not_go_out_in_our_name() -> None:
    assert not gate().passes(reply(Kind.OFFER, OURS, server=FOREIGN), 0)
    assert not gate().passes(discover(), 0)
    assert not gate().admits(reply(Kind.OFFER, OURS), 0)


def test_whoever_invents_addresses_fills_no_memory() -> None:
    pcs = Known()
    for number in range(known.MOST + 2):
        pcs.add(f"{number}", number / 1000)
    pcs.add("2", 6)
    pcs.add("new", 6)
    assert [pcs.knows(mac, 6) for mac in ("0", "1", "2", "3", "4")] == [False, False, True, False, True]


def test_to_dnsmasq_it_looks_like_a_relay_agents() -> None:
    said = read(with_agent(request(OURS, *PXE), IPv4Address(SERVER)))
    assert said
    assert said.relay == AGENT
    assert said.options[-1] == (Option.AGENT, bytes([5, 4, 10, 77, 0, 1, 11, 4, 10, 77, 0, 1]))
    assert said.options[:-1] == request(OURS, *PXE).options
    assert (said.mac, said.transaction, len(said.data)) == (MAC, XID, 300)


def test_to_the_client_it_looks_as_if_there_were_no_relay_agent() -> None:
    agent = (Option.AGENT, bytes([5, 4, 10, 77, 0, 1, 11, 4, 10, 77, 0, 1]))
    plain = reply(Kind.OFFER, OURS, (Option.BOOT_FILE, b"x"))
    relayed = reply(Kind.OFFER, OURS, (Option.BOOT_FILE, b"x"), (Option.SUBNET, address(SERVER)), agent)
    relayed = made(relayed.data[:24] + AGENT.packed + relayed.data[28:])
    assert without_agent(relayed, IPv4Address(SERVER)) == plain


def test_the_words_of_a_switch_go_there_and_come_back() -> None:
    """Snooping switches add option 82 to what their PCs say, and find the PC by it in the answer."""
    theirs = (Option.AGENT, b"\1\4port")
    said = made(with_agent(discover(theirs), IPv4Address(SERVER)))
    assert said.option(Option.AGENT).startswith(theirs[1])
    answer = reply(Kind.OFFER, OURS, (Option.AGENT, said.option(Option.AGENT)))
    assert without_agent(answer, IPv4Address(SERVER)).option(Option.AGENT) == theirs[1]
    long = made(with_agent(discover((Option.AGENT, bytes(250))), IPv4Address(SERVER)))
    assert len(long.option(Option.AGENT)) == 12


def test_one_address_is_offered_to_one_pc_at_a_time() -> None:
    one = gate()
    assert one.passes(reply(Kind.OFFER, OURS), 0)
    assert not one.passes(reply(Kind.OFFER, OURS, mac=OTHER_MAC), 1)
    assert one.is_given(MAC, IPv4Address(OURS), 1)
    assert one.passes(reply(Kind.OFFER, OURS, mac=OTHER_MAC), OFFERED)
    assert not booted().passes(reply(Kind.OFFER, OURS, mac=OTHER_MAC), 3599)


def test_dnsmasq_is_told_that_a_pc_does_not_want_an_address() -> None:
    question = discover(*PXE, (Option.CLIENT_ID, b"\1abc"))
    said = declined(question, IPv4Address(OURS), IPv4Address(SERVER))
    assert (said.kind, said.mac, said.wanted, said.server) == (
        Kind.DECLINE,
        MAC,
        IPv4Address(OURS),
        IPv4Address(SERVER),
    )
    assert said.option(Option.CLIENT_ID) == b"\1abc"
    assert not said.boots


def test_who_has_an_address_by_arp() -> None:
    address_, mac = IPv4Address(THEIRS), "52:54:00:aa:bb:99"
    question = arp.probe(address_, MAC)
    assert arp.read(question) is None  # asks for an address, and has none
    answer = question[:7] + b"\2" + bytes.fromhex(mac.replace(":", "")) + address_.packed + question[18:]
    assert arp.read(answer) == Holder(address_, mac)
    assert arp.read(answer + bytes(18)) == Holder(address_, mac)
    assert arp.read(answer[:27]) is None
    assert arp.read(b"\0\6" + answer[2:]) is None


def test_it_is_known_who_has_an_address() -> None:
    made = booted()
    assert made.holder(IPv4Address(OURS), 1) == MAC
    assert made.holder(IPv4Address(OURS), 3601) == ""
    assert made.holder(IPv4Address(THEIRS), 1) == ""


def test_the_addresses_of_this_machine() -> None:
    found = arp.own()
    assert IPv4Address("127.0.0.1") in found
    assert IPv4Address("240.0.0.1") not in found


class Flood:
    """A socket at which there is always more."""

    def __init__(self, data: bytes, sender: tuple[object, ...]) -> None:
        self._data, self._sender = data, sender

    def recvfrom(self, size: int) -> tuple[bytes, tuple[object, ...]]:
        return self._data, self._sender

    def recv(self, size: int) -> bytes:
        return self._data


@pytest.mark.parametrize("what", ["wire", "arp", "relay"])
def test_no_flood_holds_the_loop(what: str) -> None:
    a, b = IPv4Address("10.77.0.9"), IPv4Address(SERVER)
    packet = datagram.write(datagram.Datagram(a, 68, b, 67, discover().data))
    ends: dict[str, tuple[type, str, Flood]] = {
        "wire": (Wire, "heard", Flood(packet, ("eth1", 0x0800, 0, 1, b""))),
        "arp": (arp.Arp, "holders", Flood(arp.probe(a, MAC)[:14] + a.packed + bytes(10), ())),
        "relay": (Relay, "replies", Flood(reply(Kind.OFFER, OURS).data, ("127.0.0.1", 700))),
    }
    kind, method, flood = ends[what]
    end: Wire | arp.Arp | Relay = object.__new__(kind)
    vars(end).update(_socket=flood, port=700, _server=b)
    assert len(list(islice(getattr(end, method)(), 9999))) == AT_ONCE
