"""Does a DHCP server answer on this wire? One question that leaves nothing behind.

DHCP clients do not stop at the offer: udhcpc and dhclient go on to take a lease, which blocks an address on somebody
else's server. So this sends a DHCPDISCOVER (RFC 2131) of its own, with the card's real MAC address (switches drop
others), reads the offers and requests nothing. Answers are read below the IP layer, because port 68 may belong to
the client that configured this machine. Needs CAP_NET_RAW.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import time
from dataclasses import dataclass
from ipaddress import IPv4Address

_COOKIE = b"\x63\x82\x53\x63"
_MESSAGE_TYPE, _SERVER, _PARAMETERS, _END = 53, 54, 55, 255
_DISCOVER, _OFFER = 1, 2
_OUTGOING = 4  # PACKET_OUTGOING of packet(7)


@dataclass(frozen=True)
class Offer:
    """What a server offered."""

    server: IPv4Address
    address: IPv4Address


def find_server(interface: str, seconds: float = 6.0, tries: int = 3) -> Offer | None:
    """The first offer of any DHCP server but this machine's own; None when nobody answers in `seconds`.

    Servers look for the address on the wire before they offer it: dnsmasq takes 3 s for that, ISC's dhcpd 1 s.
    Raises OSError when the interface is not there, is down, or raw sockets are not allowed.
    """
    ethernet_ip = 0x0800
    with (
        socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ethernet_ip)) as listener,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        listener.bind((interface, ethernet_ip))
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        request = discover(listener.getsockname()[4], os.urandom(4))
        for _ in range(tries):
            sender.sendto(request, ("255.255.255.255", 67))
            if offer := _listen(listener, request[4:8], time.monotonic() + seconds / tries):
                return offer
    return None


def discover(mac: bytes, transaction: bytes) -> bytes:
    """A DHCPDISCOVER that asks for a broadcast answer. `mac` has six bytes, `transaction` four."""
    broadcast = 0x8000
    header = struct.pack("!BBBB4sHH16x6s10x192x", 1, 1, 6, 0, transaction, 0, broadcast, mac)
    options = bytes([_MESSAGE_TYPE, 1, _DISCOVER, _PARAMETERS, 2, 1, 3, _END])
    return header + _COOKIE + options.ljust(60, b"\0")  # RFC 1542: at least 300 bytes


def read_offer(packet: bytes, transaction: bytes) -> Offer | None:
    """The offer in an IP packet, or None for any other packet, a damaged one included."""
    if len(packet) < 20 or packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_UDP:
        return None
    udp = packet[(packet[0] & 15) * 4 :]
    message = udp[8:]
    is_reply = udp[2:4] == struct.pack("!H", 68) and message[:1] == b"\x02" and message[4:8] == transaction
    if not is_reply or message[236:240] != _COOKIE:
        return None
    options = _options(message[240:])
    if options.get(_MESSAGE_TYPE) != bytes([_OFFER]):
        return None
    server = options.get(_SERVER, b"")
    return Offer(IPv4Address(server if len(server) == 4 else packet[12:16]), IPv4Address(message[16:20]))


def _options(data: bytes) -> dict[int, bytes]:
    options: dict[int, bytes] = {}
    while len(data) > 1 and data[0] != _END:
        if data[0] == 0:  # padding
            data = data[1:]
            continue
        options.setdefault(data[0], data[2 : 2 + data[1]])
        data = data[2 + data[1] :]
    return options


def _listen(listener: socket.socket, transaction: bytes, deadline: float) -> Offer | None:
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([listener], [], [], left)[0]:
            return None
        packet, sender = listener.recvfrom(1 << 16)
        offer = read_offer(packet, transaction)
        if offer is not None and sender[2] != _OUTGOING:
            return offer
    return None
