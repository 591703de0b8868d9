"""What is used of the disk that is sent, asked for while another sender is listened for: so it costs no time.

Rules, in one place:

* A look never stops a cast. Where it fails, or takes too long, the whole disk is sent, and that is said. A disk that
  cannot be read is met again by who reads it for the cast, and reported then.
* What it says holds only as long as nothing is written to the disk (`unchanged`); where that would not be seen, the
  whole disk is sent.
* What nobody waits for any more (the operator has ended the cast, it took too long) is ended at once, with its tools.
* Only zstd's streams have holes. With another compression the whole disk is sent, and nobody looks.
* What is said of it: what is sent whole and why, for the screen (`Status.expect`), and the event ``used``, in which
  each part has its own reason.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import replace

from ..datapath.block_device import SourceDisk
from ..datapath.framing import SentPart
from ..datapath.unchanged import Unchanged
from ..errors import LauncherError
from ..model.plan import Compression, Plan
from ..sentence import Sentence, say, verbatim
from ..shortage import shortage
from ..used.look import survey
from ..used.survey import Part, Survey
from ..used.used_map import UsedMap
from .owner import Job, Worker

SMALL = 1 << 30
"""Bytes of a partition whose being sent whole is no news, where nobody expects anything else."""
LONG = 2.0
"""Seconds after which the screen says what is waited for."""


class Looking:
    """One look at the disk that is open as `source`. It belongs to the owner.

    `unchanged`: whether nothing was written to the disk since, where it was looked at."""

    def __init__(self, job: Job, source: SourceDisk) -> None:
        """Begins to look."""
        self.unchanged: Unchanged | None = None
        self._job = job
        self._begun = time.monotonic()
        self._said = False
        self._what = say("Looking at what is used of {disk}.", disk=job.plan.target.path)
        self._stop = job.owner.descriptors.event()
        self._worker: Worker[Survey] | None = None
        if is_framed(job.plan):
            self._worker = job.owner.start("look", lambda: self._look(source))

    def _look(self, source: SourceDisk) -> Survey:
        """The worker's."""
        plan = self._job.plan
        self.unchanged = unchanged = Unchanged(source.fd)
        path, size = plan.target.path, plan.target.size
        found = survey(path, size, used=plan.used, note=self._job.note, stop=self._stop)
        return found if found.used.sent == found.used.length or unchanged.counted else _without_holes(found)

    def end(self) -> None:
        """Nobody waits for it any more: the tools that still run are ended at once."""
        os.eventfd_write(self._stop, 1)

    def is_over(self) -> bool:
        """Whether it is known what is used, or nobody waits for that any more."""
        if self._worker is None or self._worker.over:
            return True
        seconds = time.monotonic() - self._begun
        if seconds > LONG and not self._said:
            self._said = True
            self._job.status.tell(self._what, until_cast=True)
        return seconds > self._job.times.survey

    def tell(self) -> Survey:
        """What is used, as it is said to everybody."""
        found, plan = self._result(), self._job.plan
        self._job.status.no_longer(self._what)
        total, used = plan.target.size, found.used.sent
        self._job.status.expect(total, used, said_whole(found.parts))
        for warning in found.warnings:
            self._job.status.note(warning)
            self._job.log.emit("note", text=str(warning))
        seconds = round(time.monotonic() - self._begun, 3)
        parts = [record(part) for part in found.parts]
        self._job.log.emit("used", used=used, total=total, seconds=seconds, parts=parts)
        return found

    def _result(self) -> Survey:
        plan = self._job.plan
        if self._worker is None:
            return _whole(plan, _why_no_holes(plan))
        if not self._worker.over:
            return _whole(plan, say("the look at what is used took too long"))
        try:
            found = self._worker.result()
        except LauncherError as error:
            return _whole(plan, error.sentence)
        except Exception as error:
            words = shortage(error)
            if words is None:
                raise
            return _whole(plan, words)
        if found.used.length != plan.target.size:
            return _whole(plan, say("its size has changed"))
        return found


def is_framed(plan: Plan) -> bool:
    """Whether the stream has a manifest, frames and a trailer."""
    return (plan.compression or Compression.ZSTD) is Compression.ZSTD


def _why_no_holes(plan: Plan) -> Sentence | None:
    if not plan.used:
        return None
    compression = (plan.compression or Compression.ZSTD).value
    return say("with compr={compression} no block can be left out", compression=compression)


def _whole(plan: Plan, why: Sentence | None) -> Survey:
    """All of the disk is used."""
    path, size = plan.target.path, plan.target.size
    words = why and say("{name} is sent whole: {why}.", name=path.removeprefix("/dev/"), why=why)
    return Survey(UsedMap(size), (Part(path, 0, 0, size, whole=words),))


def _without_holes(found: Survey) -> Survey:
    """The same, where it would not be seen that something is written to the disk."""
    why = say("it is not counted what is written to it")
    parts = (
        replace(one, used=None, whole=one.whole or say("{name} is sent whole: {why}.", name=one.name, why=why))
        for one in found.parts
    )
    return replace(found, used=UsedMap(found.used.length), parts=tuple(parts))


def said_whole(parts: Iterable[Part | SentPart]) -> tuple[Sentence, ...]:
    """What is sent whole and why, for the screen: the small partitions that firmware and loaders have (ESP, MSR, BIOS
    boot), which are never anything else, behind all others, in one sentence."""
    whole = [part for part in parts if part.whole]
    small = [part for part in whole if part.number and part.size <= SMALL and part.kind in ("", "vfat")]
    words = [_sentence(part.whole) for part in whole if part.whole and part not in small]
    if small:
        names = tuple(part.name for part in small)
        words.append(
            say("{parts}: sent whole, being small, and of a kind that does not tell what is used.", parts=names)
        )
    return tuple(words)


def _sentence(words: Sentence | str) -> Sentence:
    return verbatim(words) if isinstance(words, str) else words


def record(part: Part | SentPart) -> dict[str, object]:
    """As plain JSON values, for the event ``used``."""
    whole = part.whole and str(part.whole)
    return {"name": part.name, "kind": part.kind, "size": part.size, "used": part.used, "whole": whole}
