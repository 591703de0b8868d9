"""A kernel that cannot load or run the image is refused by its own configuration, wherever that is."""

from __future__ import annotations

import bz2
import gzip
import logging
import lzma
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from initrd import kernel_config
from initrd.errors import BuildError
from initrd.kernel import Kernel
from initrd.kernel_config import IN_64_BITS, OPTIONS
from tests.initrd.modules import bzimage
from tests.initrd.test_kernel import RELEASE

ALL = dict.fromkeys((*OPTIONS, *IN_64_BITS), "y")


def config(values: dict[str, str]) -> str:
    lines = [
        f"CONFIG_{name}={value}" if value != "n" else f"# CONFIG_{name} is not set" for name, value in values.items()
    ]
    return "\n".join(["# Linux/x86 6.1.192 Kernel Configuration", 'CONFIG_LOCALVERSION=""', *lines]) + "\n"


def zstd(data: bytes) -> bytes:
    return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


def plain(data: bytes) -> bytes:
    return data


def image_with(packed: bytes, flags: int = 1) -> bytes:
    """A bzImage with this payload, as Documentation/arch/x86/boot.rst lays it out."""
    head = bytearray(bzimage())
    head[0x1F1] = 4
    struct.pack_into("<H", head, 0x206, 0x20F)
    struct.pack_into("<H", head, 0x236, flags)
    struct.pack_into("<II", head, 0x248, len(head) - 5 * 512, len(packed))
    return bytes(head) + packed


def make(root: Path, packed: bytes = b"", flags: int = 1, version: str = RELEASE) -> Kernel:
    image = root / "k/vmlinuz"
    image.parent.mkdir(parents=True)
    image.write_bytes(image_with(packed, flags))
    modules = root / "lib/modules" / version
    (modules / "kernel/kernel").mkdir(parents=True)
    return Kernel(image, version, modules)


def vmlinux(text: str) -> bytes:
    return b"\x7fELF code" + b"IKCFG_ST" + gzip.compress(text.encode()) + b"IKCFG_ED" + b"more code"


@pytest.mark.parametrize("name", ALL)
def test_every_option_of_the_table_is_asked_for(tmp_path: Path, name: str) -> None:
    kernel = make(tmp_path)
    (kernel.image.parent / f"config-{RELEASE}").write_text(config(ALL | {name: "n"}))
    with pytest.raises(BuildError, match=rf"{RELEASE} cannot run this initrd: .*lacks CONFIG_{name} \(") as caught:
        kernel_config.check(kernel, tmp_path)
    assert caught.value.status == 2


def test_a_whole_configuration_passes(tmp_path: Path) -> None:
    kernel = make(tmp_path)
    (kernel.image.parent / f"config-{RELEASE}").write_text(config(ALL))
    assert kernel_config.check(kernel, tmp_path) == ()


def test_all_that_is_lacking_is_named_at_once(tmp_path: Path) -> None:
    kernel = make(tmp_path)
    (kernel.image.parent / f"config-{RELEASE}").write_text(
        config(ALL | {"RD_ZSTD": "n", "TMPFS": "n", "DEVTMPFS": "m"})
    )
    with pytest.raises(BuildError) as caught:
        kernel_config.check(kernel, tmp_path)
    assert str(caught.value) == (
        f"kernel {RELEASE} cannot run this initrd: its configuration ({kernel.image.parent}/config-{RELEASE}) lacks "
        "CONFIG_RD_ZSTD (unpacks the initrd), CONFIG_DEVTMPFS (/dev; built in, it is a module), CONFIG_TMPFS (/run); "
        "build it with these, or give another one with --kernel"
    )


def test_what_may_be_a_module_goes_in(tmp_path: Path) -> None:
    kernel = make(tmp_path)
    (kernel.image.parent / f"config-{RELEASE}").write_text(config(ALL | {"PACKET": "m"}))
    assert kernel_config.check(kernel, tmp_path) == ("af_packet",)


