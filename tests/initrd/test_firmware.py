"""Firmware: what is missing of which driver, what goes in though it lies compressed, and what is said about it."""

from __future__ import annotations

import lzma
import re
import subprocess
from pathlib import Path

import pytest

from initrd import firmware, image, packed
from initrd.errors import BuildError
from initrd.firmware import CARDS, INSIDE
from initrd.kernel import Kernel
from tests.initrd.modules import module, write_modules

VERSION = "6.1.0-56-amd64"


def kernel_of(tmp_path: Path, *built_in: str) -> Kernel:
    tree = write_modules(tmp_path / "lib/modules" / VERSION, {"kernel/x.ko": module()})
    (tree / "modules.builtin.modinfo").write_bytes(b"".join(entry.encode() + b"\0" for entry in built_in))
    return Kernel(tmp_path / "vmlinuz", VERSION, tree)


def initrd(tmp_path: Path, modules: dict[str, bytes], *names: str) -> Path:
    """An initrd with drivers and firmware files."""
    tree = tmp_path / "initrd"
    write_modules(tree / "usr/lib/modules" / VERSION, modules)
    write_modules(tree / INSIDE, dict.fromkeys(names, b""))
    return tree


@pytest.mark.parametrize("suffix", ["", ".xz", ".gz", ".zst"])
def test_a_drivers_firmware_is_counted_however_it_is_compressed(tmp_path: Path, suffix: str) -> None:
    """As `gather` leaves the drivers: unpacked, whatever the kernel's package has."""
    plain = module("firmware=rtl_nic/there.fw", "firmware=rtl_nic/gone.fw")
    tree = initrd(tmp_path, {"kernel/r8169.ko": plain}, "rtl_nic/there.fw")
    path = tree / "usr/lib/modules" / VERSION / "kernel/r8169.ko"
    if suffix:
        program = {".xz": "xz", ".gz": "gzip", ".zst": "zstd"}[suffix]
        with Path(f"{path}{suffix}").open("wb") as file:
            subprocess.run([program, "-c", path], stdout=file, check=True, stderr=subprocess.DEVNULL)
        path.unlink()
        image.each(image.unpack, image.driver_files(tree))
    assert path.read_bytes() == plain
    assert firmware.missing(tree, kernel_of(tmp_path)) == {"r8169": ("rtl_nic/gone.fw",)}


@pytest.mark.parametrize("name", ["a.bin", f"updates/{VERSION}/a.bin", "updates/a.bin", f"{VERSION}/a.bin"])
def test_firmware_counts_wherever_the_kernel_looks(tmp_path: Path, name: str) -> None:
    tree = initrd(tmp_path, {"kernel/x.ko": module("firmware=a.bin", "firmware=a*.bin", "firmware=b*.bin")}, name)
    assert firmware.missing(tree, kernel_of(tmp_path)) == {"x": ("b*.bin",)}


def test_one_version_of_a_file_is_enough(tmp_path: Path) -> None:
    names = [f"bnx2x/bnx2x-{chip}-7.13.{number}.0.fw" for chip in ("e1", "e2") for number in (15, 21)]
    tree = initrd(tmp_path, {"kernel/bnx2x.ko": module(*(f"firmware={name}" for name in names))}, names[1])
    assert firmware.missing(tree, kernel_of(tmp_path)) == {"bnx2x": tuple(names[2:])}


def test_firmware_that_lies_compressed_goes_in_plain(tmp_path: Path) -> None:
    tree = initrd(tmp_path, {"kernel/x.ko": module("firmware=d/a.bin", "firmware=d/b.bin", "firmware=d/c.bin")})
    folder = tree / INSIDE / "d"
    folder.mkdir(parents=True)
    (folder / "a.bin.xz").write_bytes(lzma.compress(b"firmware a", check=lzma.CHECK_CRC32))
    (folder / "b.bin.xz").symlink_to("a.bin.xz")
    (folder / "c.bin").write_bytes(b"firmware c")
    subprocess.run(["zstd", "-q", "--rm", folder / "c.bin"], check=True)
    firmware.complete(tree, kernel_of(tmp_path), tmp_path)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "a.bin": b"firmware a",
        "b.bin": b"firmware a",
        "c.bin": b"firmware c",
    }
    assert str((folder / "b.bin").readlink()) == "a.bin"
    assert firmware.missing(tree, kernel_of(tmp_path)) == {}


