"""Beside another DHCP server: which PCs get no address from anybody."""

from __future__ import annotations

import pytest

from pxe.wire.message import Kind, Message, Option
from pxe.wire.waiting import AGAIN, LEAST, TRIES, Waiting
from tests.pxe.wire.dhcp_messages import NOWHERE, OTHER_MAC, PXE, discover, reply, request


def test_a_pc_that_only_asks_is_said_after_some_tries_and_then_rarely() -> None:
    waiting = Waiting()
    assert [waiting.hear(discover(*PXE), at) for at in (0, 4, 12, 28)] == [False, False, True, False]
    assert not waiting.hear(discover(*PXE, mac=OTHER_MAC), 28)
    assert waiting.hear(discover(*PXE), 12 + AGAIN)


def test_it_has_time() -> None:
    waiting = Waiting()
    assert not any(waiting.hear(discover(*PXE), LEAST / 2) for _ in range(2 * TRIES))


@pytest.mark.parametrize(
    "came", [request("10.77.0.50", server="10.77.0.2"), request("10.77.0.50"), reply(Kind.OFFER, "10.77.0.50")]
)
def test_a_pc_that_gets_an_address_begins_anew(came: Message) -> None:
    waiting = Waiting()
    for message, at in ((discover(*PXE), 0), (discover(*PXE), 4), (came, 5), (discover(*PXE), 12)):
        assert not waiting.hear(message, at)


def test_a_boot_servers_answer_is_no_address() -> None:
    waiting = Waiting()
    said = [waiting.hear(one, at) for at in (0, 4, 12) for one in (discover(*PXE), reply(Kind.OFFER, NOWHERE))]
    assert any(said)


def test_an_ordinary_pc_is_not_meant() -> None:
    waiting = Waiting()
    assert not any(waiting.hear(discover((Option.VENDOR, b"MSFT 5.0")), at) for at in range(0, 100, 10))
