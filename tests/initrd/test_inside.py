"""Modules that stand in for others in the initrd do what those do, as far as they are used there."""

from __future__ import annotations

import copy
import dataclasses
import enum
import subprocess
import sys
import typing
import urllib.parse
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initrd import python
from initrd.inside import lean_dataclasses, lean_enum, lean_locale, lean_typing, urllib_parse
from tests.common import ROOT

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.dictionaries(TEXT, TEXT | st.integers()))
def test_a_query_is_written_as_the_standard_library_writes_it(query: dict[str, object]) -> None:
    assert urllib_parse.urlencode(query) == urllib.parse.urlencode(query)


@given(st.binary())
def test_bytes_are_quoted_as_the_standard_library_quotes_them(data: bytes) -> None:
    assert urllib_parse.quote_from_bytes(data) == urllib.parse.quote_from_bytes(data)


CLASSES = """
from __future__ import annotations

@dataclass(frozen=True)
class Point:
    x: int
    y: int = 0
    note: str = field(default="", compare=False, repr=False, metadata={"unit": "s"})

@dataclass(frozen=True)
class Named(Point):
    name: str = "n"
    others: tuple[Point, ...] = ()
    table: dict[str, object] = field(default_factory=dict)

    def __repr__(self) -> str:
        return "named"

@dataclass
class Open:
    values: list[int] = field(default_factory=list)

@dataclass(frozen=True, eq=False, repr=False)
class Same:
    x: int

@dataclass(frozen=True)
class Own:
    x: int

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 7
"""


def answers(of: ModuleType) -> dict[str, object]:
    """What classes that are made with `of` say of themselves; instances are shown as texts."""
    names: dict[str, Any] = {**vars(of), "__name__": __name__}
    exec(compile(CLASSES, "shapes", "exec", dont_inherit=True), names)
    point, named, opened, same, own = (names[name] for name in ("Point", "Named", "Open", "Same", "Own"))
    one, other = point(1, 2), named(1, name="m", others=(point(3),), table={"a": [point(4)]})

    def refused(do: Any, *arguments: Any, **more: Any) -> str:
        with pytest.raises(Exception) as caught:
            do(*arguments, **more)
        return type(caught.value).__name__

    opened_one = opened()
    opened_one.values.append(3)
    match one:
        case point(x, y):
            taken = (x, y)
    return {
        "repr": [repr(value) for value in (one, other, opened_one, own(1), named)],
        "equal": [one == point(1, 2, "n"), one == point(1), one == (1, 2, ""), other == copy.copy(other)],
        "of another class": [point(1) == named(1), same(1) == same(1), own(1) == own(2)],
        "hash": [hash(one) == hash(point(1, 2, "n")), hash(one) == hash((1, 2)), hash(own(3)), opened.__hash__],
        "fields": [(f.name, f.type, dict(f.metadata)) for f in of.fields(named)],
        "defaults": [(f.name, repr(f.default)) for f in of.fields(point(1)) if f.name == "y"],
        "asdict": [of.asdict(other), of.asdict(opened_one)],
        "replace": [repr(of.replace(one, y=9)), of.replace(other, x=5).name, of.replace(one, note="k").note],
        "match": [taken, point.__match_args__, named.__match_args__],
        "class attributes": [point.y, point.note, hasattr(opened, "values"), hasattr(point, "x")],
        "is one": [of.is_dataclass(one), of.is_dataclass(point), of.is_dataclass(1)],
        "own": [opened().values is opened().values, vars(copy.deepcopy(one))],
        "refused": [
            refused(point),
            refused(point, 1, 2, "", 4),
            refused(point, 1, x=2),
            refused(point, 1, z=2),
            refused(setattr, one, "x", 2),
            refused(setattr, one, "new", 2),
            refused(setattr, other, "table", 2),
            refused(delattr, one, "x"),
            refused(hash, opened_one),
            refused(of.fields, 1),
            refused(of.replace, 1),
            refused(of.replace, one, z=1),
            refused(of.asdict, point),
        ],
    }


