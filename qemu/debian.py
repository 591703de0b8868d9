"""A model disk with a really installed minimal Debian, which boots by itself up to its login prompt.

`mmdebstrap` installs the packages from the host's own apt sources; GRUB is put where grub-install would put it
(GNU GRUB manual, "BIOS installation": boot.img in the first sector, core.img in a BIOS boot partition). Works as
root and, with user namespaces (package uidmap, an entry in /etc/subuid), without; no loop device and no mount.

    python3 -m qemu.debian [-o FILE] [--cache DIR]

Exit status: 0 the disk is there; 1 it could not be made (one sentence on standard error); 2 wrong usage.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import os
import shlex
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from initrd import apt
from qemu import disks
from qemu.disks import MIB, SECTOR, DiskError, ModelDisk, Partition

log = logging.getLogger(__name__)

SIZE = 704 * MIB
BIOS_START, ESP_START, ROOT_START, ROOT_END = MIB, 2 * MIB, 34 * MIB, SIZE - MIB
HOSTNAME = "model-pc"
PASSWORD = "model"  # root's, for whoever opens the clone's console
BOOT_LINE = f"{HOSTNAME} login:"
HOOK = Path(__file__).with_name("debian-hook")

PACKAGES = (
    "systemd-sysv",
    "udev",
    "linux-image-amd64",
    "initramfs-tools",
    "zstd",  # initramfs-tools compresses with it
    "grub2-common",
    "grub-pc-bin",
    "grub-efi-amd64-bin",
)

# Left out of the packages, so that the disk is small and quickly cloned: documentation, translations, and the
# drivers of what no wired school PC boots from. A later pattern wins over an earlier one (dpkg(1), path-include).
EXCLUDE = (
    "/usr/share/doc/*",
    "/usr/share/man/*",
    "/usr/share/info/*",
    "/usr/share/locale/*",
    "/usr/share/zoneinfo/*",
    "/usr/lib/x86_64-linux-gnu/gconv/*",
    "/usr/lib/grub/x86_64-efi/monolithic/*",
    "/lib/modules/*/kernel/*",
    "/usr/lib/modules/*/kernel/*",  # where they are since Debian 13
)
KEPT_MODULES = (  # beginnings of paths
    "arch/x86/crypto",
    "block",
    "crypto",
    "drivers/acpi",
    "drivers/ata",
    "drivers/block/loop",
    "drivers/block/virtio_blk",
    "drivers/cdrom",
    "drivers/char/hw_random",
    "drivers/dca",
    "drivers/hid/hid",
    "drivers/hid/usbhid",
    "drivers/input/evdev",
    "drivers/input/mouse/psmouse",
    "drivers/input/serio",
    "drivers/net/ethernet/broadcom/tg3",
    "drivers/net/ethernet/intel/e1000",
    "drivers/net/ethernet/intel/ig",
    "drivers/net/ethernet/realtek",
    "drivers/net/mdio",
    "drivers/net/mii",
    "drivers/net/net_failover",
    "drivers/net/phy",
    "drivers/net/virtio_net",
    "drivers/nvme/host",
    "drivers/pps",
    "drivers/ptp/ptp",
    "drivers/scsi/s",
    "drivers/scsi/virtio_scsi",
    "drivers/usb/common",
    "drivers/usb/core",
    "drivers/usb/host",
    "drivers/usb/storage",
    "drivers/virtio",
    "fs/autofs",
    "fs/efivarfs",
    "fs/ext4",
    "fs/fat",
    "fs/jbd2",
    "fs/mbcache",
    "fs/nls",
    "lib/crc",
    "lib/crypto",
    "lib/libcrc32c",
    "mm",
    "net/core",
    "net/packet",
)

# Drivers in its initramfs: enough for the disks QEMU has. `most` would take 30 s longer to build and 4 s to unpack.
INITRAMFS_MODULES = (
    *("ahci", "ata_piix", "sd_mod", "nvme", "virtio_pci", "virtio_blk", "virtio_scsi", "sym53c8xx"),
    *("xhci_pci", "ehci_pci", "usb_storage", "uas", "ext4"),
)

# Periodic or one-time jobs that would start while the login prompt is waited for.
MASKED = (
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "getty-static.service",  # five more consoles
    "systemd-pstore.service",
)

_DRIVE_CHECK = b"\x90\x90"


@dataclass(frozen=True)
class Recipe:
    """Everything the disk is made from; `key` names it in the cache."""

    codename: str
    sources: str
    root_uuid: str
    esp_serial: str

    @property
    def key(self) -> str:
        parts = [self.codename, self.sources, HOOK.read_text(), Path(__file__).read_text()]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def debian_model(path: Path | None, cache: Path) -> ModelDisk:
    """Make the disk in `cache`, unless the same one was made before, and copy it (with its holes) to `path`.

    `path` None means the one in the cache, which must not be written to. Raises `DiskError` when apt has no Debian
    sources, or a step fails.
    """
    recipe = _recipe()
    kept = cache / f"debian-{recipe.codename}-{recipe.key}.img"
    if not kept.is_file():
        _build(kept, recipe)
        for stale in set(cache.glob(f"debian-{recipe.codename}-*.img")) - {kept}:
            stale.unlink()
    if path is None:
        path = kept
    else:
        with disks.replacing(path) as image:
            disks.create(image, SIZE)
            disks.copy_into(kept, image)
    return ModelDisk(path, SIZE, BOOT_LINE)


def debian_sources(targets: Iterable[str], codename: str) -> str:
    """The one-line sources of Debian's own archive for `codename`, from the output of `apt-get indextargets`.

    Raises `DiskError` when the main suite is not among them.
    """
    lines = [
        f"deb [arch=amd64] {suite.uri} {codename}{suite.part} main"
        for suite in apt.suites(targets, codename)
        if suite.component == "main" and suite.architecture == "amd64"
    ]
    if not any(line.split()[-2] == codename for line in lines):
        raise DiskError(
            f"apt knows no source of Debian's for {codename} main: see /etc/apt/sources.list and "
            "/etc/apt/sources.list.d, then run apt-get update."
        )
    return "".join(f"{line}\n" for line in dict.fromkeys(lines))


def _recipe() -> Recipe:
    codename = _host_codename()
    targets = disks.run(["apt-get", "indextargets", "--format", apt.QUERY, "Created-By: Packages"])
    sources = debian_sources(targets.splitlines(), codename)
    identity = uuid.uuid5(uuid.NAMESPACE_OID, f"{codename} {HOSTNAME}")
    return Recipe(codename, sources, str(identity), identity.hex[:8])


def _host_codename() -> str:
    try:
        text = Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError as error:
        raise DiskError(f"/etc/os-release: {error.strerror}; it must name a Debian release.") from None
    fields = dict(line.split("=", 1) for line in shlex.split(text, comments=True) if "=" in line)
    codename = fields.get("VERSION_CODENAME", "")
    if fields.get("ID") != "debian" or not codename:
        raise DiskError("/etc/os-release names no Debian release; the model disk is made from the host's Debian.")
    return codename


def _build(path: Path, recipe: Recipe) -> None:
    started = time.monotonic()
    # The namespace's root must reach this folder, so it is not under a home or the project.
    with tempfile.TemporaryDirectory(prefix="debian-model-", dir="/tmp") as name, disks.replacing(path) as image:
        scratch = Path(name)
        scratch.chmod(0o755)
        out = scratch / "out"
        out.mkdir()
        out.chmod(0o777)
        _install(scratch, out, recipe)
        _assemble(image, scratch, out, recipe)
    log.info("Debian installed on %s in %.0f s", path.name, time.monotonic() - started)


def _install(scratch: Path, out: Path, recipe: Recipe) -> None:
    early, late = scratch / "early", scratch / "late"
    write_files(early, EARLY_FILES)
    write_files(late, late_files(recipe))
    (scratch / "sources.list").write_text(recipe.sources, encoding="utf-8")
    environment = {
        **os.environ,
        "LC_ALL": "C.UTF-8",
        "MODEL_HOOK": str(HOOK),
        "MODEL_EARLY": str(early),
        "MODEL_LATE": str(late),
        "MODEL_OUT": str(out),
        "MODEL_LABEL": "debian",
        "MODEL_UUID": recipe.root_uuid,
        "MODEL_ROOT_KIB": str((ROOT_END - ROOT_START) // 1024),
        "MODEL_MASK": " ".join(MASKED),
        "MODEL_PASSWORD": PASSWORD,
    }
    _follow(mmdebstrap_argv(recipe.codename, scratch / "sources.list"), environment)


def mmdebstrap_argv(codename: str, sources: Path) -> list[str]:
    """The installation. The hook's path travels in the environment, so that it may hold blanks."""
    argv = ["mmdebstrap", "--variant=minbase", "--format=null", f"--include={','.join(PACKAGES)}"]
    argv += ['--aptopt=APT::Install-Recommends "false"', "--dpkgopt=force-unsafe-io"]
    argv += [f"--dpkgopt=path-exclude={pattern}" for pattern in EXCLUDE]
    for above in ("/lib", "/usr/lib"):
        argv += [f"--dpkgopt=path-include={above}/modules/*/kernel/{start}*" for start in KEPT_MODULES]
    argv += ["--skip=cleanup"]  # the hook cleans up, before it makes the file system
    argv += ['--essential-hook="$MODEL_HOOK" "$1"', '--customize-hook="$MODEL_HOOK" "$1"']
    return [*argv, codename, "/dev/null", str(sources)]


