"""What dnsmasq is told to be a proxy, in the words of dnsmasq(8), version 2.80 and later. Pure.

A single service of a kind is booted without a menu (`--pxe-prompt`). Its number is the client's architecture. A name
gets ".0" behind it unless it has a dot. iPXE, which says so (option 175), is told its script in the first answer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

_TITLE = "udpcast"


def services(files: Mapping[int, str], script: str, by_script: Collection[int] = ()) -> list[str]:
    """`files`: what clients of each architecture load by TFTP; `script`: the URL that iPXE is told on those of
    `by_script`."""
    lines = []
    but = ""
    if script and by_script:
        but = "tag:!ipxe,"
        lines += ["dhcp-match=set:ipxe,175", "dhcp-userclass=set:ipxe,iPXE"]
        for number in sorted(by_script):
            lines += [f"dhcp-match=set:kind{number},option:client-arch,{number}"]
            lines += [f"dhcp-boot=tag:ipxe,tag:kind{number},{script}"]
    for number, file in sorted(files.items()):
        if file:
            lines.append(
                f'pxe-service={but if number in by_script else ""}{number},"{_TITLE}",{file.removesuffix(".0")}'
            )
    return lines