def test_values_are_those_that_the_standard_library_makes() -> None:
    expected, found = answers(dataclasses), answers(lean_dataclasses)
    assert expected.keys() == found.keys()
    for name in expected:
        assert found[name] == expected[name], name


@pytest.mark.parametrize("options", ["slots=True", "kw_only=True", "order=True", "unsafe_hash=True"])
def test_what_a_lean_class_does_not_know_is_refused(options: str) -> None:
    with pytest.raises(TypeError):
        exec(f"@dataclass({options})\nclass A:\n    x: int", vars(lean_dataclasses).copy())


@pytest.mark.parametrize("annotation", ["ClassVar[int]", "InitVar[int]", "KW_ONLY"])
def test_an_annotation_that_a_lean_class_does_not_know_is_refused(annotation: str) -> None:
    source = f"from __future__ import annotations\n@dataclass\nclass A:\n    x: {annotation}"
    with pytest.raises(TypeError, match="is not known here"):
        exec(source, {**vars(lean_dataclasses), "__name__": "shapes"})


IMPORTS = """
import importlib.util, sys
for name in ("typing", "dataclasses"):
    spec = importlib.util.spec_from_file_location(name, f"{sys.argv[1]}/lean_{name}.py")
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
for name in sys.argv[2:]:
    __import__(name)
"""


def test_the_launchers_classes_need_no_more_than_the_lean_ones_have() -> None:
    names = [name for package in python.OUR_PACKAGES for name in python.modules_of(package, ROOT)]
    words = [sys.executable, "-c", IMPORTS, str(python.INSIDE), *names]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr


TUPLES = """
class Answer(NamedTuple):
    text: str
    count: int = 1
    words: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.count}: {self.text}"

    @property
    def long(self) -> bool:
        return len(self.text) > 3

class Source(NamedTuple):
    name: str
"""


def told(of: ModuleType) -> list[object]:
    """What the classes of `TUPLES` do, made with the `NamedTuple` of the module `of`."""
    made: dict[str, Any] = {"NamedTuple": of.NamedTuple, "__name__": "tuples"}
    exec(f"from __future__ import annotations\n{TUPLES}", made)
    answer, source = made["Answer"], made["Source"]
    one, two = answer("long", words=("a",)), answer(text="b", count=2)
    wrong = []
    for given_, named in (((), {}), (("a", 1, (), 2), {}), (("a",), {"text": "b"}), (("a",), {"wrong": 1})):
        try:
            answer(*given_, **named)
        except TypeError:
            wrong.append((given_, named))
    shown = [repr(one), str(two), one.long, two.long, source("x"), source("x") == ("x",), hash(two)]
    kept = [copy.copy(one), one._asdict(), one._replace(count=7), answer._fields, answer._field_defaults]
    return [one, two, wrong, shown, kept, answer.__match_args__, answer.__bases__, answer.__module__, answer.__name__]


def test_a_lean_named_tuple_does_what_the_standard_one_does() -> None:
    assert repr(told(lean_typing)) == repr(told(typing))


KINDS = """
@unique
class Colour(Enum):
    RED = "red"
    GREEN = "green"
    ROT = RED if twice else "rot"

    @property
    def warm(self):
        return self is Colour.RED

    def mixed(self, other):
        return [self, other]

class Told(Enum):
    def __new__(cls, name, meaning):
        kind = object.__new__(cls)
        kind._value_ = name
        kind.meaning = meaning
        return kind

    meaning: str

    WRONG = "wrong", "it is wrong"
    RIGHT = "right", "it is right"

class Status(IntEnum):
    GOOD = 0
    BAD = auto()
"""


