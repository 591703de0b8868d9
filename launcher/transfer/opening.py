"""Opening a disk, which may take long: even open(2) waits for a disk that is being reset."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from ..datapath.block_device import no_answer
from ..errors import ErrorKind, TransferFailed
from ..model.times import Times
from ..sentence import say
from .owner import Cancel, Message, Owner
from .supervisor import Ended, Said


class Disk(Protocol):
    """Something that is open."""

    def close(self) -> None: ...


D = TypeVar("D", bound=Disk)


def opened(kind: Callable[[str, Times], D], path: str, owner: Owner, times: Times) -> D | None:
    """The disk at `path` as a `kind`; None when the transfer is cancelled meanwhile. One that opens later is closed
    again, with all that the owner has open.

    Raises what `kind` raises, and TransferFailed when the disk does not answer within `Times.patience`.
    """
    opening = owner.start("open", lambda: kind(path, times), close=lambda disk: disk.close())
    end = time.monotonic() + times.patience
    others: list[Message | Said | Ended] = []
    while not opening.over:
        others += owner.wait()
        if any(isinstance(message, Cancel) for message in others):
            return None
        if time.monotonic() > end and not opening.over:
            sentence = say("{path} cannot be opened: {error}.", path=path, error=no_answer(times.patience))
            hint = say("Check the disk and its cable, then restart this PC.")
            raise TransferFailed(ErrorKind.DISK_HANGS, sentence, hint)
    owner.put_back(others)
    return opening.result()
