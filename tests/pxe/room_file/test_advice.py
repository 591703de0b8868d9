"""What is said of a room that is right word by word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pxe.entries.menu import Choice, Menu
from pxe.entries.room import Boot, Machine, Room
from pxe.room_file.advice import (
    advice,
    alone,
    hasty,
    inherited,
    loops,
    presets,
    receivers,
    senders,
    shared,
    strangers,
    summary,
)

MACS = [f"52:54:00:12:34:{number:02x}" for number in range(30)]


def room(append: str, *lines: str, default: Boot = Boot.DISK, armed: bool = True) -> Room:
    machines = zip(MACS, lines, strict=False)
    return Room(append, tuple(Machine(mac, line, armed=armed) for mac, line in machines), default=default)


def test_how_many_boot_what_is_said() -> None:
    lines = ("umode=snd auto=no", "", "", "auto=no")
    some = room("auto=yes umode=rcv", *lines)
    assert [*summary(some, {MACS[2]})] == [
        "Of the room's 4 PCs, 3 armed (the launcher; 1 overwritten without a question), 1 done (their disks).",
        "PCs that are not named boot their disks.",
    ]
    assert [*summary(room("umode=rcv", "", default=Boot.LAUNCHER, armed=False), {MACS[1]})] == [
        "Of the room's 1 PC, 0 armed (the launcher), 0 done, 1 not armed (their disks).",
        "All other PCs that boot from the network start the launcher.",
    ]
    assert [*summary(room("auto=yes umode=rcv", default=Boot.LAUNCHER))] == [
        "PCs that boot from the network start the launcher, and are overwritten without a question."
    ]
    [*_, last] = summary(replace(some, timeout=5))
    assert last == "PCs that are not named boot their disks, or the launcher when it is chosen within 5 s."


@pytest.mark.parametrize("line", ["auto=yes umode=rcv", "umode=rcv disk=serial:1", "auto=yes umode=receiver"])
def test_a_line_that_overwrites_whoever_comes_is_named(line: str) -> None:
    said = [*advice(room(line, "umode=snd", default=Boot.LAUNCHER))]
    assert said[0].startswith("any PC that boots from the network here, and is not named, is overwritten, and nobody")
    assert [*strangers(room(line, ""))] == []


@pytest.mark.parametrize("line", ["", "umode=rcv", "auto=no umode=rcv disk=serial:1", "auto=yes umode=snd disk=sda"])
def test_a_line_that_asks_or_reads_may_be_for_all(line: str) -> None:
    assert [*strangers(room(line, default=Boot.LAUNCHER))] == []


@pytest.mark.parametrize(
    "quiet",
    [
        room("umode=snd", ""),
        room("umode=rcv", "umode=snd", "", ""),
        room("", "umode=snd", "umode=sender port=9002"),
        room("", "umode=snd", "umode=snd", armed=False),
        room("", "", "", default=Boot.LAUNCHER),
    ],
)
def test_one_sender_a_port_is_right(quiet: Room) -> None:
    assert [*senders(quiet)] == []


def test_two_senders_on_one_port_are_named() -> None:
    [sentence] = senders(room("port=9002 umode=snd", "", "port=9000", "PORT=9002"))
    assert sentence.startswith(f"{MACS[0]} and {MACS[2]} are senders on port 9002")
    assert [*senders(room("umode=snd", "", ""), {MACS[0]})] == []
    [sentence] = senders(room("umode=snd", *["port=9004"] * 30, default=Boot.LAUNCHER, armed=False))
    assert sentence.startswith("machines that are not named, which may be many, are senders on port 9000")
    [sentence] = senders(room("umode=snd", *[""] * 30))
    assert f"{MACS[2]} and 27 more are senders" in sentence


WAITS = 'umode=snd udpcparam="--min-receivers 2 --max-wait 600"'


@pytest.mark.parametrize(
    "quiet",
    [
        room("umode=rcv", WAITS, "", ""),
        room("", WAITS, "", ""),
        room("umode=rcv", WAITS, "", default=Boot.LAUNCHER),
        room("umode=rcv udpcparam='--min-receivers=9'", "", ""),
    ],
)
def test_a_sender_that_can_find_its_receivers_is_right(quiet: Room) -> None:
    assert [*receivers(quiet)] == []


def test_a_sender_that_waits_for_more_receivers_than_there_are_is_named() -> None:
    sentence = f"{MACS[0]} waits for 2 receivers (--min-receivers), and 1 of the room can be one on port 9000."
    assert [*receivers(room("umode=rcv", WAITS, "", "port=9002"))] == [sentence]
    assert [*receivers(room("umode=rcv", WAITS, "", ""), {MACS[2]})] == [sentence]


@pytest.mark.parametrize(
    "quiet",
    [
        room("umode=rcv", WAITS, "", ""),
        room("umode=rcv", WAITS, ""),
        room("", WAITS, "", "", ""),
        room("umode=rcv", "umode=snd", "", ""),
        room("umode=rcv", "auto=yes umode=snd", ""),
        room("umode=rcv", "auto=yes umode=snd udpcparam='--max-wait=60'", "", ""),
        room("umode=rcv", "auto=yes umode=snd port=9002", "", ""),
        room("umode=rcv", WAITS, "", "", "", armed=False),
    ],
)
def test_a_sender_that_begins_with_all_or_by_a_key_is_right(quiet: Room) -> None:
    assert [*hasty(quiet)] == []


def test_a_sender_that_begins_before_all_are_there_is_named() -> None:
    [sentence] = hasty(room("umode=rcv", WAITS, *[""] * 3))
    assert sentence.startswith(
        f"{MACS[0]} sends to 3 receivers of the room on port 9000, and begins with 2 of them (--"
    )
    assert sentence.endswith('write udpcparam = "--min-receivers 3 --max-wait 600" for it.')
    assert [*hasty(room("umode=rcv", WAITS, *[""] * 3), {MACS[1]})] == []
    for own in ("auto=yes umode=snd", "umode=snd udpcparam=--nokbd"):
        [sentence] = hasty(room("umode=rcv", own, *[""] * 3, default=Boot.LAUNCHER))
        assert " begins 60 s after the first of them, for nothing on its line says when. " in sentence


@pytest.mark.parametrize(
    "quiet",
    [
        room("umode=rcv", "umode=snd", ""),
        room("umode=rcv", "umode=", ""),
        room("", "umode=rcv", default=Boot.LAUNCHER),
        replace(room("", "umode=rcv"), timeout=5),
        room("umode=rcv", "", "", armed=False),
    ],
)
def test_receivers_for_which_somebody_may_send_are_right(quiet: Room) -> None:
    assert [*alone(quiet)] == []


def test_receivers_for_which_nobody_sends_are_named() -> None:
    [sentence] = alone(room("umode=rcv", "umode=snd port=9002", "", ""))
    assert sentence.startswith(
        f"nobody of the room is a sender on port 9000, and {MACS[1]} and {MACS[2]} can only wait"
    )
    assert [*alone(room("umode=rcv", "", "", default=Boot.LAUNCHER))]
    assert [*alone(replace(room("umode=rcv", "", ""), timeout=5))]
    assert len([*alone(room("umode=rcv", "umode=snd", ""), {MACS[0]})]) == 1


@pytest.mark.parametrize(
    "word", ["disk=serial:S2", 'fdrive="serial:S 2"', "disk=wwn:0x5", "ip=10.0.0.7/24", "nic=52-54-00-12-34-56"]
)
def test_what_is_of_one_pc_may_not_stand_on_two_lines(word: str) -> None:
    [sentence] = shared(room(word, "", "", "disk=sda ip=dhcp nic=eth0 fdrive=sda"))
    assert sentence.startswith(word.replace('"', "")) and sentence.endswith(f"the lines of {MACS[0]} and {MACS[1]}.")
    assert [*shared(room("", word, ""))] == []


@pytest.mark.parametrize(
    "word", ["disk=/dev/disk/by-path/pci-0:1", "disk=serial:a,sda", "disk=model:x", "ip=eth0:dhcp", "nic=eth0", "ip=x"]
)
def test_what_can_be_of_all_pcs_may_stand_on_all_lines(word: str) -> None:
    assert [*shared(room(word, *[""] * 3, default=Boot.LAUNCHER))] == []


ALONE = "auto=yes umode=rcv after=reboot,menu"


@pytest.mark.parametrize(
    "line",
    [
        ALONE,
        "umode=rcv disk=serial:1 after=reboot",
        "auto=yes umode=snd auto_reboot=always",
        "umode=rcv fdrive=sda after=reboot",
        f"{ALONE} page_remontee=http://10.0.0.1/",
    ],
)
def test_a_line_that_comes_back_is_named(line: str) -> None:
    [sentence] = loops(room("", line, "umode=rcv after=reboot"), "python3 -m pxe")
    assert sentence.startswith(f"{MACS[0]}: the line asks nobody") and "`python3 -m pxe tree done DIR MAC`" in sentence
    assert [*loops(room("", line), "x", {MACS[0]})] == []


@pytest.mark.parametrize(
    "quiet",
    [
        room("", "auto=yes umode=rcv after=poweroff,menu"),
        room("", "auto=yes umode=rcv after=menu,reboot"),
        room("", "auto=yes umode=rcv"),
        room("", "auto=no umode=rcv disk=serial:1 after=reboot"),
        room("", "umode=rcv after=reboot"),
        room("", ALONE, armed=False),
        room("remontee_info=y page_remontee=http://10.0.0.1/", ALONE),
        room(ALONE),
    ],
)
def test_a_line_that_does_not_come_back_is_right(quiet: Room) -> None:
    assert [*loops(quiet, "x")] == []


def test_machines_that_are_not_named_may_come_back_as_well() -> None:
    [sentence] = loops(room(ALONE, *["lang=FR"] * 3, default=Boot.LAUNCHER), "x")
    assert sentence.startswith(f"machines that are not named, {MACS[0]}, {MACS[1]} and 1 more: the line asks nobody")


def test_what_a_machine_keeps_of_the_common_line_is_shown() -> None:
    [one] = inherited(room("lang=FR auto=yes after=reboot umode=rcv", "umode=snd", "auto=no after=menu", ""))
    assert one == (
        f"{MACS[0]} keeps auto=yes after=reboot of --append. Its line: lang=FR auto=yes after=reboot umode=snd"
    )
    assert [*inherited(room("lang=FR", "umode=snd"))] == []


RECEIVES, ASKS = Menu(preset=Choice.RECEIVE, timeout=9), Menu(preset=Choice.RECEIVE)


def with_menu(append: str, menu: Menu | None, *lines: str, default: Boot = Boot.DISK) -> Room:
    there = room(append, *lines, default=default)
    return replace(there, menu=menu, machines=tuple(replace(one, menu=menu) for one in there.machines))


@pytest.mark.parametrize(
    ("append", "menu", "is_told"),
    [
        ("auto=yes", RECEIVES, True),
        ("auto=yes disk=/dev/sda umode=snd", RECEIVES, True),
        ("auto=yes", ASKS, False),
        ("auto=yes", Menu(timeout=9), False),
        ("auto=yes", Menu(preset=Choice.DISK, timeout=9), False),
        ("auto=yes", Menu(preset=Choice.SEND, timeout=9), False),
        ("umode=rcv disk=/dev/sda", RECEIVES, False),
        ("auto=yes umode=rcv", None, False),
    ],
)
def test_a_preset_that_overwrites_when_nobody_is_there_is_named(append: str, menu: Menu | None, is_told: bool) -> None:
    told = [*presets(with_menu(append, menu, "", ""))]
    named = f"{MACS[0]} and {MACS[1]}: 9 s after the menu is shown, its preset overwrites the disk"
    assert [one.startswith(named) for one in told] == [True] * is_told
    assert not [*presets(with_menu(append, menu, "", ""), {MACS[0], MACS[1]})]
    assert bool([*strangers(with_menu(append, menu, default=Boot.LAUNCHER))]) is (is_told or menu is None)


def test_behind_a_menu_a_pc_may_be_anything() -> None:
    """What it boots without a key counts, and what is open until then is no trouble."""
    menu = Menu(timeout=9)
    assert [*advice(with_menu("umode=rcv", menu, "", "umode=snd"))] == []
    assert [*advice(with_menu("", Menu(preset=Choice.SEND, timeout=9), "", ""))] != []
    there = with_menu("auto=yes", RECEIVES, "", default=Boot.LAUNCHER)
    assert [*summary(there)] == [
        "Of the room's 1 PC, 1 armed (the launcher; 1 with a menu; 1 overwritten without a question), 0 done.",
        "All other PCs that boot from the network show a menu, and are overwritten without a question.",
    ]
