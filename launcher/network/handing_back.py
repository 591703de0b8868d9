"""Giving an address back to a DHCP server: one datagram (RFC 2131, 4.4.4 to 4.4.6), for which no answer comes.

busybox udhcpc gives back only what the card has as its address: it binds its socket to it (measured with 1.35: "bind:
Cannot assign requested address"). What is given back here the card never had.
"""

from __future__ import annotations

import contextlib
import os
import socket
from enum import Enum

CLIENT, SERVER = 68, 67
_COOKIE = bytes((99, 130, 83, 99))
_KIND, _REQUESTED, _SERVER_ID, _CLIENT_ID, _END = 53, 50, 54, 61, b"\xff"
_SHORTEST = 300  # bytes of a BOOTP message (RFC 951)


class Why(Enum):
    """The values are the message types."""

    DECLINED = 4  # it can be nobody's: the server is not to give it to anyone
    RELEASED = 7  # nobody uses it


def message(why: Why, mac: str, identifier: str | None, address: str, server: str, number: bytes) -> bytes:
    """The message that gives `address` back to `server`. `identifier` as it was asked for with; `number` 4 bytes."""
    given, hardware = socket.inet_aton(address), bytes.fromhex(mac.replace(":", ""))
    released = why is Why.RELEASED
    head = bytes((1, 1, len(hardware), 0)) + number + bytes(4)
    head += (given if released else bytes(4)) + bytes(12) + hardware.ljust(16, b"\0") + bytes(64 + 128)
    options = _option(_KIND, bytes((why.value,))) + _option(_SERVER_ID, socket.inet_aton(server))
    options += b"" if released else _option(_REQUESTED, given)
    options += _option(_CLIENT_ID, bytes.fromhex(identifier)) if identifier else b""
    return (head + _COOKIE + options + _END).ljust(_SHORTEST, b"\0")


def _option(code: int, value: bytes) -> bytes:
    return bytes((code, len(value))) + value


def hand_back(why: Why, nic: str, mac: str, identifier: str | None, address: str, server: str) -> str:
    """Send it over the card `nic`; returns what went wrong, "" when it went out."""
    # A server that is asked through a relay is reached by its own address only, and that takes an address of ours.
    to = server if why is Why.RELEASED else "255.255.255.255"
    try:
        data = message(why, mac, identifier, address, server, os.urandom(4))
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)) as end:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, nic.encode())
            end.bind(("", CLIENT))
            end.sendto(data, (to, SERVER))
    except OSError as error:
        return error.strerror or str(error)
    return ""
