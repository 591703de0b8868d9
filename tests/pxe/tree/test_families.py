"""A tree for every loader: what is installed goes in, what is not is named, and what somebody else has there stays."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pxe.entries.boot_entry import launcher_check
from pxe.entries.loader import Loader
from pxe.entries.loaders import GRUB, IPXE, LOADERS, MARKER, PXELINUX
from pxe.entries.room import Boot
from pxe.tree.tree import Tree, TreeError
from tests.pxe.tree.trees import MAC, Tftp

ALL: dict[str, Any] = {"loaders": LOADERS}


@pytest.fixture
def tftp(tmp_path: Path) -> Tftp:
    tftp = Tftp(tmp_path)
    for path in tftp.loaders.iterdir():
        path.unlink()
    return tftp


def install(tftp: Tftp, *loaders: Loader) -> None:
    for loader in loaders:
        for name in loader.files:
            (tftp.loaders / loader.source(name)).write_text(f"{name} as it is installed")


def other(tree: Tree) -> tuple[str, ...]:
    """Warnings but those of loaders that are text."""
    return tuple(one for one in tree.warnings if "cannot be read as a program for UEFI" not in one)


def test_every_loader_has_its_files_and_its_configurations(tftp: Tftp) -> None:
    install(tftp, *LOADERS)
    tree = tftp.write("lang=FR", MAC, **ALL)
    assert other(tree) == ()
    there = tftp.files()
    for loader in LOADERS:
        assert {*loader.files, str(loader.default), *map(str, loader.shared)} <= there.keys()
        assert there[str(loader.machine(MAC))] == loader.own(tftp.entry("auto=yes umode=rcv disk=/dev/sda"), 0)
    assert there["grubx64.efi"] == "grubx64.efi as it is installed"


def test_a_second_run_changes_nothing_and_a_machine_that_is_gone_has_no_file(tftp: Tftp) -> None:
    install(tftp, *LOADERS)
    tftp.write("lang=FR", MAC, **ALL)
    before = tftp.files()
    assert tftp.write("lang=FR", MAC, **ALL).notes == () and tftp.files() == before
    tree = tftp.write("lang=FR", **ALL)
    gone = {str(loader.machine(MAC)) for loader in LOADERS}
    assert before.keys() - tftp.files().keys() == gone
    assert len([note for note in tree.notes if "was removed" in note]) == len(gone)


def test_what_is_not_installed_is_one_warning_that_names_the_packages(tftp: Tftp) -> None:
    install(tftp, PXELINUX)
    tree = tftp.write("lang=FR", MAC, **ALL)
    [warning] = tree.warnings
    assert warning.endswith("To have it: apt-get install shim-signed grub-efi-amd64-signed ipxe")
    assert not [name for name in tftp.files() if "grub" in name or "ipxe" in name]


def test_a_tree_for_uefi_alone(tftp: Tftp) -> None:
    install(tftp, GRUB)
    [warning] = other(tftp.write("lang=FR", **ALL))
    assert "not installed here: PCs with BIOS and " in warning
    assert "grub/grub.cfg" in tftp.files() and "pxelinux.cfg/default" not in tftp.files()


def test_without_any_loader_there_is_no_tree(tftp: Tftp) -> None:
    with pytest.raises(TreeError, match="install the packages pxelinux and syslinux-common"):
        tftp.write("lang=FR", **ALL)
    assert not tftp.root.exists()


def test_one_that_was_uninstalled_stays_in_a_tree_that_has_it(tftp: Tftp) -> None:
    install(tftp, *LOADERS)
    tftp.write("lang=FR", **ALL)
    for name in GRUB.files:
        (tftp.loaders / GRUB.source(name)).unlink()
    tree = tftp.write("lang=DE", **ALL)
    assert other(tree) == () and tree.notes == ()
    assert (
        tftp.files()["grubx64.efi"] == "grubx64.efi as it is installed" and "lang=DE" in tftp.files()["grub/grub.cfg"]
    )


def test_a_configuration_of_somebody_else_stays_and_gets_a_section(tftp: Tftp) -> None:
    install(tftp, *LOADERS)
    tftp.put("grub/grub.cfg", "set timeout=5\n")
    tftp.put("boot.ipxe", "#!ipxe\nshell\n")
    tree = tftp.write("lang=FR", MAC, **ALL)
    assert dict(tree.sections) == {
        tftp.root / "grub/grub.cfg": "menuentry 'udpcast' {\n  source $prefix/udpcast.cfg\n}\n",
        tftp.root / "boot.ipxe": ":udpcast\nchain --autofree udpcast.ipxe\n",
    }
    notes = [note for note in tree.notes if "which it does not read" in note]
    assert "its first line must be `source $prefix/udpcast.cfg`" in notes[0]
    assert "its first command must be `chain --autofree udpcast.ipxe`" in notes[1]
    assert tftp.files()["grub/grub.cfg"] == "set timeout=5\n" and "lang=FR" in tftp.files()["grub/udpcast.cfg"]
    tftp.put("grub/grub.cfg", "set timeout=5\n" + tree.sections[0][1].replace("  ", "\t"))
    assert [path.name for path, _ in tftp.write("lang=FR", MAC, **ALL).sections] == ["boot.ipxe"]


def test_a_loader_of_somebody_else_stays(tftp: Tftp) -> None:
    install(tftp, *LOADERS)
    tftp.put("grubx64.efi", "another one")
    tree = tftp.write("lang=FR", **ALL)
    assert tftp.files()["grubx64.efi"] == "another one" and "shimx64.efi" not in tftp.files()
    assert any(
        re.search("grubx64.efi is not ours, and stays: GRUB is used as it is there", note) for note in tree.notes
    )


def test_files_that_do_not_need_each_other_are_not_left_out_together(tftp: Tftp) -> None:
    install(tftp, *LOADERS)
    tftp.put("undionly.kpxe", "another one")
    tree = tftp.write("lang=FR", **ALL)
    assert tftp.files()["undionly.kpxe"] == "another one" and "snponly.efi" in tftp.files()
    assert other(tree) == ()


def test_what_is_put_beside_a_loader_is_not_put_beside_somebody_elses(tftp: Tftp) -> None:
    install(tftp, PXELINUX)
    (tftp.loaders / "lpxelinux.0").write_text("lpxelinux")
    tftp.put("ldlinux.c32", "another one")
    tftp.write("lang=FR")
    assert "lpxelinux.0" not in tftp.files()
    tftp.write("lang=FR", force=True)
    assert tftp.files()["lpxelinux.0"] == "lpxelinux"


def test_a_configuration_alone_is_no_loader(tftp: Tftp) -> None:
    install(tftp, PXELINUX)
    tftp.put("grub/grub.cfg", "set timeout=5\n")
    tree = tftp.write("lang=FR", **ALL)
    assert tree.sections == () and "shim-signed" in tree.warnings[0]


def test_what_grub_cannot_carry_is_refused_where_grub_is(tftp: Tftp) -> None:
    install(tftp, PXELINUX)
    tftp.write('title="it\'s"', **ALL)
    install(tftp, GRUB)
    with pytest.raises(
        TreeError, match="GRUB, which boots PCs with UEFI, cannot carry title=it's: there is an apostrophe"
    ):
        tftp.write('title="it\'s"', **ALL)


def test_whose_line_it_is_is_said_and_grub_may_be_left_out(tftp: Tftp) -> None:
    install(tftp, PXELINUX, GRUB)
    with pytest.raises(TreeError, match=f"{MAC}: line of label .* Or leave GRUB out with --without grub"):
        tftp.write("lang=FR", MAC, own='title="it\'s"', **ALL)
    tree = tftp.write("lang=FR", MAC, own='title="it\'s"', loaders=(PXELINUX, IPXE))
    assert "shim" not in "".join(tree.warnings) and "grubx64.efi" not in tftp.files()


def test_one_that_is_left_out_goes_with_its_files_and_comes_back(tftp: Tftp) -> None:
    install(tftp, *LOADERS)
    tftp.write("lang=FR", MAC, **ALL)
    before = tftp.files()
    tree = tftp.write("lang=FR", MAC, loaders=(PXELINUX, IPXE))
    assert before.keys() - tftp.files().keys() == {
        *GRUB.files,
        *("grub/grub.cfg", "grub/udpcast.cfg", "grub/there.cfg", str(GRUB.machine(MAC))),
    }
    assert len([note for note in tree.notes if "was removed" in note]) == 6
    tftp.write("lang=FR", MAC, **ALL)
    assert tftp.files() == before


def test_what_ipxe_cannot_carry_is_no_reason_to_have_no_tree(tftp: Tftp) -> None:
    install(tftp, *LOADERS)
    tftp.write("lang=FR", MAC, **ALL)
    [warning] = other(tftp.write("title=Lycée", MAC, **ALL))
    assert warning.startswith("the tree goes without iPXE, and PCs that are given iPXE")
    assert "title=Lycée" in tftp.files()["grub/grub.cfg"].encode("latin-1").decode()
    assert not [name for name in tftp.files() if name.endswith(".ipxe")], "an old line may overwrite a disk"


def test_loaders_of_the_optional_kind_alone(tftp: Tftp) -> None:
    install(tftp, IPXE)
    tftp.write("lang=FR", MAC, default=Boot.DISK, timeout=3, **ALL)
    assert "choose --default disk --timeout 3000" in tftp.files()["boot.ipxe"]


def test_unsigned_loaders_are_said(tftp: Tftp) -> None:
    install(tftp, *LOADERS)
    [told] = tftp.write("lang=FR", **ALL).warnings
    assert told.startswith(f"PCs with UEFI will refuse {tftp.root}/shimx64.efi: it cannot be read as a program")


def test_the_root_of_a_server_is_not_read_through(tftp: Tftp) -> None:
    install(tftp, *LOADERS)
    tftp.put("somebody-elses", MARKER)
    tftp.write("lang=FR", **ALL)
    tftp.write("lang=DE", **ALL)
    assert tftp.files()["somebody-elses"] == MARKER


def test_what_the_launcher_says_of_a_line_comes_before_what_grub_cannot_carry(tftp: Tftp) -> None:
    install(tftp, PXELINUX, GRUB)
    with pytest.raises(TreeError) as caught:
        tftp.write("udpcparam='--max-wait 5'", **ALL, check=launcher_check)
    assert 'udpcparam="--max-wait 5"' in str(caught.value) and "GRUB" not in str(caught.value)
