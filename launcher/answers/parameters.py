"""Every parameter the launcher knows: one row each, and all that is said of it stands in its row.

Reference, ``explain``, interview, screens, summary, ``transfer`` and the checks of append lines derive from this table.
The order of the rows is the order in which they are settled; what depends on several of them is in `rules`.

Origins: U UDPCast's own boot image, S SambaEdu's se3-clonage, P PXELINUX, K the kernel and dracut, O ours.
Names are matched without regard to case, and ``-`` equals ``_``. What nobody here acts on has its rows in `others`.
"""

from __future__ import annotations

from ..model.plan import SILENCE, START_TIMEOUT, Grow, Holes, Require
from ..sentence import say, verbatim
from ..udpcast.options import LONGEST_START
from . import others, rules
from . import reading as r
from .questions import Choice
from .row import Acts, Row, Taken, always_with_blanks, where_given
from .selectors import SELECTORS, can_have_blanks

ROWS: tuple[Row, ...] = (
    Row(
        "auto",
        "yes, no",
        "yes: wait for nobody, take every default, stop only on an error or where there is neither answer nor "
        "default; no: ask everything, the given value preselected (settings whose default fits every room: only those "
        "that are given); absent: ask only what is open. A bare `auto`, which PXELINUX adds when it boots its default "
        "entry by itself, means nothing",
        "U",
        bare="added by PXELINUX when it boots its default entry; means nothing",
        parse=r.word("auto", r.YES_NO),
        fills="attended",
    ),
    Row(
        "lang",
        f"EN (or US), {', '.join(code.upper() for code in [*r.LANGUAGES][1:])}, also fr_FR.UTF-8",
        "language of the screens; the code of any other language means English",
        "U",
        title=say("Language"),
        parse=r.read_language,
        choices=r.choose(*(Choice(code, verbatim(name)) for code, name in r.LANGUAGES.items())),
        default=r.otherwise("en"),
        acts=Acts.SCREENS,
    ),
    Row(
        "umode",
        "snd, rcv (also send, receive, sender, receiver)",
        "the role; absent: the role choice",
        "U",
        title=say("What is this PC?"),
        parse=r.word("umode", r.ROLES),
        choices=r.choose(
            Choice("snd", say("SENDER"), say("its disk is read and sent to all receivers")),
            Choice("rcv", say("RECEIVER"), say("its disk is OVERWRITTEN with the sender's")),
        ),
        fills="role",
        taken=Taken(meaning="the role"),
    ),
    Row(
        "disk",
        f"/dev/sda, sda, /dev/sda2, /dev/disk/by-*/..., {', '.join(f'{name}:...' for name in SELECTORS)}; several with "
        "commas",
        "the disk or partition to send or to overwrite: the first selector that matches exactly one. model: is a part "
        "of the model, with blanks or underscores; size: is what the disk is sold as (500G), or what lsblk prints "
        "(465.8G)",
        "U O",
        aliases=("fdrive",),
        title=say("Which disk?"),
        label=say("Disk"),
        parse=r.read_disk,
        blanks=can_have_blanks,
        choices=r.disks,
        only=r.only_disk,
        warns=rules.chosen_disk,
        fills="target",
        taken=Taken(
            "PATH",
            "a block device or an image file that is there; a receiver overwrites it from its beginning, so an image "
            "file is made before, as large as the sender's disk (truncate -s 500107862016 room.img). A receiver's new "
            "file whose name ends in .zst is a stored image: it keeps the stream, ready to be cast again",
            parse=r.read_path,
            missing=r.no_path,
        ),
    ),
    Row(
        "nic",
        "eth0, a MAC address, BOOTIF",
        "the network card to use where BOOTIF names none; absent: the one that ip= names, or the only one with a link",
        "O",
        aliases=("mac",),
        title=say("Which network card?"),
        label=say("Card"),
        parse=r.read_nic,
        choices=r.nics,
        only=rules.only_card,
        stands_for="BOOTIF",
        overruled=rules.card_by_bootif,
        fills="nic",
        taken=Taken(
            "eth0, or a MAC address",
            "a card that has its IPv4 address; may be left out where only one has",
            parse=r.read_nic_in_use,
            only=r.only_nic_in_use,
            missing=r.no_nic_in_use,
        ),
    ),
    Row(
        "BOOTIF",
        "01-aa-bb-cc-dd-ee-ff",
        "the card that PXE-booted; added by `ipappend 2` or `ipappend 3`, and in GRUB by "
        "`BOOTIF=01-$net_default_mac`. One that names no card of this PC is a warning, and does not choose",
        "P",
        parse=r.read_bootif,
        fills="nic",
    ),
    Row(
        "rd.bootif",
        "0, 1",
        "0: BOOTIF does not choose the card",
        "K",
        parse=r.read_bootif_switch,
        fills="nic",
    ),
    Row(
        "dhcp",
        "yes, no",
        "no: the address is given by ip and netmask",
        "U",
        parse=r.word("dhcp", r.YES_NO),
        fills="address",
    ),
    Row(
        "ip",
        "client:server:gateway:netmask (PXELINUX), the kernel's and dracut's forms, or a bare address",
        "the address; added by `ipappend 1` or `ipappend 3`. It is used at once, and a lease that PXE got is renewed. "
        "Of several, the one that names the chosen card counts",
        "P K S",
        title=say("The IP address of this PC, such as 10.0.0.7/24 (or: dhcp)"),
        label=say("Address"),
        parse=r.read_address,
        default=r.address_by_dhcp,
        when=rules.address_is_of_a_card,
        overruled=rules.address_of_card,
        fills="address",
    ),
    Row(
        "netmask",
        "255.255.255.0 or 24",
        "network mask beside a bare ip",
        "S K",
        title=say("The network mask"),
        parse=r.read_netmask,
        default=r.usual_mask,
        when=rules.prefix_is_open,
        fills="address",
    ),
    Row(
        "gateway",
        "an address",
        "gateway beside a bare ip",
        "S K",
        title=say("The gateway (or: none)"),
        parse=r.read_gateway,
        default=r.otherwise("none"),
        when=rules.gateway_is_open,
        fills="address",
    ),
    Row(
        "port",
        "an even number, 1024 to 65534",
        "port base: UDPCast uses this port and the next; default 9000",
        "U",
        title=say("The port base (even)"),
        label=say("Port"),
        parse=r.read_port,
        default=r.otherwise("9000"),
        fills="port",
        taken=Taken(),
    ),
    Row(
        "compr",
        "none, gzip, lzop, zstd; for a receiver also recognise",
        "compression of the stream; a sender's default is zstd; a receiver recognises the stream by itself, and "
        "refuses one that contradicts a given compr",
        "U O",
        title=say("How is the stream compressed?"),
        label=say("Compression"),
        parse=r.read_compression,
        choices=r.compressions,
        default=r.usual_compression,
        fills="compression",
        taken=Taken(),
    ),
    Row(
        "udpcparam",
        'options, quoted: udpcparam="--min-receivers 29 --max-wait 600"',
        "further options of udp-sender or udp-receiver; those of the other role are left out with a warning",
        "U",
        title=say("Further options of UDPCast"),
        label=say("Options"),
        quiet=True,
        parse=r.read_options,
        blanks=always_with_blanks,
        default=r.otherwise(""),
        warns=rules.options_left_out,
        fills="options",
        taken=Taken(),
    ),
    Row(
        "silence",
        "seconds, 5 to 3600",
        "a sender drops a receiver that does not answer for so long, and goes on with the others; two that fall silent "
        "at different places of the stream cost that time twice. A receiver gives up a sender of which nothing is "
        "heard on the wire for 20 seconds more (or more than the sender's own silence, which comes with zstd); "
        "default 40",
        "O",
        title=say("Seconds of silence until the other side is given up"),
        label=say("Silence"),
        quiet=True,
        parse=r.seconds("silence", 5, 3600),
        default=r.otherwise(str(SILENCE)),
        asked=where_given,
        fills="silence",
        taken=Taken(),
    ),
    Row(
        "start_timeout",
        "seconds, 1 to 604800",
        "data must flow within this time, or else the transfer ends without a sender or without receivers; default "
        "43200, which is 12 hours. --start-timeout in udpcparam wins",
        "O",
        title=say("Seconds within which data must flow"),
        label=say("Time limit"),
        quiet=True,
        parse=r.seconds("start_timeout", 1, LONGEST_START),
        default=r.otherwise(str(START_TIMEOUT)),
        asked=where_given,
        warns=rules.start_timeout_unused,
        fills="start_timeout",
        taken=Taken(),
    ),
    Row(
        "consent",
        "given, ask",
        "ask: a screen asks before a disk is overwritten, also where role and disk are named; a boot menu writes it, "
        "for a key may have been the wrong one. given (the default): what is named is consent. Beside auto=yes, ask is "
        "an error",
        "O",
        parse=r.word("consent", r.CONSENT),
        acts=Acts.CONSENT,
    ),
    Row(
        "blank",
        "yes, no",
        "yes: a sender sends a disk on which nothing is recognised: no partition, file system, swap, LUKS, LVM, RAID "
        "or whatever else blkid knows. A partition table without partitions is nothing, and so is a boot sector that "
        "holds only code. no (the default): a screen asks, and with auto=yes nothing is sent",
        "O",
        title=say("Send a disk on which nothing is recognised?"),
        label=say("Blank disk"),
        quiet=True,
        parse=r.word("blank", r.YES_NO),
        choices=r.choose(
            Choice("no", say("no"), say("a screen asks before")),
            Choice("yes", say("yes")),
        ),
        default=r.otherwise("no"),
        when=rules.may_send,
        asked=where_given,
        fills="blank",
        taken=Taken(),
    ),
    Row(
        "verify",
        "yes, no",
        "yes (the default): a receiver reads back from the device, past the page cache, every byte that was written, "
        "and its digest must be that of what was written. It cannot show what the disk's own cache hides. It costs one "
        "read of the written length after the cast, and holds up neither the sender nor other receivers. no: the "
        "result says that nothing was read back",
        "O",
        title=say("Read the disk back and compare after writing?"),
        label=say("Read back"),
        quiet=True,
        parse=r.word("verify", r.YES_NO),
        choices=r.choose(
            Choice("yes", say("yes"), say("takes one more read of the disk")),
            Choice("no", say("no"), say("the result says that nothing was read back")),
        ),
        default=r.otherwise("yes"),
        when=rules.may_receive,
        asked=rules.receives,
        fills="verify",
        taken=Taken(),
    ),
    Row(
        "used",
        "yes, no",
        "yes (the default): of file systems that are found clean (ext2 to ext4, NTFS, XFS, Btrfs, swap), a sender "
        "sends only what they use; all else, and all that is in doubt, is sent whole, and the screen says why. no: "
        "every byte of the disk is sent. So it is with compr=gzip, lzop or none",
        "O",
        title=say("Send only what is used?"),
        label=say("Used blocks only"),
        quiet=True,
        parse=r.word("used", r.YES_NO),
        choices=r.choose(
            Choice("yes", say("yes"), say("what file systems do not use is left out")),
            Choice("no", say("no"), say("every byte of the disk")),
        ),
        default=r.otherwise("yes"),
        when=rules.may_send,
        asked=where_given,
        warns=rules.used_unused,
        fills="used",
        taken=Taken(),
    ),
    Row(
        "holes",
        "keep, discard, zero",
        "what a receiver does where the sender's disk uses nothing. keep (the default): what was there stays, so old "
        "data may still be found there. discard: the disk is told that nothing is needed there (TRIM), which keeps an "
        "SSD fast. zero: zeros are written there, which takes the time of the whole disk; for privacy",
        "O",
        title=say("What shall become of unused blocks?"),
        label=say("Unused blocks"),
        quiet=True,
        parse=r.word("holes", {one.value: one for one in Holes}),
        choices=r.choose(
            Choice("keep", say("keep"), say("what was there stays")),
            Choice("discard", say("discard"), say("an SSD is told that nothing is needed there")),
            Choice("zero", say("zero"), say("nothing of before can be read; takes the time of the whole disk")),
        ),
        default=r.otherwise("keep"),
        when=rules.may_receive,
        asked=where_given,
        warns=rules.discards,
        fills="holes",
        taken=Taken(),
    ),
    Row(
        "grow",
        "yes, no, ask",
        "yes: on a target larger than the sender's disk, the last big partition and its file system grow once the "
        "clone is equal, and small ones behind it (swap, recovery) move to the end. no: the rest of the disk stays "
        "free. ask (the default): the operator is asked then; with auto=yes it means no",
        "O",
        title=say("Shall the last big partition grow on a larger disk?"),
        label=say("Grow"),
        quiet=True,
        parse=r.word("grow", {one.value: one for one in Grow}),
        choices=r.choose(
            Choice("no", say("no"), say("the rest of a larger disk stays free")),
            Choice("yes", say("yes"), say("the last big partition and its file system take all")),
            Choice("ask", say("ask"), say("when the clone is equal")),
        ),
        default=r.otherwise("ask"),
        when=rules.may_receive,
        asked=where_given,
        warns=rules.grow_unused,
        fills="grow",
        taken=Taken(),
    ),
    Row(
        "require",
        "written, equal",
        "written (the default): a receiver also takes a stream that brings no digest, and says that nothing was "
        "compared. equal: it refuses such a stream (gzip, lzop, none, or a plain udp-sender's) before it writes, with "
        "the result not-compared",
        "O",
        title=say("What must the result be?"),
        label=say("Required"),
        quiet=True,
        parse=r.word("require", {one.value: one for one in Require}),
        choices=r.choose(
            Choice("written", say("written"), say("also where nothing can be compared")),
            Choice("equal", say("equal"), say("compared with the sender's disk, or nothing is written")),
        ),
        default=r.otherwise("written"),
        when=rules.may_receive,
        asked=where_given,
        fills="require",
        taken=Taken(),
    ),
    Row(
        "retry",
        "0 to 99",
        "with auto=yes, a receiver waits for so many further casts after a failure that another cast can heal (the "
        "table of results says which); default 0",
        "O",
        title=say("Further casts to wait for after a failure"),
        label=say("Retries"),
        quiet=True,
        parse=r.casts("retry", 0, 99),
        default=r.otherwise("0"),
        when=rules.may_receive,
        asked=where_given,
        warns=rules.retry_unused,
        fills="retry",
    ),
    Row(
        "after",
        "reboot, poweroff, shell, menu; or two of them: after=reboot,menu",
        "what follows the transfer: the first word a success, the last a failure. The result is shown for 10 s before; "
        "any key keeps it there. menu (the default): it stays until somebody comes. With auto=yes, what keeps a "
        "transfer from beginning is a failure, too; a wrong line, and a disk that is not there, stay on the screen. "
        "reboot is for PCs that boot from their disks first: one that boots from the network first comes back to this "
        "line",
        "O",
        title=say("What follows the transfer?"),
        label=say("Afterwards"),
        quiet=True,
        parse=r.read_after,
        choices=r.choose(
            Choice("menu", say("the result stays"), say("until somebody comes")),
            Choice("reboot,menu", say("restart after a success"), say("a failure stays on the screen")),
            Choice("reboot", say("restart"), say("also after a failure")),
            Choice("poweroff,menu", say("power off after a success"), say("a failure stays on the screen")),
            Choice("poweroff", say("power off"), say("also after a failure")),
        ),
        default=r.otherwise("menu"),
        when=rules.after_decides,
        warns=rules.auto_reboot_unused,
        fills="after",
    ),
    Row(
        "auto_reboot",
        "always, success, never",
        "the same in SambaEdu's words: after=reboot, after=reboot,menu and after=menu; after wins",
        "S",
        title=say("Restart this PC after the transfer?"),
        label=say("Restart"),
        parse=r.word("auto_reboot", r.RESTARTS),
        choices=r.choose(
            Choice("never", say("never")),
            Choice("success", say("success"), say("only when the clone is done")),
            Choice("always", say("always"), say("also after a failure")),
        ),
        default=r.otherwise("never"),
        when=rules.auto_reboot_decides,
        fills="after",
    ),
    Row(
        "remontee_info",
        "y, n",
        "y: the page page_remontee is told the result, once, at the end. Its answer is waited for 10 s at most, and "
        "changes nothing",
        "S",
        title=say("Tell a web page the result?"),
        parse=r.word("remontee_info", {"y": True, "yes": True, "n": False, "no": False}),
        choices=r.choose(Choice("n", say("no")), Choice("y", say("yes"))),
        default=r.otherwise("n"),
        asked=where_given,
        warns=rules.page_unused,
        fills="result_page",
    ),
    Row(
        "page_remontee",
        "http://server/page",
        "the page for remontee_info: a GET with debut and fin (seconds since 1970 by this PC's clock), succes (y, n), "
        "mac, num_op and umode (snd, rcv)",
        "S",
        title=say("The page that is told the result"),
        label=say("Report to"),
        parse=r.read_page,
        when=rules.page_is_told,
        fills="result_page",
    ),
    Row(
        "num_op",
        "a number",
        "SambaEdu's number of the operation, for page_remontee",
        "S",
        title=say("The number of the operation, for that page"),
        parse=r.read_operation,
        default=r.otherwise(""),
        when=rules.page_is_told,
        asked=where_given,
        fills="result_page",
    ),
    Row(
        "events",
        "ttyS1, or a virtio port's name",
        "where the event log is written besides /run/udpcast",
        "O",
        acts=Acts.LOG,
    ),
    Row(
        "medium",
        "a volume label, such as UDPC1A2B3C4",
        "the disc or stick that this PC was booted from; written by `udpcast-launcher iso`. Its `udpcfg.txt` is read, "
        "and it is never offered as a disk",
        "O",
        parse=r.read_label,
        acts=Acts.MEDIUM,
    ),
    Row(
        "SYSUUID",
        "UUID",
        "a name by which the DHCP server may know this PC from its network boot; added by `ipappend 4`",
        "P",
        parse=r.read_sysuuid,
        fills="address",
    ),
    Row(
        "CPU",
        "text",
        "recorded in the event log; added by `ipappend 8`",
        "P",
        acts=Acts.RECORD,
    ),
    *others.ROWS,
)