def test_the_word_size_of_the_programs_decides() -> None:
    assert kernel_config.judge(ALL, wide=True) == ({}, ())
    assert list(kernel_config.judge(ALL | {"X86_64": "n"}, wide=True)[0]) == ["X86_64"]
    assert kernel_config.judge(ALL | {"X86_64": "n"}, wide=False) == ({}, ())
    assert list(kernel_config.judge(ALL, wide=False)[0]) == ["IA32_EMULATION"]


@pytest.mark.parametrize("pack", [plain, gzip.compress, lzma.compress, bz2.compress, zstd])
def test_the_configuration_in_a_kernel_is_read(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    packed = pack(vmlinux(config(ALL | {"RD_ZSTD": "n"}))) + struct.pack("<I", 4711)
    with pytest.raises(BuildError, match=r"configuration \(.*/vmlinuz\) lacks CONFIG_RD_ZSTD"):
        kernel_config.check(make(tmp_path, packed), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["k", "lib"]


@pytest.mark.parametrize(
    ("suffix", "pack"), [("", plain), (".xz", lzma.compress), (".zst", zstd), (".gz", gzip.compress)]
)
def test_the_configuration_in_its_module_is_read(tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]) -> None:
    kernel = make(tmp_path)
    path = kernel.modules / f"kernel/kernel/configs.ko{suffix}"
    path.write_bytes(pack(vmlinux(config(ALL | {"INET": "n"}))))
    with pytest.raises(BuildError, match=r"configs.ko.*lacks CONFIG_INET \(IP\)"):
        kernel_config.check(kernel, tmp_path)


@pytest.mark.parametrize("place", ["lib/modules/{}/config", "boot/config-{}", "lib/modules/{}/build/.config"])
def test_other_places_are_looked_at(tmp_path: Path, place: str) -> None:
    kernel = make(tmp_path)
    path = tmp_path / place.format(RELEASE)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(config(ALL | {"INET": "n"}))
    release = kernel.modules / "build/include/config/kernel.release"
    release.parent.mkdir(parents=True)
    release.write_text(f"{RELEASE}\n")
    with pytest.raises(BuildError, match="lacks CONFIG_INET"):
        kernel_config.check(kernel, tmp_path)


def test_a_source_that_was_configured_for_another_kernel_since_does_not_count(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kernel = make(tmp_path)
    release = kernel.modules / "build/include/config/kernel.release"
    release.parent.mkdir(parents=True)
    release.write_text("6.9.0\n")
    (kernel.modules / "build/.config").write_text(config({}))
    assert kernel_config.check(kernel, tmp_path) == ()
    assert "judged by its version only" in caplog.text


@pytest.mark.parametrize("packed", [b"", b"\x02\x21\x4c\x18 lz4", b"\x1f\x8b cut off", lzma.compress(b"x")[:20]])
def test_without_a_configuration_that_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture, packed: bytes) -> None:
    with caplog.at_level(logging.WARNING, "initrd"):
        assert kernel_config.check(make(tmp_path, packed), tmp_path) == ()
    (said,) = caplog.messages
    assert said.startswith(f"Whether kernel {RELEASE} can load the initrd is judged by its version only")


@pytest.mark.parametrize(
    ("version", "old"), [("5.8.18", True), ("4.19.0-amd64", True), ("5.9.0", False), ("6.1.0", False)]
)
def test_a_kernel_that_is_too_old_is_refused_whatever_its_configuration(
    tmp_path: Path, version: str, old: bool
) -> None:
    kernel = make(tmp_path, version=version)
    (kernel.image.parent / f"config-{version}").write_text(config(ALL))
    if not old:
        assert kernel_config.check(kernel, tmp_path) == ()
        return
    with pytest.raises(BuildError, match=r"is too old: it cannot unpack .* since 5\.9") as caught:
        kernel_config.check(kernel, tmp_path)
    assert caught.value.status == 2


def test_a_kernel_of_32_bits_is_refused_by_its_header(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="is one of 32 bits, and the programs of this machine are of 64 bits"):
        kernel_config.check(make(tmp_path, flags=0), tmp_path)
