"""FOG: the kernel arguments that server 1.5.10.28 writes (bootmenu.class.php), and what the scripts of fos of August
2026 do with them."""

from __future__ import annotations

from .moving_row import SAME, System, word

SYSTEM = System(
    "FOG",
    (
        word(
            "type=down",
            "umode=rcv",
            "Deploy. There the server sends an image; here a PC sends its disk, or the server a stored image",
        ),
        word(
            "type=up",
            "umode=snd",
            "Capture. Its receiver is a PC, or `image store` on the server, where the image is kept",
        ),
        word("mc=yes", "", "every transfer here is a cast"),
        word("port=...", SAME, "the port base; FOG takes another one for each session, and the sender needs the same"),
        word("mcastrdv=...", 'udpcparam="--mcast-rdv-address ..."', "on the sender's line, too"),
        word(
            "mcastMaxWait=...",
            "",
            "minutes there, and the server's matter; here seconds on the sender's line: `--max-wait`",
        ),
        word(
            "fdrive=...",
            SAME,
            "a path as it is; before a serial number or a WWN write `serial:` or `wwn:`. Of a list, one is taken here",
        ),
        word("mac=...", SAME, "the card with this address; without it the one that booted"),
        word("keymap=...", SAME, "the keyboard"),
        word("shutdown=1", "after=poweroff", "without it FOG restarts the PC: `after=reboot`"),
        word("imgType=n", "grow=yes", "resizable. Nothing is shrunk here; a larger disk's last big partition grows"),
        word("imgType=mps", "", "one disk as it is: the usual thing here"),
        word("imgType=mpa", "", "all disks at once: cast them one after the other"),
        word("imgType=dd", "used=no", "raw; on the sender's line"),
        word("imgPartitionType=...", "", "one partition: `disk=/dev/sda2` on both sides"),
        word("imgFormat=..., PIGZ_COMP=...", "", "how FOG packs its images; here `compr=`, zstd without it"),
        word("img=..., imgid=..., osid=...", "", "which image: that is who sends"),
        word(
            "storage=..., storageip=..., ftp=..., web=...", "", "the server's; no PC mounts or asks anything here", True
        ),
        word(
            "chkdsk=..., pct=..., ignorepg=...",
            "",
            "FOG changes the source's file systems before a capture; here the source is only read",
            True,
        ),
        word(
            "hostearly=..., adon=..., addomain=..., adou=..., aduser=..., adpass=...",
            "",
            "no name and no domain is changed on the clone",
        ),
        word(
            "mode=autoreg, mode=manreg, mode=inventory", "", "there is no register of PCs; the room's file names them"
        ),
        word(
            "mode=wipe, seconds=...",
            "",
            "no wiping; `holes=zero` writes zeros where the sender's disk uses nothing",
            True,
        ),
        word("isdebug=yes", "after=shell", "the shells on Alt-F2 to Alt-F4 are there anyway"),
        word("capone=..., setmacto=..., boottype=..., deployed=...", "", "of FOG's own start", True),
    ),
)
