"""A driver that is cut, or is none, does not go in."""

from __future__ import annotations

from pathlib import Path

import pytest

from initrd import elf, image
from initrd.errors import BuildError
from tests.initrd.modules import module

DRIVER = module("vermagic=6.1.0-56-amd64 SMP", symbols=("alloc_etherdev_mqs",))


def test_a_whole_one_is_whole_also_with_a_signature_behind() -> None:
    assert elf.is_whole(DRIVER)
    assert elf.is_whole(DRIVER + b"signature~Module signature appended~\n")


def test_one_that_is_cut_anywhere_is_not() -> None:
    assert not [size for size in range(len(DRIVER)) if elf.is_whole(DRIVER[:size])]


@pytest.mark.parametrize("text", [b"", b"junk" * 99, b"\x7fELF" + bytes(200), bytes(len(DRIVER))])
def test_what_is_no_driver_is_not(text: bytes) -> None:
    assert not elf.is_whole(text)


def test_they_are_named(tmp_path: Path) -> None:
    drivers = [tmp_path / f"{name}.ko" for name in ("right", "a", "b", "c", "d")]
    for path in drivers:
        path.write_bytes(DRIVER if path.stem == "right" else DRIVER[:-1])
    image.whole(drivers[:1])
    with pytest.raises(BuildError, match=r"^damaged drivers: a, b, c and 1 more; put the kernel.s modules"):
        image.whole(drivers)
