"""A program that stands in the place of udp-receiver: it starts the real one, and does something with what that brings.

    stream_filter.py WHAT BYTE PROGRAM ARGUMENT...

WHAT is ``hole`` (a bit is flipped in the first frame that names a hole), ``zeros`` (in the frame of zeros behind it),
``data`` (of the stream's byte BYTE), ``cut`` (all from the sender's trailer on is left out), or ``deed`` (the file
`DEED` goes to /init, which does what it says, when BYTE bytes have come). It ends as the real one does. It runs in the
initrd, with nothing but os and sys; the numbers are those of `launcher/datapath/frames.py`, and a test holds them
together.
"""

from __future__ import annotations

import os
import sys

CHUNK = 64 << 10
KEEP = 512  # bytes held back, so that no mark is cut in two
HOLE, LENGTH, TRAILER = b'"frame":"hole"', b'"length":', b'"frame":"trailer"'
TAG_BYTES = 26  # from a skippable frame's begin to the mark: header, our tag, the brace
HOLE_BYTES = 128
FIRST_ZERO = 14 + 3  # from a frame of zeros' begin to the byte that its first block repeats
DEED, INIT = "/usr/lib/udpcast-fault/deed", "/fault"


def main() -> None:
    what, byte, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        os.dup2(writing, 1)
        os.close(writing)
        os.execv(command[0], command)
    os.close(writing)
    copy(reading, 1, what, byte)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        os.kill(os.getpid(), os.WTERMSIG(status))
    sys.exit(os.WEXITSTATUS(status))


def copy(reading: int, writing: int, what: str, byte: int) -> None:
    """Everything, but for one thing."""
    held, done, over, cutting = b"", 0, False, False
    while True:
        data = os.read(reading, CHUNK)
        held += data
        keep = KEEP if data else 0
        if not over:
            changed = change(held, done, what, byte)
            if changed is not None:
                over, held = True, changed
                if what == "cut":
                    keep, cutting = 0, True
                if what == "deed":
                    tell()
        give = len(held) - keep
        if give > 0:
            write(writing, held[:give])
            done, held = done + give, held[give:]
        if cutting:
            while os.read(reading, CHUNK):
                pass
            return
        if not data:
            return


def change(held: bytes, done: int, what: str, byte: int) -> bytes | None:
    """`held` with its bit flipped, or without its end, where the place is in it; else None."""
    if what in ("data", "deed"):
        place = byte - done
        if not 0 <= place < len(held):
            return None
        return flipped(held, place) if what == "data" else held
    if what == "cut":
        mark = held.find(TRAILER)
        return held[: mark - TAG_BYTES] if mark >= TAG_BYTES else None
    mark = held.find(HOLE)
    begin = mark - TAG_BYTES
    if mark < TAG_BYTES or len(held) < begin + HOLE_BYTES + FIRST_ZERO + 1:
        return None
    if what == "zeros":
        return flipped(held, begin + HOLE_BYTES + FIRST_ZERO)
    return flipped(held, held.index(LENGTH, mark) + len(LENGTH))


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def tell() -> None:
    deed, fault = os.open(DEED, os.O_RDONLY), os.open(INIT, os.O_WRONLY)
    write(fault, os.read(deed, CHUNK))
    os.close(fault)


def write(writing: int, data: bytes) -> None:
    while data:
        data = data[os.write(writing, data) :]


if __name__ == "__main__":
    main()
