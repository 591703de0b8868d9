"""A driver that was built for another kernel is named: the booted one would not load it."""

from __future__ import annotations

from pathlib import Path

import pytest

from initrd import vermagic
from initrd.errors import BuildError

HERE = "6.1.0-56-amd64"


def driver(directory: Path, name: str, magic: str) -> Path:
    path = directory / f"{name}.ko"
    path.write_bytes(b"\x7fELF\0license=GPL\0" + (f"vermagic={magic}\0" if magic else "").encode() + b"more\0")
    return path


@pytest.mark.parametrize(
    "magic",
    [
        f"{HERE} SMP preempt mod_unload ",
        f"{HERE} SMP preempt mod_unload modversions ",
        "6.1.0-55-amd64 SMP preempt mod_unload modversions ",  # the checksums of its symbols decide
        "",
    ],
)
def test_a_driver_that_this_kernel_may_load_is_taken(tmp_path: Path, magic: str) -> None:
    vermagic.check([driver(tmp_path, "e1000e", magic)], HERE)


def test_drivers_of_another_kernel_are_named(tmp_path: Path) -> None:
    right = driver(tmp_path, "right", f"{HERE} SMP ")
    wrong = [driver(tmp_path, name, "6.9.1 SMP mod_unload ") for name in ("a", "b", "c", "d")]
    with pytest.raises(BuildError) as caught:
        vermagic.check([right, *wrong], HERE)
    assert caught.value.status == 2
    assert str(caught.value).startswith(
        f"kernel {HERE} would not load a (built for 6.9.1), b (built for 6.9.1), c (built for 6.9.1) and 1 more: "
    )
