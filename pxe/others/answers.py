"""What another DHCP server is to tell each kind of client that boots from a tree of ours. Pure.

It follows from the table of client architectures, from what is in the tree, and from how the tree is served. One client
is one answer's: iPXE, which the PC's firmware or another loader has started, says like it what architecture it is of,
and is told something else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

from ..entries.architectures import ARCHITECTURES, BY_HTTP, BY_PXE, LPXELINUX, Architecture
from ..entries.loaders import IPXE

IPXE_SCRIPT = str(IPXE.default)


@dataclass(frozen=True)
class Served:
    """How a tree is served: by TFTP from `server`, and from the root of the URL `http` ("" where by TFTP alone; no
    slash at its end). `files` are those in the tree's root; None: all that could be.
    """

    server: IPv4Address
    http: str = ""
    files: frozenset[str] | None = None

    def has(self, name: str) -> bool:
        """Whether the tree has this file."""
        return self.files is None or name in self.files


@dataclass(frozen=True)
class Answer:
    """What clients of the architectures `numbers` are told: `boot_file`, a name for TFTP or a URL.

    `name` is fit to be a name in any server's language. `vendor` is how the client's vendor class begins. `ipxe`: iPXE
    only, else whoever is not iPXE. `folder` is what option 210 says: the URL that lpxelinux takes for its root.
    """

    name: str
    title: str
    numbers: tuple[int, ...]
    vendor: str
    boot_file: str
    ipxe: bool = False
    folder: str = ""

    @property
    def is_http(self) -> bool:
        """True for a client that must be told that it is one which boots by HTTP (option 60)."""
        return self.vendor == BY_HTTP


def answers(served: Served) -> tuple[Answer, ...]:
    """The answers, that for iPXE first."""
    found = tuple(_answers(served))
    by_pxe = tuple(number for one in found if not one.is_http for number in one.numbers)
    if not by_pxe or not served.has(IPXE_SCRIPT):
        return found
    script = f"{served.http}/{IPXE_SCRIPT}" if served.http else IPXE_SCRIPT
    return (Answer("udpcast-ipxe", "iPXE", by_pxe, BY_PXE, script, ipxe=True), *found)


def unanswered(served: Served) -> tuple[Architecture, ...]:
    """The kinds of client that are told nothing, and so do not boot from this tree."""
    answered = {number for one in answers(served) for number in one.numbers}
    return tuple(one for one in ARCHITECTURES if not answered.issuperset(one.numbers))


def _answers(served: Served) -> Iterator[Answer]:
    for one in ARCHITECTURES:
        name = f"udpcast-{'-'.join(map(str, one.numbers))}"
        if one.http:
            if one.file and served.http and served.has(one.file):
                yield Answer(name, one.name, one.numbers, BY_HTTP, f"{served.http}/{one.file}")
            continue
        file = _file(one, served)
        folder = f"{served.http}/" if file == LPXELINUX else ""
        if file:
            yield Answer(name, one.name, one.numbers, BY_PXE, file, folder=folder)


def _file(one: Architecture, served: Served) -> str:
    """What is loaded by TFTP: iPXE where the tree does not have the file of the table; "" for nothing."""
    if LPXELINUX in one.choices and served.http and served.has(LPXELINUX):
        return LPXELINUX
    unsigned = (name for name in one.choices if name in IPXE.files)
    return next((name for name in (one.file, *unsigned) if name and served.has(name)), "")


def numbered(numbers: Collection[int], one: str, joined: str) -> str:
    """A condition for each number, joined; in brackets where there are several."""
    text = joined.join(one.format(high=number >> 8, low=number & 255, number=number) for number in numbers)
    return f"({text})" if len(numbers) > 1 else text
