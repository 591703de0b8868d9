"""The servers' logs to what each client does, one event a step.

Pure: `Clients.read` takes one line of dnsmasq's (version 2.80 and later, with ``log-dhcp``), `Clients.by_http` one of
the server of files; they return an event, or None where a line tells nothing new. dnsmasq says "sent" of more than what
was loaded: `transfers` knows better. By HTTP, what was acknowledged is counted (`loads`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ..entries.architectures import BY_HTTP, BY_PXE, HTTP_IMAGE
from ..entries.boot_entry import INITRD
from ..entries.loaders import LOADERS, PXELINUX, Loader
from ..web.files import Said
from .loads import Got, Loads
from .offers import PLAIN, Offer, asks
from .transfers import Ending, Transfers

Key = TypeVar("Key")
Value = TypeVar("Value")

_LINE = re.compile(r"dnsmasq-(?:dhcp|tftp)\[\d+\]: (?:(?P<id>\d+) )?(?P<text>.*)")
_MAC = r"(?P<mac>[0-9a-f]{2}(?::[0-9a-f]{2}){5})"
_ADDRESS = r"(?P<address>\d+(?:\.\d+){3})"
_VENDOR = re.compile(r"vendor class: (?P<vendor>.*)")
_USER = re.compile(r"user class: .*iPXE")
_NO_ADDRESS = re.compile(rf"DHCP(?:DISCOVER|REQUEST)\(\S+\) (?:{_ADDRESS} )?{_MAC} (?P<why>no address.*)")
_ASKS = re.compile(rf"DHCPDISCOVER\(\S+\) (?:{_ADDRESS} )?{_MAC}|PXE\(\S+\) {_MAC.replace('mac', 'mac2')} proxy")
_GETS = re.compile(rf"DHCPACK\(\S+\) {_ADDRESS} {_MAC}|PXE\(\S+\) (?P<address2>[\d.]+) {_MAC.replace('mac', 'mac2')} ")
_SENT = re.compile(rf"sent (?P<file>.*) to {_ADDRESS}")
_MISSING = re.compile(rf"file (?P<file>.*) not found for {_ADDRESS}")
_FAILED = re.compile(rf"(?:failed|timeout) sending (?P<file>.*) to {_ADDRESS}")
_ERROR = re.compile(rf"error \d+ (?P<why>.*) received from {_ADDRESS}")
_REFUSED = re.compile(r"cannot (?:access|read) (?P<file>.*): (?P<why>[^:]+)")
FIRMWARE = (BY_PXE, BY_HTTP)
"""How the vendor class of firmware begins that boots, or of a boot loader in its place (iPXE)."""

MOST = 4096
"""DHCP questions that are remembered, the last ones: whoever invents PCs fills no memory."""

_SAMPLE = "00:11:22:33:44:55"


def _own_config(loader: Loader) -> re.Pattern[str]:
    """The names of the loader's configurations for one machine, with its MAC address as a group."""
    name = re.escape(str(loader.machine(_SAMPLE)))
    for between in ("-", ":"):
        name = name.replace(re.escape(_SAMPLE.replace(":", between)), f"((?:[0-9a-f]{{2}}{between}){{5}}[0-9a-f]{{2}})")
    return re.compile(name)


_OWN_CONFIGS = tuple(map(_own_config, LOADERS))
_OWN_LAST = {str(loader.default): _own_config(loader) for loader in LOADERS if loader is not PXELINUX}
"""Those of loaders that read the default file first, and from it the machine's own, which counts if it is there."""
_TRIED = tuple(f"{folder}/" for folder in sorted({str(one) for loader in LOADERS for one in loader.folders} - {"."}))
"""Where a loader tries one name after the other, so that a missing one is nothing to tell."""

_OPTIONAL = re.compile(r"(?i)(?:.*/)?(?:(?:revocations|shim_certificate)\w*|(?:mm|fb)[a-z0-9]+)\.efi|EFI/.*")
"""What shim asks for beside GRUB, and is content without (16.1; seen, and its shim.c)."""


@dataclass(frozen=True)
class ClientEvent:
    """What one client did; `text` completes "the client …". `mac` or `address` is "" while it is not known. `loaded`
    is the file that it has loaded whole."""

    mac: str
    address: str
    text: str
    loaded: str = ""


