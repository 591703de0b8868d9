"""Tools that say something else than they should: what is used is never said to be free, and no answer is our error.

The tools' own answers, of image files, are cut, their lines are left out, doubled, exchanged, and what is no number is
something else."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.asking import Ended
from launcher.hardware.window import Window
from launcher.used import table
from launcher.used.doubt import Doubt, Tools
from launcher.used.look import LOOKS
from launcher.used.used_map import UsedMap
from tests.disks import MIB, run
from tests.launcher.used.making import mkfs

KINDS = ("ext4", "ntfs", "xfs", "btrfs")
SIZES = {"ext4": 24 * MIB, "ntfs": 8 * MIB, "xfs": 48 * MIB, "btrfs": 160 * MIB}
Answers = dict[tuple[str, ...], tuple[bytes, Ended]]


def named(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Wherever the image is."""
    return tuple("image" if word.endswith("/image") else word for word in argv)


class Recording(Tools):
    """Notes what the tools answer."""

    answers: Answers

    def stream(self, take: Callable[[bytes], None], *argv: str) -> Ended:
        pieces: list[bytes] = []
        ended = super().stream(pieces.append, *argv)
        self.answers[named(argv)] = b"".join(pieces), ended
        take(b"".join(pieces))
        return ended


class Replaying(Tools):
    """Answers as the tools did, but for the mangled one."""

    answers: Answers

    def stream(self, take: Callable[[bytes], None], *argv: str) -> Ended:
        answer, ended = self.answers[named(argv)]
        for begin in range(0, len(answer), 1000):
            take(answer[begin : begin + 1000])
        return ended


def tools(kind: type[Tools], answers: Answers) -> Tools:
    made = kind(time.monotonic() + 60, lambda command: None, rights=True)
    object.__setattr__(made, "answers", answers)
    return made


@cache
def answered(kind: str) -> tuple[Answers, bytes]:
    """What the tools say of a file system, and a byte for each granule: whether it is free."""
    answers: Answers = {}
    with TemporaryDirectory() as directory:
        image = Path(directory) / "image"
        files = Path(directory) / "files"
        files.mkdir()
        for number in range(6):
            (files / f"f{number}").write_bytes(bytes([number]) * 700_000)
        options = {"ext4": ("-d", str(files)), "btrfs": ("--rootdir", str(files))}.get(kind, ())
        mkfs(image, kind, *options, size=SIZES[kind])
        if kind == "ext4":  # leaves gaps
            run("debugfs", "-w", "-f", "-", image, text="rm f1\nrm f3\n")
            run("e2fsck", "-fn", image)
        return answers, freed(kind, tools(Recording, answers), str(image))


def freed(kind: str, asked: Tools, path: str = "image") -> bytes:
    """Which granules are said to be free."""
    used = UsedMap(SIZES[kind])
    LOOKS[kind](Window(path, SIZES[kind]), asked, used.free)
    return granules(used)


def granules(used: UsedMap) -> bytes:
    found = bytearray(used.length >> 16)
    for one in used.runs():
        for begin, end in ((0, one.length),) if one.hole else one.blank:
            first, last = one.offset + begin >> 16, one.offset + end >> 16
            found[first:last] = b"\1" * (last - first)
    return bytes(found)


def cut(text: bytes, draw: st.DrawFn) -> bytes:
    return text[: draw(st.integers(0, len(text)))]


def without(text: bytes, draw: st.DrawFn) -> bytes:
    lines = text.split(b"\n")
    first = draw(st.integers(0, len(lines) - 1))
    del lines[first : first + draw(st.integers(1, 4))]
    return b"\n".join(lines)


def doubled(text: bytes, draw: st.DrawFn) -> bytes:
    lines = text.split(b"\n")
    place = draw(st.integers(0, len(lines) - 1))
    lines.insert(draw(st.integers(0, len(lines))), lines[place])
    return b"\n".join(lines)


def exchanged(text: bytes, draw: st.DrawFn) -> bytes:
    lines = text.split(b"\n")
    one, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def otherwise(text: bytes, draw: st.DrawFn) -> bytes:
    places = [place for place, byte in enumerate(text) if not chr(byte).isalnum()]
    if not places:
        return text
    place = draw(st.sampled_from(places))
    return text[:place] + draw(st.sampled_from([b"", b"x", b"\0", b"\xff", b"-", b" ", b"\n"])) + text[place + 1 :]


def garbage(text: bytes, draw: st.DrawFn) -> bytes:
    return draw(st.binary(max_size=200))


MANGLERS = (cut, without, doubled, exchanged, otherwise, garbage)


