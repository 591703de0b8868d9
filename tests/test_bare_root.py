"""The bare root's command line; `tests/run debian13` makes one and works in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("bare-root")


@pytest.mark.parametrize("words", [[], ["trixie"], ["../trixie", "true"], ["Trixie", "true"], ["--cache"]])
def test_wrong_usage_makes_nothing(words: list[str]) -> None:
    done = subprocess.run([SCRIPT, *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: tests/bare-root")


def test_who_is_not_root_is_told_what_is_missing() -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        copy = Path(name)
        copy.chmod(0o755)  # for whoever else it is that runs it
        for file in ("tests/bare-root", "qemu/prepare.sh"):
            (copy / file).parent.mkdir()
            shutil.copy(SCRIPT.parents[1] / file, copy / file)
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        words = [*nobody, str(copy / "tests/bare-root"), "trixie", "true"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "bare-root: a root directory can be made by root only: sudo tests/bare-root trixie ...\n"
