"""The answers over whatever is shown: as text, and on a stick."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from launcher.errors import ErrorKind
from launcher.hardware.sticks import NotSaved
from launcher.model.machine import Disk, Machine, Partition
from launcher.sentence import say
from launcher.session.interviewing import Interviewing
from tests.common import ONE
from tests.launcher.session.driver import FakeSystem, Seat, begun

STICK = Disk(
    "/dev/sdb",
    16_008_609_792,
    model="SanDisk Ultra",
    transport="usb",
    removable=True,
    partitions=(Partition("/dev/sdb1", 16_000_000_000, "vfat", "STICK"),),
)
WITH_STICK = replace(ONE, disks=(*ONE.disks, STICK))


@pytest.fixture(autouse=True)
def no_screens(no_terminal: None) -> None: ...


def saving(
    machine: Machine = WITH_STICK, line: str = 'umode=rcv disk=/dev/sda udpcparam="--nokbd --log x"', **what: object
) -> Seat:
    """The page, by way of the menu."""
    seat = begun(f"auto=no lang=EN {line}", FakeSystem(machine, **what))  # type: ignore[arg-type]
    seat.menu()
    assert "Save the answers" in seat.text
    seat.act("save")
    return seat


def everything(seat: Seat) -> str:
    """All of the page, scrolled from its beginning to its end by a key."""
    page = seat.ui.page
    assert page
    seen: dict[str, None] = {}
    for _ in range(100):
        seen |= dict.fromkeys(line.strip() for line in seat.text.splitlines())
        page.widget.keypress((80, 24), "down")
    return "\n".join(seen)


def choose(seat: Seat, label: str) -> None:
    page = seat.ui.page
    assert page
    for _ in range(40):
        if any(line.lstrip().startswith(">") and label in line for line in seat.text.splitlines()):
            page.widget.keypress((80, 24), "enter")
            return
        page.widget.keypress((80, 24), "down")
    raise AssertionError(seat.text)


def settle(seat: Seat) -> None:
    """The writing ends."""
    for thread in threading.enumerate():
        if thread.name == "saving":
            thread.join(10)
    for ready in list(seat.ui.ready.values())[1:]:
        ready()


def test_the_line_and_the_file_are_shown_whole() -> None:
    seat = saving()
    assert seat.shown == "save" and "Save udpcfg.txt on /dev/sdb1" in seat.text and "SanDisk Ultra" in seat.text
    text = everything(seat)
    for word in ("auto=no lang=EN umode=rcv disk=/dev/sda", "As udpcfg.txt:", "umode=rcv", "#port=9000", "#after=menu"):
        assert word in text
    assert "overwrites that disk without asking" not in text  # auto=no asks
    seat.back()
    assert seat.shown != "save" and seat.stage is Interviewing


def test_a_long_line_is_cut_off_nowhere() -> None:
    url = "http://se3/" + "".join(f"{number:04}" for number in range(300))
    seen = everything(saving(line=f"remontee_info=y page_remontee={url}")).splitlines()
    for line in (f"auto=no lang=EN remontee_info=y page_remontee={url}", f"page_remontee={url}"):
        assert [
            line[start : start + 78] for start in range(0, len(line), 78) if line[start : start + 78] not in seen
        ] == []


def test_it_is_kept_on_the_stick_that_was_chosen() -> None:
    seat = saving()
    choose(seat, "/dev/sdb1")
    settle(seat)
    ((path, name, text),) = seat.system.saved
    assert (path, name) == ("/dev/sdb1", "udpcfg.txt") and b"\numode=rcv\ndisk=/dev/sda\n" in text
    assert "udpcfg.txt is on /dev/sdb1, was read back, and is right." in " ".join(seat.text.split())
    assert seat.logged("saved") == [{"event": "saved", "path": "/dev/sdb1", "name": "udpcfg.txt"}]
    choose(seat, "Go back")
    assert seat.stage is Interviewing and seat.shown != "save"


def test_another_name_is_said() -> None:
    seat = saving(named="udpcfg-1.txt")
    choose(seat, "/dev/sdb1")
    settle(seat)
    text = " ".join(seat.text.split())
    assert "udpcfg.txt was there already, and stays as it was. udpcfg-1.txt is on /dev/sdb1" in text


def test_what_fails_is_said_and_can_be_tried_again() -> None:
    seat = saving(unsaved=NotSaved(ErrorKind.NOT_SAVED, say("{path} is full.", path="/dev/sdb1")))
    choose(seat, "/dev/sdb1")
    assert "Saving on /dev/sdb1" in seat.text or "Nothing was saved" in seat.text
    settle(seat)
    assert "Nothing was saved. /dev/sdb1 is full." in seat.text and seat.logged("saved") == []
    choose(seat, "Try again")
    assert "Save udpcfg.txt on /dev/sdb1" in seat.text


def test_the_disk_of_the_plan_is_never_offered_and_a_stick_that_comes_is() -> None:
    seat = saving(line="umode=rcv disk=/dev/sdb")
    assert "Save udpcfg.txt on" not in seat.text and "plug in a stick" in seat.text
    seat = saving(machine=ONE)
    assert "plug in a stick" in seat.text
    seat.system.now = WITH_STICK
    choose(seat, "Look again")
    assert "Save udpcfg.txt on /dev/sdb1" in seat.text


def test_a_page_that_was_closed_meanwhile_stays_closed() -> None:
    seat = saving()
    choose(seat, "/dev/sdb1")
    seat.app.close_menu()
    settle(seat)
    assert seat.shown != "save" and seat.logged("saved")
