"""Drivers and firmware that lie compressed on this machine: what they are without that."""

from __future__ import annotations

import gzip
import lzma
import zlib
from pathlib import Path

from .errors import BuildError
from .run import run


def read(path: Path, work: Path) -> bytes:
    """The file without its compression; zstd, which Python 3.11 does not have, uses a file below `work`.

    Raises OSError, and BuildError for one that is damaged, or a driver in a form that no kernel's Makefile makes.
    """
    what = f"the driver {path.name}" if ".ko" in path.name else f"the firmware {path.name}"
    try:
        match path.suffix:
            case ".xz":
                return lzma.decompress(path.read_bytes())
            case ".gz":
                return gzip.decompress(path.read_bytes())
            case ".zst":
                return _from_zstd(path, work)
    except (lzma.LZMAError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BuildError(f"{what} is damaged: {error}; install its package anew", 2) from error
    if ".ko." in path.name:
        raise BuildError(f"{what} is packed in an unknown form; .xz, .gz and .zst are known", 2)
    return path.read_bytes()


def _from_zstd(path: Path, work: Path) -> bytes:
    plain = work / f"{path.name}.plain"
    run(["zstd", "-d", "-q", "-f", path, "-o", plain])
    data = plain.read_bytes()
    plain.unlink()
    return data
