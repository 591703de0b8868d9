"""Whether a kernel can load the initrd and run what is in it: judged by its own configuration.

The configuration is looked for beside the kernel, in the kernel (CONFIG_IKCONFIG, as Linux's scripts/extract-ikconfig
finds it) and in its modules. A kernel without one is judged by its version, and that is said.

Drivers that are packed are no matter of the kernel's configuration: kmod, which is in the image, unpacks them.
"""

from __future__ import annotations

import bz2
import logging
import lzma
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from kernel_cmdline import showable

from . import elf
from .errors import BuildError
from .kernel import Kernel
from .packing import Form
from .run import run

LOG = logging.getLogger("initrd")

OLDEST = (5, 9)
"""The first kernel that unpacks an initrd in zstd's form (Linux commit "init: add support for zstd compressed kernel").
What the launcher asks of a kernel besides (pidfd_open) is older."""


class Option(NamedTuple):
    """`reason`: what it is needed for. `driver`: the module that will do where the option is ``m``; most must be built
    in, for they are needed before a module can be loaded."""

    reason: str
    driver: str = ""


OPTIONS = {
    "BLK_DEV_INITRD": Option("loads an initrd"),
    "RD_ZSTD": Option("unpacks the initrd"),
    "BINFMT_ELF": Option("runs programs"),
    "BINFMT_SCRIPT": Option("runs /init, which is a script"),
    "MODULES": Option("loads the drivers"),
    "PROC_FS": Option("/proc"),
    "SYSFS": Option("/sys, where udev and the launcher find the devices"),
    "DEVTMPFS": Option("/dev"),
    "TMPFS": Option("/run"),
    "TTY": Option("the console"),
    "UNIX98_PTYS": Option("the terminal of udp-sender"),
    "MULTIUSER": Option("runs udpcast and the compressors without rights"),
    "FUTEX": Option("threads"),
    "POSIX_TIMERS": Option("time-outs"),
    "EPOLL": Option("udev and the launcher"),
    "EVENTFD": Option("udev"),
    "FHANDLE": Option("udev"),
    "INOTIFY_USER": Option("udev"),
    "SIGNALFD": Option("udev"),
    "TIMERFD": Option("udev"),
    "NET": Option("the network, and the kernel's reports to udev"),
    "UNIX": Option("udev's control socket", "unix"),
    "INET": Option("IP"),
    "IP_MULTICAST": Option("casts"),
    "PACKET": Option("DHCP", "af_packet"),
    "BLOCK": Option("disks"),
    "MSDOS_PARTITION": Option("sees what is on a disk with an MBR"),
    "EFI_PARTITION": Option("sees what is on a disk with a GPT"),
}
"""What the kernel must have. Sources: /init, the launcher, and systemd's README for udev."""

IN_64_BITS = {"X86_64": Option("runs programs of 64 bits, as those of this machine are")}
IN_32_BITS = {"IA32_EMULATION": Option("runs programs of 32 bits, as those of this machine are")}

MARK = b"IKCFG_ST"
_PACKED: dict[bytes, Callable[[], lzma.LZMADecompressor | bz2.BZ2Decompressor | zlib._Decompress]] = {
    b"\x1f\x8b": lambda: zlib.decompressobj(31),
    b"\xfd7zXZ\0": lzma.LZMADecompressor,
    b"\x5d\0\0": lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE),
    b"BZh": bz2.BZ2Decompressor,
}
"""How a kernel or a module is packed, by its first bytes; LZO and LZ4 nobody here unpacks."""
_ZSTD = b"\x28\xb5\x2f\xfd"


def check(kernel: Kernel, work: Path) -> tuple[str, ...]:
    """The drivers that go in besides, because this kernel has as modules what most have in themselves. Raises
    BuildError where it cannot run the image. `work` is a directory for what is unpacked."""
    numbers = re.match(r"(\d+)\.(\d+)", kernel.version)
    if numbers and (int(numbers[1]), int(numbers[2])) < OLDEST:
        raise BuildError(
            f"kernel {kernel.version} is too old: it cannot unpack an initrd in zstd's form, which kernels can since "
            f"{OLDEST[0]}.{OLDEST[1]}; give a newer one with --kernel",
            2,
        )
    wide = elf.read(Path("/usr/bin/python3").read_bytes()).kind[0] == 2
    if wide and not is_64_bits(_head(kernel.image)):
        raise BuildError(
            f"kernel {kernel.version} is one of 32 bits, and the programs of this machine are of 64 bits; give a "
            "kernel of 64 bits with --kernel, or build on a machine of 32 bits",
            2,
        )
    found = configuration(kernel, work)
    if found is None:
        LOG.warning(
            "Whether kernel %s can load the initrd is judged by its version only: there is no configuration of it (no "
            "config-%s beside it, none in it, none in its modules).",
            kernel.version,
            kernel.version,
        )
        return ()
    text, where = found
    values = read(text)
    lacking, drivers = judge(values, wide)
    if lacking:
        named = ", ".join(f"CONFIG_{name} ({reason})" for name, reason in lacking.items())
        raise BuildError(
            f"kernel {kernel.version} cannot run this initrd: its configuration ({showable(where)}) lacks {named}; "
            "build it with these, or give another one with --kernel",
            2,
        )
    return drivers


