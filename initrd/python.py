"""Which Python goes in: the distribution's, with the modules that the launcher uses and no others."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from .errors import BuildError
from .run import find_tool, run

PROJECT = Path(__file__).resolve().parent.parent
INSIDE = Path(__file__).resolve().parent / "inside"
OUR_PACKAGES = ("kernel_cmdline", "launcher")
LIBRARIES = ("urwid", "pyudev", "xxhash")
"""What the launcher is allowed to import beside the standard library."""

LAZY = (
    "ast",
    "copy",
    "runpy",
    "encodings.ascii",
    "encodings.iso8859_15",
    "encodings.latin_1",
    "encodings.utf_8",
    "traceback",
    "linecache",
    "tokenize",
    "warnings",
    "signal",
)
"""Modules that Python imports by itself at some moment: for -m, for decoding, to show a traceback; and its own modules
inside a function."""

REPLACED: dict[str, str | None] = {
    "ctypes.util": "ctypes_util.py",
    "re._patterns": "re_patterns.py",
    "re._compiler": "re_compiler.py",
    "re._parser": "re_parser.py",
    "urllib.parse": "urllib_parse.py",
    "urwid.event_loop.asyncio_loop": "urwid_asyncio_loop.py",
    **dict.fromkeys(f"urwid.event_loop.{name}_loop" for name in ("glib", "tornado", "trio", "twisted", "zmq")),
    "urwid.display.curses": None,
    "urwid.vterm": "urwid_vterm.py",
}
"""Modules in whose place a file of `INSIDE` goes in, which says why, or none: urwid does without, and what this
machine happens to have of these libraries stays here. Debian 12's urwid has no such modules."""

ASIDE = {"re._whole_compiler": "re._compiler", "re._whole_parser": "re._parser"}
"""What is replaced and wanted all the same, by its new name."""

PATTERNS = "re._patterns"
"""The module in which `re_compiler.py` finds the compiled expressions."""

LEAN = {
    "typing": "lean_typing.py",
    "enum": "lean_enum.py",
    "locale": "lean_locale.py",
    "dataclasses": "lean_dataclasses.py",
    "urwid.split_repr": "urwid_split_repr.py",
    "urwid": "urwid_names.py",
}
"""The same, in this order, where no library uses dataclasses or typing: urwid does since 2.2, and enums in more ways
than the launcher."""

LEFT_OUT = ("urwid.graphics",)
"""What a module of `LEAN` imports when it is asked for."""

ABSENT = (
    # Other systems, and older Pythons.
    *("_ios_support", "_winapi", "_wmi", "backports", "encodings.mbcs", "java", "msvcrt", "nt", "org.python"),
    *("plistlib", "urwid.display._win32_raw_display", "vms_lib", "winreg"),
    # The interpreter has these in itself, under other names.
    *("importlib._bootstrap", "importlib._bootstrap_external"),
    # In C already, so that the form in Python is not imported.
    *("_py_abc", "_pydatetime", "_threading_local"),
    # For what the launcher does not do: archives, dates as text, tests, other loops of urwid.
    *("_strptime", "asyncio", "concurrent.futures", "doctest", "gi", "importlib.readers", "inspect", "pickle"),
    *("pkgutil", "string", "tarfile", "tornado", "tracemalloc", "trio", "twisted", "urwid.old_str_util", "zipfile"),
)
"""Modules that others name, and that are meant not to be in the initrd; nothing that is ours may import one. With a
name goes all that is below it."""

DIST_PACKAGES = Path("/usr/lib/python3/dist-packages")
DEBIANS = Path("/usr/bin")
"""Where Debian's Python is, when its links are followed."""
PYTHON_PACKAGES = {name: f"python3-{name}" for name in LIBRARIES}


@dataclass(frozen=True)
class PythonTree:
    """What `stage` made: `home` is the directory inside the initrd that holds every module.

    `extensions` maps a shared object on this machine to its place in the initrd; dracut copies these.
    `sources` are the files on this machine that were read.
    """

    home: Path
    extensions: dict[Path, Path]
    sources: tuple[Path, ...]


