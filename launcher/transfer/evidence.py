"""What is known of a cast when it is over: plain values, from which `verdict` decides what may be claimed."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from enum import Enum

from ..datapath.behind import Behind
from ..datapath.framing import Manifest, Trailer
from ..datapath.holes import Cleared
from ..datapath.moved import NO_BYTES, Moved, Reread
from ..model.outcome import Outcome
from ..sentence import Sentence, say
from .receiver_facts import Parted
from .resizing import Rewriting

TIMED_OUT = 255  # the status of a udp-receiver whose --start-timeout ran out (measured)


class ReceiverState(Enum):
    """How a sender sees one of its receivers, with the words for it.

    Who takes his leave when everything is under way, but not yet acknowledged by all, has either finished (while
    another is slow) or failed in what udp-sender still held, which the sender cannot tell: `NEAR_THE_END`.
    """

    def __new__(cls, name: str, words: Sentence) -> ReceiverState:
        state = object.__new__(cls)
        state._value_ = name
        state.words = words
        return state

    words: Sentence

    CONNECTED = "connected", say("connected")
    FINISHED = "finished", say("finished")  # was there until the end
    NEAR_THE_END = "left near the end", say("left near the end")
    DROPPED = "dropped", say("dropped")  # silent for too long
    LEFT = "left", say("left")  # took its leave before the end: something failed there
    NEVER_ANSWERED = (
        "connected, never answered",
        say("connected, never answered"),
    )  # gone, and acknowledged nothing before


LOST = (ReceiverState.DROPPED, ReceiverState.LEFT, ReceiverState.NEVER_ANSWERED)
GONE = (*LOST, ReceiverState.FINISHED, ReceiverState.NEAR_THE_END)


@dataclass(frozen=True)
class Receiver:
    """One receiver: udpcast's number for it, its IPv4 address, its state. `answered`: it has acknowledged a part of the
    data; `asked`: or asked for a part again, so that something at least has reached it."""

    number: int
    address: str
    state: ReceiverState = ReceiverState.CONNECTED
    answered: bool = False
    asked: bool = False

    @property
    def words(self) -> Sentence:
        """The address, and how it is."""
        return say("{address} ({state})", address=self.address, state=self.state.words)


@dataclass(frozen=True)
class Stood:
    """The program through which nothing moved, and for how many seconds."""

    program: str
    seconds: float


@dataclass(frozen=True)
class Stage:
    """A process of the pipeline: its program, how it ended (negative: by that signal), its last words. `ours`: the
    signal was ours. `done`: it came only because the process did not go when its work was done."""

    program: str
    status: int
    said: str = ""
    ours: bool = False
    done: bool = False

    @property
    def died(self) -> bool:
        """Whether a signal ended it that was not ours: it crashed, or somebody killed it."""
        return self.status < 0 and not self.ours

    @property
    def failure(self) -> Sentence | None:
        """How it failed, as a part of a sentence, or None."""
        if self.status == 0 or self.done:
            return None
        if self.status < 0:
            name = signal.Signals(-self.status).name
            how = say("{program} was killed by {signal}", program=self.program, signal=name)
        else:
            how = say("{program} ended with status {status}", program=self.program, status=self.status)
        told = self.said and self.status != -signal.SIGKILL  # of which a process knows nothing, and says nothing
        return say("{how} ({said})", how=how, said=self.said) if told else how


@dataclass(frozen=True)
class Sending:
    """All evidence of a sender. `length` is what had to be read, in bytes, `used` of them were to be sent, and `sent`
    were (both None: all of them); `one_way` that receivers cannot answer.
    `hung`: seconds without an answer of the disk. `shortage`: what this PC ran out of. `stood`: where no byte moved any
    more. `stored`: a stored image is cast. `timed_out`: no cast began within the time given. `rival`: the address of
    another sender on the same `port`, which this one gave way to. `came`: how many receivers connected at some time;
    `least`: how many the cast had to wait for, 0 where that was not said; `joined`: how many were there when it began;
    `started_by`: the address of the PC that began it, where that was not this one.

    `compressor_first`: the compressor ended while udp-sender still ran; behind a dead udp-sender, each one fails.
    """

    device: str
    length: int
    port: int = 9000
    moved: Moved = NO_BYTES
    used: int | None = None
    sent: int | None = None
    seconds: float = 0.0
    rival: str | None = None
    compressor: Stage | None = None
    compressor_first: bool = False
    udpcast: Stage | None = None
    receivers: tuple[Receiver, ...] = ()
    came: int = 0
    least: int = 0
    joined: int = 0
    started_by: str | None = None
    begun: bool = False
    complete: bool = False
    complaint: str = ""
    one_way: bool = False
    hung: float | None = None
    shortage: Sentence | None = None
    stood: Stood | None = None
    stored: bool = False
    timed_out: bool = False
    cancelled: bool = False

    @property
    def wanted(self) -> int:
        """How many receivers had to be there until the end."""
        return self.least or self.joined


@dataclass(frozen=True)
class Receiving:
    """All evidence of a receiver.

    `refusal` is an outcome that was decided before the first byte was written; `stream` and `target` are what was
    copied; `flush_error` is the result of fsync, in words. `verify`: the disk had to be read back; `reread` is what was
    found. `silence`: seconds without a sign of the sender; `hung`: seconds without an answer of the disk; `shortage`:
    what this PC ran out of; `stood`: where no byte moved any more.
    `timed_out`: no cast began within the time given; `parted`: the last sender that was left meanwhile; `rivals`: the
    senders between which this one waited. `end_notice`: the kind of outcome with which the sender took its
    leave; `anew`: it greeted again; both explain why the stream stalled, and nothing else. `mixed`: a part of a stream
    that has no check of its own may be another cast's. `cleared`: what became of the holes; `behind`: and of the disk
    behind the clone, once the disk was done. `rewriting`: on a smaller disk, what became of the table.
    """

    device: str
    size: int
    seconds: float = 0.0
    sender: str | None = None
    refusal: Outcome | None = None
    stream: Moved = NO_BYTES
    target: Moved = NO_BYTES
    flush_error: Sentence | None = None
    manifest: Manifest | None = None
    trailer: Trailer | None = None
    udpcast: Stage | None = None
    decompressor: Stage | None = None
    dropped: bool = False
    complaint: str = ""
    silence: float = 60
    end_notice: str | None = None
    anew: bool = False
    mixed: bool = False
    hung: float | None = None
    shortage: Sentence | None = None
    stood: Stood | None = None
    timed_out: bool = False
    parted: Parted | None = None
    rivals: tuple[str, ...] = ()
    verify: bool = True
    reread: Reread | None = None
    cleared: Cleared | None = None
    behind: Behind | None = None
    rewriting: Rewriting | None = None
    cancelled: bool = False
