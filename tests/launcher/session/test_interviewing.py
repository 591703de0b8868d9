"""What the interview waits for, and when its plan is carried out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from launcher.errors import ErrorKind, LauncherError
from launcher.model.machine import NO_MEDIUM, Machine
from launcher.sentence import say
from launcher.session import devices
from tests.common import ONE, TWO
from tests.launcher.session.driver import ADDRESS, ANOTHER, Clock, FakeSystem, Seat, begun

pytestmark = pytest.mark.usefixtures("no_terminal")


def test_a_receiver_that_was_confirmed_starts() -> None:
    system = FakeSystem(ONE)
    seat = begun(ADDRESS, system)
    seat.answer("umode", "rcv")
    seat.confirm()
    assert [plan.target.path for plan in system.started] == ["/dev/sda"]
    assert seat.shown == "transfer"


@pytest.mark.parametrize("line", ["auto=yes umode=rcv", "umode=rcv disk=size:500G", "umode=rcv disk=serial:X,/dev/sda"])
def test_before_all_devices_are_known_no_receiver_trusts_what_is_there_so_far(line: str) -> None:
    system = FakeSystem(ONE, whole=False)
    seat = begun(f"{ADDRESS} {line}", system)
    assert (system.started, seat.shown) == ([], "waiting")
    system.whole = True
    seat.tick()
    assert len(system.started) == 1


def test_a_second_disk_that_appears_late_stops_an_unattended_run() -> None:
    system = FakeSystem(ONE, whole=False)
    seat = begun(f"{ADDRESS} auto=yes umode=rcv", system)
    system.now, system.whole = TWO, True
    seat.tick()
    assert (system.started, seat.shown) == ([], "error")


def test_a_device_that_comes_and_goes_and_could_not_be_meant_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, reader = Clock(100.0), replace(ANOTHER, refused=NO_MEDIUM, size=0)
    monkeypatch.setattr(devices, "time", clock)
    monkeypatch.setattr(devices, "QUIET", 4.0)
    system = FakeSystem(ONE)
    seat = begun(f"{ADDRESS} auto=yes umode=rcv", system)
    for second in range(5):
        clock.now, system.now = 100.0 + second, replace(ONE, disks=(*ONE.disks, reader)) if second % 2 else ONE
        seat.devices_changed()
    assert len(system.started) == 1


def test_the_only_disk_is_the_only_one_when_none_has_come_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(100.0)
    monkeypatch.setattr(devices, "time", clock)
    monkeypatch.setattr(devices, "QUIET", 4.0)
    system = FakeSystem(replace(ONE, disks=()), whole=False)
    seat = begun(f"{ADDRESS} auto=yes umode=rcv", system)
    clock.now, system.whole = 110.0, True
    seat.tick()
    clock.now, system.now = 111.0, ONE
    seat.devices_changed()
    clock.now = 114.9
    seat.tick()
    assert (system.started, seat.shown) == ([], "waiting")
    clock.now = 115.0
    seat.tick()
    assert len(system.started) == 1


@pytest.mark.parametrize("line", ["umode=snd", "umode=rcv disk=/dev/sda", "umode=rcv disk=serial:S5YJNX0RB12345"])
def test_a_sender_and_a_named_disk_wait_for_no_others(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "QUIET", 1000.0)
    system = FakeSystem(replace(ONE, disks=(replace(ONE.disks[0], serial="S5YJNX0RB12345"),)))
    begun(f"{ADDRESS} auto=yes {line}", system)
    assert len(system.started) == 1


def test_an_operators_sender_waits_for_all_disks_where_the_only_one_is_meant() -> None:
    system = FakeSystem(ONE, whole=False)
    seat = begun(ADDRESS, system)
    seat.answer("umode", "snd")
    assert (system.started, seat.shown) == ([], "waiting")
    system.whole = True
    seat.tick()
    assert len(system.started) == 1


def test_a_named_disk_that_appears_late_is_waited_for() -> None:
    system = FakeSystem(replace(ONE, disks=()))
    seat = begun(f"{ADDRESS} auto=yes umode=rcv disk=/dev/sda", system)
    assert (system.started, seat.shown) == ([], "waiting")
    system.now = ONE
    seat.devices_changed()
    assert len(system.started) == 1


NEW = replace(ONE, disks=(replace(ONE.disks[0], serial=None, settled=False),))
"""The disk is there, and udev has not looked at it."""


@pytest.mark.parametrize("role", ["snd", "rcv"])
@pytest.mark.parametrize("auto", ["auto=yes ", ""])
def test_a_disk_is_not_chosen_before_its_serial_number_can_be_known(role: str, auto: str) -> None:
    system = FakeSystem(NEW)
    seat = begun(f"{ADDRESS} {auto}umode={role} disk=/dev/sda", system)
    assert (system.started, seat.shown) == ([], "waiting")
    system.now = ONE
    seat.devices_changed()
    assert [plan.target.disk.serial for plan in system.started] == [ONE.disks[0].serial]


def test_an_overwrite_is_confirmed_when_all_disks_have_been_looked_at() -> None:
    system = FakeSystem(NEW)
    seat = begun(ADDRESS, system)
    seat.answer("umode", "rcv")
    assert seat.shown == "waiting"
    system.now = ONE
    seat.devices_changed()
    seat.confirm()
    assert len(system.started) == 1


def test_a_disk_that_udev_cannot_look_at_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    system = FakeSystem(NEW)
    seat = begun(f"{ADDRESS} auto=yes umode=rcv disk=/dev/sda", system)
    assert system.started == []
    monkeypatch.setattr(devices, "DEADLINE", 0.0)
    seat.tick()
    assert len(system.started) == 1


def test_udev_has_its_time_for_a_disk_from_when_that_appears(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, system = Clock(100.0), FakeSystem(replace(ONE, disks=()))
    monkeypatch.setattr(devices, "time", clock)
    seat = begun(f"{ADDRESS} auto=no", system)
    clock.now, system.now = 200.0, NEW
    seat.devices_changed()
    disk = NEW.disks[0]
    assert seat.app.devices.unlooked_at(disk)
    clock.now = 200.0 + devices.DEADLINE
    assert not seat.app.devices.unlooked_at(disk)


def test_unattended_gives_up_with_the_deadline_it_states(monkeypatch: pytest.MonkeyPatch) -> None:
    system = FakeSystem(replace(ONE, disks=()))
    seat = begun(f"{ADDRESS} auto=yes umode=rcv disk=/dev/sda", system)
    monkeypatch.setattr(devices, "DEADLINE", 0.0)
    seat.tick()
    assert seat.shown == "error"


MIXED = LauncherError(ErrorKind.MIXED_PAIR, say("They do not belong together."), say("Copy both."))


@pytest.mark.parametrize("lacking", [{"disks": ()}, {"nics": ()}])
@pytest.mark.parametrize("line", ["", "auto=yes umode=rcv", "umode=rcv disk=/dev/sdb", "lang=FR"])
def test_a_kernel_that_is_not_the_initrds_is_said_where_a_device_is_missing(
    line: str, lacking: dict[str, tuple[()]]
) -> None:
    system = FakeSystem(replace(ONE, **lacking), whole=False, mismatch=MIXED)
    seat = begun(f"{ADDRESS} {line}", system)
    assert seat.shown != "error"  # the drivers may be under way
    system.whole = True
    seat.tick()
    assert (seat.shown, system.started) == ("error", [])
    assert "They do not belong together." in seat.text
    assert "Copy both." in seat.text
    assert [event["kind"] for event in seat.logged("error")] == ["mixed-pair"]


def test_with_all_devices_there_another_kernel_is_no_matter() -> None:
    seat = begun(f"{ADDRESS} auto=yes umode=rcv", FakeSystem(ONE, mismatch=MIXED))
    assert seat.shown == "transfer"


def test_a_disk_that_is_named_is_not_waited_for_where_its_driver_cannot_be_loaded() -> None:
    system = FakeSystem(ONE, mismatch=MIXED)
    seat = begun(f"{ADDRESS} auto=yes umode=rcv disk=/dev/sdb", system)
    assert seat.shown == "error"
    system.now = replace(ONE, disks=(*ONE.disks, ANOTHER))
    seat.act("retry")
    assert seat.shown == "transfer"


def test_what_is_wrong_is_said_once_whoever_has_found_it() -> None:
    """Each look at the devices finds it again."""
    seat = begun("BOOTIF=zz", FakeSystem(ONE))
    assert seat.ui.page
    lines = seat.ui.page.widget.render((80, 60), focus=True).text
    assert [b"! No card is named by BOOTIF=zz" in line for line in lines].count(True) == 1


def test_a_misspelt_name_is_seen_and_the_overwrite_confirmed() -> None:
    system = FakeSystem(ONE)
    seat = begun(f"{ADDRESS} umode=rcv disk=/dev/sda prot=9002", system)
    assert (system.started, seat.shown) == ([], "umode")
    seat.answer("umode", "rcv")
    assert (system.started, seat.shown) == ([], "confirm")


@pytest.mark.parametrize(
    "line",
    [
        "disk=model:QEMU HARDDISK",
        "disk=/dev/sda udpcparam=--nosync --nokbd",
        "disk=/dev/sda --nosync",
        'disk=/dev/sda kbmap="FR port=9002',
    ],
)
def test_a_value_that_may_be_too_short_is_seen_and_overwrites_nothing(line: str) -> None:
    """Role and disk are named, so that nobody would be asked."""
    there = replace(ONE, disks=(replace(ONE.disks[0], model="QEMU DISK"),))
    system = FakeSystem(there)
    seat = begun(f"{ADDRESS} umode=rcv {line}", system)
    assert (system.started, seat.shown) == ([], "umode")
    assert "ouble quote" in seat.text
    seat.answer("umode", "rcv")
    assert (system.started, seat.shown) == ([], "confirm")
    alone = begun(f"{ADDRESS} auto=yes umode=rcv {line}", system)
    assert (system.started, alone.shown) == ([], "error")
    assert "ouble quote" in alone.text


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("auto=yes umode=snd disk=/dev/sda port=9001", "ANGEHALTEN"),
        ("auto=yes umode=snd disk=/dev/sda prot=9002", "ANGEHALTEN"),
        ("auto=yes umode=rcv", "ANGEHALTEN"),
        ("auto=yes", "ANGEHALTEN"),
        ("auto=yes umode=rcv disk=/dev/sdq", "Es wird noch bis zu"),
    ],
)
def test_what_stops_an_unattended_run_is_told_in_the_operators_language(line: str, shown: str) -> None:
    """Before any question was asked, and before there is a plan."""
    seat = begun(f"{ADDRESS} lang=DE {line}", FakeSystem(TWO))
    assert shown in seat.text


@pytest.mark.parametrize("line", ["auto=no lang=DE", "auto=no lang=de_DE.UTF-8"])
def test_the_language_itself_is_asked_in_the_one_that_was_given(line: str) -> None:
    seat = begun(line, FakeSystem(ONE))
    assert (seat.shown, "Sprache" in seat.text, "> Deutsch" in seat.text) == ("lang", True, True)


def test_back_beyond_the_first_question_is_still_in_the_operators_language() -> None:
    seat = begun("lang=DE", FakeSystem(ONE))
    seat.back()
    assert (seat.shown, "Sprache" in seat.text) == ("lang", True)


@pytest.mark.parametrize("line", ["auto=no", "auto=no lang=%%"])
def test_without_a_language_it_is_asked_in_english(line: str) -> None:
    assert "Language" in begun(line, FakeSystem(ONE)).text


@pytest.mark.parametrize(("role", "says"), [("snd", "It is read and sent."), ("rcv", "It will be OVERWRITTEN.")])
def test_the_question_for_a_disk_says_what_becomes_of_it(role: str, says: str) -> None:
    seat = begun(f"{ADDRESS} umode={role}", FakeSystem(TWO))
    assert (seat.shown, says in seat.text) == ("disk", True)


def press(seat: Seat, key: str) -> None:
    assert seat.ui.page
    seat.ui.page.keys[key]()


MANY = " ".join(f"portt={number}" for number in range(9001, 9021))


def test_it_still_says_so_where_many_disks_scroll_and_one_was_asked_for_in_vain() -> None:
    many = tuple(replace(ANOTHER, path=f"/dev/sd{letter}") for letter in "abcdefghijklmnopqrstuvwxyz")
    seat = begun(f"{ADDRESS} disk=model:no_such", FakeSystem(replace(ONE, disks=many)))
    seat.answer("umode", "rcv")
    assert seat.ui.page
    assert "> /dev/sda" in seat.text
    assert "model:no_such matches nothing on this PC" in seat.text
    assert "and 22 more" in seat.text
    for _ in range(25):
        seat.ui.page.widget.keypress((80, 24), "down")
    assert "> /dev/sdz" in seat.text
    assert "OVERWRITTEN" in seat.text


def test_warnings_that_do_not_fit_are_counted_and_reached_with_a_key() -> None:
    seat = begun(f"umode=rcv {MANY}", FakeSystem(TWO))
    shown = [int(row.split("portt=")[1][:4]) for row in seat.text.split("\n") if "! portt=" in row]
    assert shown == list(range(9001, 9001 + len(shown))) and len(shown) < 20
    assert f" {20 - len(shown)} more warnings: press w" in seat.text
    press(seat, "w")
    assert seat.shown == "warnings"
    assert seat.ui.page
    assert seat.ui.page.widget.render((80, 60), focus=True).text
    whole = "\n".join(row.decode() for row in seat.ui.page.widget.render((80, 60), focus=True).text)
    assert [f"! portt={number}" in whole for number in range(9001, 9021)] == [True] * 20
    seat.devices_changed()
    assert seat.shown == "warnings"
    seat.back()
    assert seat.shown == "umode"


def test_the_warnings_page_scrolls() -> None:
    seat = begun(f"umode=rcv {MANY}", FakeSystem(TWO))
    press(seat, "W")
    assert seat.ui.page
    assert "portt=9020" not in seat.text
    for _ in range(40):
        seat.ui.page.widget.keypress((80, 24), "down")
    assert "portt=9020" in seat.text


@pytest.mark.parametrize(("count", "said"), [(0, False), (1, False), (20, True)])
def test_only_warnings_that_do_not_fit_are_counted(count: int, said: bool) -> None:
    seat = begun(" ".join(MANY.split()[:count]), FakeSystem(ONE))
    assert ("press w" in seat.text) is said


def test_a_larger_terminal_has_room_for_them() -> None:
    seat = begun(MANY, FakeSystem(ONE))
    assert seat.ui.page
    whole = "\n".join(row.decode() for row in seat.ui.page.widget.render((80, 60), focus=True).text)
    assert "portt=9020" in whole and "press w" not in whole
    assert "press w" in seat.text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("disk=model:850\u3000EVO", "a no-break space or its kind is no blank"),
        ("disk=/dev/sda\u00a0", "a no-break space or its kind is no blank"),
        ("disk=/dev/sda require", "require has no value"),
        ("disk=/dev/sda port", "port has no value"),
    ],
)
def test_an_error_that_no_question_would_show_is_shown_before_anything_begins(wrong: str, said: str) -> None:
    """The disk is read, and the default is taken: nothing else would stop the operator."""
    seat = begun(f"{ADDRESS} umode=rcv {wrong}", FakeSystem(ONE))
    assert (seat.system.started, seat.shown) == ([], "umode")
    assert said in " ".join(seat.text.split())


def test_an_unattended_run_that_stops_names_all_that_is_wrong() -> None:
    seat = begun(f"{ADDRESS} auto=yes umode=rcv port=9001 prot=1 lang=%%", FakeSystem(ONE))
    said = " ".join(seat.text.split())
    assert seat.shown == "error" and "port=9001 is odd." in said and "prot=1: unknown" in said and "lang=%%" in said
    (error,) = seat.logged("error")
    assert error["kind"] == "wrong-line" and "and" not in error["sentence"].rpartition("lang=%%")[2]


def test_very_many_errors_are_counted() -> None:
    seat = begun(f"{ADDRESS} auto=yes {MANY}", FakeSystem(ONE))
    said = " ".join(seat.text.split())
    assert "portt=9005" in said and "portt=9006" not in said and "and 15 more" in said
    assert "> Try again" in said


@pytest.mark.parametrize(
    ("holes", "said"),
    [("", True), ("holes=keep", True), ("holes=zero", False), ("holes=discard", False)],
)
def test_who_consents_reads_that_old_data_is_not_erased_where_that_is_so(holes: str, said: bool) -> None:
    seat = begun(f"{ADDRESS} {holes}", FakeSystem(ONE))
    seat.answer("umode", "rcv")
    assert seat.shown == "confirm"
    assert "Everything on it is lost" in seat.text
    words = "Parts of the old data may stay readable on the disk (holes=zero erases them)."
    assert (words in " ".join(seat.text.split())) == said


def test_nothing_is_missed_before_the_devices_of_the_boot_are_known() -> None:
    system = FakeSystem(Machine(), whole=False)
    seat = begun("auto=yes umode=rcv", system)
    assert "Detecting disks and network cards" in seat.text
    assert "No disk" not in seat.text
    system.whole = True
    seat.tick()
    assert "No disk" in seat.text
    assert "Waiting up to 60 s more" in " ".join(seat.text.split())


def test_a_card_whose_driver_is_not_ready_is_looked_at_until_it_is() -> None:
    nic = replace(ONE.nics[0], ready=False, link=None)
    system = FakeSystem(replace(ONE, nics=(nic,)))
    seat = begun("", system)
    system.now = ONE
    seat.tick()
    assert seat.app.machine == ONE
    system.now = TWO
    seat.tick()
    assert seat.app.machine == ONE, "nothing has told that more came"
