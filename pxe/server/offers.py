"""Which file each kind of client is given: from the table of kinds, what the tree has, and what somebody chose. Pure.

- A kind gets the first of its choices that the tree has; what somebody chose comes alone.
- iPXE, which says that it is iPXE (option 175, or its user class), gets its script by HTTP, in whichever firmware it
  runs: unless somebody chose a loader of another family for that kind.
- A kind without a file gets none, and a sentence (`clients`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from ..entries.architectures import ARCHITECTURES, HTTP_IMAGE, LPXELINUX, Architecture, of_number
from ..entries.loaders import GRUB, IPXE, PXELINUX

IPXE_SCRIPT = str(IPXE.default)
NEEDS_HTTP = {LPXELINUX: "", **dict.fromkeys(IPXE.files, IPXE_SCRIPT), HTTP_IMAGE: ""}
"""What loads the rest, or itself, by HTTP; and the file that the tree must have for it."""

PACKAGES = {
    "BIOS": " ".join(PXELINUX.packages),
    "UEFI x86-64": " ".join(GRUB.packages),
    "UEFI x86-64 by HTTP": " ".join(GRUB.packages),
}
"""Debian's packages that bring a kind's loader."""


@dataclass(frozen=True)
class Offer:
    """What clients of a kind load first, "" for nothing; `ipxe`: iPXE of this kind gets its script."""

    kind: Architecture
    file: str
    ipxe: bool = False

    @property
    def remedy(self) -> str:
        """What somebody does where there is no file."""
        packages = PACKAGES.get(self.kind.name, "")
        return f"`apt-get install {packages}` here, and start this again" if packages else self.kind.instead


PLAIN = (Offer(ARCHITECTURES[0], ARCHITECTURES[0].file),)
"""BIOS by TFTP alone."""


def choosable() -> Iterator[Architecture]:
    """Kinds whose loader can be chosen."""
    return (kind for kind in ARCHITECTURES if kind.option)


def offers(there: Collection[str], chosen: Mapping[str, str]) -> tuple[Offer, ...]:
    """`there` are the files that the tree has at its root, `chosen` maps options to files."""
    return tuple(_offer(kind, there, chosen.get(kind.option, "")) for kind in ARCHITECTURES)


def asks(vendor: str, among: Collection[Offer], *, ipxe: bool = False) -> str:
    """How a client asks that sends this vendor class (`PXEClient:Arch:00007:UNDI:003016`), and what is wrong about it;
    completes "asks to boot"."""
    said = re.match(r"(?:PXE|HTTP)Client:Arch:(\d{1,5})", vendor)
    if not said:
        return ""
    number = int(said[1])
    kind = of_number(number)
    if kind is None:
        return f" as a kind of machine that is not known here ({number}), and gets no boot loader: {UNKNOWN}"
    offer = next((one for one in among if one.kind == kind), Offer(kind, ""))
    how = "" if number == 0 else f" by {kind.name}"
    if offer.file or (ipxe and offer.ipxe):
        return f"{how}{', with iPXE' if ipxe else ''}"
    return f"{how or f' by {kind.name}'}, for which this server has no boot loader: {offer.remedy}"


UNKNOWN = "PCs with x86-64 boot from the network by BIOS or by UEFI"


def instead(among: Collection[Offer]) -> dict[str, str]:
    """For each file that is offered by TFTP and loads the rest by HTTP: what to do where a PC does not come so far."""
    found = {}
    for one in among:
        by_tftp = [file for file in one.kind.choices if file not in NEEDS_HTTP]
        if one.file in NEEDS_HTTP and by_tftp:
            again = f"start this again with --{one.kind.option} {by_tftp[0]}"
            found[one.file] = f"Its card may fail in HTTP, or its firmware has refused the file: {again}"
    return found


def _offer(kind: Architecture, there: Collection[str], chosen: str) -> Offer:
    files = (chosen,) if chosen else kind.choices or (kind.file,)
    usable = [file for file in files if file in there and NEEDS_HTTP.get(file, "") in ("", *there)]
    by_script = not chosen or NEEDS_HTTP.get(chosen) == IPXE_SCRIPT
    return Offer(kind, usable[0] if usable else "", IPXE_SCRIPT in there and bool(kind.choices) and by_script)
