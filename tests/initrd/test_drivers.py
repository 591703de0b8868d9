"""Drivers from outside the kernel's own tree: which go in, what gives way to them, what is said. With a real depmod."""

from __future__ import annotations

import gzip
import lzma
import subprocess
from pathlib import Path

import pytest

from initrd import drivers, kernel
from initrd.drivers import Outside
from initrd.errors import BuildError
from initrd.kernel import Kernel
from tests.initrd.modules import module, write_modules

VERSION = "6.1.0-56-amd64"
CARD = ("alloc_etherdev_mqs",)
R8168, R8125 = (f"alias=pci:v000010ECd0000{number}sv*sd*bc*sc*i*" for number in (8168, 8125))
DKMS = module(R8125, symbols=CARD)
OWN = {
    "kernel/drivers/net/ethernet/realtek/r8169.ko": module(R8168, R8125, "softdep=pre: realtek", symbols=CARD),
    "kernel/drivers/net/ethernet/intel/e1000e.ko": module("alias=pci:v00008086d00001539sv*sd*bc*sc*i*", symbols=CARD),
    "kernel/drivers/hid/hid-x.ko": module("alias=hid:b0003g*v0000046Dp0000C52B"),
    "kernel/drivers/gpu/drm/drm.ko": module(),
}


def make(tmp_path: Path, others: dict[str, bytes]) -> tuple[Kernel, tuple[Outside, ...]]:
    """A kernel with `OWN` and `others`, as the builder uses it, and what it finds outside."""
    tree = write_modules(tmp_path / "from/lib/modules" / VERSION, OWN | others)
    subprocess.run(["depmod", "-b", tmp_path / "from", VERSION], check=True, capture_output=True)
    (tmp_path / "work").mkdir()
    there = kernel.usable(Kernel(tmp_path / "vmlinuz", VERSION, tree), tmp_path / "work")
    return there, drivers.outside(there, tmp_path / "work")


def initrd(tmp_path: Path, there: Kernel, names: set[str]) -> Path:
    """An initrd with the files of `there` that are called so, whatever depmod chose, as dracut leaves them."""
    tree = tmp_path / "initrd"
    for path in kernel.module_files(there.modules):
        if kernel.name_of(path) in names:
            inner = path.relative_to(there.modules).with_name(f"{kernel.name_of(path)}.ko.zst")
            write_modules(tree / drivers.INSIDE / VERSION, {str(inner): b""})
    return tree


def test_one_with_a_name_of_its_own_goes_in_and_before_the_kernels_own(tmp_path: Path) -> None:
    there, found = make(tmp_path, {"updates/dkms/r8125.ko.xz": lzma.compress(DKMS, check=lzma.CHECK_CRC32)})
    assert drivers.wanted(found, there) == ["r8125"]
    tree = initrd(tmp_path, there, {"r8125", "r8169"})
    inside = drivers.went_in(found, there, tree)
    assert drivers.account(found, inside, there) == [
        "r8125 of updates/dkms goes in, and is loaded before the kernel's r8169"
    ]
    index = tree / drivers.INSIDE / VERSION / "modules.softdep"
    index.write_text("# Soft dependencies\nsoftdep r8169 pre: realtek\nsoftdep a post: b\n")
    drivers.prefer(inside, there, tree)
    assert index.read_text() == "# Soft dependencies\nsoftdep r8169 pre: r8125 realtek\nsoftdep a post: b\n"


def test_one_that_replaces_the_kernels_own_takes_its_place(tmp_path: Path) -> None:
    there, found = make(tmp_path, {"updates/dkms/e1000e.ko": module(symbols=CARD), "updates/hid_x.ko": module()})
    assert drivers.wanted(found, there) == ["e1000e", "hid_x"]
    tree = initrd(tmp_path, there, {"e1000e", "hid-x", "hid_x"})
    drivers.replace(found, there, tree)
    base = tree / drivers.INSIDE / VERSION
    assert [str(path.relative_to(base)) for path in kernel.module_files(tree)] == [
        "updates/dkms/e1000e.ko.zst",
        "updates/hid_x.ko.zst",
    ]
    assert drivers.account(found, drivers.went_in(found, there, tree), there) == [
        "e1000e of updates/dkms goes in, not the kernel's own",
        "hid_x of updates goes in, not the kernel's own",
    ]


