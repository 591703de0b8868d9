"""One program at a time in a directory."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from initrd.pair.lock import LockError, locked


def is_free(directory: Path) -> bool:
    handle = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True


def test_one_at_a_time_and_nothing_is_left(tmp_path: Path) -> None:
    other = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)  # as another process has it: a lock belongs to the opened file
    told = pytest.raises(LockError, match=f"is writing in {tmp_path}, and has not ended within 0 s")
    with told, locked(tmp_path, patience=0):
        pass
    os.close(other)
    with locked(tmp_path, patience=0):
        assert not is_free(tmp_path)
    assert is_free(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_it_may_be_asked_for_again_within(tmp_path: Path) -> None:
    with locked(tmp_path):
        with locked(tmp_path / ".", patience=0):
            pass
        assert not is_free(tmp_path)
    assert is_free(tmp_path)


def test_no_directory_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), locked(tmp_path / "none"):
        pass
