"""Drivers that the line names are loaded before anything is detected or asked."""

from __future__ import annotations

import threading

import pytest

from launcher.answers.reading_boot import Driver
from launcher.hardware.drivers import Loaded
from launcher.sentence import say
from launcher.session.interviewing import Interviewing
from launcher.session.stopped import Stopped
from launcher.session.transferring import Transferring
from tests.common import ONE
from tests.launcher.session.driver import AUTO, FakeSystem, Seat, begun

UNKNOWN = say("There is no driver {name} in this initrd.", name="e1000x")


@pytest.fixture(autouse=True)
def no_screens(no_terminal: None) -> None: ...


def settled(seat: Seat) -> Seat:
    """The thread that loads has ended."""
    for thread in threading.enumerate():
        if thread.name == "drivers":
            thread.join(10)
    seat.tick()
    return seat


def test_they_are_loaded_and_then_it_is_asked() -> None:
    system = FakeSystem(ONE)
    seat = begun("netmodule=e1000 modparm=debug=1 lang=FR", system)
    assert seat.shown == "waiting" and "Chargement des pilotes : e1000" in seat.text
    assert settled(seat).stage is Interviewing and seat.shown == "umode"
    assert system.loaded == [Driver("e1000", ("debug=1",))]
    assert seat.logged("drivers") == [{"event": "drivers", "names": ["e1000"], "errors": [], "warnings": []}]
    assert seat.log.seen[-1]["event"] == "screen"
    seat.back()
    assert seat.stage is Interviewing and len(system.loaded) == 1


def test_where_none_is_named_nothing_is_loaded() -> None:
    seat = begun("netmodule=AUTO diskmodule=AUTO enableDiskmodule=yes", FakeSystem(ONE))
    assert seat.stage is Interviewing and seat.logged("drivers") == []


def test_devices_that_come_meanwhile_are_seen_behind_it() -> None:
    system = FakeSystem(ONE)
    seat = begun(f"{AUTO} netmodule=e1000", system)
    seat.devices_changed()
    assert seat.shown == "waiting"
    assert settled(seat).stage is Transferring


def test_an_unknown_one_stops_what_nobody_attends() -> None:
    system = FakeSystem(ONE, drivers=(Loaded(UNKNOWN),))
    seat = settled(begun(f"{AUTO} netmodule=e1000x", system))
    assert seat.stage is Stopped and "There is no driver e1000x" in seat.text


def test_an_unknown_one_is_seen_by_the_operator() -> None:
    system = FakeSystem(ONE, drivers=(Loaded(UNKNOWN),))
    seat = settled(begun("umode=snd netmodule=e1000x", system))
    assert seat.shown == "umode" and "There is no driver e1000x" in seat.text


def test_what_is_only_to_be_known_stops_nothing() -> None:
    system = FakeSystem(ONE, drivers=(Loaded(note=UNKNOWN),))
    assert settled(begun(f"{AUTO} netmodule=e1000x", system)).stage is Transferring


def test_the_menu_leads_out_and_back() -> None:
    system = FakeSystem(ONE)
    gate = threading.Event()
    system.load = lambda drivers: (gate.wait(10), ())[1]  # type: ignore[method-assign]
    seat = begun("netmodule=e1000", system)
    seat.menu()
    assert seat.shown == "menu"
    seat.act("retry")
    seat.back()
    assert "Loading drivers: e1000" in seat.text
    gate.set()
    assert settled(seat).stage is Interviewing


@pytest.mark.parametrize(("line", "offered"), [("", True), ("shell=yes", True), ("shell=no", False)])
def test_no_shell_is_offered_meanwhile_where_there_is_to_be_none(line: str, offered: bool) -> None:
    seat = begun(f"netmodule=e1000 {line}", FakeSystem(ONE))
    seat.menu()
    assert ("Shell" in seat.text) is offered
    seat.back()
    assert settled(seat).system.shells_allowed is offered
