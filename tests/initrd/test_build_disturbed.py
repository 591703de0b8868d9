"""Real builds, disturbed: signals at any moment, a disk that fills up, another build at once, odd paths, DKMS.
Each takes its time, so zstd works quickly here."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from initrd import workspace
from initrd.build import INITRD, LINUX, MANIFEST
from initrd.contents import unpack
from initrd.stages import MOUNT
from tests.common import ROOT

pytestmark = pytest.mark.field

QUICK = "import sys; from initrd import image; image.LEVEL = '-1'; from initrd.__main__ import main; sys.exit(main())"
PAIR = sorted([LINUX, INITRD, MANIFEST])


@pytest.fixture(scope="module")
def package() -> Path:
    """The kernel of the developer's cache; the builds here fetch nothing."""
    return next((ROOT / ".cache/kernels").glob("linux-image-*"))


@pytest.fixture
def place(package: Path) -> Iterator[Path]:
    """A directory on the disk of the cache, so that a kernel's modules are linked."""
    path = Path("/var/tmp") / f"udpcast-disturbed-{os.getpid()}"
    path.mkdir()
    yield path
    shutil.rmtree(path)


def start(place: Path, package: Path, *options: str, project: Path = ROOT) -> subprocess.Popen[str]:
    (image,) = package.glob("boot/vmlinuz-*")
    words = ["build", "-o", str(place / "out"), "--cache", str(place / "cache"), "-k", str(image), *options]
    return subprocess.Popen(
        [sys.executable, "-B", "-c", QUICK, *words],
        cwd=project,
        env={**os.environ, "TMPDIR": str(place)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def left(place: Path) -> list[Path]:
    """Temporary directories of builds, wherever they may lie."""
    return [path for path in (*place.glob(".*"), *place.glob("*/.*")) if workspace.NAME.fullmatch(path.name)]


def children(place: Path) -> list[str]:
    """Programs that still have to do with the build."""
    listed = subprocess.run(["ps", "-eo", "args"], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    return [line for line in listed if str(place) in line]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_at_any_moment_leaves_nothing(place: Path, package: Path, number: signal.Signals) -> None:
    for _ in range(5):
        shutil.rmtree(place / "out", ignore_errors=True)
        (place / "out").mkdir()
        (place / "out" / LINUX).write_text("old")
        process = start(place, package)
        time.sleep(random.uniform(0.3, 9))  # the moment is what is tried, and any must do
        process.send_signal(number)
        said, complaint = process.communicate(timeout=60)
        assert (left(place), children(place)) == ([], [])
        names = sorted(path.name for path in (place / "out").iterdir())
        if process.returncode == 0:  # it came too late
            assert (names, complaint) == (PAIR, "")
            continue
        assert process.returncode == 128 + number, complaint
        assert complaint == f"initrd: ended by {number.name}; the files in the output directory are as they were\n"
        assert (said, names, (place / "out" / LINUX).read_text()) == ("", [LINUX], "old")


def test_what_sigkill_leaves_the_next_build_removes_and_says(place: Path, package: Path) -> None:
    for moment in (1.0, 5.0, 9.0):
        process = start(place, package)
        deadline = time.monotonic() + 60
        while not left(place) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(moment)  # somewhere in the midst of it
        process.kill()
        process.communicate()
        (killed,) = left(place)
        deadline = time.monotonic() + 60
        while children(place) and time.monotonic() < deadline:
            time.sleep(0.05)  # dracut's own children end by themselves
        assert children(place) == []
        following = start(place, package, "--add-driver", "no_such_driver")
        _, complaint = following.communicate(timeout=60)
        assert f"{killed} is removed: a build that was killed left it\n" in complaint
        assert left(place) == []


def test_two_builds_at_once_do_not_disturb_each_other(place: Path, package: Path) -> None:
    both = [start(place, package) for _ in range(2)]
    for process in both:
        said, complaint = process.communicate(timeout=300)
        assert (process.returncode, "Traceback" in complaint, "is removed" in complaint) == (0, False, False), complaint
        assert f"{INITRD}  " in said
    assert sorted(path.name for path in (place / "out").iterdir()) == PAIR
    assert left(place) == []


@pytest.mark.parametrize("megabytes", [2, 40, 120, 200])
def test_a_disk_that_fills_up_at_any_step_is_one_sentence(place: Path, package: Path, megabytes: int) -> None:
    """A small file system for the cache, mounted where only this build sees it."""
    (place / "cache").mkdir()
    (image,) = package.glob("boot/vmlinuz-*")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}M", "none", str(place / "cache")]
    words = ["build", "-o", str(place / "out"), "--cache", str(place / "cache"), "-k", str(image)]
    script = f'{" ".join(mount)} && "$@"; status=$?; ls -A {place}/cache; exit $status'
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", script, "sh", sys.executable, "-B", "-c", QUICK, *words],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("initrd: the disk is full: ")
    assert f"MB in {place}/cache/" in done.stderr or f"MB in {place}/cache," in done.stderr
    assert (done.stderr.count("\n"), done.stdout) == (1, "")
    assert list((place / "out").iterdir()) == []


def test_no_character_in_a_path_changes_the_pair(place: Path, package: Path) -> None:
    odd = place / """a 'b' $(touch x) "c"; %s é *"""
    odd.mkdir()
    shutil.copytree(ROOT, odd / "clone", ignore=shutil.ignore_patterns(".*", "__pycache__"))
    (odd / "package").symlink_to(package)
    for directory, kernel, project in ((place, package, ROOT), (odd, odd / "package", odd / "clone")):
        process = start(directory, kernel, project=project)
        _, complaint = process.communicate(timeout=300)
        assert process.returncode == 0, complaint
    assert [(place / "out" / name).read_bytes() == (odd / "out" / name).read_bytes() for name in (LINUX, INITRD)] == [
        True,
        True,
    ]
    assert left(odd) == left(place) == []


def test_drivers_of_dkms_go_in_and_come_first(place: Path, package: Path) -> None:
    """The kernel's own drivers stand in for those that somebody built."""
    shutil.copytree(package, place / "package", symlinks=True, copy_function=os.link)
    (modules,) = (place / "package").glob("lib/modules/*")
    dkms, own = modules / "updates/dkms", modules / "kernel/drivers/net/ethernet"
    dkms.mkdir(parents=True)
    shutil.copy(own / "realtek/r8169.ko", dkms / "r8125.ko")
    shutil.copy(own / "intel/e1000e/e1000e.ko", dkms / "e1000e.ko")
    subprocess.run(["xz", "--check=crc32", dkms / "e1000e.ko"], check=True)
    shutil.copy(modules / "kernel/drivers/gpu/drm/ast/ast.ko", dkms / "nvidia.ko")
    process = start(place, place / "package")
    _, complaint = process.communicate(timeout=300)
    assert process.returncode == 0, complaint
    assert "e1000e of updates/dkms goes in, not the kernel's own\n" in complaint
    assert "r8125 of updates/dkms goes in, and is loaded before the kernel's 8139too, r8169\n" in complaint
    assert "nvidia of updates/dkms is left out" in complaint
    manifest = json.loads((place / "out" / MANIFEST).read_text())
    assert manifest["modules"].count("e1000e") == manifest["modules"].count("r8125") == 1
    tree = place / "tree"
    tree.mkdir()
    unpack(place / "out" / INITRD, tree)
    card = "pci:v000010ECd00008125sv00001043sd000087D7bc02sc00i00"
    asked = ["modprobe", "-d", str(tree / MOUNT), "-S", manifest["kernel"], "-C", "/nonexistent", "-n", "-v", card]
    shown = subprocess.run(asked, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    order = [Path(line.split()[1]).name for line in shown if "r8169" in line or "r8125" in line]
    assert order[0] == "r8125.ko"
