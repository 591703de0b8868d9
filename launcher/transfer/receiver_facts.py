"""What a receiver has noted of its sender, and of others that it hears: plain values. Pure (see `liveness`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from ..model.outcome import OutcomeKind
from ..model.times import Times


class Watch(Enum):
    """Where a reception is, as far as its sender is concerned."""

    LOOKING = "udp-receiver looks for a sender"
    FOUND = "it has found one, whose cast has not begun"
    PARTING = "that one is not to be waited for: udp-receiver is being ended"
    PAUSED = "udp-receiver does not run: it begins anew soon, or when only one sender is heard"
    LEAVING = "udp-receiver is being ended for good"
    CASTING = "data comes"
    QUIET = "nothing comes, and the sender's packets are counted"
    STALLED = "nothing more is taken"
    OVER = "the stream has ended, or the disk hangs"


W = Watch
BEFORE = (W.LOOKING, W.FOUND, W.PARTING, W.PAUSED, W.LEAVING)
DURING = (W.CASTING, W.QUIET, W.STALLED)

BROKEN_OFF = frozenset(
    kind.value
    for kind in (OutcomeKind.READ_ERROR, OutcomeKind.STAGE_FAILED, OutcomeKind.CANCELLED, OutcomeKind.OTHER_SENDER)
)
"""Of these casts the sender never sent the end. Any other one went to its end, whoever was lost on the way."""


@dataclass(frozen=True)
class Sign:
    """A sender that greeted or answered: when it did so last (`last`), and the time before (`before`). `asks`: how
    often it was asked since, `asked`: when it was asked last."""

    address: str
    last: float
    before: float = float("-inf")
    asks: int = 0
    asked: float = float("-inf")

    def repeated(self, now: float, times: Times) -> bool:
        """Whether it was heard more than once in the last seconds: a single datagram may be anybody's."""
        return now - self.before <= times.both


@dataclass(frozen=True)
class Disturbance:
    """A datagram that no udp-sender sends to those that look for one: who sent it from which port, and how it begins
    (None: it is too short)."""

    address: str
    port: int
    code: int | None


@dataclass(frozen=True)
class Parted:
    """A sender that was there and is no more, before data came of it. `end_notice`: how its cast ended, where it said
    so. `begun`: its cast had begun."""

    address: str
    end_notice: str | None = None
    begun: bool = False


@dataclass(frozen=True)
class SenderFacts:
    """What was noted. Times are those of the events, in seconds.

    `deadline`: when data must flow. `silence`: for how long nothing may be heard of the sender. `linger`: how long
    udp-receiver stays when it has everything. `hears`: something can be heard here beside udp-receiver.

    Before the cast: `port`: the port base. `started`: when udp-receiver was started last; `waited`: it has looked
    for a sender, so that it is no fault of this PC when it ends. `address`: the sender that was found; `known`: the
    last one that was; `number`: this seat's there. `greeted`: when that one greeted last, or was found; `usual`:
    between its last two greetings. `doubt`: since when it is asked whether it is still there, `asks` times, the
    last time at `asked`; `said_end`: the kind of outcome in the end notice that is the reason. `trust`: for how
    long it may be silent until it is asked. `told`: when it was told of this seat last, `tell`: for how long that
    is enough. `begun`: when it first said that its cast has begun; `warned`: the operator knows that no data comes.
    `signs`: all senders heard lately. `rivals`: those between which nothing tells the right one. `disturbance` and
    `complaint`: what udp-receiver got that ended it, and what it said of that. `dropped`: the sender gave this seat
    up. `parted`: the last sender that was left.

    During the cast: `sign`: the last packet, or when one began to count them. `began`: the first byte. `session`: the
    token of the cast under way, where its stream has one; `said`: those that came in signs of life. `end_notice` (the
    kind of its outcome), `ended` (when it said so) and `anew` (when it greeted last): what is known of the sender's
    end. `greeted_quiet`: the first greeting since nothing comes; `again`: there was another one since. `first_slice`:
    when data of the beginning of a cast came last. `moved`: bytes so far; `moved_then`: when it greeted. `mixed`: a
    part of what came may be another cast's.
    """

    times: Times
    deadline: float
    silence: float
    linger: float
    port: int = 9000
    hears: bool = True
    started: float = 0.0
    waited: bool = False
    address: str | None = None
    known: str | None = None
    number: int | None = None
    greeted: float = 0.0
    usual: float = 0.0
    sign: float = 0.0
    doubt: float | None = None
    asks: int = 0
    asked: float = 0.0
    said_end: str | None = None
    trust: float = 0.0
    told: float = 0.0
    tell: float = 0.0
    begun: float | None = None
    warned: bool = False
    signs: tuple[Sign, ...] = ()
    rivals: tuple[str, ...] = ()
    disturbance: Disturbance | None = None
    complaint: str = ""
    dropped: bool = False
    parted: Parted | None = None
    began: float = 0.0
    session: str | None = None
    said: tuple[str, ...] = ()
    end_notice: str | None = None
    ended: float = 0.0
    anew: float | None = None
    greeted_quiet: float | None = None
    again: bool = False
    first_slice: float = float("-inf")
    moved: int = 0
    moved_then: int = 0
    timed_out: bool = False
    mixed: bool = False

    @property
    def broken_off(self) -> bool:
        """Whether the sender has said that its cast has no end."""
        return self.end_notice in BROKEN_OFF

    @property
    def own_session(self) -> str | None:
        """The token of the cast under way. Who contradicts a sign of life makes none of them believed."""
        return self.session or (self.said[0] if len(self.said) == 1 else None)

    @property
    def next_began(self) -> bool:
        """Whether the sender has begun its next cast: it greeted, and the first slice came behind that."""
        return self.anew is not None and self.first_slice > self.anew

    @property
    def began_anew(self) -> bool:
        """Whether the sender has begun anew. A single greeting may be anybody's."""
        return self.again or self.next_began

    def heard(self, now: float) -> tuple[Sign, ...]:
        """The senders that were heard in the last seconds."""
        return tuple(one for one in self.signs if now - one.last <= self.times.both)

    def repeated(self, now: float) -> tuple[str, ...]:
        """Those of them that were heard more than once."""
        return tuple(one.address for one in self.heard(now) if one.repeated(now, self.times))

    def with_sign(self, address: str, at: float) -> SenderFacts:
        """A sender at `address` was heard. A datagram that comes twice at once is one."""
        others = tuple(one for one in self.heard(at) if one.address != address)[-MOST_SIGNS:]
        known = next((one for one in self.signs if one.address == address), Sign(address, float("-inf")))
        if at - known.last > self.times.at_once:
            known = Sign(address, at, known.last)
        return replace(self, signs=(*others, known))

    def with_asked(self, address: str, at: float) -> SenderFacts:
        """The sender at `address` was asked."""
        signs = tuple(
            replace(one, asks=one.asks + 1, asked=at) if one.address == address else one for one in self.signs
        )
        return replace(self, signs=signs)


MOST_SIGNS = 16  # senders that are remembered: a stranger may greet from any number of addresses
