"""Which loader PCs with UEFI can be given beside another DHCP server, and what is said where one cannot. Pure, but for
`grub_version`.

GRUB takes the server of its files from the acknowledgement of the address (siaddr), so from the other server; shim
before it, and GRUB from 2.12 on, take it from the answer of proxy DHCP (grub-core/net/drivers/efi/efinet.c; tried with
Debian's 2.06, also where the other server names none: it then ends at its prompt, for ever). So of an older GRUB:

- It is given where the other server names us as next server.
- Else iPXE is, which takes the right server. It is not signed: a PC with Secure Boot refuses it, and its firmware goes
  on with what is next in its boot order, which is HTTP boot, where it is on (tried; `http`).
- Where that is not there, nothing is given, which leads there as well: a PC at GRUB's prompt would stay there.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from ..entries import loaders

SHIM, GRUB = loaders.GRUB.files
_, SNPONLY = loaders.IPXE.files
SCRIPT = str(loaders.IPXE.default)
SINCE = (2, 12)
"""The first GRUB that asks the proxy."""

SEE = 'see docs/admin.md, "Secure Boot beside a DHCP server"'
"""What helps PCs with Secure Boot."""

_LINE = re.compile(rb"^grub,\d+,[^,\n]*,grub,(\d+)\.(\d+)", re.MULTILINE)
_MOST = 32 << 20


@dataclass(frozen=True)
class Given:
    """`file` is what PCs with UEFI load by TFTP, "" for nothing; `sentence` is what is to be said of it, or "". `stuck`
    is the sentence for GRUB where somebody wants it all the same."""

    file: str
    sentence: str = ""
    stuck: str = ""


def grub_version(path: Path) -> tuple[int, int] | None:
    """The version of a GRUB for UEFI, by its own table of generations (SBAT); None where it has none, or there is no
    such file."""
    try:
        with path.open("rb") as file:
            found = _LINE.search(file.read(_MOST))
    except OSError:
        return None
    return (int(found[1]), int(found[2])) if found else None


def given(
    there: Collection[str], grub: tuple[int, int] | None, next_servers: Collection[IPv4Address], server: IPv4Address
) -> Given:
    """What PCs with UEFI are given. `there` are the files of the tree, `next_servers` what other servers name."""
    has_shim, has_ipxe = {SHIM, GRUB} <= set(there), {SNPONLY, SCRIPT} <= set(there)
    if has_shim and (grub or (0, 0)) >= SINCE:
        return Given(SHIM)
    if has_shim and next_servers and set(next_servers) == {server}:
        return Given(SHIM)
    why = _why(grub, next_servers) if has_shim else "there is no signed loader (shim-signed, grub-efi-amd64-signed)"
    stuck = f"PCs with UEFI {'' if next_servers else 'may '}stay at GRUB's prompt: {why}; {SEE}."
    if has_ipxe:
        refused = f"PCs with UEFI get iPXE, which those with Secure Boot refuse: {why}; {SEE}."
        return Given(SNPONLY, refused, stuck)
    nothing = f"PCs with UEFI get nothing by TFTP: {why}; install ipxe here, or {SEE}."
    return Given("", nothing, stuck)


def _why(grub: tuple[int, int] | None, next_servers: Collection[IPv4Address]) -> str:
    version = f"GRUB {grub[0]}.{grub[1]:02}" if grub else "this GRUB"
    if not next_servers:
        return f"no next server of a DHCP server was seen, and {version} needs this one as next server"
    named = ", ".join(str(one) for one in sorted(set(next_servers)) if int(one))
    if not named:
        return f"the DHCP server names no next server, and {version} needs this one as next server"
    return f"{version} would ask the DHCP server's next server ({named}) for its files"
