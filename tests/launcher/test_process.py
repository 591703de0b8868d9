"""Programs and single processes."""

from __future__ import annotations

import os
import select
import signal

import pytest

from launcher.errors import TransferFailed
from launcher.process import open_terminal, program, spawn

DEADLINE = 20.0


def test_a_process_is_hung_up_when_our_side_of_its_terminal_closes() -> None:
    terminal = open_terminal()
    assert terminal is not None
    null = os.open(os.devnull, os.O_WRONLY)
    process = spawn(("sleep", "100"), None, null, lambda _: None, terminal[2])
    os.close(null)
    os.close(terminal[1])
    os.close(terminal[0])
    hung_up = bool(select.select([process.pidfd], [], [], DEADLINE)[0])
    process.signal(signal.SIGKILL)
    assert process.reap() == -signal.SIGHUP
    assert hung_up


def test_a_missing_program_is_named() -> None:
    with pytest.raises(TransferFailed, match="no-such-program is missing from this initrd"):
        program(("no-such-program", "-x"))


def test_pigz_may_be_gzip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("launcher.process.shutil.which", lambda name: None if name == "pigz" else f"/bin/{name}")
    assert program(("pigz", "-1", "-c")) == ("gzip", "-1", "-c")
