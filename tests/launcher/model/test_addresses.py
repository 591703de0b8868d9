"""Which addresses a PC can have, and the mask of one that came without."""

from __future__ import annotations

import pytest

from launcher.model.addresses import prefix_of, unusable, usual_prefix


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        *[
            (address, None)
            for address in ("0.0.0.0", "0.1.2.3", "127.0.0.1", "127.9.9.9", "224.0.0.1", "239.255.255.255")
        ],
        *[(address, None) for address in ("240.0.0.1", "255.255.255.255")],
        *[("10.0.0.255", 24), ("10.0.0.0", 24), ("10.0.255.255", 16), ("192.168.1.63", 26), ("192.168.1.64", 26)],
    ],
)
def test_an_address_of_no_pc(address: str, prefix: int | None) -> None:
    assert unusable(address, prefix)
    assert unusable(address, 8) or prefix


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        *[("10.0.0.255", 16), ("10.0.1.0", 16), ("10.0.0.255", None), ("1.0.0.1", 8), ("223.255.255.254", 24)],
        *[("10.0.0.0", 31), ("10.0.0.1", 31), ("154.11.22.33", 32), ("169.254.3.4", 16)],
    ],
)
def test_an_address_of_a_pc(address: str, prefix: int | None) -> None:
    assert unusable(address, prefix) is None


@pytest.mark.parametrize(
    ("mask", "prefix"),
    [
        *[("255.255.255.0", 24), ("255.255.255.255", 32), ("128.0.0.0", 1)],
        *[("0.0.0.0", None), ("255.0.255.0", None), ("0.0.0.255", None), ("", None), ("24", None)],
    ],
)
def test_the_bits_of_a_mask(mask: str, prefix: int | None) -> None:
    assert prefix_of(mask) == prefix


@pytest.mark.parametrize(
    ("address", "others", "prefix"),
    [
        ("10.77.3.10", ("10.77.0.1", None), 8),
        ("172.20.3.10", ("172.20.0.1",), 16),
        ("192.168.1.10", ("192.168.1.1", "192.168.1.2"), 24),
        ("192.168.3.10", ("192.168.0.1", "192.168.3.1"), 22),
        ("172.16.0.9", ("172.31.0.1",), 12),
        ("192.168.1.10", ("10.0.0.1",), 24),  # nothing covers both
        ("192.168.1.10", (), 24),
    ],
)
def test_the_mask_that_nobody_told(address: str, others: tuple[str | None, ...], prefix: int) -> None:
    assert usual_prefix(address, *others) == prefix
