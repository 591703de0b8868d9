"""What can be said about the Debian disk without installing it; `qemu/demo` installs and boots it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from initrd.build import DEBIAN_PACKAGES
from qemu.disks import debian
from qemu.disks.debian_system import Recipe, late_files
from qemu.disks.partitions import MBR_CODE
from qemu.disks.raw import MIB, SECTOR
from qemu.disks.tools import DiskError
from qemu.host.packages import TOOLS

PREPARE = Path(debian.__file__).parents[1] / "prepare.sh"
RECIPE = Recipe("bookworm", "", "01234567-89ab-5cde-8123-456789abcdef", "01234567")


def target(uri: str, release: str, component: str = "main", origin: str = "Debian", arch: str = "amd64") -> str:
    return "|".join((uri, release, component, arch, origin, release))


ARCHIVE = target("http://mirror.example/debian/", "bookworm")


def test_debians_own_suites_become_sources() -> None:
    targets = [
        ARCHIVE,
        target("http://mirror.example/debian/", "bookworm-updates"),
        target("http://mirror.example/debian-security/", "bookworm-security"),
    ]
    assert debian.debian_sources(targets, "bookworm") == (
        "deb [arch=amd64] http://mirror.example/debian/ bookworm main\n"
        "deb [arch=amd64] http://mirror.example/debian/ bookworm-updates main\n"
        "deb [arch=amd64] http://mirror.example/debian-security/ bookworm-security main\n"
    )


@pytest.mark.parametrize(
    "other",
    [
        target("http://mirror.example/debian/", "bookworm", component="contrib"),
        target("http://mirror.example/debian/", "bookworm-backports"),
        target("http://mirror.example/debian/", "trixie"),
        target("http://mirror.example/debian/", "bookworm", arch="i386"),
        target("http://vendor.example/apt/", "bookworm", origin="Vendor"),
        target("http://vendor.example/apt/", "nodistro", origin="Vendor"),
        ARCHIVE,
    ],
)
def test_other_sources_are_left_out(other: str) -> None:
    assert debian.debian_sources([ARCHIVE, other], "bookworm") == debian.debian_sources([ARCHIVE], "bookworm")


def test_before_the_first_update_the_origin_is_not_known() -> None:
    unknown = target("http://mirror.example/debian/", "bookworm", origin="$(ORIGIN)")
    assert "bookworm main" in debian.debian_sources([unknown], "bookworm")


@pytest.mark.parametrize("targets", [[], [target("http://vendor.example/", "bookworm", origin="Vendor")]])
def test_no_source_of_debians_is_one_sentence(targets: list[str]) -> None:
    with pytest.raises(DiskError, match="no source of Debian's for bookworm main"):
        debian.debian_sources(targets, "bookworm")


def test_the_partitions_follow_each_other_and_fill_the_disk() -> None:
    parts = debian.partitions(RECIPE)
    ends = [part.start + part.size for part in parts]
    assert [part.start for part in parts] == [MIB, *ends[:-1]]
    assert ends[-1] <= debian.SIZE - 34 * SECTOR  # the backup table (UEFI 2.10, 5.3.1)


def test_grub_is_told_where_it_is() -> None:
    bios = debian.partitions(RECIPE)[0]
    boot, core = debian.bios_grub(bytes(512), bytes(3 * 512), bios)
    assert len(boot) == MBR_CODE
    assert boot[0x5C:0x64] == (2048).to_bytes(8, "little")
    assert core[0x1F4:0x1FC] == (2049).to_bytes(8, "little")


def test_a_grub_that_does_not_fit_is_refused() -> None:
    bios = debian.partitions(RECIPE)[0]
    with pytest.raises(DiskError, match="core image"):
        debian.bios_grub(bytes(512), bytes(bios.size + 1), bios)


def test_an_included_driver_wins_over_the_exclusion() -> None:
    argv = debian.mmdebstrap_argv("bookworm", Path("sources.list"))
    excluded = argv.index("--dpkgopt=path-exclude=/lib/modules/*/kernel/*")
    assert excluded < argv.index("--dpkgopt=path-include=/lib/modules/*/kernel/drivers/ata*")


def test_fstab_and_grub_name_the_root_by_its_uuid() -> None:
    files = late_files(RECIPE)
    assert f"UUID={RECIPE.root_uuid} / ext4" in files["etc/fstab"]
    assert f"root=UUID={RECIPE.root_uuid} " in files["boot/grub/grub.cfg"]
    assert "UUID=0123-4567 /boot/efi" in files["etc/fstab"]


def test_the_setup_installs_all_that_the_project_names() -> None:
    show = ["bash", "-c", '. "$1"; printf "%s\\n" "${PACKAGES[@]}"', "bash", str(PREPARE)]
    packages = set(subprocess.run(show, check=True, capture_output=True, text=True).stdout.split())
    assert set(DEBIAN_PACKAGES) <= packages
    assert set(TOOLS.values()) <= packages
