"""The archive writer, held against GNU cpio."""

from __future__ import annotations

import io
import os
import subprocess
from pathlib import Path

import pytest

from initrd import cpio

TIME = 1_700_000_000


def make_tree(root: Path) -> Path:
    (root / "b dir/deep").mkdir(parents=True)
    (root / "b dir/deep/empty").touch()
    (root / "a").write_bytes(b"12345")
    (root / "a").chmod(0o700)
    (root / "é").write_bytes(bytes(range(256)))
    (root / "link").symlink_to("b dir/deep")
    return root


def archive(tree: Path) -> bytes:
    out = io.BytesIO()
    cpio.write_archive(tree, out, TIME)
    return out.getvalue()


def gnu_cpio(data: bytes, *options: str, cwd: Path) -> str:
    command = ["/usr/bin/cpio", "--quiet", *options]
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True, cwd=cwd).stdout.decode()


def test_gnu_cpio_unpacks_the_same_tree(tmp_path: Path) -> None:
    tree, copy = make_tree(tmp_path / "tree"), tmp_path / "copy"
    copy.mkdir()
    gnu_cpio(archive(tree), "--extract", cwd=copy)
    assert (copy / "a").read_bytes() == b"12345"
    assert (copy / "é").read_bytes() == bytes(range(256))
    assert (copy / "b dir/deep/empty").read_bytes() == b""
    assert (copy / "link").readlink() == Path("b dir/deep")
    assert [path.name for path in cpio.entries(copy)] == [path.name for path in cpio.entries(tree)]


def test_gnu_cpio_lists_owners_modes_and_order(tmp_path: Path) -> None:
    listed = gnu_cpio(archive(make_tree(tmp_path)), "-tvn", cwd=tmp_path).splitlines()
    words = [line.split() for line in listed]
    assert {(row[2], row[3]) for row in words} == {("0", "0")}
    assert [row[0] for row in words] == [
        "-rwxr-xr-x",
        *["drwxr-xr-x"] * 2,
        "-rw-r--r--",
        "lrwxrwxrwx",
        "-rw-r--r--",
    ]


def test_time_stamps_inodes_and_umask_of_the_host_do_not_show(tmp_path: Path) -> None:
    first, second = make_tree(tmp_path / "first"), make_tree(tmp_path / "second")
    os.utime(second / "a", (1, 1))
    (second / "é").chmod(0o600)
    (second / "b dir").chmod(0o700)
    assert archive(first) == archive(second)


def test_a_change_of_content_shows(tmp_path: Path) -> None:
    before = archive(make_tree(tmp_path))
    (tmp_path / "a").write_bytes(b"12346")
    assert archive(tmp_path) != before


def test_a_device_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(ValueError, match="no file, directory or link"):
        archive(tmp_path)
