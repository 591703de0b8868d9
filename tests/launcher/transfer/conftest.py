"""For the tests of a transfer: a directory that the programs of a transfer, which have no rights, may use as well."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """In place of pytest's own, whose parents let nobody in."""
    directory = Path(tempfile.mkdtemp(prefix="udpcast-"))
    directory.chmod(0o777)
    yield directory
    shutil.rmtree(directory)
