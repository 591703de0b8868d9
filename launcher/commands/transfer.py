"""``launcher transfer NAME=VALUE ...``: one transfer without screens, on a machine that is already set up.

For servers (an image file is sent to a room of receivers, or taken from one), tests and benchmarks. The parameters
are those of the append line, and are read by the same tables (`parameters`, `questions`). Only two words differ here:
``disk`` is a path, since a server's disks are nobody's to choose from, and ``nic`` must have its address already.

Needs neither pyudev nor netifaces nor urwid, and looks at no device but the two that are named.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import stat
import struct
import sys
import textwrap
import traceback
from pathlib import Path
from typing import TypeVar

from kernel_cmdline import canonical

from ..answers import questions as q
from ..answers.parameters import ROWS, row_of
from ..answers.questions import Facts, Question
from ..errors import AnswerError, LauncherError
from ..events import EventLog, standard_output
from ..model.machine import Disk, Machine, Nic
from ..model.outcome import Outcome
from ..model.plan import Address, AddressSource, Plan, Role, Target
from ..udpcast.options import take_start_timeout

T = TypeVar("T")

TAKEN = ("umode", "disk", "nic", "port", "compr", "verify", "silence", "start_timeout", "udpcparam")
OK, NOT_OK = 0, 1
_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_BLKSSZGET = 0x1268  # linux/fs.h: logical sector size
_SIOCGIFFLAGS, _SIOCGIFADDR, _SIOCGIFHWADDR = 0x8913, 0x8915, 0x8927  # linux/sockios.h
_IFF_LOOPBACK, _IFF_RUNNING = 0x8, 0x40
_IFREQ = 40  # bytes of struct ifreq


def transfer(words: list[str]) -> int:
    """Carry out what `words` (``NAME=VALUE``) say; the result is the exit status.

    Raises LauncherError with nothing written: a wrong parameter, a disk or a card that cannot be used.
    """
    log = EventLog()
    log.add(standard_output())
    try:
        plan, warnings = plan_of(given(words), cards())
        for warning in warnings:
            _say(warning)
            log.emit("note", text=warning)
        return _carry_out(plan, log)
    except LauncherError as error:
        log.emit("error", **error.record())
        raise
    finally:
        log.close()


def given(words: list[str]) -> dict[str, str]:
    """The values by canonical key, aliases resolved, the last one winning. Raises AnswerError."""
    values: dict[str, str] = {}
    expected = f"Expected: {', '.join(TAKEN)}."
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise AnswerError(f'"{word}" is no NAME=VALUE.', expected)
        row = row_of(name)
        key = canonical(row.name if row else name)
        if key not in TAKEN:
            known = "is no parameter of a transfer without screens" if row else "is not known"
            raise AnswerError(f"{word}: {name} {known}.", expected)
        values[key] = value
    return values


def plan_of(values: dict[str, str], machine: Machine) -> tuple[Plan, tuple[str, ...]]:
    """The plan, and warnings; `machine` has the network cards. Raises AnswerError."""
    role = _settle(q.ROLE, values, Facts(machine))
    facts = Facts(machine, role)
    if "disk" not in values:
        raise _missing("disk", "Give the path of a disk or an image file.")
    options, warnings = _settle(q.UDPCPARAM, values, facts)
    start_timeout, options = take_start_timeout(options)
    plan = Plan(
        role=role,
        target=target(values["disk"], for_writing=role is Role.RECEIVE),
        nic=_nic(values, facts),
        address=Address(AddressSource.GIVEN),
        port=_settle(q.PORT, values, facts),
        compression=_settle(q.COMPRESSION, values, facts),
        options=options,
        attended=False,
        verify=_settle(q.VERIFY, values, facts),
        silence=_settle(q.SILENCE, values, facts),
        start_timeout=start_timeout or _settle(q.START_TIMEOUT, values, facts),
    )
    return plan, tuple(warnings)


def target(text: str, *, for_writing: bool) -> Target:
    """The disk or file at the path `text`, as it is now. Raises AnswerError."""
    path = Path(text)
    expected = "Expected the path of a block device or a regular file."
    try:
        kind = path.stat().st_mode
        if not (stat.S_ISBLK(kind) or stat.S_ISREG(kind)):
            raise AnswerError(f"disk={text} is neither a block device nor a regular file.", expected)
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            size = os.lseek(fd, 0, os.SEEK_END)
            sector = _sector_size(fd) if stat.S_ISBLK(kind) else 0
        finally:
            os.close(fd)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise AnswerError(f"disk={text} cannot be opened: {reason}.", expected) from None
    if not size:
        how = " Make it as large as the sender's disk: truncate -s SIZE FILE." if for_writing else ""
        raise AnswerError(f"disk={text} has no bytes.", f"{expected}{how}")
    return Target(text, size, Disk(text, size, sector))


def _sector_size(fd: int) -> int:
    return int(struct.unpack("i", fcntl.ioctl(fd, _BLKSSZGET, bytes(4)))[0])


def cards() -> Machine:
    """The network cards with what is known of them without udev: name, MAC, whether there is a link, address."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            flags, mac, address = (_ask(probe, what, name) for what in (_SIOCGIFFLAGS, _SIOCGIFHWADDR, _SIOCGIFADDR))
            bits = struct.unpack("=H", flags[:2])[0] if flags else 0
            if flags is None or mac is None or bits & _IFF_LOOPBACK:
                continue
            addresses = (socket.inet_ntoa(address[4:8]),) if address else ()
            found.append(Nic(name, mac[2:8].hex(":"), link=bool(bits & _IFF_RUNNING), addresses=addresses))
    return Machine(nics=tuple(found))


