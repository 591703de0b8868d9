"""A chunk is a hole only where every byte of it was said to be free."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.used.used_map import CHUNK, GRANULE, HOLE_MOST, Run, UsedMap

MOST = 200 * CHUNK


@st.composite
def disks(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    length = draw(st.integers(1, MOST))
    ends = st.tuples(st.integers(0, length), st.integers(0, length)).map(lambda pair: (min(pair), max(pair)))
    return length, draw(st.lists(ends, max_size=8))


def mapped(length: int, free: list[tuple[int, int]]) -> UsedMap:
    used = UsedMap(length)
    for begin, end in free:
        used.free(begin, end)
    return used


@given(disks())
def test_runs_cover_the_disk_once_and_what_is_left_out_was_free(disk: tuple[int, list[tuple[int, int]]]) -> None:
    length, free = disk
    # Whole granules that one range covers are free, and nothing else is.
    granules = {number for begin, end in free for number in range(-(-begin // GRANULE), end // GRANULE) if begin <= end}
    position = 0
    for run in mapped(length, free).runs():
        assert run.offset == position and run.length > 0
        position += run.length
        left_out = (
            {(run.offset, run.offset + run.length)}
            if run.hole
            else {(run.offset + begin, run.offset + end) for begin, end in run.blank}
        )
        for begin, end in left_out:
            assert set(range(begin // GRANULE, -(-end // GRANULE))) <= granules
        if run.hole:
            assert run.length <= HOLE_MOST and run.offset % CHUNK == 0 and run.length % CHUNK == 0
        else:
            assert run.length == min(CHUNK, length - run.offset)
            mine = set(range(run.offset // GRANULE, (run.offset + run.length) // GRANULE))
            assert len(mine & granules) * GRANULE == sum(end - begin for begin, end in run.blank)
            assert len(mine & granules) * GRANULE < CHUNK
    assert position == length
    assert mapped(length, free).sent == sum(run.length for run in mapped(length, free).runs() if not run.hole)


def test_a_long_hole_is_several() -> None:
    used = mapped(130 * CHUNK, [(CHUNK, 130 * CHUNK)])
    assert list(used.runs()) == [
        Run(0, CHUNK),
        Run(CHUNK, HOLE_MOST, hole=True),
        Run(CHUNK + HOLE_MOST, HOLE_MOST, hole=True),
        Run(CHUNK + 2 * HOLE_MOST, CHUNK, hole=True),
    ]
    assert used.sent == CHUNK


def test_a_part_of_a_granule_says_nothing() -> None:
    used = mapped(2 * CHUNK, [(1, GRANULE), (CHUNK - 1, 2 * CHUNK - 1)])
    assert [run.hole for run in used.runs()] == [False, False]
    assert list(used.runs())[1].blank == ((0, CHUNK - GRANULE),)


@pytest.mark.parametrize(("begin", "end"), [(-1, 5), (5, 4), (0, CHUNK + 1)])
def test_what_is_not_on_the_disk_is_a_mistake(begin: int, end: int) -> None:
    with pytest.raises(ValueError, match="are not on a disk of"):
        UsedMap(CHUNK).free(begin, end)


@given(disks(), st.lists(st.integers(0, 2**16), max_size=8))
def test_what_is_free_by_two_maps_is_free_by_either(disk: tuple[int, list[tuple[int, int]]], order: list[int]) -> None:
    length, free = disk
    apart = [mapped(length, [one]) for one in free]
    together = UsedMap(length)
    for number in order:
        if apart:
            together.add(apart[number % len(apart)])
    for one in apart:
        together.add(one)
    assert list(together.runs()) == list(mapped(length, free).runs())


def test_a_map_of_another_disk_is_not_added() -> None:
    with pytest.raises(ValueError, match="is not of a disk"):
        UsedMap(MOST).add(UsedMap(MOST - 1))