def test_what_depmod_prefers_goes_in(tmp_path: Path) -> None:
    there, found = make(tmp_path, {"updates/r8125.ko": DKMS, "weak-updates/x/r8125.ko": DKMS})
    assert drivers.wanted(found, there) == ["r8125"]
    tree = initrd(tmp_path, there, {"r8125"})
    drivers.replace(found, there, tree)
    assert drivers.account(found, drivers.went_in(found, there, tree), there) == [
        "r8125 of updates goes in, and is loaded before the kernel's r8169",
        "r8125 of weak-updates/x is left out: depmod prefers updates/r8125.ko, see depmod.d(5)",
    ]


def test_what_is_of_no_use_here_is_left_out_by_name(tmp_path: Path) -> None:
    wireless = module("alias=pci:v000014E4d00004353sv*sd*bc*sc*i*", symbols=(*CARD, "wiphy_new_nm"))
    there, found = make(tmp_path, {"updates/dkms/wl.ko": wireless, "updates/dkms/drm.ko": module()})
    assert drivers.wanted(found, there) == []
    said = drivers.account(found, [], there)
    assert said == [
        f"{name} of updates/dkms is left out: it is not for wired network cards or disks; "
        f"--add-driver {name} puts it in"
        for name in ("drm", "wl")
    ]


def test_one_that_came_after_depmod_ran_and_a_link_to_another_kernels_are_found(tmp_path: Path) -> None:
    """weak-updates/ has links to modules of other kernels; dracut would bring their folders along."""
    other = write_modules(tmp_path / "other", {"extra/r8125.ko": DKMS}) / "extra/r8125.ko"
    tree = write_modules(tmp_path / "lib/modules" / VERSION, OWN)
    subprocess.run(["depmod", "-b", tmp_path, VERSION], check=True, capture_output=True)
    (tree / "weak-updates").mkdir()
    (tree / "weak-updates/r8125.ko").symlink_to(other)
    (tree / "weak-updates/gone.ko").symlink_to(tmp_path / "gone")
    there = kernel.usable(Kernel(tmp_path / "vmlinuz", VERSION, tree), tmp_path / "work")
    assert there.modules == tmp_path / "work/lib/modules" / VERSION
    assert drivers.wanted(drivers.outside(there, tmp_path), there) == ["r8125"]
    assert not (there.modules / "weak-updates/r8125.ko").is_symlink()


@pytest.mark.parametrize("index", ["", "kernel/net/r8169.ko:\n"])
def test_an_index_that_lacks_one_of_the_kernels_own_is_made_anew(tmp_path: Path, index: str) -> None:
    """A driver that is not in it comes without those that it needs, or not at all."""
    tree = write_modules(tmp_path / "lib/modules" / VERSION, OWN)
    (tree / "modules.dep").write_text(index)
    there = kernel.usable(Kernel(tmp_path / "vmlinuz", VERSION, tree), tmp_path / "work")
    assert there.modules == tmp_path / "work/lib/modules" / VERSION
    names = [line.partition(":")[0] for line in (there.modules / "modules.dep").read_text().splitlines()]
    assert sorted(names) == sorted(OWN)


def test_a_tree_of_the_kernels_own_is_used_where_it_is(tmp_path: Path) -> None:
    there, found = make(tmp_path, {})
    assert (there.modules, found) == (tmp_path / "from/lib/modules" / VERSION, ())
    assert list((tmp_path / "work").iterdir()) == []


def test_drivers_that_kmod_cannot_unpack_are_unpacked_first(tmp_path: Path) -> None:
    packed = {f"{name}.gz": gzip.compress(data) for name, data in OWN.items()}
    tree = write_modules(tmp_path / "lib/modules" / VERSION, packed)
    (tree / "modules.dep").write_text("".join(f"{name}:\n" for name in packed))
    there = kernel.usable(Kernel(tmp_path / "vmlinuz", VERSION, tree), tmp_path / "work")
    names = [line.partition(":")[0] for line in (there.modules / "modules.dep").read_text().splitlines()]
    assert sorted(names) == sorted(OWN)
    assert {name: (there.modules / name).read_bytes() for name in OWN} == OWN


def test_a_tree_whose_path_dracut_cannot_take_is_copied(tmp_path: Path) -> None:
    there, _ = make(tmp_path / "a b", {})
    tree = write_modules(tmp_path / 'a "b" $(c)/lib/modules' / VERSION, OWN)
    (tree / "modules.dep").touch()
    there = kernel.usable(Kernel(tmp_path / "vmlinuz", VERSION, tree), tmp_path / "work")
    assert there.modules == tmp_path / "work/lib/modules" / VERSION
    assert len(kernel.module_files(there.modules)) == len(OWN)


