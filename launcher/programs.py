"""The programs that the launcher starts, by name: the one list of them, which the builder reads as well.

Whoever starts another one adds it here; a test looks for it.
"""

from __future__ import annotations

PROGRAMS = {
    "busybox": "runs udhcpc, which asks for an address, tftp and wget",
    "env": "hands udhcpc its directory",
    "gzip": "stands in for pigz where that is missing",
    "ip": "sets up the card",
    "lzop": "compresses and unpacks, with compr=lzop",
    "mcopy": "keeps the answers on a stick",
    "mdel": "takes away what does not fit there",
    "mdir": "says whether an EFI System Partition has the boot loader that every firmware looks for",
    "modinfo": "says which parameters a driver has, with modparm",
    "modprobe": "loads drivers that the line names, and that of loop devices where it is not there",
    "pigz": "compresses, with compr=gzip",
    "sfdisk": "reads a partition table, and writes it for a disk of another size",
    "tftp": "fetches a file of answers from a boot server",
    "udevadm": "waits for udev before a driver is loaded again with its parameters",
    "udhcpc": "asks for an address",
    "udp-receiver": "receives",
    "udp-sender": "sends",
    "wget": "fetches a file of answers by HTTP",
    "wipefs": "recognises what is on a disk",
}
"""What the initrd must have, and what for."""

FILE_SYSTEMS = {
    "ext": {
        "debugfs": "keeps the answers on a stick with ext2, ext3 or ext4",
        "dumpe2fs": "says what of ext2, ext3 and ext4 is used",
        "e2fsck": "checks one before it grows",
        "resize2fs": "grows it",
    },
    "ntfs": {
        "ntfs-3g.probe": "says whether Windows left it clean",
        "ntfscat": "reads its bitmap",
        "ntfsinfo": "says how large its clusters are",
        "ntfsresize": "checks it, and grows it",
    },
    "xfs": {
        "xfs_db": "says what of it is used",
        "xfs_logprint": "says whether its log is clean",
    },
    "btrfs": {
        "btrfs": "says which chunks of it are used",
    },
}
"""By file system, what the builder can leave out (`build --filesystems`). Without its programs, a partition with that
file system is sent whole, and does not grow."""

ELSEWHERE = {
    "blkid": "recognises a file system in a stored image",
    "mount": "mounts a partition of a stored image",
    "msgfmt": "compiles the translations of a checkout",
    "partx": "reads the partitions of an image file, which there is none of in the initrd",
    "nbdfuse": "shows the disk of a stored image as a file",
    "nbdkit": "unpacks a stored image where it is read",
    "setpriv": "keeps nbdkit from getting rights again",
    "umount": "unmounts a partition of a stored image",
}
"""What is started on other machines only, where they have it."""
