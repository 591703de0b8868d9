"""What a clone has of its source, by two witnesses: a used byte or a file that is another one is found."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from qemu.disks import parts
from qemu.disks.contents import files
from qemu.disks.holes import disk_with_holes
from qemu.disks.likeness import Likeness, Source, likeness, look
from qemu.disks.raw import MIB, copy_out, first_difference

SIZE, USED = 40 * MIB, 6 * MIB


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return look(disk_with_holes(tmp_path_factory.mktemp("source") / "source.img", SIZE, USED, text=True))


@pytest.fixture
def clone(source: Source, tmp_path: Path) -> Path:
    return Path(shutil.copy(source.path, tmp_path / "clone.img"))


def spoil(path: Path, begin: int, end: int) -> None:
    with path.open("r+b") as file:
        file.seek(begin)
        file.write(b"\xaa" * (end - begin))


def holes(source: Source) -> list[parts.Range]:
    return [(end, begin) for (_, end), (begin, _) in zip(source.used, source.used[1:], strict=False)]


def test_the_source_has_a_table_files_and_holes_that_are_not_blank(source: Source) -> None:
    assert [part.kind for part in source.parts] == ["ext4", "swap"]
    assert {"etc/hostname", "etc/empty", "etc/zeros", "etc/sparse", "home/pupil/0.bin"} <= set(source.files[1])
    assert sum(end - begin for begin, end in source.used) < 20 * MIB
    assert all(any(source.path.read_bytes()[begin:end]) for begin, end in holes(source))


def test_what_lies_in_holes_does_not_count(source: Source, clone: Path) -> None:
    for hole in holes(source):
        spoil(clone, *hole)
    assert likeness(clone, source) == (Likeness.USED, "")


@pytest.mark.parametrize("number", range(3))
def test_a_used_byte_does(source: Source, clone: Path, number: int) -> None:
    begin, _ = source.used[-1 - number]
    with clone.open("r+b") as file:
        file.seek(begin)
        byte = file.read(1)[0]
        file.seek(begin)
        file.write(bytes([byte ^ 1]))
    assert likeness(clone, source) == (Likeness.NONE, f"byte {begin}, which is used, differs")


def test_a_file_does_even_where_the_map_says_nothing(source: Source, clone: Path) -> None:
    """As if the map had missed all that the file system has."""
    blind = Source(source.path, source.size, source.parts, source.used[:0], source.files)
    place = clone.read_bytes().index(b"model-pc\n")
    spoil(clone, place, place + 1)
    found, why = likeness(clone, blind)
    assert found is Likeness.NONE
    assert "other files than the source: etc/hostname" in why


def test_a_disk_without_the_sources_table_is_no_clone(source: Source, tmp_path: Path) -> None:
    blank = tmp_path / "blank.img"
    blank.write_bytes(bytes(SIZE))
    assert likeness(blank, source)[0] is Likeness.NONE


def grown(source: Source, path: Path, more: int) -> Path:
    """The clone on a larger disk: swap at the end, the ext4 up to it."""
    shutil.copy(source.path, path)
    root, swap = source.parts
    with path.open("r+b") as file:
        file.seek(swap.start)
        moved = file.read(swap.size)
        file.truncate(SIZE + more)
        file.seek(swap.start + more)
        file.write(moved)
    dump = subprocess.run(["sfdisk", "-d", path], check=True, capture_output=True, text=True).stdout
    lines = [line for line in dump.splitlines() if not line.startswith("last-lba")]
    text = "\n".join(lines).replace(f"start={swap.start // 512:>12}", f"start={(swap.start + more) // 512}")
    text = text.replace(f"size={root.size // 512:>12}", f"size={(root.size + more) // 512}")
    words = ["sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", str(path)]
    subprocess.run(words, input=text + "\n", text=True, check=True)
    return path


def test_a_clone_that_has_grown(source: Source, tmp_path: Path) -> None:
    clone = grown(source, tmp_path / "clone.img", 24 * MIB)
    assert likeness(clone, source) == (Likeness.NONE, "the file system of partition 1 has not grown. ")
    root = parts.parts(clone)[0]
    alone = tmp_path / "alone"
    copy_out(clone, root.start, root.size, alone)
    subprocess.run(["e2fsck", "-fy", alone], check=False, capture_output=True)
    subprocess.run(["resize2fs", alone], check=True, capture_output=True)
    with clone.open("r+b") as file:
        file.seek(root.start)
        file.write(alone.read_bytes())
    assert likeness(clone, source) == (Likeness.GROWN, "")
    place = clone.read_bytes().index(b"model-pc\n")
    spoil(clone, place, place + 1)
    assert "etc/hostname" in likeness(clone, source)[1]


def test_the_first_difference_is_a_byte(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"a" * 100)
    other.write_bytes(b"a" * 50 + b"b" + b"a" * 9)
    assert first_difference(one, other, [(0, 50)]) is None
    assert first_difference(one, other, [(0, 20), (40, 60)]) == 50
    assert first_difference(one, other, [(55, 100)]) == 60  # where the shorter one ends


def test_files_of_ntfs_in_folders_are_read(tmp_path: Path) -> None:
    image, note = tmp_path / "ntfs.img", tmp_path / "note"
    image.write_bytes(bytes(8 * MIB))
    note.write_text("hello\n")
    subprocess.run(["mkntfs", "--quiet", "--force", "--fast", image], check=True, capture_output=True)
    subprocess.run(["ntfscp", "--quiet", image, note, "a note.txt"], check=True, capture_output=True)
    part = parts.Part(1, 0, 8 * MIB, "", kind="ntfs")
    found = files(image, part)
    assert found is not None
    assert list(found) == ["a note.txt"]
    assert parts.used_of(image, part, tmp_path)[-1][1] == 8 * MIB