@pytest.mark.parametrize(
    ("info", "symbols", "useful"),
    [
        (("alias=pci:v1d2",), ("alloc_etherdev_mqs", "eth_type_trans"), True),
        (("alias=usb:v1p2",), ("usbnet_probe",), True),
        (("alias=pci:v1d2",), ("scsi_host_alloc",), True),
        (("alias=pci:v1d2",), ("nvme_init_ctrl",), True),
        ((), ("device_add_disk",), False),  # a file system's (ZFS), or a disk without hardware
        (("alias=pci:v1d2",), ("alloc_etherdev_mqs", "ieee80211_alloc_hw_nm"), False),
        (("alias=pci:v1d2",), ("drm_dev_alloc", "my_scsi_host_alloc"), False),
        (("alias=devname:x",), ("device_add_disk",), False),
    ],
)
def test_a_driver_for_cards_or_disks_is_known_by_what_it_calls(
    info: tuple[str, ...], symbols: tuple[str, ...], useful: bool
) -> None:
    data = module(*info, symbols=symbols)
    assert drivers.useful(data, drivers.modinfo(data, "alias")) is useful


def test_a_driver_for_a_whole_class_has_the_rivals_of_its_class(tmp_path: Path) -> None:
    index = tmp_path / "modules.alias"
    index.write_text(
        "# x\nalias pci:v*d*sv*sd*bc01sc06i01* ahci\nalias pci:v00008086d00002922sv*sd*bc*sc*i* own-raid\n"
    )
    table, own = drivers.aliases_of(index), {"ahci", "own_raid"}
    assert drivers.rivals("x", ["pci:v*d*sv*sd*bc01sc06i01*"], table, own) == ("ahci",)
    assert drivers.rivals("x", ["pci:v00008086d00002922sv*sd*bc01sc04i*"], table, own) == ("own_raid",)
    assert drivers.rivals("x", ["pci:v00008086d00002923sv*sd*bc*sc*i*", "fs-x"], table, own) == ()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "softdep r8169 pre: r8125 r8168\n"),
        ("softdep r8169 pre: realtek\n", "softdep r8169 pre: r8125 r8168 realtek\n"),
        ("softdep r8169 post: x\nsoftdep a pre: b\n", "softdep r8169 pre: r8125 r8168 post: x\nsoftdep a pre: b\n"),
    ],
)
def test_a_soft_dependency_joins_those_that_are_there(text: str, wanted: str) -> None:
    assert drivers.soft_dependencies(text, {"r8169": ["r8125", "r8168"]}) == wanted


def test_what_this_machine_has_is_said_when_the_kernel_is_a_packages(tmp_path: Path) -> None:
    for version in (VERSION, "6.1.0-55-amd64", "6.1.0-54-amd64"):
        write_modules(tmp_path / version, {"kernel/r8125.ko": DKMS})
    write_modules(tmp_path / VERSION, {"updates/dkms/r8125.ko": DKMS, "updates/dkms/nvidia.ko": module()})
    write_modules(tmp_path / "6.1.0-55-amd64", {"extra/r8125.ko": DKMS})
    there = Kernel(tmp_path / "vmlinuz", VERSION, tmp_path / "package", "linux-image-6.1.0-56-amd64", "6.1.192-2")
    assert drivers.left_here(there, tmp_path, tmp_path) == [
        f"r8125 in {tmp_path}/6.1.0-55-amd64 is left out, for the kernel is {VERSION}",
        f"r8125 in {tmp_path}/{VERSION} is left out, for the kernel is the package's own; "
        f"--kernel /boot/vmlinuz-{VERSION} takes this machine's kernel, with it",
    ]


def test_a_damaged_module_is_named(tmp_path: Path) -> None:
    tree = write_modules(tmp_path, {"updates/x.ko.xz": b"not xz", "modules.alias": b""})
    with pytest.raises(BuildError, match=r"the driver x\.ko\.xz is damaged: .*; install its package anew"):
        drivers.outside(Kernel(tmp_path, VERSION, tree), tmp_path)


def test_no_module_of_the_real_depmod_is_lost_when_it_is_copied(tmp_path: Path) -> None:
    """Hard links where they are possible, for a kernel has hundreds of MB of them."""
    there, _ = make(tmp_path, {"extra/r8125.ko": DKMS})
    first = tmp_path / "from/lib/modules" / VERSION / "extra/r8125.ko"
    assert first.samefile(there.modules / "extra/r8125.ko")
