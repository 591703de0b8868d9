"""Whether a stored image is whole: all of it unpacked, and its digest held against the disk's that it was made of."""

from __future__ import annotations

from dataclasses import dataclass

from ..datapath.stored_check import read_all
from ..datapath.stored_stream import StoredSource
from ..errors import ErrorKind, TransferFailed
from ..model.wording import part_of, size
from ..sentence import Sentence, say
from .opening import reading


@dataclass(frozen=True)
class Result:
    """Whether it is `whole`, and the sentence that says so."""

    whole: bool
    sentence: Sentence


def check(file: str) -> Result:
    """Read all of the image `file`. Raises LauncherError where it is none, or cannot be read."""
    with reading(file):
        pass
    try:
        source = StoredSource(file)
    except TransferFailed as error:
        if error.kind is not ErrorKind.SOURCE_REFUSED:
            raise
        return Result(False, error.sentence)
    try:
        found = read_all(source, lambda count, holes: None)
    finally:
        source.close()
    if found.wrong:
        return Result(False, say("{path} is damaged: {why}.", path=file, why=found.wrong))
    manifest = source.stored.manifest
    used = manifest.length if manifest.used is None else manifest.used
    return Result(
        True,
        say(
            "{path} is whole: {used} used, in {size}; its digest is the disk's, {digest}.",
            path=file,
            used=part_of(used, manifest.length),
            size=size(source.stored.size),
            digest=found.digest,
        ),
    )
