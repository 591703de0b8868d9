"""UEFI's variables are read as they lie in the flash."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from qemu.machine.firmware import FILES, Firmware
from qemu.machine.variables import read, secure_boot


@pytest.mark.parametrize("firmware", FILES)
def test_a_new_pc_has_secure_boot_on_or_off(firmware: Firmware) -> None:
    assert secure_boot(read(FILES[firmware].variables)) == (firmware is Firmware.SECURE_BOOT)


def test_microsofts_keys_are_in_it() -> None:
    variables = read(FILES[Firmware.SECURE_BOOT].variables)
    assert {"PK", "KEK", "db"} <= set(variables)
    assert b"Microsoft Corporation UEFI CA 2011" in variables["db"]


def variable(name: str, data: bytes, state: int = 0x3F) -> bytes:
    text = f"{name}\0".encode("utf-16-le")
    whole = struct.pack("<HBBIQ16sIII16s", 0x55AA, state, 0, 7, 0, bytes(16), 0, len(text), len(data), bytes(16))
    return (whole + text + data).ljust((len(whole + text + data) + 3) // 4 * 4, b"\xff")


def test_what_was_deleted_is_not_there(tmp_path: Path) -> None:
    store = variable("Boot0000", b"old", 0x3C) + variable("Boot0000", b"new") + variable("SecureBootEnable", b"\0")
    head = bytes(40) + b"_FVH" + bytes(4) + struct.pack("<H", 72) + bytes(22)
    size = 28 + len(store) + 100
    flash = tmp_path / "flash"
    flash.write_bytes(head + struct.pack("<16sIBBHI", bytes(16), size, 0x5A, 0xFE, 0, 0) + store + b"\xff" * 100)
    assert read(flash) == {"Boot0000": b"new", "SecureBootEnable": b"\0"}
    assert not secure_boot({**read(flash), "PK": b"key"})


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "flash").write_bytes(bytes(4096))
    with pytest.raises(ValueError, match="no variables"):
        read(tmp_path / "flash")
