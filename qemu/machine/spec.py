"""What a virtual machine is, as plain values, and the QEMU command line that makes it. Pure: nothing is opened.

Disks are written as ``-blockdev`` JSON (docs/system/qemu-block-drivers, QEMU's qapi/block-core.json), so that any
file name can be given and a later layer (blkdebug) is one more node.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from .cards import CARDS, NIC_MODELS
from .firmware import MEDIA, Boot, Firmware, events_argv, firmware_argv, machine_options, medium_argv
from .storage import ATTACHMENTS, Bus

QEMU = "qemu-system-x86_64"
MAC_PREFIX = "52:54:00:75:64:"
"""QEMU's own locally administered range 52:54:00, then "ud"."""


class SpecError(Exception):
    """One sentence: which value cannot be a machine of QEMU's, and what can."""


@dataclass(frozen=True)
class Drive:
    """A disk. `serial` at most 20 characters; `sector` is the logical (and physical) sector size in bytes.

    `image` is a file, or the size in bytes of a disk that is nothing but zeros, forgets what is written to it, and
    answers at once.

    `cache` is QEMU's word: ``unsafe`` ignores the guest's flushes, which is right for a file that nobody keeps after
    the host's own crash. Zeroes written by the guest become holes in the file. `read_errors` and `write_errors` are
    bytes whose sector cannot be read or written. `rate`: bytes a second, read and written together; None for no limit.
    `model`: what the disk calls itself, at most 40 characters; "" for QEMU's own name.
    """

    image: Path | int
    bus: Bus = Bus.AHCI
    format: str = "raw"
    serial: str = ""
    sector: int = 512
    read_only: bool = False
    cache: str = "unsafe"
    bootindex: int | None = None
    read_errors: tuple[int, ...] = ()
    write_errors: tuple[int, ...] = ()
    rate: int | None = None
    model: str = ""


@dataclass(frozen=True)
class Nic:
    """A network card. `tap` None: a cable that leads nowhere.

    `link` False: the cable is not plugged in at the start (which the harness sees to over QMP).
    """

    mac: str
    model: str = "e1000"
    tap: str | None = None
    bootindex: int | None = None
    link: bool = True


@dataclass(frozen=True)
class DirectBoot:
    """Kernel and initrd given to QEMU itself, without firmware's choice of a device."""

    kernel: Path
    initrd: Path
    append: str = ""


@dataclass(frozen=True)
class MachineSpec:
    """One machine. `memory` in MiB; `uuid` is what SMBIOS shows; `boot` None: the firmware's boot order.

    `variables`: the file that is UEFI's variables, which it writes; None: `VM` makes a copy of a new PC's. `path` is
    what the firmware starts first, ISO and USB from `medium`; the cards' `bootindex` is their own affair.

    `counted`: one nanosecond of the guest's clock is one instruction, whatever else the host does, and a guest that
    waits for its clock does not wait for the host's (QEMU, docs/devel/tcg-icount.rst). Two such machines have the same
    random numbers and the same time of day.
    """

    name: str
    memory: int = 384
    uuid: str = "00000000-0000-4000-8000-000000000000"
    accel: str = "tcg"
    drives: tuple[Drive, ...] = ()
    nics: tuple[Nic, ...] = ()
    boot: DirectBoot | None = None
    reboot: bool = False  # False: QEMU ends when the guest restarts, which is how the harness sees it
    window: bool = False  # show the VGA screen in a window (needs qemu-system-gui)
    counted: bool = False  # the guest's clock counts instructions (TCG alone can)
    firmware: Firmware = Firmware.BIOS
    variables: Path | None = None
    path: Boot = Boot.PXE
    medium: Path | None = None


@dataclass(frozen=True)
class Ports:
    """Unix sockets on which the harness listens before QEMU starts, so that no byte is lost; `log` is a plain file."""

    console: Path
    events: Path
    qmp: Path
    log: Path


