"""Real casts into stored images and out of them, between two network namespaces. Whatever is said of an image is held
against the disk that it was made of."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from launcher.commands import commands
from launcher.datapath.stored import look
from launcher.used.used_map import GRANULE, UsedMap
from tests.common import ROOT
from tests.disks import run
from tests.launcher.datapath import streams
from tests.launcher.datapath.streams import MIB

pytestmark = pytest.mark.netns

ONE = "udpcparam=--min-receivers 1 --rexmit-hello-interval 200"


@pytest.fixture(scope="module")
def seats() -> Iterator[tuple[str, str]]:
    names = tuple(f"image{os.getpid()}{name}" for name in "ab")
    try:
        for name in names:
            run("ip", "netns", "add", name)
        run("ip", "-n", names[0], "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", names[1])
        for number, name in enumerate(names, 1):
            run("ip", "-n", name, "address", "add", f"10.97.0.{number}/24", "broadcast", "+", "dev", "eth0")
            run("ip", "-n", name, "link", "set", "eth0", "up")
        yield names[0], names[1]
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


Process = subprocess.Popen[str]
STARTED: list[Process] = []


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """What a test that failed has left goes on for hours."""
    yield
    while STARTED:
        process = STARTED.pop()
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=30)


def start(seat: str, *words: object) -> Process:
    command = ["ip", "netns", "exec", seat, sys.executable, "-m", "launcher", *map(str, words)]
    STARTED.append(
        subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    )
    return STARTED[-1]


def ended(process: Process) -> tuple[int, list[dict[str, Any]], str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, [json.loads(line) for line in out.splitlines()], err


def cast(sender: Process, receiver: Process) -> tuple[dict[str, Any], dict[str, Any]]:
    """What both end with: an outcome, or an error."""
    last = []
    for process in (receiver, sender):
        status, events, err = ended(process)
        assert events, err
        last.append({**events[-1], "status": status, "said": err})
    return last[1], last[0]


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str


def command(*words: object) -> Done:
    """A command of the launcher that ends by itself."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        status = commands.command(list(map(str, words)))
    return Done(status, out.getvalue())


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half of an ext4 in one partition is in use; the rest has old noise."""
    directory = tmp_path_factory.mktemp("disk")
    files, system, file = directory / "files", directory / "ext4", directory / "disk"
    files.mkdir()
    (files / "large").write_bytes(random.Random(1).randbytes(5 * MIB))
    system.write_bytes(random.Random(2).randbytes(22 * MIB))
    run("mkfs.ext4", "-q", "-F", "-E", "nodiscard", "-d", files, system)
    with file.open("wb") as whole:
        whole.truncate(24 * MIB)
    subprocess.run(["sfdisk", "-q", file], input="label: gpt\nsize=22MiB\n", text=True, check=True)
    with file.open("r+b") as whole:
        whole.seek(MIB)
        whole.write(system.read_bytes())
    return file


def test_a_disk_is_stored_looked_into_and_cast_again(seats: tuple[str, str], disk: Path, tmp_path: Path) -> None:
    image, target = tmp_path / "room.img.zst", tmp_path / "target"
    receiver = start(seats[1], "transfer", "umode=rcv", f"disk={image}", "port=9030")
    sent, stored = cast(start(seats[0], "transfer", "umode=snd", f"disk={disk}", "port=9030", ONE), receiver)
    assert (sent["kind"], stored["kind"], stored["status"]) == ("sent", "stored", 0), (sent, stored)
    assert stored["ok"] and stored["read_back"]
    assert f"{image} was stored from 10.97.0.1 and read back: " in stored["said"]
    assert [file.name for file in tmp_path.iterdir()] == ["room.img.zst"]
    assert image.stat().st_mode & 0o777 == 0o600
    known = json.loads(command("image", "info", "--json", image).stdout)
    assert known["whole"] and known["length"] == 24 * MIB and known["host"] == os.uname().nodename
    assert known["used"] <= 18 * MIB < known["length"]
    assert [(part["number"], part["kind"], part["offset"]) for part in known["parts"]] == [(1, "ext4", MIB)]
    assert known["xxh128"] == sent["xxh128"] == stored["xxh128"]
    text = command("image", "info", image).stdout
    assert "whole   yes" in text and "ext4" in text and known["xxh128"] in text
    checked = command("image", "check", image)
    assert (checked.returncode, "is whole" in checked.stdout) == (0, True), checked
    run("zstd", "-tq", image)

    target.write_bytes(b"\xaa" * 24 * MIB)
    receiver = start(seats[1], "transfer", "umode=rcv", f"disk={target}", "port=9032")
    sent, got = cast(start(seats[0], "image", "cast", image, "port=9032", ONE), receiver)
    assert (sent["kind"], got["kind"]) == ("sent", "equal"), (sent, got)
    assert f"{image} is a stored image (made 20" in sent["said"]
    assert got["xxh128"] == known["xxh128"]
    plain = subprocess.run(["zstd", "-dcq", image], check=True, capture_output=True).stdout
    assert_same_but_holes(image, target.read_bytes(), plain, disk.read_bytes())
    assert_same_files(target, disk, tmp_path)


def assert_same_but_holes(image: Path, target: bytes, plain: bytes, disk: bytes) -> None:
    """What is used is the disk's, everywhere; in the holes the target has what it had, and zstd gives zeros."""
    data = image.read_bytes()
    holes = 0
    for piece in look(lambda offset, count: data[offset : offset + count], len(data)).pieces:
        begin, end = piece.offset, piece.offset + piece.length
        if piece.hole:
            holes += piece.length
            assert target[begin:end] == b"\xaa" * piece.length
            assert plain[begin:end] == bytes(piece.length)
        else:
            assert target[begin:end] == plain[begin:end]
            for at in range(begin, end, GRANULE):  # what is free in a chunk is zeros
                assert plain[at : at + GRANULE] in (disk[at : at + GRANULE], bytes(GRANULE))
    assert holes >= 4 * MIB