def _follow(argv: list[str], environment: dict[str, str]) -> None:
    """Run mmdebstrap, its steps going to the log; on failure the error carries what it said last."""
    log.debug("$ %s", shlex.join(argv))
    try:
        process = subprocess.Popen(
            argv, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    except FileNotFoundError:
        raise DiskError("mmdebstrap is not installed; qemu/demo installs what is missing.") from None
    said: list[str] = []
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line.rstrip())
            if line.startswith("I: ") and line.endswith("...\n"):
                log.info("Debian: %s", line.removeprefix("I: ").rstrip())
    if process.returncode != 0:
        tail = "\n  ".join(said[-15:])
        raise DiskError(f"mmdebstrap could not install Debian (status {process.returncode}); it said last:\n  {tail}")


def _assemble(image: Path, scratch: Path, out: Path, recipe: Recipe) -> None:
    """Put the partitions and the boot code into one disk."""
    disks.create(image, SIZE)
    bios, esp, root = partitions(recipe)
    disks.write_table(image, recipe.root_uuid.upper(), (bios, esp, root))
    boot, core = bios_grub((out / "boot.img").read_bytes(), (out / "core.img").read_bytes(), bios)
    disks.write_boot_code(image, boot)
    core_file = scratch / "core"
    core_file.write_bytes(core)
    disks.copy_into(core_file, image, bios.start)
    disks.copy_into(_make_esp(scratch, out / "BOOTX64.EFI", esp, recipe), image, esp.start)
    disks.copy_into(out / "root.img", image, root.start)


