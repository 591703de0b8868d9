"""What can happen to a reception, and what is to be done then: the words in which `receiver_liveness` has its rules."""

from __future__ import annotations

from dataclasses import dataclass

from ..sentence import Sentence
from .liveness import Action, Event

# --- events -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Waits(Event):
    """udp-receiver looks for a sender: what ends it now came from the wire."""


@dataclass(frozen=True)
class Answer(Event):
    """A udp-sender that waits for receivers answered this PC, which is its receiver `number`."""

    at: float
    address: str
    number: int | None = None


@dataclass(frozen=True)
class Alive(Event):
    """The sender said that its cast, `session`, goes on."""

    at: float
    session: str


@dataclass(frozen=True)
class FirstSlice(Event):
    """Data of the beginning of a cast came from the sender."""

    at: float


@dataclass(frozen=True)
class Stray(Event):
    """Something else came to the port base, from `address` and its `port`; it begins with `code` (None: too short)."""

    at: float
    address: str
    port: int
    code: int | None


@dataclass(frozen=True)
class Complained(Event):
    """udp-receiver said why it ends, before data came."""

    text: str


@dataclass(frozen=True)
class DroppedEarly(Event):
    """The sender gave this seat up, before data came."""


@dataclass(frozen=True)
class Found(Event):
    """udp-receiver has connected to the sender at `address`, as its receiver `number`."""

    at: float
    address: str
    number: int | None = None


@dataclass(frozen=True)
class ReceiverEnded(Event):
    """udp-receiver has ended. `waiting`: something of it is still in the pipe."""

    at: float
    waiting: bool


@dataclass(frozen=True)
class FirstByte(Event):
    """The stream begins."""

    at: float


@dataclass(frozen=True)
class Announced(Event):
    """The manifest is there: the cast's token, and how long its sender waits for a silent receiver."""

    session: str
    silence: int | None


@dataclass(frozen=True)
class Progress(Event):
    """So many bytes are on the disk."""

    count: int


@dataclass(frozen=True)
class Quiet(Event):
    """Nothing has come for `Times.look_out`."""

    at: float


@dataclass(frozen=True)
class StillQuiet(Event):
    """And again."""

    at: float


@dataclass(frozen=True)
class CameAgain(Event):
    """Something came that was waited for; it is not taken yet."""

    at: float


@dataclass(frozen=True)
class StreamEnded(Event):
    """The stream is over. `woken`: when something came last that was waited for. `checked`: it has a check of its own.
    `count`: the bytes that came of it to the disk."""

    woken: float | None
    count: int
    checked: bool


# --- actions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Listen(Action):
    """Hear what the sender at `address` says beside its data; what was said until now is no news."""

    address: str


@dataclass(frozen=True)
class LookOut(Action):
    """Count the sender's packets."""

    address: str | None


@dataclass(frozen=True)
class LookIn(Action):
    """Count them no more."""


@dataclass(frozen=True)
class Ask(Action):
    """Ask the udp-sender at `address` whether it waits for receivers. One that does answers, as often as it is asked,
    and takes this seat for connected. One that casts, or is no more, does not."""

    address: str


@dataclass(frozen=True)
class TakeLeave(Action):
    """Tell these senders that this seat is not there any more."""

    addresses: tuple[str, ...]


@dataclass(frozen=True)
class Warn(Action):
    """`words` for the operator. For the event log: what was heard from which `addresses`."""

    words: Sentence
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True)
class GiveUp(Action):
    """The sender is not to be waited for: end udp-receiver. `words` for the operator, `reason` for the event log."""

    address: str | None
    words: Sentence | None
    reason: str


@dataclass(frozen=True)
class Restart(Action):
    """Start udp-receiver anew, which may look for a sender for so many `seconds`."""

    seconds: int


@dataclass(frozen=True)
class StopReceiver(Action):
    """Let udp-receiver take its leave."""


@dataclass(frozen=True)
class EndInput(Action):
    """From now on the end of udp-receiver is the end of the stream."""


@dataclass(frozen=True)
class Stall(Action):
    """Take nothing more."""


@dataclass(frozen=True)
class GoOn(Action):
    """Take what came, or wait on."""
