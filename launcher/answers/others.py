"""The rows of parameters that stand on lines of ours, and that nobody here acts on.

A row whose `use` is FOREIGN is accepted in silence: it belongs to somebody else. One that is UNSUPPORTED is accepted
with a warning: it asks for something that matters, and that nobody here does. All other words of others are in lists
(`foreign`); origins are as in `parameters`.
"""

from __future__ import annotations

from .row import Row, Use

OTHERS = """
persoparams boot load_ramdisk ramdisk_size prompt_ramdisk root rootfstype rootdelay initrd BOOT_IMAGE init rdinit
quiet splash debug loglevel console nomodeset vga video ro rw single text panic mem irqpoll pci acpi noapic nolapic
nosmp noipv6 net.ifnames biosdevname modprobe.blacklist libata.force
"""

MEANINGS = {"initrd": "the boot loader loads it; the pair's is udpcast-initrd"}
"""Of those of `OTHERS` that are asked about."""

ROWS: tuple[Row, ...] = (
    *(
        Row(name, "", f"{meaning}: not supported, the launcher uses one card as it is", "K", use=Use.UNSUPPORTED)
        for name, meaning in (
            ("vlan", "frames with a VLAN's tag"),
            ("bond", "several cards as one"),
            ("team", "several cards as one"),
            ("bridge", "several cards as one network"),
        )
    ),
    *(
        Row(name, "", MEANINGS.get(name, "belongs to others; accepted in silence"), "S K", use=Use.FOREIGN)
        for name in OTHERS.split()
    ),
)
