"""Programs for UEFI: their sections, and whether they are signed."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from initrd.pair.pe import PeError, program, read_program, why_refused
from tests import pairs, programs

SECTIONS = {".sbat": b"sbat,1\ngrub,5\n", ".sbatlevel": b"long name", ".vendor_cert": b"longer name"}


def test_sections_are_found_also_by_long_names() -> None:
    found = program(programs.program(SECTIONS))
    assert {name: found.sections[name] for name in SECTIONS} == SECTIONS and found.signatures == 0


def test_signatures_are_counted() -> None:
    assert program(programs.program(SECTIONS, b"one", b"and the other")).signatures == 2


def test_one_that_is_cut_is_none() -> None:
    whole = programs.program(SECTIONS, b"a signature")
    assert program(whole[:-1]).signatures == 0


@pytest.mark.parametrize("size", range(0, 0x600, 37))
def test_what_is_cut_or_none_is_said(size: int) -> None:
    with pytest.raises(PeError):
        program(programs.program(SECTIONS)[:size])


def test_damage_is_read_without_harm() -> None:
    whole = programs.program(SECTIONS, b"a signature")
    for place in range(0x3C, 0x200):
        for value in (0, 0x7F, 0xFF):
            damaged = bytearray(whole)
            damaged[place] = value
            try:
                program(bytes(damaged))
            except PeError:
                continue


def test_a_signature_that_firmware_does_not_look_at_is_none() -> None:
    whole = programs.program(SECTIONS, b"a signature")
    few, other = bytearray(whole), bytearray(whole)
    struct.pack_into("<I", few, 0x40 + 24 + 108, 4)  # so many data directories: one fewer than is needed
    other[whole.rindex(b"\x30a signature")] = 0
    assert [program(bytes(one)).signatures for one in (whole, few, other)] == [1, 0, 0]


def test_sections_that_lie_on_each_other_are_not_kept_many_times() -> None:
    whole = bytearray(programs.program({f".s{number}": b"" for number in range(20)})) + bytes(8 << 20)
    for number in range(21):
        place = 0x40 + 24 + 112 + 128 + 40 * number + 8
        struct.pack_into("<IIII", whole, place, 8 << 20, 0, 8 << 20, 0x400)
    assert sum(map(len, program(bytes(whole)).sections.values())) <= 21 * (256 << 10)


def test_what_never_ends_or_is_no_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(1 << 40)
    for path, why in ((tmp_path / "pipe", "no file"), (tmp_path / "huge", "larger than"), (Path("/dev/zero"), "no fi")):
        with pytest.raises(PeError, match=why):
            read_program(path)


def test_what_debian_signed_is_signed() -> None:
    shim = read_program(Path("/usr/lib/shim/shimx64.efi.signed"))
    assert shim.signatures > 0 and {".sbat", ".sbatlevel", ".vendor_cert"} <= shim.sections.keys()
    assert read_program(Path("/usr/lib/ipxe/snponly.efi")).signatures == 0


@pytest.mark.parametrize(
    ("kernel", "why"),
    [
        (programs.program({}), "it is not signed"),
        (programs.program({}, b"a signature"), ""),
        (pairs.kernel(), "it has no EFI stub"),
    ],
)
def test_why_a_kernel_is_refused(kernel: bytes, why: str, tmp_path: Path) -> None:
    (tmp_path / "kernel").write_bytes(kernel)
    assert why_refused(tmp_path / "kernel") == why
