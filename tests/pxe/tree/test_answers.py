"""The udpcfg.txt beside the pair: in the tree for lines that name it, and checked before."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.answers.configuration import LONGEST, NAME
from pxe.entries.menu import Menu
from pxe.entries.room import Room
from pxe.tree import answers
from pxe.tree.tree import TreeError
from tests.pxe.tree.trees import Tftp


def test_it_is_the_launchers_file() -> None:
    assert (answers.ANSWERS, answers.LONGEST) == (NAME, LONGEST)


def test_it_goes_into_the_tree_changes_with_it_and_goes_again(tmp_path: Path) -> None:
    tftp = Tftp(tmp_path)
    assert "udpcfg.txt" not in (tftp.write(), tftp.files())[1]
    (tftp.pair / "udpcfg.txt").write_text("port=9002\n")
    assert tftp.root / "udpcfg.txt" in tftp.write("config=udpcfg.txt").written
    assert tftp.files()["udpcfg.txt"] == "port=9002\n"
    (tftp.pair / "udpcfg.txt").write_text("port=9004\nport=9006\n")
    tree = tftp.write("config=udpcfg.txt")
    assert tree.warnings == (f"{tftp.pair}/udpcfg.txt:1: port=9004 is overridden by a later port=.",)
    assert tftp.files()["udpcfg.txt"] == "port=9004\nport=9006\n" and not list(tftp.root.glob("*.bak"))
    (tftp.pair / "udpcfg.txt").unlink()
    assert f"{tftp.root}/udpcfg.txt was removed: an earlier run wrote it, and this one does not." in tftp.write().notes
    assert "udpcfg.txt" not in tftp.files()


def test_one_that_is_somebody_elses_stays(tmp_path: Path) -> None:
    tftp = Tftp(tmp_path)
    tftp.put("udpcfg.txt", "port=9008\n")
    tftp.write()
    assert tftp.files()["udpcfg.txt"] == "port=9008\n"
    (tftp.pair / "udpcfg.txt").write_text("port=9002\n")
    told = "is not ours, and stays: PCs with config=udpcfg.txt read what is in it."
    assert f"{tftp.root}/udpcfg.txt {told}" in tftp.write().notes
    assert tftp.files()["udpcfg.txt"] == "port=9008\n"
    tftp.write(force=True)
    assert (tftp.files()["udpcfg.txt"], tftp.files()["udpcfg.txt.bak"]) == ("port=9002\n", "port=9008\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [("lang=FR\numod=rcv\n", "udpcfg.txt:2: umod=rcv: unknown"), ("#" * (LONGEST + 1), "longer than 64 KiB")],
)
def test_a_mistake_in_it_keeps_the_tree_as_it_was(tmp_path: Path, text: str, said: str) -> None:
    tftp = Tftp(tmp_path)
    tftp.write("lang=FR")
    before = tftp.files()
    (tftp.pair / "udpcfg.txt").write_text(text)
    with pytest.raises(TreeError, match=said):
        tftp.write("lang=DE")
    assert tftp.files() == before


@pytest.mark.parametrize(
    ("line", "text", "said"),
    [
        ("config=udpcfg.txt", "umode=rcv\n", ["choice ask has it, too"]),
        (
            "config=tftp://10.0.0.1/udpcfg.txt",
            "auto=yes\n",
            ["choice ask: auto=yes asks nobody", "choice receive: auto=yes asks nobody"],
        ),
        ("config=udpcfg.txt auto=no", "auto=yes\n", []),
        ("config=udpcfg.txt", "lang=FR\n", []),
        ("config=other.txt", "umode=rcv\nauto=yes\n", []),
        ("lang=FR", "umode=rcv\nauto=yes\n", []),
    ],
)
def test_a_menu_that_does_not_do_what_it_says_beside_it_is_a_warning(line: str, text: str, said: list[str]) -> None:
    warnings = answers.beside(text.encode(), Room(line, menu=Menu()))
    assert len(warnings) == len(said) and all(words in one for words, one in zip(said, warnings, strict=True))
    assert answers.beside(text.encode(), Room(line)) == ()


def test_the_tree_tells_of_it(tmp_path: Path) -> None:
    tftp = Tftp(tmp_path)
    (tftp.pair / "udpcfg.txt").write_text("umode=rcv\n")
    tree = tftp.write("config=udpcfg.txt", menu=Menu())
    assert [one for one in tree.warnings if "has it, too" in one]
