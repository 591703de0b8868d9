"""Several files of a directory are replaced together: as nearly at once as names can change, and never by halves.

    1. a journal says what is going to be done               killed from here on: undone by the next run
    2. all new files are copied beside the old ones, and are on the disk
    3. the journal says that the names change                killed from here on: finished by the next run
    4. the names change, one rename after the other; old files are kept under a second name until all is done
    5. the second names go (or become the backup that was asked for), then the journal

An error in 2 to 4 undoes everything (killed in that: undone by the next run). Who calls these functions holds the lock
of the directory. Nothing is written into a file that is there, so other names of it (hard links), and clients that are
loading it, keep what they have.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from .digest import digest
from .whole import MODE, sync_folder, write_whole

JOURNAL = ".udpcast-switch.json"
COPYING, SWITCHING, UNDOING = "copying", "switching", "undoing"
FORMAT = 1


class SourceError(Exception):
    """One sentence: a file that was to be copied cannot be, or a file is another one by now."""


@dataclass(frozen=True)
class Change:
    """The file `target` (a path below the directory) gets `content`, a file's or these bytes; None: it is removed.

    `sha256`: what the content must be, if that is known. `backup`: the path that what is at `target` now is kept under.
    `before`: the SHA-256 of what was decided about (None: of no file), "" where it may be anything.
    """

    target: str
    content: bytes | Path | None
    sha256: str | None = None
    backup: str | None = None
    before: str | None = ""


@dataclass(frozen=True)
class _Step:
    """A change in the journal: `new` is the copy, `old` the second name of what was there, `before` its SHA-256."""

    target: str
    new: str | None
    old: str
    sha256: str | None
    before: str | None
    backup: str | None


def switch(folder: Path, changes: Sequence[Change]) -> None:
    """Make all changes, or none. Raises SourceError, and OSError that names a target."""
    token = secrets.token_hex(4)
    steps = tuple(_step(change, f"{token}{number}") for number, change in enumerate(changes))
    state = COPYING
    try:
        _write_journal(folder, COPYING, steps)
        steps = tuple(_prepare(folder, step, change) for step, change in zip(steps, changes, strict=True))
        _sync(folder, steps)
        _look_again(folder, steps)
        _write_journal(folder, SWITCHING, steps)
        state = SWITCHING
        for step in steps:
            _carry_out(folder, step)
    except BaseException:
        _undo(folder, steps, state)
        raise
    _clear_away(folder, steps)


def recover(folder: Path) -> tuple[str, ...]:
    """Finish or undo what an earlier run left in the middle; returns sentences that tell it.

    Raises OSError, and SourceError for what only a newer version can finish.
    """
    for stray in folder.glob(f".{JOURNAL}.*"):
        stray.unlink()
    try:
        text = (folder / JOURNAL).read_bytes()
    except FileNotFoundError:
        return ()
    state, steps = _read_journal(text)
    if state == SWITCHING:
        for step in steps:
            _finish(folder, step)
        _clear_away(folder, steps)
        return (f"an earlier run was interrupted while it replaced files in {folder}: that was finished now.",)
    _take_back(folder, steps, state)
    return (
        f"an earlier run was interrupted while it copied to {folder}: its copies were removed, nothing has changed.",
    )


def _step(change: Change, token: str) -> _Step:
    name = PurePosixPath(change.target)
    new, old = (str(name.with_name(f".{name.name}.udpcast-{kind}-{token}")) for kind in ("new", "old"))
    is_removal = change.content is None
    return _Step(change.target, None if is_removal else new, old, change.sha256, None, change.backup)


def _prepare(folder: Path, step: _Step, change: Change) -> _Step:
    """Copy what is new, and give what is old its second name."""
    found = change.sha256
    with _named(folder / step.target):
        if change.content is not None and step.new is not None:
            with open(folder / step.new, "xb") as file:  # noqa: PTH123
                found = _copy(change.content, file)
                file.flush()
                os.fchmod(file.fileno(), MODE)
                os.fsync(file.fileno())
        if change.sha256 not in (None, found):
            raise SourceError(f"{change.content!s} was changed while it was read: try again.")
        target = folder / step.target
        if os.path.lexists(target):
            _second_name(target, folder / step.old, is_needed=step.backup is not None)
        before = digest(target)
        if change.before not in ("", before):
            raise _changed(target)
        return _Step(step.target, step.new, step.old, found, before, step.backup)


def _look_again(folder: Path, steps: Sequence[_Step]) -> None:
    """Copying takes its time; what somebody writes meanwhile, who knows nothing of the lock, is not to be lost."""
    for step in steps:
        if digest(folder / step.target) != step.before:
            raise _changed(folder / step.target)


def _changed(target: Path) -> SourceError:
    return SourceError(f"{target} was changed by somebody else at the same time: nothing was changed; try again.")


def _copy(content: bytes | Path, file: BinaryIO) -> str:
    """Write the content; returns its SHA-256."""
    sha256 = hashlib.sha256()
    for block in _blocks(content):
        sha256.update(block)
        file.write(block)
    return sha256.hexdigest()


def _blocks(content: bytes | Path) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    try:
        source = content.open("rb")
    except OSError as error:
        raise SourceError(f"cannot read {content}: {error.strerror}.") from error
    with source:
        while True:
            try:
                block = source.read(1 << 20)
            except OSError as error:
                raise SourceError(f"cannot read {content}: {error.strerror}.") from error
            if not block:
                return
            yield block


def _second_name(target: Path, old: Path, *, is_needed: bool) -> None:
    """By a hard link, else by a copy where it is to be kept."""
    try:
        os.link(target, old, follow_symlinks=False)
    except OSError:
        if is_needed:
            shutil.copy2(target, old, follow_symlinks=False)


def _carry_out(folder: Path, step: _Step) -> None:
    with _named(folder / step.target):
        if step.new is None:
            (folder / step.target).unlink()
        else:
            (folder / step.new).replace(folder / step.target)


def _finish(folder: Path, step: _Step) -> None:
    """A step whose name may have changed before the interruption; what somebody else put there since then stays."""
    is_as_before = digest(folder / step.target) == step.before
    if step.new is None:
        if is_as_before and os.path.lexists(folder / step.target):
            _carry_out(folder, step)
    elif is_as_before and digest(folder / step.new) == step.sha256:
        _carry_out(folder, step)


def _undo(folder: Path, steps: Sequence[_Step], state: str) -> None:
    """Give everything its old name again. Where that fails, the next run does what the journal says; it finishes where
    an old file has no second name (there are file systems without hard links) and is gone."""
    with contextlib.suppress(OSError):
        if state == SWITCHING:
            if not all(_can_come_back(folder, step) for step in steps):
                return
            _write_journal(folder, UNDOING, steps)
        _take_back(folder, steps, UNDOING if state == SWITCHING else COPYING)


def _can_come_back(folder: Path, step: _Step) -> bool:
    return step.before is None or os.path.lexists(folder / step.old) or digest(folder / step.target) == step.before


def _take_back(folder: Path, steps: Sequence[_Step], state: str) -> None:
    for step in steps:
        if state == UNDOING:
            _give_back(folder, step)
        _remove(folder, step.old)
    _clear_away(folder, steps)


def _give_back(folder: Path, step: _Step) -> None:
    """What somebody else put there meanwhile stays."""
    target, old = folder / step.target, folder / step.old
    if os.path.lexists(old):
        if digest(target) in (None, step.sha256, step.before):
            old.replace(target)
    elif step.before is None and step.new is not None and digest(target) == step.sha256:
        target.unlink()


def _clear_away(folder: Path, steps: Sequence[_Step]) -> None:
    """Turn second names into backups, remove what is left beside the targets, and at last the journal."""
    for step in steps:
        if step.backup is not None and os.path.lexists(folder / step.old):
            (folder / step.old).replace(folder / step.backup)
        _remove(folder, step.old)
        _remove(folder, step.new)
    _sync(folder, steps)
    _remove(folder, JOURNAL)
    sync_folder(folder)


def _remove(folder: Path, name: str | None) -> None:
    if name is not None:
        (folder / name).unlink(missing_ok=True)


def _sync(folder: Path, steps: Sequence[_Step]) -> None:
    for parent in {(folder / step.target).parent for step in steps}:
        if parent.is_dir():
            sync_folder(parent)


@contextlib.contextmanager
def _named(target: Path) -> Iterator[None]:
    """Let errors name the file that was to be written, not what it is called meanwhile."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(target)) from error


def _write_journal(folder: Path, state: str, steps: Sequence[_Step]) -> None:
    value = {"format": FORMAT, "state": state, "steps": [asdict(step) for step in steps]}
    with _named(folder):
        write_whole(folder / JOURNAL, json.dumps(value).encode("utf-8", "surrogateescape"))


def _read_journal(text: bytes) -> tuple[str, tuple[_Step, ...]]:
    """What is no journal of ours is an interruption before the first copy."""
    try:
        value = json.loads(text)
        if isinstance(value, dict) and isinstance(value.get("format"), int) and value["format"] > FORMAT:
            raise SourceError(
                f"{JOURNAL} is there, of a newer version that was interrupted: run that one's command again first."
            )
        steps = tuple(_Step(**step) for step in value["steps"])
        names = [name for step in steps for name in (step.target, step.new, step.old, step.backup) if name is not None]
        if value["format"] == FORMAT and all(map(is_below, names)):
            return str(value["state"]), steps
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    return COPYING, ()


def is_below(name: str) -> bool:
    """Whether this path leads nowhere but below the folder that it is relative to."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts
