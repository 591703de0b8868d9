"""How disks and cards are written: the same English for logs as ever, and in another language where it is shown."""

from __future__ import annotations

import pytest

from launcher.model.machine import Disk, Nic, Partition
from launcher.model.outcome import Outcome, OutcomeKind
from launcher.model.wording import contents_line, disk_line, listed, nic_line, part_of, partition_line
from launcher.sentence import Sentence, say
from launcher.translate import set_language, tr

WINDOWS = Partition("/dev/sda2", 499_300_000_000, "ntfs", 'Win"{0}"dows')
FULL = Disk("/dev/sda", 500_107_862_016, model="WDC {x}", serial="WX1", transport="usb", removable=True, read_only=True)
BARE = Disk("/dev/vda", 8_000_000_000)


@pytest.fixture
def german() -> None:
    set_language("de")


CASES = [
    (
        disk_line(FULL),
        "/dev/sda, WDC {x}, 500.1 GB, serial WX1, usb, USB stick or card, write-protected",
        "/dev/sda, WDC {x}, 500,1 GB, Seriennummer WX1, usb, USB-Stick oder Karte, schreibgeschützt",
    ),
    (disk_line(BARE), "/dev/vda, 8.0 GB", "/dev/vda, 8,0 GB"),
    (partition_line(FULL, WINDOWS), 'sda2 ntfs "Win"{0}"dows" 499.3 GB', 'sda2 ntfs "Win"{0}"dows" 499,3 GB'),
    (
        contents_line(Disk("/dev/sda", 1, partitions=(WINDOWS, Partition("/dev/sda3", 0)))),
        'sda2 ntfs "Win"{0}"dows" 499.3 GB; sda3 unknown 0 B',
        'sda2 ntfs "Win"{0}"dows" 499,3 GB; sda3 unbekannt 0 B',
    ),
    (
        contents_line(Disk("/dev/sda", 1, filesystem="vfat", label="STICK")),
        'vfat "STICK", no partitions',
        'vfat "STICK", keine Partitionen',
    ),
    (contents_line(BARE), "no partitions recognised", "keine Partitionen erkannt"),
    (nic_line(Nic("eth0", "52:54:00:aa:bb:01")), "eth0, 52:54:00:aa:bb:01", "eth0, 52:54:00:aa:bb:01"),
    (
        nic_line(Nic("eth0", "52:54:00:aa:bb:01", "e1000e", "I219", True, 1000)),
        "eth0, 52:54:00:aa:bb:01, e1000e, I219, link 1000 Mbit/s",
        "eth0, 52:54:00:aa:bb:01, e1000e, I219, Verbindung 1000 Mbit/s",
    ),
    (nic_line(Nic("eth0", "mac", link=True)), "eth0, mac, link", "eth0, mac, Verbindung"),
    (nic_line(Nic("eth0", "mac", link=False, speed=100)), "eth0, mac, no link", "eth0, mac, keine Verbindung"),
    (listed(("a", "b"), 2), "a, b", "a, b"),
    (listed(("a", "b", "c"), 2), "a, b, and 1 more", "a, b, und 1 weiterer"),
    (listed((), 2), "", ""),
]


@pytest.mark.parametrize(("sentence", "english", "translated"), CASES)
def test_a_line_is_english_and_can_be_translated(
    german: None, sentence: Sentence, english: str, translated: str
) -> None:
    assert (str(sentence), tr(sentence)) == (english, translated)


def test_an_outcome_is_told_in_english_with_its_fields(german: None) -> None:
    outcome = Outcome(
        OutcomeKind.WRITE_ERROR, say("{disk} is write-protected.", disk=disk_line(BARE)), say("Try {x}", x=1)
    )
    assert outcome.record() == {
        "kind": "write-error",
        "fields": {"disk": "/dev/vda, 8.0 GB"},
        "sentence": "/dev/vda, 8.0 GB is write-protected.",
    }
    assert outcome.fields().items() >= outcome.record().items()


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [
        (58_200_000_000, 500_107_862_016, "58.2 of 500.1 GB"),
        (3_145_728, 500_107_862_016, "3.1 MB of 500.1 GB"),
        (900_000_000_000, 2_000_000_000_000, "900.0 GB of 2.0 TB"),
        (0, 500, "0 of 500 B"),
    ],
)
def test_a_part_has_the_unit_of_the_whole_where_it_is_the_same(part: int, whole: int, words: str) -> None:
    assert str(part_of(part, whole)) == words
