"""What each configuration file of a room says: the launcher, or the local disk."""

from __future__ import annotations

import pytest

from pxe.entries.boot_entry import BootEntryError
from pxe.entries.configuration import configurations, entries, of_machine
from pxe.entries.loaders import LOADERS, PXELINUX, Loader
from pxe.entries.room import Boot, Machine, Room

SENDER = Machine("52:54:00:aa:bb:01", "umode=snd")
LEFT_ALONE = Machine("52:54:00:aa:bb:02", armed=False)


by_name = pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.name)


def texts(room: Room, *done: str) -> list[str]:
    return [one.text for one in configurations(room, done, (PXELINUX,))]


def test_armed_machines_boot_the_launcher_and_the_others_their_disks() -> None:
    default, sender, left = texts(Room("lang=FR", (SENDER, LEFT_ALONE)))
    assert "lang=FR\n" in default and "lang=FR umode=snd\n" in sender
    assert left == PXELINUX.disk
    assert texts(Room("lang=FR", (SENDER, LEFT_ALONE)), SENDER.mac) == [default, PXELINUX.disk, PXELINUX.disk]


@by_name
def test_every_loader_has_the_same_files(loader: Loader) -> None:
    room = Room("lang=FR", (SENDER, LEFT_ALONE))
    default, *shared, sender, left = configurations(room, loaders=(loader,))
    if loader.there:
        assert (shared[-1].path, shared.pop().text) == loader.there
    assert [one.path for one in shared] == list(loader.shared) and all(one.text == default.text for one in shared)
    assert "lang=FR" in default.text and "umode=snd" in sender.text and "umode=snd" not in default.text
    assert (left.path, left.text) == (loader.machine(LEFT_ALONE.mac), loader.disk)
    assert of_machine(room, SENDER.mac, (SENDER.mac,), (loader,))[0].text == loader.disk


def test_one_that_is_not_named_gets_a_file_of_its_own_when_it_is_done() -> None:
    room, mac = Room("", (SENDER,)), "52:54:00:aa:bb:03"
    files = {one.path: one.text for one in configurations(room, {mac})}
    assert [files[loader.machine(mac)] for loader in LOADERS] == [loader.disk for loader in LOADERS]
    assert of_machine(room, mac) == ()


def test_the_files_of_one_machine_are_the_same_alone() -> None:
    room = Room("lang=FR", (SENDER, LEFT_ALONE))
    for done in ((), (SENDER.mac,)):
        alone = [one for machine in room.machines for one in of_machine(room, machine.mac, done)]
        assert alone == list(configurations(room, done))[-len(alone) :]


def test_to_a_file_that_is_not_ours_the_same_is_to_be_added() -> None:
    _, sender, left = configurations(Room("", (SENDER, LEFT_ALONE)), loaders=(PXELINUX,))
    assert "umode=snd" in sender.section and "localboot" not in sender.section
    assert "localboot" in left.section and "udpcast" not in left.section


def test_machines_that_are_not_named_may_boot_their_disks() -> None:
    default, sender = configurations(Room("lang=FR", (SENDER,), default=Boot.DISK), loaders=(PXELINUX,))
    assert (default.text, default.section) == (PXELINUX.disk, ""), (
        "it alone would do nothing in a file of somebody else"
    )
    assert "lang=FR umode=snd\n" in sender.text


def test_at_a_prompt_the_launcher_can_be_chosen() -> None:
    [default] = configurations(Room("lang=FR", timeout=5, default=Boot.DISK), loaders=(PXELINUX,))
    assert default.text.count("default ") == 1 and "default disk\nprompt 1\ntimeout 50\n" in default.text
    for label in ("label disk\n", "label udpcast\n"):
        assert label in default.text and label in default.section
    with pytest.raises(BootEntryError, match='label "disk"'):
        configurations(Room(label="disk", timeout=5, default=Boot.DISK))


@pytest.mark.parametrize(
    ("room", "count"),
    [
        (Room("", (SENDER, LEFT_ALONE)), 3),
        (Room("", (SENDER, LEFT_ALONE), default=Boot.DISK), 2),
        (Room("", (SENDER, LEFT_ALONE), default=Boot.DISK, timeout=1), 3),
    ],
)
def test_the_lines_that_may_be_booted(room: Room, count: int) -> None:
    assert len(entries(room)) == count
