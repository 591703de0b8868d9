"""The record of what was written in a tree."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import pytest

from pxe.tree.record import RECORD, Record, digest, read_record, write_record


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    record = Record({"pxelinux.cfg/default": "ab" * 32, "udpcast-linux": "cd" * 32})
    before = os.umask(0o077)
    try:
        write_record(tmp_path, record)
    finally:
        os.umask(before)
    assert read_record(tmp_path) == record
    assert [path.name for path in tmp_path.iterdir()] == [RECORD]
    assert stat.S_IMODE((tmp_path / RECORD).stat().st_mode) == 0o644


@pytest.mark.parametrize(
    "text", [None, "", "{", "[]", '{"format": 2, "files": {}}', '{"format": 1, "files": []}', "\xff"]
)
def test_none_or_a_damaged_one_is_missing(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / RECORD).write_bytes(text.encode("latin-1"))
    assert read_record(tmp_path) == Record(is_missing=True)


@pytest.mark.parametrize("name", ["../theirs", "/etc/passwd", "pxelinux.cfg/../../theirs"])
def test_what_is_outside_the_tree_is_never_ours(tmp_path: Path, name: str) -> None:
    write_record(tmp_path, Record({name: "ab" * 32, "pxelinux.cfg/default": "cd" * 32}))
    assert read_record(tmp_path) == Record({"pxelinux.cfg/default": "cd" * 32})


def test_a_digest_is_that_of_a_regular_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"kernel")
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")
    assert digest(tmp_path / "file") == hashlib.sha256(b"kernel").hexdigest()
    assert [digest(tmp_path / name) for name in ("link", "pipe", ".", "none")] == [None] * 4
