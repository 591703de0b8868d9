"""The network interfaces of this PC and their addresses, as the kernel tells them: the one answer for all.

Asked over rtnetlink(7) (linux/rtnetlink.h, if_link.h, if_addr.h), in the network namespace of this process: /sys may
show those of another one, and has no addresses.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

from ..model.machine import Nic

ETHERNET, LOOPBACK = 1, 772
"""Kinds of an interface (linux/if_arp.h)."""

LINKS, ADDRESSES = 0x1, 0x10
"""What `reports` tells of: RTMGRP_LINK, RTMGRP_IPV4_IFADDR."""

_GETLINK, _GETADDR = 18, 22
_REQUEST, _DUMP = 0x1, 0x300
_ERROR, _DONE = 2, 3
_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr: length, type, flags, sequence, port
_LINK = struct.Struct("=BxHiII")  # struct ifinfomsg: family, type, index, flags, change
_ADDRESS = struct.Struct("=BBBBI")  # struct ifaddrmsg: family, prefix length, flags, scope, index
_ATTRIBUTE = struct.Struct("=HH")  # struct rtattr: length, type
_IFLA_ADDRESS, _IFLA_IFNAME, _IFA_LOCAL, _IFA_BROADCAST = 1, 3, 2, 4
_UP, _LOWER_UP = 0x1, 0x10000  # linux/if.h
_NO_MAC = bytes(6)  # of a tunnel


def interfaces() -> tuple[tuple[int, Nic], ...]:
    """All interfaces there are now, as cards; before each its kind.

    Of a card that is down nobody knows whether it has a link. Addresses are those of IPv4: udpcast knows no others.
    """
    addresses: dict[int, list[tuple[str, bool]]] = {}
    for message in _dump(_GETADDR):
        family, prefix, _, _, index = _ADDRESS.unpack_from(message)
        told = _attributes(message[_ADDRESS.size :])
        if family == socket.AF_INET and _IFA_LOCAL in told:
            address = f"{socket.inet_ntoa(told[_IFA_LOCAL])}/{prefix}"
            addresses.setdefault(index, []).append((address, _IFA_BROADCAST in told))
    return tuple(_interface(message, addresses) for message in _dump(_GETLINK))


def _interface(message: bytes, addresses: dict[int, list[tuple[str, bool]]]) -> tuple[int, Nic]:
    _, kind, index, flags, _ = _LINK.unpack_from(message)
    told = _attributes(message[_LINK.size :])
    # IFF_RUNNING would be no answer: the kernel sets it with the interface and takes it back up to a second later.
    link = bool(flags & _LOWER_UP) if flags & _UP else None
    mac = told.get(_IFLA_ADDRESS, _NO_MAC)[:6].hex(":")
    name = told[_IFLA_IFNAME].rstrip(b"\0").decode()
    own = addresses.get(index, ())
    without = tuple(address for address, broadcast in own if not broadcast)
    nic = Nic(name, mac, link=link, addresses=tuple(address for address, _ in own), without_broadcast=without)
    return kind, nic


def interface(name: str) -> Nic | None:
    """The interface `name`, None where there is none."""
    return next((nic for _, nic in interfaces() if nic.name == name), None)


def reports(groups: int) -> socket.socket:
    """A socket that becomes readable when something of `groups` changes."""
    opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
    opened.setblocking(False)
    opened.bind((0, groups))
    return opened


def take(opened: socket.socket) -> bool:
    """Take all reports that are there, without waiting; True if there was any, or one was lost."""
    changed = False
    try:
        while opened.recv(1 << 16):
            changed = True
    except BlockingIOError:
        pass
    except OSError:  # ENOBUFS: more came than the socket holds
        changed = True
    return changed


def _dump(request: int) -> Iterator[bytes]:
    """What the kernel answers to `request`, a message for each thing there is."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE) as kernel:
        kernel.send(_HEADER.pack(_HEADER.size + _LINK.size, request, _REQUEST | _DUMP, 1, 0) + bytes(_LINK.size))
        while True:
            data = kernel.recv(1 << 17)
            while data:
                length, kind, *_ = _HEADER.unpack_from(data)
                if kind == _DONE:
                    return
                if kind == _ERROR:
                    raise OSError(-struct.unpack_from("=i", data, _HEADER.size)[0], "the kernel tells no interfaces")
                yield data[_HEADER.size : length]
                data = data[_aligned(length) :]


def _attributes(data: bytes) -> dict[int, bytes]:
    found = {}
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        found[kind] = data[_ATTRIBUTE.size : length]
        data = data[_aligned(length) :]
    return found


def _aligned(length: int) -> int:
    return -(-length // 4) * 4
