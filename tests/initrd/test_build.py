"""The real build: the same bytes every time, without root, and what must be inside. Needs Debian's packages."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from initrd import consoles, python
from initrd.build import INITRD, LINUX, MANIFEST
from initrd.contents import unpack
from initrd.kernel import module_name
from initrd.pair.check import check_pair
from initrd.stages import COMMON, MOUNT, SQUASHFS
from initrd.tree import Tree
from launcher.session.boot import configurations
from tests.common import ROOT

pytestmark = pytest.mark.vm

UDPCFG = b"# a room\r\nlang=FR\r\nport=9004\r\n"
KEYMAPS = {"us": "us", "fr": "fr(latin9)", "de-deadkeys": "de"}
"""A few do here, since each takes 0.2 s of every build; the pair that the virtual machines boot has all."""
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def build(
    project: Path, out: Path, cache: Path, *options: str, prefix: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    words = ["-m", "initrd", "build", "-o", str(out), "--cache", str(cache), *options]
    words += ["--config", str(project / "udpcfg.txt")] if (project / "udpcfg.txt").exists() else []
    environment = {**os.environ, "HOME": "/nonexistent", "PYTHONPATH": str(project)}
    return subprocess.run(
        [*prefix, sys.executable, "-B", *words],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.fixture(scope="module")
def project() -> Iterator[Path]:
    """A copy of what goes in, so that nobody edits it between two builds; readable for everybody."""
    copy = Path("/var/tmp") / f"udpcast-project-{os.getpid()}"
    for name in ("initrd", *python.OUR_PACKAGES):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    (copy / "udpcfg.txt").write_bytes(UDPCFG)
    file, name = consoles.TABLE
    text = (copy / file).read_text()
    (copy / file).write_text(
        re.sub(rf"^{name} = {{.*?^}}", f"{name} = {KEYMAPS!r}", text, flags=re.DOTALL | re.MULTILINE)
    )
    yield copy
    shutil.rmtree(copy)


@pytest.fixture(scope="module")
def cache() -> Path:
    """The developer's cache of kernel packages, so that one download serves all runs."""
    return ROOT / ".cache/kernels"