def archive_form(kernel: Kernel, work: Path) -> Form:
    """The fastest form that this kernel unpacks for certain."""
    found = configuration(kernel, work)
    return Form.LZ4 if found and read(found[0]).get("RD_LZ4") == "y" else Form.ZSTD


def judge(values: dict[str, str], wide: bool) -> tuple[dict[str, str], tuple[str, ...]]:
    """The options that are needed and not there, with their reasons; and the drivers to add for those that are modules.
    `wide`: the programs are of 64 bits."""
    wanted = OPTIONS | (IN_64_BITS if wide else IN_32_BITS if values.get("X86_64") == "y" else {})
    lacking, drivers = {}, []
    for name, option in wanted.items():
        match values.get(name):
            case "y":
                continue
            case "m" if option.driver:
                drivers.append(option.driver)
            case "m":
                lacking[name] = f"{option.reason}; built in, it is a module"
            case _:
                lacking[name] = option.reason
    return lacking, tuple(drivers)


def read(text: str) -> dict[str, str]:
    """The options that are set, without ``CONFIG_``."""
    return dict(re.findall(r"^CONFIG_(\w+)=(.*?)\s*$", text, re.MULTILINE))


def is_64_bits(head: bytes) -> bool:
    """Whether a bzImage's kernel is one of 64 bits (Documentation/arch/x86/boot.rst, ``xloadflags``, since 2.12)."""
    (protocol,) = struct.unpack_from("<H", head, 0x206)
    (flags,) = struct.unpack_from("<H", head, 0x236)
    return protocol < 0x20C or bool(flags & 1)


# --- where the configuration is ---------------------------------------------------------------------------------------


def configuration(kernel: Kernel, work: Path) -> tuple[str, str] | None:
    """The text of the kernel's configuration, and where it was found."""
    for path, text in chain(_beside(kernel), _inside(kernel, work), _with_modules(kernel)):
        if "CONFIG_" in text:
            return text, str(path)
    return None


def _beside(kernel: Kernel) -> Iterator[tuple[Path, str]]:
    name = f"config-{kernel.version}"
    places = [kernel.image.parent, kernel.image.resolve().parent, Path("/boot")]
    if len(kernel.modules.parts) > 3:
        places.insert(2, kernel.modules.parents[2] / "boot")
    for place in dict.fromkeys(places):
        yield from _text(place / name)


def _inside(kernel: Kernel, work: Path) -> Iterator[tuple[Path, str]]:
    for path in (kernel.image, *sorted(kernel.modules.glob("kernel/kernel/configs.ko*"))):
        data = path.read_bytes()
        packed = payload(data) if path == kernel.image else data
        text = embedded(unpacked(packed, work) or b"")
        if text is not None:
            yield path, text


def _with_modules(kernel: Kernel) -> Iterator[tuple[Path, str]]:
    yield from _text(kernel.modules / "config")
    source = kernel.modules / "build"
    for _, version in _text(source / "include/config/kernel.release"):
        if version.strip() == kernel.version:  # else it was configured anew since this kernel was made
            yield from _text(source / ".config")


def _text(path: Path) -> Iterator[tuple[Path, str]]:
    try:
        yield path, path.read_text(errors="replace")
    except OSError:
        return


def _head(image: Path) -> bytes:
    with image.open("rb") as file:
        return file.read(0x1000).ljust(0x1000, b"\0")


def payload(image: bytes) -> bytes:
    """What is packed in a bzImage (``payload_offset``, ``payload_length``, since 2.08), empty where there is none."""
    if len(image) < 0x250 or struct.unpack_from("<H", image, 0x206)[0] < 0x208:
        return b""
    sectors = image[0x1F1] or 4
    offset, length = struct.unpack_from("<II", image, 0x248)
    start = (sectors + 1) * 512 + offset
    return image[start : start + length]


def unpacked(data: bytes, work: Path) -> bytes | None:
    """`data` in full, whatever it is packed with; None where nobody here unpacks it. Behind a packed kernel stand four
    bytes with its length."""
    if data.startswith(b"\x7fELF"):
        return data
    if data.startswith(_ZSTD):
        return _unzstd(data[:-4], work) or _unzstd(data, work)
    for magic, unpack in _PACKED.items():
        if data.startswith(magic):
            try:
                return unpack().decompress(data)
            except (lzma.LZMAError, OSError, zlib.error, EOFError):
                return None
    return None


def _unzstd(data: bytes, work: Path) -> bytes | None:
    packed, plain = work / "unpack.zst", work / "unpack"
    packed.write_bytes(data)
    run(["zstd", "-d", "-q", "-f", packed, "-o", plain], tolerate=True)
    packed.unlink()
    if not plain.exists():
        return None
    found = plain.read_bytes()
    plain.unlink()
    return found


def embedded(kernel: bytes) -> str | None:
    """The configuration in an unpacked kernel, or in its module ``configs``."""
    start = kernel.find(MARK)
    if start < 0:
        return None
    try:
        return zlib.decompressobj(31).decompress(kernel[start + len(MARK) :]).decode(errors="replace")
    except zlib.error:
        return None
