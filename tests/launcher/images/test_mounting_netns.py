"""Real mounts of a stored image: ext4 by the kernel, NTFS by ntfs-3g, FAT by mtools from the disk as a file. Whatever
was started is ended, also after one of the programs was killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from launcher.errors import LauncherError
from launcher.images import mounting
from launcher.images.mounting import mount, unmount
from launcher.paths import IMAGES
from launcher.used.used_map import UsedMap
from tests.disks import run
from tests.launcher.datapath import streams
from tests.launcher.datapath.streams import MIB

pytestmark = pytest.mark.netns

TEXT = "What a pupil wrote.\n"
SIZES = {"ext4": 8, "ntfs": 8, "vfat": 2, "swap": 1}  # MiB
FILE = "letters/letter.txt"


def make_ext4(file: Path, files: Path) -> None:
    run("mkfs.ext4", "-q", "-d", files, file)


def make_ntfs(file: Path, files: Path) -> None:
    run("mkfs.ntfs", "-q", "-F", "-f", file)
    run("ntfscp", "-f", file, files / FILE, "letter.txt")


def make_vfat(file: Path, files: Path) -> None:
    run("mkfs.vfat", file)
    run("mcopy", "-i", file, files / FILE, "::letter.txt")


def make_swap(file: Path, files: Path) -> None:
    run("mkswap", "-q", file)


@dataclass(frozen=True)
class Room:
    image: Path
    data: bytes
    directory: Path

    def offset(self, kind: str) -> int:
        return (1 + sum(list(SIZES.values())[: list(SIZES).index(kind)])) * MIB


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Room:
    """A disk with four partitions, as a stored image; chunks of zeros are holes in it."""
    directory = tmp_path_factory.mktemp("mounting")
    files = directory / "files"
    (files / FILE).parent.mkdir(parents=True)
    (files / FILE).write_text(TEXT)
    (files / "large").write_bytes(os.urandom(3 * MIB))
    data, parts = bytearray(MIB), []
    for number, (kind, size) in enumerate(SIZES.items(), 1):
        file = directory / kind
        with file.open("wb") as made:
            made.truncate(size * MIB)
        globals()[f"make_{kind}"](file, files)
        parts.append(streams.part(number, len(data), size * MIB, kind))
        data += file.read_bytes()
    used = UsedMap(len(data))
    for begin in range(0, len(data), MIB):
        if not any(data[begin : begin + MIB]):
            used.free(begin, begin + MIB)
    image = directory / "room.img.zst"
    image.write_bytes(streams.image(bytes(data), used, parts=tuple(parts)))
    image.chmod(0o600)
    return Room(image, bytes(data), directory)


@pytest.fixture
def there(made: Room) -> Iterator[Path]:
    """An empty directory, from which all is taken off again, by what it was made of."""
    directory = made.directory / "there"
    directory.mkdir()
    before = loops()
    yield directory
    if mounting.Place(directory).path.exists():
        unmount(str(directory))
    directory.rmdir()
    assert eventually(lambda: not running()), "nbdfuse and nbdkit end behind the loop device"
    assert eventually(lambda: loops() == before)


def loops() -> set[str]:
    """Loop devices upon a disk of ours."""
    found = run("losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE")
    return {line for line in found.splitlines() if str(IMAGES) in line}


def running() -> list[str]:
    """Processes of ours."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = line.read_bytes()
        except OSError:
            continue
        if words.startswith((b"nbdfuse", b"nbdkit")) and os.fsencode(IMAGES) in words:
            found.append(line.parent.name)
    return found


