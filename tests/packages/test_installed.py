"""The Debian package and the wheel, installed in one clean Debian: both hold every file, and their commands work."""

from __future__ import annotations

import concurrent.futures
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.commands import COMMANDS
from initrd.build import INITRD, LINUX, MANIFEST
from initrd.python import LIBRARIES
from launcher import VERSION
from tests.common import ROOT

pytestmark = pytest.mark.package

FOLDERS = {
    "deb": ("cli", "initrd", "kernel_cmdline", "launcher", "pxe"),
    "wheel": ("cli", "initrd", "kernel_cmdline", "launcher", "pxe", "qemu"),
}
VENV = "/opt/venv"
COMMAND = {"deb": "/usr/bin/udpcast-launcher", "wheel": f"{VENV}/bin/udpcast-launcher"}
PRIVATE = {"deb": "/usr/share/udpcast-launcher", "wheel": f"{VENV}/lib/python3*/site-packages/udpcast_launcher/lib"}
SHARED = {"deb": "/usr/share", "wheel": f"{VENV}/share"}

Inside = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def installed(inside: Inside) -> Inside:
    """Runs a command in the clean Debian, where both packages are installed, and PyPI's `qemu` beside the wheel."""
    inside("dpkg", "--install", "/mnt/launcher.deb")
    inside("python3", "-m", "venv", VENV)
    offline = ("--quiet", "--no-index", "--find-links", "/mnt/wheels")
    inside(f"{VENV}/bin/pip", "install", *offline, "udpcast-launcher", "qemu", "qemu.qmp")
    return inside


@pytest.fixture(scope="module")
def pairs(installed: Inside, share: Path) -> dict[str, Path]:
    """The pair that each of the two builds, with the distribution's kernel."""
    # Once, and not by both at the same time.
    fetch = "import pathlib, sys; sys.path[:0] = sys.argv[1:]; import initrd.kernel as k; k.fetch(pathlib.Path('/srv'))"
    installed("python3", "-c", fetch, PRIVATE["deb"])

    def build(kind: str) -> Path:
        installed(COMMAND[kind], "build", "-o", f"/mnt/pair-{kind}", "--cache", "/srv")
        return share / f"pair-{kind}"

    with concurrent.futures.ThreadPoolExecutor() as pool:
        return dict(zip(COMMAND, pool.map(build, COMMAND), strict=True))


def lines(text: str) -> set[str]:
    return set(text.splitlines())


def ours(kind: str) -> set[str]:
    """Every file of the package's folders, translations compiled, with a star behind those that are executable."""
    paths = {path for folder in FOLDERS[kind] for path in (ROOT / folder).rglob("*") if path.is_file()}
    marked = {path.relative_to(ROOT): "*" if path.stat().st_mode & 0o100 else "" for path in paths}
    return {
        f"{path.with_suffix('.mo') if path.suffix == '.po' else path}{mark}"
        for path, mark in marked.items()
        if "__pycache__" not in path.parts
    }


@pytest.mark.parametrize("kind", COMMAND)
def test_every_file_is_there_and_no_other(installed: Inside, kind: str) -> None:
    find = r"cd %s && find %s -name __pycache__ -prune -o -type f \( -perm /111 -printf '%%p*\n' -o -printf '%%p\n' \)"
    there = lines(installed("sh", "-c", find % (PRIVATE[kind], " ".join(FOLDERS[kind]))).stdout)
    assert there - ours(kind) == set()
    assert ours(kind) - there == set()
    assert "initrd/inside/collect.py" in there


@pytest.mark.parametrize("kind", COMMAND)
def test_nothing_else_is_in_the_shared_places(installed: Inside, kind: str) -> None:
    """No module of ours can be imported by others, but for the one package of the wheel."""
    python = {"deb": "/usr/bin/python3", "wheel": f"{VENV}/bin/python"}[kind]
    code = "import importlib.util as u, sys; print(*(n for n in sys.argv[1:] if u.find_spec(n)))"
    found = installed(python, "-c", code, *FOLDERS["deb"], "udpcast_launcher", "qemu").stdout.split()
    assert found == {"deb": [], "wheel": ["udpcast_launcher", "qemu"]}[kind]


def test_the_wheel_lies_beside_the_qemu_of_the_package_index(installed: Inside) -> None:
    code = "import qemu.qmp, udpcast_launcher; print(qemu.qmp.QMPClient.__name__, udpcast_launcher.__file__)"
    client, file = installed(f"{VENV}/bin/python", "-c", code).stdout.split()
    assert client == "QMPClient"
    assert file.startswith(VENV)
    lib = "import pathlib, sys, udpcast_launcher as u; sys.path.insert(0, str(pathlib.Path(u.__file__).parent / 'lib'))"
    ours = installed(f"{VENV}/bin/python", "-c", f"{lib}; from qemu.machine import spec; print(spec.__file__)").stdout
    assert "/udpcast_launcher/lib/qemu/" in ours


@pytest.mark.parametrize("kind", COMMAND)
def test_help_of_every_sub_command(installed: Inside, kind: str) -> None:
    script = f'for name in "$@"; do {COMMAND[kind]} "$name" --help || exit; done'
    said = installed("sh", "-c", script, "sh", *COMMANDS).stdout
    assert [f"usage: udpcast-launcher {name} " in said for name in COMMANDS] == [True] * len(COMMANDS)
    assert installed(COMMAND[kind], "--version").stdout == f"udpcast-launcher {VERSION}\n"


