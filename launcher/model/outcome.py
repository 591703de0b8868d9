"""What a transfer came to, as a type built from all evidence, never from one exit status.

udpcast's exit statuses say nothing (a sender ends with 0 when nobody received anything), so a claim is made
only where counts, digests and messages support it. `ok` is derived from the kind, and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from ..sentence import NOTHING, Sentence, say
from .growth import Growth, GrowthKind, Offer
from .wording import size


class OutcomeKind(Enum):
    """Names are stable: they appear in the event log as ``kind``."""

    # sender
    SENT = "sent"  # as many receivers as were wanted stayed until the end, and none was lost
    NO_RECEIVERS = "no-receivers"
    OTHER_SENDER = "other-sender"  # another one waits on the same port
    RECEIVER_LOST = "receiver-lost"  # cast finished, but at least one receiver was dropped
    FEWER_RECEIVERS = "fewer-receivers"  # cast finished, nobody was lost, but more receivers were wanted
    READ_ERROR = "read-error"
    # receiver
    EQUAL = "equal"  # read back from the disk, and its digest is the sender's
    ARRIVED = "arrived"  # the digest of what was written is the sender's; not read back (verify=no)
    WRITTEN = "written"  # complete as far as the stream tells, no digest came from the sender
    STORED = "stored"  # the stream is kept in a file, and its digest is the sender's; nothing was written to a disk
    TRUNCATED = "truncated"
    DIFFERENT = "different"  # digest of what was written is not the sender's
    CHANGED = "changed"  # what was read back is not what was written
    READ_BACK_ERROR = "read-back-error"
    NO_SENDER = "no-sender"
    SENDER_VANISHED = "sender-vanished"
    WRITE_ERROR = "write-error"
    TOO_SMALL = "too-small"  # the target is smaller than the source
    SECTOR_SIZE = "sector-size"  # the target's logical sectors have another size than the source's
    SAME_DISK = "same-disk"  # the target is the disk that is being sent
    NOT_COMPARED = "not-compared"  # nothing came to compare with, and require=equal
    WRONG_STREAM = "wrong-stream"  # stream contradicts compr=, or cannot be read
    BROKEN = "broken"  # it was equal, and growing it on a larger disk broke it
    # both
    NOT_BEGUN = "not-begun"  # every answer was there, but the disk, the network or a program was not as it must be
    STAGE_FAILED = "stage-failed"  # a process of the pipeline died
    CANCELLED = "cancelled"


OK_KINDS = frozenset(
    {OutcomeKind.SENT, OutcomeKind.EQUAL, OutcomeKind.ARRIVED, OutcomeKind.WRITTEN, OutcomeKind.STORED}
)


def larger(device: str, count: int) -> Sentence:
    """The remark on a target that is `count` bytes larger, where nothing has grown."""
    return say("{device} is {size} larger than what was sent.", device=device, size=size(count))


LARGER = larger("", 0).text


@dataclass(frozen=True)
class Outcome:
    """`bytes`: how far the disk was read (sender) or written (receiver); `seconds` of data flow; `xxh128` over those
    bytes, or with holes as the trailer has it. `sent`: of these, the bytes that were in use, and really moved; None is
    all of them. `used`: how many such bytes the sender's disk has, `total`: how large it is; both None where the stream
    does not tell.

    `up_to`: the target is smaller, and all before this byte is there, where the last partition ends; `rewritten`: its
    partition table was written for a disk of so many bytes (a DOS table stays as it is). `offer`: what could grow on a
    larger one, where that was not decided before; `growth`: what became of it.

    `receivers` are the addresses of those who connected to a sender, `lost` those it lost, with the reason; `wanted`:
    how many had to stay until the end, `present`: how many did. Both are None on a receiver, and before a cast.
    `read_back`: the whole of what was written was read from the disk again, and was the same. `remarks`: what else is
    to be known of the disk.
    """

    kind: OutcomeKind
    sentence: Sentence
    hint: Sentence = NOTHING
    bytes: int = 0
    sent: int | None = None
    used: int | None = None
    total: int | None = None
    up_to: int | None = None
    rewritten: int | None = None
    seconds: float = 0.0
    xxh128: str | None = None
    receivers: tuple[str, ...] = ()
    lost: tuple[Sentence, ...] = ()
    read_back: bool = False
    wanted: int | None = None
    present: int | None = None
    remarks: tuple[Sentence, ...] = ()
    offer: Offer | None = None
    growth: Growth | None = None

    def record(self) -> dict[str, object]:
        """Its kind and its sentence as plain JSON values."""
        return {"kind": self.kind.value, "fields": self.sentence.record(), "sentence": str(self.sentence)}

    @property
    def ok(self) -> bool:
        """True only for the kinds that leave a disk, or a stored image, as the sender's."""
        return self.kind in OK_KINDS

    @property
    def moved(self) -> int:
        """Bytes that were really read or written."""
        return self.bytes if self.sent is None else self.sent

    def offered(self, offer: Offer) -> Outcome:
        """The same, where something could grow."""
        return replace(self, offer=offer)

    def grown(self, growth: Growth) -> Outcome:
        """The same behind a growing: a success stays one, unless it broke the clone."""
        if growth.kind is GrowthKind.GROWN:  # what was free behind the clone no longer is
            remarks = tuple(remark for remark in self.remarks if remark.text != LARGER)
            return replace(self, offer=None, growth=growth, remarks=remarks)
        if growth.kind is not GrowthKind.BROKEN:
            return replace(self, offer=None, growth=growth)
        sentence, hint = growth.sentence, growth.hint
        return replace(self, kind=OutcomeKind.BROKEN, sentence=sentence, hint=hint, offer=None, growth=growth)

    def fields(self) -> dict[str, object]:
        """As plain JSON values: what the event ``outcome`` tells."""
        return {
            "ok": self.ok,
            **self.record(),
            "bytes": self.bytes,
            "sent": self.moved,
            "used": self.used,
            "whole": self.total,
            "up_to": self.up_to,
            "table_rewritten": self.rewritten,
            "seconds": round(self.seconds, 3),
            "xxh128": self.xxh128,
            "read_back": self.read_back,
            "wanted": self.wanted,
            "present": self.present,
            "remarks": list(map(str, self.remarks)),
            "growth": self.growth and self.growth.record(),
        }
