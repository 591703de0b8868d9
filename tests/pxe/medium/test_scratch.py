"""Where images are made: nothing stays there, also of a run that was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pxe.medium.scratch import PREFIX, scratch

KILLED = """
import os, sys
from pathlib import Path
from pxe.medium.scratch import scratch
with scratch(Path(sys.argv[1])) as folder:
    (folder / "image").write_bytes(bytes(1000))
    print(folder, flush=True)
    sys.stdin.read()
"""


def test_it_is_gone_at_the_end_and_after_an_error(tmp_path: Path) -> None:
    with scratch(tmp_path) as folder:
        (folder / "image").touch()
    with pytest.raises(ValueError, match="why"), scratch(tmp_path) as folder:
        (folder / "image").touch()
        raise ValueError("why")
    assert not list(tmp_path.iterdir())


def test_what_a_killed_run_left_goes_and_that_of_a_living_one_stays(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout
        other = Path(run.stdout.readline().strip())
        with scratch(tmp_path) as folder:
            assert set(tmp_path.iterdir()) == {folder, other}
        run.send_signal(signal.SIGKILL)
    assert other.exists()
    with scratch(tmp_path) as folder:
        assert list(tmp_path.iterdir()) == [folder]


def test_what_only_looks_like_one_stays(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / f"{PREFIX}link1234").symlink_to(tmp_path / "elsewhere")
    (tmp_path / f"{PREFIX}kept").mkdir()
    with scratch(tmp_path):
        pass
    assert len(os.listdir(tmp_path)) == 3  # noqa: PTH208 - names only
