"""What ISC dhcpd needs, in the words of dhcpd.conf(5) and dhcp-options(5), version 4.4. Pure.

A class stands at the top level. What it says counts more than what a subnet, a pool or a group says, and less than what
a `host` says (dhcpd.conf(5), "declarations"; tried). iPXE is told by its user class: its own option 175 has no name
there, and a name of ours could clash with one that the file has for it. What no client asks for goes out by
`dhcp-parameter-request-list` only.
"""

from __future__ import annotations

from collections.abc import Iterator

from .answers import Answer, Served, answers, numbered

_IPXE = 'option user-class ~= "iPXE"'
_NOT_IPXE = f"(not exists user-class or not ({_IPXE}))"
"""An expression about an option that is not there is neither true nor false, and so is what `not` makes of it."""
_ARCHITECTURE = "substring(option pxe-system-type, 0, 2) = {high:02x}:{low:02x}"


def render(served: Served) -> str:
    """The lines."""
    return "\n".join(line for one in answers(served) for line in _class(one, served))


def _class(one: Answer, served: Served) -> Iterator[str]:
    tests = [
        f'substring(option vendor-class-identifier, 0, {len(one.vendor)}) = "{one.vendor}"',
        numbered(one.numbers, _ARCHITECTURE, "\n            or "),
        *([_IPXE] if one.ipxe else [_NOT_IPXE] if not one.is_http else []),
    ]
    yield f'class "{one.name}" {{  # {one.title}'
    yield f"  match if {f'{chr(10)}       and '.join(tests)};"
    yield f"  next-server {served.server};"
    yield f'  filename "{one.boot_file}";'
    if one.is_http:
        yield f'  option vendor-class-identifier "{one.vendor}";'
        yield from _sent("3c")
    if one.folder:
        yield f'  option loader-pathprefix "{one.folder}";'
        yield from _sent("d2")
    yield "}"


def _sent(option: str) -> Iterator[str]:
    yield f"  option dhcp-parameter-request-list = concat(option dhcp-parameter-request-list, {option});"
