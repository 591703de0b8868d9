"""A file counts as loaded only when no byte of it is missing, in whatever parts it came."""

from __future__ import annotations

import pytest

from pxe.server import loads
from pxe.server.loads import Got, Loads

SIZE = 100
WHOLE, PART, STOPPED = Got.WHOLE, Got.PART, Got.STOPPED


def took(*parts: range, at: Loads | None = None, address: str = "10.77.0.9") -> list[Got]:
    """What is said after each part; each came as it was asked for."""
    client = at or Loads()
    return [client.took(address, "udpcast-initrd", part, part, SIZE) for part in parts]


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([range(100)], [WHOLE]),
        ([range(50), range(50, 100)], [PART, WHOLE]),
        ([range(50, 100), range(50)], [PART, WHOLE]),
        ([range(60), range(40, 100)], [PART, WHOLE]),
        ([range(50), range(51, 100)], [PART, PART]),
        ([range(50), range(51, 100), range(50, 51)], [PART, PART, WHOLE]),
        ([range(1, 100)], [PART]),
        ([range(50), range(50)], [PART, PART]),
        ([range(100), range(50)], [WHOLE, PART]),
    ],
)
def test_parts(parts: list[range], said: list[Got]) -> None:
    assert took(*parts) == said


def test_what_was_ended_on_the_way_does_not_count() -> None:
    client = Loads()
    assert client.took("10.77.0.9", "udpcast-initrd", range(99), range(SIZE), SIZE) is STOPPED
    assert took(range(99, 100), at=client) == [PART]


def test_each_client_has_its_own_parts() -> None:
    client = Loads()
    assert took(range(50), at=client) == [PART]
    assert took(range(50, 100), at=client, address="10.77.0.10") == [PART]


def test_a_file_that_became_another_one_begins_anew() -> None:
    client = Loads()
    assert took(range(50), at=client) == [PART]
    assert client.took("10.77.0.9", "udpcast-initrd", range(50, 101), range(50, 101), 101) is PART


def test_whoever_asks_without_end_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loads, "MOST", 3)
    client = Loads()
    for number in range(9):
        client.took(f"10.77.0.{number}", "udpcast-initrd", range(50), range(50), SIZE)
    rest = [
        client.took(f"10.77.0.{number}", "udpcast-initrd", range(50, 100), range(50, 100), SIZE) for number in (8, 0)
    ]
    assert rest == [WHOLE, PART]
