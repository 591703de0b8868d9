"""libzstd, called in this process: one frame from memory to memory, frames from a stream, and what a frame's head says.

Rules, in one place:

* ctypes and ``libzstd.so.1``, which are in the initrd anyway, so no package is needed. python3-zstandard takes the same
  processor time for frames of 1 MiB (side by side with two threads, three runs each: 2.4 to 3.1 against 2.5 to 2.9 s
  a GB), is 130 to 950 KB more, and wants one version of libzstd (Debian 12's 0.20.0: 1.5.4).
* A call gives the interpreter's lock away while it works, so threads compress at the same time.
* A context is one thread's at a time.
* Memory is lent, never kept: a view is looked at during the call alone. What is written to has to be writable.
* What libzstd refuses is a `ZstdError` in its own words; nothing of it is taken for data.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

LIBRARY = "libzstd.so.1"
LEVEL = 1
WINDOW_LOG = 27
"""The largest window that is unpacked: 128 MiB, as zstd(1) has it without ``--long``."""

# zstd.h, unchanged since 1.4.0 (2019)
_LEVEL, _CHECKSUM, _WINDOW_LOG_MAX = 100, 201, 100
_SESSION = 1
_UNKNOWN, _NO_FRAME = 2**64 - 1, 2**64 - 2
_SHORT = 72  # zstd_errors.h: ZSTD_error_srcSize_wrong

Buffer = bytes | memoryview


class ZstdError(Exception):
    """What libzstd says."""


class _Part(ctypes.Structure):
    """ZSTD_inBuffer and ZSTD_outBuffer, which are the same."""

    _fields_ = (("memory", ctypes.c_void_p), ("size", ctypes.c_size_t), ("pos", ctypes.c_size_t))


@dataclass(frozen=True)
class Unpacked:
    """What a call did: `taken` bytes of the stream became `given` bytes. `ended`: that was the end of a frame."""

    taken: int
    given: int
    ended: bool


class Compressor:
    """Makes frames with content size and checksum."""

    def __init__(self, level: int = LEVEL) -> None:
        self._lib = _library()
        self._context = self._lib.ZSTD_createCCtx()
        if not self._context:
            raise MemoryError
        self._checked(self._lib.ZSTD_CCtx_setParameter(self._context, _LEVEL, level))
        self._checked(self._lib.ZSTD_CCtx_setParameter(self._context, _CHECKSUM, 1))

    def frame(self, data: Buffer, out: memoryview) -> int:
        """Make a frame of `data` in `out`, which has to be `frames.bound(len(data))` long to be enough always, and
        give its length."""
        source, sink = _readable(data), _writable(out)
        return self._checked(self._lib.ZSTD_compress2(self._context, sink, len(out), source, len(data)))

    def close(self) -> None:
        """Give its memory back."""
        self._lib.ZSTD_freeCCtx(self._context)
        self._context = None

    def _checked(self, code: int) -> int:
        return _checked(self._lib, code)


class Decompressor:
    """Unpacks a stream of frames, whatever its pieces are; checksums are checked, skippable frames give nothing."""

    def __init__(self, window_log: int = WINDOW_LOG) -> None:
        """A frame that wants more than 2^`window_log` bytes of memory is refused."""
        self._lib = _library()
        self._context = self._lib.ZSTD_createDCtx()
        if not self._context:
            raise MemoryError
        _checked(self._lib, self._lib.ZSTD_DCtx_setParameter(self._context, _WINDOW_LOG_MAX, window_log))

    def feed(self, data: Buffer, out: memoryview) -> Unpacked:
        """Unpack into `out` what `data` continues. Where `out` is full afterwards, there may be more without data."""
        place = _readable(data)
        source, sink = _Part(place, len(data), 0), _Part(_writable(out), len(out), 0)
        code = self._lib.ZSTD_decompressStream(self._context, ctypes.byref(sink), ctypes.byref(source))
        left = _checked(self._lib, code)
        return Unpacked(source.pos, sink.pos, left == 0)

    def frame(self, frame: Buffer, out: memoryview) -> int:
        """Unpack one whole frame, and give the length of what was in it."""
        source, sink = _readable(frame), _writable(out)
        code = self._lib.ZSTD_decompressDCtx(self._context, sink, len(out), source, len(frame))
        return _checked(self._lib, code)

    def reset(self) -> None:
        """The next byte begins a frame, whatever came before."""
        _checked(self._lib, self._lib.ZSTD_DCtx_reset(self._context, _SESSION))

    def close(self) -> None:
        """Give its memory back."""
        self._lib.ZSTD_freeDCtx(self._context)
        self._context = None


def frame_size(data: Buffer) -> int | None:
    """The length of the frame that `data` begins with, also of a skippable one; None where it is not all there.
    Nothing is unpacked. Raises ZstdError where no frame begins so."""
    lib = _library()
    code = lib.ZSTD_findFrameCompressedSize(_readable(data), len(data))
    if lib.ZSTD_isError(code) and lib.ZSTD_getErrorCode(code) == _SHORT:
        return None
    return _checked(lib, code)


def content_size(data: Buffer) -> int | None:
    """How many bytes are in the frame that `data` begins with (18 bytes of it are enough), by its own word; 0 for a
    skippable one. None where it does not say so, or where no frame begins so."""
    size = _library().ZSTD_getFrameContentSize(_readable(data), len(data))
    return None if size in (_UNKNOWN, _NO_FRAME) else int(size)


def version() -> str:
    """libzstd's."""
    return str(_library().ZSTD_versionString().decode("ascii"))


