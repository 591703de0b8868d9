"""Texts as a hostile disk, peer or line may have them, made from a seed; and what of them may be shown nowhere."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import replace
from typing import Any

from launcher.answers.parameters import ROWS
from launcher.answers.row import Use
from launcher.model.machine import Disk, Machine, Nic, Partition
from tests.common import TWO

RAW = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode's categories of controls, formats, surrogates, and line and paragraph separators."""

BAD = [
    *map(chr, range(0x20)),
    *map(chr, range(0x7F, 0xA1)),
    *"\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067",
    *"\u2068\u2069\ufeff\ufff9\U000e0001\U000e007f\udc80\udc9b\udcff\u034f\u3164\ufe0f\U000e0100",
    *("\x1b[31m", "\x1b]0;title\x07", "\x9b2J", "\r\n", "\n\nErrors:\n", "\x1bc", "\x0e"),
]
NAMES = [
    *(name for row in ROWS if row.use is not Use.FOREIGN for name in (row.name, *row.aliases)),
    *("foo", "umodee", "initrd", "root", "=x", "--", "console"),
]
VALUES = [
    *("yes", "no", "DE", "FR", "rcv", "snd", "/dev/sda", "serial:", "model:", "size:500G", "eth0", "10.0.0.7", "24"),
    *("9000", "9001", "zstd", "--fec", "--min-receivers 2", "reboot,menu", "http://a/b", "52:54:00:aa:bb:01", "", "x"),
]

CRAFTED = [
    *(
        "../../etc",
        "/dev/../etc/passwd",
        ";reboot",
        "$(reboot)",
        "`reboot`",
        "|sh",
        "&& reboot",
        "> /dev/sda",
        "-rf",
        "--",
    ),
    *(
        "%s%n%d",
        "{count}",
        "{0}",
        "{x!r:>99999999}",
        "{",
        "}",
        "${IFS}",
        "\\",
        "'",
        '"',
        '""',
        "'\"",
        "\\x1b[31m",
        "~",
        "*",
    ),
    *("A" * 4096, "1" * 4096, "é" * 2048, "\u202e" * 1365, "/" * 4096, "," * 4096, ":" * 4096, "[" * 4096, "=" * 2048),
    *(
        "0x" + "f" * 400,
        "1e999",
        "-1",
        "+1",
        "9" * 30,
        "0" * 30,
        "1_000",
        "٣",
        "²",
        "ⅷ",
        "nan",
        "inf",
        "None",
        "\0",
        "01:" * 99,
    ),
    *("size:>", "size:-", "size:1-", "size:" + "9" * 99 + "T", "hctl:" + "9" * 99 + ":0:0:0", "serial:;", "model:$(x)"),
    *(
        "http://[::1]:99999/",
        "http://a\x1b[0m/b",
        "tftp://" + "a" * 300,
        "10.0.0.7:" * 40,
        "::ffff:10.0.0.7",
        "1.2.3.4/33",
    ),
]
"""What somebody writes to break out of a value, a sentence, a file's name or a shell; and what is too much of it."""


def text(rng: random.Random) -> str:
    """A word or two with something bad in it."""
    parts = [rng.choice(VALUES), *(rng.choice(BAD) for _ in range(rng.randrange(1, 4))), rng.choice(VALUES)]
    rng.shuffle(parts)
    return "".join(parts)


def crafted(rng: random.Random) -> bytes:
    """A kernel command line as bytes: a crafted value on each name, or very many of them; also what is no UTF-8."""
    many = rng.choice((1, 2, 3, 5, 8)) if rng.random() < 0.995 else 3000
    words = []
    for _ in range(many):
        value = rng.choice(CRAFTED if many < 9 else CRAFTED[:4])
        value = rng.choice((value, f"{value}{text(rng)}", f"{rng.choice(VALUES)}{value}"))
        quote = rng.choice(('"', "", "'"))
        words.append(f"{rng.choice(NAMES)}={quote}{value}{quote}")
    raw = " ".join(words).encode("utf-8", "surrogatepass")
    return raw if rng.random() < 0.8 else raw.replace(b"e", bytes([rng.randrange(0x80, 0x100)]), 1)


def line(rng: random.Random) -> str:
    """A kernel command line."""
    words = []
    for _ in range(rng.randrange(1, 6)):
        name = rng.choice(NAMES) if rng.random() < 0.8 else text(rng)
        value = text(rng) if rng.random() < 0.6 else rng.choice(VALUES)
        quote = rng.choice(('"', '"', ""))
        words.append(f"{name}={quote}{value}{quote}" if rng.random() < 0.9 else name)
    return rng.choice((" ", "\t", "  ")).join(words)


def machine(rng: random.Random) -> Machine:
    """A recorded machine whose every name is bad; one disk may be used, one may not."""
    disks = [_disk(rng, disk) for disk in TWO.disks]
    nics = tuple(_nic(rng, nic) for nic in TWO.nics)
    return Machine((*disks, replace(disks[0], path=f"/dev/sdx{text(rng)}", removable=True, read_only=True)), nics)


def _disk(rng: random.Random, disk: Disk) -> Disk:
    part = Partition(f"{disk.path}1", 10**9, text(rng), text(rng), (text(rng),))
    names: dict[str, Any] = {name: text(rng) for name in ("model", "serial", "wwn", "transport", "filesystem", "label")}
    return replace(disk, **names, links=(text(rng),), partitions=(part,) * rng.randrange(3))


def _nic(rng: random.Random, nic: Nic) -> Nic:
    return replace(nic, driver=text(rng), model=text(rng))


def raw(shown: str, allowed: str = "\n") -> set[str]:
    """What in `shown` is not to be seen raw."""
    return {char for char in shown if unicodedata.category(char) in RAW and char not in allowed}
