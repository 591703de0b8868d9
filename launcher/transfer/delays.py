"""For whom a cast waits, and for how long already, from what udp-sender complains of. Pure.

udp-sender sends nothing more until every receiver has acknowledged what it has, and complains of those that have not:
now and then while one is slow, and at even distances while one is silent. So the time between two complaints that name
the same receiver, with no word of progress between them, counts as waiting for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..model.times import Times


@dataclass(frozen=True)
class Delays:
    """`last`: when udp-sender complained last, or told progress; `of`: whom that complaint named. `seconds`: how long
    each receiver was waited for, by number; `said`: how often that was told."""

    last: float | None = None
    of: tuple[int, ...] = ()
    seconds: tuple[tuple[int, float], ...] = ()
    said: tuple[tuple[int, int], ...] = ()


NO_DELAYS = Delays()


def flowed(delays: Delays, at: float) -> Delays:
    """Something was acknowledged by all."""
    return replace(delays, last=at, of=())


def waited(delays: Delays, numbers: tuple[int, ...], at: float, times: Times) -> Delays:
    """udp-sender complains of `numbers`: it has waited for them since its last word, and for all it named before."""
    since = 0.0 if delays.last is None else min(at - delays.last, times.complaints)
    named = [one for one in numbers if not delays.of or one in delays.of]
    seconds = dict(delays.seconds)
    for number in named:
        seconds[number] = seconds.get(number, 0.0) + since
    return replace(delays, last=at, of=numbers, seconds=tuple(seconds.items()))


def due(delays: Delays, times: Times) -> tuple[tuple[int, float], ...]:
    """Who is to be named now, with the seconds: behind each `hold_up`."""
    said = dict(delays.said)
    return tuple((one, long) for one, long in delays.seconds if int(long // times.hold_up) > said.get(one, 0))


def told(delays: Delays, times: Times) -> Delays:
    """Everybody who was due is named."""
    said = {one: int(long // times.hold_up) for one, long in delays.seconds}
    return replace(delays, said=tuple(said.items()))