def assert_same_files(target: Path, disk: Path, tmp_path: Path) -> None:
    """The file system is clean, and its file is the disk's."""
    system, files = tmp_path / "ext4", []
    for whole in (disk, target):
        system.write_bytes(whole.read_bytes()[MIB : 23 * MIB])
        run("e2fsck", "-fn", system)
        run("debugfs", "-R", f"dump large {tmp_path}/large", system)
        files.append((tmp_path / "large").read_bytes())
    assert files[0] == files[1] == random.Random(1).randbytes(5 * MIB)


def image_of(path: Path, mib: int, *holes: tuple[int, int]) -> tuple[bytes, UsedMap]:
    data, used = streams.disk(mib, *holes)
    path.write_bytes(streams.image(data, used))
    return data, used


def changed_bit(image: Path, at: int) -> None:
    changed = bytearray(image.read_bytes())
    changed[at] ^= 1
    image.write_bytes(changed)


def test_a_bit_that_changed_in_the_data_is_a_failure_at_the_seat(seats: tuple[str, str], tmp_path: Path) -> None:
    image, target = tmp_path / "image", tmp_path / "target"
    data, _ = image_of(image, 8, (2, 4))
    changed_bit(image, image.stat().st_size // 2)
    target.write_bytes(b"\xaa" * len(data))
    receiver = start(seats[1], "transfer", "umode=rcv", f"disk={target}", "port=9034")
    sent, got = cast(start(seats[0], "image", "cast", image, "port=9034", ONE), receiver)
    assert (got["kind"], got["ok"]) == ("different", False), (sent, got)
    assert sent["kind"] in ("sent", "receiver-lost"), sent  # as the receiver left before the end, or behind it


@pytest.mark.field
def test_what_the_sender_sees_ends_the_cast(seats: tuple[str, str], tmp_path: Path) -> None:
    image, target = tmp_path / "image", tmp_path / "target"
    data, _ = image_of(image, 32, (30, 31))
    changed_bit(image, image.read_bytes().index(b'"hole"'))
    target.write_bytes(b"\xaa" * len(data))
    receiver = start(seats[1], "transfer", "umode=rcv", f"disk={target}", "port=9048")
    sent, got = cast(start(seats[0], "image", "cast", image, "port=9048", ONE), receiver)
    assert (sent["kind"], got["kind"], got["ok"]) == ("read-error", "truncated", False), (sent, got)
    assert "the image is damaged there" in sent["said"]


def test_what_is_not_whole_goes_nowhere(seats: tuple[str, str], tmp_path: Path) -> None:
    image = tmp_path / "image"
    image_of(image, 2)
    image.write_bytes(image.read_bytes()[:-1])
    for words in (("image", "cast", image), ("transfer", "umode=snd", f"disk={image}")):
        status, events, err = ended(start(seats[0], *words, "port=9036", ONE))
        assert (status, events[-1]["event"], events[-1]["kind"]) == (2, "error", "source-refused")
        assert "is no whole stored image: it does not end as an image does" in err
    assert command("image", "check", image).returncode == 1
    told = command("image", "info", image)
    assert told.returncode == 1 and "NO: it does not end as an image does" in told.stdout


def test_a_new_name_is_wanted_before_anybody_is_waited_for(seats: tuple[str, str], tmp_path: Path) -> None:
    image = tmp_path / "room.img.zst"
    image.write_bytes(b"precious")
    status, _, err = ended(start(seats[1], "transfer", "umode=rcv", f"disk={image}", "port=9038"))
    assert (status, "is there already" in err, "image store --force" in err) == (2, True, True)
    status, _, err = ended(start(seats[1], "image", "store", tmp_path / "room.img", "port=9038"))
    assert (status, "whose name ends in .zst" in err) == (2, True)
    status, _, err = ended(start(seats[1], "image", "store", tmp_path / "a.zst", "compr=gzip", "port=9038"))
    assert (status, "compr=gzip is not stored" in err) == (2, True)
    status, _, err = ended(start(seats[1], "image", "store", tmp_path / "a.zst", "disk=/dev/sda"))
    assert (status, "disk is given by the command itself" in err) == (2, True)
    assert [file.name for file in tmp_path.iterdir()] == ["room.img.zst"]
    assert image.read_bytes() == b"precious"


@pytest.mark.field
def test_an_image_that_is_there_is_replaced_when_the_new_one_is_whole(seats: tuple[str, str], tmp_path: Path) -> None:
    image, source = tmp_path / "room.img.zst", tmp_path / "source"
    image.write_bytes(b"precious")
    image_of(source, 3, (1, 2))
    receiver = start(seats[1], "image", "store", "--force", image, "port=9040")
    sent, stored = cast(start(seats[0], "image", "cast", source, "port=9040", ONE), receiver)
    assert (sent["kind"], stored["kind"]) == ("sent", "stored"), (sent, stored)
    assert command("image", "check", image).returncode == 0
    assert image.read_bytes() != source.read_bytes()  # this cast's manifest


@pytest.mark.field
def test_what_is_damaged_or_cut_is_not_stored(seats: tuple[str, str], tmp_path: Path) -> None:
    image, source = tmp_path / "room.img.zst", tmp_path / "source"
    data, used = streams.disk(8, (2, 4))
    parts = streams.parts_of(data, used)
    good = b"".join(parts)
    damaged = bytearray(good)
    damaged[len(good) // 2] ^= 1
    streams_of = {
        "damaged": bytes(damaged),
        "cut": good[:-300],
        "without its trailer": b"".join(parts[:-1]),
        "another's trailer": b"".join([*parts[:-1], streams.parts_of(data[:MIB], UsedMap(MIB))[-1]]),
        "more behind it": good + b"more",
        "plain zstd": subprocess.run(["zstd", "-qc"], input=data, capture_output=True, check=True).stdout,
        "gzip": subprocess.run(["gzip", "-1c"], input=data, capture_output=True, check=True).stdout,
        "none": data,
    }
    for name, stream in streams_of.items():
        source.write_bytes(stream)
        receiver = start(seats[1], "image", "store", image, "port=9042")
        words = ["ip", "netns", "exec", seats[0], "udp-sender", "--interface", "eth0", "--nokbd", "--portbase", "9042"]
        words += ["--min-receivers", "1", "--rexmit-hello-interval", "200", "--file", str(source)]
        sender = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        status, events, err = ended(receiver)
        sender.communicate(timeout=30)
        assert (status, events[-1]["ok"]) == (1, False), name
        assert err.count("Nothing was stored.") == 1, (name, err)
        assert [file.name for file in tmp_path.iterdir()] == ["source"], name
    source.write_bytes(streams.with_table(parts))  # a plain udp-sender of an image: that is one
    receiver = start(seats[1], "image", "store", image, "port=9042")
    sender = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    status, events, err = ended(receiver)
    sender.communicate(timeout=30)
    assert (status, events[-1]["kind"]) == (0, "stored"), err
    assert image.read_bytes() == source.read_bytes()


@pytest.mark.field
def test_one_that_is_broken_off_never_looks_whole(seats: tuple[str, str], tmp_path: Path) -> None:
    """By SIGTERM, which removes what there is; by SIGKILL, which leaves it, for the next one to name."""
    image, source = tmp_path / "room.img.zst", tmp_path / "source"
    image_of(source, 24)
    slow = "udpcparam=--min-receivers 1 --rexmit-hello-interval 200 --max-bitrate 20m"
    for number in (signal.SIGTERM, signal.SIGKILL):
        receiver = start(seats[1], "image", "store", image, "port=9044")
        sender = start(seats[0], "image", "cast", source, "port=9044", slow, "silence=10")
        assert receiver.stdout
        for line in receiver.stdout:
            if json.loads(line)["event"] == "progress":
                break
        part = Path(f"{image}.part")
        assert part.stat().st_size > 0
        os.kill(child_of(receiver), number)
        _, err = receiver.communicate(timeout=30)
        sender.send_signal(signal.SIGTERM)
        sender.communicate(timeout=60)
        assert not image.exists()
        assert part.exists() == (number is signal.SIGKILL)
    assert "Nothing was stored." not in err
    receiver = start(seats[1], "image", "store", image, "port=9044")
    sent, stored = cast(start(seats[0], "image", "cast", source, "port=9044", ONE), receiver)
    assert (sent["kind"], stored["kind"]) == ("sent", "stored"), (sent, stored)
    assert "A store was interrupted on 20" in stored["said"]
    assert not part.exists()


def child_of(process: Process) -> int:
    """The launcher itself: ip(8) becomes it."""
    return process.pid


@pytest.mark.field
def test_a_full_disk_is_said(seats: tuple[str, str], tmp_path: Path) -> None:
    source, small = tmp_path / "source", tmp_path / "small"
    image_of(source, 12)
    small.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=5m", "none", small)
    try:
        receiver = start(seats[1], "image", "store", small / "a.zst", "port=9046")
        sent, stored = cast(start(seats[0], "image", "cast", source, "port=9046", ONE), receiver)
        assert (stored["kind"], stored["status"]) == ("write-error", 1), (sent, stored)
        assert "could not be stored: No space left on device. Nothing was stored. Make room" in stored["said"]
        assert not list(small.iterdir())
    finally:
        run("umount", small)
