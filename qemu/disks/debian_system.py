"""What is on the Debian model disk: packages, what of them is left out, and the files an installer would write."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from pathlib import Path

HOOK = Path(__file__).with_name("debian-hook")
HOSTNAME = "model-pc"
PASSWORD = "model"  # root's, for whoever opens the clone's console

PACKAGES = (
    "systemd-sysv",
    "udev",
    "linux-image-amd64",
    "initramfs-tools",
    "zstd",  # initramfs-tools compresses with it
    "grub2-common",
    "grub-pc-bin",
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


@dataclass(frozen=True)
class Recipe:
    """Everything the disk is made from; `key` names it in the cache."""

    codename: str
    sources: str
    root_uuid: str
    esp_serial: str

    @property
    def swap_uuid(self) -> str:
        """Of the swap, as fstab names it: where it is lost, the system waits for it."""
        return str(uuid.uuid5(uuid.UUID(self.root_uuid), "swap"))

    @property
    def key(self) -> str:
        made_by = (HOOK, Path(__file__), *map(Path(__file__).with_name, ("debian.py", "uefi.py")))
        parts = [self.codename, self.sources, *(path.read_text() for path in made_by)]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


EARLY_FILES = {
    "etc/initramfs-tools/conf.d/model": "MODULES=list\nCOMPRESS=zstd\nFSTYPE=ext4\n",
    "usr/share/initramfs-tools/modules.d/model": "".join(f"{name}\n" for name in INITRAMFS_MODULES),
}


def early_grub(recipe: Recipe) -> str:
    """How GRUB finds the system from wherever it was loaded."""
    return f"search.fs_uuid {recipe.root_uuid} root\nset prefix=($root)/boot/grub\n"


def late_files(recipe: Recipe) -> dict[str, str]:
    """Path below / to content."""
    esp_uuid = f"{recipe.esp_serial[:4]}-{recipe.esp_serial[4:]}".upper()
    # no_timer_check: the kernel panics where its test of the timer runs while the host is too busy to emulate one.
    command_line = f"root=UUID={recipe.root_uuid} ro quiet no_timer_check console=tty0 console=ttyS0,115200"
    return {
        "etc/hostname": f"{HOSTNAME}\n",
        "etc/hosts": f"127.0.0.1 localhost\n127.0.1.1 {HOSTNAME}\n::1 localhost ip6-localhost\n",
        "etc/machine-id": uuid.UUID(recipe.root_uuid).hex + "\n",
        "etc/fstab": (
            f"UUID={recipe.root_uuid} / ext4 errors=remount-ro 0 1\n"
            f"UUID={esp_uuid} /boot/efi vfat umask=0077,noauto 0 0\n"
            f"UUID={recipe.swap_uuid} none swap sw 0 0\n"
        ),
        "etc/grub-early.cfg": early_grub(recipe),
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
