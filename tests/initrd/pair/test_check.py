"""Kernel and initrd belong together and are whole, or a sentence says what is wrong."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from initrd.cpio import write_archive
from initrd.pair.check import INITRD, KERNEL, MANIFEST, Pair, PairError, check_kernel, check_pair
from initrd.pair.identity import NAME, DamagedError, read_front
from tests import pairs
from tests.pairs import OTHER_VERSION, VERSION, make_pair

PACKED = subprocess.run(["zstd", "-qc"], input=b"drivers", capture_output=True, check=True).stdout


def check(folder: Path) -> Pair:
    return check_pair(folder / KERNEL, folder / INITRD, folder / MANIFEST)


def older(folder: Path) -> Path:
    """A pair of a version whose initrd tells nothing."""
    make_pair(folder)
    (folder / INITRD).write_bytes(PACKED)
    return folder


def manifest(folder: Path) -> None:
    files = [
        {"name": name, "size": (folder / name).stat().st_size, "sha256": sha256(folder / name)}
        for name in (KERNEL, INITRD)
    ]
    (folder / MANIFEST).write_text(json.dumps({"kernel": "6.1.0-56-amd64", "files": files}))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_pair_of_one_build_is_taken_and_its_digests_are_told(tmp_path: Path) -> None:
    pair = check(make_pair(tmp_path))
    assert (pair.kernel.sha256, pair.initrd.sha256) == (sha256(tmp_path / KERNEL), sha256(tmp_path / INITRD))
    assert pair.warnings == ()


def test_the_front_is_small_the_same_each_time_and_keeps_the_archive(tmp_path: Path) -> None:
    first, second = (make_pair(tmp_path / name, archive=b"drivers" * 9) for name in "ab")
    text = (first / INITRD).read_bytes()
    assert text == (second / INITRD).read_bytes()
    assert text.endswith(b"drivers" * 9)
    assert len(text) < 1024 + 63
    assert (len(text) - 63) % 4 == 0  # where the kernel looks for the next archive
    assert [path.name for path in first.iterdir() if path.name not in (KERNEL, INITRD)] == []


def test_cpio_reads_the_front(tmp_path: Path) -> None:
    with (make_pair(tmp_path) / INITRD).open("rb") as file:
        listed = subprocess.run(["cpio", "-t", "--quiet"], stdin=file, capture_output=True, text=True, check=True)
    assert listed.stdout == f"{NAME}\n"


def test_two_kernels_versions_do_not_mix(tmp_path: Path) -> None:
    make_pair(tmp_path / "old")
    make_pair(tmp_path / "new", OTHER_VERSION)
    shutil.copy(tmp_path / "new" / KERNEL, tmp_path / "old")
    told = (
        r"old/udpcast-linux and .*old/udpcast-initrd do not belong together: the kernel is 6\.12\.118\+deb13-amd64 .*, "
        r"the initrd has the drivers of 6\.1\.0-56-amd64 .*Copy both from one build\.$"
    )
    with pytest.raises(PairError, match=told):
        check(tmp_path / "old")


def test_the_same_release_of_another_day_does_not_mix(tmp_path: Path) -> None:
    make_pair(tmp_path)
    (tmp_path / KERNEL).write_bytes(pairs.kernel(VERSION.replace("192-2", "192-3")))
    with pytest.raises(PairError, match="do not belong together"):
        check(tmp_path)


def test_a_changed_kernel_of_the_same_version_is_another_file(tmp_path: Path) -> None:
    make_pair(tmp_path)
    (tmp_path / KERNEL).write_bytes(pairs.kernel(signature=b"signed by the site"))
    with pytest.raises(PairError, match=r"is not the file that .* was built with.*signed first.*--kernel"):
        check(tmp_path)


def test_an_initrd_cut_anywhere_is_refused(tmp_path: Path) -> None:
    make_pair(tmp_path)
    whole = (tmp_path / INITRD).read_bytes()
    for size in range(0, len(whole), 3):
        (tmp_path / INITRD).write_bytes(whole[:size])
        with pytest.raises(PairError, match=r"is cut: it has|is cut: copy|is empty") as told:
            check(tmp_path)
        assert ("empty" in str(told.value)) is (size == 0)


def test_an_initrd_with_a_wrong_byte_anywhere_is_refused_or_unknown(tmp_path: Path) -> None:
    """A byte that makes another archive of the first one leaves an initrd that tells nothing, which is said."""
    make_pair(tmp_path, archive=b"drivers" * 20)
    whole = bytearray((tmp_path / INITRD).read_bytes())
    unknown, taken = set[int](), set[int]()
    for place in range(0, len(whole), 3):
        whole[place] ^= 0x15
        (tmp_path / INITRD).write_bytes(whole)
        whole[place] ^= 0x15
        with contextlib.suppress(PairError):
            (unknown if check(tmp_path).warnings else taken).add(place)
    text, archive = range(whole.index(b"{"), whole.index(b"}\n")), range(len(whole) - 140, len(whole))
    assert taken.isdisjoint({*text, *archive}), "only fields of headers that change nothing"
    number = whole.index(b'"format": 1') + len(
        '"format":'
    )  # a blank that becomes a digit: the format of a later version
    assert unknown <= {*range(6), *range(94, 102), *range(110, 111 + len(NAME)), number}


@pytest.mark.parametrize("signature", [b"", b"a signature"])
def test_a_kernel_cut_anywhere_is_refused(tmp_path: Path, signature: bytes) -> None:
    older(tmp_path)  # so that nothing but the kernel itself tells it
    whole = pairs.kernel(signature=signature)
    (tmp_path / KERNEL).write_bytes(whole)
    assert check_kernel(tmp_path / KERNEL) == VERSION
    for size in (*range(0, len(whole), 41), len(whole) - 1):
        (tmp_path / KERNEL).write_bytes(whole[:size])
        with pytest.raises(PairError, match=r"is cut: it has|no kernel for x86, or cut|is empty"):
            check(tmp_path)


@pytest.mark.parametrize("text", [b"<html>404</html>", b"\x7fELF" + bytes(0x1000), b"MZ" + bytes(0x1000)])
def test_what_is_no_kernel_is_refused(tmp_path: Path, text: bytes) -> None:
    (make_pair(tmp_path) / KERNEL).write_bytes(text)
    with pytest.raises(PairError, match="udpcast-linux is no kernel for x86"):
        check(tmp_path)


@pytest.mark.parametrize("name", [KERNEL, INITRD])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    make_pair(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(FileNotFoundError):
        check(tmp_path)
    (tmp_path / name).mkdir()
    with pytest.raises((PairError, IsADirectoryError)):
        check(tmp_path)


def test_an_older_pair_is_taken_and_that_it_was_not_checked_is_said(tmp_path: Path) -> None:
    [warning] = check(older(tmp_path)).warnings
    assert "nothing in" in warning and "was not checked" in warning


def test_an_older_pair_is_known_by_the_manifest_beside_it(tmp_path: Path) -> None:
    manifest(older(tmp_path))
    assert check(tmp_path).warnings == ()
    (tmp_path / MANIFEST).write_text((tmp_path / MANIFEST).read_text().replace(f": {len(PACKED)},", ": 4711,"))
    with pytest.raises(PairError, match=rf"udpcast-initrd is cut: it has {len(PACKED)} of 4711 bytes"):
        check(tmp_path)


def test_an_older_initrd_that_was_cut_is_refused(tmp_path: Path) -> None:
    for size in range(1, len(PACKED)):
        (older(tmp_path) / INITRD).write_bytes(PACKED[:size])
        with pytest.raises(PairError, match="udpcast-initrd is cut: its end is missing"):
            check(tmp_path)


def test_a_manifest_of_another_build_proves_nothing(tmp_path: Path) -> None:
    manifest(older(tmp_path))
    (tmp_path / INITRD).write_bytes(PACKED + b"other drivers")
    assert len(check(tmp_path).warnings) == 1


def test_a_manifest_of_another_kernel_calls_nothing_cut(tmp_path: Path) -> None:
    manifest(older(tmp_path))
    (tmp_path / KERNEL).write_bytes(pairs.kernel(OTHER_VERSION, b""))
    assert len(check(tmp_path).warnings) == 1


@pytest.mark.parametrize("text", [b"<html>404</html>", b"\x7fELF" + bytes(0x1000), b"drivers", b"MZ"])
def test_what_is_no_initrd_is_refused(tmp_path: Path, text: bytes) -> None:
    (make_pair(tmp_path) / INITRD).write_bytes(text)
    with pytest.raises(PairError, match="udpcast-initrd is no initrd"):
        check(tmp_path)


@pytest.mark.parametrize("tool", ["gzip", "xz", "bzip2", "lzop", "zstd"])
def test_initrds_of_others_are_taken_and_that_nothing_was_checked_is_said(tmp_path: Path, tool: str) -> None:
    packed = subprocess.run([tool, "-c"], input=b"archive", capture_output=True, check=True).stdout
    (make_pair(tmp_path) / INITRD).write_bytes(packed)
    assert "was not checked" in check(tmp_path).warnings[0]


def test_an_archive_of_zeros_is_an_archive(tmp_path: Path) -> None:
    assert check(make_pair(tmp_path, archive=bytes(9000))).warnings == ()


def test_what_somebody_put_in_front_or_behind_does_not_matter(tmp_path: Path) -> None:
    make_pair(tmp_path / "pair")
    (tmp_path / "more/kernel/x86/microcode").mkdir(parents=True)
    (tmp_path / "more/kernel/x86/microcode/GenuineIntel.bin").write_bytes(b"microcode" * 99)
    more = io.BytesIO()
    write_archive(tmp_path / "more", more, 0)
    initrd = tmp_path / "pair" / INITRD
    initrd.write_bytes(more.getvalue() + bytes(512) + initrd.read_bytes() + more.getvalue())
    assert check(tmp_path / "pair").warnings == ()
    (tmp_path / "pair" / KERNEL).write_bytes(pairs.kernel(OTHER_VERSION))
    with pytest.raises(PairError, match="do not belong together"):
        check(tmp_path / "pair")


@pytest.mark.parametrize("text", [b"", b"(\xb5/\xfd" + bytes(99), b"\x1f\x8b" + bytes(99), b"070702" + bytes(200)])
def test_other_archives_tell_nothing(text: bytes) -> None:
    assert read_front(io.BytesIO(text), len(text)) is None


def test_a_front_of_a_later_version_tells_nothing(tmp_path: Path) -> None:
    initrd = make_pair(tmp_path) / INITRD
    initrd.write_bytes(initrd.read_bytes().replace(b'"format": 1', b'"format": 2'))
    assert len(check(tmp_path).warnings) == 1
    initrd.write_bytes(initrd.read_bytes().replace(b'"format": 2', b'"format": {'))
    with initrd.open("rb") as file, pytest.raises(DamagedError, match="damaged"):
        read_front(file, initrd.stat().st_size)
