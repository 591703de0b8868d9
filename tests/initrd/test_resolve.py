"""An image that lacks something is not written: each thing is taken out of a tree that is whole, and named."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from initrd import image, python, resolve, tools
from initrd.errors import BuildError
from initrd.kernel import Kernel
from initrd.resolve import Image
from initrd.tree import Tree
from tests.common import ROOT
from tests.initrd.elves import library, put
from tests.initrd.test_collect import make_project

LOADER = "/lib64/ld-linux-x86-64.so.2"
HERE = "usr/lib/x86_64-linux-gnu"
SETUP = (image.DRACUT_MODULE / "module-setup.sh").read_text()
APPLETS = (
    "cat env fold grep ip tftp udhcpc wget head insmod mkdir modinfo mount pidof poweroff reboot renice setsid sh "
    "sleep stty sync tail tr mv"
)
RULES_PLACE = "usr/lib/udev/rules.d"
RULES = 'IMPORT{program}="ata_id --export $devnode"\nRUN{builtin}+="kmod load e1000e tifm_sd"\n'


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """What goes in is ours or made for the test; only Python's modules are this machine's."""
    base = tmp_path_factory.mktemp("image")
    project = make_project(base / "project", "import argparse, copy, shutil, typing\nfrom .network import card\n")
    for name in ("programs.py", "network/udhcpc-script"):
        (project / "launcher" / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / "launcher" / name, project / "launcher" / name)
    for name in ("network/__init__.py", "network/card.py"):
        (project / "launcher" / name).touch()
    tree = base / "tree"
    staged = python.stage(tree, project)
    return Image(Tree(tree), project, staged.home, _fill(tree, staged), SETUP)


def _fill(tree: Path, staged: python.PythonTree) -> Kernel:
    put(tree, "usr/bin/kmod", library(("libzstd.so.1", "libc.so.6"), LOADER))
    put(tree, f"{HERE}/libkmod.so.2", library(later=[{"soname": ["libzstd.so.1"]}]))
    for name in {"udevadm", *tools.to_install(ROOT, tools.FILE_SYSTEMS)} - {"wipefs"}:
        put(tree, f"usr/bin/{name}", library(("libc.so.6",), LOADER))
    put(tree, "usr/sbin/wipefs", library((), LOADER))
    put(tree, f"usr/bin/{staged.home.name}", library((), LOADER))
    for place, target in [
        *((f"usr/bin/{name}", "busybox") for name in APPLETS.split()),
        ("usr/bin/python3", staged.home.name),
        ("usr/bin/gzip", "pigz"),
        ("usr/bin/gunzip", "pigz"),
        ("etc/resolv.conf", "/run/udpcast/resolv.conf"),
        ("etc/mtab", "/proc/self/mounts"),
        ("usr/sbin/modprobe", "../bin/kmod"),
        *((name, f"usr/{name}") for name in ("bin", "lib", "sbin", "lib64")),
        ("usr/lib/systemd/systemd-udevd", "../../bin/udevadm"),
        ("usr/lib64/ld-linux-x86-64.so.2", f"../lib/x86_64-linux-gnu/{Path(LOADER).name}"),
    ]:
        (tree / place).parent.mkdir(parents=True, exist_ok=True)
        (tree / place).symlink_to(target)
    for name in (Path(LOADER).name, "libc.so.6", "libudev.so.1", "libgcc_s.so.1", "libffi.so.8", "libzstd.so.1"):
        put(tree, f"{HERE}/{name}", library())
    for extension in staged.extensions.values():
        put(tree, str(extension).lstrip("/"), library(), 0o644)
    put(tree, f"{staged.home}/_ctypes.so", library(("libffi.so.8",)), 0o644)
    put(tree, "init", (image.DRACUT_MODULE / "init").read_bytes())
    put(tree, "etc/fstab", b"")
    put(tree, "etc/mtools.conf", b"")
    for name in ("ata_id", "cdrom_id", "scsi_id"):
        put(tree, f"usr/lib/udev/{name}", library((), LOADER))
    for name in resolve.INDEXES:
        put(tree, f"usr/lib/modules/6.1/{name}", b"")
    for name in ("50-udpcast", "60-block", "60-cdrom_id", "60-persistent-storage", "80-drivers"):
        put(tree, f"usr/lib/udev/rules.d/{name}.rules", RULES.encode())
    modules = tree.parent / "lib/modules/6.1"
    put(
        modules,
        "modules.dep",
        b"kernel/a/e1000e.ko.xz: kernel/b/ptp.ko.xz\nupdates/e1000e.ko: kernel/b/gone.ko\n"
        b"kernel/drivers/block/loop.ko.xz:\n",
    )
    for name in ("a/e1000e", "b/ptp", "drivers/block/loop"):
        put(tree, f"usr/lib/modules/6.1/kernel/{name}.ko.zst", b"")
    return Kernel(tree.parent / "vmlinuz", "6.1", modules)


@pytest.fixture
def copy(whole: Image, tmp_path: Path) -> Image:
    """One that a test may break."""
    shutil.copytree(whole.tree.root, tmp_path / "tree", symlinks=True, copy_function=_link)
    return replace(whole, tree=Tree(tmp_path / "tree"))


def _link(source: str, target: str) -> None:
    Path(target).hardlink_to(source)


Look = Callable[[Image], Iterable[str]]


def libraries(image: Image) -> Iterable[str]:
    return resolve.libraries(image.tree)


def scripts_of(image: Image) -> Iterable[str]:
    return resolve.scripts_of(image.tree)


def drivers(image: Image) -> Iterable[str]:
    return resolve.drivers(image.tree, image.kernel)


def test_nothing_is_missing_from_a_whole_one(whole: Image) -> None:
    assert resolve.problems(whole) == []
    resolve.check(whole)


@pytest.mark.parametrize(
    ("look", "gone", "said"),
    [
        (resolve.programs, "usr/bin/udp-sender", "the program udp-sender is missing (the launcher runs it)"),
        (resolve.programs, "usr/bin/udhcpc", "the program udhcpc is missing (the launcher runs it)"),
        (resolve.programs, "usr/bin/setsid", "the program setsid is missing (/init runs it)"),
        (resolve.programs, "usr/bin/mv", "the program mv is missing (/{home}/launcher/network/udhcpc-script runs it)"),
        (resolve.programs, "usr/sbin/wipefs", "the program wipefs is missing (the launcher runs it)"),
        (resolve.programs, "usr/bin/dumpe2fs", "the program dumpe2fs is missing (the launcher runs it)"),
        (resolve.programs, "usr/bin/ntfs-3g.probe", "the program ntfs-3g.probe is missing (the launcher runs it)"),
        (resolve.programs, "usr/bin/btrfs", "the program btrfs is missing (the launcher runs it)"),
        (resolve.programs, "usr/sbin/modprobe", "the program /sbin/modprobe is missing (the kernel runs it)"),
        (resolve.programs, "usr/lib/udev/ata_id", "the program /usr/lib/udev/ata_id is missing (/usr/lib/udev/"),
        (resolve.programs, "usr/bin/pigz", "the program gzip is missing (the launcher runs it)"),
        (resolve.programs, "usr/bin/pigz", "the link /usr/bin/gzip leads to nothing"),
        (resolve.programs, "init", "/init is missing, or is not executable"),
        (scripts_of, "usr/bin/busybox", "/init is to be run by /bin/busybox, which"),
        (libraries, f"{HERE}/libc.so.6", "the library libc.so.6 is missing (usr/bin/"),
        (libraries, f"{HERE}/libffi.so.8", "the library libffi.so.8 is missing ({home}/_c"),
        (libraries, f"{HERE}/libudev.so.1", "the library libudev.so.1 is missing (usr/b"),
        (libraries, f"{HERE}/ld-linux-x86-64.so.2", f"is to be loaded by {LOADER}, which"),
        (libraries, f"{HERE}/libzstd.so.1", "the library libzstd.so.1 is missing (usr/b"),
        (resolve.data, "etc/fstab", "the file /etc/fstab is missing"),
        (resolve.data, "etc/mtab", "the link /etc/mtab is missing"),
        (resolve.data, "etc/mtools.conf", "the file /etc/mtools.conf is missing"),
        (resolve.data, "etc/resolv.conf", "the link /etc/resolv.conf is missing"),
        (resolve.data, f"{RULES_PLACE}/50-udpcast.rules", f"the file /{RULES_PLACE}/50-udpcast.rules is missing"),
        (resolve.data, "usr/lib/modules/6.1/modules.alias.bin", "the file /usr/lib/modules/6.1/modules.alias.bin is"),
        (resolve.python_home, "{home}/os.pyc", "the file /{home}/os.pyc is missing"),
        (resolve.data, "{home}/launcher/lang/de.mo", "the file /{home}/launcher/lang/de.mo is missing"),
        (resolve.data, "{home}/launcher/machines.json", "the file /{home}/launcher/machines.json is missing"),
        (resolve.rules, "usr/lib/udev/rules.d/60-block.rules", "udev's rules 60-block.rules are missing"),
        (resolve.rules, "usr/lib/modules/6.1/kernel/a/e1000e.ko.zst", "the driver e1000e is missing (/usr/lib/ude"),
        (
            drivers,
            "usr/lib/modules/6.1/kernel/b/ptp.ko.zst",
            "the driver ptp is missing (e1000e needs it)",
        ),
        (drivers, "usr/lib/modules/6.1/kernel/drivers/block/loop.ko.zst", "the driver loop is missing (the launcher"),
    ],
)  # fmt: skip
def test_what_is_taken_out_is_named(copy: Image, look: Look, gone: str, said: str) -> None:
    assert not list(look(copy))
    (copy.tree.root / gone.format(home=copy.home)).unlink()
    assert any(said.format(home=copy.home) in line for line in look(copy)), list(look(copy))


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("launcher/network/card.pyc", "the Python module launcher.network.card is missing"),
        ("pyudev/core.pyc", "the Python module pyudev.core is missing (pyudev imports it)"),
        ("encodings/latin_1.pyc", "the Python module encodings.latin_1 is missing"),
    ],
)
def test_a_module_that_is_taken_out_is_named(copy: Image, gone: str, said: str) -> None:
    (copy.tree.root / copy.home / gone).unlink()
    assert any(line.startswith(said) for line in resolve.imports(copy)), list(resolve.imports(copy))


def test_python_finds_its_modules_only_beside_itself_and_in_its_version(copy: Image) -> None:
    link = copy.tree.root / "usr/bin/python3"
    link.unlink()
    link.symlink_to("/opt/pyenv/bin/python3.12")
    put(copy.tree.root, "opt/pyenv/bin/python3.12", library((), LOADER))
    assert list(resolve.python_home(copy)) == [
        f"/opt/pyenv/bin/python3.12 looks for its modules in /opt/pyenv/lib/python3.12, and they are in /{copy.home}"
    ]


def test_a_program_that_is_a_link_out_of_the_tree_is_missing(copy: Image, tmp_path: Path) -> None:
    program = copy.tree.root / "usr/bin/sfdisk"
    program.unlink()
    program.symlink_to(put(tmp_path, "alternatives/sfdisk", library((), LOADER)))
    assert "the program sfdisk is missing (the launcher runs it)" in list(resolve.programs(copy))


@pytest.mark.parametrize("chosen", [(), ("ext",), ("ntfs", "btrfs")])
def test_without_a_file_system_its_tools_may_be_missing_and_no_other(copy: Image, chosen: tuple[str, ...]) -> None:
    image = replace(copy, file_systems=chosen)
    for name in tools.left_out(ROOT, chosen):
        (copy.tree.root / f"usr/bin/{name}").unlink()
    assert list(resolve.programs(image)) == []


def test_each_program_that_is_copied_from_this_machine_is_missed(copy: Image) -> None:
    others_are_links_to = {"busybox", "pigz", "udevadm"}
    for name in set(tools.to_install(ROOT, tools.FILE_SYSTEMS)) - others_are_links_to:
        (program,) = copy.tree.root.glob(f"usr/*bin/{name}")
        program.rename(program.with_name("away"))
        assert list(resolve.programs(copy)) == [f"the program {name} is missing (the launcher runs it)"]
        program.with_name("away").rename(program)


def test_busyboxs_program_of_the_same_name_does_not_stand_for_the_launchers(copy: Image) -> None:
    program = copy.tree.root / "usr/sbin/wipefs"
    program.unlink()
    program.symlink_to("../bin/busybox")
    said = "the program wipefs is missing (the launcher runs it, and busybox has only one of that name)"
    assert list(resolve.programs(copy)) == [said]


def test_a_wrapper_needs_its_interpreter(copy: Image) -> None:
    (copy.tree.root / "usr/bin/lzop").unlink()
    put(copy.tree.root, "usr/bin/lzop", b"#!/usr/bin/perl -w\n")
    assert list(resolve.scripts_of(copy.tree)) == ["/usr/bin/lzop is to be run by /usr/bin/perl, which is missing"]


@pytest.mark.parametrize(
    ("data", "mode", "said"),
    [
        (b"", 0o755, "/usr/bin/lzop is no program (the launcher runs it)"),
        (library((), LOADER), 0o644, "the program lzop is missing (the launcher runs it)"),
    ],
)
def test_a_file_that_cannot_be_run_is_no_program(copy: Image, data: bytes, mode: int, said: str) -> None:
    (copy.tree.root / "usr/bin/lzop").unlink()
    put(copy.tree.root, "usr/bin/lzop", data, mode)
    assert said in list(resolve.programs(copy))


def test_a_kmod_that_cannot_unpack_the_drivers_is_said(copy: Image) -> None:
    for place in ("usr/bin/kmod", f"{HERE}/libkmod.so.2"):
        (copy.tree.root / place).unlink()
        put(copy.tree.root, place, library(("liblzma.so.5",), LOADER))
    assert list(resolve.unpackers(copy.tree)) == [
        f"/{place} cannot unpack the drivers (it was built without zstd)"
        for place in ("usr/bin/kmod", f"{HERE}/libkmod.so.2")
    ]


def test_a_program_that_is_cut_off_is_said(copy: Image) -> None:
    (copy.tree.root / "usr/bin/lzop").unlink()
    put(copy.tree.root, "usr/bin/lzop", library(("libc.so.6",), LOADER)[:200])
    assert "/usr/bin/lzop is cut off" in list(resolve.libraries(copy.tree))


def test_scripts_are_made_executable_whatever_the_checkout_lost(copy: Image) -> None:
    script = copy.tree.root / copy.home / "launcher/network/udhcpc-script"
    data = script.read_bytes()
    script.unlink()
    put(copy.tree.root, str(script.relative_to(copy.tree.root)), data, 0o644)
    assert [line for line in resolve.data(copy) if line.endswith("udhcpc-script is not executable")]
    image.run_scripts(copy.tree)
    assert not list(resolve.data(copy))


def test_all_of_it_is_looked_for(copy: Image) -> None:
    """Each kind of thing that is missing comes into the sentence."""
    root, home = copy.tree.root, copy.home
    for gone in (
        *("usr/bin/udp-sender", f"{HERE}/libffi.so.8", f"{home}/os.pyc", f"{home}/encodings/latin_1.pyc", "etc/fstab"),
        *(f"{RULES_PLACE}/60-block.rules", "usr/lib/modules/6.1/kernel/b/ptp.ko.zst", "usr/bin/kmod", "usr/bin/lzop"),
    ):
        (root / gone).unlink()
    put(root, "usr/bin/kmod", library((), LOADER))
    put(root, "usr/bin/lzop", b"#!/usr/bin/perl -w\n")
    found = "\n".join(resolve.problems(copy))
    for said in (
        "the program udp-sender is missing",
        "/usr/bin/lzop is to be run by /usr/bin/perl, which is missing",
        "the library libffi.so.8 is missing",
        f"the file /{home}/os.pyc is missing",
        "the Python module encodings.latin_1 is missing",
        "the file /etc/fstab is missing",
        "udev's rules 60-block.rules are missing",
        "the driver ptp is missing",
        "/usr/bin/kmod cannot unpack the drivers",
    ):
        assert said in found


def test_the_sentence_names_what_is_missing_and_how_much_more(copy: Image) -> None:
    (copy.tree.root / "usr/bin/busybox").unlink()
    with pytest.raises(
        BuildError, match=r"^the initrd would not work, so nothing was written: the program .*; and [0-9]+ more"
    ):
        resolve.check(copy)
