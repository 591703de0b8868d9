"""nbdkit's plugin for a stored image: its disk, read-only. nbdkit runs this file by its path, in a process of its own.

nbdkit python nbd_plugin.py root=DIRECTORY place=DIRECTORY fd=NUMBER

`root` is where the package `launcher` lies, `fd` the open image; by `place` the process is found (`mounting`). All is
opened and imported before nbdkit gives up its rights (--user), so that what is in the image is unpacked without any.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

API_VERSION = 2

_reader: Any = None


def config(key: str, value: str) -> None:
    """A parameter of the command line."""
    global _reader  # noqa: PLW0603 - nbdkit calls the functions of a module
    if key == "root":
        sys.path.insert(0, value)
    elif key == "fd":
        _reader = importlib.import_module("launcher.images.reader").Reader(int(value))
    elif key != "place":
        raise ValueError(f"{key} is no parameter")


def config_complete() -> None:
    """All parameters are there."""
    if _reader is None:
        raise ValueError("fd= is missing")


def thread_model() -> int:
    """One request at a time."""
    return int(importlib.import_module("nbdkit").THREAD_MODEL_SERIALIZE_ALL_REQUESTS)


def open(readonly: bool) -> object:
    """A client."""
    return _reader


def get_size(handle: Any) -> int:
    """Of the disk, in bytes."""
    return int(handle.length)


def pread(handle: Any, buffer: bytearray, offset: int, flags: int) -> None:
    """Fill `buffer`. An OSError is the client's error."""
    handle.read_into(memoryview(buffer), offset)
