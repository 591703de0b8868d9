"""Which file is in which of the initrd's two stages, and whether each is found where it was."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from initrd import contents, kernel_config, packing, python, stages
from initrd.errors import BuildError
from initrd.kernel import Kernel
from initrd.packing import Form
from initrd.pair.identity import NAME
from initrd.tree import Tree
from tests.common import ROOT
from tests.initrd.elves import library, put
from tests.initrd.test_collect import make_project

LOADER = "/lib64/ld.so"
HERE = "usr/lib/x86_64-linux-gnu"
TIME = 1_700_000_000


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small image: programs with their libraries, drivers, and links."""
    root = tmp_path / "tree"
    for name, *needed in (("busybox",), ("python3",), ("lzop", "liblzo2.so.2")):
        put(root, f"usr/bin/{name}", library((*needed, "libc.so.6"), LOADER))
    for name in ("libc.so.6", "liblzo2.so.2.0.0", "ld.so"):
        put(root, f"{HERE}/{name}", library())
    put(root, f"{HERE}/libudev.so.1", library(("libcap.so.2",)))
    put(root, f"{HERE}/libcap.so.2", library())
    put(root, "init", b"#!/bin/busybox sh\n")
    for name in ("drivers/block/loop", "drivers/net/e1000e", "fs/squashfs/squashfs"):
        put(root, f"usr/lib/modules/6.1/kernel/{name}.ko", library())
    put(root, "usr/lib/modules/6.1/modules.dep.bin", b"index")
    put(root, "usr/lib/python3.11/os.pyc", b"code")
    put(root, "usr/lib/python3.11/tarfile.pyc", b"code")
    (root / "usr/lib64").mkdir()
    for place, target in (
        ("bin", "usr/bin"), ("lib64", "usr/lib64"), ("usr/lib64/ld.so", f"../lib/{Path(HERE).name}/ld.so"),
        ("usr/bin/sh", "busybox"), (f"{HERE}/liblzo2.so.2", "liblzo2.so.2.0.0"),
    ):  # fmt: skip
        (root / place).symlink_to(target)
    (root / "usr/lib/python3.11/lib-dynload").mkdir()
    return root