def _readable(data: Buffer) -> Any:
    """Where `data` lies, for the time of a call in which this is kept."""
    if isinstance(data, memoryview) and not data.readonly:
        return _writable(data)
    return ctypes.cast(ctypes.c_char_p(bytes(data)), _PLACE)  # no copy of bytes


def _writable(data: memoryview) -> int | None:
    """The same of memory that is written to. Raises TypeError where nobody may write."""
    return ctypes.addressof(ctypes.c_char.from_buffer(data)) if len(data) else None


def _checked(lib: Any, code: int) -> int:
    if lib.ZSTD_isError(code):
        raise ZstdError(lib.ZSTD_getErrorName(code).decode("ascii", "replace"))
    return code


_PLACE, _SIZE = ctypes.c_void_p, ctypes.c_size_t
_FUNCTIONS: dict[str, tuple[Any, ...]] = {  # what it gives, and then what it takes
    "ZSTD_createCCtx": (_PLACE,),
    "ZSTD_freeCCtx": (_SIZE, _PLACE),
    "ZSTD_CCtx_setParameter": (_SIZE, _PLACE, ctypes.c_int, ctypes.c_int),
    "ZSTD_compress2": (_SIZE, _PLACE, _PLACE, _SIZE, _PLACE, _SIZE),
    "ZSTD_createDCtx": (_PLACE,),
    "ZSTD_freeDCtx": (_SIZE, _PLACE),
    "ZSTD_DCtx_setParameter": (_SIZE, _PLACE, ctypes.c_int, ctypes.c_int),
    "ZSTD_DCtx_reset": (_SIZE, _PLACE, ctypes.c_int),
    "ZSTD_decompressDCtx": (_SIZE, _PLACE, _PLACE, _SIZE, _PLACE, _SIZE),
    "ZSTD_decompressStream": (_SIZE, _PLACE, _PLACE, _PLACE),
    "ZSTD_findFrameCompressedSize": (_SIZE, _PLACE, _SIZE),
    "ZSTD_getFrameContentSize": (ctypes.c_ulonglong, _PLACE, _SIZE),
    "ZSTD_isError": (ctypes.c_uint, _SIZE),
    "ZSTD_getErrorCode": (ctypes.c_int, _SIZE),
    "ZSTD_getErrorName": (ctypes.c_char_p, _SIZE),
    "ZSTD_versionString": (ctypes.c_char_p,),
}


@cache
def _library() -> Any:
    """Raises OSError where it is not there."""
    lib = ctypes.CDLL(LIBRARY)
    for name, (gives, *takes) in _FUNCTIONS.items():
        function: Callable[..., Any] = getattr(lib, name)
        function.restype = gives  # type: ignore[attr-defined]
        function.argtypes = takes  # type: ignore[attr-defined]
    return lib