def partitions(recipe: Recipe) -> tuple[Partition, Partition, Partition]:
    """The BIOS boot partition, the ESP and the root partition, in the disk's order."""

    def entry(number: int, start: int, end: int, type_: str, name: str) -> Partition:
        identity = str(uuid.uuid5(uuid.UUID(recipe.root_uuid), name)).upper()
        return Partition(number, start, end - start, type_, identity, name)

    return (
        entry(1, BIOS_START, ESP_START, disks.TYPE_BIOS_BOOT, "BIOS boot"),
        entry(2, ESP_START, ROOT_START, disks.TYPE_ESP, "EFI system"),
        entry(3, ROOT_START, ROOT_END, disks.TYPE_LINUX_ROOT_X86_64, "Debian"),
    )


def bios_grub(boot: bytes, core: bytes, bios: Partition) -> tuple[bytes, bytes]:
    """GRUB's boot.img and core.img, told where core.img is on the disk.

    The fields are those of grub's include/grub/i386/pc/boot.h: in boot.img the sector of core.img at 0x5C and the
    jump at 0x66 that grub-bios-setup replaces for hard disks; in core.img's first sector, at 0x1F4, where the rest
    of it begins (its length and load address are already there).
    """
    if len(core) > bios.size:
        raise DiskError(f"GRUB's core image has {len(core)} bytes; the BIOS boot partition has {bios.size}.")
    sector = bios.start // SECTOR
    boot_code = bytearray(boot[: disks.MBR_CODE])
    boot_code[0x5C:0x64] = sector.to_bytes(8, "little")
    boot_code[0x66:0x68] = _DRIVE_CHECK
    told = bytearray(core)
    told[0x1F4:0x1FC] = (sector + 1).to_bytes(8, "little")
    return bytes(boot_code), bytes(told)


