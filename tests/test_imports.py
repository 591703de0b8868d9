"""The import columns of the architecture: which folder may import which, and inside a folder which room which.

The rules keep the launcher free of the harness (and the harness honest: it sees only what a real room sees), and let a
reader of one room look only at the rooms above it in the table.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from initrd.python import LIBRARIES
from tests.common import ROOT

MAY_IMPORT = {
    "catalogues": set[str](),
    "kernel_cmdline": set[str](),
    "launcher": {"kernel_cmdline"},
    "initrd": {"kernel_cmdline", "launcher.answers.explain"},
    "pxe": {
        *("kernel_cmdline", "initrd.pair", "launcher.answers.explain"),
        *("launcher.translate", "launcher.sentence", "launcher.errors"),  # the words of a boot menu
    },
    "cli": {"initrd", "kernel_cmdline", "launcher", "pxe"},
    "qemu": {"initrd", "pxe", "kernel_cmdline"},
}

MEASURED_FROM_WITHIN = {
    "qemu/bench/stages.py": ("launcher.datapath.",),
    "initrd/inside/first_screen.py": ("launcher.",),
}
"""What runs the launcher's parts themselves, to measure them, or to see what they need; it judges no seat."""

ROOMS = {
    "launcher": (
        *(
            "model",
            "udpcast",
            "hardware",
            "network",
            "answers",
            "used",
            "datapath",
            "resize",
            "transfer",
            "images",
            "screens",
            "session",
        ),
        "commands",
    ),
    "pxe": (
        *("entries", "signatures", "others", "room_file", "medium", "tree", "wire", "web", "proxy", "server", "done"),
        "commands",
    ),
    "qemu": ("host", "machine", "disks", "classroom", "bench", "commands"),
}
"""The rooms of a folder; a room imports from those before it, and from its folder's top modules, which import none."""

ABOVE_THE_ROOMS = {
    "launcher": {"__main__"},
    "pxe": {"__main__"},
    "qemu": {"__main__", "demo"},
}
"""Top modules that tie the rooms together; nothing imports them."""


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> Iterator[str]:
    """Absolute names of all that `path` imports, inside functions as well: modules, and what may be a module."""
    package = dotted(path) if path.name == "__init__.py" else dotted(path).rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            base = ".".join(parts[: len(parts) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def allowed(name: str, folder: str) -> bool:
    return any(
        name == rule or name.startswith(f"{rule}.") or rule.startswith(f"{name}.") for rule in MAY_IMPORT[folder]
    )


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_a_folder_imports_only_what_the_architecture_allows(folder: str) -> None:
    files = modules(folder)
    assert files, f"{folder}/ has no Python files"
    others = set(MAY_IMPORT) - {folder}
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in files
        for name in sorted(set(imports(path)))
        if name.split(".")[0] in others
        and not allowed(name, folder)
        and not f"{name}.".startswith(MEASURED_FROM_WITHIN.get(str(path.relative_to(ROOT)), ("-",)))
    ]
    assert not wrong


def test_what_makes_a_pair_stands_alone() -> None:
    """`pxe` imports it, and shall not see the builder."""
    files = [path for path in modules("initrd") if path.parent.name == "pair"]
    assert files
    ours = {name for path in files for name in imports(path) if name.split(".")[0] in MAY_IMPORT}
    assert all(f"{name}.".startswith("initrd.pair.") or name == "initrd" for name in ours)


@pytest.mark.parametrize("folder", ROOMS)
def test_every_folder_below_is_a_room_of_the_table(folder: str) -> None:
    assert {path.parent.name for path in (ROOT / folder).glob("*/__init__.py")} == set(ROOMS[folder])


def room(name: str, folder: str) -> str:
    """The room that the module `name` of `folder` lies in; "" for a top module."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in ROOMS[folder] else ""


@pytest.mark.parametrize("folder", ROOMS)
def test_imports_between_rooms_go_one_way(folder: str) -> None:
    order = {name: number for number, name in enumerate(("", *ROOMS[folder]))}
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules(folder)
        if dotted(path).removeprefix(f"{folder}.") not in ABOVE_THE_ROOMS[folder]
        for name in sorted(set(imports(path)))
        if name.split(".")[0] == folder and order[room(name, folder)] > order[room(dotted(path), folder)]
    ]
    assert not wrong


@pytest.mark.parametrize("folder", ROOMS)
def test_nothing_imports_what_ties_the_rooms_together(folder: str) -> None:
    tying = {f"{folder}.{name}" for name in ABOVE_THE_ROOMS[folder]}
    wrong = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules(folder)
        if dotted(path) not in tying
        for name in imports(path)
        if name in tying
    }
    assert not wrong


def importers(*names: str) -> set[str]:
    """The launcher's modules that import one of `names`, with their path below `launcher/`."""
    return {
        str(path.relative_to(ROOT / "launcher"))
        for path in modules("launcher")
        if any(found.split(".")[0] in names for found in imports(path))
    }


def test_only_the_datapath_imports_xxhash() -> None:
    assert importers("xxhash") == {"datapath/marked_digest.py", "datapath/digests.py"}


def test_only_detection_imports_pyudev() -> None:
    assert importers("pyudev") == {"hardware/detect.py"}


def test_every_library_of_the_initrd_is_imported() -> None:
    assert [name for name in LIBRARIES if not importers(name)] == []


def test_only_the_screens_import_urwid() -> None:
    assert {name.split("/")[0] for name in importers("urwid")} == {"screens"}


def test_only_one_module_starts_processes() -> None:
    spawning = ("posix_spawn", "subprocess", "os.system", "os.fork", "pty.fork", "os.exec")
    assert {
        str(path.relative_to(ROOT / "launcher"))
        for path in modules("launcher")
        if any(word in path.read_text() for word in spawning)
    } == {"process.py"}
