"""The sender that udp-receiver has found, as one hears of it beside the stream: is it still there, and the same one?

udp-receiver itself never asks that. The rules, in one place:

* Before the cast a sender is no more when it has said so, when it greets again behind a pause, or when nothing is heard
  of it for `silence`. The last only of one that greets regularly: a plain udp-sender is silent until its cast begins.
  But one that has greeted once, while another one goes on, has given way to that.
* During the cast its end is known when it has said so, or greets: a udp-sender does that before its cast only. Both
  count only while nothing comes through udp-receiver, for what has come is the sender's own.
* Whatever is wrong here costs time, and never makes a success.

`meet`, `gone`, `part` and `waiting_is_over` are for the thread that attends to udp-receiver, `cast_begins`, `hear` and
`look_out` (with what that returns) for the stream's.
"""

from __future__ import annotations

from typing import NamedTuple

from .farewell import Farewell
from .heard import Greetings, SenderNews, SenderWatch
from .plan import Plan
from .stream import Manifest

MORE_PATIENT = 20  # seconds that a receiver waits longer for its sender than that one for another receiver


class Gone(NamedTuple):
    """Why a sender is no more: as the end of a sentence, and as a word for the event log."""

    words: str
    reason: str


class OwnSender:
    """`address` None: none was found yet. `silence` in seconds. `session`: the token of the cast under way, where it
    has one. `farewell` and `anew`: what is known of its end, once nothing comes any more."""

    def __init__(self, plan: Plan) -> None:
        self.address: str | None = None
        self.silence = plan.silence + MORE_PATIENT
        self.session: str | None = None
        self.farewell: Farewell | None = None
        self.anew = False
        self._plan = plan
        self._watch: SenderWatch | None = None
        self._greetings: Greetings | None = None
        self._news: SenderNews | None = None

    def meet(self, address: str, begun: bool) -> None:
        """udp-receiver has found it; what was heard of it until now is no news. `begun`: data has come already."""
        self.address = address
        self._watch = self._watch or self.look_out()
        if self._news and self._news.address != address:
            self._news.close()
            self._news = None
        if self._news:
            self._news.forget()
        elif not begun:
            self._news = SenderNews(self._plan.nic.name, address, self._plan.port)

    def gone(self) -> Gone | None:
        """Before the cast: why it is no more, or None while it is there, or was never found."""
        if not (self.address and self._watch):
            return None
        if self._news and self._news.farewell():
            return Gone("has ended its cast", "ended before the cast")
        if self._news and self._news.began_anew():
            return Gone("has begun anew", "began anew before the cast")
        if self._watch.gone() and (self._watch.heard > 1 or self._hears_another()):
            return Gone(f"has not been heard for {self.silence} seconds", "silent before the cast")
        return None

    def part(self) -> None:
        """udp-receiver looks for a sender again."""
        self.address = None
        self.waiting_is_over()

    def cast_begins(self) -> None:
        """The first byte is there: from now on a greeting is another cast's."""
        if self._news:
            self._news.forget()

    def hear(self, manifest: Manifest) -> None:
        """What it says of itself at the beginning of its stream."""
        self.session = manifest.session
        self.silence = max(self.silence, (manifest.silence or 0) + MORE_PATIENT)

    def waiting_is_over(self) -> None:
        """Stop listening for what counts before the cast only."""
        for ears in (self._watch, self._greetings):
            if ears:
                ears.close()
        self._watch = self._greetings = None

    def look_out(self) -> SenderWatch:
        """Who is asked about it while nothing comes."""
        plan = self._plan
        return SenderWatch(plan.nic.name, self.address or "", plan.port, self.silence, self._is_over)

    def close(self) -> None:
        """Stop listening."""
        self.waiting_is_over()
        if self._news:
            self._news.close()

    def _is_over(self) -> bool:
        if self._news:
            self.anew = self.anew or self._news.began_anew(0)
            last = self._news.farewell()
            if last and self.session in (None, last.session):
                self.farewell = last
        return self.anew or self.farewell is not None

    def _hears_another(self) -> bool:
        self._greetings = self._greetings or Greetings(self._plan.nic.name, self._plan.port)
        other = self._greetings.sender(0)
        return other is not None and other.address != self.address
