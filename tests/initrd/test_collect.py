"""Which Python modules go in, and in what form."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from initrd import python, run
from initrd.errors import BuildError
from initrd.inside import collect, ctypes_util
from tests.common import ROOT
from tests.launcher.session.test_first_screen import TO_THE_ROLE

CATALOGUE = """
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\nPlural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "yes"
msgstr "ja"

msgid "{count} disk"
msgid_plural "{count} disks"
msgstr[0] "{count} Platte"
msgstr[1] "{count} Platten"
"""


def make_project(root: Path, main: str) -> Path:
    for name in python.OUR_PACKAGES:
        (root / name).mkdir(parents=True)
        (root / name / "__init__.py").touch()
    (root / "launcher/__main__.py").write_text(main)
    (root / "launcher/lang").mkdir()
    (root / "launcher/lang/de.po").write_text(CATALOGUE)
    (root / "launcher/machines.json").write_text("{}")
    return root


def names(tree: Path) -> set[str]:
    return {path.relative_to(tree).as_posix() for path in tree.rglob("*.pyc")}


def test_only_what_is_imported_goes_in(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", "import json\ndef later():\n    import colorsys\n")
    staged = python.stage(tmp_path / "tree", project)
    found = names(tmp_path / "tree" / staged.home)
    assert {
        "json/decoder.pyc",
        "colorsys.pyc",
        "pyudev/core.pyc",
        "launcher/__main__.pyc",
    } <= found
    assert {"urwid/widget.pyc", "urwid/widget/__init__.pyc"} & found  # urwid 2.1 and 2.6
    assert {"pdb.pyc", "unittest/__init__.pyc", "asyncio/__init__.pyc", "collect.pyc"}.isdisjoint(found)
    assert (tmp_path / "tree" / staged.home / "launcher/machines.json").read_text() == "{}"
    assert Path("/") / staged.home / "xxhash/_xxhash.so" in staged.extensions.values()


def test_what_the_launcher_takes_of_urwid_is_there(tmp_path: Path) -> None:
    screens = (ROOT / "launcher").rglob("*.py")
    used = {name for path in screens for name in re.findall(r"\burwid\.([A-Z]\w+|[a-z]\w+(?=\())", path.read_text())}
    assert {"Text", "ProgressBar", "MainLoop", "set_encoding"} <= used
    look = "import sys, urwid; print([name for name in sys.argv[1:] if not hasattr(urwid, name)])"
    assert inside(make_project(tmp_path / "project", ""), tmp_path, look, *used) == "[]"


def inside(project: Path, tree: Path, program: str, *arguments: str) -> str:
    """What `program` says under the Python of the initrd that is made of `project` in `tree`."""
    staged = python.stage(tree, project)
    for source, target in staged.extensions.items():
        shutil.copyfile(source, tree / target.relative_to("/"))
    words = ["/usr/bin/python3", "-s", "-S", "-P", "-c", program, *arguments]
    environment = {"PYTHONPATH": str(tree / staged.home)}
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout.strip()


DEAR = {"ast", "dis", "inspect", "re._whole_compiler", "re._whole_parser", "tokenize", "urwid.font", "urwid.graphics"}
"""What the lean modules are there for: the first screen does not wait for these."""

PXE = "quiet ip=10.77.0.160:10.77.0.1:10.77.0.1:255.255.255.0 BOOTIF=01-52-54-00-aa-bb-01 console=ttyS0,115200"
"""What a PC gets that boots by PXELINUX."""


@pytest.mark.skipif(not python.LEAN.keys() <= python.replaced().keys(), reason="urwid itself needs these since 2.2")
def test_the_first_screen_waits_for_nothing_that_has_a_lean_form(tmp_path: Path) -> None:
    program = TO_THE_ROLE.replace('parse("quiet")', f"parse({PXE!r})").replace("set(sys.modules)\n", "set()\n", 1)
    screen, names = json.loads(inside(ROOT, tmp_path, program))
    assert screen == "umode"
    assert "urwid.widget" in names
    assert not DEAR & set(names), DEAR & set(names)


EXPRESSIONS = """
import re, sys
from re._patterns import PATTERNS
import json, textwrap, launcher.__main__
assert re.sub("[^a]", "_", "banana") == "_a_a_a"  # as it stands in this project
assert "re._whole_compiler" not in sys.modules and "re._whole_parser" not in sys.modules
assert re.sub("[^a](.)", r"\\1\\1", "banana") == "aaaaaa"
assert "re._whole_parser" in sys.modules  # for the group in what is put there
from re import _whole_compiler
made = [re.compile(*expression) == _whole_compiler.compile(*expression) for expression in PATTERNS]
assert all(made) and ("[^a]", 0) in PATTERNS and (b"[0-9]+", 0) in PATTERNS, PATTERNS
try:
    re.compile("(")
except re.error as error:
    print(len(made) > 9, error)