class Clients:
    """All clients seen since the start; `root` is the TFTP tree, `boots_disk` tells it of a configuration in it."""

    def __init__(
        self,
        root: Path,
        transfers: Transfers | None = None,
        boots_disk: Callable[[str], bool] = lambda _: False,
        offers: Collection[Offer] = PLAIN,
    ) -> None:
        self._root, self._boots_disk, self._offers = root, boots_disk, offers
        self._transfers, self._loads = transfers or Transfers(), Loads()
        self._macs: dict[str, str] = {}  # by address
        self._vendors: dict[str, str] = {}  # by the number of the DHCP transaction
        self._ipxe: dict[str, None] = {}  # transactions of iPXE
        self._asked: dict[tuple[str, str], None] = {}  # transaction and MAC address: firmware repeats itself

    def learn(self, address: str, mac: str) -> None:
        """Whose address that is, as it was heard elsewhere."""
        self._macs[address] = mac

    def read(self, line: str) -> ClientEvent | None:
        """The event in one line of the log, or None."""
        match = _LINE.search(line)
        if not match:
            return None
        transaction, text = match["id"] or "", match["text"].strip()
        if vendor := _VENDOR.match(text):
            _remember(self._vendors, transaction, vendor["vendor"])
            return None
        if _USER.match(text):
            _remember(self._ipxe, transaction, None)
            return None
        return self._dhcp(transaction, text) or self._tftp(text)

    def _dhcp(self, transaction: str, text: str) -> ClientEvent | None:
        vendor = self._vendors.get(transaction, "")
        if found := _NO_ADDRESS.match(text):
            return ClientEvent(found["mac"], "", "gets no address: the range is used up")
        if found := _ASKS.match(text):
            mac = found["mac"] or found["mac2"]
            if (transaction, mac) in self._asked:
                return None
            _remember(self._asked, (transaction, mac), None)
            how = asks(vendor, self._offers, ipxe=transaction in self._ipxe)
            return ClientEvent(mac, "", f"asks to boot{how}") if vendor.startswith(FIRMWARE) else None
        if found := _GETS.match(text):
            mac, address = found["mac"] or found["mac2"], found["address"] or found["address2"]
            known, self._macs[address] = self._macs.get(address), mac
            is_new = known != mac or vendor.startswith(FIRMWARE)
            return ClientEvent(mac, address, "has its address") if is_new else None
        return None

    def _tftp(self, text: str) -> ClientEvent | None:
        if found := _SENT.match(text) or _FAILED.match(text):
            return self._transfer(found["address"], self._name(found["file"]), sent=text.startswith("sent "))
        if found := _ERROR.match(text):
            self._transfers.abort(found["address"])
        elif found := _REFUSED.match(text):
            name = self._name(found["file"])
            return self.at(self._transfers.refused(name), f"asked for {name}, which cannot be read: {found['why']}")
        elif found := _MISSING.match(text):
            name = self._name(found["file"])
            self._transfers.refused(name, found["address"])
            return self._missing(found["address"], name)
        return None

    def by_http(self, said: str, address: str, name: str = "", *more: Any) -> ClientEvent | None:
        """The event in one line of the server of files, which `read_line` has read."""
        if said == Said.MISSING.value:
            return self._missing(address, name)
        if said == Said.REFUSED.value:
            return self.at(address, f"asked for {name}, which cannot be read: {more[0]}")
        if said not in (Said.TOOK.value, Said.UNSURE.value):
            return None
        self._learn(address, name)
        if said == Said.UNSURE.value:
            left = f"does not acknowledge the last {more[0]} bytes: it starts (iPXE does so), or was switched off"
            return self.at(address, f"was sent all of {name}, and {left}")
        part, wanted, size = more
        got = self._loads.took(address, name, range(*part), range(*wanted), size)
        if got is Got.WHOLE:
            return self.at(address, f"loaded {name}{self._follows(name)}", name)
        return self.at(address, f"stopped while it loaded {name}") if got is Got.STOPPED else None

    def _missing(self, address: str, name: str) -> ClientEvent | None:
        self._learn(address, name)
        for default, own in _OWN_LAST.items():
            if own.fullmatch(name) and self._boots_disk(default):
                return self.at(address, f"has no {name}, and boots its disk")
        is_own = any(config.fullmatch(name) for config in _OWN_CONFIGS)
        if is_own or name.startswith(_TRIED) or _OPTIONAL.fullmatch(name):
            return None
        return self.at(address, f"asked for {name}, which is not in the tree")

    def _transfer(self, address: str, name: str, *, sent: bool) -> ClientEvent | None:
        self._learn(address, name)
        ending = self._transfers.end(address, name, sent=sent)
        if ending is Ending.LOADED:
            return self.at(address, f"loaded {name}{self._follows(name)}", name)
        if ending is Ending.STOPPED:
            return self.at(address, f"stopped while it loaded {name}")
        if ending is Ending.SILENT:
            return self.at(address, f"asked for {name}, took nothing of it, and is silent")
        return None

    def _learn(self, address: str, name: str) -> None:
        """Whose address that is, where the file is the PC's own."""
        for own in filter(None, (config.fullmatch(name) for config in _OWN_CONFIGS)):
            self._macs[address] = own[1].replace("-", ":")

    def _follows(self, name: str) -> str:
        if name in (INITRD, HTTP_IMAGE):
            return " and starts"
        return " and boots its disk" if name not in _OWN_LAST and self._boots_disk(name) else ""

    def at(self, address: str, text: str, loaded: str = "") -> ClientEvent:
        """An event of the client that has this address."""
        return ClientEvent(self._macs.get(address, ""), address, text, loaded)

    def _name(self, path: str) -> str:
        # Of what stands in front, dnsmasq leaves out letters that are not ASCII.
        return path.partition(f"/{self._root.parent.name}/{self._root.name}/")[2] or path.removeprefix(f"{self._root}/")


def read_line(line: str) -> list[Any]:
    """A line of the server of files, with the client's address in the second place; empty for any other line."""
    try:
        said = json.loads(line)
    except ValueError:
        return []
    return said if isinstance(said, list) and len(said) > 1 else []


def _remember(known: dict[Key, Value], key: Key, value: Value) -> None:
    known[key] = value
    if len(known) > MOST:
        del known[next(iter(known))]
