"""Expected failures: each is an event with a kind, in English, and a page in the operator's language."""

from __future__ import annotations

from dataclasses import replace

import pytest

from launcher.session import devices
from tests.common import ONE, TWO
from tests.launcher.session.driver import ADDRESS, EXCHANGED, Clock, FakeJob, FakeSystem, begun

pytestmark = pytest.mark.usefixtures("no_terminal")


@pytest.mark.parametrize(
    ("line", "system", "kind", "hint"),
    [
        ("umode=snd", FakeSystem(ONE, job=FakeJob(failed=True)), "no-address", "Check the cable and the DHCP server"),
        ("auto=yes umode=rcv prot=9002", FakeSystem(ONE), "wrong-line", "Nothing is done unattended with a wrong"),
    ],
)
def test_an_error_is_an_event_in_english_and_a_page_in_the_operators_language(
    line: str, system: FakeSystem, kind: str, hint: str
) -> None:
    seat = begun(f"{ADDRESS} lang=fr {line}", system)
    (error,) = seat.logged("error")
    assert (seat.shown, error["kind"]) == ("error", kind)
    assert error["hint"].startswith(hint)
    if kind == "no-address":
        assert "Vérifiez le câble" in seat.text and hint not in seat.text


def test_a_disk_that_is_exchanged_is_an_error_of_its_own_kind() -> None:
    system = FakeSystem(ONE, job=FakeJob(ready=False))
    seat = begun(f"{ADDRESS} umode=rcv disk=/dev/sda", system)
    system.now, system.job.ready = EXCHANGED, True
    seat.tick()
    (error,) = seat.logged("error")
    assert (error["kind"], error["hint"]) == ("device-changed", "Nothing was written. Choose the disk again.")


def test_a_disk_that_does_not_come_is_an_error_of_its_own_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    seat = begun(f"{ADDRESS} auto=yes umode=rcv disk=/dev/sda", FakeSystem(replace(ONE, disks=())))
    monkeypatch.setattr(devices, "DEADLINE", 0.0)
    seat.tick()
    (error,) = seat.logged("error")
    assert error["kind"] == "device-missing"
    assert error["hint"].startswith("Waited 60 s. ")


def test_a_disk_that_hangs_is_an_error_of_its_own_kind() -> None:
    seat = begun(ADDRESS, FakeSystem(ONE, hung=True))
    seat.menu()
    seat.act("shell")
    (error,) = seat.logged("error")
    assert (error["kind"], seat.shown, seat.left) == ("disk-hangs", "error", False)


# --- what the operator may do -----------------------------------------------------------------------------------------


def test_a_missing_disk_is_waited_for_again_when_the_operator_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(100.0)
    monkeypatch.setattr(devices, "time", clock)
    seat = begun(f"{ADDRESS} auto=yes umode=rcv disk=/dev/sda", FakeSystem(replace(ONE, disks=())))
    clock.now += devices.DEADLINE
    seat.tick()
    assert seat.shown == "error"
    seat.act("retry")
    assert seat.shown == "waiting"


@pytest.mark.parametrize(("action", "then"), [("retry", "error"), ("change", "lang"), ("back", "lang")])
def test_answers_are_kept_to_try_again_and_asked_again_to_be_changed(action: str, then: str) -> None:
    system = FakeSystem(ONE, job=FakeJob(failed=True))
    seat = begun(ADDRESS, system)
    seat.answer("umode", "snd")
    assert seat.shown == "error"
    seat.back() if action == "back" else seat.act(action)
    assert seat.shown == then


def test_a_disk_that_was_chosen_and_exchanged_is_chosen_again() -> None:
    system = FakeSystem(TWO, job=FakeJob(ready=False))
    seat = begun(ADDRESS, system)
    seat.answer("umode", "snd")
    seat.answer("disk", "/dev/sda")
    system.now = replace(TWO, disks=(replace(TWO.disks[0], serial="ANOTHER"), *TWO.disks[1:]))
    system.job.ready = True
    seat.tick()
    assert (seat.shown, system.started) == ("error", [])
    seat.act("retry")
    assert seat.shown == "disk"


def test_however_much_is_wrong_the_title_and_every_action_are_seen() -> None:
    line = " ".join(f"portt=9001{number * '9'}" for number in range(40))
    seat = begun(f"{ADDRESS} auto=yes {line}", FakeSystem(ONE))
    assert (seat.shown, "STOPPED" in seat.text) == ("error", True)
    assert [
        words for words in ("Try again", "Change the answers", "Shell", "Power off") if words not in seat.text
    ] == []
