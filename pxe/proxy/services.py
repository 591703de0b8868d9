"""What dnsmasq is told to be a proxy, in the words of dnsmasq(8), version 2.80 and later. Pure.

- A single service of a kind is booted without a menu (`--pxe-prompt`). Its number is the client's architecture; who
  says none is an old BIOS. A name gets ".0" behind it unless it has a dot.
- iPXE, which says so (option 175, or its user class), is told its script in the first answer, and by whom.
- Who is of a kind for which there is nothing is not answered: another boot server may have something.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from ipaddress import IPv4Address

_TITLE = "udpcast"


def services(
    server: IPv4Address, files: Mapping[int, str], script: str = "", by_script: Collection[int] = ()
) -> list[str]:
    """`files`: what clients of each architecture load by TFTP; `script`: the URL that iPXE is told on those of
    `by_script`."""
    told = sorted({number for number, file in files.items() if file} | set(by_script if script else ()))
    lines = ["dhcp-match=set:kind,option:client-arch"]
    lines += [f"dhcp-match=set:kind{number},option:client-arch,{number}" for number in told]
    lines += [f"dhcp-match=set:ours,option:client-arch,{number}" for number in told]
    lines.append("dhcp-ignore=tag:kind,tag:!ours")
    if script:
        lines += ["dhcp-match=set:ipxe,175", "dhcp-userclass=set:ipxe,iPXE"]
        lines += [f"dhcp-boot=tag:ipxe,tag:kind{number},{script},,{server}" for number in sorted(by_script)]
    for number, file in sorted(files.items()):
        if file:
            but = "tag:!ipxe," if script and number in by_script else ""
            lines.append(f'pxe-service={but}{number},"{_TITLE}",{file.removesuffix(".0")}')
    return lines
