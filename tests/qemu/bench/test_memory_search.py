"""The search for the smallest memory, without a machine."""

from __future__ import annotations

import pytest

from qemu.bench.memory_search import search_memory, smallest


@pytest.mark.parametrize("need", [96, 97, 112, 150, 300, 511, 512])
def test_memory_search_finds_the_smallest_step_that_suffices(need: int) -> None:
    tried = search_memory(lambda size: size >= need)
    found = smallest(tried)
    assert found is not None
    assert need <= found < max(need, 97) + 16, "96 MiB is taken as too little"
    assert len(tried) <= 7


def test_memory_search_gives_up_when_the_largest_does_not_suffice() -> None:
    assert search_memory(lambda size: False) == {512: False}
    assert smallest({512: False}) is None
