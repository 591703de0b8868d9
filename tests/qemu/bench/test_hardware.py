"""Which machines `bench hardware` starts, when one has come there, and what its table says."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from qemu.bench import hardware
from qemu.bench.hardware import HardwareBench, Row
from qemu.bench.hardware_lines import DISKS, PATHS, Line, Situation, economical, every, impossible
from qemu.bench.situations import cards_in_the_end, cards_of, disks_in_the_end, known
from qemu.commands.commands import parser
from qemu.machine import available
from qemu.machine.cards import CARDS
from qemu.machine.events import EventLog
from qemu.machine.firmware import MEDIA, Boot, Firmware
from qemu.machine.storage import ATTACHMENTS, Bus

LINE = Line(Firmware.BIOS, Boot.PXE, "e1000", Bus.AHCI)


def test_every_way_card_disk_and_situation_is_in_a_machine() -> None:
    for lines in (economical(), every()):
        assert {(line.firmware, line.path) for line in lines} == set(PATHS)
        assert {line.card for line in lines} == set(CARDS)
        assert {(line.bus, line.sector) for line in lines} == set(DISKS)
        assert {line.situation for line in lines} == set(Situation)
        assert len({line.name for line in lines}) == len(lines)
    assert len(economical()) < 30


ALL = {card.device for card in CARDS.values()} | {row.device for row in ATTACHMENTS.values()}
HERE = frozenset(ALL - {"igb", "emmc"})


def test_every_way_is_in_a_machine_that_can_be_made() -> None:
    lines = economical(HERE)
    could = [line for line in lines if not impossible(line, HERE, "7.2")]
    assert {(line.firmware, line.path) for line in could} == set(PATHS)
    assert [line.name for line in lines if line not in could] == ["bios pxe igb ahci", "bios pxe e1000 emmc"]
    assert {line.card for line in could} == set(CARDS) - {"igb"}
    assert economical(frozenset(ALL)) == economical()


def test_a_bios_boots_from_each_card_that_has_a_boot_rom() -> None:
    booted = {line.card for line in economical() if (line.firmware, line.path) == PATHS[0]}
    assert booted == {name for name, card in CARDS.items() if card.rom}


def test_each_bus_is_there_with_every_sector_size_it_has() -> None:
    assert set(DISKS) == {(bus, sector) for bus, row in ATTACHMENTS.items() for sector in row.sectors}


@pytest.mark.parametrize(
    ("line", "cards"),
    [
        (LINE, ("e1000",)),
        (replace(LINE, card="usb-net"), ("e1000", "usb-net")),
        (replace(LINE, firmware=Firmware.UEFI), ("virtio-net-pci", "e1000")),
        (replace(LINE, firmware=Firmware.UEFI, path=Boot.ISO), ("e1000",)),
        (replace(LINE, card="e1000e", situation=Situation.SECOND_WIRED), ("e1000", "e1000e")),
        (replace(LINE, situation=Situation.LATE_CARD), ()),
    ],
)
def test_who_cannot_be_booted_from_is_the_second_card(line: Line, cards: tuple[str, ...]) -> None:
    assert cards_of(line) == cards
    assert cards_in_the_end(line) == (len(cards) or 1)


def test_a_stick_that_is_booted_from_is_one_disk_more() -> None:
    assert disks_in_the_end(LINE) == 1
    assert disks_in_the_end(replace(LINE, path=Boot.USB)) == 2
    assert disks_in_the_end(replace(LINE, path=Boot.USB, bus=Bus.NVME)) == 1
    assert disks_in_the_end(replace(LINE, path=Boot.ISO)) == 1


def machine_event(disks: list[str], nics: list[str]) -> bytes:
    return json.dumps({"event": "machine", "t": 1.0, "disks": disks, "nics": nics}).encode() + b"\n"


@pytest.mark.parametrize(
    ("line", "disks", "nics", "there"),
    [
        (LINE, ["/dev/sda"], ["eth0"], True),
        (LINE, ["/dev/sda"], [], False),
        (LINE, ["/dev/sr0", "/dev/loop0"], ["eth0"], False),
        (replace(LINE, bus=Bus.NVME), ["/dev/sda"], ["eth0"], False),
        (replace(LINE, bus=Bus.NVME), ["/dev/nvme0n1"], ["eth0"], True),
        (replace(LINE, bus=Bus.SD), ["/dev/mmcblk0", "/dev/sr0"], ["eth0"], True),
        (replace(LINE, path=Boot.USB), ["/dev/sda"], ["eth0"], False),
        (replace(LINE, path=Boot.USB), ["/dev/sda", "/dev/sdb"], ["eth0"], True),
        (replace(LINE, card="usb-net"), ["/dev/sda"], ["eth0"], False),
        (replace(LINE, card="usb-net"), ["/dev/sda"], ["eth0", "usb0"], True),
    ],
)
def test_it_is_there_with_its_own_disk_and_all_cards(
    line: Line, disks: list[str], nics: list[str], there: bool
) -> None:
    log = EventLog()
    log.feed(machine_event([], []) + machine_event(disks, nics))
    assert (known(log, line) is not None) is there


def test_a_machine_that_this_qemu_cannot_make_is_said_with_the_reason() -> None:
    line = replace(LINE, card="igb", bus=Bus.EMMC)
    assert impossible(line, {"igb", "emmc"}, "10.0.2") == ""
    assert impossible(line, {"e1000"}, "7.2.22") == "QEMU 7.2.22 has no igb and no emmc"


def test_what_qemu_says_of_itself_is_read() -> None:
    assert available.parse_version("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg)\n") == "7.2.22"
    text = 'Network devices:\nname "e1000", bus PCI, alias "e1000-82540em", desc "Intel"\nname "usb-net", bus usb-bus\n'
    assert available.parse_devices(text) == {"e1000", "usb-net"}


BENCH = HardwareBench(
    (
        Row(LINE, seconds=19.5, kernel=5.0, devices=21.0),
        Row(replace(LINE, card="igb", path=Boot.ISO), could=False, why="QEMU 7.2.22 has no igb"),
        Row(replace(LINE, firmware=Firmware.UEFI, bus=Bus.NVME, sector=4096), seconds=25.0, kernel=6.0, devices=27.5),
    ),
    floor=2.0,
    accel="tcg",
    qemu="7.2.22",
)


def test_the_table_has_a_line_for_each_machine_and_says_what_cannot_be() -> None:
    lines = hardware.markdown(BENCH).splitlines()
    assert lines[2:5] == [
        "| bios | pxe | e1000 | ahci | yes | 19.5 | 2.50 | 21.0 |  |",
        "| bios | iso | igb | ahci | not to be had | - | - | - | QEMU 7.2.22 has no igb |",
        "| uefi | pxe | e1000 | nvme 4Kn | yes | 25.0 | 3.00 | 27.5 | booted by virtio-net-pci |",
    ]
    assert "2 of 2 machines came to the role choice; 1 cannot be made" in hardware.table(BENCH)
    assert BENCH.good


def test_what_was_not_reached_is_no_yes() -> None:
    failed = replace(BENCH, rows=(*BENCH.rows, Row(LINE, why="the role screen was not there after 300 s")))
    assert not failed.good
    assert "NO" in hardware.table(failed)
    assert "2 of 3 machines" in hardware.table(failed)


def test_the_result_is_read_again_as_it_was_written() -> None:
    assert hardware.from_json(hardware.to_json(BENCH)) == BENCH


def test_the_command_takes_each_at_least_once_unless_all_are_wanted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(available, "devices", lambda: HERE)
    for words, lines in (([], economical(HERE)), (["--all"], every())):
        options = parser().parse_args(["bench", "hardware", "--list", *words])
        assert options.run(options) == 0
        assert capsys.readouterr().out.splitlines() == [line.name for line in lines]


def test_the_launcher_boots_over_the_network_in_every_way_that_has_one() -> None:
    networked = [line for line in economical() if line.path not in MEDIA]
    assert {line.firmware for line in networked} == set(Firmware)
    assert all(CARDS[line.starter].boots(line.firmware) for line in networked)
