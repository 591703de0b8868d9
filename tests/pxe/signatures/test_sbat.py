"""Generations of loaders, and what a shim demands."""

from __future__ import annotations

from pxe.signatures.sbat import Old, demanded, generations, too_old
from tests.programs import sbat_level

GRUB = b"sbat,1,SBAT Version,sbat,1,https://example.org\ngrub,4,FSF,grub,2.12,https://example.org\ngrub.debian,5,Debian\n\0\0"


def test_generations_by_component() -> None:
    assert generations(GRUB) == {"sbat": 1, "grub": 4, "grub.debian": 5}
    assert generations(b"") == {} and generations(b"no,number\n,3\n\xff,2\n") == {"\xff": 2}


def test_a_number_without_end_is_a_high_one() -> None:
    assert generations(b"grub," + b"7" * 5000 + b",x\n")["grub"] > 1000


def test_what_is_demanded_at_least() -> None:
    assert demanded(sbat_level("sbat,1,2025021800\nshim,4\ngrub,5\n", "grub,6\n")) == {"sbat": 1, "shim": 4, "grub": 5}
    assert demanded(b"") == {} and demanded(b"\1" + sbat_level("grub,5\n")[1:]) == {}


def test_only_what_is_older_is_refused() -> None:
    level = {"sbat": 2, "grub": 5, "grub.debian": 5, "shim": 4}
    assert list(too_old(generations(GRUB), level)) == [Old("grub", 4, 5)]
