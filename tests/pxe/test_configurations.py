"""Which configuration files a room needs: its machines' own, and the local disk's for who is done or not armed."""

from __future__ import annotations

import dataclasses

import pytest

from pxe.configurations import configurations, of_machine
from pxe.loaders import LOADERS, Loader
from pxe.room import Boot, Machine, Room

ARMED, OFF, STRANGER = "52:54:00:aa:bb:01", "52:54:00:aa:bb:02", "52:54:00:aa:bb:03"
ROOM = Room("lang=FR", (Machine(ARMED, "umode=snd"), Machine(OFF, "umode=rcv", armed=False)))

by_name = pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.name)


def boots_its_disk(loader: Loader, room: Room, done: frozenset[str] = frozenset()) -> dict[str, bool]:
    files = {one.path: one.text == loader.disk for one in configurations(room, done)}
    return {mac: files[loader.machine(mac)] for mac in (ARMED, OFF, STRANGER) if loader.machine(mac) in files}


@by_name
def test_who_is_done_or_not_armed_boots_its_disk(loader: Loader) -> None:
    assert boots_its_disk(loader, ROOM) == {ARMED: False, OFF: True}
    assert boots_its_disk(loader, ROOM, frozenset({ARMED})) == {ARMED: True, OFF: True}


@by_name
def test_one_that_is_not_named_gets_a_file_of_its_own_when_it_is_done(loader: Loader) -> None:
    assert boots_its_disk(loader, ROOM, frozenset({STRANGER})) == {ARMED: False, OFF: True, STRANGER: True}
    assert of_machine(ROOM, STRANGER) == ()


@by_name
def test_a_room_may_boot_its_disks_unless_somebody_chooses(loader: Loader) -> None:
    room = dataclasses.replace(ROOM, default=Boot.DISK)
    assert {one.path: one.text for one in configurations(room)}[loader.default] == loader.disk
    assert boots_its_disk(loader, room)[ARMED] is False


@by_name
def test_a_file_is_the_same_alone_and_among_all(loader: Loader) -> None:
    alone = [one for mac in (ARMED, OFF) for one in of_machine(ROOM, mac, {OFF})]
    assert set(alone) < set(configurations(ROOM, {OFF}))
    assert all(one.text.endswith(one.section) for one in alone)
