"""The programs that the launcher starts, by name: the one list of them, which the builder reads as well.

Whoever starts another one adds it here; a test looks for it.
"""

from __future__ import annotations

PROGRAMS = {
    "busybox": "runs udhcpc, which asks for an address",
    "env": "hands udhcpc its directory",
    "gzip": "stands in for pigz where that is missing",
    "ip": "sets up the card",
    "lzop": "compresses and unpacks, with compr=lzop",
    "pigz": "compresses, with compr=gzip",
    "sfdisk": "reads a partition table, and writes it for a disk of another size",
    "udhcpc": "asks for an address",
    "udp-receiver": "receives",
    "udp-sender": "sends",
    "wipefs": "recognises what is on a disk",
    "zstd": "compresses and unpacks",
}
"""What the initrd must have, and what for."""

ELSEWHERE = {
    "msgfmt": "compiles the translations of a checkout",
    "partx": "reads the partitions of an image file, which there is none of in the initrd",
}
"""What is started on other machines only, where they have it."""
