"""UEFI's variables, as they lie in a machine's flash: what the firmware believes of Secure Boot, and what it boots.

The format is EDK II's (MdeModulePkg/Include/Guid/VariableFormat.h): a firmware volume, in it a store, in that one
variable behind the other, also those that were deleted.
"""

from __future__ import annotations

import struct
from pathlib import Path

_STORE = struct.Struct("<16sIBBHI")
_FORMATTED, _HEALTHY = 0x5A, 0xFE
_VARIABLE = struct.Struct("<HBBIQ16sIII16s")
_START, _ADDED = 0x55AA, 0x3F
_HEADER_LENGTH = 0x30
"""Where the volume's header says how long it is (UEFI PI, EFI_FIRMWARE_VOLUME_HEADER)."""


def read(flash: Path) -> dict[str, bytes]:
    """All that are in force, by name. Raises ValueError for a file that has none."""
    data = flash.read_bytes()
    (at,) = struct.unpack_from("<H", data, _HEADER_LENGTH)
    _, size, formatted, healthy, *_ = _STORE.unpack_from(data, at)
    if data[40:44] != b"_FVH" or (formatted, healthy) != (_FORMATTED, _HEALTHY):
        raise ValueError(f"{flash} has no variables of UEFI's")
    end = at + size
    at += _STORE.size
    found = {}
    while at + _VARIABLE.size <= end:
        start, state, _, _, _, _, _, name_size, data_size, _ = _VARIABLE.unpack_from(data, at)
        if start != _START:
            break
        name_at = at + _VARIABLE.size
        value_at = name_at + name_size
        if state == _ADDED:
            name = data[name_at:value_at].decode("utf-16-le").rstrip("\0")
            found[name] = data[value_at : value_at + data_size]
        at = (value_at + data_size + 3) // 4 * 4
    return found


def secure_boot(variables: dict[str, bytes]) -> bool:
    """Whether it is on: a platform key is there, and nobody has switched it off."""
    return bool(variables.get("PK")) and variables.get("SecureBootEnable") == b"\1"
