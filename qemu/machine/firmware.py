"""The firmware of a virtual machine, and what it starts first: QEMU's words for both. Pure.

UEFI is Debian's (package ovmf). Under Secure Boot it is the build with SMM, which alone may write its variables then,
and these hold Microsoft's keys, as a PC is sold (ovmf's README.Debian). Each machine has variables of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class Firmware(Enum):
    """What starts the machine; the values are the words of ``--firmware``."""

    BIOS = "bios"
    UEFI = "uefi"
    SECURE_BOOT = "secureboot"


class Boot(Enum):
    """What the firmware starts first; the values are the words of ``--boot``."""

    PXE = "pxe"
    HTTP = "http"
    ISO = "iso"
    USB = "usb"


MEDIA = (Boot.ISO, Boot.USB)
"""What is started from a medium that is put into the machine."""

EVENT_PORT = "udpcast-events"
"""The virtio port for events where there is UEFI: it writes to every serial line, and so does GRUB."""


@dataclass(frozen=True)
class Files:
    """Of one kind of UEFI: its code, and variables as they are in a new PC."""

    code: Path
    variables: Path


_OVMF = Path("/usr/share/OVMF")
FILES: Mapping[Firmware, Files] = {
    Firmware.UEFI: Files(_OVMF / "OVMF_CODE_4M.fd", _OVMF / "OVMF_VARS_4M.fd"),
    Firmware.SECURE_BOOT: Files(_OVMF / "OVMF_CODE_4M.secboot.fd", _OVMF / "OVMF_VARS_4M.ms.fd"),
}
"""A row for each kind of UEFI; BIOS is QEMU's own default."""


def events_at(firmware: Firmware) -> str:
    """What ``events=`` is on the append line of a machine with this firmware."""
    return "ttyS1" if firmware is Firmware.BIOS else EVENT_PORT


def event_device(firmware: Firmware) -> str:
    """Where a script in the machine writes events to."""
    return f"/dev/{'' if firmware is Firmware.BIOS else 'virtio-ports/'}{events_at(firmware)}"


def machine_options(firmware: Firmware) -> str:
    """What is put behind ``-machine q35``."""
    if firmware is Firmware.BIOS:
        return ""
    return f"{',smm=on' if firmware is Firmware.SECURE_BOOT else ''},pflash0=firmware,pflash1=variables"


def firmware_argv(firmware: Firmware, variables: Path | None, boot: Boot) -> list[str]:
    """The firmware's code, its `variables` (which it writes), and what it does without being asked."""
    if firmware is Firmware.BIOS:
        return []
    assert variables
    command = [
        *("-blockdev", json.dumps(_flash("firmware", FILES[firmware].code, read_only=True))),
        *("-blockdev", json.dumps(_flash("variables", variables, read_only=False))),
        *("-device", "virtio-rng-pci"),  # OVMF since 2025 has no network without random numbers
    ]
    if firmware is Firmware.SECURE_BOOT:
        command += ["-global", "driver=cfi.pflash01,property=secure,value=on"]
    if boot is Boot.HTTP:  # its card is asked for PXE first, and gives it up after a while only
        for version in (4, 6):
            command += ["-fw_cfg", f"name=opt/org.tianocore/IPv{version}PXESupport,string=n"]
    return command


def _flash(node: str, file: Path, *, read_only: bool) -> dict[str, object]:
    return {
        "driver": "raw",
        "node-name": node,
        "read-only": read_only,
        "file": {"driver": "file", "filename": str(file)},
    }


def events_argv(firmware: Firmware, chardev: str) -> list[str]:
    """The guest's event port."""
    if firmware is Firmware.BIOS:
        return ["-serial", f"chardev:{chardev}"]
    return ["-device", "virtio-serial-pci", "-device", f"virtserialport,chardev={chardev},name={EVENT_PORT}"]


def medium_argv(medium: Path, boot: Boot) -> list[str]:
    """A CD in a drive, or a USB stick, which is started first."""
    blockdev = {
        "driver": "raw",
        "node-name": "medium",
        "read-only": boot is Boot.ISO,
        "file": {"driver": "file", "filename": str(medium)},
    }
    command = ["-blockdev", json.dumps(blockdev)]
    if boot is Boot.ISO:
        # The last of q35's six ports: disks have the first ones.
        return [*command, "-device", "ide-cd,bus=ide.5,drive=medium,id=medium,bootindex=0"]
    stick = "usb-storage,bus=usbm.0,drive=medium,id=medium,removable=on,bootindex=0"
    return [*command, "-device", "qemu-xhci,id=usbm", "-device", stick]
