"""Who is done, by hand: in a tree that somebody else's server serves, or for a server of ours that runs. The contract:

- `TreeRoom` changes the state of a tree and the files that follow from it, alone in the tree (its lock). The state
  comes first: it is what counts. A command that was killed in between is finished by the next one.
- Files of somebody else stay, and are said.
- What is written is what `tree` would write: the room is remembered from its last run.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from initrd.pair.lock import PATIENCE
from initrd.pair.switch import Change, SourceError, recover, switch
from kernel_cmdline import showable

from ..entries.configuration import of_machine
from ..entries.loaders import LOADERS
from ..entries.room import Room, RoomError, mac_of
from ..tree.record import RECORD, LockError, Record, digest, locked
from ..tree.standing import Standing, backup_name, tenants
from .state import Damaged, Done, State, StateError, change, content, now, read, replace_damaged

TREE_STATE = ".udpcast-room.json"
"""Who is done in a tree, and the room that it was written for."""


class ArmError(Exception):
    """One sentence (a line each for several): who could not be switched. `lines` are about those who were."""

    def __init__(self, sentence: str, lines: Sequence[str] = ()) -> None:
        super().__init__(sentence)
        self.lines = tuple(lines)


class TreeBusy(ArmError):
    """Somebody else is writing in the tree."""


@dataclass(frozen=True)
class Chosen:
    """Whom a command is for: MAC addresses or names, groups, or all."""

    machines: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    all: bool = False

    def __bool__(self) -> bool:
        return bool(self.machines or self.groups or self.all)

    def macs(self, state: State) -> frozenset[str]:
        """Raises ArmError for who is nobody."""
        room = state.room or Room()
        if self.all:
            return state.macs | {one.mac for one in room.machines}
        found = {mac for text in self.machines for mac in _macs(text, room)}
        groups = {one.group for one in room.machines if one.group}
        for name in self.groups:
            if name not in groups:
                there = ", ".join(sorted(groups)) or "none"
                raise ArmError(f'there is no group "{showable(name)}": the groups are {showable(there)}.')
            found |= {one.mac for one in room.machines if one.group == name}
        return frozenset(found)


def _macs(text: str, room: Room) -> Iterator[str]:
    named = [one.mac for one in room.machines if one.name and one.name.lower() == text.lower()]
    if named:
        yield from named
        return
    try:
        yield mac_of(text)
    except RoomError as error:
        raise ArmError(f'"{showable(text)}" is no MAC address, and no machine of the room has this name.') from error


def arm(path: Path, chosen: Chosen) -> list[str]:
    """Arm machines in the state of a server; a line for each that was done. Raises StateError, ArmError."""
    if not path.exists():
        raise StateError(f"{path} does not exist: no server has kept there who is done.")
    lines: list[str] = []

    def without(state: State) -> State:
        macs = chosen.macs(state)
        lines[:] = [f"{title(state, mac)} is armed again" for mac in sorted(state.macs & macs)]
        lines.extend(_left_alone(state, macs))
        return state.without(macs)

    try:
        change(path, without)
    except Damaged:
        if not chosen.all:
            raise
        kept = replace_damaged(path, State())
        return [f"{path} was damaged (kept as {kept.name}): nobody is done, and who is armed is cloned again"]
    return lines or ["nobody of them was done"]


def _left_alone(state: State, macs: Collection[str]) -> Iterator[str]:
    """Who boots his disk all the same."""
    for one in state.room.machines if state.room else ():
        if one.mac in macs and not one.armed:
            yield f"{showable(one.title)} boots its disk all the same: the room says that it is not armed"


def title(state: State, mac: str) -> str:
    """What a machine is called in a sentence."""
    named = (one.title for one in state.room.machines if one.mac == mac) if state.room else iter(())
    return showable(next(named, mac))


class TreeRoom:
    """The machines of the tree in `directory`; others who write there are waited for so many seconds.

    Raises ArmError where there is none.
    """

    def __init__(self, directory: Path, wait: float = PATIENCE) -> None:
        self._directory, self._wait = directory, wait
        self._state = directory / TREE_STATE
        self._loaders = [loader for loader in LOADERS if loader.reads_in(directory)]
        if not self._loaders:
            raise ArmError(f"{directory} is no boot tree: there is no {LOADERS[0].default} in it.")

    def state(self) -> State:
        """Raises StateError."""
        return read(self._state)

    def mend(self) -> list[str]:
        """Finish or undo what a killed run has left; sentences that tell it. Raises ArmError."""
        with _said(self._directory), locked(self._directory, self._wait):
            return [*recover(self._directory)]

    def token(self) -> str:
        """What a report must bring; made once. Raises StateError."""
        return change(self._state, State.with_token).token

    def done(self, chosen: Chosen, roles: Mapping[str, str] = MappingProxyType({})) -> list[str]:
        """Let machines boot their disks from now on; a line for each, and for what else was done.

        `roles`: in which ones they have told a success, of those that have. Raises ArmError, StateError.
        """
        with _said(self._directory), locked(self._directory, self._wait):
            notes = [*recover(self._directory)]
            macs = chosen.macs(self.state())
            strange = self._strange(macs)
            added = [Done(mac, now(), roles.get(mac, "hand")) for mac in sorted(macs - strange.keys())]
            state = change(self._state, lambda state: state.with_done(added))
            notes += self._follow(state, {one.mac for one in added})
        notes += [f"{title(state, one.mac)} is done: boots its disk from now on{_doubt(state, one)}" for one in added]
        _complain(strange, notes)
        return notes

    def arm(self, chosen: Chosen) -> list[str]:
        """Let machines boot what the room says. Raises ArmError, StateError."""
        with _said(self._directory), locked(self._directory, self._wait):
            notes = [*recover(self._directory)]
            before = self._known(chosen)
            macs = chosen.macs(before)
            strange = self._strange(macs & before.macs)
            state = change(self._state, lambda state: state.without(macs))
            notes += self._follow(state, macs - strange.keys())
        lines = [f"{title(state, mac)} is armed again" for mac in sorted(before.macs & macs - strange.keys())]
        lines = [*notes, *lines, *_left_alone(state, macs)]
        _complain(strange, lines)
        return lines or ["nobody of them was done"]

    def _known(self, chosen: Chosen) -> State:
        try:
            return self.state()
        except Damaged:
            if not chosen.all:
                raise
            kept = replace_damaged(self._state, State())
            raise ArmError(
                f"{self._state} was damaged (kept as {kept.name}), and with it what the room is: nobody is done now; "
                "write the tree again, and its PCs boot the launcher."
            ) from None

    def _strange(self, macs: Collection[str]) -> dict[str, Path]:
        """Files of these machines that are not ours, or of which nobody remembers what they were."""
        room, there = self.state().room, tenants(self._directory)
        named = {one.mac for one in room.machines} if room else set()
        found = {}
        for mac in macs:
            for loader in self._loaders:
                name = str(loader.machine(mac))
                standing = there.standing(name, _sha256(loader.disk))
                forgotten = mac not in named and standing not in (Standing.ABSENT, Standing.SAME)
                if forgotten or standing in (Standing.FOREIGN, Standing.NO_FILE):
                    found[mac] = self._directory / name
        return found

    def _follow(self, state: State, macs: Collection[str]) -> list[str]:
        """Write the files of `macs`, and of whom a killed command has left behind; what else was done, in sentences."""
        there, room = tenants(self._directory), state.room or Room()
        all_of_them = {*macs, *state.macs, *(one.mac for one in room.machines)}
        configs = (one for mac in all_of_them for one in of_machine(room, mac, state.macs, self._loaders))
        wanted = {str(one.path): one.text for one in configs}
        asked = {str(loader.machine(mac)) for loader in self._loaders for mac in macs}
        disk = {_sha256(loader.disk) for loader in self._loaders}
        files, changes, notes = dict(there.record.files), list[Change](), list[str]()
        for name, text in wanted.items():
            standing, found = there.standing(name, _sha256(text)), digest(self._directory / name)
            is_behind = (found in disk) != (_sha256(text) in disk)
            if standing in _OURS and (name in asked or (is_behind and standing is not Standing.EDITED)):
                kept = backup_name(self._directory, name) if standing is Standing.EDITED else None
                notes += [f"{name} was changed by hand: it is kept as {kept}."] if kept else []
                changes.append(Change(name, text.encode("utf-8", "surrogateescape"), _sha256(text), kept, found))
                files[name] = _sha256(text)
        for name in self._for_nobody(wanted, disk):
            changes.append(Change(name, None))
            files.pop(name, None)
        if not there.record.is_missing and files != dict(there.record.files):
            changes.append(Change(RECORD, Record(files).to_json().encode("utf-8", "surrogateescape")))
        if changes:
            switch(self._directory, changes)
        return notes

    def _for_nobody(self, wanted: Collection[str], disk: Collection[str]) -> list[str]:
        """Files that boot the disk of a machine that boots what all boot now."""
        defaults = {str(path) for loader in self._loaders for path in (loader.default, *loader.shared)}
        return [
            name
            for folder in sorted({loader.folder for loader in self._loaders})
            for path in sorted((self._directory / folder).iterdir())
            if (name := str(folder / path.name)) not in {*wanted, *defaults}
            and not path.name.startswith(".")
            and digest(path) in disk
        ]


def _doubt(state: State, one: Done) -> str:
    """Who is not one of a room that names its machines: mistyped, or somebody else's PC."""
    if not state.room or not state.room.machines or any(there.mac == one.mac for there in state.room.machines):
        return ""
    return " (not one of the room: is the address right?)" if one.result == "hand" else " (not one of the room)"