def _ask(probe: socket.socket, what: int, name: str) -> bytes | None:
    """What the kernel says of a card (netdevice(7)): the union behind the name, or None where there is nothing."""
    try:
        return fcntl.ioctl(probe, what, name.encode().ljust(_IFREQ, b"\0"))[16:]
    except OSError:
        return None


def _nic(values: dict[str, str], facts: Facts) -> Nic:
    """The card that is named, or the only one that has an address. Raises AnswerError."""
    if "nic" in values:
        nic = q.NIC.parse(values["nic"], facts)
        if not nic.addresses:
            raise AnswerError(f"{nic.name} has no IPv4 address.", f"Give it one: ip address add ... dev {nic.name}.")
        return nic
    usable = tuple(nic for nic in facts.machine.nics if nic.addresses)
    if len(usable) != 1:
        there = ", ".join(nic.name for nic in usable) or "none"
        raise _missing("nic", f"Give one of the network cards with an IPv4 address: {there}.")
    return usable[0]


def _settle(question: Question[T], values: dict[str, str], facts: Facts) -> T:
    text = values.get(question.key)
    if text is None:
        text = question.default(facts)
    if text is None:
        raise _missing(question.key, f"Give one of: {', '.join(choice.text for choice in question.choices(facts))}.")
    return question.parse(text, facts)


def _missing(key: str, hint: str) -> AnswerError:
    return AnswerError(f"{key}= is missing.", hint)


def _carry_out(plan: Plan, log: EventLog) -> int:
    """Run the transfer to its end, which Ctrl-C, SIGTERM and SIGHUP bring about in an orderly way."""
    from ..transfer.transfer import Transfer  # noqa: PLC0415 - half of the launcher; no help needs it

    work = Transfer(plan, log)
    stops = {number for number in _STOPS if signal.getsignal(number) is not signal.SIG_IGN}  # nohup(1) ignores one
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)  # one that comes while it starts is kept until it can be ended
    work.start()

    def stop(*_: object) -> None:
        for number in stops:  # a second one, within this one, would wait for the locks that this one holds
            signal.signal(number, signal.SIG_IGN)
        work.cancel()

    for number in stops:
        signal.signal(number, stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, stops)
    outcome: Outcome | None = None
    try:
        while outcome is None:
            outcome = work.wait(1.0)  # a signal that comes just before a wait without end is not seen within it
    except LauncherError:
        raise
    except Exception as bug:  # something may have been written, so it must not look like a wrong parameter
        traceback.print_exc()
        log.emit("crash", sentence=f"{type(bug).__name__}: {bug}", traceback=traceback.format_exc())
        return NOT_OK
    finally:
        work.close()
    _say(f"{outcome.sentence} {outcome.hint}".rstrip())
    return OK if outcome.ok else NOT_OK


def _say(sentence: str) -> None:
    print(f"launcher: {sentence}", file=sys.stderr, flush=True)


def usage() -> str:
    """The parameters and exit statuses, for ``--help``."""
    lines = ["parameters, as on the append line:"]
    for row in ROWS:
        if canonical(row.name) in TAKEN:
            name = ", ".join((row.name, *row.aliases))
            values, meaning = _HERE.get(row.name, (row.values, row.meaning))
            lines.append(f"  {name}={values}")
            lines += textwrap.wrap(meaning, 100, initial_indent=" " * 6, subsequent_indent=" " * 6)
    return "\n".join(lines) + "\n" + _USAGE


_HERE = {
    "umode": ("snd, rcv (also send, receive, sender, receiver)", "the role"),
    "disk": (
        "PATH",
        "a block device or an image file that is there; a receiver overwrites it from its beginning, so an image file"
        " is made before, as large as the sender's disk (truncate -s 500107862016 room.img)",
    ),
    "nic": ("eth0, or a MAC address", "a card that has its IPv4 address; may be left out where only one has"),
}
_USAGE = """
umode and disk have no default. A sender starts as udpcparam says, else 60 seconds after its first receiver.

Standard output gets the events, one JSON object a line; the last is `outcome`, with `ok`, `kind` and `sentence`, or
`error` when nothing was done. Standard error gets the sentences.

exit status:
  0  the outcome is ok
  1  the outcome is not ok (Ctrl-C and SIGTERM end the transfer in an orderly way, with the outcome `cancelled`)
  2  a wrong parameter, or a disk, card or program that cannot be used: no data moved, nothing was written

examples:
  %(prog)s umode=snd disk=/srv/room.img nic=eth1 udpcparam='--min-receivers 29 --max-wait 600'
  %(prog)s umode=rcv disk=/dev/sdb nic=eth0
"""
