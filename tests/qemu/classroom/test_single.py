"""One machine: its disks and its append line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from qemu.classroom import single
from qemu.classroom.single import SingleSpec, append_line, parse_disk, screenshot
from qemu.host.event_loop import Deadline, EventLoop
from qemu.machine.spec import MachineSpec
from qemu.machine.vm import VM


def test_a_machine_with_a_vga_screen_gets_no_serial_console() -> None:
    spec = SingleSpec(Path("/k"), Path("/i"), 'a="b c"', serial=False)
    assert append_line(spec) == 'a="b c" events=ttyS1 no_timer_check'


def test_the_kernel_tests_its_timer_only_where_the_host_cannot_be_too_busy_for_that() -> None:
    spec = SingleSpec(Path("/k"), Path("/i"), counted=True)
    assert append_line(spec) == "console=ttyS0,115200 events=ttyS1"
    assert append_line(replace(spec, counted=False)).endswith(" no_timer_check")


def test_disks_are_sizes_or_files() -> None:
    assert parse_disk("2G") == 2 << 30
    assert parse_disk("512M") == 512 << 20
    assert parse_disk("./2G") == Path("2G")
    assert parse_disk("model.img") == Path("model.img")


class Machine(VM):
    """Says its lines one after the other while something is waited for; what is pressed and done is in `done`."""

    def __init__(self, directory: Path, *says: str) -> None:
        super().__init__(MachineSpec("fake"), directory, EventLoop(), Deadline(60))
        self.says = list(says)
        self.done: list[str] = []

    def wait(self, condition: Callable[[], bool], deadline: Deadline, what: str) -> None:
        while not condition():
            self.events.feed(self.says.pop(0).encode() + b"\n")

    def press(self, *names: str, vga: bool = False) -> None:
        self.done += names

    def settle(self, seconds: float = 0.3) -> None:
        self.done.append(f"{len(self.says)} left to say")

    def screendump(self, path: Path) -> bool:
        self.done.append(path.name)
        return True


def test_a_picture_is_taken_when_the_devices_are_known(tmp_path: Path) -> None:
    lines = ('{"event": "screen", "t": 1, "name": "umode"}', '{"event": "screen", "t": 2, "name": "confirm"}')
    vm = Machine(tmp_path, *lines, '{"event": "devices", "t": 3}', '{"event": "note", "t": 4}')
    screenshot(vm, "confirm", {"umode": ("r",)}, tmp_path / "shot.png")
    assert vm.done == ["r", "1 left to say", "shot.png"]


def test_a_blank_disk_is_a_file_unless_instructions_are_counted(tmp_path: Path) -> None:
    spec = SingleSpec(Path("/k"), Path("/i"), disks=(1 << 20,))
    (kept,) = single._drives(spec, tmp_path)
    assert (kept.image, kept.format) == (tmp_path / "disk0", "raw")
    (forgetful,) = single._drives(replace(spec, counted=True), tmp_path)
    assert (forgetful.image, forgetful.serial) == (1 << 20, "DISK0")
