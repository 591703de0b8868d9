"""A disk that is named, looked at without udev."""

from __future__ import annotations

import fcntl
import stat
import struct
from pathlib import Path

import pytest

from kernel_cmdline import showable
from launcher.errors import AnswerError, ErrorKind
from launcher.hardware import probe

MIB = 1 << 20


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "room.img"
    path.write_bytes(bytes(MIB))
    return path


def test_a_block_device_tells_its_sector_size(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stat, "S_ISBLK", lambda mode: True)
    asked: list[int] = []

    def ioctl(fd: int, request: int, argument: bytes) -> bytes:
        asked.append(request)
        return struct.pack("i", 4096)

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    assert probe.target(str(image), for_writing=False).disk.sector_size == 4096
    assert asked == [0x1268]


def test_a_file_has_no_sectors(image: Path) -> None:
    found = probe.target(str(image), for_writing=True)
    assert (found.path, found.size, found.disk.sector_size) == (str(image), MIB, 0)


def of_a_null_byte() -> str:
    """What this Python says of one in a path; 3.13 has other words for it."""
    with pytest.raises(ValueError, match="null") as caught:
        Path("\0").stat()
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "kind", "sentence", "hint"),
    [
        ("nowhere", ErrorKind.DEVICE_MISSING, "cannot be opened: No such file or directory.", "regular file."),
        ("", ErrorKind.WRONG_VALUE, "is neither a block device nor a regular file.", "regular file."),
        ("empty", ErrorKind.WRONG_VALUE, "has no bytes.", "regular file. Make it as large as the sender's disk:"),
        ("\0", ErrorKind.DISK_UNREADABLE, f"cannot be opened: {of_a_null_byte()}.", "regular file."),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    tmp_path: Path, name: str, kind: ErrorKind, sentence: str, hint: str
) -> None:
    (tmp_path / "empty").touch()
    path = f"{tmp_path}/{name}"
    with pytest.raises(AnswerError) as caught:
        probe.target(path, for_writing=True)
    assert caught.value.kind is kind
    assert str(caught.value.sentence) == f"disk={showable(path)} {sentence}"
    assert hint in str(caught.value.hint)


def test_only_who_overwrites_a_file_is_told_to_make_it_as_large(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(AnswerError) as caught:
        probe.target(str(tmp_path / "empty"), for_writing=False)
    assert str(caught.value.hint) == "Expected the path of a block device or a regular file."
