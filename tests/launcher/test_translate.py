"""The catalogues say everything the screens say, with the same fields, and nothing that no screen says."""

from __future__ import annotations

import ast
import json
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.answers.parameters import ROWS
from launcher.answers.reading import LANGUAGES
from launcher.screens import ending
from launcher.translate import set_language, tr

LAUNCHER = Path(__file__).resolve().parents[2] / "launcher"
CATALOGUES = sorted((LAUNCHER / "lang").glob("*.json"))
SOURCES = (
    "command line",
    "default",
    "operator",
    "the only disk",
    "the only card",
    "the only card with a link",
)
ON_SCREENS = ("Choice", "Question")
UNTRANSLATED = {
    "none",
    "gzip",
    "lzop",
    "zstd",
}  # names, the same everywhere


def called_with_literals(tree: ast.AST) -> Iterator[str]:
    """What is given literally to tr(), as label or detail to Choice(), and as title to Question()."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("tr", *ON_SCREENS):
            texts = node.args[:1] if node.func.id == "tr" else node.args[1:]
            yield from filter(None, map(literal, texts))


def literal(text: ast.expr) -> str | None:
    """A literal text, or that of a literal sentence."""
    if isinstance(text, ast.Call) and isinstance(text.func, ast.Name) and text.func.id == "say":
        return literal(text.args[0])
    return text.value if isinstance(text, ast.Constant) and isinstance(text.value, str) else None


def shown() -> set[str]:
    texts = {text for path in LAUNCHER.rglob("*.py") for text in called_with_literals(ast.parse(path.read_text()))}
    texts |= {sentence.text for row in ROWS for sentence in (row.title, row.label) if sentence}
    texts |= {
        *ending.TITLES.values(),
        *ending.FOLLOWS.values(),
        ending.WAITS,
        *SOURCES,
        "FAILED",
    }
    return texts - UNTRANSLATED


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_a_catalogue_is_complete_and_has_the_same_fields(path: Path) -> None:
    catalogue: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    assert set(catalogue) == shown()
    assert [text for text, translated in catalogue.items() if fields(text) != fields(translated)] == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_a_vga_console_has_every_character(path: Path) -> None:
    texts = json.loads(path.read_text(encoding="utf-8")).values()
    assert [text for text in texts if text.encode("cp437", "replace").decode("cp437") != text] == []


def test_there_is_a_catalogue_for_every_language_offered() -> None:
    assert {path.stem for path in CATALOGUES} == set(LANGUAGES) - {"en"}


def test_a_text_without_translation_stays_english() -> None:
    set_language("fr")
    try:
        assert tr("Power off") == "Éteindre"
        assert tr("no such text, {name}", name="x") == "no such text, x"
    finally:
        set_language("en")
    assert tr("Power off") == "Power off"