def stage(tree: Path, project: Path = PROJECT) -> PythonTree:
    """Write all Python modules of the initrd below `tree`, compiled. Raises BuildError."""
    check_interpreter()
    version = run(["python3", "-I", "-S", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]).strip()
    home = Path("usr/lib") / f"python{version}"
    replace = {name: file and str(INSIDE / file) for name, file in replaced().items()}
    request = {
        "roots": [str(project)],
        "after": [str(DIST_PACKAGES)],
        "packages": OUR_PACKAGES,
        "modules": (*LIBRARIES, *LAZY, *(LEFT_OUT if replace.keys() >= LEAN.keys() else ())),
        "replace": replace,
        "aside": ASIDE,
        "patterns": PATTERNS,
    }
    out = tree / home
    # Python looks for lib-dynload when it starts, and complains when there is none.
    (out / "lib-dynload").mkdir(parents=True)
    # A fixed hash seed: no order of a set shall reach the bytes that are written.
    environment = {"PYTHONHASHSEED": "0", "PYTHONPATH": str(PROJECT)}
    command: list[str | Path] = ["python3", "-s", "-S", "-P", "-B", "-m", "initrd.inside.collect", out]
    report = json.loads(run(command, stdin=json.dumps(request), environment=environment))
    compile_catalogues(project, out)
    return PythonTree(
        home,
        {Path(source): Path("/") / home / target for source, target in report["extensions"].items()},
        tuple(Path(source) for source in report["sources"]),
    )


def check_interpreter() -> None:
    """Raise BuildError where `python3` is not Debian's own: another one has its modules in other places, and Debian's
    libraries are not made for it."""
    found = Path(find_tool("python3"))
    real = found.resolve()
    if real.parent != DEBIANS:
        raise BuildError(
            f"{found} is {real} here, which is not Debian's Python, and cannot go into the initrd; make it a link to "
            "Debian's again (python3.11 in Debian 12, python3.13 in Debian 13)"
        )


def compile_catalogues(project: Path, out: Path) -> None:
    """Compile the translations of a checkout; what was installed has only compiled ones."""
    for source in catalogue_sources(project):
        target = out / source.relative_to(project).with_suffix(".mo")
        target.parent.mkdir(parents=True, exist_ok=True)
        run(["msgfmt", "--check-format", "--no-hash", "--endianness=little", "-o", target, source])


def modules_of(package: str, project: Path) -> list[str]:
    """The modules of one of our packages."""
    paths = (path.relative_to(project).with_suffix("") for path in sorted((project / package).rglob("*.py")))
    return [".".join(path.parts).removesuffix(".__init__") for path in paths]


def data_of(project: Path) -> list[Path]:
    """The files of our packages that are no modules, as they are named where they are installed."""
    found = (
        path.relative_to(project)
        for name in OUR_PACKAGES
        for path in sorted((project / name).rglob("*"))
        if path.is_file()
    )
    names = (path.with_suffix(".mo") if path.suffix == ".po" else path for path in found)
    return [path for path in dict.fromkeys(names) if path.suffix not in {".py", ".pyc"}]


def catalogue_sources(project: Path) -> list[Path]:
    """The translations that are not compiled yet."""
    return sorted(project.glob("launcher/lang/*.po"))


def missing_libraries() -> list[str]:
    """Those of `LIBRARIES` that Debian's own Python does not have, whatever a virtual environment has."""
    return [name for name in LIBRARIES if not list(DIST_PACKAGES.glob(f"{name}*"))]


def replaced() -> dict[str, str | None]:
    """The modules in whose place another one goes in, with this machine's libraries."""
    sources = (path for library in LIBRARIES for path in (DIST_PACKAGES / library).rglob("*.py"))
    needed = any(name in path.read_bytes() for path in sources for name in (b"dataclass", b"typing"))
    lean = {} if needed else LEAN
    return {name: file for name, file in (REPLACED | lean).items() if is_there(name)}


def is_there(name: str) -> bool:
    """Whether the library has the module `name`; the standard library has all that we name."""
    library, *inner = name.split(".")
    return library not in LIBRARIES or not inner or DIST_PACKAGES.joinpath(library, *inner).with_suffix(".py").exists()
