"""Which libraries a tree lacks, as the dynamic linker of the booted machine would find it, and how they get there."""

from __future__ import annotations

from pathlib import Path

import pytest

from initrd import elf
from initrd.libraries import Libraries, complete
from initrd.tree import Tree
from tests.initrd.elves import OLD_PC, library, put

LOADER = "/lib64/ld-linux-x86-64.so.2"
HERE = "usr/lib/x86_64-linux-gnu"


def missing(root: Path, later: dict[str, tuple[str, ...]] | None = None) -> dict[tuple[str, ...], tuple[str, ...]]:
    return {one.names: one.users for one in Libraries(Tree(root), later).missing()}


def test_a_real_program_is_read_as_readelf_reads_it() -> None:
    read = elf.read(Path("/usr/bin/python3").resolve().read_bytes())
    assert (read.interpreter, "libc.so.6" in read.needed) == (LOADER, True)


@pytest.mark.parametrize("machine", [62, OLD_PC])
def test_all_entries_are_read(machine: int) -> None:
    later = [
        {"feature": "kmod", "priority": "recommended", "soname": ["libkmod.so.2", "libkmod.so.1"]},
        {"feature": "bpf", "priority": "suggested", "soname": ["libbpf.so.1"]},
    ]
    read = elf.read(library(("a.so", "b.so"), "/ld", "/one:$ORIGIN/two", "/old", later, machine))
    assert read.needed == ("a.so", "b.so")
    assert (read.interpreter, read.runpath, read.rpath) == ("/ld", ("/one", "$ORIGIN/two"), ("/old",))
    assert read.later == (("libkmod.so.2", "libkmod.so.1"),)


def test_what_is_cut_off_anywhere_is_no_crash() -> None:
    whole = library(("a.so",), "/ld", "/one", later=[{"soname": ["x"]}])
    for length in range(len(whole)):
        try:
            elf.read(whole[:length])
        except ValueError:
            continue
        pytest.fail(f"{length} bytes of {len(whole)} passed for all")


def test_what_is_there_is_not_missing_and_a_chain_is_followed(tmp_path: Path) -> None:
    put(tmp_path, "usr/bin/tool", library(("liba.so.1",), LOADER))
    put(tmp_path, f"{HERE}/liba.so.1", library(("libb.so.1",)))
    assert missing(tmp_path) == {("libb.so.1",): (f"{HERE}/liba.so.1",)}
    put(tmp_path, "lib/libb.so.1", library())
    assert missing(tmp_path) == {}


def test_a_module_that_no_program_names_counts_as_well(tmp_path: Path) -> None:
    put(tmp_path, "usr/lib/python3.11/_ctypes.so", library(("libffi.so.8",)), 0o644)
    assert missing(tmp_path) == {("libffi.so.8",): ("usr/lib/python3.11/_ctypes.so",)}


def test_a_place_that_only_a_cache_would_name_does_not_count(tmp_path: Path) -> None:
    put(tmp_path, "usr/bin/tool", library(("liba.so.1",), LOADER))
    put(tmp_path, "usr/local/lib/liba.so.1", library())
    assert ("liba.so.1",) in missing(tmp_path)


def test_a_library_of_another_machine_does_not_count(tmp_path: Path) -> None:
    put(tmp_path, "usr/bin/tool", library(("liba.so.1",), LOADER))
    put(tmp_path, f"{HERE}/liba.so.1", library(machine=OLD_PC))
    assert ("liba.so.1",) in missing(tmp_path)


@pytest.mark.parametrize("path", ["/usr/lib/x86_64-linux-gnu/systemd", "$ORIGIN/../lib/x86_64-linux-gnu/systemd"])
def test_runpath_is_looked_into_and_not_handed_down(tmp_path: Path, path: str) -> None:
    put(tmp_path, "usr/bin/udevadm", library(("libsystemd-shared.so",), LOADER, runpath=path))
    put(tmp_path, f"{HERE}/systemd/libsystemd-shared.so", library(("libinner.so",)))
    put(tmp_path, f"{HERE}/systemd/libinner.so", library())
    assert missing(tmp_path) == {("libinner.so",): (f"{HERE}/systemd/libsystemd-shared.so",)}


