"""Which machines are done: these have told a success, and boot their disks until they are armed again. The contract:

- One JSON file: who is done, since when and by which word; the word that a report must bring (`token`); and the room as
  it was written last, for who arms a group or gives a machine its own line back.
- It changes whole or not at all, is on the disk when `change` returns, and nobody's change is lost (a lock).
- A file that is not there means: nobody is done. One that cannot be understood is never taken for that, since PCs in
  use would be overwritten then: it is a StateError until somebody arms all machines.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from initrd.pair.lock import LockError, locked
from initrd.pair.whole import write_whole
from kernel_cmdline import CommandLineError, showable
from kernel_cmdline.network import parse_mac

from ..entries.menu import Menu, MenuError, choice_of, choices_of
from ..entries.room import Boot, Machine, Room, RoomError

SERVER_STATE = "udpcast-state.json"
"""The state of a server of ours, unless it is told where."""

_WRONG = (RoomError, MenuError)

VERSION = 1
WAIT = 10.0
"""Seconds for which another writer is waited for."""


class StateError(Exception):
    """One sentence: why nobody knows who is done, and what to do."""


class Damaged(StateError):
    """The file at `path` is there and cannot be understood."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path} is damaged ({why}), so nobody knows which PCs are done and must not be overwritten: put a copy of "
            "it back, or arm all machines, which writes it anew (PCs that were done are then cloned again)."
        )
        self.path = path


class Busy(StateError):
    """Somebody else is writing in that folder."""


@dataclass(frozen=True)
class Done:
    """A machine that is done. `mac` as aa:bb:cc:dd:ee:ff, `when` in UTC (2026-11-28T16:00:00Z), `result`: ``rcv`` or
    ``snd``, the role in which it told a success, or ``hand``: somebody said so."""

    mac: str
    when: str
    result: str


@dataclass(frozen=True)
class State:
    """All that is remembered of one room; at most one `Done` a machine. `room` None: nobody has written one yet."""

    done: tuple[Done, ...] = ()
    token: str = ""
    room: Room | None = None

    @property
    def macs(self) -> frozenset[str]:
        """Who is done."""
        return frozenset(one.mac for one in self.done)

    def with_done(self, added: Collection[Done]) -> State:
        """With these machines done, too; who is done already stays so since then."""
        known = self.macs
        new = {one.mac: one for one in added if one.mac not in known}
        return replace(self, done=(*self.done, *new.values())) if new else self

    def without(self, macs: Collection[str]) -> State:
        """With these machines armed again."""
        return replace(self, done=tuple(one for one in self.done if one.mac not in macs))

    def with_token(self) -> State:
        """With a token: the one that is there, or a new one."""
        return self if self.token else replace(self, token=secrets.token_hex(8))


def now() -> str:
    """The time as `Done.when` has it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def read(path: Path) -> State:
    """What the file says; an empty state where there is none. Raises StateError."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return State()
    except OSError as error:
        raise StateError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        return _from_json(json.loads(text.decode("utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, CommandLineError, *_WRONG) as error:
        raise Damaged(path, showable(str(error))[:80]) from error


def real(path: Path) -> Path:
    """Where the file really is; of links that lead round in a circle, reading says so."""
    return Path(os.path.realpath(path))


def change(path: Path, how: Callable[[State], State], wait: float = WAIT) -> State:
    """Change the file under its lock, and return what it says now. Raises StateError; then it is as it was."""
    path = real(path)
    with _alone(path, wait):
        before = read(path)
        after = how(before)
        if after != before or not path.exists():
            _write(path, after)
        return after


def replace_damaged(path: Path, state: State, wait: float = WAIT) -> Path:
    """Write the file anew, and keep what was there beside it, at the path that is returned. Raises StateError."""
    path = real(path)
    kept = path.with_name(f"{path.name}.damaged")
    with _alone(path, wait):
        with contextlib.suppress(FileNotFoundError):
            path.replace(kept)
        _write(path, state)
    return kept


@contextlib.contextmanager
def _alone(path: Path, wait: float) -> Iterator[None]:
    """Be the only one who writes beside `path`, and let what goes wrong be one sentence."""
    try:
        with locked(path.parent, wait):
            yield
    except LockError as error:
        raise Busy(str(error)) from error
    except FileNotFoundError as error:
        raise StateError(f"{path.parent} does not exist: name a folder that does for {path.name}.") from error
    except OSError as error:
        raise StateError(f"{path} cannot be written: {error.strerror}.") from error


def _write(path: Path, state: State) -> None:
    """Put the state at `path`; the caller holds the lock, so that what a killed writer left belongs to nobody."""
    for left in path.parent.glob(f".{path.name}.????????"):
        left.unlink()
    write_whole(path, content(state))


def content(state: State) -> bytes:
    """What the file of this state holds."""
    return (json.dumps(_to_json(state), indent=1) + "\n").encode("ascii")


def _to_json(state: State) -> dict[str, object]:
    done = {one.mac: {"when": one.when, "result": one.result} for one in state.done}
    room = None if state.room is None else {**asdict(state.room), "default": state.room.default.value}
    return {"version": VERSION, "token": state.token, "done": done, "room": room}


def _from_json(record: Any) -> State:
    version = record["version"]
    if version != VERSION:
        raise ValueError(f"version {version!r} where {VERSION} was expected")
    done = tuple(
        Done(_same(parse_mac(mac), mac), _text(one["when"]), _text(one["result"]))
        for mac, one in record["done"].items()
    )
    return State(done, _text(record["token"]), None if record["room"] is None else _room(record["room"]))


def _room(record: Any) -> Room:
    machines = tuple(
        Machine(**{**one, "mac": _same(parse_mac(one["mac"]), one["mac"]), "menu": _menu(one.get("menu"))})
        for one in _list(record["machines"])
    )
    for one in machines:
        for text in (one.append, one.name, one.group):
            _text(text)
        if not isinstance(one.armed, bool):
            raise ValueError(f"armed is {one.armed!r}")
    if not isinstance(record["timeout"], int | float):
        raise ValueError(f"timeout is {record['timeout']!r}")
    texts = {name: _text(record[name]) for name in ("append", "label")}
    menu, default = _menu(record.get("menu")), Boot(record["default"])
    return Room(**{**record, **texts, "machines": machines, "default": default, "menu": menu})


def _menu(record: Any) -> Menu | None:
    """None in the files of versions that knew no menus."""
    if record is None:
        return None
    if isinstance(record["timeout"], bool) or not isinstance(record["timeout"], int | float):
        raise ValueError(f"timeout is {record['timeout']!r}")
    choices = choices_of(_list(record["choices"]))
    return Menu(choices, choice_of(record["preset"]), record["timeout"], _text(record["lang"]))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} where a text was expected")
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{value!r} where a list was expected")
    return value


def _same(spelt: str, given: str) -> str:
    if spelt != given:
        raise ValueError(f"{given!r} where {spelt!r} was expected")
    return given
