"""When a fault is fired, and what happens then; on machines that only say what they are told to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qemu.classroom.equipment import FILTERED, HARDWARE, LINE, PROGRAMS, SOURCE, TARGET
from qemu.classroom.faults import Kind, parse_fault
from qemu.classroom.injection import ACTIONS, Injection
from qemu.classroom.report import Role
from qemu.classroom.seat import Seat
from qemu.classroom.seat_spec import SeatSpec
from qemu.host.event_loop import Deadline, EventLoop
from qemu.machine.qmp import Qmp
from qemu.machine.spec import MachineSpec
from qemu.machine.vm import VM

SIZE = 1 << 20


class FakeQmp(Qmp):
    def __init__(self, loop: EventLoop) -> None:
        super().__init__(loop)
        self.links: list[object] = []
        self.commands: list[tuple[object, ...]] = []

    def execute(self, command: str, *, deadline: Deadline, **arguments: object) -> object:
        if command != "set_link":
            self.commands.append((command, *arguments.values()))
            return {}
        assert command == "set_link" and arguments["name"] == "nic0"
        self.links.append(arguments["up"])
        return {}


class FakeVM(VM):
    def __init__(self, directory: Path) -> None:
        super().__init__(MachineSpec("fake"), directory, EventLoop(), Deadline(60))
        self.fake_qmp = self.qmp = FakeQmp(self.loop)
        self.alive = True

    @property
    def running(self) -> bool:
        return self.alive

    def stop(self) -> None:
        self.alive = False

    def says(self, event: str, **fields: object) -> None:
        self.events.feed(json.dumps({"event": event, "t": 1.0, **fields}).encode() + b"\n")


class Room:
    """A sender and a receiver, and the faults."""

    def __init__(self, directory: Path, *texts: str) -> None:
        self.source, self.target = directory / "source", directory / "target"
        self.source.write_bytes(b"x" * (SIZE - 4096) + bytes(4096))
        self.target.write_bytes(bytes(SIZE))
        self.vms = {"sender": FakeVM(directory), "receiver-1": FakeVM(directory)}
        self.seats = {
            name: Seat(SeatSpec(n, Role.RECEIVER if n else Role.SENDER, ""), vm, 1, lambda seat, what: None)
            for n, (name, vm) in enumerate(self.vms.items())
        }
        self.lines: list[str] = []
        self.switched_on: list[str] = []
        self.injection = Injection(
            tuple(map(parse_fault, texts)),
            self.source,
            {"receiver-1": self.target},
            self.switched_on.append,
            lambda seat, what: self.lines.append(what),
        )

    def turn(self) -> int:
        """Let a turn pass; how many faults have come by now."""
        self.injection.turn(self.seats, Deadline(5))
        return len(self.injection.fired)


def test_power_is_cut_at_the_seats_own_progress_and_only_once(tmp_path: Path) -> None:
    room = Room(tmp_path, "kill:receiver-1@50%")
    room.vms["sender"].says("progress", bytes=SIZE, total=SIZE)
    room.vms["receiver-1"].says("progress", bytes=SIZE // 2 - 1, total=SIZE)
    assert room.turn() == 0
    room.vms["receiver-1"].says("progress", bytes=SIZE // 2, total=SIZE)
    assert room.turn() == room.turn() == 1
    assert not room.vms["receiver-1"].alive and room.vms["sender"].alive
    assert room.lines == ["FAULT kill:receiver-1@50%"]
    assert room.seats["receiver-1"].finished and room.seats["receiver-1"].why() == "its power was cut."


def test_a_seat_that_restarts_begins_from_nothing(tmp_path: Path) -> None:
    room = Room(tmp_path, "restart:sender@cast")
    sender, seat = room.vms["sender"], room.seats["sender"]
    sender.says("cast")
    sender.says("outcome", ok=False, kind="cancelled")
    sender.events.feed(b'{"event": "pro')
    assert seat.claim
    assert room.turn() == room.turn() == 1
    assert sender.fake_qmp.commands == [("set-action", "reset"), ("system_reset",)]
    assert sender.alive and not seat.finished
    assert seat.claim is None and seat.said is None
    sender.says("init")
    assert [event.name for event in sender.events.events] == ["init"]


@pytest.mark.parametrize(
    ("moment", "event"), [("cast", {"event": "cast"}), ("verifying", {"event": "phase", "phase": "verifying"})]
)
def test_a_moment_is_an_event_of_the_seat(moment: str, event: dict[str, str], tmp_path: Path) -> None:
    room = Room(tmp_path, f"kill:receiver-1@{moment}")
    room.vms["receiver-1"].says("phase", phase="flushing")
    room.vms["receiver-1"].says("connected")
    assert room.turn() == 0
    room.vms["receiver-1"].says(**event)
    assert room.turn() == 1


def test_a_cable_that_is_pulled_for_some_time_is_plugged_in_again(tmp_path: Path) -> None:
    room = Room(tmp_path, "unplug:sender:0.001s@cast", "unplug:receiver-1@cast")
    for vm in room.vms.values():
        vm.says("cast")
    assert room.turn() == 2
    assert room.vms["receiver-1"].fake_qmp.links == [False]
    while len(room.vms["sender"].fake_qmp.links) < 2:
        room.turn()
    assert room.vms["sender"].fake_qmp.links == [False, True]
    assert room.vms["receiver-1"].fake_qmp.links == [False]


def test_a_bit_is_flipped_when_its_block_is_on_the_disk(tmp_path: Path) -> None:
    room = Room(tmp_path, "flip:receiver-1@50%")
    with room.target.open("r+b") as file:
        file.write(room.source.read_bytes()[: SIZE // 2 + 100])
        assert room.turn() == 0
        file.write(room.source.read_bytes()[SIZE // 2 + 100 :])
    assert room.turn() == room.turn() == 1
    found, wanted = room.target.read_bytes(), bytearray(room.source.read_bytes())
    wanted[SIZE // 2] ^= 1
    assert found == bytes(wanted)


def test_of_a_block_of_zeros_nobody_can_tell_whether_it_was_written(tmp_path: Path) -> None:
    room = Room(tmp_path, f"flip:receiver-1@{SIZE - 1}")
    room.target.write_bytes(room.source.read_bytes())
    assert room.turn() == 0


def test_a_late_seat_is_switched_on_by_the_senders_progress(tmp_path: Path) -> None:
    room = Room(tmp_path, "late:receiver-1@30%")
    assert not room.injection.powered("receiver-1") and room.injection.powered("sender")
    late = room.seats.pop("receiver-1")
    assert room.turn() == 0
    room.vms["sender"].says("progress", bytes=SIZE, total=SIZE)
    assert room.turn() == 1
    assert room.switched_on == ["receiver-1"]
    assert room.injection.named("receiver-1") and not room.injection.named("sender") and late


def test_io_errors_and_dying_programs_are_seen_when_they_come(tmp_path: Path) -> None:
    room = Room(tmp_path, "write-error:receiver-1@30%", "kill-program:sender:pigz@30%", "absent:receiver-1")
    for vm in room.vms.values():
        vm.says("progress", bytes=SIZE, total=SIZE)
    assert room.turn() == 0
    assert len(room.injection.pending) == 2, "what stands from the start never comes"
    room.vms["receiver-1"].qmp.feed(b'{"event": "BLOCK_IO_ERROR", "data": {}}\n')
    room.vms["sender"].says("fault", program="pigz")
    assert room.turn() == 2
    assert room.injection.pending == []


OF_THE_ROOM = {Kind.SMALLER, Kind.LARGER, Kind.ABSENT, Kind.SECOND_SENDER}
"""What decides about a seat as a whole: how large its disk is, whether it is switched on, whether it is there."""


def test_every_kind_of_fault_is_carried_out_by_exactly_one() -> None:
    carried_out = [*LINE, *SOURCE, *TARGET, *HARDWARE, *PROGRAMS, *FILTERED, *ACTIONS, *OF_THE_ROOM]
    assert sorted(kind.word for kind in carried_out) == sorted(kind.word for kind in Kind), (
        "each is in one table of equipment.py or in ACTIONS (injection.py)"
    )