def argv(machine: MachineSpec, ports: Ports | None = None) -> list[str]:
    """The QEMU command. Without `ports` it is for a human: console on this terminal, events beside it in a file.

    Raises SpecError for a value that QEMU would refuse in less clear words.
    """
    command = [QEMU, "-nodefaults", "-no-user-config", "-name", machine.name]
    command += ["-machine", f"q35,graphics=off{machine_options(machine.firmware)}", "-accel", *_accelerator(machine)]
    command += _firmware(machine)
    if machine.accel == "kvm":
        command += ["-cpu", "host"]
    command += ["-smp", "1", "-m", f"{_memory(machine)}M", "-uuid", machine.uuid, "-rtc", _clock(machine)]
    command += ["-vga", "std", "-display", "gtk" if machine.window else "none"]
    command += _ports(ports, machine.firmware) if ports else _ports_for_a_human(machine.firmware)
    if not machine.reboot:
        command += ["-no-reboot"]
    for number, drive in enumerate(machine.drives):
        command += drive_argv(drive, number)
    for number, nic in enumerate(machine.nics):
        command += nic_argv(nic, number, machine.firmware)
    if machine.boot:
        command += ["-kernel", str(machine.boot.kernel), "-initrd", str(machine.boot.initrd)]
        command += ["-append", machine.boot.append]
    return command


def _accelerator(machine: MachineSpec) -> list[str]:
    """The value of ``-accel``, and what goes with it."""
    if machine.accel not in {"tcg", "kvm"}:
        raise SpecError(f'accelerator "{machine.accel}" is not known: tcg or kvm.')
    if machine.counted:
        if machine.accel == "kvm":
            raise SpecError("KVM cannot count instructions: take tcg.")
        return ["tcg,thread=single", "-icount", "shift=0,sleep=off,align=off", "-seed", "1"]
    return ["tcg,thread=multi" if machine.accel == "tcg" else "kvm"]


def _clock(machine: MachineSpec) -> str:
    """The value of ``-rtc``: the host's time of day, or one day for all runs that are counted."""
    return "base=2025-01-01T00:00:00,clock=vm" if machine.counted else "base=utc"


def _memory(machine: MachineSpec) -> int:
    if not 16 <= machine.memory <= 65536:
        raise SpecError(f"a machine with {machine.memory} MiB of memory cannot be made: 16 to 65536.")
    return machine.memory


def _firmware(machine: MachineSpec) -> list[str]:
    if machine.firmware is not Firmware.BIOS and machine.variables is None:
        raise SpecError(f"a machine with {machine.firmware.value} needs a file for its variables.")
    command = firmware_argv(machine.firmware, machine.variables, machine.path)
    if (machine.medium is not None) != (machine.path in MEDIA):
        raise SpecError("a medium is started by iso or usb, and these start nothing else.")
    return command + (medium_argv(machine.medium, machine.path) if machine.medium else [])


def _ports_for_a_human(firmware: Firmware) -> list[str]:
    """Console on the terminal, events in a file."""
    return ["-serial", "mon:stdio", "-chardev", "file,id=events,path=events.jsonl", *events_argv(firmware, "events")]


def _ports(ports: Ports, firmware: Firmware) -> list[str]:
    return [
        *("-chardev", f"socket,id=console,path={_quoted(ports.console)},logfile={_quoted(ports.log)}"),
        *("-serial", "chardev:console"),
        *("-chardev", f"socket,id=events,path={_quoted(ports.events)}"),
        *events_argv(firmware, "events"),
        *("-chardev", f"socket,id=qmp,path={_quoted(ports.qmp)}"),
        *("-mon", "chardev=qmp,mode=control"),
        "-S",  # the harness unplugs cables first, and knows the instant of power-on
    ]


def _quoted(path: Path) -> str:
    """A value of one of QEMU's comma lists: a comma is doubled."""
    return str(path).replace(",", ",,")


def drive_argv(drive: Drive, number: int) -> list[str]:
    """One disk: the image, its controller and the disk device. Raises SpecError."""
    attachment = ATTACHMENTS[drive.bus]
    if len(drive.serial) > 20 or not drive.serial.isascii():
        raise SpecError(f'serial number "{drive.serial}" is too long: 20 ASCII characters at most.')
    if drive.sector not in attachment.sectors:
        raise SpecError(f"{drive.bus.value} disks have no {drive.sector}-byte sectors: {_sectors(attachment.sectors)}.")
    if drive.read_only and not attachment.read_only:
        raise SpecError(f"{drive.bus.value} disks cannot be read-only in QEMU: take scsi, virtio or usb.")
    if drive.bootindex is not None and attachment.memory_card:
        raise SpecError(f"no firmware of QEMU's starts a disk on {drive.bus.value}: take another bus.")
    if drive.rate is not None and (drive.rate < 1 or drive.read_only or drive.read_errors or drive.write_errors):
        raise SpecError("a disk with a rate must have one of at least 1, be writable, and have no errors.")
    if drive.model and not attachment.named:
        raise SpecError(f"{drive.bus.value} disks have QEMU's own model name: take ahci or ide for another one.")
    device = [f"drive=disk{number}", f"id=drive{number}"]
    if drive.model:
        device.append(f"model={_quoted(Path(drive.model))}")
    if not attachment.memory_card:
        if drive.serial or drive.bus is Bus.NVME:
            device.append(f"serial={_quoted(Path(drive.serial or f'NVME{number}'))}")
        device += [f"logical_block_size={drive.sector}", f"physical_block_size={drive.sector}"]
    if attachment.errors:
        # An error is the guest's affair: by default QEMU stops the whole machine when the host's disk is full.
        device += ["rerror=report", "werror=report"]
    if drive.bootindex is not None:
        device.append(f"bootindex={drive.bootindex}")
    controllers = [word for each in attachment.controllers for word in ("-device", each.format(n=number))]
    return [
        *_throttle(drive, number),
        "-blockdev",
        json.dumps(_blockdev(drive, number)),
        *controllers,
        "-device",
        ",".join([attachment.disk.format(n=number), *device]),
    ]


