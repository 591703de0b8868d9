"""What can happen to a cast, and what is to be done then: the words in which `sender_liveness` has its rules."""

from __future__ import annotations

from dataclasses import dataclass

from ..sentence import Sentence
from .liveness import Action, Event

# --- events -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Connected(Event):
    """A receiver is there: udpcast's number for it, and its IPv4 address."""

    number: int
    address: str


@dataclass(frozen=True)
class Dropped(Event):
    """udp-sender gives a silent receiver up."""

    number: int


@dataclass(frozen=True)
class Left(Event):
    """A receiver took its leave."""

    number: int


@dataclass(frozen=True)
class Answered(Event):
    """The receiver at `address` has acknowledged a part of the data; or else (`whole` is False) asked for it again."""

    address: str
    whole: bool = True


@dataclass(frozen=True)
class Waiting(Event):
    """udp-sender says that it waits for the acknowledgements of these receivers."""

    at: float
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Flowing(Event):
    """udp-sender says how far it is: something was acknowledged by all."""

    at: float


@dataclass(frozen=True)
class GoSaid(Event):
    """The PC at `address` told udp-sender to begin: a key was pressed at a plain udp-receiver, or it is forged."""

    address: str


@dataclass(frozen=True)
class Begun(Event):
    """udp-sender begins the cast."""


@dataclass(frozen=True)
class Fed(Event):
    """All of the disk, and the trailer, are in udp-sender's input."""


@dataclass(frozen=True)
class Stopping(Event):
    """The pipeline is being ended: nothing more is read."""


@dataclass(frozen=True)
class Complete(Event):
    """udp-sender says that the transfer is complete."""


@dataclass(frozen=True)
class Judged(Event):
    """The cast is over, with an outcome of this kind."""

    kind: str


# --- actions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Start(Action):
    """Start udp-sender."""


@dataclass(frozen=True)
class GiveWay(Action):
    """Send nothing more: another sender waits for the same receivers."""


@dataclass(frozen=True)
class Announce(Action):
    """Say to other senders that this one has waited for so many seconds."""

    waited: float


@dataclass(frozen=True)
class NameRival(Action):
    """Tell of another sender that this one stays beside. `doubled`: it uses this PC's own address."""

    address: str
    mac: str
    doubled: bool


@dataclass(frozen=True)
class BeginCast(Action):
    """Tell that the cast has begun."""


@dataclass(frozen=True)
class Welcome(Action):
    """Tell that a receiver is there."""

    number: int
    address: str


@dataclass(frozen=True)
class Part(Action):
    """Tell that a receiver is there no more, and why. `lost`: it has no whole disk."""

    number: int
    address: str
    reason: Sentence
    lost: bool = False


@dataclass(frozen=True)
class StopCounting(Action):
    """Who answers does not matter any more: all have."""


@dataclass(frozen=True)
class HoldUp(Action):
    """Tell that the cast has waited for these receivers: their addresses, and seconds in sum."""

    seats: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class NobodyAnswers(Action):
    """Tell that none of so many receivers has acknowledged anything. `asked`: some asked for the data again."""

    count: int
    asked: bool


@dataclass(frozen=True)
class SayAlive(Action):
    """Send a sign of life to these receivers."""

    addresses: tuple[str, ...]


@dataclass(frozen=True)
class SendEndNotice(Action):
    """Send the end notice, with the kind of the outcome, to these receivers."""

    addresses: tuple[str, ...]
    kind: str
