"""What dnsmasq needs, version 2.80 and later, in the words of dnsmasq(8). Pure.

A `dhcp-boot` with tags counts more than one without.
"""

from __future__ import annotations

from collections.abc import Iterator

from .answers import Answer, Served, answers

_IPXE = "udpcast-ipxe"


def render(served: Served) -> str:
    """The lines."""
    found = answers(served)
    matches = [
        f"dhcp-match=set:{one.name},option:client-arch,{number}"
        for one in found
        if not one.ipxe
        for number in one.numbers
    ]
    ipxe = any(one.ipxe for one in found)
    lines = [*([f"dhcp-match=set:{_IPXE},175"] if ipxe else []), *matches]
    return "\n".join([*lines, *(line for one in found for line in _boot(one, served, ipxe, found))])


def _boot(one: Answer, served: Served, ipxe: bool, found: tuple[Answer, ...]) -> Iterator[str]:
    if one.ipxe:
        for other in found:
            if not other.ipxe and not other.is_http:
                yield f"dhcp-boot=tag:{_IPXE},tag:{other.name},{one.boot_file},,{served.server}"
        return
    but = f"tag:!{_IPXE}," if ipxe and not one.is_http else ""
    yield f"dhcp-boot=tag:{one.name},{but}{one.boot_file},,{served.server}"
    if one.is_http:
        yield f"dhcp-option-force=tag:{one.name},60,{one.vendor}"
    if one.folder:
        yield f"dhcp-option-force=tag:{one.name},{but}210,{one.folder}"
