"""The TFTP tree: new, renewed, beside an existing boot server, and refused."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from pxe.__main__ import main
from pxe.entries.loaders import MARKER, machine_file
from pxe.entries.room import Machine, Room
from pxe.tree.record import RECORD
from pxe.tree.tree import Tree, TreeError, write_tree
from tests.pairs import OTHER_VERSION, make_pair


def agree(append: str) -> tuple[list[str], list[str]]:
    return [], []


def refuse(append: str) -> tuple[list[str], list[str]]:
    return ["port 9001 is odd."], []


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    return make_pair(tmp_path / "pair")


@pytest.fixture
def loader(tmp_path: Path) -> tuple[Path, ...]:
    folder = tmp_path / "syslinux"
    folder.mkdir()
    (folder / "pxelinux.0").write_text("pxelinux")
    (folder / "ldlinux.c32").write_text("ldlinux")
    return (folder,)


def snapshot(directory: Path) -> dict[str, str]:
    """Everything but the record, by path."""
    files = {str(path.relative_to(directory)): path for path in directory.rglob("*") if path.is_file()}
    return {name: path.read_text("latin-1") for name, path in files.items() if name != RECORD}


def test_a_new_tree(tmp_path: Path, pair: Path, loader: tuple[Path, ...]) -> None:
    room = Room("lang=FR umode=rcv", (Machine("52:54:00:aa:bb:01", "umode=snd"),))
    tree = write_tree(tmp_path / "tftp", pair, room, places=loader, check=agree)
    files = snapshot(tmp_path / "tftp")
    assert {str(path.relative_to(tmp_path / "tftp")) for path in tree.written} == set(files)
    assert files["pxelinux.0"] == "pxelinux"
    assert files["ldlinux.c32"] == "ldlinux"
    assert {name: files[name] for name in ("udpcast-linux", "udpcast-initrd")} == snapshot(pair)
    assert "append initrd=udpcast-initrd lang=FR umode=rcv\n" in files["pxelinux.cfg/default"]
    assert "append initrd=udpcast-initrd lang=FR umode=snd\n" in files["pxelinux.cfg/01-52-54-00-aa-bb-01"]
    assert len(files) == 6
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o644 for path in tree.written)


def test_the_documentations_tree_is_the_default(tmp_path: Path, pair: Path, loader: tuple[Path, ...]) -> None:
    write_tree(tmp_path / "tftp", pair, Room(), places=loader, check=agree)
    assert (tmp_path / "tftp/pxelinux.cfg/default").read_text() == (
        f"{MARKER}default udpcast\nprompt 0\n\n"
        "label udpcast\n"
        "    kernel udpcast-linux\n"
        "    append initrd=udpcast-initrd load_ramdisk=1 root=01:00\n"
        "    ipappend 3\n"
    )


def test_a_prompt_with_a_timeout(tmp_path: Path, pair: Path, loader: tuple[Path, ...]) -> None:
    write_tree(tmp_path / "tftp", pair, Room(timeout=5), places=loader, check=agree)
    assert "prompt 1\ntimeout 50\n" in (tmp_path / "tftp/pxelinux.cfg/default").read_text()


def test_our_own_tree_is_renewed(tmp_path: Path, pair: Path, loader: tuple[Path, ...]) -> None:
    write_tree(tmp_path / "tftp", pair, Room("lang=FR"), places=loader, check=agree)
    make_pair(pair, OTHER_VERSION, archive=b"newer")
    (loader[0] / "pxelinux.0").write_text("newer")
    write_tree(tmp_path / "tftp", pair, Room("lang=DE"), places=loader, check=agree)
    files = snapshot(tmp_path / "tftp")
    assert files["pxelinux.0"] == "newer"
    assert {name: files[name] for name in ("udpcast-linux", "udpcast-initrd")} == snapshot(pair)
    assert "lang=DE" in files["pxelinux.cfg/default"]


def test_an_existing_boot_server_keeps_its_files(tmp_path: Path, pair: Path, loader: tuple[Path, ...]) -> None:
    directory = tmp_path / "tftp"
    (directory / "pxelinux.cfg").mkdir(parents=True)
    theirs = {"pxelinux.0": "theirs", "ldlinux.c32": "theirs", "pxelinux.cfg/default": "label school\n"}
    for name, text in theirs.items():
        (directory / name).write_text(text)
    tree = write_tree(directory, pair, Room("umode=rcv"), places=loader, check=agree)
    assert snapshot(directory) == {**theirs, **snapshot(pair)}
    [(path, section)] = tree.sections
    assert path == directory / "pxelinux.cfg/default"
    assert section.startswith("label udpcast\n    kernel udpcast-linux\n    append initrd=udpcast-initrd umode=rcv\n")


def test_a_file_of_an_older_version_is_ours(tmp_path: Path, pair: Path, loader: tuple[Path, ...]) -> None:
    config = tmp_path / "tftp/pxelinux.cfg/default"
    config.parent.mkdir(parents=True)
    config.write_text(
        "# Written by udpcast-launcher; the next `python3 -m pxe tree` replaces this file.\ndefault old\n"
    )
    tree = write_tree(tmp_path / "tftp", pair, Room("umode=rcv"), places=loader, check=agree)
    assert not tree.sections
    assert config.read_text().startswith(f"{MARKER}default udpcast\n")


def test_the_pair_may_have_been_built_into_the_tree(pair: Path, loader: tuple[Path, ...]) -> None:
    before = snapshot(pair)
    write_tree(pair, pair, Room(), places=loader, check=agree)
    assert snapshot(pair).items() >= before.items()
    assert (pair / "pxelinux.cfg/default").exists()


def test_a_refused_line_writes_nothing(tmp_path: Path, pair: Path, loader: tuple[Path, ...]) -> None:
    with pytest.raises(TreeError, match=r"port=9001: port 9001 is odd\."):
        write_tree(tmp_path / "tftp", pair, Room("port=9001"), places=loader, check=refuse)
    assert not (tmp_path / "tftp").exists()


def test_a_tree_without_a_pair_asks_for_one(tmp_path: Path, loader: tuple[Path, ...]) -> None:
    for made in (False, True):
        directory = tmp_path / f"tftp{made}"
        if made:
            directory.mkdir()
        with pytest.raises(
            TreeError,
            match=r"and udpcast-initrd: say with --pair where they are; `x build -o pair` makes them\.$",
        ):
            write_tree(directory, directory, Room(), places=loader, check=agree, build="x build")
        assert directory.exists() == made


def test_missing_parts_write_nothing(tmp_path: Path, pair: Path, loader: tuple[Path, ...]) -> None:
    directory = tmp_path / "tftp"
    with pytest.raises(TreeError, match=r"pxelinux\.0 is not in .*: install the packages pxelinux and syslinux-common"):
        write_tree(directory, pair, Room(), places=(tmp_path / "nowhere",), check=agree)
    (pair / "udpcast-initrd").unlink()
    with pytest.raises(TreeError, match=r"udpcast-initrd does not exist: build the pair"):
        write_tree(directory, pair, Room(), places=loader, check=agree)
    assert not directory.exists()


def test_a_full_disk_leaves_the_old_file(
    tmp_path: Path, pair: Path, loader: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "tftp"
    write_tree(directory, pair, Room("lang=FR"), places=loader, check=agree)
    before = snapshot(directory)

    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("initrd.pair.switch._copy", full)
    told = r"cannot write .*tftp/pxelinux.cfg/default: No space left on device; nothing was changed\."
    with pytest.raises(TreeError, match=told):
        write_tree(directory, pair, Room("lang=DE"), places=loader, check=agree)
    assert snapshot(directory) == before


def test_the_tftp_server_can_read_it_whatever_the_umask(tmp_path: Path, pair: Path, loader: tuple[Path, ...]) -> None:
    before = os.umask(0o077)
    try:
        tree = write_tree(tmp_path / "srv/tftp", pair, Room(), places=loader, check=agree)
    finally:
        os.umask(before)
    folders = {folder for path in tree.written for folder in path.parents if folder.is_relative_to(tmp_path / "srv")}
    assert len(folders) == 3
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o755}


@pytest.mark.parametrize("closed", ["pair", "tftp/pxelinux.cfg"])
def test_a_folder_that_may_not_be_read_is_one_sentence(
    tmp_path: Path, pair: Path, loader: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch, closed: str
) -> None:
    stat_of = Path.stat

    def refused(path: Path, **options: bool) -> os.stat_result:
        if path.is_relative_to(tmp_path / closed):
            raise PermissionError(13, "Permission denied", str(path))
        return stat_of(path, **options)

    (tmp_path / "tftp").mkdir()
    (tmp_path / "tftp/pxelinux.0").touch()
    monkeypatch.setattr(Path, "stat", refused)
    with pytest.raises(TreeError, match=f"cannot read .*{closed}.*: Permission denied"):
        write_tree(tmp_path / "tftp", pair, Room(), places=loader, check=agree)


def test_machine_file_is_pxelinuxs_name() -> None:
    assert machine_file("52:54:00:AA:BB:01") == "01-52-54-00-aa-bb-01"


def test_command(
    tmp_path: Path, pair: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: dict[str, object] = {}

    def fake(directory: Path, *values: object, **named: object) -> Tree:
        seen.update(values=values, **named)
        return Tree((directory / "pxelinux.0",), ("no umode.",), ((directory / "default", "label udpcast\n"),))

    monkeypatch.setattr("pxe.__main__.write_tree", fake)
    machine = "52:54:00:aa:bb:01=umode=snd lang=FR"
    assert main(["tree", str(tmp_path), "--pair", str(pair), "--append", "lang=DE", "--machine", machine]) == 0
    room = Room("lang=DE", (Machine("52:54:00:aa:bb:01", "umode=snd lang=FR"),))
    assert seen["values"] == (pair, room, frozenset())
    out, err = capsys.readouterr()
    assert "pxelinux.0\n" in out
    assert "default is not ours and was left as it is" in out
    assert err == "warning: no umode.\n"


def test_command_warns_of_what_clones_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pxe.__main__.write_tree", lambda *_, **__: Tree(()))
    common = ["--append", "auto=yes umode=rcv after=reboot"]
    words = ["tree", str(tmp_path), *common, "--default", "disk", "--machine", "52:54:00:aa:bb:01=umode=snd"]
    assert main(words, "udpcast-launcher") == 0
    kept, loop = capsys.readouterr().err.splitlines()
    assert kept.startswith("warning: 52:54:00:aa:bb:01 keeps auto=yes after=reboot of --append.")
    assert loop.startswith("warning: 52:54:00:aa:bb:01: the line asks nobody, and restarts the PC after a success.")
    assert "`udpcast-launcher tree done DIR MAC`" in loop


def test_command_refuses_with_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tree", str(tmp_path / "tftp"), "--append", "initrd=other"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
