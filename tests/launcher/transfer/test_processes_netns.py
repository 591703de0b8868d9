"""The processes of a real cast: which rights they have, and that none of them holds a seat up for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.launcher.test_confinement import fields, without_rights
from tests.launcher.transfer.test_transfer_netns import (
    MIB,
    Room,
    blank,
    built,  # noqa: F401 - a fixture
    data,  # noqa: F401 - a fixture
    middle,
    room,  # noqa: F401 - a fixture
    until_runs,
)


@pytest.mark.netns
def test_no_program_of_a_cast_has_rights(room: Room, data: bytes) -> None:  # noqa: F811
    """On either side, as root: the user, the capabilities, and the disk."""
    target, sending, receiver = middle(room, data, "zstd")
    for seat, program in ((0, "udp-sender"), (0, "zstd"), (1, "udp-receiver"), (1, "zstd")):
        process = Path(f"/proc/{until_runs(room, seat, program)}")
        told = fields((process / "status").read_text())
        without_rights(told)
        assert told["Uid"].split() == told["Gid"].split() == ["65534"] * 4
        assert {Path(fd.readlink()).name.partition(":")[0] for fd in (process / "fd").iterdir()} <= {
            *("pipe", "socket", "null", "tty"),
            "anon_inode",
        }
    assert target.read_bytes()[: 2 * MIB] != blank(2 * MIB), "and the cast goes on"
    for one in (sending, receiver):
        one.kill()