def test_rpath_is_handed_down(tmp_path: Path) -> None:
    put(tmp_path, "usr/bin/tool", library(("liba.so",), LOADER, rpath="/opt"))
    put(tmp_path, "opt/liba.so", library(("libb.so",)))
    put(tmp_path, "opt/libb.so", library())
    assert missing(tmp_path) == {}


def test_a_link_out_of_the_tree_leads_to_nothing(tmp_path: Path) -> None:
    outside = put(tmp_path, "outside/liba.so.1.0", library())
    put(tmp_path, "tree/usr/bin/tool", library(("liba.so.1",), LOADER))
    (tmp_path / "tree" / HERE).mkdir(parents=True)
    (tmp_path / "tree" / HERE / "liba.so.1").symlink_to(outside)
    assert ("liba.so.1",) in missing(tmp_path / "tree")


def test_what_a_program_loads_by_itself_is_needed(tmp_path: Path) -> None:
    kmod = {"feature": "kmod", "soname": ["libkmod.so.2", "libkmod.so.3"]}
    put(tmp_path, "usr/bin/udevadm", library((), LOADER, later=[kmod]))
    put(tmp_path, "usr/bin/python3.11", library((), LOADER))
    (tmp_path / "usr/bin/python3").symlink_to("python3.11")
    assert missing(tmp_path, {"usr/bin/python3": ("libudev.so.1",)}) == {
        ("libkmod.so.2", "libkmod.so.3"): ("usr/bin/udevadm",),
        ("libudev.so.1",): ("usr/bin/python3.11",),
    }
    put(tmp_path, f"{HERE}/libkmod.so.3", library())
    put(tmp_path, f"{HERE}/libudev.so.1", library())
    assert missing(tmp_path, {"usr/bin/python3": ("libudev.so.1",)}) == {}


def machine(root: Path) -> Tree:
    """A machine on which an administrator has libraries of his own."""
    put(root, "etc/ld.so.conf", b"include /etc/ld.so.conf.d/*.conf\n")
    put(root, "etc/ld.so.conf.d/own.conf", b"# mine\n/opt/lib\n")
    put(root, "opt/lib/libz.so.1", library(("nowhere.so",)))
    put(root, "opt/lib/libown.so.1", library(("libz.so.1",)))
    put(root, f"{HERE}/libz.so.1.3", library())
    (root / HERE / "libz.so.1").symlink_to("libz.so.1.3")
    return Tree(root)


def test_libraries_are_brought_with_all_that_they_need(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    put(tree, "usr/bin/tool", library(("libown.so.1", "nowhere.so"), LOADER))
    (tree / HERE).mkdir(parents=True)
    complete(Tree(tree), machine(tmp_path / "machine"), {})
    assert missing(tree) == {("nowhere.so",): ("usr/bin/tool",)}
    # Debian's own comes first, whatever the administrator has under the same name.
    assert (tree / HERE / "libz.so.1").read_bytes() == (tmp_path / "machine" / HERE / "libz.so.1.3").read_bytes()


def test_where_nothing_is_missing_nothing_is_brought(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    put(tree, "usr/bin/tool", library((), LOADER))
    before = sorted(tree.rglob("*"))
    complete(Tree(tree), machine(tmp_path / "machine"), {})
    assert sorted(tree.rglob("*")) == before


def test_links_are_followed_as_the_booted_machine_follows_them(tmp_path: Path) -> None:
    put(tmp_path, "usr/bin/busybox", b"x")
    (tmp_path / "bin").symlink_to("usr/bin")
    (tmp_path / "usr/bin/sh").symlink_to("/bin/busybox")
    (tmp_path / "usr/bin/up").symlink_to("../../../../usr/bin/busybox")
    (tmp_path / "usr/bin/loop").symlink_to("loop")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/resolv.conf").symlink_to("/run/udpcast/resolv.conf")
    (tmp_path / "etc/other").symlink_to("../nowhere")
    tree = Tree(tmp_path)
    assert tree.file("bin/sh") == tree.file("/usr/bin/up") == "usr/bin/busybox"
    assert tree.real("bin/loop") is None
    assert tree.real("usr/bin/nothing") is None
    assert tree.real("usr/bin/busybox/x") is None
    assert list(tree.dead_links("etc", "usr/bin")) == ["etc/other", "usr/bin/loop"]