@pytest.fixture(scope="module")
def pair(project: Path, tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    out = tmp_path_factory.mktemp("pair")
    done = build(project, out, cache)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def tree(pair: Path, tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """What is in the initrd, with the second stage in its place; links lead where they lead on a PC."""
    return unpack(pair / INITRD, tmp_path_factory.mktemp("tree"))


def names(tree: Tree) -> list[str]:
    return [path.relative_to(tree.root).as_posix() for path in tree.root.rglob("*")]


def test_the_manifest_describes_the_pair(pair: Path) -> None:
    manifest = json.loads((pair / MANIFEST).read_text())
    assert {entry["name"]: entry["size"] for entry in manifest["files"]} == {
        name: (pair / name).stat().st_size for name in (LINUX, INITRD)
    }
    assert not check_pair(pair / LINUX, pair / INITRD).warnings
    assert manifest["kernel_version"].split()[0] == manifest["kernel"]
    assert {"busybox", "libc6", "python3-urwid", "udev", "udpcast", "libzstd1", "ntfs-3g"} <= set(manifest["packages"])
    assert any(name.startswith("linux-image-") for name in manifest["packages"])
    assert sorted(path.name for path in pair.iterdir()) == sorted([LINUX, INITRD, MANIFEST])


@pytest.mark.parametrize(
    "driver",
    "e1000 e1000e igb igc r8169 8139cp 8139too tg3 virtio_net vmxnet3 hv_netvsc xen-netfront r8152 ax88179_178a "
    "ahci ata_piix nvme virtio_blk virtio_scsi sd_mod sr_mod vmd mpt3sas megaraid_sas mptspi vmw_pvscsi hv_storvsc "
    "xen-blkfront sdhci-pci mmc_block xhci-pci ehci-pci uhci-hcd ohci-pci usb-storage uas usbhid hid-generic "
    "hyperv-keyboard loop virtio_console virtio_pci realtek".split(),
)
def test_a_driver_is_there_or_built_into_the_kernel(pair: Path, cache: Path, driver: str) -> None:
    manifest = json.loads((pair / MANIFEST).read_text())
    (tree,) = cache.glob(f"*/lib/modules/{manifest['kernel']}")
    built_in = {Path(line).stem for line in (tree / "modules.builtin").read_text().split()}
    assert driver in manifest["modules"] or driver in built_in


def test_the_drivers_of_the_usual_pc_are_there_or_built_in(pair: Path, cache: Path) -> None:
    manifest = json.loads((pair / MANIFEST).read_text())
    (tree,) = cache.glob(f"*/lib/modules/{manifest['kernel']}")
    there = {Path(line).stem for line in (tree / "modules.builtin").read_text().split()} | set(manifest["modules"])
    assert set(COMMON) <= {module_name(name) for name in there}


def test_every_driver_has_the_drivers_it_needs(pair: Path, cache: Path) -> None:
    manifest = json.loads((pair / MANIFEST).read_text())
    (tree,) = cache.glob(f"*/lib/modules/{manifest['kernel']}")
    needs = dict(line.split(":", 1) for line in (tree / "modules.dep").read_text().splitlines())
    stem = {path: Path(path).name.split(".ko")[0] for path in needs}
    inside = set(manifest["modules"])
    missing = {
        (stem[path], stem[need]) for path in needs if stem[path] in inside for need in needs[path].split()
        if stem[need] not in inside
    }  # fmt: skip
    assert not missing


def test_no_wireless_graphics_or_sound(tree: Tree) -> None:
    assert not [name for name in names(tree) if any(f"/{part}/" in name for part in ("wireless", "gpu", "sound"))]


@pytest.mark.parametrize(
    "name",
    ["init", "etc/fstab", "etc/resolv.conf", "usr/bin/udp-sender", "usr/bin/udp-receiver", "usr/bin/python3",
     "usr/sbin/sfdisk", "usr/bin/lzop", "usr/bin/btrfs", "usr/bin/ntfscat", "usr/sbin/dumpe2fs", "usr/sbin/xfs_db",
     "etc/mtab", "etc/mtools.conf", "usr/bin/gzip", "usr/bin/udhcpc", "usr/bin/setsid", "usr/bin/stty",
     "usr/sbin/modprobe", "usr/sbin/wipefs", "usr/lib/systemd/systemd-udevd",
     "usr/lib/udev/rules.d/60-persistent-storage.rules", "usr/lib/udev/scsi_id",
     "usr/lib/x86_64-linux-gnu/libkmod.so.2", "usr/lib/x86_64-linux-gnu/libsmartcols.so.1"],
)  # fmt: skip
def test_a_file_is_there(tree: Tree, name: str) -> None:
    assert tree.file(name) or (tree.root / name).is_symlink()


def test_the_administrators_file_is_where_the_launcher_reads_it(pair: Path, tree: Tree) -> None:
    assert tree.read("udpcfg.txt") == UDPCFG and not (tree.root / "udpcfg.txt").is_symlink()
    assert json.loads((pair / MANIFEST).read_text())["udpcfg"] == hashlib.sha256(UDPCFG).hexdigest()
    (found,) = configurations(tree.root)
    assert [number for number, _ in found.lines] == [2, 3]


def test_every_keymap_of_the_table_goes_in(tree: Tree) -> None:
    assert {path.name for path in (tree.root / MOUNT / consoles.PLACE / "keymaps").iterdir()} == set(KEYMAPS)


def test_nothing_of_this_machine_goes_in(pair: Path, tree: Tree) -> None:
    listed = subprocess.run(["unsquashfs", "-lln", tree.root / SQUASHFS], capture_output=True, text=True, check=True)
    assert {line.split()[1] for line in listed.stdout.splitlines() if "/usr/" in line} == {"0/0"}
    inside = [name.removeprefix(f"{MOUNT}/") for name in names(tree)]
    assert not [name for name in inside if name.startswith(("etc/ld.so", "usr/lib/dracut", "home", "work"))]
    assert not [name for name in inside if name.endswith(".py")]


def test_the_archive_has_what_comes_before_the_second_stage_and_no_more(tree: Tree) -> None:
    """All that the first screen needs is no link; drivers, compressors and the tools of file systems are."""
    first = {name for name in names(tree) if not name.startswith(f"{MOUNT}/")}
    early = [name for name in first if (tree.root / name).is_file() and not (tree.root / name).is_symlink()]
    assert {"init", "usr/bin/busybox", "stage2.drivers"} <= set(early)
    assert {Path(name).name for name in early if name.endswith(".ko")} == {"loop.ko", "squashfs.ko"}
    assert sum((tree.root / name).stat().st_size for name in early if name != SQUASHFS) < 16_000_000
    for name in ("usr/bin/udp-sender", "usr/bin/pigz", "usr/sbin/e2fsck", "usr/bin/kmod", "usr/bin/udevadm"):
        assert (tree.root / name).readlink() == Path("/", MOUNT, name)


def test_python_in_the_initrd_imports_all_of_the_launcher(pair: Path, tree: Tree) -> None:
    """Run the initrd's own Python in its own tree, where only what is inside can be found."""
    modules = [
        name for name in json.loads((pair / MANIFEST).read_text())["python_modules"] if name.startswith("launcher")
    ]
    imports = ", ".join([*python.LIBRARIES, *modules])
    program = f"import {imports}, sys; print(pyudev.Context() is not None, 'random' in sys.modules)"
    command: list[str | Path] = [
        "unshare",
        "-Ur",
        "chroot",
        tree.root,
        "/usr/bin/python3",
        "-s",
        "-S",
        "-P",
        "-c",
        program,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "True False\n", done.stderr


def same(first: Path, second: Path) -> list[str]:
    return [name for name in (LINUX, INITRD) if (first / name).read_bytes() == (second / name).read_bytes()]


@pytest.mark.skipif(os.geteuid() != 0, reason="every other test here ran without root")
def test_without_root_it_is_the_same_bytes(project: Path, pair: Path, cache: Path) -> None:
    """As somebody who may write to two directories of his own and nowhere else."""
    base = Path("/var/tmp") / f"udpcast-initrd-{os.getpid()}"
    try:
        shutil.copytree(cache, base / "cache", symlinks=True, ignore=shutil.ignore_patterns(".*"))
        subprocess.run(["chown", "-R", "65534:65534", base], check=True)
        done = build(project, base / "out", base / "cache", prefix=tuple(NOBODY))
        assert done.returncode == 0, done.stderr
        assert same(base / "out", pair) == [LINUX, INITRD]
    finally:
        shutil.rmtree(base, ignore_errors=True)


def test_a_kernel_file_gives_the_same_bytes_where_nothing_may_be_run(
    project: Path, pair: Path, cache: Path, tmp_path: Path
) -> None:
    """Our files, the cache and the place for temporary files are on file systems that forbid to run programs."""
    release = json.loads((pair / MANIFEST).read_text())["kernel"]
    (image,) = cache.glob(f"*/boot/vmlinuz-{release}")
    own, out = tmp_path / "own", tmp_path / "out"
    own.mkdir()
    inner = (
        f"mount -t tmpfs -o noexec none {own}; mount --bind {project} {project}; "
        f'mount -o remount,bind,noexec {project}; cd {project}; exec env TMPDIR={own} "$@"'
    )
    done = build(project, out, own, "--kernel", str(image), prefix=("unshare", "-Urm", "sh", "-ec", inner, "sh"))
    assert done.returncode == 0, done.stderr
    assert same(out, pair) == [LINUX, INITRD]


@pytest.mark.parametrize("full", ["out", "cache"])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    project: Path, cache: Path, pair: Path, tmp_path: Path, full: str
) -> None:
    """A small file system, mounted where only this build sees it."""
    small, out, own = tmp_path / "small", tmp_path / "out", tmp_path / "cache"
    for directory in (small, out, own):
        directory.mkdir()
    release = json.loads((pair / MANIFEST).read_text())["kernel"]
    (image,) = cache.glob(f"*/boot/vmlinuz-{release}")
    (modules,) = cache.glob(f"*/lib/modules/{release}")
    places = {"out": out, "cache": own, full: small}
    inner = (
        f"mount -t tmpfs -o size=9M none {small}; {sys.executable} -B -m initrd build -o {places['out']} "
        f"--cache {places['cache']} -k {image} -m {modules}; status=$?; ls -A {small}; exit $status"
    )
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", inner],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("initrd: the disk is full")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert not list(out.iterdir())
