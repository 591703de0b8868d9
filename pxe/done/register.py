"""Who is done, while a server runs: what machines report is kept, and their files are switched. The contract:

- A machine that reports a success is kept in the state, on the disk, before `keep` is true; then its files boot its
  disk. Nothing but such a report makes it done.
- What another command changes in the state is seen within `LOOK` seconds: a machine that is armed boots the launcher.
- Of a state that is damaged or gone, this server goes on with what it knows, and says so: nobody is armed by accident,
  and the next report mends it.
- What cannot be kept or written is said once, and tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

from initrd.pair.whole import MODE

from ..entries.configuration import of_machine
from ..entries.loaders import LOADERS
from ..entries.room import Room
from ..server.clients import ClientEvent
from .results import Report
from .state import Busy, Damaged, Done, State, StateError, change, now, read, real, replace_damaged

LOOK = 1.0
"""Seconds between two looks at the state."""

ROLES = {"rcv": "receiver", "snd": "sender"}

Show = Callable[[ClientEvent], None]
Say = Callable[[str], None]


class Register:
    """One room's, on the loop's thread. Raises StateError where it cannot be begun."""

    def __init__(self, path: Path, room: Room) -> None:
        """`room` is what the administrator wrote: it is remembered for who arms a group of it."""
        self.path = real(path)
        self._room = room
        self._state = change(self.path, lambda state: replace(state.with_token(), room=room))
        self._tree: Path | None = None
        self._show: Show = lambda _: None
        self._say: Say = lambda _: None
        self._behind: set[str] = set()  # whose files could not be written yet
        self._seen = self._signature()
        self._said = ""  # the last trouble, which is said once

    @property
    def state(self) -> State:
        return self._state

    def hang_on(self, tree: Path, room: Room, show: Show, say: Say) -> None:
        """From now on the files below `tree` follow; `room` is the one that they were written for."""
        self._tree, self._room, self._show, self._say = tree, room, show, say

    def keep(self, reports: Sequence[Report]) -> bool:
        """Keep who reports a success, and switch him; False: not yet, ask again."""
        new = {one.mac: one for one in reports if one.ok and one.mac not in self._state.macs}
        if new:
            added = [Done(mac, now(), one.role) for mac, one in new.items()]
            try:
                self._take(self._changed(added))
            except Busy:
                return False
            except StateError as error:
                self._trouble(f"{error} Who reports a success is not done yet, and may be cloned again.")
                return False
        for one in reports:
            self._show(ClientEvent(one.mac, one.address, self._told(one)))
        if new and (armed := {one.mac for one in self._room.machines if one.armed}):
            done = len(armed & self._state.macs)
            self._say(f"{'all' if done == len(armed) else done} of the room's {len(armed)} machines are done")
        return True

    def _changed(self, added: Sequence[Done]) -> State:
        try:
            return change(self.path, lambda state: state.with_done(added), wait=0)
        except Damaged:
            state = self._state.with_done(added)
            kept = replace_damaged(self.path, state, wait=0)
            self._trouble(
                f"{self.path} was damaged (kept as {kept.name}), and is written anew from what is known here."
            )
            return state

    def look(self) -> None:
        """See what another command has changed, and write what could not be written before."""
        signature = self._signature()
        if signature == self._seen and not self._behind:
            return
        try:
            if signature is None:
                change(self.path, lambda _: self._state, wait=0)
                self._trouble(f"{self.path} was removed, and is written again: who is done stays so until he is armed.")
            else:
                self._take(read(self.path))
            self._seen = self._signature()
        except Busy:
            return
        except StateError as error:
            self._seen = signature
            self._trouble(f"{error} As long as this server runs, it goes on with what it knows.")

    def _take(self, state: State) -> None:
        """`state` is what counts now: switch whose files it changes."""
        changed = (self._state.macs ^ state.macs) | self._behind
        armed = self._state.macs - state.macs
        self._state, self._seen = state, self._signature()
        self._behind = set()
        for mac in sorted(changed):
            try:
                self._write(mac)
            except OSError as error:
                self._behind.add(mac)
                self._trouble(f"{error.filename or self._tree} cannot be written: {error.strerror}; tried again.")
        for mac in sorted(armed - self._behind):
            self._show(ClientEvent(mac, "", f"{self._name(mac)}is armed: {self._armed(mac)}"))

    def _write(self, mac: str) -> None:
        if self._tree is None:
            return
        loaders = [loader for loader in LOADERS if loader.reads_in(self._tree)]
        files = of_machine(self._room, mac, self._state.macs, loaders)
        for one in files:
            _put(self._tree / one.path, one.text.encode("utf-8", "surrogateescape"))
        for path in {loader.machine(mac) for loader in loaders} - {one.path for one in files}:
            (self._tree / path).unlink(missing_ok=True)

    def _told(self, report: Report) -> str:
        role, name = ROLES[report.role], self._name(report.mac)
        if report.ok:
            return f"{name}is done ({role}): boots its disk from now on"
        if report.mac in self._state.macs:
            return f"{name}reports a failure ({role}); it was done before, and boots its disk"
        return f"{name}reports a failure ({role}): stays armed"

    def _name(self, mac: str) -> str:
        named = next((one.name for one in self._room.machines if one.mac == mac), "")
        return f"{named} " if named else ""

    def _armed(self, mac: str) -> str:
        if any(one.mac == mac and not one.armed for one in self._room.machines):
            return "but the room says that it boots its disk"
        return "boots the launcher from now on"

    def _signature(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size

    def _trouble(self, sentence: str) -> None:
        if sentence != self._said:
            self._said = sentence
            self._say(f"warning: {sentence}")


def _put(path: Path, content: bytes) -> None:
    """Whole or not at all, for who loads it now; not synced, for these files end with the server."""
    new = path.with_name(f".{path.name}.new")
    new.write_bytes(content)
    new.chmod(MODE)
    new.replace(path)


def who_is_done(state: State, macs: Collection[str] | None = None) -> list[str]:
    """A line for each machine that is done (and in `macs`): name, card, since when, by which word."""
    names = {one.mac: one.title for one in state.room.machines} if state.room else {}
    words = {**ROLES, "hand": "said by hand"}
    return [
        f"{names.get(one.mac, one.mac)} is done since {one.when} ({words.get(one.result, one.result)})"
        for one in state.done
        if macs is None or one.mac in macs
    ]
