"""One seat: what it makes of events, what its operator presses, when it is finished."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pxe.entries.loaders import GRUB
from qemu.classroom.report import Role
from qemu.classroom.seat import Seat, restarts
from qemu.classroom.seat_spec import SeatSpec
from qemu.host.event_loop import Deadline, EventLoop
from qemu.host.network import Served
from qemu.machine.firmware import Firmware
from qemu.machine.spec import MachineSpec
from qemu.machine.vm import VM


class FakeVM(VM):
    """A machine that is told what it says, and remembers what is pressed."""

    def __init__(self, tmp_path: Path) -> None:
        super().__init__(MachineSpec("fake"), tmp_path, EventLoop(), Deadline(60))
        self.pressed: list[str] = []
        self.alive = True

    @property
    def running(self) -> bool:
        return self.alive

    def press(self, *names: str, vga: bool = False) -> None:
        self.pressed += names

    def says(self, event: str, t: float = 1.0, /, **fields: object) -> None:
        self.events.feed(json.dumps({"event": event, "t": t, **fields}).encode() + b"\n")

    def shows(self, text: str) -> None:
        self.console.feed(text.encode())


@pytest.fixture
def vm(tmp_path: Path) -> FakeVM:
    return FakeVM(tmp_path)


def make(vm: FakeVM, append: str, role: Role = Role.SENDER, receivers: int = 2) -> Seat:
    return Seat(SeatSpec(0 if role is Role.SENDER else 1, role, append), vm, receivers, lambda seat, what: None)


OUTCOME: dict[str, object] = {
    "ok": True,
    "kind": "sent",
    "sentence": "Done.",
    "bytes": 5,
    "seconds": 0.5,
    "xxh128": None,
}


def test_keys_are_pressed_once_and_only_when_the_screen_can_be_seen(vm: FakeVM) -> None:
    seat = make(vm, "")
    vm.says("screen", name="umode")
    seat.turn()
    assert vm.pressed == []
    vm.shows("What is this PC?")
    seat.turn()
    seat.turn()
    assert vm.pressed == ["s"]


def test_what_is_refused_ends_the_seat_at_once_and_stands_in_the_report(vm: FakeVM) -> None:
    seat = make(vm, "auto=yes")
    vm.shows("Fetching Netboot Image grubx64.efi\r\n")
    seat.turn()
    assert not seat.finished
    vm.shows("\x1b[04;01H|  Verification failed: (0x1A) Security Violation  |")
    seat.turn()
    assert seat.finished and seat.failed
    assert seat.why() == 'refused: shim does not start GRUB: "Verification failed: (0x1A) Security Violation"'


def test_a_seat_with_uefi_tells_when_its_firmware_is_through(vm: FakeVM) -> None:
    seats = [make(vm, ""), Seat(SeatSpec(1, Role.RECEIVER, "", Firmware.UEFI), vm, 1, lambda seat, what: None)]
    vm.shows("\r\n>>Start PXE over IPv4.\r\n")
    for seat in seats:
        seat.turn()
    assert [[stage.name for stage in seat.stages()] for seat in seats] == [[], ["firmware"]]
    seats[1].served(Served("dhcp", "10.77.0.20", seats[1].spec.mac))
    for name in GRUB.files:
        seats[1].served(Served(name, "10.77.0.20"))
    assert [stage.name for stage in seats[1].stages()] == ["firmware", "dhcp", *(f"{name} sent" for name in GRUB.files)]


def test_the_sender_is_started_when_the_last_receiver_has_come(vm: FakeVM) -> None:
    seat = make(vm, "umode=snd")
    vm.shows("Transfer")
    vm.says("screen", name="transfer")
    vm.says("connected", address="10.77.0.2", number=0)
    seat.turn()
    assert vm.pressed == []
    vm.says("connected", address="10.77.0.3", number=1)
    seat.turn()
    assert vm.pressed == ["enter"]


def test_a_screen_that_comes_back_for_ever_ends_the_seat(vm: FakeVM) -> None:
    seat = make(vm, "")
    vm.shows("Which disk?")
    for _ in range(4):
        vm.says("screen", name="disk")
        seat.turn()
    assert seat.finished and seat.failed
    assert "screen disk came back" in seat.why()


def test_an_outcome_and_what_follows_finish_a_seat(vm: FakeVM) -> None:
    seat = make(vm, "auto=yes")
    assert not seat.finished
    vm.says("outcome", **OUTCOME)
    assert not seat.finished, "it may still say what it does next"
    vm.says("after", action="menu")
    assert seat.finished and not seat.failed
    assert seat.claim and seat.claim.ok and seat.claim.kind == "sent"


def test_a_machine_that_is_to_restart_is_awaited(vm: FakeVM) -> None:
    seat = make(vm, "auto=yes")
    vm.says("outcome", **OUTCOME)
    vm.says("after", action="reboot")
    assert not seat.finished
    vm.alive = False
    assert seat.finished and not seat.failed


@pytest.mark.parametrize(
    ("append", "expected"),
    [("", False), ("auto_reboot=never", False), ("auto-reboot=success", True), ("after=poweroff,menu", True)],
)
def test_which_lines_ask_for_a_restart(append: str, expected: bool) -> None:
    assert restarts(append) is expected


def test_the_result_ends_a_seat_soon_unless_a_restart_was_asked_for(
    vm: FakeVM, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("qemu.classroom.seat.time.monotonic", lambda: now)
    stays = make(vm, "auto=yes")
    goes = make(vm, "auto=yes auto_reboot=success")
    vm.says("outcome", **OUTCOME)
    vm.says("screen", name="result")
    now += 2
    assert stays.finished and not goes.finished
    now += 20
    assert goes.finished, "it did not restart, but nobody waits for ever"


def test_a_seat_that_tries_again_is_not_finished(vm: FakeVM, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qemu.classroom.seat.LINGER_SECONDS", 0.0)
    seat = make(vm, "auto=yes retry=1", Role.RECEIVER)
    vm.says("transfer")
    vm.says("outcome", **{**OUTCOME, "ok": False, "kind": "sender-vanished"})
    assert seat.finished
    vm.says("transfer")
    assert not seat.finished
    vm.says("outcome", **{**OUTCOME, "kind": "equal"})
    assert seat.finished and seat.claim and seat.claim.kind == "equal"


@pytest.mark.parametrize("value", [1, "true", "yes", None, []])
def test_only_true_is_true(vm: FakeVM, value: object) -> None:
    seat = make(vm, "auto=yes")
    vm.says("outcome", **{**OUTCOME, "ok": value})
    assert seat.claim and not seat.claim.ok


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "[ 3.1] Kernel panic - not syncing: Attempted to kill init!\r\n",
            "the kernel panicked: Kernel panic - not",
        ),
        ("PXE-E53: No boot filename received\r\n", "PXE-E53"),
        ("\r\nThe launcher stopped with status 137.\r\n", "ended from outside: The launcher stopped with status 137."),
        ("No bootable device.\r\n", "nothing to boot"),
    ],
)
def test_what_only_the_console_can_tell(vm: FakeVM, text: str, words: str) -> None:
    seat = make(vm, "auto=yes")
    for character in text:  # it may come in any pieces
        vm.shows(character)
        seat.turn()
    vm.shows("\n")
    seat.turn()
    assert seat.failed
    assert words in seat.why()


def test_an_error_is_the_reason(vm: FakeVM) -> None:
    seat = make(vm, "auto=yes")
    vm.says("error", sentence="No disk was found.", hint="Connect one.")
    assert seat.why() == "No disk was found. Connect one."


def test_a_crash_is_the_reason(vm: FakeVM) -> None:
    seat = make(vm, "auto=yes")
    vm.says("crash", sentence="bug", traceback="…")
    assert seat.why() == "the launcher crashed: bug"


def test_without_anything_the_last_stage_is_told(vm: FakeVM) -> None:
    seat = make(vm, "auto=yes")
    vm.says("init", 2.0)
    vm.says("python", 4.0)
    assert "last stage reached: python" in seat.why()


def test_stages_are_in_order_and_counted_once(vm: FakeVM) -> None:
    seat = make(vm, "auto=yes")
    seat.served(Served("dhcp", "10.77.0.9", seat.spec.mac))
    seat.served(Served("udpcast-initrd", "10.77.0.9"))
    seat.served(Served("ldlinux.c32", "10.77.0.9"))
    vm.says("screen", 6.0, name="transfer")
    vm.says("init", 2.0)  # reported late
    vm.says("progress", 7.0, bytes=1)
    vm.says("screen", 8.0, name="transfer")
    names = [stage.name for stage in seat.stages()]
    assert set(names) == {"dhcp", "initrd sent", "kernel", "init", "screen transfer"}
    assert names.index("kernel") < names.index("init") < names.index("screen transfer")
    assert {stage.name: stage.kernel for stage in seat.stages()}["init"] == 2.0


def test_progress_is_reported_ten_times_not_each_second(vm: FakeVM) -> None:
    lines: list[str] = []
    Seat(SeatSpec(0, Role.SENDER, "auto=yes"), vm, 1, lambda seat, what: lines.append(what))
    for done in range(0, 1001):
        vm.says("progress", bytes=done * 1_000_000, total=1_000_000_000)
    assert len(lines) == 10
    assert lines[-1] == "1000 of 1000 MB"
    vm.says("progress", bytes=2_100_000_000, total=None)
    assert lines[-1] == "2100 MB"
