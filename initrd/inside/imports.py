"""Looks whether every import in a directory of compiled Python modules finds its module. Runs under the Python that
goes into the initrd, and imports nothing of what it looks at.

    python3 imports.py HOME < REQUEST > REPORT

REQUEST, a JSON object: ``packages`` (names of packages whose imports must all be found), ``absent`` (modules that the
others may name all the same; with a name goes all that is below it), ``wanted`` (modules that must be there).

REPORT: ``missing`` (module name to the modules that import it, or to none where it is wanted), ``foreign`` (modules
that another Python compiled, or that are cut off).
What counts are all imports of the compiled code, those inside functions as well.
"""

from __future__ import annotations

import _imp
import importlib.util
import json
import marshal
import sys
from collections.abc import Iterator
from modulefinder import ModuleFinder
from pathlib import Path
from types import CodeType
from typing import Any

HEADER = 16
"""Bytes before the code in a .pyc (PEP 552)."""


class Modules:
    """The modules below `home`: by name their file, and the code of those that are compiled."""

    def __init__(self, home: Path) -> None:
        self.files = {name_of(path.relative_to(home)): path for path in sorted(home.rglob("*")) if is_module(path)}
        self.codes: dict[str, CodeType] = {}
        self.foreign: list[str] = []
        for name, path in self.files.items():
            if path.suffix == ".pyc":
                try:
                    self.codes[name] = code_of(path.read_bytes())
                except (ValueError, EOFError, TypeError):
                    self.foreign.append(name)

    def have(self, name: str) -> bool:
        """Whether an import of `name` finds it and all packages above it: files, or parts of the interpreter."""
        above = name.rpartition(".")[0]
        there = name in self.files or name in sys.builtin_module_names or _imp.is_frozen(name)
        return there and (not above or self.have(above))

    def is_package(self, name: str) -> bool:
        return name in self.files and self.files[name].stem == "__init__"

    def may_define(self, package: str, name: str) -> bool:
        """Whether the package itself may have `name`, so that ``from package import name`` needs no module."""
        code = self.codes.get(package)
        return code is None or not {name, "__getattr__", "*"}.isdisjoint(stored_by(code, package))

    def lacks(self, importer: str) -> Iterator[str]:
        """What the module `importer` imports and does not find."""
        package = importer if self.is_package(importer) else importer.rpartition(".")[0]
        for code in with_inner(self.codes[importer]):
            for name, wanted in imports_of(code, package):
                if not self.have(name):
                    yield name
                elif self.is_package(name):
                    inner = (one for one in wanted if one != "*" and not self.have(f"{name}.{one}"))
                    yield from (f"{name}.{one}" for one in inner if not self.may_define(name, one))


def is_module(path: Path) -> bool:
    return path.suffix in {".pyc", ".so"} and path.is_file()


def name_of(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def code_of(data: bytes) -> CodeType:
    """The code in a .pyc. Raises ValueError, EOFError or TypeError where this Python would not take it."""
    if data[:4] != importlib.util.MAGIC_NUMBER:
        raise ValueError("compiled by another Python")
    code = marshal.loads(data[HEADER:])
    if not isinstance(code, CodeType):
        raise TypeError("no code")
    return code


def with_inner(code: CodeType) -> Iterator[CodeType]:
    """`code`, and that of the functions and classes in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from with_inner(constant)


_SCANNER: Any = ModuleFinder(path=[])


def imports_of(code: CodeType, package: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each import statement: the module's full name, and what is taken from it."""
    for what, arguments in _SCANNER.scan_opcodes(code):
        if what == "absolute_import":
            wanted, name = arguments
            yield name, tuple(wanted or ())
        elif what == "relative_import":
            level, wanted, name = arguments
            above = package.split(".")[: len(package.split(".")) - (level - 1)]
            yield ".".join([*above, *([name] if name else [])]), tuple(wanted or ())


def stored_by(code: CodeType, package: str) -> set[str]:
    """The names that a package's code gives a value to; "*" where it takes over all of another module. What it imports
    from itself are modules."""
    names = {arguments[0] for what, arguments in _SCANNER.scan_opcodes(code) if what == "store"}
    for name, wanted in imports_of(code, package):
        names = names.difference(wanted) if name == package else names.union(set(wanted) & {"*"})
    return names


def below(name: str, packages: list[str]) -> bool:
    """Whether `name` is one of `packages`, or is in one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def look(request: dict[str, Any], home: Path) -> dict[str, object]:
    """See the module's docstring."""
    modules = Modules(home)
    missing: dict[str, list[str]] = {name: [] for name in request["wanted"] if not modules.have(name)}
    for importer in modules.codes:
        strict = below(importer, request["packages"])
        for name in sorted(set(modules.lacks(importer))):
            if strict or not below(name, request["absent"]):
                missing.setdefault(name, []).append(importer)
    return {"missing": missing, "foreign": modules.foreign}


if __name__ == "__main__":
    json.dump(look(json.load(sys.stdin), Path(sys.argv[1])), sys.stdout)
