"""Which imports of compiled modules find no module."""

from __future__ import annotations

from encodings import normalize_encoding
from importlib.util import find_spec
from pathlib import Path

import pytest

from initrd import python
from initrd.inside import imports
from initrd.inside.collect import bytecode
from launcher.screens.charset import Charset


def compiled(home: Path, modules: dict[str, str]) -> Path:
    for name, source in modules.items():
        path = home / f"{name}.pyc"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = home / "source"
        text.write_text(source)
        path.write_bytes(bytecode(text, name, 0))
        text.unlink()
    return home


def missing(home: Path, absent: tuple[str, ...] = (), wanted: tuple[str, ...] = ()) -> dict[str, list[str]]:
    report = imports.look({"packages": ["ours"], "absent": list(absent), "wanted": list(wanted)}, home)
    assert report["foreign"] == []
    found = report["missing"]
    assert isinstance(found, dict)
    return found


def test_whatever_is_imported_must_be_there_inside_functions_as_well(tmp_path: Path) -> None:
    home = compiled(
        tmp_path,
        {
            "ours/__init__": "import sys, gone.one\nclass A:\n def f(self):\n  def g():\n   import gone.two\n",
            "other": "try:\n    import gone.three\nexcept ImportError: ...\nimport ours",
        },
    )
    assert missing(home) == {"gone.one": ["ours"], "gone.two": ["ours"], "gone.three": ["other"]}


def test_what_is_meant_to_be_absent_may_be_named_by_others_and_not_by_ours(tmp_path: Path) -> None:
    source = "import gone.inner"
    home = compiled(tmp_path, {"ours/__init__": "", "ours/one": source, "ourselves": source, "other": source})
    assert missing(home, ("gone",)) == {"gone.inner": ["ours.one"]}
    assert missing(home, ("gon",)) == {"gone.inner": ["other", "ours.one", "ourselves"]}


@pytest.mark.parametrize(
    ("source", "lacking"),
    [
        ("from .. import there", []),
        ("from ..there import anything", []),
        ("from . import sibling", []),
        ("from . import value", []),
        ("from . import nothing", ["a.b.nothing"]),
        ("from .nothing import x", ["a.b.nothing"]),
        ("from ..c import x", ["a.c"]),
        ("from a.b import sibling, nothing", ["a.b.nothing"]),
        ("from a.free import whatever", []),
        ("from a.starred import whatever", []),
        ("from a.b import *", []),
        ("from a.own import gone", ["a.own.gone"]),
        ("import a.headless.module", ["a.headless.module"]),
    ],
)
def test_relative_names_and_what_is_taken_from_a_package(tmp_path: Path, source: str, lacking: list[str]) -> None:
    others = {
        "a/__init__": "",
        "a/there": "",
        "a/b/__init__": "value = 1",
        "a/b/sibling": "",
        "a/free/__init__": "def __getattr__(name): ...",
        "a/own/__init__": "from . import gone",
        "a/own/gone": "",
        "a/headless/module": "",
        "a/starred/__init__": "from a.there import *",
    }
    home = compiled(tmp_path, {**others, "a/b/user": source})
    (home / "a/own/gone.pyc").unlink()
    assert {name for name, users in missing(home).items() if "a.b.user" in users} == set(lacking)


def test_the_interpreters_own_modules_need_no_file(tmp_path: Path) -> None:
    assert missing(compiled(tmp_path, {"ours": "import sys, time, _frozen_importlib, zipimport"})) == {}


def test_what_is_wanted_must_be_there_whoever_imports_it(tmp_path: Path) -> None:
    home = compiled(tmp_path, {"runpy": ""})
    (tmp_path / "mmap.so").touch()
    assert missing(home, wanted=("runpy", "mmap", "encodings.ascii")) == {"encodings.ascii": []}


def test_what_another_python_compiled_is_named(tmp_path: Path) -> None:
    home = compiled(tmp_path, {"old": "", "cut": "import sys", "good": ""})
    (home / "old.pyc").write_bytes(b"\x0b\x0d\r\n" + (home / "old.pyc").read_bytes()[4:])
    (home / "cut.pyc").write_bytes((home / "cut.pyc").read_bytes()[:40])
    report = imports.look({"packages": [], "absent": [], "wanted": []}, home)
    assert report == {"missing": {}, "foreign": ["cut", "old"]}


@pytest.mark.parametrize("charset", Charset)
def test_the_codec_of_every_line_goes_in_though_nothing_imports_it_by_name(charset: Charset) -> None:
    codec = f"encodings.{normalize_encoding(charset.value)}"
    assert find_spec(codec) and codec in python.LAZY