def test_the_firmware_of_a_driver_that_is_built_in_goes_in_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firmware, "HOST", tmp_path / "host")
    write_modules(tmp_path / "host", {"rtl_nic/a.fw": b"a", "updates/rtl_nic/b.fw.xz": lzma.compress(b"b")})
    there = kernel_of(
        tmp_path,
        *("r8169.license=GPL", "r8169.file=drivers/net/ethernet/realtek/r8169"),
        *("r8169.firmware=rtl_nic/a.fw", "r8169.firmware=rtl_nic/b.fw", "r8169.firmware=rtl_nic/c.fw"),
        *("i915.file=drivers/gpu/drm/i915/i915", "i915.firmware=i915/x.bin"),
    )
    tree = initrd(tmp_path, {})
    firmware.complete(tree, there, tmp_path)
    assert (tree / INSIDE / "rtl_nic/a.fw").read_bytes() == b"a"
    assert (tree / INSIDE / "updates/rtl_nic/b.fw").read_bytes() == b"b"
    assert firmware.missing(tree, there) == {"r8169": ("rtl_nic/c.fw",)}


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An initrd with a driver that asks for three files, of which this machine has two, compressed or as an update."""
    monkeypatch.setattr(firmware, "HOST", tmp_path / "host")
    tree = initrd(tmp_path, {"kernel/x.ko": module("firmware=d/a.bin", "firmware=d/b.bin", "firmware=d/c*.bin")})
    old = {"d/a.bin.xz": lzma.compress(b"old", check=lzma.CHECK_CRC32), "updates/d/b.bin": b"old"}
    write_modules(tree / INSIDE, old)
    return tree


@pytest.mark.parametrize("below", ["", "usr/lib/firmware", "lib/firmware"])
def test_firmware_of_a_given_directory_goes_before_this_machines(asked: Path, tmp_path: Path, below: str) -> None:
    new = {"d/a.bin": b"a", "d/b.bin.xz": lzma.compress(b"b"), "d/c1.bin": b"c1", "d/c2.bin": b"c2", "d/x.bin": b"x"}
    write_modules(tmp_path / "given" / below, new)
    firmware.complete(asked, kernel_of(tmp_path), tmp_path, tmp_path / "given")
    inside = {str(path.relative_to(asked / INSIDE)): path for path in (asked / INSIDE).rglob("*") if path.is_file()}
    assert {name: path.read_bytes() for name, path in inside.items()} == {
        "d/a.bin": b"a",
        "d/b.bin": b"b",
        "d/c1.bin": b"c1",
        "d/c2.bin": b"c2",
    }
    assert firmware.missing(asked, kernel_of(tmp_path)) == {}


def test_the_links_of_linux_firmware_are_followed(asked: Path, tmp_path: Path) -> None:
    write_modules(tmp_path / "given", {"e/real.bin": b"real"})
    (tmp_path / "given/WHENCE").write_text("Driver: x\nFile: e/real.bin\nLink: d/a.bin -> ../e/real.bin\n")
    firmware.complete(asked, kernel_of(tmp_path), tmp_path, tmp_path / "given")
    assert (asked / INSIDE / "d/a.bin").read_bytes() == b"real"
    assert (asked / INSIDE / "updates/d/b.bin").read_bytes() == b"old"


def test_a_directory_without_any_firmware_is_refused(asked: Path, tmp_path: Path) -> None:
    write_modules(tmp_path / "given", {"firmware/d/a.bin": b"a"})
    with pytest.raises(BuildError, match="has none of the 3 files that the drivers ask for; a directory like"):
        firmware.complete(asked, kernel_of(tmp_path), tmp_path, tmp_path / "given")
    with pytest.raises(BuildError, match="is no directory"):
        firmware.complete(asked, kernel_of(tmp_path), tmp_path, tmp_path / "gone")


def test_what_is_missing_is_said_of_both_places() -> None:
    assert firmware.report({"r8169": ("x",)}, [], "trixie", Path("/srv/fw"))[0] == (
        "Firmware that is neither in /srv/fw nor on this machine; without it"
    )


def test_a_kernel_without_a_list_of_what_is_built_in_has_none(tmp_path: Path) -> None:
    assert firmware.built_in(tmp_path) == {}


def test_what_is_missing_is_said_by_card_and_with_the_packages() -> None:
    lacking = dict.fromkeys(("e100", "r8169", "aic94xx", "myri10ge", "nfp"), ("x",))
    assert firmware.report(lacking, ["libc6"], "trixie") == [
        "Firmware that is not on this machine; without it",
        "  Realtek network cards (in most PCs) work, but some lose the link (r8169)",
        "  Intel PRO/100 network cards work, but the 82551 does not (e100)",
        "  disks on an Adaptec AIC-94xx SAS controller are not seen (aic94xx)",
        "  2 rarer drivers may not work: missing_firmware in the manifest names them",
        "Before the next build: apt-get install firmware-intel-misc firmware-realtek (component non-free-firmware), "
        "or give a directory that has it with --firmware-dir",
    ]


def test_a_package_that_is_there_is_not_asked_for_again() -> None:
    assert firmware.report({"r8169": ("rtl_nic/new.fw",)}, ["firmware-realtek"], "bookworm") == [
        "Firmware that is not on this machine; without it",
        "  Realtek network cards (in most PCs) work, but some lose the link (r8169); firmware-realtek has it not",
    ]


def test_nothing_is_said_when_nothing_usual_is_missing() -> None:
    assert firmware.report({"myri10ge": ("x",)}, [], "trixie") == firmware.report({}, [], "trixie") == []


def test_the_table_has_a_package_for_each_release() -> None:
    assert len({card.driver for card in CARDS}) == len(CARDS) >= 10
    both = {card.driver: (firmware.package_of(card, "bookworm"), firmware.package_of(card, "trixie")) for card in CARDS}
    assert both["e100"] == ("firmware-misc-nonfree", "firmware-intel-misc")
    assert both["r8169"] == ("firmware-realtek", "firmware-realtek")
    assert both["aic94xx"] == ("", "")
    assert all(re.fullmatch(r"(firmware-[\w-]+)?", name) for names in both.values() for name in names)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    for name, data in {"a.xz": b"x", "b.gz": b"\x1f\x8bx", "c.zst": b"x"}.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(Exception, match=re.escape(name)):
            packed.read(tmp_path / name, tmp_path)
