"""``udpcfg.txt`` in the initrd, as an administrator wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.answers.lookup import given_answers
from launcher.answers.validation import explain_parameters
from launcher.session.boot import configurations


@pytest.mark.parametrize("before", ["", "\ufeff", "\ufeff# room 12 port=1\n"])
def test_a_file_from_any_editor(before: str, tmp_path: Path) -> None:
    (tmp_path / "udpcfg.txt").write_text(f'{before}lang=FR\r\n# umode=snd\ndisk="model:A B"\n', encoding="utf-8")
    ((source, line),) = configurations(tmp_path)
    assert {key: given.text for key, given in given_answers(line).items()} == {"lang": "FR", "disk": "model:A B"}
    assert explain_parameters(line, None, source)[1:] == ((), ())


def test_no_file_is_no_configuration(tmp_path: Path) -> None:
    assert configurations(tmp_path) == ()


def test_a_forgotten_quote_in_it_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "udpcfg.txt").write_text("disk=model:A B\nlang=FR\n")
    ((source, line),) = configurations(tmp_path)
    (error,) = explain_parameters(line, None, source)[2]
    assert "double quotes" in str(error)