"""


def test_expressions_are_compiled_already(tmp_path: Path) -> None:
    main = 'import re\nBYTES = re.compile(b"[0-9]+")\ndef shown(): return re.sub("[^a]", "_", "banana")\n'
    found = inside(make_project(tmp_path / "project", main), tmp_path, EXPRESSIONS)
    assert found == "True missing ), unterminated subpattern at position 0"


OLD_NAME = """
import sys, types
class Old(types.ModuleType):
    def __getattr__(self, name):
        import warnings
        warnings.warn("moved", DeprecationWarning)
        return "/moved/to.py"
sys.modules["launcher.old"] = Old("launcher.old")
"""


def test_a_name_that_stands_for_another_module_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """urwid 2.6 has such names; as modules of their own they would be doubled in the archive."""
    caplog.set_level("DEBUG", "initrd")
    staged = python.stage(tmp_path / "tree", make_project(tmp_path / "project", OLD_NAME))
    assert Path("/moved/to.py") not in staged.sources
    assert "Warning" not in caplog.text


def test_no_source_and_no_import_of_a_random_number(tmp_path: Path) -> None:
    staged = python.stage(tmp_path / "tree", make_project(tmp_path / "project", ""))
    assert not list((tmp_path / "tree").rglob("*.py"))
    # Seeding its generator would wait for the kernel's noise: see /init.
    assert "random.pyc" not in names(tmp_path / "tree" / staged.home)


def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", "NAMES = {'a', 'b'}\nif 'x' in {'x', 'y', 'z'}: pass\n")
    trees = [tmp_path / "first", tmp_path / "second"]
    homes = [tree / python.stage(tree, project).home for tree in trees]
    assert names(homes[0]) == names(homes[1])
    compared = {*names(homes[0]), "launcher/lang/de.mo"}
    assert all((homes[0] / name).read_bytes() == (homes[1] / name).read_bytes() for name in compared)


def test_compiled_code_runs_without_its_source(tmp_path: Path) -> None:
    source = tmp_path / "greet.py"
    source.write_text('"""Doc."""\nprint("hello", __doc__)\n')
    (tmp_path / "out").mkdir()
    (tmp_path / "out/greet.pyc").write_bytes(collect.bytecode(source, "greet.py", 0))
    source.unlink()
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        f"import sys; sys.path.insert(0, {str(tmp_path / 'out')!r}); import greet",
    ]
    assert subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout == "hello Doc.\n"


def test_a_module_that_cannot_be_imported_is_one_sentence(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", "import nowhere_to_be_found\n")
    with pytest.raises(BuildError, match=r"launcher\.__main__ cannot be imported: ModuleNotFoundError"):
        python.stage(tmp_path / "tree", project)


def test_a_python_that_is_not_debians_is_refused_before_anything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "pyenv/python3.12"
    other.parent.mkdir()
    other.touch(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python3").symlink_to(other)
    monkeypatch.setattr(run, "SYSTEM_PATH", str(tmp_path / "bin"))
    with pytest.raises(BuildError, match=f"bin/python3 is {other} here, which is not Debian's Python"):
        python.stage(tmp_path / "tree", tmp_path)


def test_libraries_are_found_by_their_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("libudev.so.1.7.5", "libudev.so.1", "libudevil.so.3"):
        (tmp_path / name).touch()
    monkeypatch.setattr(ctypes_util, "_DIRECTORIES", (str(tmp_path / "missing"), str(tmp_path)))
    assert ctypes_util.find_library("udev") == "libudev.so.1"
    assert ctypes_util.find_library("nothing") is None


SPEAK = """
import sys
sys.path[:] = [sys.argv[1]]
from launcher.sentence import say, say_many
from launcher.translate import set_language, tr
set_language("de")
print(tr(say("yes")), tr(say_many("{count} disk", "{count} disks", 2)), "re" in sys.modules and "locale" in sys.modules)
"""


def test_what_goes_in_speaks_other_languages_without_their_sources(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", "")
    for name in (
        "translate.py",
        "sentence.py",
        "errors.py",
        "figures.py",
        "process.py",
        "reasons.py",
        "shortage.py",
        "catalogue.py",
    ):
        shutil.copyfile(python.PROJECT / "launcher" / name, project / "launcher" / name)
    shutil.copytree(python.PROJECT / "kernel_cmdline", project / "kernel_cmdline", dirs_exist_ok=True)
    home = tmp_path / "tree" / python.stage(tmp_path / "tree", project).home
    assert [path.name for path in (home / "launcher/lang").iterdir()] == ["de.mo"]
    command = ["/usr/bin/python3", "-I", "-S", "-c", SPEAK, str(home)]
    assert subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout == "ja 2 Platten False\n"


def test_a_catalogue_with_an_error_is_one_sentence(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", "")
    (project / "launcher/lang/de.po").write_text(CATALOGUE + '\nmsgid "yes"\nmsgstr "nein"\n')
    with pytest.raises(BuildError, match=r"msgfmt failed with status 1: .*found 1 fatal error"):
        python.stage(tmp_path / "tree", project)
