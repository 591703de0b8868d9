"""Arguments of commands that name where something is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from initrd.__main__ import main as initrd
from pxe.__main__ import main as pxe


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (pxe, ["tree", ""]),
        (pxe, ["tree", " ", "--pair", "pair"]),
        (initrd, ["build", "-o", ""]),
        (initrd, ["build", "-o", "pair", "--cache", ""]),
    ],
)
def test_an_empty_name_is_not_the_folder_one_is_in(
    command: Callable[[list[str]], int],
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as caught:
        command(words)
    assert caught.value.code == 2
    assert "the name is empty; that of a folder was expected" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
