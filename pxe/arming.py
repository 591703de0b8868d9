"""Who is done, by hand: in a tree that somebody else's server serves, or for a server of ours that runs. The contract:

- `TreeRoom` changes the state of a tree and the files that follow from it, alone in the tree (its lock). The state
  comes first: it is what counts. A command that was killed in between is finished by the next one.
- Files of somebody else stay, and are said.
- What is written is what `tree` would write: the room is remembered from its last run.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path, PurePosixPath

from bootpair.whole import write_whole
from kernel_cmdline import CommandLineError, showable
from kernel_cmdline.network import parse_mac

from .configuration import Configuration, of_machine
from .loaders import LOADERS, OURS
from .record import LockError, Record, locked, read_record, write_record
from .room import Room
from .state import Damaged, Done, State, StateError, change, now, read, replace_damaged

TREE_STATE = ".udpcast-room.json"
"""Who is done in a tree, and the room that it was written for."""


class ArmError(Exception):
    """One sentence (a line each for several): who could not be switched."""


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
        yield parse_mac(text)
    except CommandLineError as error:
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
        return [f"{path} was damaged (kept as {kept.name}): nobody is done"]
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
    """The machines of the tree in `directory`. Raises ArmError where there is none."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._state = directory / TREE_STATE
        if not any((directory / loader.default.parent).is_dir() for loader in LOADERS):
            raise ArmError(f"{directory} is no boot tree: there is no folder {LOADERS[0].default.parent} in it.")

    def state(self) -> State:
        """Raises StateError."""
        return read(self._state)

    def done(self, chosen: Chosen) -> list[str]:
        """Let machines boot their disks from now on. Raises ArmError, StateError."""
        with _said(self._directory), locked(self._directory):
            macs = chosen.macs(self.state())
            foreign = self._foreign(macs)
            added = [Done(mac, now(), "hand") for mac in sorted(macs - foreign.keys())]
            state = change(self._state, lambda state: state.with_done(added))
            self._follow(state, {one.mac for one in added})
        self._complain(foreign)
        return [f"{title(state, one.mac)} is done: boots its disk from now on" for one in added]

    def arm(self, chosen: Chosen) -> list[str]:
        """Let machines boot what the room says. Raises ArmError, StateError."""
        with _said(self._directory), locked(self._directory):
            try:
                before = self.state()
            except Damaged:
                if not chosen.all:
                    raise
                kept = replace_damaged(self._state, State())
                raise ArmError(
                    f"{self._state} was damaged (kept as {kept.name}), and with it what the room is: nobody is done "
                    "now; write the tree again, and its PCs boot the launcher."
                ) from None
            macs = chosen.macs(before)
            foreign = self._foreign(macs & before.macs)
            state = change(self._state, lambda state: state.without(macs))
            self._follow(state, macs - foreign.keys())
        self._complain(foreign)
        lines = [f"{title(state, mac)} is armed again" for mac in sorted(before.macs & macs)]
        return [*lines, *_left_alone(state, macs)] or ["nobody of them was done"]

    def _foreign(self, macs: Collection[str]) -> dict[str, Path]:
        """Files of these machines that are not ours, or of which nobody remembers what they were."""
        room = self.state().room
        named = {one.mac for one in room.machines} if room else set()
        found = {}
        for mac in macs:
            for loader in LOADERS:
                path = self._directory / loader.machine(mac)
                text = _text(path)
                if text is not None and (not text.startswith(OURS) or (mac not in named and text != loader.disk)):
                    found[mac] = path
        return found

    def _complain(self, foreign: dict[str, Path]) -> None:
        if foreign:
            raise ArmError(
                "\n".join(
                    f"{path} is not ours, or of an older run, and was left as it is: {mac} boots what it says. Write "
                    "the tree again, or take that file away."
                    for mac, path in sorted(foreign.items())
                )
            )

    def _follow(self, state: State, macs: Collection[str]) -> None:
        """Write the files of `macs`, and of whom a killed command has left behind."""
        room = state.room or Room()
        wanted = {
            one.path: one for mac in {*macs, *state.macs, *_all(room)} for one in of_machine(room, mac, state.macs)
        }
        record = read_record(self._directory)
        files = dict(record.files)
        for path in self._to_write(wanted, macs):
            content = wanted[path].text.encode("utf-8", "surrogateescape")
            write_whole(self._directory / path, content)
            files[str(path)] = sha256(content).hexdigest()
        for path in self._to_remove(wanted):
            (self._directory / path).unlink()
            files.pop(str(path), None)
        if not record.is_missing and files != dict(record.files):
            write_record(self._directory, Record(files))

    def _to_write(self, wanted: dict[PurePosixPath, Configuration], macs: Collection[str]) -> list[PurePosixPath]:
        """What is to be switched, or should boot the disk and does not, or the other way round."""
        disks = {loader.disk for loader in LOADERS}
        own = {loader.machine(mac) for loader in LOADERS for mac in macs}
        there = {path: _text(self._directory / path) for path in wanted}
        return [
            path
            for path, one in wanted.items()
            if there[path] != one.text
            and (path in own or ((there[path] in disks) != (one.text in disks) and _is_ours(there[path])))
        ]

    def _to_remove(self, wanted: dict[PurePosixPath, Configuration]) -> list[PurePosixPath]:
        """Files of machines that boot what all boot now."""
        return [
            PurePosixPath(path.relative_to(self._directory))
            for loader in LOADERS
            for path in sorted((self._directory / loader.default.parent).iterdir())
            if _text(path) == loader.disk
            and PurePosixPath(path.relative_to(self._directory)) not in {*wanted, loader.default}
        ]


@contextlib.contextmanager
def _said(directory: Path) -> Iterator[None]:
    try:
        yield
    except LockError as error:
        raise ArmError(str(error)) from error
    except OSError as error:
        raise ArmError(f"cannot write {error.filename or directory}: {error.strerror}.") from error


def _all(room: Room) -> set[str]:
    return {one.mac for one in room.machines}


def _is_ours(text: str | None) -> bool:
    return text is None or text.startswith(OURS)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return None
    except IsADirectoryError:
        return ""


@contextlib.contextmanager
def remembering(directory: Path, room: Room) -> Iterator[frozenset[str]]:
    """Around the writing of a tree: who is done in it; behind it the room is remembered.

    Raises StateError, ArmError.
    """
    alone = locked(directory) if directory.exists() else contextlib.nullcontext()
    with _said(directory), alone:
        yield read(directory / TREE_STATE).macs
        change(directory / TREE_STATE, lambda state: replace(state, room=room))
