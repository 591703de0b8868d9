"""Growing behind an equal clone, in a thread of its own, once its transfer is over and the disk is closed.

Whatever goes wrong becomes a `Growth` that says so, and never more than is known. An expected error means that nothing
has begun; behind any other one nobody knows what the disk holds.
"""

from __future__ import annotations

import threading
import time
import traceback

from ..errors import LauncherError
from ..events import EventLog
from ..model.growth import Growth, Offer, Tell, failed, not_grown, unknown
from ..sentence import Sentence, say


def carried_out(offer: Offer, tell: Tell, log: EventLog) -> Growth:
    """What becomes of `offer`; raises nothing. The event log has each step, and it."""

    def step(sentence: Sentence) -> None:
        log.emit("growing", sentence=str(sentence))
        tell(sentence)

    try:
        growth = offer.grow(step)
    except LauncherError as error:
        growth = failed(offer, error.sentence, error.hint)
    except Exception as bug:
        words = f"{type(bug).__name__}: {bug}"
        log.emit("crash", sentence=words, traceback=traceback.format_exc())
        growth = unknown(offer, say("the launcher failed ({error}).", error=words))
    log.emit("growth", **growth.record())
    return growth


class GrowJob:
    """One growing. `told`: what it said so far."""

    def __init__(self, offer: Offer, log: EventLog) -> None:
        self.told: tuple[Sentence, ...] = ()
        self._begun = time.monotonic()
        self._growth: Growth | None = None
        self._done = threading.Event()
        self._offer = offer
        self._log = log

    def start(self) -> None:
        """Begin. Where there is no thread for it, that is what became of it."""
        try:
            threading.Thread(target=self._run, name="growing", daemon=True).start()
        except RuntimeError as error:
            self._growth = not_grown(say("this PC has run out of something ({error}).", error=str(error)), self._offer)
            self._log.emit("growth", **self._growth.record())
            self._done.set()

    def wait(self, timeout: float | None = None) -> Growth | None:
        """What became of it, or None when that is not there within `timeout` seconds."""
        self._done.wait(timeout)
        return self._growth

    @property
    def seconds(self) -> float:
        """How long it has gone on."""
        return time.monotonic() - self._begun

    def _tell(self, sentence: Sentence) -> None:
        self.told = (*self.told, sentence)

    def _run(self) -> None:
        self._growth = carried_out(self._offer, self._tell, self._log)
        self._done.set()
