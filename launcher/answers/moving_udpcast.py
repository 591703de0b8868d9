"""UDPCast's own boot image: the parameters of its ``udpcfg.txt`` and append line, which are ours by origin (U)."""

from __future__ import annotations

from .moving_row import SAME, System, word

SYSTEM = System(
    "UDPCast",
    (
        word(
            "auto=yes, auto=no",
            SAME,
            "with `yes`, a disk on which nothing is recognised is not sent, unless `blank=yes`",
        ),
        word("lang=...", SAME, "nine languages"),
        word("kbmap=...", SAME, "or a console keymap's name"),
        word(
            "netmodule=..., modparm=...",
            SAME,
            "seldom needed: udev finds the drivers; a name that is no driver is an error",
        ),
        word(
            "dhcp=..., ip=..., netmask=...",
            SAME,
            "`ip=` is read in PXELINUX's form, too, and a lease is renewed",
        ),
        word("port=...", SAME, ""),
        word("enableDiskmodule=..., diskmodule=...", SAME, "seldom needed, as `netmodule`"),
        word("disk=...", SAME, "`/dev/hda` of old lines is an error that names the disks that are there"),
        word("umode=snd, umode=rcv", SAME, ""),
        word(
            "compr=none, compr=gzip, compr=lzop",
            SAME,
            "and zstd, the default; a receiver needs none, it recognises the stream",
        ),
        word(
            "udpcparam=...",
            SAME,
            "without what the launcher decides: `--file`, `--pipe`, `--interface`, `--portbase` are errors",
        ),
    ),
)
