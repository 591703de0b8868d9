"""Programs without rights: as root, in a user namespace, and as whoever runs this."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from launcher.confinement import NOBODY, confined, hand_over_log
from launcher.errors import TransferFailed
from launcher.process import open_terminal, output, spawn
from tests.common import ROOT

LOOK = "cat /proc/self/status; exec 3< {path} && echo opened; exec 4> {path} && echo opened"
NO_CAPABILITIES = {f"Cap{kind}": "0" * 16 for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")}


def fields(status: str) -> dict[str, str]:
    """The lines of /proc/PID/status."""
    return {name: value.strip() for name, _, value in (line.partition(":") for line in status.splitlines())}


def seen(path: Path) -> dict[str, str]:
    """What a confined shell says of itself; `opened` is there where it could open `path`."""
    read, write = os.pipe()
    process = spawn(("sh", "-c", LOOK.format(path=path)), None, write, lambda _: None, rights=False)
    os.close(write)
    with open(read) as end:  # noqa: PTH123 - a descriptor
        told = fields(end.read())
    process.reap()
    return told


def without_rights(told: dict[str, str]) -> None:
    assert told["NoNewPrivs"] == "1"
    assert {name: told[name] for name in NO_CAPABILITIES} == NO_CAPABILITIES
    assert "opened" not in told


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """What only a capability opens, whoever it belongs to."""
    (tmp_path / "disk").touch(mode=0)
    return tmp_path / "disk"


@pytest.mark.skipif(os.geteuid() != 0, reason="who is not root stays who he is")
def test_as_root_a_program_is_nobody_and_opens_no_disk() -> None:
    with tempfile.NamedTemporaryFile() as disk:  # 0600, where everybody may look
        told = seen(Path(disk.name))
    without_rights(told)
    assert told["Uid"].split() == told["Gid"].split() == [str(NOBODY)] * 4
    assert told["Groups"] == ""
    assert fields(Path("/proc/self/status").read_text())["Uid"].split() == ["0"] * 4, "ours are still there"


@pytest.mark.parametrize("fewer", [(), ("setpriv", "--bounding-set", "-setpcap")])
def test_in_a_user_namespace_a_program_has_no_capability(closed: Path, fewer: tuple[str, ...]) -> None:
    """Even where the launcher may not make it impossible to get one again."""
    script = (
        "import json, sys; from pathlib import Path; from tests.launcher.test_confinement import seen;"
        "open(sys.argv[1]).close(); print(json.dumps(seen(Path(sys.argv[1]))))"
    )
    words = ["unshare", "--user", "--map-root-user", *fewer, sys.executable, "-c", script, str(closed)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    without_rights({**told, "CapBnd": NO_CAPABILITIES["CapBnd"]} if fewer else told)
    assert told["Uid"].split() == ["0"] * 4


def test_who_has_few_rights_gives_these_up(closed: Path) -> None:
    told = seen(closed)
    assert told["NoNewPrivs"] == "1"
    assert {told[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {"0" * 16}


def test_a_confined_program_opens_its_terminal() -> None:
    terminal = open_terminal()
    assert terminal
    words = ("sh", "-c", "exec 3<> /dev/tty && echo here >&3")
    null = os.open(os.devnull, os.O_WRONLY)
    process = spawn(words, None, null, lambda _: None, terminal[2], rights=False)
    assert process.reap() == 0
    assert os.read(terminal[0], 100) == b"here\r\n"
    for fd in (null, *terminal[:2]):
        os.close(fd)


def test_a_log_file_may_be_written_and_nothing_else_is_handed_over(tmp_path: Path) -> None:
    owner = NOBODY if os.geteuid() == 0 else os.geteuid()
    for _ in range(2):
        hand_over_log(str(tmp_path / "log"))
        assert (tmp_path / "log").stat().st_uid == owner
    (tmp_path / "directory").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "other")
    (tmp_path / "other").touch()
    (tmp_path / "twice").touch()
    os.link(tmp_path / "twice", tmp_path / "again")
    for name in ("directory", "link", "no/such", "twice"):
        hand_over_log(str(tmp_path / name))
    assert {path.lstat().st_uid for path in tmp_path.iterdir() if path.name != "log"} == {os.geteuid()}


def test_where_rights_cannot_be_given_up_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    class Libc:
        def __getattr__(self, name: str) -> Any:
            return lambda *_: -1

    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Libc())
    started: list[int] = []
    with pytest.raises(TransferFailed, match="could not be confined"):
        confined(lambda: started.append(1))
    assert not started


def test_what_has_rights_keeps_them() -> None:
    told = fields(output(("cat", "/proc/self/status")).decode())
    ours = fields(Path("/proc/self/status").read_text())
    for name in ("Uid", "CapEff", "CapBnd", "NoNewPrivs"):
        assert told[name] == ours[name]
