"""Every parameter the launcher knows: one row each. Help, README, ``explain`` and screens derive from this table.

Origins: U UDPCast's own boot image, S SambaEdu's se3-clonage, P PXELINUX, K the kernel and dracut, O ours.
Names are matched without regard to case, and ``-`` equals ``_``. A row whose `role` is FOREIGN is accepted in
silence: it belongs to somebody else, or a later version of the launcher will act on it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from kernel_cmdline import CommandLine, Parameter, canonical


class Use(Enum):
    """What the launcher does with a parameter; the values are the statuses of ``explain``."""

    USED = "used"
    FOREIGN = "foreign"
    MISSPELT = "misspelt"
    INVALID = "invalid"


@dataclass(frozen=True)
class Row:
    """One parameter: `values` and `meaning` as the reference prints them."""

    name: str
    values: str
    meaning: str
    origin: str
    aliases: tuple[str, ...] = ()
    use: Use = Use.USED


OTHERS = """
persoparams boot load_ramdisk ramdisk_size prompt_ramdisk root rootfstype rootdelay initrd BOOT_IMAGE init rdinit
quiet splash debug loglevel console nomodeset vga video ro rw single text panic mem irqpoll pci acpi noapic nolapic
nosmp noipv6 net.ifnames biosdevname modprobe.blacklist libata.force
"""

ROWS: tuple[Row, ...] = (
    Row(
        "auto",
        "yes, no",
        "yes: wait for nobody, take every default, stop only on an error or where there is neither answer nor "
        "default; no: ask everything, the given value preselected (settings whose default fits every room: only those "
        "that are given); absent: ask only what is open. A bare `auto`, which PXELINUX adds when it boots its default "
        "entry by itself, means nothing",
        "U",
    ),
    Row("lang", "EN (or US), FR, DE, also fr_FR.UTF-8", "language of the screens", "U"),
    Row("umode", "snd, rcv (also send, receive, sender, receiver)", "the role; absent: the role choice", "U"),
    Row(
        "disk",
        "/dev/sda, sda, /dev/sda2, /dev/disk/by-*/..., serial:..., wwn:..., model:..., size:...; several with commas",
        "the disk or partition to send or to overwrite: the first selector that matches exactly one",
        "U O",
        aliases=("fdrive",),
    ),
    Row("nic", "eth0, a MAC address, BOOTIF", "the network card to use where BOOTIF names none", "O", aliases=("mac",)),
    Row("BOOTIF", "01-aa-bb-cc-dd-ee-ff", "the card that PXE-booted; added by `ipappend 2` or `ipappend 3`", "P"),
    Row("rd.bootif", "0, 1", "0: BOOTIF does not choose the card", "K"),
    Row("dhcp", "yes, no", "no: the address is given by ip and netmask", "U"),
    Row(
        "ip",
        "client:server:gateway:netmask (PXELINUX), the kernel's and dracut's forms, or a bare address",
        "the address; added by `ipappend 1` or `ipappend 3`. It is used at once, and a lease that PXE got is renewed",
        "P K S",
    ),
    Row("netmask", "255.255.255.0 or 24", "network mask beside a bare ip", "S K"),
    Row("gateway", "an address", "gateway beside a bare ip", "S K"),
    Row("port", "an even number, 1024 to 65534", "port base: UDPCast uses this port and the next; default 9000", "U"),
    Row(
        "compr",
        "none, gzip, lzop, zstd; for a receiver also recognise",
        "compression of the stream; a sender's default is zstd; a receiver recognises the stream by itself, and "
        "refuses one that contradicts a given compr",
        "U O",
    ),
    Row(
        "udpcparam",
        'options, quoted: udpcparam="--min-receivers 29 --max-wait 600"',
        "further options of udp-sender or udp-receiver; those of the other role are left out with a warning",
        "U",
    ),
    Row(
        "verify",
        "yes, no",
        "yes (the default): a receiver reads back from the device, past the page cache, every byte that was written, "
        "and its digest must be that of what was written. It cannot show what the disk's own cache hides. It costs one "
        "read of the written length after the cast, and holds up neither the sender nor other receivers. no: the "
        "result says that nothing was read back",
        "O",
    ),
    Row(
        "silence",
        "seconds, 5 to 3600",
        "a sender drops a receiver that does not answer for so long, and goes on with the others; two that fall silent "
        "at different places of the stream cost that time twice. A receiver gives up a sender of which nothing is "
        "heard on the wire for 20 seconds more (or more than the sender's own silence, which comes with zstd); "
        "default 40",
        "O",
    ),
    Row(
        "start_timeout",
        "seconds, 1 to 604800",
        "data must flow within this time, or else the transfer ends without a sender or without receivers; default "
        "43200, which is 12 hours. --start-timeout in udpcparam wins",
        "O",
    ),
    Row(
        "retry",
        "0 to 99",
        "with auto=yes, a receiver waits for so many further casts after a failure that another cast can heal (the "
        "table of results says which); default 0",
        "O",
    ),
    Row(
        "after",
        "reboot, poweroff, shell, menu; or two of them: after=reboot,menu",
        "what follows the transfer: the first word a success, the last a failure. The result is shown for 10 s before; "
        "any key keeps it there. menu (the default): it stays until somebody comes. With auto=yes, what keeps a "
        "transfer from beginning is a failure, too; a wrong line, and a disk that is not there, stay on the screen",
        "O",
    ),
    Row(
        "auto_reboot",
        "always, success, never",
        "the same in SambaEdu's words: after=reboot, after=reboot,menu and after=menu; after wins",
        "S",
    ),
    Row(
        "remontee_info",
        "y, n",
        "y: the page page_remontee is told the result, once, at the end. Its answer is waited for 10 s at most, and "
        "changes nothing",
        "S",
    ),
    Row(
        "page_remontee",
        "http://server/page",
        "the page for remontee_info: a GET with debut and fin (seconds since 1970 by this PC's clock), succes (y, n), "
        "mac, num_op and umode (snd, rcv)",
        "S",
    ),
    Row("num_op", "a number", "SambaEdu's number of the operation, for page_remontee", "S"),
    Row("events", "ttyS1, or a virtio port's name", "where the event log is written besides /run/udpcast", "O"),
    Row("SYSUUID", "UUID", "recorded in the event log; added by `ipappend 4`", "P"),
    Row("CPU", "text", "recorded in the event log; added by `ipappend 8`", "P"),
    *(
        Row(name, "", f"{meaning} (accepted; this version does not act on it)", origin, use=Use.FOREIGN)
        for name, meaning, origin in (
            ("kbmap", "keyboard", "U"),
            ("keymap", "keyboard", "FOG"),
            ("keyboard-layouts", "keyboard", "Clonezilla"),
            ("netmodule", "network driver; all wired drivers are there and load by themselves", "U"),
            ("modparm", "parameters of the network driver", "U"),
            ("enableDiskmodule", "whether disk drivers are loaded; they load by themselves", "U S"),
            ("diskmodule", "disk driver; all are there and load by themselves", "U S"),
        )
    ),
    *(Row(name, "", "belongs to others; accepted in silence", "S K", use=Use.FOREIGN) for name in OTHERS.split()),
)

_BY_KEY = {canonical(name): row for row in ROWS for name in (row.name, *row.aliases)}
_OURS = tuple(key for key, row in _BY_KEY.items() if row.use is Use.USED)


def row_of(name: str) -> Row | None:
    """The row for a name as it is written on a command line, or None."""
    return _BY_KEY.get(canonical(name))


def suggestion(name: str) -> str | None:
    """The parameter of ours that an unknown `name` was probably meant to be, or None."""
    key = canonical(name)
    if key in _BY_KEY or len(key) < 3 or "." in key or key.removeprefix("no") in _BY_KEY:
        return None
    close = difflib.get_close_matches(key, [ours for ours in _OURS if len(ours) >= 3], n=1, cutoff=0.75)
    return _BY_KEY[close[0]].name if close else None


@dataclass(frozen=True)
class Given:
    """A value that came with the boot: `source` is the words to show, `written` the name as it was written."""

    text: str
    source: str
    written: str


GivenAnswers = dict[str, Given]


def given_answers(line: CommandLine, *configuration: tuple[str, CommandLine]) -> GivenAnswers:
    """Answers by canonical key of the row's own name (aliases resolved).

    `line` wins over each `configuration` (a name to show and its parameters), an earlier over a later one, and
    within one of them the last value wins. Bare words are no answers (PXELINUX adds a bare ``auto``).
    """
    answers: GivenAnswers = {}
    for source, parameters in (*reversed(configuration), ("command line", line)):
        for parameter in _ours(parameters):
            row = row_of(parameter.name)
            assert row is not None and parameter.value is not None
            answers[canonical(row.name)] = Given(parameter.value, source, parameter.name)
    return answers


def _ours(parameters: Iterable[Parameter]) -> Iterable[Parameter]:
    for parameter in parameters:
        row = row_of(parameter.name)
        if row and row.use is Use.USED and parameter.value is not None and not parameter.init:
            yield parameter


def reference() -> str:
    """The parameters that are used, as a Markdown table; the README holds exactly this text."""
    lines = ["| parameter | values | meaning | from |", "| --- | --- | --- | --- |"]
    for row in ROWS:
        if row.use is Use.USED:
            names = ", ".join(f"`{name}`" for name in (row.name, *row.aliases))
            lines.append(f"| {names} | {row.values} | {row.meaning} | {row.origin} |")
    return "\n".join(lines) + "\n"