@st.composite
def mangled(draw: st.DrawFn, kind: str) -> Answers:
    answers = dict(answered(kind)[0])
    for _ in range(draw(st.integers(1, 3))):
        argv = draw(st.sampled_from(sorted(answers)))
        answer, ended = answers[argv]
        if argv[0] == "ntfscat":  # bytes, not lines
            answer = draw(st.sampled_from((cut, garbage)))(answer, draw) + draw(st.binary(max_size=3))
        elif draw(st.booleans()):
            answer = draw(st.sampled_from(MANGLERS))(answer, draw)
        else:
            ended = draw(st.sampled_from((Ended(1, ""), Ended(-9, "killed\n"), Ended(0, "a warning\n"))))
        answers[argv] = answer, ended
    return answers


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_a_mangled_answer_makes_nothing_free(kind: str, data: st.DataObject) -> None:
    _, truth = answered(kind)
    assert any(truth)
    try:
        found = freed(kind, tools(Replaying, data.draw(mangled(kind))))
    except Doubt:
        return
    assert not any(ours and not free for ours, free in zip(found, truth, strict=True))


@pytest.mark.parametrize(
    "text",
    [
        *("", "{}", "[]", "1", "{", '{"partitiontable": null}', '{"partitiontable": {"unit": "sectors"}}'),
        '{"partitiontable": {"unit": "cylinders", "label": "dos", "device": "d"}}',
        *(
            '{"partitiontable": {"unit": "sectors", "label": "dos", "device": "d", "partitions": [' + one + "]}}"
            for one in (
                *("1", "{}", '{"node": "d1", "start": -1, "size": 1, "type": "83"}'),
                *('{"node": "d1", "start": 1, "size": 0, "type": "83"}', '{"node": "e1", "start": 1, "size": 1}'),
                '{"node": "dx", "start": 1, "size": 1, "type": "83"}',
                '{"node": "d1", "start": "1", "size": 1, "type": "83"}',
            )
        ),
        '{"partitiontable": {"unit": "sectors", "label": "dos", "device": "d", "sectorsize": 0}}',
        "[" * 100_000,
    ],
)
def test_a_table_that_is_none(text: str) -> None:
    with pytest.raises(Doubt):
        table.parse(text)


@given(st.data())
def test_no_two_partitions_share_a_byte(data: st.DataObject) -> None:
    """Of whatever entries, those that are believed do not overlap, and end on the disk."""
    numbers = st.integers(1, 12)
    places = st.integers(0, 40)
    kinds = st.sampled_from(["83", "7", "5", "f", "ee"])
    entry = st.builds(table.Entry, numbers, places, st.integers(1, 20), kinds)
    entries = data.draw(st.lists(entry, max_size=6))
    label = data.draw(st.sampled_from([table.GPT, table.MBR, "sun"]))
    try:
        believed = table.check(label, sorted(entries, key=lambda one: (one.offset, -one.size)), 50)
    except Doubt:
        return
    for number, one in enumerate(believed):
        assert one.end <= 50
        assert not any(one.offset < other.end and other.offset < one.end for other in believed[number + 1 :])


def changed(kind: str, program: str, pattern: str, by: int) -> Answers:
    """Answers in which the last number that fits `pattern` is another; nothing else is."""
    answers = dict(answered(kind)[0])
    argv = next(argv for argv in answers if argv[0] == program and re.search(pattern, answers[argv][0].decode()))
    text, ended = answers[argv]
    last = list(re.finditer(pattern.encode(), text))[-1]
    answers[argv] = text[: last.start(1)] + str(int(last[1]) + by).encode() + text[last.end(1) :], ended
    return answers


@pytest.mark.parametrize(
    ("kind", "program", "pattern", "by"),
    [
        ("xfs", "xfs_db", r"\n +1 +(\d+) +\d{4,}\n(?=[^g]*agno)", -1),
        ("btrfs", "btrfs", r"DEV_EXTENT (\d+)\)", 65536),
        ("ntfs", "ntfsresize", r"Cluster size +: (\d+)", 4096),
        ("ntfs", "ntfsinfo", r"Volume Size in Clusters: (\d+)", -8),
        ("ntfs", "ntfsinfo", r"Free Clusters: (\d+)", 1),
        ("ext4", "dumpe2fs", r"\nBlock size: +(\d+)", -3072),
    ],
)
def test_what_is_said_twice_has_to_be_the_same(kind: str, program: str, pattern: str, by: int) -> None:
    with pytest.raises(Doubt):
        freed(kind, tools(Replaying, changed(kind, program, pattern, by)))


def test_what_a_group_lists_too_much_another_cannot_make_up_for() -> None:
    """A block in use is listed as free, and a free one of another group is not: the sum is the superblock's still."""
    answers = dict(answered("ext4")[0])
    argv = next(argv for argv in answers if argv[0] == "dumpe2fs")
    text, ended = answers[argv]
    lists = list(re.finditer(rb"\n  Free blocks: (\d+)(?=-)", text))
    assert len(lists) > 1
    for one, by in ((lists[1], 1), (lists[0], -1)):
        text = text[: one.start(1)] + str(int(one[1]) + by).encode() + text[one.end(1) :]
    with pytest.raises(Doubt, match="its counts of free blocks differ"):
        freed("ext4", tools(Replaying, {**answers, argv: (text, ended)}))
