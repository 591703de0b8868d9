"""What a client has really loaded, whatever dnsmasq says; with its lines as dnsmasq 2.90 wrote them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pxe.server.clients import Clients
from pxe.server.hearing import Answered, Heard, Lost, Read, Took
from pxe.server.transfers import MOST, PATIENCE, Transfers

PC, PORT = "10.77.0.9", 2070
ASKS, OPTIONS, TAKES = Read(PC, PORT, "udpcast-initrd"), Answered(PC, PORT), Took(PC, PORT)
SENT = "dnsmasq-tftp[42]: sent /srv/tftp/udpcast-initrd to 10.77.0.9"
FAILED = "dnsmasq-tftp[42]: failed sending /srv/tftp/udpcast-initrd to 10.77.0.9"
ABORTED = "dnsmasq-tftp[42]: error 8 User aborted the transfer received from 10.77.0.9"

LOADED = "loaded udpcast-initrd and starts"
STOPPED = "stopped while it loaded udpcast-initrd"
SILENT = "asked for udpcast-initrd, took nothing of it, and is silent"


@pytest.mark.parametrize(
    ("happened", "told"),
    [
        ((ASKS, OPTIONS, TAKES, SENT), [LOADED]),
        ((ASKS, OPTIONS, SENT), [SILENT]),
        ((ASKS, OPTIONS, ABORTED, SENT), []),
        ((ASKS, OPTIONS, ABORTED, ASKS, OPTIONS, SENT, TAKES, SENT), [LOADED]),
        ((ASKS, OPTIONS, TAKES, FAILED), [STOPPED]),
        ((ASKS, OPTIONS, TAKES, ABORTED, FAILED), [STOPPED]),
        ((ASKS, OPTIONS, TAKES, ABORTED, SENT), [STOPPED]),
        ((ASKS, ASKS, OPTIONS, TAKES, SENT, SENT), [LOADED]),
        ((ASKS, OPTIONS, ASKS, OPTIONS, TAKES, SENT, SENT), [LOADED]),
        ((ASKS, OPTIONS, TAKES, SENT, ASKS, OPTIONS, TAKES, SENT), [LOADED, LOADED]),
        ((ASKS, OPTIONS, TAKES, SENT, ASKS, OPTIONS, SENT), [LOADED, SILENT]),
        ((ASKS, Answered(PC, PORT, windows=True), SENT), [LOADED]),
        ((ASKS, OPTIONS, Lost(), SENT), [LOADED]),
        ((ASKS, Answered(PC, 99), Took(PC, 99), SENT), [SILENT]),
    ],
    ids=[
        *("loaded", "options-only", "size-only", "size-first", "left", "aborted", "aborted-at-the-end"),
        *("asked-again", "asked-twice", "two-boots", "second-boot-left", "windows", "not-all-heard", "other-port"),
    ],
)
def test_what_was_loaded(happened: tuple[Heard | str, ...], told: list[str]) -> None:
    transfers = Transfers(hears=True)
    clients = Clients(Path("/srv/tftp"), transfers)
    events = []
    for step in happened:
        if isinstance(step, str):
            events.append(clients.read(step))
        else:
            transfers.hear(step, 0.0)
    assert [event.text for event in events if event] == told


def test_a_file_that_cannot_be_read_is_told_of_the_client_that_asked() -> None:
    transfers = Transfers(hears=True)
    transfers.hear(ASKS, 0.0)
    event = Clients(Path("/srv/tftp"), transfers).read(
        "dnsmasq-tftp[42]: cannot access /srv/tftp/udpcast-initrd: Permission denied"
    )
    assert event and (event.address, event.text) == (
        PC,
        "asked for udpcast-initrd, which cannot be read: Permission denied",
    )


def test_a_question_without_an_answer_is_told_once() -> None:
    transfers = Transfers(hears=True)
    transfers.hear(ASKS, 0.0)
    transfers.hear(Read(PC, 99, "udpcast-linux"), 0.0)
    transfers.hear(Answered(PC, 99), 0.1)
    assert transfers.unanswered(PATIENCE - 0.1) == []
    assert transfers.unanswered(PATIENCE) == [(PC, "udpcast-initrd")]
    assert transfers.unanswered(PATIENCE + 1) == []


def test_whoever_asks_without_end_fills_no_memory() -> None:
    transfers = Transfers(hears=True)
    for number in range(20 * MOST):
        transfers.hear(Read(PC, number, "udpcast-initrd"), 0.0)
    assert len(transfers.unanswered(PATIENCE)) == MOST