@pytest.mark.parametrize("kind", COMMAND)
def test_a_line_is_explained(installed: Inside, kind: str) -> None:
    words = [COMMAND[kind], "explain", "--machine", "one-disk-one-card.json", "--cmdline"]
    explained = installed(*words, "umode=rcv disk=/dev/sda port=9002 mode=x").stdout  # mode= is looked up in the lists
    assert "udp-receiver --interface eth0 --portbase 9002" in explained
    assert "port" in installed(*words, "umode=rcv port=9001", status=1).stdout


@pytest.mark.parametrize("kind", COMMAND)
def test_this_machine_is_recorded(installed: Inside, kind: str) -> None:
    assert {"disks", "nics"} <= set(json.loads(installed(COMMAND[kind], "machine").stdout))


@pytest.mark.parametrize("kind", COMMAND)
def test_the_pair_is_built(pairs: dict[str, Path], kind: str) -> None:
    assert sorted(path.name for path in pairs[kind].iterdir()) == sorted([INITRD, LINUX, MANIFEST])
    manifest = json.loads((pairs[kind] / MANIFEST).read_text())
    assert {entry["name"]: entry["size"] for entry in manifest["files"]} == {
        name: (pairs[kind] / name).stat().st_size for name in (LINUX, INITRD)
    }
    assert manifest["launcher"] == VERSION
    assert manifest["command"].startswith("udpcast-launcher build -o ")
    assert {"launcher", "kernel_cmdline", "urwid", "pyudev"} <= set(manifest["python_modules"])


def test_both_build_the_same_pair(pairs: dict[str, Path]) -> None:
    """Whatever Python the command runs under, Debian's goes in, with Debian's libraries."""
    for name in (LINUX, INITRD):
        assert (pairs["deb"] / name).read_bytes() == (pairs["wheel"] / name).read_bytes(), name


@pytest.mark.parametrize("kind", COMMAND)
def test_the_pair_goes_into_a_boot_tree(pairs: dict[str, Path], installed: Inside, kind: str, share: Path) -> None:
    installed(COMMAND[kind], "tree", f"/mnt/tree-{kind}", "--pair", f"/mnt/{pairs[kind].name}")
    assert (share / f"tree-{kind}" / LINUX).read_bytes() == (pairs[kind] / LINUX).read_bytes()
    assert (share / f"tree-{kind}/pxelinux.0").is_file()


def test_the_builder_names_what_the_system_does_not_have(installed: Inside) -> None:
    """The libraries of the virtual environment are not those that go into the initrd."""
    hide = 'mount --bind /media /usr/lib/python3/dist-packages && exec "$@"'
    done = installed("sh", "-c", hide, "sh", COMMAND["wheel"], "build", "-o", "/tmp/pair", status=1)
    packages = " ".join(f"python3-{name}" for name in LIBRARIES)
    *most, last = (f"Python's {name}" for name in LIBRARIES)
    assert done.stderr == f"initrd: {', '.join(most)} and {last} are missing here: apt-get install {packages}\n"


@pytest.mark.parametrize("kind", COMMAND)
def test_the_completion_is_where_bash_looks(installed: Inside, kind: str) -> None:
    file = f"{SHARED[kind]}/bash-completion/completions/udpcast-launcher"
    script = f'. {file}; COMP_WORDS=(udpcast-launcher pa); COMP_CWORD=1; _udpcast_launcher; echo "${{COMPREPLY[@]}}"'
    there = [name for name in COMMANDS if name.startswith("pa")]
    assert len(there) > 1
    assert sorted(installed("bash", "-euc", script).stdout.split()) == sorted(there)


@pytest.mark.parametrize("kind", COMMAND)
def test_every_sub_command_has_its_manual_page(installed: Inside, kind: str) -> None:
    there = installed("sh", "-c", f"cd {SHARED[kind]}/man/man1 && ls udpcast-launcher*").stdout.split()
    names = ["udpcast-launcher", *(f"udpcast-launcher-{name}" for name in COMMANDS)]
    assert {name.removesuffix(".gz") for name in there} == {f"{name}.1" for name in names}


def test_the_wheel_through_the_source_archive_is_the_same(source: Path, wheel: Path, tmp_path: Path) -> None:
    make = ["-m", "build", "--sdist", "--outdir", str(tmp_path), str(source)]
    subprocess.run([sys.executable, *make], check=True, capture_output=True)
    (archive,) = tmp_path.glob("*.tar.gz")
    pip = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(archive)]
    subprocess.run([sys.executable, *pip], check=True, capture_output=True)
    (second,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(second) as other:
        assert {entry.filename: entry.CRC for entry in one.infolist()} == {
            entry.filename: entry.CRC for entry in other.infolist()
        }


def test_building_writes_nothing_into_the_checkout(source: Path, deb: Path, wheel: Path) -> None:
    assert deb.is_file() and wheel.is_file()
    there = {path.relative_to(source) for path in source.rglob("*")}
    new = {path for path in there if not (ROOT / path).exists()}
    assert {path.parts[0] for path in new} == {"debian"}  # where debhelper works
