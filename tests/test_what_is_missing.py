"""Where something is missing: one sentence that names all of it, and help needs nothing at all.

The libraries are hidden by modules of the same names that cannot be imported.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from launcher import paths
from launcher.__main__ import main
from tests.common import ROOT

LIBRARIES = ("urwid", "pyudev", "xxhash", "pyte", "babel")
HELPS = [
    *("launcher", "launcher run", "launcher explain", "launcher screens", "launcher transfer", "launcher machine"),
    *("launcher parameters", "cli", "cli build", "cli explain", "cli transfer", "cli serve", "pxe", "pxe tree"),
    *("pxe serve", "initrd", "initrd build", "initrd packages", "qemu", "qemu classroom", "qemu boot", "qemu bench"),
    *("qemu.demo", "catalogues", "kernel_cmdline"),
]
RECORDED = "--machine one-disk-one-card.json --cmdline lang=EN"


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which Python finds none of `LIBRARIES`."""
    hidden = tmp_path_factory.mktemp("hidden")
    for name in LIBRARIES:
        (hidden / f"{name}.py").write_text(f"raise ModuleNotFoundError(\"No module named '{name}'\", name='{name}')\n")
    return {**os.environ, "PYTHONPATH": f"{hidden}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}


def run(environment: dict[str, str], words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *words.split()]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


def test_help_needs_no_library(without: dict[str, str]) -> None:
    for words in HELPS:
        done = run(without, f"{words} --help")
        assert (done.returncode, done.stderr) == (0, ""), words
        assert done.stdout.startswith("usage: "), words


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ("launcher explain --cmdline lang=EN", 2, "launcher: Python has no pyudev here. Install "),
        ("launcher machine", 2, "launcher: Python has no pyudev here. Install "),
        ("qemu.demo", 3, "qemu/demo: something is missing: apt-get install "),
        ("qemu classroom", 3, "something is missing: apt-get install "),
    ],
)
def test_what_needs_a_library_says_so(without: dict[str, str], words: str, status: int, said: str) -> None:
    hidden = {**without, "PATH": "/nowhere"} if words.startswith("qemu") else without
    done = run(hidden, words)
    assert (done.returncode, done.stderr.count("\n")) == (status, 1)
    assert done.stderr.startswith(said)


def test_a_transfer_that_lacks_a_library_is_an_event_too(without: dict[str, str], tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.write_bytes(bytes(4096))
    code = (
        "import sys; from launcher.commands import transfer; from launcher.model.plan import Plan;"
        "transfer.plan_of = lambda *_: (None, ()); from launcher.__main__ import main; sys.exit(main(['transfer']))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=without, capture_output=True, text=True, check=False)
    event = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, event["event"], event["kind"]) == (2, "error", "program-missing")
    assert event["sentence"] == "Python has no xxhash here."
    assert done.stderr == f"launcher: {event['sentence']} {event['hint']}\n"


def test_a_module_of_ours_that_is_missing_is_a_bug() -> None:
    from launcher.commands.libraries import libraries_named  # noqa: PLC0415

    with pytest.raises(ModuleNotFoundError), libraries_named():
        raise ModuleNotFoundError("No module named 'launcher.gone'", name="launcher.gone")


# --- the launcher outside of its initrd -------------------------------------------------------------------------------


def test_run_is_for_the_initrd(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(paths, "RUN", tmp_path / "run")
    monkeypatch.setattr(paths, "STAMPS", tmp_path / "run/stamps")
    assert main(["run"]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("launcher: `run` is what the initrd starts, and this is none: `screens` ")
    assert (said.err.count("\n"), said.out, list(tmp_path.iterdir())) == (1, "", [])


@pytest.mark.parametrize("name", ["stamps", "stamps.reported"])
def test_run_in_the_initrd_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    """Also when the launcher is started again there."""
    monkeypatch.setattr(paths, "STAMPS", tmp_path / "stamps")
    monkeypatch.setattr("launcher.session.boot.run", lambda: 12)
    (tmp_path / name).touch()
    assert main(["run"]) == 12


# --- scripts ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def debian(tmp_path: Path) -> dict[str, str]:
    """Where no package is installed, and apt-get leaves a mark."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, body in {"dpkg-query": "exit 1", "apt-get": f"echo $* >> {tmp_path}/installed", "sudo": "exit 1"}.items():
        (tools / name).write_text(f"#!/bin/sh\n{body}\n")
        (tools / name).chmod(0o755)
    tmp_path.chmod(0o755)
    return {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}


@pytest.mark.parametrize("script", ["qemu/demo", "tests/run"])
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_of_a_script_installs_nothing(debian: dict[str, str], tmp_path: Path, script: str, option: str) -> None:
    done = subprocess.run([ROOT / script, option], env=debian, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr, (tmp_path / "installed").exists()) == (0, "", False)
    assert done.stdout.startswith(f"usage: {script}")


def prepared(environment: dict[str, str], *, root: bool) -> subprocess.CompletedProcess[str]:
    """`install_packages` of the scripts, as root or as somebody else."""
    script = (ROOT / "qemu/prepare.sh").read_text() + "\ninstall_packages zstd lzop\n"
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 and not root else []
    command = [*user, "bash", "-euo", "pipefail", "-c", script, "demo"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd="/")


def test_a_sudo_that_fails_is_not_the_networks_fault(debian: dict[str, str], tmp_path: Path) -> None:
    for place in (tmp_path, *tmp_path.parents[:3]):
        place.chmod(place.stat().st_mode | 0o055)
    done = prepared(debian, root=False)
    assert done.returncode == 3
    assert done.stderr == "demo: sudo did not make us root, see above; as root: apt-get install zstd lzop\n"
    assert not (tmp_path / "installed").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root installs without sudo")
def test_root_installs_what_is_missing(debian: dict[str, str], tmp_path: Path) -> None:
    assert prepared(debian, root=True).returncode == 0
    assert "install -y --no-install-recommends zstd lzop" in (tmp_path / "installed").read_text()
