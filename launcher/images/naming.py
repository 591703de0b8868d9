"""When ``disk=`` of a transfer without screens means a stored image, and what is said of it then.

Rules, in one place:

* A receiver's disk= whose name ends in .zst is a new image, unless it is a block device.
* A sender's is an image where its content says so, whatever its name.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..datapath.new_image import SUFFIX, already_there
from ..datapath.stored import NotWhole, manifest_of
from ..errors import AnswerError, ErrorKind, LauncherError
from ..model.plan import Compression, Grow, Holes, Keep, Plan, Role
from ..sentence import Sentence, say
from ..transfer.stored_cast import of_image
from .opening import reading


def names_new_image(path: str, *, wanted: bool) -> bool:
    """Whether a receiver's disk= is a new image. Raises AnswerError where it is `wanted`, and is none."""
    device = Path(path).is_block_device()
    if wanted and (device or not path.endswith(SUFFIX)):
        raise AnswerError(
            ErrorKind.WRONG_VALUE,
            say("{path} is no name of a stored image.", path=path),
            say("Expected a new file whose name ends in {suffix}.", suffix=SUFFIX),
        )
    return path.endswith(SUFFIX) and not device


def keeping(plan: Plan, *, replace: bool) -> Keep | None:
    """How a receiver keeps the stream; None where it writes a disk. Raises LauncherError where it cannot."""
    path = plan.target.path
    if plan.role is not Role.RECEIVE or not names_new_image(path, wanted=False):
        return None
    if plan.compression not in (None, Compression.ZSTD):
        sentence = say("A stream with compr={compression} is not stored.", compression=plan.compression.value)
        raise AnswerError(ErrorKind.WRONG_VALUE, sentence, say("Leave compr out, and send with compr=zstd."))
    if os.path.lexists(path) and not replace:
        raise already_there(path)
    return Keep.REPLACE if replace else Keep.NEW


def must_be_stored(path: str) -> None:
    """Raises LauncherError where `path` is no stored image."""
    with reading(path):
        pass


def said(plan: Plan) -> tuple[Sentence, ...]:
    """What is to be known of a plan about a stored image."""
    if plan.target.keep:
        notes = []
        if plan.holes is not Holes.KEEP:
            notes.append(say("holes={holes} has no effect: no disk is written.", holes=plan.holes.value))
        if plan.grow is Grow.YES:
            notes.append(say("grow={grow} has no effect: no disk is written.", grow=plan.grow.value))
        return tuple(notes)
    if plan.role is not Role.SEND or plan.target.disk.sector_size:
        return ()
    try:
        with reading(plan.target.path) as fd:
            notes = [of_image(plan.target.path, manifest_of(lambda offset, count: os.pread(fd, count, offset)))]
    except (LauncherError, NotWhole, OSError):
        return ()
    if not plan.used:
        notes.append(say("used=no has no effect: an image has what was in use when it was made."))
    return tuple(notes)
