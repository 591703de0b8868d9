"""SambaEdu: the lines that `pxe_gen_cfg.sh` and the menu of se3-clonage 0.93.1 (2018) write, and the scripts for
SystemRescueCd that they name."""

from __future__ import annotations

from .moving_row import SAME, System, word

SYSTEM = System(
    "SambaEdu",
    (
        word("umode=snd, umode=rcv", SAME, "nothing asks more once the line names role and disk"),
        word("disk=...", SAME, "`sda` and `/dev/sda` alike; better a place: `/dev/disk/by-path/...`"),
        word(
            "disk=auto", "", "the first disk there; leave `disk=` out: the only disk is taken, of several one is chosen"
        ),
        word(
            "disk=seven64, disk=seven64_linux",
            "",
            "partitions by their kind; here the disk is named, and what is used of all is cast",
        ),
        word(
            "compr=none, compr=gzip, compr=lzop",
            SAME,
            "only zstd, the default, leaves out what nobody uses and compares with the sender's disk",
        ),
        word("compr=pbzip2", "compr=zstd", ""),
        word("port=...", SAME, "9002 there when nothing is said, 9000 here"),
        word("udpcparam=...", SAME, "one quoted value; options of the other role are left out with a warning"),
        word("enableDiskmodule=..., diskmodule=..., netmodule=...", SAME, "`AUTO` names none: udev finds them"),
        word("dhcp=..., ip=..., netmask=...", SAME, ""),
        word("mac=...", SAME, "with dashes or colons: the card"),
        word("auto_reboot=always, auto_reboot=success, auto_reboot=never", SAME, "or `after=`, which can say more"),
        word("auto_reboot=y", "auto_reboot=success", "of the lines for SliTaz"),
        word(
            "remontee_info=..., page_remontee=..., num_op=...",
            SAME,
            "the page is told the same fields; `succes=y` only of a result that is a success",
        ),
        word("lang=..., kbmap=...", SAME, ""),
        word("persoparams=..., root=..., load_ramdisk=...", SAME, "accepted in silence"),
        word("setkmap=..., kmap=...", "kbmap=...", "of SystemRescueCd and SliTaz", True),
        word(
            "work=udpcast2.sh, work=udpcast3.sh, work=ntfsclone_udpcast.sh",
            "",
            "the script is what the launcher does; NTFS is cast by what it uses",
        ),
        word(
            "work=sauve_part.sh, work=/root/bin/sauve_part.sh",
            "umode=snd",
            "to a stored image: `image store` on the server",
        ),
        word(
            "work=restaure_part.sh, work=/root/bin/restaure_part.sh",
            "umode=rcv",
            "from a stored image: `image cast` on the server",
        ),
        word("src_part=..., dest_part=..., nom_image=..., type_svg=...", "", "the image is named where it is stored"),
        word("delais_reboot=...", "", "the result is shown for 10 s before a restart"),
        word(
            "id_microtime=..., se3ip=..., nom_machine=..., mac_machine=...",
            "",
            "how the scripts find each other; a receiver finds its sender by the port",
        ),
        word(
            "autoruns=..., ar_source=..., ar_nowait, netboot=..., scandelay=..., dodhcp, docache, rescue64, rescue32",
            "",
            "of SystemRescueCd",
            True,
        ),
        word(
            "rootpass=..., url_authorized_keys=...",
            "",
            "there is no SSH server here",
            True,
        ),
        word("screen=text, sound=no, sound=noconf", "", "of SliTaz", True),
    ),
)
