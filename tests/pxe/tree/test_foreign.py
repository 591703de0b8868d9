"""A tree of somebody else: sections in the way of ours, and loaders in folders below."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pxe.entries.menu import Menu
from pxe.entries.pxelinux import MENU_FILES
from pxe.entries.room import Boot
from tests.pxe.tree.trees import MAC, Tftp

OURS = "label udpcast\n    kernel udpcast-linux\n    append initrd=udpcast-initrd lang=FR\n    ipappend 3\n"


@pytest.fixture
def tftp(tmp_path: Path) -> Tftp:
    return Tftp(tmp_path)


def test_a_section_of_our_label_is_said_with_its_line(tftp: Tftp) -> None:
    tftp.put("pxelinux.cfg/default", "default disk\n\nLABEL udpcast\n  KERNEL memdisk\n  APPEND initrd=old\n")
    tree = tftp.write()
    assert tree.warnings == (
        f"{tftp.root}/pxelinux.cfg/default:3 has a section udpcast of its own, and two of one name cannot be: "
        "put ours in its place, or give ours another name with --label.",
    )
    assert [section for _, section in tree.sections] == [OURS]


@pytest.mark.parametrize("line", ["include menus/rooms.cfg", "  MENU INCLUDE /menus/rooms.cfg Rooms"])
def test_one_in_a_file_that_is_included_is_found(tftp: Tftp, line: str) -> None:
    tftp.put("pxelinux.cfg/default", f"default disk\n{line}\n")
    tftp.put("menus/rooms.cfg", "include pxelinux.cfg/default\nlabel udpcast\nkernel memtest\n")
    [told] = tftp.write().warnings
    assert told.startswith(f"{tftp.root}/menus/rooms.cfg:2 has a section udpcast of its own")


def test_what_is_included_and_is_no_file_holds_nothing_up(tftp: Tftp) -> None:
    tftp.put("pxelinux.cfg/default", "include pipe\ninclude pxelinux.cfg\ninclude a\0b\nlabel udpcast\nkernel other\n")
    os.mkfifo(tftp.root / "pipe")
    [told] = tftp.write().warnings
    assert told.startswith(f"{tftp.root}/pxelinux.cfg/default:4 has a section udpcast of its own")


UUID = "b8945908-d6a6-41a9-611d-74a6ab80b83d"


def test_files_that_pcs_read_instead_of_ours_are_said(tftp: Tftp) -> None:
    tftp.write("", MAC)
    for name in (UUID, "0A4D0001", "0A4D", "C0A8", "01-52-54-00-aa-bb-09", "readme", "01-52-54-00-AA-BB-09", "0A4D~"):
        tftp.put(f"pxelinux.cfg/{name}", "default disk\n")
    tree = tftp.write()  # and the machine's own file goes
    assert tree.warnings == (
        f"{tftp.root} has pxelinux.cfg/{UUID}, not from this command: the PCs of these names boot what stands there, "
        "and read it instead of ours (that of the PC, and the default one).",
        f"{tftp.root} has pxelinux.cfg/01-52-54-00-aa-bb-09, pxelinux.cfg/0A4D, pxelinux.cfg/0A4D0001 and 1 more, not "
        "from this command: the PCs of these names boot what stands there, and read it instead of ours (the default "
        "one).",
    )


def test_our_section_that_was_put_there_already_is_recognised(tftp: Tftp) -> None:
    text = (
        OURS.replace("kernel", "KERNEL").replace("    ", "\t")
        + "\tmenu label ^Clone this room\n\nlabel disk\nlocalboot 0\n"
    )
    tftp.put("pxelinux.cfg/default", text)
    tree = tftp.write()
    assert not tree.sections and not tree.warnings
    assert tree.notes == (
        f"{tftp.root}/pxelinux.cfg/default is not ours and was left as it is; it has our section already.",
    )
    [(_, section)] = tftp.write("lang=DE").sections
    assert "lang=DE" in section


def test_what_of_the_room_is_not_in_force_there_is_said(tftp: Tftp) -> None:
    theirs = tftp.put("pxelinux.cfg/default", "default school\nlabel school\nlocalboot 0\n")
    tree = tftp.write("", MAC, default=Boot.DISK)
    begin = f"{theirs} is not ours and was left as it is. "
    assert not tree.sections and not tree.warnings
    [note] = tree.notes
    assert note.startswith(
        f"{begin}Nothing is to be added: the PCs that are named have files of their own. Others boot"
    )
    for default, names in ((Boot.DISK, "default and timeout are"), (Boot.LAUNCHER, "timeout is")):
        tree = tftp.write("", MAC, default=default, timeout=5)
        assert [section.count("label ") for _, section in tree.sections] == [2 if default is Boot.DISK else 1]
        [note] = tree.notes
        assert note.startswith(f"{begin}What a PC that is not named boots without a choice, and how long it waits, is")
        label = "disk" if default is Boot.DISK else "udpcast"
        assert note.endswith(
            f": the room's {names} not in force there. For that, it must say `default {label}`, `prompt 1`, "
            "`timeout 50` in place of its own lines of these names."
        )
    assert not tftp.write("", MAC).notes


def test_other_labels_are_no_clash(tftp: Tftp) -> None:
    tftp.put("pxelinux.cfg/default", "label linux\nkernel linux\n# label udpcast\n")
    assert not tftp.write().warnings


@pytest.mark.parametrize("folder", ["bios", "debian-installer/amd64"])
def test_a_loader_in_a_folder_below_is_said_and_gets_its_own_tree(tftp: Tftp, folder: str) -> None:
    """PXELINUX looks for its configuration, and for kernel and initrd, in the folder that it was loaded from."""
    tftp.put(f"{folder}/pxelinux.0", "theirs")
    tftp.put(f"{folder}/ldlinux.c32", "theirs")
    [told] = tftp.write("", MAC).warnings
    below = tftp.root / folder
    assert told.startswith(
        f"{below}/pxelinux.0 is a loader, too: PCs that are given it read {below}/pxelinux.cfg/default"
    )
    assert told.endswith(f"tree {below}")
    (root, tftp.root) = (tftp.root, below)
    tftp.write("", MAC)
    assert (below / "udpcast-linux").exists() and (below / "pxelinux.cfg/default").exists()
    tftp.root = root
    assert not tftp.write("", MAC).warnings


def test_debians_links_into_its_installer_are_one_loader(tftp: Tftp) -> None:
    tftp.put("debian-installer/amd64/pxelinux.0", "theirs")
    tftp.put("debian-installer/amd64/ldlinux.c32", "theirs")
    tftp.put("debian-installer/amd64/pxelinux.cfg/default", "default install\n")
    for name in ("pxelinux.0", "ldlinux.c32", "pxelinux.cfg"):
        (tftp.root / name).symlink_to(f"debian-installer/amd64/{name}")
    tree = tftp.write("", MAC)
    assert not tree.warnings
    assert [path for path, _ in tree.sections] == [tftp.root / "pxelinux.cfg/default"]
    assert (tftp.root / "debian-installer/amd64/pxelinux.cfg/01-52-54-00-aa-bb-01").exists()


def test_a_root_with_many_folders_and_a_circle_of_links_is_no_trouble(tftp: Tftp) -> None:
    for number in range(50):
        (tftp.root / f"mirror/{number}/pool").mkdir(parents=True)
    (tftp.root / "mirror/round").symlink_to("..")
    assert not tftp.write().warnings


def test_a_menu_needs_files_of_the_loader_that_is_there(tftp: Tftp) -> None:
    menu = Menu(timeout=5)
    [told] = tftp.write("", menu=menu).warnings
    assert "has no menu.c32 and no libutil.c32, so PXELINUX cannot show its menu" in told
    for name in MENU_FILES:
        (tftp.loaders / name).write_text(name)
    tree = tftp.write("", menu=menu)
    assert not tree.warnings and {tftp.root / name for name in MENU_FILES} <= {*tree.written}


def test_a_strange_loader_gets_no_menu_files_of_ours(tftp: Tftp) -> None:
    """They must be of one version."""
    for name in ("pxelinux.0", "ldlinux.c32"):
        tftp.put(name, "theirs")
    for name in MENU_FILES:
        (tftp.loaders / name).write_text(name)
    [told] = tftp.write("", menu=Menu(timeout=5)).warnings
    assert told.endswith("copy them from where pxelinux.0 came.") and not (tftp.root / "menu.c32").exists()
    assert not tftp.write("").warnings
    for name in MENU_FILES:
        tftp.put(name, "theirs")
    assert not tftp.write("", menu=Menu(timeout=5)).warnings


def test_to_a_configuration_of_somebody_else_the_choices_are_to_be_added(tftp: Tftp) -> None:
    tftp.put("pxelinux.cfg/default", "default linux\nlabel linux\nkernel linux\n")
    tree = tftp.write("lang=FR", menu=Menu(timeout=5))
    [(_, section)] = tree.sections
    assert section.count("label udpcast") == 3 and section.count("localboot") == 1
    assert any("the room's menu, its preset and its timeout are not in force there" in note for note in tree.notes)
    tftp.put("pxelinux.cfg/default", f"default linux\n{section}")
    assert not tftp.write("lang=FR", menu=Menu(timeout=5)).sections