_OURS = (Standing.ABSENT, Standing.OURS, Standing.EDITED)
"""What may be replaced: nothing is lost by it."""


def _complain(strange: dict[str, Path], lines: Sequence[str]) -> None:
    if strange:
        raise ArmError(
            "\n".join(
                f"{path} is not ours, or of an older run, and was left as it is: {mac} boots what it says. Write the "
                "tree again, or take that file away."
                for mac, path in sorted(strange.items())
            ),
            lines,
        )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


@contextlib.contextmanager
def _said(directory: Path) -> Iterator[None]:
    try:
        yield
    except (LockError, SourceError) as error:
        raise TreeBusy(str(error)) from error
    except OSError as error:
        raise ArmError(f"cannot write {error.filename or directory}: {error.strerror}.") from error


@dataclass(frozen=True)
class Memory:
    """Who is `done` in a tree, and the `change` by which a room is remembered there."""

    done: frozenset[str]
    change: Change


@contextlib.contextmanager
def remembering(directory: Path, pair: Path, room: Room) -> Iterator[Memory]:
    """Around the writing of a tree for `room`, which is remembered by the same switch: the lines of a room that is gone
    would come back otherwise, where a run ends between the two.

    Raises StateError, ArmError.
    """
    with _said(directory), contextlib.ExitStack() as alone:
        for folder in (pair, directory):  # in the order in which the tree's writer takes them
            if folder.is_dir():
                alone.enter_context(locked(folder))
        state = read(directory / TREE_STATE)
        text = content(replace(state, room=room))
        yield Memory(state.macs, Change(TREE_STATE, text, hashlib.sha256(text).hexdigest()))
