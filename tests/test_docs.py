"""The documents: generated parts are fresh, links lead somewhere, and what they name is there."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import pytest

from kernel_cmdline import parse
from launcher.answers.explain import check, check_file, prospect
from pxe.entries.boot_entry import check_entries
from pxe.entries.configuration import entries, line_of
from pxe.entries.menu import ALL, Choice, Menu
from pxe.room_file.advice import advice, loops
from pxe.room_file.file import GROUP_KEYS, MACHINE_KEYS, ROOM_KEYS, parse_room
from pxe.room_file.menus import MENU_KEYS
from tests.common import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md")])
EDITIONS = [path for path in DOCUMENTS if path.parent.parent == ROOT / "docs"]
README_LINES = 130


def load_renew() -> ModuleType:
    spec = importlib.util.spec_from_file_location("renew", ROOT / "docs/renew.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RENEW = load_renew()


@pytest.mark.parametrize("path", list(RENEW.documents()), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_generated_parts_are_fresh(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    new = RENEW.renewed(text, RENEW.language_of(path))
    assert text == new, f"{path.relative_to(ROOT)} is stale: python3 docs/renew.py renews it"


def parts(path: Path) -> list[str]:
    return re.findall("<!-- renewed: ([^>]+) -->\n", path.read_text(encoding="utf-8"))


def test_every_generated_part_stands_once_in_the_documents() -> None:
    english = [path for path in RENEW.documents() if path.parent == ROOT / "docs"]
    assert sorted(name for path in english for name in parts(path)) == sorted(RENEW.PARTS)


@pytest.mark.parametrize("path", EDITIONS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_another_edition_has_the_parts_of_the_english_document(path: Path) -> None:
    assert parts(path) == parts(ROOT / "docs" / path.name)
    assert not parts(path) or path.name in RENEW.TRANSLATED, "their tables are not translated: TRANSLATED of renew.py"


def test_a_stale_part_is_renewed_and_nothing_around_it() -> None:
    text = "before\n<!-- renewed: results -->\n\nSTALE\n\n<!-- end of results -->\nbehind\n"
    new = RENEW.renewed(text)
    assert new.startswith("before\n<!-- renewed: results -->\n\n| result |") and new.endswith("-->\nbehind\n")
    assert "STALE" not in new and RENEW.renewed(new) == new


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= README_LINES


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_and_pictures_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    missing = [target for target in targets if "://" not in target and not (path.parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_files_and_folders_that_are_named_exist(path: Path) -> None:
    folders = "kernel_cmdline|launcher|initrd|pxe|qemu|tests|docs|debian|cli"
    named = set(re.findall(rf"`((?:{folders})/[\w./-]*)`", path.read_text(encoding="utf-8")))
    missing = [name for name in sorted(named) if not (ROOT / name).exists()]
    assert not missing


ADMIN = (ROOT / "docs/admin.md").read_text(encoding="utf-8")
SECTION = ADMIN[ADMIN.index("\n## Describe the room\n") :].split("\n## ")[1]


def test_the_room_of_the_document_is_right_and_leads_into_no_trouble() -> None:
    [text] = re.findall(r"^```toml\n(.*?)^```$", SECTION, re.M | re.S)
    room = parse_room(text)
    assert len(room.machines) == 30
    assert [*advice(room), *loops(room, "python3 -m pxe")] == []
    check_entries(entries(room))
    lines = [prospect(line_of(room, one)) for one in room.machines if one.armed]
    assert [sum(one.role == "rcv" for one in lines)] == [one.receivers for one in lines if one.role == "snd"]


def test_every_key_of_a_rooms_file_is_in_the_document() -> None:
    keys = set(re.findall(r"^\| `(\w+)` \|", SECTION, re.M))
    assert keys == (ROOM_KEYS | MACHINE_KEYS | GROUP_KEYS) - {"groups", "mac"}


MENU = ADMIN[ADMIN.index("\n## A boot menu\n") :].split("\n## ")[1]


def test_the_menus_of_the_document_are_what_it_says() -> None:
    [text] = re.findall(r"^```toml\n(.*?)^```$", MENU, re.M | re.S)
    room = parse_room(text)
    assert [*advice(room), *loops(room, "python3 -m pxe")] == []
    menus = {one.mac[-2:]: one.menu for one in room.machines}
    assert room.menu == Menu(ALL, Choice.DISK, 10)
    assert menus["01"] == menus["02"] == Menu((Choice.RECEIVE, Choice.DISK), Choice.DISK, 10, "DE")
    assert menus["20"] is None
    keys = re.findall(r"^\| `(\w+)` \|", MENU, re.M)
    assert sorted(keys) == sorted([*MENU_KEYS, *ALL])


def test_the_answers_in_a_file_of_the_document_are_right() -> None:
    [block] = re.findall(r"^    # udpcfg\.txt.*\n(?:    \S.*\n)+", ADMIN, re.M)
    assert check_file(dedent(block).encode(), "udpcfg.txt") == ([], [])


APPENDS = [
    pytest.param(match.group(1), id=f"{path.relative_to(ROOT)}-{number}")
    for path in DOCUMENTS
    for number, match in enumerate(
        re.finditer(r"^\s*append (?:initrd=\S+ )?(.+)$", path.read_text(encoding="utf-8"), re.M)
    )
]


@pytest.mark.parametrize("append", APPENDS)
def test_an_append_line_of_a_document_is_right_and_leads_into_no_loop(append: str) -> None:
    """A PC that is cloned unattended and restarts must not come back to the line that overwrites it."""
    assert check(append)[0] == []
    line = parse(append)
    given = {name: parameter.value for name in ("auto", "umode", "after") if (parameter := line.last(name))}
    assert not (given.get("auto") == "yes" and given.get("umode") != "snd" and "reboot" in (given.get("after") or ""))
