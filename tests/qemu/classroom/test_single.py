"""One machine: its disks and its append line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from qemu.classroom import single
from qemu.classroom.single import SingleSpec, append_line, parse_disk


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


def test_a_blank_disk_is_a_file_unless_instructions_are_counted(tmp_path: Path) -> None:
    spec = SingleSpec(Path("/k"), Path("/i"), disks=(1 << 20,))
    (kept,) = single._drives(spec, tmp_path)
    assert (kept.image, kept.format) == (tmp_path / "disk0", "raw")
    (forgetful,) = single._drives(replace(spec, counted=True), tmp_path)
    assert (forgetful.image, forgetful.serial) == (1 << 20, "DISK0")
