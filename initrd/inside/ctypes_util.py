"""The initrd's `ctypes.util`: looks into the directories where libraries are.

The standard one runs ``ldconfig -p``, a compiler or a linker. None of them is in the initrd, and starting a program
to find one library would cost more than everything else pyudev does when it is imported.
"""

from __future__ import annotations

import os  # no pathlib: it would be imported for this alone
import sys

_DIRECTORIES = (f"/usr/lib/{sys.implementation._multiarch}", "/usr/lib", "/usr/lib64")


def find_library(name: str) -> str | None:
    """The file name of the library (``libudev.so.1`` for ``udev``), or None."""
    for directory in _DIRECTORIES:
        try:
            found = [entry for entry in os.listdir(directory) if entry.startswith(f"lib{name}.so.")]  # noqa: PTH208
        except OSError:
            continue
        if found:
            return min(found, key=lambda entry: (len(entry), entry))
    return None