def eventually(holds: object, seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not holds():  # type: ignore[operator]
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def test_ext4_is_mounted_and_nothing_is_written(made: Room, there: Path) -> None:
    before = made.image.read_bytes()
    said = str(mount(str(made.image), str(there), 1))
    assert said.startswith(f"sda1 (ext4) of {made.image} is mounted on {there}, read-only.")
    assert (there / FILE).read_text() == TEXT
    assert (there / "large").read_bytes() == (made.directory / "files/large").read_bytes()
    with pytest.raises(OSError, match="Read-only"):
        (there / "new").write_text("x")
    (nbdkit,) = (pid for pid in running() if Path(f"/proc/{pid}/comm").read_text() == "nbdkit\n")
    status = Path(f"/proc/{nbdkit}/status").read_text()
    assert re.search(r"^Uid:\s+65534\s+65534\s+65534\s+65534$", status, re.MULTILINE)
    assert re.search(r"^CapPrm:\s+0+$", status, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE)
    unmount(str(there))
    assert not list(there.iterdir())
    assert made.image.read_bytes() == before


def test_it_is_mounted_from_an_ordinary_shell(made: Room, there: Path) -> None:
    """Where descriptor 3, which libnbd has for its socket, is free as the image is opened."""
    words = [sys.executable, "-m", "launcher", "image", "mount", str(made.image), str(there), "--partition", "1"]
    done = subprocess.run(words, check=False, capture_output=True, text=True, close_fds=True)
    assert done.returncode == 0, done.stderr
    assert (there / FILE).read_text() == TEXT


def test_ntfs_is_mounted(made: Room, there: Path) -> None:
    mount(str(made.image), str(there), 2)
    assert (there / "letter.txt").read_text() == TEXT
    assert "fuseblk" in run("findmnt", "--noheadings", "--output", "FSTYPE,OPTIONS", there)


def test_the_disk_as_a_file_for_what_the_kernel_does_not_know(made: Room, there: Path) -> None:
    mount(str(made.image), str(there), disk=True)
    disk = there / "disk.img"
    assert disk.read_bytes() == made.data
    assert run("mtype", "-i", f"{disk}@@{made.offset('vfat')}", "::letter.txt") == TEXT


def test_the_command_mounts_whatever_number_the_open_image_has(made: Room, there: Path) -> None:
    """It is the first file that the command opens, and nbdfuse gives nbdkit its socket by that number."""
    command = [sys.executable, "-m", "launcher", "image"]
    subprocess.run([*command, "mount", "--partition", "1", made.image, there], check=True)
    assert (there / FILE).read_text() == TEXT
    subprocess.run([*command, "umount", there], check=True)
    assert not list(there.iterdir())


def test_what_is_in_use_stays_whole(made: Room, there: Path) -> None:
    mount(str(made.image), str(there), 1)
    with (there / FILE).open() as opened:
        with pytest.raises(LauncherError, match=f"{there} is still in use: .*busy"):
            unmount(str(there))
        assert opened.read() == TEXT
    with pytest.raises(LauncherError, match="is in use by a mount of an image"):
        mount(str(made.image), str(there), 2)


def test_one_without_file_system_and_one_that_is_not_there(made: Room, there: Path) -> None:
    with pytest.raises(LauncherError, match=r"sda4 has no file system that can be mounted \(swap\)"):
        mount(str(made.image), str(there), 4)
    with pytest.raises(LauncherError, match=r"several partitions: 1 \(ext4\), 2 \(ntfs\), 3 \(vfat\), 4 \(swap\)"):
        mount(str(made.image), str(there))
    with pytest.raises(LauncherError, match=r"no partition 5"):
        mount(str(made.image), str(there), 5)
    assert not mounting.Place(there).path.exists()


@pytest.mark.parametrize("name", ["nbdfuse", "nbdkit"])
def test_all_of_it_is_ended_also_when_a_program_was_killed(made: Room, there: Path, name: str) -> None:
    mount(str(made.image), str(there), 1)
    (victim,) = (pid for pid in running() if Path(f"/proc/{pid}/comm").read_text() == f"{name}\n")
    os.kill(int(victim), signal.SIGKILL)
    with pytest.raises(OSError, match=r"error|not connected"):
        (there / "large").read_bytes()
    unmount(str(there))
    assert eventually(lambda: not running()), "nbdfuse and nbdkit end behind the loop device"
    assert not os.path.ismount(there)


def test_a_mount_that_was_killed_is_ended(made: Room, there: Path) -> None:
    """`image mount` ends with SIGKILL at its first look whether nbdfuse is ready."""
    script = (
        "import os, sys\nfrom launcher.images import mounting\n"
        "mounting.select.select = lambda *waiting: os.kill(os.getpid(), 9)\n"
        "mounting.mount(sys.argv[1], sys.argv[2], 1)"
    )
    words = ["-c", script, str(made.image), str(there)]
    done = subprocess.run([sys.executable, *words], check=False)
    assert done.returncode == -signal.SIGKILL
    assert running()
    with pytest.raises(LauncherError, match="or one was broken off"):
        mount(str(made.image), str(there), 1)
    unmount(str(there))
    assert eventually(lambda: not running()), "nbdfuse and nbdkit end behind the loop device"
    mount(str(made.image), str(there), 1)
    assert (there / FILE).read_text() == TEXT


def test_why_the_disk_cannot_be_shown_is_told_in_nbdkits_own_words() -> None:
    log = "nbdkit: python[1]: error: pread: Illegal seek.\nnbdfuse: nbd_connect: closed\n"
    assert mounting.why_not(log) == "nbdkit: python[1]: error: pread: Illegal seek"
    assert mounting.why_not("nbdfuse: fuse is missing.\n\n") == "nbdfuse: fuse is missing"
    assert mounting.why_not("") == "?"


def test_what_is_not_whole_is_not_mounted(made: Room, there: Path) -> None:
    cut = made.directory / "cut.zst"
    cut.write_bytes(made.image.read_bytes()[:-1])
    with pytest.raises(LauncherError, match="no whole stored image: it does not end as an image does"):
        mount(str(cut), str(there), 1)
    with pytest.raises(LauncherError, match="is no stored image"):
        mount(str(made.directory / "ext4"), str(there), 1)
    with pytest.raises(LauncherError, match="is no mount point of a stored image"):
        unmount(str(there))


def test_a_file_that_changes_under_the_mount_is_an_error(made: Room, there: Path) -> None:
    """Never other data."""
    changed = bytearray(made.image.read_bytes())
    large = (made.directory / "files/large").read_bytes()
    middle = changed.index(large[MIB + MIB // 2 :][:64])  # random bytes are stored as they are
    changed[middle] ^= 1
    file = made.directory / "changed.zst"
    file.write_bytes(changed)
    mount(str(file), str(there), 1)
    assert (there / FILE).read_text() == TEXT
    with pytest.raises(OSError, match="error"):
        (there / "large").read_bytes()


@pytest.mark.parametrize(("program", "package"), [("nbdfuse", "libnbd-bin"), ("nbdkit", "nbdkit")])
def test_a_program_that_is_missing_is_named_with_its_package(
    made: Room, there: Path, monkeypatch: pytest.MonkeyPatch, program: str, package: str
) -> None:
    tools = made.directory / f"without-{program}"
    tools.mkdir()
    for name in {*mounting.PACKAGES} - {program}:
        (tools / name).symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setattr(mounting, "ADMINISTRATORS", ())
    with pytest.raises(LauncherError, match=rf"^{program} is not there.*apt-get install {package}\.$"):
        mount(str(made.image), str(there), 1)