def _throttle(drive: Drive, number: int) -> list[str]:
    """The group that limits the disk's rate (QEMU, docs/throttle.txt)."""
    if drive.rate is None:
        return []
    group = {"qom-type": "throttle-group", "id": f"rate{number}", "limits": {"bps-total": drive.rate}}
    return ["-object", json.dumps(group)]


def _blockdev(drive: Drive, number: int) -> dict[str, object]:
    """The image, and on top of it, where the guest's offsets hold, its errors (docs/devel/blkdebug.txt) or its rate."""
    if drive.rate is not None:
        group = {"driver": "throttle", "throttle-group": f"rate{number}"}
        return {**group, "node-name": f"disk{number}", "file": _image(drive, f"image{number}")}
    if not drive.read_errors and not drive.write_errors:
        return _image(drive, f"disk{number}")
    broken = [("read", byte) for byte in drive.read_errors] + [("write", byte) for byte in drive.write_errors]
    return {
        "driver": "blkdebug",
        "node-name": f"disk{number}",
        "image": _image(drive, f"image{number}"),
        "inject-error": [{"event": "none", "iotype": iotype, "sector": byte // 512} for iotype, byte in broken],
    }


def _image(drive: Drive, node: str) -> dict[str, object]:
    if isinstance(drive.image, int):
        return {"driver": "null-co", "node-name": node, "size": drive.image, "read-zeroes": True}
    cache = {"direct": False, "no-flush": drive.cache == "unsafe"}
    return {
        "driver": drive.format,
        "node-name": node,
        "read-only": drive.read_only,
        "cache": cache,
        "discard": "unmap",
        **({} if drive.read_only else {"detect-zeroes": "unmap"}),
        "file": {"driver": "file", "filename": str(drive.image), "cache": cache, "discard": "unmap"},
    }


def _sectors(there: tuple[int, ...]) -> str:
    return " or ".join(map(str, there)) + ("" if len(there) > 1 else ", or 4096 with another bus")


def nic_argv(nic: Nic, number: int, firmware: Firmware = Firmware.BIOS) -> list[str]:
    """One network card and what its cable leads to.

    BIOS has its boot ROM, QEMU's own default from ipxe-qemu. UEFI has its own drivers: that ROM would take over.
    """
    card = CARDS.get(nic.model)
    if card is None:
        raise SpecError(f'network card "{nic.model}" is not known: {", ".join(NIC_MODELS)}.')
    if nic.tap is not None:
        netdev = f"tap,id=net{number},ifname={nic.tap},script=no,downscript=no"
    else:
        netdev = f"hubport,id=net{number},hubid={number}"
    bus = f",bus=nicbus{number}.0" if card.usb else ""
    device = f"{card.device}{bus},id=nic{number},netdev=net{number},mac={nic.mac}"
    if nic.bootindex is not None:
        device += f",bootindex={nic.bootindex}"
    if firmware is not Firmware.BIOS and not card.usb:
        device += ",romfile="
    controller = ["-device", f"qemu-xhci,id=nicbus{number}"] if card.usb else []
    return ["-netdev", netdev, *controller, "-device", device]


def mac(number: int) -> str:
    """The MAC address of seat `number` (0 to 255)."""
    if not 0 <= number <= 255:
        raise SpecError(f"there is no seat {number}: a virtual classroom has at most 256.")
    return f"{MAC_PREFIX}{number:02x}"


def uuid(number: int) -> str:
    """A fixed SMBIOS UUID for seat `number`, so that a run can be repeated exactly."""
    return f"75647063-6173-4000-8000-{number:012x}"