def _make_esp(scratch: Path, grub: Path, esp: Partition, recipe: Recipe) -> Path:
    image = disks.create(scratch / "esp", esp.size)
    hidden = str(esp.start // SECTOR)
    disks.run(["mkfs.vfat", "-F", "16", "-n", "ESP", "-i", recipe.esp_serial, "-h", hidden, image])
    disks.run(["mmd", "-i", image, "::/EFI", "::/EFI/BOOT"])
    disks.run(["mcopy", "-i", image, grub, "::/EFI/BOOT/BOOTX64.EFI"])
    return image


# --- the files that an installer would write -----------------------------------------------------------------------

EARLY_FILES = {
    "etc/initramfs-tools/conf.d/model": "MODULES=list\nCOMPRESS=zstd\nFSTYPE=ext4\n",
    "usr/share/initramfs-tools/modules.d/model": "".join(f"{name}\n" for name in INITRAMFS_MODULES),
}


def late_files(recipe: Recipe) -> dict[str, str]:
    """Path below / to content."""
    esp_uuid = f"{recipe.esp_serial[:4]}-{recipe.esp_serial[4:]}".upper()
    command_line = f"root=UUID={recipe.root_uuid} ro quiet console=tty0 console=ttyS0,115200"
    return {
        "etc/hostname": f"{HOSTNAME}\n",
        "etc/hosts": f"127.0.0.1 localhost\n127.0.1.1 {HOSTNAME}\n::1 localhost ip6-localhost\n",
        "etc/machine-id": uuid.UUID(recipe.root_uuid).hex + "\n",
        "etc/fstab": (
            f"UUID={recipe.root_uuid} / ext4 errors=remount-ro 0 1\n"
            f"UUID={esp_uuid} /boot/efi vfat umask=0077,noauto 0 0\n"
        ),
        "etc/grub-early.cfg": f"search.fs_uuid {recipe.root_uuid} root\nset prefix=($root)/boot/grub\n",
        "etc/default/grub": f'GRUB_TIMEOUT=0\nGRUB_DISTRIBUTOR=Debian\nGRUB_CMDLINE_LINUX="{command_line}"\n',
        "boot/efi/.keep": "",
        "boot/grub/grub.cfg": (
            "set timeout=0\n"
            "menuentry 'Debian GNU/Linux' {\n"
            f"  linux /vmlinuz {command_line}\n"
            "  initrd /initrd.img\n"
            "}\n"
        ),
    }


def write_files(root: Path, files: dict[str, str]) -> None:
    """Write each file below `root`, with its folders."""
    for name, content in files.items():
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")
    for folder in (root, *(entry for entry in root.rglob("*") if entry.is_dir())):
        folder.chmod(0o755)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m qemu.debian", description="Make a model disk with Debian on it.")
    parser.add_argument("-o", "--output", type=Path, default=None, help="the image (default: in the cache only)")
    parser.add_argument("--cache", type=Path, default=Path(".cache"), help="where finished disks are kept")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        model = debian_model(options.output, options.cache)
    except DiskError as error:
        print(f"qemu.debian: {error}", file=sys.stderr)
        return 1
    print(f"{model.path}: {model.size // MIB} MiB, {disks.used_bytes(model.path) // MIB} MiB used")
    return 0


if __name__ == "__main__":
    sys.exit(main())
