"""An initrd that was built without a file system's tools sends its partitions whole, and says why."""

from __future__ import annotations

import time

import pytest

from launcher import asking
from launcher.used.doubt import Doubt, Tools


def test_a_tool_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(asking, "WHERE_ADMINISTRATORS_HAVE_IT", ())
    commands: list[str] = []
    with pytest.raises(Doubt) as caught:
        Tools(time.monotonic() + 60, commands.append).text("xfs_db", "-r", "/dev/loop0")
    assert str(caught.value.sentence("sda3")) == (
        "sda3: xfs_db is missing (the initrd was built without it, or it is not installed), so it is sent whole."
    )
    assert commands == []
