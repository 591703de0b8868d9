"""Which partition grows, what moves, and what keeps a clone as it is: for many shapes of tables."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.asking import Ran
from launcher.resize import file_systems
from launcher.resize.growth import GROWS, Content, GrowthPlan, NoGrowth, growth
from launcher.resize.table import Table, read_table
from launcher.used.table import EXTENDED
from tests.disks import MIB
from tests.launcher.resize.tables import BASIC, BIOS_BOOT, ESP, LINUX, RECOVERY, SWAP, dos, gpt

Kinds = dict[int, str]


def planned(text: str, kinds: Kinds, size: int, length: int | None = None) -> GrowthPlan | NoGrowth:
    table = read_table(text)
    assert table is not None
    contents = tuple(Content(number, kind) for number, kind in kinds.items())
    return growth(text, length or table.end + MIB, size, contents)


def sizes(plan: GrowthPlan) -> list[tuple[int, int, int]]:
    """Number, start and size in MiB of all partitions, afterwards."""
    unit = MIB // plan.new.sector
    return [(one.number, one.start // unit, one.size // unit) for one in plan.new.entries]


DEBIAN = gpt((1, 50, ESP), (51, 400, LINUX), (451, 40, SWAP))
WINDOWS = gpt((1, 50, ESP), (51, 16, "E3C9E316-0B5C-4DB8-817D-F92DF00215AE"), (67, 900, BASIC), (967, 30, RECOVERY))


@pytest.mark.parametrize(
    ("text", "kinds", "size", "after"),
    [
        (DEBIAN, {2: "ext4", 3: "swap"}, 1000, [(1, 1, 50), (2, 51, 908), (3, 959, 40)]),
        (WINDOWS, {3: "ntfs", 4: "ntfs"}, 2000, [(1, 1, 50), (2, 51, 16), (3, 67, 1902), (4, 1969, 30)]),
        (gpt((1, 9, LINUX)), {1: "xfs"}, 30, [(1, 1, 28)]),
        (gpt((1, 9, LINUX), sector=4096, first=6), {1: "btrfs"}, 30, [(1, 1, 28)]),
        (dos((1, 1, 9, "83")), {1: "ext3"}, 30, [(1, 1, 29)]),
        # the extended partition moves with its swap
        (dos((1, 1, 99, "83"), (2, 100, 11, "5"), (5, 101, 10, "82")), {1: "ext4", 5: "swap"}, 300,
         [(1, 1, 288), (2, 289, 11), (5, 290, 10)]),
        # it grows around the big one, whose swap moves
        (dos((1, 1, 9, "83"), (2, 10, 120, "5"), (5, 11, 90, "83"), (6, 110, 9, "82")), {5: "ext4", 6: "swap"}, 300,
         [(1, 1, 9), (2, 10, 290), (5, 11, 268), (6, 280, 9)]),
        # it ends with the extended one, also where that is apart from what is behind it
        (dos((1, 1, 9, "83"), (2, 10, 91, "5"), (3, 110, 9, "82"), (5, 11, 90, "83")), {5: "ext4", 3: "swap"}, 300,
         [(1, 1, 9), (2, 10, 272), (3, 291, 9), (5, 11, 271)]),
        # what lies apart behind the big one comes nearer to nothing
        (gpt((1, 90, LINUX), (200, 5, SWAP)), {1: "ext4", 2: "swap"}, 700, [(1, 1, 693), (2, 694, 5)]),
        # the last big one, not the largest
        (gpt((1, 500, LINUX), (501, 200, LINUX)), {1: "ext4", 2: "ext4"}, 1000, [(1, 1, 500), (2, 501, 498)]),
    ],
)  # fmt: skip
def test_the_last_big_one_grows_and_the_small_ones_move(
    text: str, kinds: Kinds, size: int, after: list[tuple[int, int, int]]
) -> None:
    found = planned(text, kinds, size * MIB)
    assert isinstance(found, GrowthPlan), str(found.sentence)
    assert sizes(found) == after


@pytest.mark.parametrize(
    ("text", "kinds", "size", "why"),
    [
        (DEBIAN, {2: "ext4", 3: "swap"}, 496, "hardly larger"),
        (DEBIAN, {2: "ext4", 3: "swap"}, 520, "more would be needed"),
        (DEBIAN, {2: "ext4", 3: "swsuspend"}, 1000, "sleeps on it"),
        (DEBIAN, {2: "crypto_LUKS", 3: "swap"}, 1000, "partition 2 (crypto_LUKS) is of a kind"),
        (DEBIAN, {2: "LVM2_member", 3: "swap"}, 1000, "is of a kind"),
        (DEBIAN, {2: "vfat", 3: "swap"}, 1000, "is of a kind"),
        (DEBIAN, {3: "swap"}, 1000, "is not recognised"),
        (DEBIAN, {}, 1000, "is not recognised"),
        (gpt((1, 400, LINUX), (401, 1, BIOS_BOOT)), {1: "ext4"}, 1000, "boots from it by its place"),
        (dos((1, 1, 400, "83"), (2, 401, 9, "83, bootable")), {1: "ext4"}, 1000, "boots from it by its place"),
        (gpt((1, 400, ESP)), {1: "vfat"}, 1000, "no partition is large enough"),
        (gpt((1, 400, LINUX), (401, 300, LINUX)), {1: "ext4", 2: "zfs_member"}, 1000, "partition 2 (zfs_member)"),
    ],
)
def test_what_keeps_it_as_it_is_is_said(text: str, kinds: Kinds, size: int, why: str) -> None:
    found = planned(text, kinds, size * MIB)
    assert isinstance(found, NoGrowth) and why in str(found.sentence)


def test_beside_a_hibernated_system_nothing_grows() -> None:
    text = gpt((1, 400, BASIC), (401, 300, BASIC))
    asleep = (Content(1, "ntfs", hibernated=True), Content(2, "ntfs"))
    found = growth(text, 702 * MIB, 2000 * MIB, asleep)
    assert isinstance(found, NoGrowth) and "sleeps on it" in str(found.sentence)
    found = planned(text, {1: "BitLocker", 2: "ntfs"}, 2000 * MIB)
    assert isinstance(found, NoGrowth) and "nobody knows" in str(found.sentence)
    found = planned(text, {1: "ntfs", 2: "ntfs"}, 2000 * MIB)
    assert isinstance(found, GrowthPlan) and found.ntfs == (1, 2)


def test_what_moves_keeps_its_alignment() -> None:
    """Be it good or bad: old tables begin at sector 63."""
    text = "label: dos\nlabel-id: 0x1\nunit: sectors\n\n/dev/sda1 : start=63, size=900000, type=83\n"
    text += "/dev/sda2 : start=900063, size=40001, type=82\n"
    found = planned(text, {1: "ext4", 2: "swap"}, 1000 * MIB)
    assert isinstance(found, GrowthPlan)
    hold(found, found.old, {1: "ext4", 2: "swap"}, found.reach, found.size)


def test_a_dos_table_reaches_so_far_only() -> None:
    found = planned(dos((1, 1, 900, "83")), {1: "ext4"}, 5 << 40)
    assert isinstance(found, GrowthPlan) and found.after == (2 << 40) - 2 * MIB
    assert isinstance(planned(dos((1, 1, 900, "83")), {1: "ext4"}, 5 << 40, 1 << 40), GrowthPlan)
    far = planned(dos((1, 1, (2 << 20) - 2, "83")), {1: "ext4"}, 5 << 40)
    assert isinstance(far, NoGrowth) and "reaches no further" in str(far.sentence)


def test_what_is_no_table_does_not_grow() -> None:
    for text in (None, "", "label: sun\n"):
        assert isinstance(growth(text, MIB, 9 * MIB, ()), NoGrowth)


KINDS = st.sampled_from(["ext4", "ntfs", "swap", "xfs", "", "vfat", "crypto_LUKS"])
TYPES = st.sampled_from([LINUX, SWAP, ESP, RECOVERY, BASIC])
PARTS = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 300), KINDS, TYPES), min_size=1, max_size=9)


def dos_of(shape: list[tuple[int, int, str, str]], primaries: int) -> str:
    """The first ones primary, the others logical, with a MiB before each."""
    rows, end, inner = [], 1, shape[primaries:]
    for number, (gap, size, _, _) in enumerate(shape[:primaries], 1):
        rows.append((number, end + gap, size, "83"))
        end += gap + size
    begin, logical = end, []
    for number, (gap, size, _, _) in enumerate(inner, 5):
        logical.append((number, end + gap + 1, size, "83"))
        end += gap + 1 + size
    return dos(*rows, *([(4, begin, end - begin, "5")] if inner else []), *logical)


@given(PARTS, st.integers(0, 3), st.integers(1, 3000), st.booleans(), st.sampled_from([512, 4096]))
def test_partitions_never_overlap_nor_shrink_and_keep_what_they_are(
    shape: list[tuple[int, int, str, str]], primaries: int, more: int, is_gpt: bool, sector: int
) -> None:
    if is_gpt:
        rows, end = [], 1
        for gap, size, _, kind in shape:
            rows.append((end + gap, size, kind))
            end += gap + size
        text = gpt(*rows, sector=sector, first=34)
        kinds = {number: kind for number, (_, _, kind, _) in enumerate(shape, 1)}
    else:
        text = dos_of(shape, primaries)
        kinds = {number if number <= primaries else number - primaries + 4: kind
                 for number, (_, _, kind, _) in enumerate(shape, 1)}  # fmt: skip
    old = read_table(text)
    assert old is not None
    length = old.end + MIB
    size = length + more * MIB + 4096 * (more % 200)
    found = planned(text, kinds, size, length)
    if isinstance(found, GrowthPlan):
        hold(found, old, kinds, length, size)


def hold(plan: GrowthPlan, old: Table, kinds: Kinds, length: int, size: int) -> None:
    """What every plan must keep."""
    new = plan.new
    assert read_table(new.script()) == new  # sound: no overlap, logical ones inside
    assert (new.label, new.identifier, new.sector, new.first) == (old.label, old.identifier, old.sector, old.first)
    assert new.end + new.tail <= size
    moved = {move.number for move in plan.moves}
    grown = [one.number for one, before in zip(new.entries, old.entries, strict=True) if one.size > before.size]
    assert grown == [one.number for one in new.entries if one.number == plan.number or
                     (one is new.extended and one.size > old.extended.size)]  # type: ignore[union-attr]  # fmt: skip
    for one, before in zip(new.entries, old.entries, strict=True):
        assert (one.number, one.rest) == (before.number, before.rest)
        assert one.size >= before.size
        assert (one.start - before.start) * new.sector % MIB == 0
        if one.number not in moved and one.kind not in EXTENDED:
            assert one.start == before.start
        elif one.number in moved:
            assert one.start * new.sector >= length and one.size == before.size
    assert plan.after > plan.before and kinds[plan.number] in ("ext4", "ntfs", "xfs")
    assert plan.begin + plan.after <= min((move.to for move in plan.moves), default=size)
    for move in plan.moves:
        assert move.to >= length and move.to + move.length <= size - new.tail
        whole = next(one for one in old.entries if one.number == move.number)
        assert whole.start * old.sector <= move.begin and move.begin + move.length <= whole.end * old.sector
    places = sorted((move.to, move.to + move.length) for move in plan.moves)
    assert all(before[1] <= after[0] for before, after in pairwise(places))


def test_every_kind_that_grows_has_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool that does it now, or the word how it does it later."""
    asked: list[tuple[str, ...]] = []
    said = "Block count: 2\nBlock size: 4096\nCurrent volume size: 8192 bytes (1 MB)\n"

    def run(argv: tuple[str, ...], seconds: float) -> Ran:
        asked.append(argv)
        return Ran(0, "", argv[0], said)

    monkeypatch.setattr(file_systems, "_run", run)
    for kind in GROWS:
        asked.clear()
        file_systems.enlarge(kind, "/dev/part", 4096, 1.0)
        assert asked or file_systems.remarks(kind), kind


@pytest.mark.parametrize(
    ("contents", "why"),
    [((Content(0, "ext4"),), "has no partition table"), ((), "has no partition table that is understood")],
)
def test_a_file_system_without_a_table_is_no_table_that_is_not_understood(
    contents: tuple[Content, ...], why: str
) -> None:
    found = growth(None, 500 * MIB, 1000 * MIB, contents)
    assert isinstance(found, NoGrowth) and str(found.sentence) == f"the sender's disk {why}"
