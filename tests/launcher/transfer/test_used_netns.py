"""Used blocks over a real wire: ext4 and swap, between network namespaces, to our receiver and to plain tools."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.launcher.transfer.test_transfer_netns import (
    MIB,
    PLAIN,
    Room,
    blank,
    built,  # noqa: F401 - a fixture
    result,
    room,  # noqa: F401 - a fixture
)

pytestmark = pytest.mark.netns

SIZE = 64 * MIB
EXT4, SWAP = (1 * MIB, 47 * MIB), (48 * MIB, 15 * MIB)
TABLE = f"""label: gpt
start=2048, size={EXT4[1] // 512}, type=linux
start={SWAP[0] // 512}, size={SWAP[1] // 512}, type=swap
"""
STALE = b"\xaa"  # what is in the source's free blocks, and was on the target


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A disk with a file of 3 MiB on it, and stale bytes wherever nothing is used."""
    directory = tmp_path_factory.mktemp("disk")
    whole, part, swap, files = (directory / name for name in ("whole", "ext4", "swap", "files"))
    files.mkdir()
    (files / "file").write_bytes(random.Random(4).randbytes(3 * MIB))
    (files / "small").write_bytes(b"small\n")
    for path, size in ((whole, SIZE), (part, EXT4[1]), (swap, SWAP[1])):
        path.write_bytes(STALE * size)
    subprocess.run(["sfdisk", "-q", "--no-tell-kernel", whole], input=TABLE, text=True, check=True)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-b", "4096", "-d", files, part], check=True, capture_output=True)
    subprocess.run(["mkswap", swap], check=True, capture_output=True)
    data = bytearray(whole.read_bytes())
    for (offset, size), path in ((EXT4, part), (SWAP, swap)):
        data[offset : offset + size] = path.read_bytes()
    return bytes(data)


def part_of(path: Path, directory: Path) -> Path:
    """The ext4 on it, as a file."""
    alone = directory / "part"
    with path.open("rb") as whole:
        whole.seek(EXT4[0])
        alone.write_bytes(whole.read(EXT4[1]))
    return alone


def holds_the_files(path: Path, directory: Path) -> None:
    """Every file is there, byte for byte; a check of the file system alone would not see that."""
    part = part_of(path, directory)
    subprocess.run(["e2fsck", "-fn", part], check=True, capture_output=True)
    for name, content in (("file", random.Random(4).randbytes(3 * MIB)), ("small", b"small\n")):
        got = subprocess.run(["debugfs", "-R", f"cat /{name}", part], check=True, capture_output=True).stdout
        assert got == content, name


def told(path: Path, event: str) -> dict[str, Any]:
    lines = map(json.loads, Path(f"{path}.events").read_text().splitlines())
    return next(line for line in lines if line["event"] == event)


def test_our_receiver_writes_what_is_used_and_is_equal(room: Room, disk: bytes, tmp_path: Path) -> None:  # noqa: F811
    source, target = room.disk("source", disk), room.disk("one", blank(SIZE))
    receiver = room.start(1, "rcv", target)
    sent = result(room.start(0, "snd", source, key_at=1, listen=0.2))
    assert sent["kind"] == "sent", sent
    used = told(source, "used")
    assert (used["used"], used["total"]) == (sent["used"], SIZE), used
    assert 3 * MIB < used["used"] < 32 * MIB
    assert [part["kind"] for part in used["parts"]] == ["ext4", "swap"]
    assert [part["whole"] for part in used["parts"]] == [None, None]
    outcome = result(receiver)
    assert outcome["kind"] == "equal", outcome
    assert outcome["xxh128"] == sent["xxh128"]
    assert (outcome["used"], outcome["sent"], outcome["total"]) == (used["used"], used["used"], SIZE)
    assert source.read_bytes() == disk, "the source is as it was"
    holds_the_files(target, tmp_path)
    assert blank(MIB) in target.read_bytes()[EXT4[0] :], "what is free was left alone"


def test_plain_tools_get_a_disk_with_zeros_in_the_holes(room: Room, disk: bytes, tmp_path: Path) -> None:  # noqa: F811
    source, target = room.disk("source", disk), room.disk("plain", b"")
    plain = room.plain(1, "udp-receiver", *PLAIN, "--nosync", "--file", str(target), "--pipe", "zstd -dc")
    sent = result(room.start(0, "snd", source, key_at=1, listen=0.2))
    assert sent["kind"] == "sent", sent
    plain.communicate(timeout=30)
    assert plain.returncode == 0
    assert target.stat().st_size == SIZE
    holds_the_files(target, tmp_path)
    got = target.read_bytes()
    for at in range(0, SIZE, MIB):
        piece, was = got[at : at + MIB], disk[at : at + MIB]
        assert all(piece[n : n + 65536] in (was[n : n + 65536], bytes(65536)) for n in range(0, MIB, 65536)), (
            f"MiB {at // MIB} is neither the disk's nor zeros"
        )
    assert got.count(bytes(MIB)) > 20
    subprocess.run(["sfdisk", "-q", "--verify", target], check=True, capture_output=True)


@pytest.mark.field
def test_who_wants_all_of_it_gets_all_of_it(room: Room, disk: bytes) -> None:  # noqa: F811
    source, target = room.disk("source", disk), room.disk("one", bytes(SIZE))
    receiver = room.start(1, "rcv", target)
    sent = result(room.start(0, "snd", source, key_at=1, listen=0.2, used=False))
    assert (sent["kind"], sent["used"], sent["sent"]) == ("sent", SIZE, SIZE), sent
    assert result(receiver)["kind"] == "equal"
    assert target.read_bytes() == disk
