"""Rows of the table `parameters.ROWS`: how the cast goes, and what of a disk is sent, written and compared."""

from __future__ import annotations

from ..model.plan import SILENCE, START_TIMEOUT, Grow, Holes, Require
from ..model.wording import Seconds
from ..sentence import say
from ..udpcast.options import LONGEST_START
from . import reading as r
from . import rules
from .questions import Choice
from .row import Acts, Row, Taken, always_with_blanks, where_given

ROWS: tuple[Row, ...] = (
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
        "compression of the stream. A sender's default is zstd. A receiver recognises the stream by itself; where its "
        "line gives a compr, it refuses a stream that is another",
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
        "further options of udp-sender or udp-receiver; those of the other role are left out with a warning. Unknown "
        "ones are an error, and so are those that the launcher decides itself, such as --file, --interface and "
        "--portbase",
        "U",
        example="--min-receivers 29 --max-wait 600",
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
        "at different places of the stream cost that time twice. A receiver gives up a sender when nothing of it is "
        "heard on the wire for 20 seconds longer than that (with zstd a sender tells its own silence, and the longer "
        "of the two counts); default 40",
        "O",
        title=say("Seconds of silence until the other side is given up"),
        label=say("Silence"),
        quiet=True,
        measured=Seconds,
        parse=r.seconds("silence", 5, 3600),
        default=r.otherwise(str(SILENCE)),
        asked=where_given,
        fills="silence",
        taken=Taken(),
    ),
    Row(
        "start_timeout",
        "seconds, 1 to 604800",
        "data must flow within this time, or else the transfer ends with the result no-sender or no-receivers; default "
        "43200, which is 12 hours. --start-timeout in udpcparam wins",
        "O",
        title=say("Seconds within which data must flow"),
        label=say("Time limit"),
        quiet=True,
        measured=Seconds,
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
        "ask: a screen asks before a disk is overwritten, also where role and disk are named. A boot menu writes "
        "it, for somebody may have pressed the wrong key there. given (the default): who names role and disk consents. "
        "Beside auto=yes, ask is an error",
        "O",
        parse=r.word("consent", r.CONSENT),
        acts=Acts.CONSENT,
    ),
    Row(
        "blank",
        "yes, no",
        "yes: a sender sends a disk on which nothing is recognised: no partition, file system, swap, LUKS, LVM, RAID "
        "or whatever else blkid knows. A partition table without partitions counts as nothing, and so does a boot "
        "sector that holds only code. no (the default): a screen asks, and with auto=yes nothing is sent",
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
        warns=rules.never_equal,
        fills="require",
        taken=Taken(),
    ),
)
