"""Beside another DHCP server (`--proxy`): what PCs are given there, by whom, and what is said of it.

dnsmasq answers those that ask by PXE, with what `fitted` leaves of the offers; `answer` those that boot by HTTP.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv4Address

from ..entries.architectures import LPXELINUX
from ..loop import Loop
from ..proxy import loaders
from ..proxy.answering import Proxy
from ..proxy.loaders import Given
from .clients import ClientEvent
from .dnsmasq import BOOT_FILE, BootServer
from .offers import Offer


def fitted(
    settings: BootServer, next_servers: Collection[IPv4Address], chosen: Mapping[str, str]
) -> tuple[BootServer, str]:
    """The settings with what works beside a server that names these next servers, and what is to be said, or "".

    What somebody has `chosen` stays, and is warned of where it does not work.
    """
    there = {path.name for path in settings.tftp_root.iterdir()}
    grub = loaders.grub_version(settings.tftp_root / loaders.GRUB)
    found = loaders.given(there, grub, next_servers, settings.server.ip)
    offers = tuple(replace(one, file=_file(one, found, there, chosen)) for one in settings.offers)
    wanted = next((chosen.get(one.kind.option) for one in offers if one.kind.file == loaders.SHIM), None)
    return replace(settings, offers=offers), _said(found, wanted)


def _said(found: Given, wanted: str | None) -> str:
    if wanted is None:
        return found.sentence
    return found.stuck if wanted == loaders.SHIM else ""


def _file(one: Offer, found: Given, there: Collection[str], chosen: Mapping[str, str]) -> str:
    if one.kind.option in chosen:
        return one.file
    if one.kind.file == loaders.SHIM:
        return found.file
    if one.file == LPXELINUX and BOOT_FILE in there:  # a proxy of dnsmasq's has no option 210 to give
        return BOOT_FILE
    return one.file


@contextlib.contextmanager
def answering(
    settings: BootServer, loop: Loop, show: Callable[[ClientEvent], None], learn: Callable[[str, str], None]
) -> Iterator[None]:
    """Answer PCs that boot by HTTP, as long as the loop runs. `learn` is told which address the other server gives to
    which PC. Raises OSError."""
    files = frozenset(one.file for one in settings.offers if one.kind.http and one.file)
    uefi = next((one.file for one in settings.offers if one.kind.file == loaders.SHIM), "")

    def say(mac: str, text: str) -> None:
        show(ClientEvent(mac, "", text))

    def takes(address: IPv4Address, mac: str) -> None:
        if address in settings.server.network:  # so that nobody fills memory
            learn(str(address), mac)

    proxy = Proxy(settings.interface, settings.server.ip, settings.url, (files, Given(uefi)), (say, takes))
    with contextlib.closing(proxy):
        proxy.attach(loop)
        yield
