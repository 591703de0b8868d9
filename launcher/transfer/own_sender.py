"""The sender that udp-receiver has found, as one hears of it beside the stream: is it still there, and the same one?

udp-receiver itself never asks that. The rules, in one place:

* Before the cast a sender is no more when it has said so, when it greets again behind a pause, or when nothing more is
  heard of it for `silence`. One of which nothing was ever heard is waited for: a plain udp-sender greets once, before
  it is found. To be wrong costs next to nothing, for udp-receiver finds it again at once.
* During the cast its end is known when it has said so, or greets: a udp-sender does that before its cast only. Then
  what comes behind a pause is the next cast's, and where nothing comes the stream has stalled. But a plain sender in a
  loop greets for its next cast while udp-receiver, which has everything, still lingers: that is waited for.
* A stream with a check of its own (all but compr=none) shows by itself that the casts were mixed. Without one, what was
  heard decides (`mixed`).

`meet`, `gone`, `part` and `waiting_is_over` are for the thread that attends to udp-receiver, `cast_begins`, `hear`,
`mixed` and `look_out` (with what that returns) for the stream's, `listen` for both.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from ..datapath.framing import Manifest
from ..model.plan import Plan
from ..sentence import Sentence, say, say_many
from .heartbeat import Farewell
from .monitor import PAUSE, SenderNews, SenderWatch

MORE_PATIENT = 20  # seconds that a receiver waits longer for its sender than that one for another receiver
EXIT_WAIT = 500  # ms for which udp-receiver lingers when it has everything
AT_ONCE = 0.1  # seconds behind a greeting within which the end of the old cast may still come
IN_FLIGHT = 16 << 20  # bytes that may be on their way from the wire to the disk: udpcast's buffer, a pipe, our chunks


class Gone(NamedTuple):
    """Why a sender is no more: as a sentence, and as a word for the event log."""

    words: Sentence
    reason: str


class OwnSender:
    """`address` None: none was found yet. `silence` in seconds. `session`: the token of the cast under way, where it
    has one. `farewell` and `anew` (when it greeted again): what is known of its end. `moved`: bytes so far."""

    def __init__(self, plan: Plan, moved: Callable[[], int]) -> None:
        self.address: str | None = None
        self.silence = plan.silence + MORE_PATIENT
        self.session: str | None = None
        self.farewell: Farewell | None = None
        self.anew: float | None = None
        self._plan = plan
        self._moved = moved
        self._moved_then = 0
        exit_wait = plan.options.exit_wait
        self._linger = (EXIT_WAIT if exit_wait is None else exit_wait) / 1000 + 1
        self._lock = threading.Lock()  # of the news, which both threads ask and one of them closes
        self._watch: SenderWatch | None = None
        self._news: SenderNews | None = None

    def meet(self, address: str) -> None:
        """udp-receiver has found it; what was heard of it until now is no news."""
        self.address = address
        self._watch = self._watch or self.look_out()
        with self._lock:
            if self._news and self._news.address != address:
                self._news.close()
                self._news = None
            if self._news:
                self._news.forget()
            else:
                self._news = SenderNews(self._plan.nic.name, address, self._plan.port)

    def gone(self) -> Gone | None:
        """Before the cast: why it is no more, or None while it is there, or was never found."""
        if not (self.address and self._watch):
            return None
        if self._news and self._news.farewell():
            return Gone(say("The sender {address} has ended its cast.", address=self.address), "ended before the cast")
        if self._news and self._news.began_anew():
            words = say_many(
                "The sender {address} was not heard for {count} second, or has begun anew.",
                "The sender {address} was not heard for {count} seconds, or has begun anew.",
                round(PAUSE),
                address=self.address,
            )
            return Gone(words, "began anew before the cast")
        if self._watch.gone() and self._watch.heard:
            words = say_many(
                "The sender {address} has not been heard for {count} second.",
                "The sender {address} has not been heard for {count} seconds.",
                self.silence,
                address=self.address,
            )
            return Gone(words, "silent before the cast")
        return None

    def part(self) -> None:
        """udp-receiver looks for a sender again."""
        self.address = None
        self.waiting_is_over()

    def cast_begins(self) -> None:
        """The first byte is there: from now on a greeting is another cast's."""
        with self._lock:
            if self._news:
                self._news.forget()

    def hear(self, manifest: Manifest) -> None:
        """What it says of itself at the beginning of its stream."""
        self.session = manifest.session
        self.silence = max(self.silence, (manifest.silence or 0) + MORE_PATIENT)

    def waiting_is_over(self) -> None:
        """Stop listening for what counts before the cast only."""
        if self._watch:
            self._watch.close()
            self._watch = None

    def look_out(self) -> SenderWatch:
        """Who is asked about it while nothing comes."""
        plan = self._plan
        return SenderWatch(plan.nic.name, self.address or "", plan.port, self.silence, self._is_over)

    def close(self) -> None:
        """Stop listening."""
        self.waiting_is_over()
        with self._lock:
            if self._news:
                self._news.close()

    def listen(self) -> None:
        """During the cast: keep what was said meanwhile."""
        with self._lock:
            greeted = self._news.greeted() if self._news else None
            if greeted is not None and self.anew is None:
                self.anew, self._moved_then = greeted, self._moved()
            last = self._news.farewell() if self._news else None
            if last and self.session in (None, last.session):
                self.farewell = last

    def mixed(self, woken: float | None) -> bool:
        """At the end of a stream without a check: whether a part of it may be another cast's.

        So it is when the sender had said that its cast ends without us; or had greeted, and then something came that
        was waited for (at `woken`), or more than was on its way.
        """
        self.listen()
        if self.farewell or self.anew is None:
            return self.farewell is not None
        return (woken or 0) > self.anew + AT_ONCE or self._moved() - self._moved_then > IN_FLIGHT

    def _is_over(self, came: bool) -> bool:
        self.listen()
        if self.farewell or self.anew is None:
            return self.farewell is not None
        return time.time() - self.anew > (AT_ONCE if came else self._linger)
