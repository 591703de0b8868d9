"""What a sender makes of other senders on its port that wait as well. Pure (see `liveness`).

In words:

* Who is heard once is nobody: one stray or forged datagram stops no cast. A sender counts when it was heard
  `rival_times` times, a greeting's interval apart, without a long pause between.
* A launcher's sender says for how long it has waited (`announcement`). The later one gives way. Of two that began
  within `tie` of each other the lower MAC address stays: a packet takes its time. So it is with one that goes on for
  `insist` though it should have given way, for it may have counted a moment differently.
* Of one that only greets (a plain udp-sender) nobody knows since when. Who was heard before this one started udp-sender
  was there first; of others the lower MAC address stays.
* What comes from this very card (a loop in the network gives it back) is no other sender's. Nor is one given way to
  that uses this PC's own address: either it is forged, or two PCs have one address, which the operator is told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..model.times import Times
from .liveness import Event, Greeting

MANY = 32  # senders that are remembered


@dataclass(frozen=True)
class AnotherWaits(Event):
    """A launcher's sender on this port was heard: its address, its card, its token, and how long it has waited."""

    at: float
    address: str
    mac: str
    token: str
    waited: float


@dataclass(frozen=True)
class Rival:
    """A sender that was heard `times` times, from `first` to `last`. Where it announces itself: its `token`, and how
    long it had `waited` at `last`. `told`: the operator knows of it."""

    address: str
    mac: str
    first: float
    last: float
    times: int = 1
    token: str = ""
    waited: float = 0.0
    told: bool = False


@dataclass(frozen=True)
class Own:
    """This sender: the MAC address and the IPv4 addresses of its card, its token, when it began, and when it started
    udp-sender."""

    mac: str
    addresses: tuple[str, ...] = ()
    token: str = ""
    began: float = 0.0
    started: float | None = None


def heard(rivals: tuple[Rival, ...], event: Greeting | AnotherWaits, times: Times) -> Rival:
    """Who was heard, with this time counted."""
    known = _known(rivals, event)
    token, waited = (event.token, event.waited) if isinstance(event, AnotherWaits) else ("", 0.0)
    anew = Rival(event.address, event.mac, event.at, event.at, token=token, waited=waited)
    if known is None:
        return anew
    if token and token != known.token:
        return replace(anew, told=known.told)
    if known.token and not token:
        return known  # it speaks for itself: its greetings say nothing more
    if event.at - known.last > times.insist:
        return replace(anew, told=known.told)
    if event.at - known.last < times.greet_every / 2:
        return known
    return replace(known, last=event.at, times=known.times + 1, waited=waited)


def noted(rivals: tuple[Rival, ...], event: Greeting | AnotherWaits, times: Times) -> tuple[Rival, ...]:
    """`rivals`, with who was heard; of too many the one that was heard last."""
    known, now = _known(rivals, event), heard(rivals, event, times)
    others = tuple(one for one in rivals if one is not known)
    return (*others[-(MANY - 1) :], now)


def is_certain(rival: Rival, times: Times) -> bool:
    """Whether it was heard often enough to be somebody."""
    return rival.times >= times.rival_times


def is_own(own: Own, event: Greeting | AnotherWaits) -> bool:
    """Whether it is this sender's own word that came back."""
    return event.token == own.token if isinstance(event, AnotherWaits) else event.mac == own.mac


def stays(own: Own, rival: Rival, times: Times) -> bool:
    """Whether this sender stays, and the other one has to give way."""
    if rival.address in own.addresses:
        return True
    lower = (own.mac, own.token) < (rival.mac, rival.token)
    if rival.token:
        earlier = rival.last - own.began - rival.waited
        if earlier > times.tie:
            return lower or rival.last - rival.first < times.insist
        return lower and earlier >= -times.tie
    return lower and own.started is not None and rival.first >= own.started


def _known(rivals: tuple[Rival, ...], event: Greeting | AnotherWaits) -> Rival | None:
    return next((one for one in rivals if (one.mac, one.address) == (event.mac, event.address)), None)