@pytest.fixture
def first(tree: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    monkeypatch.setattr(stages, "_imported", lambda home, modules: ["os.pyc"])
    return stages.first(Tree(tree), python.PythonTree(Path("usr/lib/python3.11"), {}, ()), ("loop", "squashfs"))


def test_the_first_stage_is_what_starts_with_its_libraries_and_what_opens_the_second(first: set[str]) -> None:
    modules = "usr/lib/modules/6.1/kernel"
    assert first == {
        *("init", "usr/bin/busybox", "usr/bin/python3", "usr/lib/python3.11/os.pyc"),
        *(f"{HERE}/{name}" for name in ("ld.so", "libc.so.6", "libudev.so.1", "libcap.so.2")),
        *(f"{modules}/drivers/block/loop.ko", f"{modules}/fs/squashfs/squashfs.ko"),
    }


def test_every_file_is_found_where_it_was(tree: Path, first: set[str]) -> None:
    before = {inner: Tree(tree).read(inner) for inner in Tree(tree).files()}
    links = ["usr/bin/sh", f"{HERE}/liblzo2.so.2", "lib64/ld.so"]
    stages.divide(tree, first, ("loop", "squashfs"))
    after = Tree(tree)
    assert {inner: after.read(str(after.file(inner))) for inner in before} == before
    assert [after.file(link) for link in links] == [
        "usr/bin/busybox",
        f"{stages.MOUNT}/{HERE}/liblzo2.so.2.0.0",
        f"{HERE}/ld.so",
    ]
    assert (tree / "usr/bin/lzop").readlink() == Path("/stage2/usr/bin/lzop")
    assert (tree / "usr/lib/modules/6.1/kernel/drivers/net").readlink() == Path(
        "/stage2/usr/lib/modules/6.1/kernel/drivers/net"
    )
    assert (tree / "usr/lib/python3.11/lib-dynload").is_dir()
    assert (tree / stages.DRIVERS).read_text() == (
        "/usr/lib/modules/6.1/kernel/drivers/block/loop.ko max_loop=1\n"
        "/usr/lib/modules/6.1/kernel/fs/squashfs/squashfs.ko\n"
    )


def test_a_library_that_the_first_stage_would_have_to_wait_for_is_no_image(tree: Path, first: set[str]) -> None:
    with pytest.raises(BuildError, match=r"divided wrongly: /stage2/.*/libcap\.so\.2 "):
        stages.divide(tree, first - {f"{HERE}/libcap.so.2"}, ("loop", "squashfs"))


def test_what_every_pc_reads_stands_in_front(tree: Path, first: set[str], tmp_path: Path) -> None:
    put(tree, "usr/bin/udevadm", library(("libcap.so.2", "liblzo2.so.2"), LOADER))
    for name in ("mii", "ice"):
        put(tree, f"usr/lib/modules/6.1/kernel/drivers/net/{name}.ko", library())
    needs = "kernel/drivers/net/e1000e.ko: kernel/drivers/net/mii.ko\nkernel/drivers/net/mii.ko:\n"
    stages.divide(tree, first, ("loop", "squashfs"))
    found = stages.order(Tree(tree), kernel(tmp_path, dep=needs))
    assert sorted(found.items(), key=lambda one: (-one[1], one[0])) == [
        ("usr/bin/udevadm", 3),
        ("usr/lib/modules/6.1/modules.dep.bin", 3),
        (f"{HERE}/liblzo2.so.2.0.0", 3),
        ("usr/lib/modules/6.1/kernel/drivers/net/e1000e.ko", 2),
        ("usr/lib/modules/6.1/kernel/drivers/net/mii.ko", 2),
        ("usr/lib/modules/6.1/kernel/drivers/net/ice.ko", 1),
        ("usr/bin/lzop", 0),
        ("usr/lib/python3.11/tarfile.pyc", 0),
    ]


def test_what_opens_the_second_stage_has_to_be_there(tree: Path, first: set[str]) -> None:
    (tree / "usr/lib/modules/6.1/kernel/fs/squashfs/squashfs.ko").unlink()
    with pytest.raises(BuildError, match="the driver squashfs did not go in"):
        stages.divide(tree, first, ("loop", "squashfs"))


def test_the_modules_up_to_the_first_screen_are_found_by_running_the_launcher(tmp_path: Path) -> None:
    staged = python.stage(tmp_path)
    for place in staged.extensions.values():  # dracut's part; what is here cannot be run
        (tmp_path / place.relative_to("/")).write_bytes(b"")
    home = tmp_path / staged.home
    found = set(stages._imported(home, staged))
    assert {"runpy.pyc", "os.pyc", "launcher/session/app.pyc", "launcher/screens/pages.pyc", "pyudev/core.pyc"} <= found
    assert {"launcher/hardware/kernel.pyc", "launcher/session/stopped.pyc", "_ctypes.so"} <= found
    assert not {name for name in found if name.startswith(("launcher/transfer/", "launcher/datapath/", "xxhash"))}
    assert all((home / name).is_file() for name in found)


def test_a_launcher_that_does_not_come_to_its_first_screen_is_no_image(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", "")
    staged = python.stage(tmp_path / "tree", project)
    with pytest.raises(BuildError, match="does not come to its first screen"):
        stages._imported(tmp_path / staged.home, staged)


# --- which kernels can open it ----------------------------------------------------------------------------------------


def kernel(tmp_path: Path, *, dep: str = "", built_in: str = "", config: str | None = None) -> Kernel:
    modules = tmp_path / "lib/modules/6.1"
    put(modules, "modules.dep", dep.encode())
    put(modules, "modules.builtin", built_in.encode())
    put(modules, "kernel/fs/squashfs/squashfs.ko", b"\x7fELF calls zstd_dstream_init")
    if config is not None:
        put(modules, "config", config.encode())
    (tmp_path / "vmlinuz").write_bytes(bytes(4096))
    return Kernel(tmp_path / "vmlinuz", "6.1", modules)


MODULES = "kernel/drivers/block/loop.ko:\nkernel/fs/squashfs/squashfs.ko.xz: kernel/lib/b.ko.xz kernel/lib/a.ko.xz\n"
ZSTD = "CONFIG_SQUASHFS_ZSTD=y\nCONFIG_RD_LZ4=y\n"


@pytest.mark.parametrize(
    ("parts", "drivers"),
    [
        ({"dep": MODULES, "config": ZSTD}, ("loop", "a", "b", "squashfs")),
        ({"built_in": "kernel/drivers/block/loop.ko\nkernel/fs/squashfs/squashfs.ko\n", "config": ZSTD}, ()),
        ({"dep": MODULES, "built_in": "kernel/drivers/block/loop.ko\n", "config": ZSTD}, ("a", "b", "squashfs")),
        ({"dep": MODULES}, ("loop", "a", "b", "squashfs")),  # no configuration: the driver's own symbols tell
        ({"dep": MODULES, "config": "CONFIG_SQUASHFS=m\n"}, None),
        ({"dep": "kernel/drivers/block/loop.ko:\n", "config": ZSTD}, None),
        ({"dep": "kernel/fs/squashfs/squashfs.ko:\n", "config": ZSTD}, None),
    ],
)
def test_a_kernel_opens_the_second_stage_where_it_has_all_for_it(
    tmp_path: Path, parts: dict[str, str], drivers: tuple[str, ...] | None
) -> None:
    assert stages.opening(kernel(tmp_path, **parts), tmp_path) == drivers


@pytest.mark.parametrize(("config", "form"), [(ZSTD, Form.LZ4), ("CONFIG_RD_ZSTD=y\n", Form.ZSTD), (None, Form.ZSTD)])
def test_the_archive_has_a_form_that_the_kernel_knows(tmp_path: Path, config: str | None, form: Form) -> None:
    assert kernel_config.archive_form(kernel(tmp_path, config=config), tmp_path) is form


# --- and how it is written --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", Form)
def test_the_whole_initrd_is_unpacked_again(tree: Path, first: set[str], tmp_path: Path, form: Form) -> None:
    shutil.copytree(tree, tmp_path / "as-it-was", symlinks=True)
    stages.divide(tree, first, ("loop", "squashfs"))
    second = tmp_path / stages.SQUASHFS
    packing.squash(tree / stages.MOUNT, second, TIME, {"usr/bin/lzop": 3})
    shutil.rmtree(tree / stages.MOUNT)
    (tree / stages.MOUNT).mkdir()
    initrd = tmp_path / "initrd"
    packing.pack(tree, initrd, TIME, form, second)
    (tmp_path / "out").mkdir()
    found, was = contents.unpack(initrd, tmp_path / "out"), Tree(tmp_path / "as-it-was")
    assert {inner: found.read(str(found.file(inner))) for inner in was.files()} == {
        inner: was.read(inner) for inner in was.files()
    }


def test_the_same_tree_gives_the_same_squashfs_whoever_made_it(tree: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tree, copy, symlinks=True)
    (copy / "init").chmod(0o750)
    subprocess.run(["touch", "-d", "2001-01-01", copy / "usr/bin/lzop"], check=True)
    one, other = tmp_path / "one", tmp_path / "other"
    packing.squash(tree, one, TIME, {})
    packing.squash(copy, other, TIME, {})
    assert one.read_bytes() == other.read_bytes()


def test_an_identity_is_no_part_of_the_second_stage() -> None:
    assert stages.SQUASHFS != NAME and not (ROOT / stages.MOUNT).exists()
