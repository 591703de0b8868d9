"""Clonezilla: boot parameters and options of its packages clonezilla 5.18.1 and drbl of August 2026: what its scripts
read, and what their --help says."""

from __future__ import annotations

from .moving_row import SAME, System, word

SYSTEM = System(
    "Clonezilla",
    (
        word(
            "locales=..., ocs_lang=..., live-config.locales=...",
            "lang=...",
            "a language that is not among ours is English",
        ),
        word("keyboard-layouts=...", SAME, "the keyboard; `NONE` means the language's usual one"),
        word("ocs_live_keymap=..., live-config.keyboard-layouts=...", "kbmap=...", ""),
        word(
            "ocs_live_run=..., ocs_live_extra_param=..., ocs_opt=...",
            "",
            "a command: its options are in the next table",
        ),
        word("ocs_live_batch=yes", "auto=yes", "wait for nobody; the line must then name role and disk"),
        word("ocs_live_batch=no", "", "the usual thing here: what the line leaves open is asked"),
        word(
            "ocs_prerun=..., ocs_postrun=..., ocs_preload=...",
            "",
            "no command of a line is run here, and nothing is loaded",
        ),
        word(
            "ocs_repository=..., ocs_server=...", "", "a PC mounts nothing here: images are kept and cast by the server"
        ),
        word("ocs_final_action=poweroff", "after=poweroff", ""),
        word("ocs_final_action=reboot", "after=reboot", ""),
        word("ocs_overwrite_postaction=...", "", "`after=` says it, for success and failure"),
        word(
            "ocs_daemonon=..., ocs_daemonoff=..., ocs_netlink_timeout=..., ocs_numlk=..., ocs_live_run_tty=...",
            "",
            "of the live system; there is no SSH server here, and a link is waited for",
        ),
        word("ip=frommedia, ip=", "", "leave it out: an address comes by DHCP; both are errors here"),
        word("boot=live", "", "the live system: here the initrd is all", True),
        word(
            "union=..., components, live-media-path=..., fetch=..., noeject, noprompt, toram=...",
            "",
            "of the live system, which is fetched or mounted after the kernel",
            True,
        ),
    ),
    (
        word(
            "savedisk, saveparts",
            "umode=snd",
            "the device becomes `disk=`; who keeps the image is a receiver: `image store` on the server",
        ),
        word(
            "restoredisk, restoreparts, multicast_restoredisk, multicast_restoreparts",
            "umode=rcv",
            "the device becomes `disk=`; the image is cast by the server: `image cast`",
        ),
        word("ocs-live-get-img", "umode=rcv", "the server's address is not needed: a receiver finds its sender"),
        word("-batch, -b, --batch", "auto=yes", "wait for nobody"),
        word("-c, --confirm", "consent=ask", "the usual thing here, unless the line names role and disk"),
        word("-p poweroff, --postaction poweroff, -pa poweroff", "after=poweroff", ""),
        word(
            "-p reboot, --postaction reboot, -pa reboot",
            "after=reboot",
            "also where nothing is said: Clonezilla restarts the PC",
        ),
        word("-p choose, --postaction choose, -pa choose", "after=menu", "the usual thing here"),
        word("-p command, --postaction command", "after=shell", ""),
        word("--clients-to-wait ...", 'udpcparam="--min-receivers ..."', "on the sender's line"),
        word(
            "--time-to-wait ...",
            'udpcparam="--min-wait ..."',
            "on the sender's line, in one `udpcparam` with the others",
        ),
        word(
            "--max-time-to-wait ...",
            'udpcparam="--max-wait ..."',
            "on the sender's line, in one `udpcparam` with the others",
        ),
        word(
            "-brdcst, --broadcast",
            'udpcparam="--broadcast"',
            "on the sender's line, in one `udpcparam` with the others",
        ),
        word(
            "--full-duplex", 'udpcparam="--full-duplex"', "`-x` of `drbl-ocs`; of `ocs-sr`, `-x` asks, as is usual here"
        ),
        word("--mcast-port ...", "port=...", "2232 there when nothing is said; 9000 here"),
        word("-r, --resize-partition", "grow=yes", "the last big partition grows, and its file system with it"),
        word("-k1", "grow=yes", "other partitions keep their size here"),
        word("-q2, --use-partclone", "used=yes", "the usual thing here, but what is in doubt is sent whole"),
        word("-q1, --force-to-use-dd", "used=no", "on the sender's line"),
        word("-z0, --no-compress", "compr=none", "on the sender's line; then the whole disk is sent"),
        word(
            "-z1, -z1p, --gzip-compress, --smp-gzip-compress",
            "compr=gzip",
            "on the sender's line; without it zstd sends only what is used",
        ),
        word("-z3, --lzo-compress", "compr=lzop", "on the sender's line; then the whole disk is sent"),
        word(
            "-z2, -z2p, -z4, -z5, -z5p, -z6, -z6p, -z7, -z8, -z8p",
            "compr=zstd",
            "bzip2, lzma, xz, lzip, lrzip and lz4 are not known here",
        ),
        word("-z9, -z9p, --zstd-compress, --zstdmt-compress", "compr=zstd", "the usual thing here"),
        word(
            "-gm, -cm, -gs, -cs, -gb, -cb, -gmf, -cmf, -icrc, -sc, -scs, -scr",
            "",
            "with zstd every clone is compared here: `verify=yes` is the usual thing",
        ),
        word(
            "-k, -k0, -g auto, -j2, -e1 auto, -e2, -t, -t1, -t2",
            "",
            "table, boot loader and what lies between belong to the disk, and are cast with it",
        ),
        word("-y, -y0, -y1, -y2", "", "a boot menu, and what it begins with: `menu` in the room's file"),
        word("-l ..., --language ...", "", "by a number or a locale; here `lang=`"),
        word("-hn0 ..., -hn1 ...", "", "no name is changed on the clone"),
    ),
)
