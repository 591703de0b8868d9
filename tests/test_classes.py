"""No class has much state: at most a dozen attributes that change, that is, are assigned outside of ``__init__``."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.common import ROOT

LIMIT = 12
FOLDERS = ("kernel_cmdline", "launcher", "initrd", "pxe", "cli", "catalogues", "qemu")


def attributes_that_change(made: ast.ClassDef) -> set[str]:
    """Names of what is assigned to ``self`` in a method other than ``__init__``."""
    methods = (node for node in made.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
    return {
        node.attr
        for method in methods
        if method.name != "__init__"
        for node in ast.walk(method)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, (ast.Store, ast.Del))
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }


def classes() -> Iterator[tuple[str, int]]:
    for path in sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                yield f"{path.relative_to(ROOT)}: {node.name}", len(attributes_that_change(node))


def test_no_class_has_much_state() -> None:
    assert {name: count for name, count in classes() if count > LIMIT} == {}


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("def __init__(self):\n  self.a = self.b = 1", 0),
        ("def f(self):\n  self.a, (self.b, *self.c) = 1, (2, 3)\n  self.a = 2", 3),
        ("def f(self):\n  self.a += 1\n  self.b: int = 1\n  del self.c", 3),
        ("def f(self):\n  def g():\n    self.a = 1\n  for self.b in (): pass", 2),
        ("def f(self, other):\n  other.a = self.b\n  self.c[0] = self.d.e = 1", 0),
    ],
)
def test_what_counts(body: str, count: int) -> None:
    text = "class A:\n" + "\n".join(f"  {line}" for line in body.splitlines())
    (made,) = ast.parse(text).body
    assert isinstance(made, ast.ClassDef)
    assert len(attributes_that_change(made)) == count
