"""Which addresses a PC can have, and with which mask. Pure.

- An address of the networks 0, 127 and from 224 on is no PC's (RFC 6890), and neither are the first and the last one of
  a network, and the DHCP server's own.
- Where nobody tells a mask, it is that of the address's class (RFC 950), or the longest one below it that covers the
  server and the gateway: PCs of one wire must agree on it, or udpcast's sender and receivers do not meet (measured).
"""

from __future__ import annotations

from ipaddress import IPv4Address

from ..sentence import Sentence, say


def number(address: str) -> int:
    """An IPv4 address in dots as a number."""
    return int(IPv4Address(address))


def bits_of(prefix: int) -> int:
    """The mask of `prefix` bits as a number."""
    return 0xFFFFFFFF << (32 - prefix) & 0xFFFFFFFF


def prefix_of(mask: str) -> int | None:
    """The bits of a mask in dots; None for what is no mask, or covers every address."""
    try:
        value = number(mask)
    except ValueError:
        return None
    return next((prefix for prefix in range(1, 33) if bits_of(prefix) == value), None)


def usual_prefix(address: str, *others: str | None) -> int:
    """The mask, in bits, of an address that was given without one; `others` are the server and the gateway."""
    value = number(address)
    own_class = 8 if value >> 31 == 0 else 16 if value >> 30 == 0b10 else 24
    known = [number(other) for other in others if other]
    longest = range(own_class, 7, -1)
    return next((bits for bits in longest if all((one ^ value) & bits_of(bits) == 0 for one in known)), own_class)


def unusable(address: str, prefix: int | None = None) -> Sentence | None:
    """Why no PC can have `address`, or None when one can; without a `prefix`, as far as that needs none."""
    value = number(address)
    first = value >> 24
    if first in (0, 127):
        return say("an address that stands for the PC itself")
    if 224 <= first < 240:
        return say("a multicast address")
    if first >= 240:
        return say("a broadcast or reserved address")
    if prefix is None or prefix > 30:
        return None
    host = value & ~bits_of(prefix)
    if host == 0:
        return say("the address of a network, not of a PC")
    if host == ~bits_of(prefix) & 0xFFFFFFFF:
        return say("the broadcast address of its network")
    return None
