"""Which files a client has really loaded. Pure: it is told what was heard on the wire, and what dnsmasq says.

dnsmasq says "sent FILE" also when a client took only the answer to its options, be it that it asked for the size
(firmware does, and then asks once more), be it that it fell silent (about 57 s later; measured, 2.90, and src/tftp.c).
The proof is the client's acknowledgement of data.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import chain

from .hearing import Answered, Heard, Lost, Read, Took

PATIENCE = 4.0
"""Seconds in which a question by TFTP is answered, however many transfers there are."""

FORGOTTEN = 600.0
"""Seconds after which a transfer is forgotten of which dnsmasq says nothing."""


MOST = 4096
"""Transfers that are kept, the last ones: whoever asks without end fills neither memory nor time."""


class Ending(Enum):
    """How dnsmasq's transfer really ended."""

    LOADED = "loaded"
    STOPPED = "stopped by the client on the way"
    SIZE = "only its size was wanted, or it was asked for twice"
    SILENT = "asked for, and nothing of it was taken"


@dataclass(eq=False)
class _Transfer:
    address: str
    port: int
    name: str
    since: float
    answered: bool = False
    took: bool | None = False  # None: cannot be told
    told: bool = False


class Transfers:
    """The transfers of all clients. Without `hears` dnsmasq is believed."""

    def __init__(self, *, hears: bool = False) -> None:
        self._hears = hears
        self._open: dict[tuple[str, int], list[_Transfer]] = {}  # the oldest first; a client may use one port for all
        self._size = 0
        self._loaded: set[tuple[str, str]] = set()
        self._aborting: set[str] = set()

    def hear(self, heard: Heard, now: float) -> None:
        if isinstance(heard, Lost):
            self._open, self._size = {}, 0  # of what is not known, dnsmasq is believed
        elif isinstance(heard, Read):
            last = self._last(heard.address, heard.port)
            if last is None or last.answered or last.name != heard.name:  # else it heard no answer, and asks once more
                self._add(_Transfer(heard.address, heard.port, heard.name, now))
                self._loaded.discard((heard.address, heard.name))
        elif isinstance(heard, Took | Answered) and (last := self._last(heard.address, heard.port)):
            last.answered = True
            if isinstance(heard, Took):
                last.took = True
            elif heard.windows:
                last.took = None

    def abort(self, address: str) -> None:
        """The client has sent an error; dnsmasq says next how that transfer ended."""
        self._aborting.add(address)

    def end(self, address: str, name: str, *, sent: bool) -> Ending:
        """dnsmasq says that it has sent the file, or failed to."""
        aborted = address in self._aborting
        self._aborting.discard(address)
        took = self._close(address, name, aborted)
        if took is None:
            took = not aborted and not (self._hears and (address, name) in self._loaded)
        if took and sent and not aborted:
            self._loaded.add((address, name))
            return Ending.LOADED
        if took or (not sent and not self._hears):
            return Ending.STOPPED
        return Ending.SIZE if aborted or (address, name) in self._loaded else Ending.SILENT

    def refused(self, name: str, address: str = "") -> str:
        """dnsmasq says that it does not give the file; who asked for it, as far as it is known."""
        ours = [each for each in self._all() if each.name == name and address in {"", each.address}]
        for each in ours[-1:]:
            self._remove(each)
            return each.address
        return address

    def unanswered(self, now: float) -> list[tuple[str, str]]:
        """Address and file of what was asked for and not answered, each once."""
        for each in [each for each in self._all() if now - each.since >= FORGOTTEN]:
            self._remove(each)
        late = [each for each in self._all() if not each.answered and not each.told and now - each.since >= PATIENCE]
        for each in late:
            each.told = True
        return [(each.address, each.name) for each in late]

    def _last(self, address: str, port: int) -> _Transfer | None:
        return next(reversed(self._open.get((address, port), [])), None)

    def _all(self) -> list[_Transfer]:
        """The oldest first."""
        return sorted(chain.from_iterable(self._open.values()), key=lambda each: each.since)

    def _add(self, one: _Transfer) -> None:
        if self._size == MOST:
            self._remove(next(iter(self._open.values()))[0])
        self._open.setdefault((one.address, one.port), []).append(one)
        self._size += 1

    def _remove(self, one: _Transfer) -> None:
        same = self._open[one.address, one.port]
        same.remove(one)
        self._size -= 1
        if not same:
            del self._open[one.address, one.port]

    def _close(self, address: str, name: str, aborted: bool) -> bool | None:
        """Forget the transfer that is meant; whether data of it was taken, None when that is not known."""
        ours = [each for each in self._all() if (each.address, each.name) == (address, name)]
        if not ours:
            return None
        # Of several, that one has ended first of which data was taken; an abort is of a question for the size, mostly.
        meant = next((each for each in ours if bool(each.took) != aborted), ours[0])
        self._remove(meant)
        return meant.took
