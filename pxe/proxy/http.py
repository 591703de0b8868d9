"""The offer that a PC with UEFI HTTP boot needs beside another DHCP server, which dnsmasq does not make. Pure.

The UEFI specification (2.10, 24.7.3) has this: an offer without an address that says HTTPClient and has the URL as boot
file. The PC takes its address from the other server, the URL from here, and asks nothing more. The rules:

- Only a first question (DHCPDISCOVER) is answered, and only that of a client that boots by HTTP, of a kind for which
  there is something. Whatever else a client says is another server's matter: nobody is ever refused.
- Nothing that came through a relay agent: it speaks for a network that is not ours.
- One answer to one question, to everybody on the wire, for the client has no address. It is no longer than 576 bytes,
  which every client takes (RFC 2131, 2).
"""

from __future__ import annotations

import struct
from ipaddress import IPv4Address

from ..entries.architectures import BY_HTTP, Architecture, of_number
from ..wire.message import Kind, Message, Option, read, written

LONGEST = 200
"""Bytes of a URL: it stands in one option, and beside the others."""

_BROADCAST = 0x8000
_UUID = 17
"""Bytes of option 97 (RFC 4578, 2.3)."""


def architecture(said: Message) -> int | None:
    """What the client says it is: option 93, the first of several numbers (RFC 4578, 2.1); None where it says
    nothing."""
    number = said.option(Option.ARCHITECTURE)[:2]
    return int.from_bytes(number) if len(number) == 2 else None


def asks(said: Message) -> bool:
    """Whether this is the question of a client that boots by HTTP."""
    return not said.is_reply and said.kind is Kind.DISCOVER and not int(said.relay) and said.vendor.startswith(BY_HTTP)


def kind(said: Message) -> Architecture | None:
    """What such a client is; None for what the table does not have."""
    number = architecture(said)
    found = None if number is None else of_number(number)
    return found if found and found.http else None


def offer(said: Message, server: IPv4Address, url: str) -> Message:
    """The answer to such a question. Raises ValueError for a URL that is too long."""
    name = url.encode("ascii")
    if len(name) > LONGEST:
        raise ValueError(f'"{url}" is longer than {LONGEST} bytes')
    nowhere = bytes(4)
    header = struct.pack("!BBBB4sHH", 2, 1, 6, 0, said.transaction, 0, _BROADCAST)
    header += nowhere + nowhere + server.packed + nowhere + said.data[28:44] + bytes(64)
    header += (name if len(name) < 128 else b"").ljust(128, b"\0")
    options = [
        (Option.KIND, bytes([Kind.OFFER])),
        (Option.SERVER, server.packed),
        (Option.VENDOR, BY_HTTP.encode()),
        (Option.BOOT_FILE, name),
    ]
    uuid = said.option(Option.UUID)
    if len(uuid) == _UUID:
        options.append((Option.UUID, uuid))
    made = read(written(header, options))
    assert made
    return made
