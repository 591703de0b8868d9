"""Copies Python modules, compiled, and lists what else they need. Runs under the Python that goes into the initrd.

    python3 -m initrd.inside.collect OUT < REQUEST > REPORT

REQUEST, a JSON object: ``roots`` (directories put before the standard library), ``after`` (directories put behind
it), ``packages`` (packages below the roots; all of their modules go in, with what is imported inside functions),
``modules`` (further names; what they import when they are imported goes in too), ``replace`` (module name to a
source file used in its place, or to null where an import of it shall fail), ``aside`` (a new name of a module to the
one that is replaced), ``patterns`` (the name of a module among these that gets the compiled regular expressions).

REPORT: ``extensions`` (shared object to its path below OUT), ``sources`` (every file read).
What counts is what an import really loads, not what the sources mention: the standard library mentions nearly
all of itself.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import marshal
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from initrd.inside import patterns

HERE = Path(__file__).resolve().parent.parent.parent
"""Where the package is that this program belongs to; nothing is taken from there that is not asked for."""


def modules_of(package: str, root: Path) -> Iterator[tuple[str, Path]]:
    """Every module of `package` below `root`, with its file."""
    for path in sorted((root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def inner_imports(path: Path) -> set[str]:
    """Names of the modules that the functions in `path` import with an absolute name."""
    names: set[str] = set()
    for function in ast.walk(ast.parse(path.read_bytes(), str(path))):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names.add(node.module)
    return names


def bytecode(source: Path, shown: str, optimize: int) -> bytes:
    """A .pyc that is valid whatever its time stamp (PEP 552, unchecked hash)."""
    data = source.read_bytes()
    code = compile(data, shown, "exec", dont_inherit=True, optimize=optimize)
    flags = (0b01).to_bytes(4, "little")
    return importlib.util.MAGIC_NUMBER + flags + importlib.util.source_hash(data) + marshal.dumps(code)


@dataclass(frozen=True)
class Loaded:
    """`modules`: their files, and whether each is a package."""

    modules: dict[str, tuple[Path, bool]]
    expressions: list[patterns.Expression]


IN_THE_INTERPRETER = {
    "_frozen_importlib",
    "_frozen_importlib_external",
    "importlib._bootstrap",
    "importlib._bootstrap_external",
}
"""What Python never reads from a file, though it names one: the import system, without which it could read none."""

IMPORTER = """
import re, sys
expressions, compiler = [("", 0)], re._compiler.compile  # the first one is that of `re` itself
re._compiler.compile = lambda pattern, flags=0: expressions.append((pattern, flags)) or compiler(pattern, flags)
import importlib.util, json
path, replace, aside, names = json.loads(sys.argv[1])
sys.path[:] = path
for name, of in aside.items():
    print(name, False, importlib.util.find_spec(of).origin, sep="\\t")
for name, file in replace.items():
    if file is None:
        sys.modules[name] = None
        continue
    # A package keeps its other modules. (To look for a module in one would import that.)
    inner = None if "." in name else importlib.util.find_spec(name).submodule_search_locations
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=inner)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
for name in names:
    try:
        __import__(name)
    except Exception as error:
        sys.exit(f"{name} cannot be imported: {type(error).__name__}: {error} (Python {sys.version.split()[0]})")
for name, module in sorted(sys.modules.items()):
    # Asked in any other way, the names that urwid moved would import what they stand for, and warn.
    held = vars(module) if module else {}
    file = held.get("__file__")
    if file and name != "__main__":
        print(name, "__path__" in held, file, sep="\\t")
print(repr(expressions))
"""


def loaded_by(names: list[str], path: list[str], request: dict[str, Any]) -> Loaded:
    """Every module that importing `names` loads, and every regular expression that it compiles.

    A fresh interpreter imports them, so that what this program uses itself does not count. Exits with one
    sentence when an import fails.
    """
    told = json.dumps([path, request["replace"], request["aside"], names])
    command = [sys.executable, "-E", "-s", "-S", "-B", "-c", IMPORTER, told]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.returncode)
    *lines, expressions = done.stdout.splitlines()
    rows = [line.split("\t") for line in lines if line.count("\t") == 2]
    modules = {name: (Path(file), package == "True") for name, package, file in rows}
    return Loaded(
        {name: found for name, found in modules.items() if name not in IN_THE_INTERPRETER},
        ast.literal_eval(expressions),
    )


def target_of(name: str, source: Path, package: bool) -> Path:
    """Where the module goes below OUT; a module in the initrd's path is found by its name alone."""
    *above, last = name.split(".")
    if source.suffix == ".so":
        return Path(*above, f"{last}.so")
    return Path(*above, last, "__init__.pyc") if package else Path(*above, f"{last}.pyc")


def collect(request: dict[str, Any], out: Path) -> dict[str, object]:
    """Write every module that is needed to `out`. See the module's docstring."""
    roots = [Path(root) for root in request["roots"]]
    ours = {name: path for package in request["packages"] for root in roots for name, path in modules_of(package, root)}
    wanted = {*request["modules"], *ours}.union(*(inner_imports(path) for path in ours.values()))
    path = [entry for entry in sys.path if entry != str(HERE)]
    loaded = loaded_by(sorted(wanted), [*map(str, roots), *path, *request["after"]], request)
    extensions: dict[str, str] = {}
    sources: set[str] = set()
    for name, (source, package) in loaded.modules.items():
        target = target_of(name, source, package)
        sources.add(str(source))
        if source.suffix == ".so":
            extensions[str(source)] = str(target)
            continue
        (out / target).parent.mkdir(parents=True, exist_ok=True)
        # Our own code keeps its docstrings and asserts; of the others, only what runs is needed.
        optimize = 0 if name in ours else 2
        (out / target).write_bytes(bytecode(source, str(target.with_suffix(".py")), optimize))
    written = [expression for path in ours.values() for expression in patterns.written_in(path)]
    write_patterns(out, request["patterns"], {*loaded.expressions, *written})
    copy_data(request["packages"], roots, out)
    return {"extensions": extensions, "sources": sorted(sources)}


def write_patterns(out: Path, name: str, expressions: set[patterns.Expression]) -> None:
    """Write the module `name`, which has these expressions compiled."""
    target = out / target_of(name, Path(), package=False)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "patterns.py")
        source.write_text(patterns.module_of(expressions))
        target.write_bytes(bytecode(source, str(target.relative_to(out).with_suffix(".py")), 2))


def copy_data(packages: list[str], roots: list[Path], out: Path) -> None:
    """Copy the files of our packages that are not Python, and no sources of something that is compiled."""
    for root in roots:
        for path in sorted(found for package in packages for found in (root / package).rglob("*")):
            if path.is_file() and path.suffix not in {".py", ".pyc", ".po"}:
                target = out / path.relative_to(root)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
                target.chmod(path.stat().st_mode & 0o755 | 0o644)


if __name__ == "__main__":
    json.dump(collect(json.load(sys.stdin), Path(sys.argv[1])), sys.stdout)
