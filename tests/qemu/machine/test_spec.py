"""The QEMU command line, row by row."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qemu.machine.cards import ANY_NIC, card_for
from qemu.machine.firmware import Boot, Firmware, event_device, events_at
from qemu.machine.spec import (
    DirectBoot,
    Drive,
    MachineSpec,
    Nic,
    Ports,
    SpecError,
    argv,
    drive_argv,
    mac,
    nic_argv,
    uuid,
)
from qemu.machine.storage import Bus

DISK = Path("/images/a,b disk.img")
PORTS = Ports(Path("/run/c"), Path("/run/e"), Path("/run/q"), Path("/run/c,log"))
MACHINE = MachineSpec("seat", memory=256, uuid=uuid(1))


def options(command: list[str], name: str) -> list[str]:
    """The values of every option `name`."""
    return [value for option, value in itertools.pairwise(command) if option == name]


@pytest.mark.parametrize(
    ("change", "option", "value"),
    [
        ({}, "-m", "256M"),
        ({}, "-accel", "tcg,thread=multi"),
        ({"accel": "kvm"}, "-accel", "kvm"),
        ({"accel": "kvm"}, "-cpu", "host"),
        ({}, "-rtc", "base=utc"),
        ({"counted": True}, "-accel", "tcg,thread=single"),
        ({"counted": True}, "-icount", "shift=0,sleep=off,align=off"),
        ({"counted": True}, "-rtc", "base=2025-01-01T00:00:00,clock=vm"),
        ({"counted": True}, "-seed", "1"),
        ({}, "-uuid", "75647063-6173-4000-8000-000000000001"),
        ({}, "-display", "none"),
        ({"window": True}, "-display", "gtk"),
        ({}, "-vga", "std"),
        ({"boot": DirectBoot(Path("/k"), Path("/i"), 'a="b c"')}, "-append", 'a="b c"'),
        ({"boot": DirectBoot(Path("/k"), Path("/i"))}, "-initrd", "/i"),
    ],
)
def test_each_field_has_its_option(change: dict[str, object], option: str, value: str) -> None:
    machine = replace(MACHINE, **change)  # type: ignore[arg-type]
    assert value in options(argv(machine, PORTS), option)


def test_instructions_are_counted_only_when_asked_for_and_never_with_kvm() -> None:
    assert not {"-icount", "-seed"} & set(argv(MACHINE, PORTS))
    with pytest.raises(SpecError, match="KVM cannot count instructions"):
        argv(replace(MACHINE, counted=True, accel="kvm"))


def test_console_is_the_first_serial_port_and_events_the_second() -> None:
    command = argv(MACHINE, PORTS)
    assert options(command, "-serial") == ["chardev:console", "chardev:events"]
    assert options(command, "-chardev") == [
        "socket,id=console,path=/run/c,logfile=/run/c,,log",
        "socket,id=events,path=/run/e",
        "socket,id=qmp,path=/run/q",
    ]
    assert "-S" in command


def test_for_a_human_the_console_is_the_terminal_and_the_machine_starts_at_once() -> None:
    command = argv(MACHINE)
    assert options(command, "-serial") == ["mon:stdio", "chardev:events"]
    assert options(command, "-chardev") == ["file,id=events,path=events.jsonl"]
    assert "-S" not in command


def uefi(firmware: Firmware = Firmware.UEFI, **changes: Any) -> list[str]:
    """The command of a machine with UEFI."""
    machine = replace(MACHINE, firmware=firmware, variables=Path("/run/vars"), nics=(CARD,))
    return argv(replace(machine, **changes), PORTS)


CARD = Nic(mac(1), card_for(ANY_NIC, Firmware.UEFI), bootindex=1)


@pytest.mark.parametrize(
    ("firmware", "code", "machine"),
    [(Firmware.UEFI, "OVMF_CODE_4M.fd", "q35,graphics=off"), (Firmware.SECURE_BOOT, "secboot.fd", "smm=on")],
)
def test_uefi_has_its_code_and_variables_of_its_own(firmware: Firmware, code: str, machine: str) -> None:
    command = uefi(firmware)
    flash = [json.loads(one) for one in options(command, "-blockdev")]
    assert [(one["file"]["filename"], one["read-only"]) for one in flash[1:]] == [("/run/vars", False)]
    assert flash[0]["file"]["filename"].endswith(code) and flash[0]["read-only"]
    (told,) = options(command, "-machine")
    assert machine in told and told.endswith(",pflash0=firmware,pflash1=variables")
    assert ("driver=cfi.pflash01,property=secure,value=on" in command) == (firmware is Firmware.SECURE_BOOT)
    with pytest.raises(SpecError, match="needs a file for its variables"):
        uefi(firmware, variables=None)


def test_uefi_writes_to_every_serial_line_so_that_events_have_a_port_of_their_own() -> None:
    command = uefi()
    assert options(command, "-serial") == ["chardev:console"]
    assert f"virtserialport,chardev=events,name={events_at(Firmware.UEFI)}" in options(command, "-device")
    assert event_device(Firmware.UEFI) == f"/dev/virtio-ports/{events_at(Firmware.UEFI)}"
    assert (events_at(Firmware.BIOS), event_device(Firmware.BIOS)) == ("ttyS1", "/dev/ttyS1")


def test_uefi_drives_a_card_itself_and_has_random_numbers_for_it() -> None:
    devices = options(uefi(), "-device")
    assert "virtio-rng-pci" in devices
    assert [one.endswith(",romfile=") for one in devices if one.startswith("virtio-net-pci")] == [True]
    assert "romfile" not in " ".join(argv(replace(MACHINE, nics=(CARD,)), PORTS))


@pytest.mark.parametrize(("path", "times"), [(Boot.PXE, 0), (Boot.HTTP, 2)])
def test_http_boot_leaves_pxe_out(path: Boot, times: int) -> None:
    assert len(options(uefi(path=path), "-fw_cfg")) == times


@pytest.mark.parametrize(("path", "device"), [(Boot.ISO, "ide-cd,bus=ide.5,"), (Boot.USB, "usb-storage,")])
@pytest.mark.parametrize("firmware", Firmware)
def test_a_medium_is_started_first(firmware: Firmware, path: Boot, device: str) -> None:
    command = uefi(firmware, path=path, medium=Path("/run/a.iso"))
    assert [one.endswith("bootindex=0") for one in options(command, "-device") if one.startswith(device)] == [True]
    (medium,) = (json.loads(one) for one in options(command, "-blockdev") if "a.iso" in one)
    assert medium["read-only"] == (path is Boot.ISO)


@pytest.mark.parametrize("wrong", [{"path": Boot.ISO}, {"medium": Path("/m")}])
def test_a_medium_and_its_way_belong_together(wrong: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match="iso or usb"):
        uefi(**wrong)


@pytest.mark.parametrize(
    ("model", "firmware", "found"),
    [
        ("auto", Firmware.BIOS, "e1000"),
        ("rtl8139", Firmware.UEFI, "rtl8139"),
        ("auto", Firmware.SECURE_BOOT, "virtio-net-pci"),
    ],
)
def test_without_a_model_the_card_is_one_that_the_firmware_can_boot_from(
    model: str, firmware: Firmware, found: str
) -> None:
    assert card_for(model, firmware) == found


def test_a_restart_ends_qemu_unless_wanted() -> None:
    assert "-no-reboot" in argv(MACHINE)
    assert "-no-reboot" not in argv(replace(MACHINE, reboot=True))


@pytest.mark.parametrize(
    ("bus", "controllers", "device"),
    [
        (Bus.AHCI, [], "ide-hd,bus=ide.2"),
        (Bus.NVME, [], "nvme"),
        (Bus.VIRTIO, [], "virtio-blk-pci"),
        (Bus.SCSI, ["virtio-scsi-pci,id=bus2"], "scsi-hd,bus=bus2.0"),
        (Bus.USB, ["qemu-xhci,id=xhci2"], "usb-storage,bus=xhci2.0"),
        (Bus.UAS, ["qemu-xhci,id=xhci2", "usb-uas,id=bus2,bus=xhci2.0"], "scsi-hd,bus=bus2.0"),
        (Bus.MEGASAS, ["megasas,id=bus2"], "scsi-hd,bus=bus2.0"),
        (Bus.MPTSAS, ["mptsas1068,id=bus2"], "scsi-hd,bus=bus2.0,wwn=0x5000656475636172"),
        (Bus.LSI, ["lsi53c895a,id=bus2"], "scsi-hd,bus=bus2.0"),
        (Bus.PVSCSI, ["pvscsi,id=bus2"], "scsi-hd,bus=bus2.0"),
        (Bus.IDE, ["piix3-ide,id=bus2"], "ide-hd,bus=bus2.0"),
    ],
)
def test_each_bus_has_its_controller_and_device(bus: Bus, controllers: list[str], device: str) -> None:
    *first, last = options(drive_argv(Drive(DISK, bus, serial="S1", bootindex=3), 2), "-device")
    assert first == controllers
    assert last.startswith(f"{device},drive=disk2,id=drive2,serial=S1,")
    assert last.endswith(",bootindex=3")
    assert ("werror=report" in last) == (bus is not Bus.NVME)


@pytest.mark.parametrize(("bus", "model"), [(Bus.SD, "sd-card"), (Bus.EMMC, "emmc")])
def test_a_memory_card_has_only_its_image(bus: Bus, model: str) -> None:
    reader, card = options(drive_argv(Drive(DISK, bus, serial="S1"), 2), "-device")
    assert (reader, card) == ("sdhci-pci,id=bus2", f"{model},bus=sd-bus,drive=disk2,id=drive2")


def test_a_disk_calls_itself_what_it_is_told() -> None:
    [device] = options(drive_argv(Drive(DISK, model="SSD 850, 256GB", serial="S1"), 0), "-device")
    assert device.startswith("ide-hd,bus=ide.0,drive=disk0,id=drive0,model=SSD 850,, 256GB,serial=S1,")


def test_a_drive_is_one_blockdev_whatever_its_file_is_called() -> None:
    [text] = options(drive_argv(Drive(DISK, format="qcow2"), 0), "-blockdev")
    node = json.loads(text)
    assert node["file"]["filename"] == str(DISK)
    assert (node["driver"], node["node-name"], node["read-only"]) == ("qcow2", "disk0", False)
    assert node["cache"] == {"direct": False, "no-flush": True}
    assert node["detect-zeroes"] == "unmap"


def test_a_disk_may_be_nothing_but_a_size() -> None:
    [text] = options(drive_argv(Drive(1 << 30), 0), "-blockdev")
    assert json.loads(text) == {"driver": "null-co", "node-name": "disk0", "size": 1 << 30, "read-zeroes": True}


def test_a_safe_cache_passes_flushes_on() -> None:
    [text] = options(drive_argv(Drive(DISK, cache="writeback"), 0), "-blockdev")
    assert json.loads(text)["file"]["cache"]["no-flush"] is False


def test_sectors_of_4096_bytes() -> None:
    [device] = options(drive_argv(Drive(DISK, Bus.VIRTIO, sector=4096), 0), "-device")
    assert "logical_block_size=4096,physical_block_size=4096" in device


@pytest.mark.parametrize(
    ("drive", "words"),
    [
        (Drive(DISK, Bus.AHCI, sector=4096), "4096-byte sectors"),
        (Drive(DISK, Bus.SCSI, sector=520), "520-byte sectors"),
        (Drive(DISK, Bus.NVME, read_only=True), "read-only"),
        (Drive(DISK, Bus.NVME, model="SSD"), "ahci or ide"),
        (Drive(DISK, serial="x" * 21), "20 ASCII characters"),
        (Drive(DISK, Bus.SD, sector=4096), "4096-byte sectors"),
        (Drive(DISK, Bus.SD, bootindex=1), "no firmware"),
    ],
)
def test_what_qemu_cannot_do_is_one_sentence(drive: Drive, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        drive_argv(drive, 0)


def test_a_card_boots_first_from_its_own_rom() -> None:
    netdev, device = nic_argv(Nic(mac(7), "rtl8139", tap="tap7", bootindex=1), 0)[1::2]
    assert netdev == "tap,id=net0,ifname=tap7,script=no,downscript=no"
    assert device == "rtl8139,id=nic0,netdev=net0,mac=52:54:00:75:64:07,bootindex=1"
    assert "romfile" not in device


def test_a_card_of_usb_brings_its_controller() -> None:
    words = nic_argv(Nic(mac(7), "usb-net"), 1)
    assert options(words, "-device") == [
        "qemu-xhci,id=nicbus1",
        "usb-net,bus=nicbus1.0,id=nic1,netdev=net1,mac=52:54:00:75:64:07",
    ]


def test_a_card_without_tap_has_a_cable_that_leads_nowhere() -> None:
    assert nic_argv(Nic(mac(0)), 1)[1] == "hubport,id=net1,hubid=1"


def test_unknown_values_are_refused() -> None:
    with pytest.raises(SpecError, match=r"network card.*e1000"):
        nic_argv(Nic(mac(0), "ne9000"), 0)
    with pytest.raises(SpecError, match="tcg or kvm"):
        argv(replace(MACHINE, accel="xen"))
    with pytest.raises(SpecError, match="memory"):
        argv(replace(MACHINE, memory=4))


def test_seats_have_different_addresses_and_there_are_256() -> None:
    assert len({mac(n) for n in range(256)}) == len({uuid(n) for n in range(256)}) == 256
    with pytest.raises(SpecError):
        mac(256)


def test_io_errors_lie_above_the_image_where_the_guests_offsets_hold() -> None:
    words = drive_argv(Drive(Path("/d"), format="qcow2", read_errors=(1536,), write_errors=(1 << 20,)), 0)
    node = json.loads(words[1])
    assert (node["driver"], node["node-name"], node["image"]["driver"]) == ("blkdebug", "disk0", "qcow2")
    assert node["inject-error"] == [
        {"event": "none", "iotype": "read", "sector": 3},
        {"event": "none", "iotype": "write", "sector": 2048},
    ]


def test_a_disk_with_a_rate_has_a_group_that_limits_it() -> None:
    words = drive_argv(Drive(Path("/d"), rate=20_000_000), 1)
    group, node = json.loads(words[1]), json.loads(words[3])
    assert (words[0], group["id"], group["limits"]) == ("-object", "rate1", {"bps-total": 20_000_000})
    assert (node["driver"], node["node-name"], node["throttle-group"]) == ("throttle", "disk1", "rate1")
    for wrong in ({"read_errors": (512,)}, {"write_errors": (512,)}, {"read_only": True, "bus": Bus.SCSI}, {"rate": 0}):
        with pytest.raises(SpecError, match="a disk with a rate"):
            drive_argv(Drive(Path("/d"), **{"rate": 1, **wrong}), 0)  # type: ignore[arg-type]
