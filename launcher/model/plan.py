"""A plan: every answer settled, real devices, nothing optional that the transfer needs.

Plans are plain values. `answers` makes them, `udpcast` turns them into argument vectors, `transfer` carries them out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any

from .machine import Disk, Nic, Partition

SILENCE = 40  # seconds
START_TIMEOUT = 12 * 3600  # seconds: a room that is switched on in the evening, and its cast in the morning


class Role(Enum):
    """The values are UDPCast's ``umode`` words."""

    SEND = "snd"
    RECEIVE = "rcv"


class Compression(Enum):
    """How the stream is compressed; the values are the words of ``compr``."""

    NONE = "none"
    GZIP = "gzip"
    LZOP = "lzop"
    ZSTD = "zstd"


class Require(Enum):
    """The least that a receiver's success must be; the values are the words of ``require``."""

    WRITTEN = "written"  # also what nothing can be compared with
    EQUAL = "equal"


class Holes(Enum):
    """What a receiver does with what the sender's disk does not use; the values are the words of ``holes``."""

    KEEP = "keep"  # what was there stays
    DISCARD = "discard"  # the disk is told that nothing is needed there (TRIM)
    ZERO = "zero"


class Grow(Enum):
    """Whether a larger target's last big partition grows; the values are the words of ``grow``."""

    YES = "yes"
    NO = "no"
    ASK = "ask"  # the operator, once the clone is equal; nobody there means no


class Next(Enum):
    """What follows a transfer; the values are the words of ``after``. MENU: the result stays until somebody comes."""

    MENU = "menu"
    REBOOT = "reboot"
    POWEROFF = "poweroff"
    SHELL = "shell"


@dataclass(frozen=True)
class After:
    """What follows a success, and what follows a failure (the last one that `Plan.retry` leaves)."""

    success: Next = Next.MENU
    failure: Next = Next.MENU


@dataclass(frozen=True)
class ResultPage:
    """SambaEdu's page that is told the result: an http URL, and its number of the operation."""

    url: str
    operation: str | None = None


class AddressSource(Enum):
    """How the card gets its address."""

    GIVEN = "given"  # ip= on the command line: used at once, and its lease renewed where PXE got one
    DHCP = "dhcp"  # asked for with a DHCP client


@dataclass(frozen=True)
class Address:
    """What to configure on the card. `address` and `gateway` without prefix length; None with DHCP.

    `sysuuid`: how the firmware may have named this PC to the DHCP server, as PXELINUX tells it.
    """

    source: AddressSource
    address: str | None = None
    prefix: int | None = None
    gateway: str | None = None
    lease: bool = False  # the address is a lease (PXE got it), so it must be renewed
    sysuuid: str | None = None


class Keep(Enum):
    """How a receiver keeps the stream itself, in a file."""

    NEW = "new"  # what is there already is not replaced
    REPLACE = "replace"


@dataclass(frozen=True)
class Target:
    """The block device that is read or overwritten: a whole disk, or one partition of it. `size` in bytes. `keep`: no
    disk, but a file that keeps the stream."""

    path: str
    size: int
    disk: Disk
    partition: Partition | None = None
    keep: Keep | None = None

    @property
    def recognised(self) -> bool:
        """Whether something is known of what is on it."""
        return (self.partition or self.disk).recognised


@dataclass(frozen=True)
class Options:
    """What ``udpcparam`` holds for one role, checked: `words` are passed on, the other fields are what the launcher
    itself looks at; None where an option is not given.

    Times are in seconds, but `exit_wait` (how long udp-receiver lingers) and `rexmit_hello_interval` in milliseconds.
    `one_way`: ``--async``, nobody acknowledges anything. `autostart` counts greetings. To udpcast a 0 in
    `min_receivers`, `min_wait`, `max_wait` and `autostart` is the same as none. `log`: the file of ``--log``.
    """

    words: tuple[str, ...] = ()
    nokbd: bool = False
    one_way: bool = False
    min_receivers: int | None = None
    min_wait: int | None = None
    max_wait: int | None = None
    autostart: int | None = None
    retries_until_drop: int | None = None
    rexmit_hello_interval: int | None = None
    exit_wait: int | None = None
    log: str | None = None


@dataclass(frozen=True)
class Plan:
    """Everything a transfer needs.

    `compression` None on a receiver means: recognise the stream. `options` are those for this role only. `attended`
    tells whether an operator may be asked to press a key (start of the cast). `silence`: seconds without a sign of the
    other side after which it is given up. `start_timeout`: seconds until data must flow. `require`: what a receiver
    writes must be comparable with the sender's disk. `retry`: casts that an unattended receiver waits for after a
    failure. `blank`: a disk on which nothing is recognised is sent unasked. `used`: only what is used is sent, where
    the stream is zstd's. `holes`: what becomes of the rest. `grow`: whether a larger target's last big partition
    grows.
    """

    role: Role
    target: Target
    nic: Nic
    address: Address
    port: int = 9000
    compression: Compression | None = None
    options: Options = Options()
    attended: bool = True
    verify: bool = True
    require: Require = Require.WRITTEN
    silence: int = SILENCE
    start_timeout: int = START_TIMEOUT
    retry: int = 0
    blank: bool = False
    used: bool = True
    holes: Holes = Holes.KEEP
    grow: Grow = Grow.ASK
    after: After = After()
    result_page: ResultPage | None = None

    def record(self) -> dict[str, object]:
        """As plain JSON values, for ``explain`` and the event ``plan``: each field under its name, or as `_RECORDS`."""
        record: dict[str, object] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            as_record = _RECORDS.get(field.name)
            record |= as_record(value) if as_record else {field.name: value.value if isinstance(value, Enum) else value}
        return record


def _address_record(address: Address) -> dict[str, object]:
    known = f"{address.address}/{address.prefix}" if address.address else address.source.value
    return {"address": known, "gateway": address.gateway}


def _target_record(target: Target) -> dict[str, object]:
    disk = target.disk
    return {"disk": target.path, "size": target.size, "model": disk.model, "serial": disk.serial}


def _page_record(page: ResultPage | None) -> dict[str, object]:
    return {"result_page": page.url if page else None, "operation": page.operation if page else None}


_RECORDS: dict[str, Callable[[Any], dict[str, object]]] = {
    "target": _target_record,
    "nic": lambda nic: {"nic": nic.name, "mac": nic.mac},
    "address": _address_record,
    "compression": lambda compression: {"compr": compression.value if compression else None},
    "options": lambda options: {"udpcparam": list(options.words)},
    "after": lambda after: {"after": f"{after.success.value},{after.failure.value}"},
    "result_page": _page_record,
}
"""What is told of a field that is no plain value."""
