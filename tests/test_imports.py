"""The import column of the architecture: which folder may import which.

The rule keeps the launcher free of the harness (and the harness honest: it sees only what a real room sees).
"""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

from launcher import VERSION

ROOT = Path(__file__).resolve().parent.parent
MAY_IMPORT = {
    "kernel_cmdline": set[str](),
    "launcher": {"kernel_cmdline"},
    "initrd": {"kernel_cmdline"},
    "pxe": {"kernel_cmdline", "launcher.explain"},
    "qemu": {"initrd", "pxe", "kernel_cmdline"},
}

MEASURED_FROM_WITHIN = {"qemu/bench_stages.py": ("launcher.disk", "launcher.pumps")}
"""What runs the launcher's parts themselves, to measure them; it judges no seat."""


def imported(path: Path, folder: str) -> set[str]:
    """Absolute names of our modules that `path` imports from outside its own folder."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.update({f"{node.module}.{alias.name}" for alias in node.names} | {node.module})
    return {name for name in names if name.split(".")[0] in set(MAY_IMPORT) - {folder}}


def allowed(name: str, folder: str) -> bool:
    return any(
        name == rule or name.startswith(f"{rule}.") or rule.startswith(f"{name}.") for rule in MAY_IMPORT[folder]
    )


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_a_folder_imports_only_what_the_architecture_allows(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files, f"{folder}/ has no Python files"
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in files
        for name in sorted(imported(path, folder))
        if not allowed(name, folder)
        and not name.startswith(MEASURED_FROM_WITHIN.get(str(path.relative_to(ROOT)), ("-",)))
    ]
    assert not wrong


def test_only_the_pumps_import_xxhash() -> None:
    assert {path.name for path in (ROOT / "launcher").rglob("*.py") if "import xxhash" in path.read_text()} == {
        "pumps.py"
    }


def test_only_detect_imports_pyudev_and_netifaces() -> None:
    users = {
        path.name
        for path in (ROOT / "launcher").rglob("*.py")
        if any(word in path.read_text() for word in ("import pyudev", "import netifaces"))
    }
    assert users <= {"detect.py"}


def test_the_launcher_knows_the_version_of_the_project() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION
