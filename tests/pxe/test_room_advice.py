"""What is said of a room that is right word by word."""

from __future__ import annotations

import pytest

from pxe.room import Boot, Machine, Room
from pxe.room_advice import inherited, loops, senders

MACS = [f"52:54:00:12:34:{number:02x}" for number in range(30)]


def room(append: str, *lines: str, default: Boot = Boot.DISK, armed: bool = True) -> Room:
    machines = zip(MACS, lines, strict=False)
    return Room(append, tuple(Machine(mac, line, armed=armed) for mac, line in machines), default=default)


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


ALONE = "auto=yes umode=rcv after=reboot,menu"


@pytest.mark.parametrize(
    "line",
    [
        ALONE,
        "umode=rcv disk=serial:1 after=reboot",
        "auto=yes umode=snd auto_reboot=always",
        "umode=rcv fdrive=sda after=reboot",
    ],
)
def test_a_line_that_comes_back_is_named(line: str) -> None:
    [sentence] = loops(room("", line, "umode=rcv after=reboot"), "python3 -m pxe tree done")
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
