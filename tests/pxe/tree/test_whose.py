"""Whose a file in a tree is: what is replaced, kept, left as it is and removed; and that all of it is said."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from initrd.pair.switch import Change, switch
from pxe.tree.record import RECORD
from pxe.tree.tree import TreeError
from tests.pairs import OTHER_VERSION, make_pair
from tests.pxe.tree.trees import MAC, OWN, Tftp

OTHER_MAC = "52:54:00:aa:bb:02"
OTHER_OWN = "pxelinux.cfg/01-52-54-00-aa-bb-02"
OLD = "# Written by udpcast-launcher; the next `python3 -m pxe tree` replaces this file.\n"
"""How files of versions begin that kept no record."""


@pytest.fixture
def tftp(tmp_path: Path) -> Tftp:
    return Tftp(tmp_path)


def test_a_machine_that_is_not_given_any_more_loses_its_file(tftp: Tftp) -> None:
    tftp.write("", MAC, OTHER_MAC)
    tree = tftp.write("", OTHER_MAC)
    assert OWN not in tftp.files() and OTHER_OWN in tftp.files()
    assert tree.notes == (f"{tftp.root / OWN} was removed: an earlier run wrote it, and this one does not.",)
    assert not tftp.write("", OTHER_MAC).notes


def test_one_that_was_changed_by_hand_counts_no_more_and_is_kept(tftp: Tftp) -> None:
    tftp.write("", MAC)
    tftp.put(OWN, "append auto=yes umode=rcv disk=/dev/sdb\n")
    tree = tftp.write()
    assert OWN not in tftp.files()
    assert tftp.files()[f"{OWN}.bak"] == "append auto=yes umode=rcv disk=/dev/sdb\n"
    assert "was taken away" in tree.notes[0] and f"kept as {OWN}.bak" in tree.notes[0]
    assert not tftp.write().notes


def test_one_of_a_version_without_a_record_counts_no_more(tftp: Tftp) -> None:
    tftp.put("pxelinux.cfg/default", f"{OLD}default old\n")
    tftp.put(OWN, f"{OLD}append auto=yes umode=rcv disk=/dev/sda\n")
    theirs = tftp.put(OTHER_OWN, "label theirs\n")
    tree = tftp.write()
    assert OWN not in tftp.files() and f"{OWN}.bak" in tftp.files()
    assert theirs.read_text() == "label theirs\n"
    assert len(tree.notes) == 2 and not tree.sections


def test_a_copy_of_a_file_of_ours_under_another_name_counts_no_more(tftp: Tftp) -> None:
    tftp.write("", MAC)
    tftp.put(OTHER_OWN, tftp.files()[OWN])
    tree = tftp.write("", MAC)
    assert f"{OTHER_OWN}.bak" in tftp.files() and OTHER_OWN not in tftp.files()
    assert len(tree.notes) == 1


def test_what_is_done_is_not_abandoned(tftp: Tftp) -> None:
    tftp.write("", MAC)
    tree = tftp.write("", MAC, done=[MAC])
    assert "localboot 0" in tftp.files()[OWN] and "auto=yes" not in tftp.files()[OWN]
    assert not tree.notes


def test_our_own_that_was_changed_by_hand_is_kept_and_replaced(tftp: Tftp) -> None:
    tftp.write()
    for number in range(2):
        tftp.put("pxelinux.cfg/default", f"by hand {number}")
        tree = tftp.write()
        assert "lang=FR" in tftp.files()["pxelinux.cfg/default"]
        assert tftp.files()[f"pxelinux.cfg/default.bak{number or ''}"] == f"by hand {number}"
        assert "default was changed by somebody else since it was written: it is kept as" in tree.notes[0]
    assert not tree.sections
    tftp.put("pxelinux.cfg/default", "by hand 0")
    assert "default.bak," in tftp.write().notes[0], "the same text is kept once"


@pytest.mark.parametrize("name", ["udpcast-linux", "udpcast-initrd"])
def test_a_strange_kernel_or_initrd_keeps_the_whole_tree_as_it_is(tftp: Tftp, name: str) -> None:
    tftp.put(name, "somebody else's")
    with pytest.raises(TreeError, match=rf"tftp/{name} is not from this command.*nothing was changed.*--force"):
        tftp.write()
    assert tftp.files() == {name: "somebody else's"}
    tree = tftp.write(force=True)
    assert tftp.files()[f"{name}.bak"] == "somebody else's"
    assert [note for note in tree.notes if f"was not ours: it is kept as {name}.bak, and replaced." in note]
    assert (tftp.root / name).read_bytes() == (tftp.pair / name).read_bytes()


def test_a_pair_of_another_version_stays(tftp: Tftp) -> None:
    make_pair(tftp.root, OTHER_VERSION)
    before = tftp.files()
    with pytest.raises(TreeError, match="nothing was changed"):
        tftp.write()
    assert tftp.files() == before


def test_the_same_pair_that_somebody_copied_is_taken_as_it_is(tftp: Tftp) -> None:
    make_pair(tftp.root)
    tree = tftp.write()
    assert not tree.notes
    assert {path.name for path in tree.written} >= {"udpcast-linux", "udpcast-initrd"}


def test_a_pair_that_the_builder_put_there_is_ours(tftp: Tftp) -> None:
    make_pair(tftp.root, OTHER_VERSION)
    (tftp.root / "udpcast-manifest.json").write_text(manifest(tftp.root))
    tftp.write(pair=tftp.root)
    (tftp.pair / "udpcast-manifest.json").write_text(manifest(tftp.pair))
    tree = tftp.write()
    assert not tree.notes
    assert tftp.files()["udpcast-manifest.json"] == manifest(tftp.pair)
    assert (tftp.root / "udpcast-linux").read_bytes() == (tftp.pair / "udpcast-linux").read_bytes()


def manifest(folder: Path) -> str:
    import hashlib  # noqa: PLC0415
    import json  # noqa: PLC0415

    files = [
        {"name": path.name, "size": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for path in (folder / "udpcast-linux", folder / "udpcast-initrd")
    ]
    return json.dumps({"files": files})


def test_a_pair_beside_a_configuration_of_an_older_version_is_kept_and_replaced(tftp: Tftp) -> None:
    make_pair(tftp.root, OTHER_VERSION)
    before = (tftp.root / "udpcast-initrd").read_bytes()
    tftp.put("pxelinux.cfg/default", f"{OLD}default old\n")
    tree = tftp.write()
    assert (tftp.root / "udpcast-initrd.bak").read_bytes() == before
    assert len(tree.notes) == 3
    assert not tftp.write().notes


@pytest.mark.parametrize("name", ["pxelinux.0", "ldlinux.c32"])
def test_a_strange_loader_stays_and_nothing_of_ours_is_mixed_with_it(tftp: Tftp, name: str) -> None:
    tftp.put(name, "of another version")
    tree = tftp.write()
    assert {file: text for file, text in tftp.files().items() if not file.startswith(("udpcast", "pxelinux.cfg"))} == {
        name: "of another version"
    }
    assert f"{tftp.root / name} is not ours, and stays" in tree.notes[0]
    assert "--force" in tree.warnings[0] and "but not" in tree.warnings[0]
    tftp.write(force=True)
    assert tftp.files()["pxelinux.0"] == "pxelinux" and tftp.files()["ldlinux.c32"] == "ldlinux"
    assert tftp.files()[f"{name}.bak"] == "of another version"


def test_links_to_the_very_files_are_as_good(tftp: Tftp) -> None:
    tftp.root.mkdir()
    for name in ("pxelinux.0", "ldlinux.c32"):
        (tftp.root / name).symlink_to(f"../syslinux/{name}")
    tree = tftp.write()
    assert not tree.notes and not tree.warnings
    assert (tftp.root / "pxelinux.0").is_symlink()


def test_links_at_our_names_are_somebody_elses(tftp: Tftp) -> None:
    target = tftp.put("rooms/12", "label theirs\n")
    (tftp.root / "pxelinux.cfg").mkdir()
    (tftp.root / OWN).symlink_to("../rooms/12")
    (tftp.root / OTHER_OWN).symlink_to("nowhere")
    tree = tftp.write("", MAC, OTHER_MAC)
    assert [path for path, _ in tree.sections] == [tftp.root / OWN, tftp.root / OTHER_OWN]
    assert target.read_text() == "label theirs\n"
    tftp.write("", MAC, OTHER_MAC, force=True)
    assert target.read_text() == "label theirs\n" and not (tftp.root / OWN).is_symlink()
    assert str((tftp.root / f"{OWN}.bak").readlink()) == "../rooms/12"


@pytest.mark.parametrize("name", ["udpcast-linux", "pxelinux.0", OWN])
@pytest.mark.parametrize("force", [False, True])
def test_a_folder_at_our_name_is_one_sentence(tftp: Tftp, name: str, force: bool) -> None:
    (tftp.root / name).mkdir(parents=True)
    with pytest.raises(TreeError, match=f"tftp/{name} is in the way"):
        tftp.write("", MAC, force=force)
    assert tftp.files() == {}


def test_other_names_of_our_files_keep_what_they_have(tftp: Tftp) -> None:
    tftp.write()
    (tftp.base / "other").hardlink_to(tftp.root / "udpcast-initrd")
    before = (tftp.base / "other").read_bytes()
    tftp.new_pair()
    tftp.write()
    assert (tftp.base / "other").read_bytes() == before != (tftp.root / "udpcast-initrd").read_bytes()


def test_read_only_files_of_ours_are_replaced_and_closed_ones_opened(tftp: Tftp) -> None:
    tftp.write()
    (tftp.root / "udpcast-linux").chmod(0o400)
    (tftp.root / "pxelinux.cfg/default").chmod(0o444)
    tree = tftp.write("lang=DE")
    assert (tftp.root / "udpcast-linux").stat().st_mode & 0o777 == 0o644
    assert "lang=DE" in tftp.files()["pxelinux.cfg/default"]
    assert not [told for told in tree.closed if str(tftp.root) in told]


def test_closed_folders_and_files_of_somebody_else_are_said(tftp: Tftp) -> None:
    tftp.put("pxelinux.0", "theirs").chmod(0o600)
    tftp.put("ldlinux.c32", "theirs")
    tftp.put("pxelinux.cfg/default", "label theirs\n")
    (tftp.root / "pxelinux.cfg").chmod(0o750)
    tftp.root.chmod(0o700)
    tree = tftp.write("", MAC)
    told = [text for text in tree.closed if str(tftp.root) in text]
    assert [text.split(" is closed")[0] for text in told] == [
        str(tftp.root),
        f"{tftp.root}/pxelinux.cfg",
        f"{tftp.root}/pxelinux.0",
    ]
    assert "mode 0750" in told[1] and f"chmod o+x {tftp.root}/pxelinux.cfg" in told[1]


def test_what_is_right_already_is_not_written_again(tftp: Tftp) -> None:
    tftp.write("", MAC)
    before = {path: path.stat().st_mtime_ns for path in tftp.root.rglob("*")}
    tree = tftp.write("", MAC)
    assert {path: path.stat().st_mtime_ns for path in tftp.root.rglob("*")} == before
    assert len(tree.written) == 6


def test_a_lost_record_loses_nothing(tftp: Tftp) -> None:
    tftp.write("", MAC)
    (tftp.root / RECORD).write_text("{")
    tree = tftp.write()
    assert not tree.sections
    assert f"{OWN}.bak" in tftp.files() and OWN not in tftp.files()


def test_a_refusal_leaves_no_folder(tftp: Tftp) -> None:
    with pytest.raises(TreeError, match=r"install the packages"):
        tftp.write(places=(tftp.base / "nowhere",))
    assert not tftp.root.exists()


@pytest.mark.parametrize("name", [OWN, "pxelinux.cfg/default"])
def test_what_somebody_writes_at_the_same_time_is_not_lost(
    tftp: Tftp, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tftp.write("", MAC)

    def late(folder: Path, changes: Sequence[Change]) -> None:
        tftp.put(name, "by hand")
        switch(folder, changes)

    monkeypatch.setattr("pxe.tree.tree.switch", late)
    with pytest.raises(TreeError, match=f"{name} was changed by somebody else at the same time"):
        tftp.write("lang=DE")
    assert tftp.files()[name] == "by hand" and OWN in tftp.files()


def test_an_error_while_a_pair_is_copied_tells_what_cannot_be_read(tftp: Tftp, monkeypatch: pytest.MonkeyPatch) -> None:
    tftp.write()
    before = tftp.files()
    tftp.new_pair()
    opened = Path.open

    def broken(path: Path, *words: object, **named: object) -> object:
        if path == tftp.pair / "udpcast-initrd":
            raise OSError(5, "Input/output error", str(path))
        return opened(path, *words, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", broken)
    with pytest.raises(TreeError, match=rf"^cannot read {tftp.pair}/udpcast-initrd: Input/output error\.$"):
        tftp.write()
    monkeypatch.undo()
    assert tftp.files() == before


@pytest.mark.parametrize("name", ["udpcast-linux", "udpcast-initrd"])
@pytest.mark.parametrize("half", [0, 0.5])
def test_a_pair_that_was_cut_is_refused_and_the_tree_stays(tftp: Tftp, name: str, half: float) -> None:
    tftp.write()
    before = tftp.files()
    tftp.new_pair()
    os.truncate(tftp.pair / name, int((tftp.pair / name).stat().st_size * half))
    with pytest.raises(
        TreeError, match=f"pair/{name} is (cut|empty)" if name != "udpcast-linux" or not half else "cut"
    ):
        tftp.write()
    assert tftp.files() == before


def test_a_mixed_pair_is_refused_and_the_tree_stays(tftp: Tftp) -> None:
    make_pair(tftp.base / "other", OTHER_VERSION)
    (tftp.base / "other/udpcast-linux").replace(tftp.pair / "udpcast-linux")
    with pytest.raises(TreeError, match="do not belong together"):
        tftp.write()
    assert not tftp.root.exists()
    make_pair(tftp.root)
    (tftp.pair / "udpcast-linux").replace(tftp.root / "udpcast-linux")
    with pytest.raises(TreeError, match="do not belong together"):
        tftp.write(pair=tftp.root)