def kinds(of: ModuleType) -> list[object]:
    """What the classes of `KINDS` do, made with the module `of`."""
    wrong: list[object] = []
    made: dict[str, Any] = {**vars(of), "__name__": "kinds"}
    for twice in (True, False):
        made["twice"] = twice
        try:
            exec(KINDS, made)
        except ValueError as error:
            wrong.append(type(error))
    colour, told, status = made["Colour"], made["Told"], made["Status"]
    for wanted, value in ((colour, "blue"), (told, "it is wrong"), (status, 7)):
        try:
            wanted(value)
        except ValueError as error:
            wrong.append(str(error))
    one = colour.RED
    return [
        wrong,
        [list(colour), list(reversed(colour)), len(told), list(colour.__members__), bool(status)],
        [
            colour("red") is one,
            colour["RED"] is one,
            colour(one.value) is one,
            colour(one) is one,
            one.warm,
            colour.GREEN.warm,
        ],
        [one.name, one.value, str(one), repr(one), f"{one:>12}", one.mixed(colour.GREEN)],
        [told("wrong").meaning, [(kind.name, kind.value) for kind in told], told.WRONG == told.RIGHT],
        [one in colour, told.WRONG in colour, isinstance(one, colour), {one: 1}[colour.RED], one in {colour.GREEN}],
        [
            status.BAD == 1,
            status.BAD + 1,
            str(status.BAD),
            f"{status.BAD:02}",
            repr(status.BAD),
            status(0) is status.GOOD,
        ],
        [copy.copy(one) is one, copy.deepcopy([one])[0] is one, sorted(status), max(status).name, hash(status.BAD)],
    ]


def test_a_lean_enum_does_what_the_standard_one_does() -> None:
    assert repr(kinds(lean_enum)) == repr(kinds(enum))


NUMBERS = """
import socket, signal, re, ast, sys
print(sys.modules["enum"].__file__.endswith("lean_enum.py"))
print(socket.AF_INET, socket.AF_INET.name, socket.AddressFamily(2) is socket.AF_INET)
print(socket.socketpair()[0].family.name, socket.MSG_PEEK | socket.MSG_DONTWAIT == 66)
print(signal.Signals(15).name, signal.SIGTERM == 15, signal.getsignal(signal.SIGTERM), signal.SIG_IGN == 1)
print(bool(re.match("A", "a", re.IGNORECASE | re.DOTALL)), re.compile("a", re.I).flags, re.VERBOSE + 0)
"""


def test_the_standard_librarys_own_numbers_are_what_they_were() -> None:
    whole = NUMBERS.replace('endswith("lean_enum.py")', 'endswith("enum.py")')
    lean = IMPORTS.replace("dataclasses", "enum")
    words = [["-c", whole], ["-c", f"{lean.partition('for name in sys')[0]}{NUMBERS}", str(python.INSIDE)]]
    said = [
        subprocess.run(["/usr/bin/python3", "-S", *more], capture_output=True, text=True, check=True).stdout
        for more in words
    ]
    assert said[0] == said[1]


def test_a_lean_locale_answers_as_the_standard_one_does_in_the_initrd() -> None:
    asked = (
        "locale.getlocale(), locale.getencoding(), locale.getpreferredencoding(), locale.getpreferredencoding(False)"
    )
    words = ["/usr/bin/python3", "-S", "-c", f"import locale; locale.setlocale(locale.LC_ALL, ''); print(({asked}))"]
    whole = subprocess.run(words, env={"LANG": "C.UTF-8"}, capture_output=True, text=True, check=True).stdout
    lean = lean_locale
    assert whole.strip() == str(
        (lean.getlocale(), lean.getencoding(), lean.getpreferredencoding(), lean.getpreferredencoding(False))
    )


@pytest.mark.parametrize("needs", ["import dataclasses", "from typing import Any"])
def test_lean_modules_go_in_only_where_no_library_needs_the_standard_one(
    needs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(python, "DIST_PACKAGES", tmp_path)
    for library in python.LIBRARIES:
        (tmp_path / library).mkdir()
    (tmp_path / "urwid/split_repr.py").touch()
    assert set(python.replaced()) >= set(python.LEAN)
    (tmp_path / "urwid/canvas.py").write_text(f"{needs}\n")
    assert not set(python.replaced()) & set(python.LEAN)
