"""Programs that make disks: what is said when one is missing or fails."""

from __future__ import annotations

import pytest

from qemu.disks.tools import DiskError, run


def test_a_missing_tool_is_one_sentence() -> None:
    with pytest.raises(DiskError, match="no-such-tool is not installed"):
        run(["no-such-tool"])


def test_a_failing_tool_says_its_last_line() -> None:
    with pytest.raises(DiskError, match=r"ended with status 2: ls: cannot access '/no/such'"):
        run(["ls", "/no/such"])
