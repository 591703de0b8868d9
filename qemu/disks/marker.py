"""A disk that boots to one line on the serial console (ttyS0) and stays there: a boot sector, and noise behind it.

The boot sector needs nothing but a BIOS that starts it, so that what is seen is that the disk was booted, and when.
"""

from __future__ import annotations

from pathlib import Path

from . import images
from .model import ModelDisk
from .raw import SECTOR

_LOADED_AT = 0x7C00
_CODE = bytes.fromhex(
    "fa"  # cli
    "31c0 8ed8"  # xor ax, ax; mov ds, ax
    "be 0000"  # mov si, the text
    "ac"  # next: lodsb
    "84c0 7412"  # test al, al; jz end
    "88c4"  # mov ah, al
    "ba fd03"  # mov dx, COM1's line status
    "ec a820 74fb"  # wait: in al, dx; test al, 0x20; jz wait
    "ba f803 88e0 ee"  # mov dx, COM1; mov al, ah; out dx, al
    "ebe9"  # jmp next
    "f4 ebfd"  # end: hlt; jmp end
)
_TEXT_FIELD = 6  # where `mov si` has the address of the text


def marker_disk(path: Path, size: int, seed: int = 1) -> ModelDisk:
    """Make a disk of `size` bytes that writes `MARKER DISK BOOTED <seed>` to ttyS0 when it is booted.

    The rest is noise, which no compressor makes smaller; nothing is recognised on it. The same size and seed give the
    same bytes.
    """
    text = f"MARKER DISK BOOTED {seed}"
    sector = bytearray(_CODE)
    sector[_TEXT_FIELD : _TEXT_FIELD + 2] = (_LOADED_AT + len(_CODE)).to_bytes(2, "little")
    sector += f"\r\n{text}\r\n\0".encode("ascii")
    images.noise(path, size, seed)
    with path.open("r+b") as disk:
        disk.write(sector.ljust(SECTOR - 2, b"\0") + b"\x55\xaa")
    return ModelDisk(path, size, text)
