"""The page beside somebody else's server: what it says when it begins."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from pxe.commands.page import told_where

URL = "http://10.77.0.1:8067/4711"
WITH, WITHOUT = (f"  append initrd=udpcast-initrd {more}\n" for more in (f"page_remontee={URL} lang=FR", "lang=FR"))


@pytest.mark.parametrize(
    ("own", "default", "said"),
    [
        (WITH, WITH, "All lines in {} that boot the launcher carry this address (2)."),
        (WITH, WITHOUT, "Of the lines in {} that boot the launcher, 1 of 2 carry this address."),
        ("localboot 0", WITHOUT, "Of the lines in {} that boot the launcher, 0 of 1 carry this address."),
        (WITH, WITH.replace("4711", "47110"), "Of the lines in {} that boot the launcher, 1 of 2 carry this address."),
        ("", "", "No line in {} boots the launcher yet."),
    ],
)
def test_it_is_said_whether_the_lines_carry_the_address(own: str, default: str, said: str, tmp_path: Path) -> None:
    folder = tmp_path / "pxelinux.cfg"
    folder.mkdir()
    (folder / "01-52-54-00-aa-bb-01").write_text(own)
    (folder / "default").write_text(default)
    first, second, *_ = told_where(tmp_path, URL)
    assert first == f"Listening at {URL} until Ctrl-C."
    assert second.startswith(said.format(tmp_path))


def test_the_form_for_the_rooms_file_can_be_pasted(tmp_path: Path) -> None:
    said = list(told_where(tmp_path, URL))
    pasted = "\n".join(line for line in said if line.startswith("    ") and not line.startswith("    remontee_info=y"))
    assert tomllib.loads(pasted) == {"parameters": {"remontee_info": True, "page_remontee": URL}}
    assert f"    remontee_info=y page_remontee={URL}" in said
