"""A model disk with a really installed minimal Debian, which boots by itself up to its login prompt.

`mmdebstrap` installs the packages from the host's own apt sources; GRUB is put where grub-install would put it
(GNU GRUB manual, "BIOS installation": boot.img in the first sector, core.img in a BIOS boot partition). Works as
root and, with user namespaces (package uidmap, an entry in /etc/subuid), without; no loop device and no mount.

    python3 -m qemu.disks.debian [-o FILE] [--cache DIR]

Exit status: 0 the disk is there; 1 it could not be made (one sentence on standard error); 2 wrong usage.
"""

from __future__ import annotations

import logging
import os
import shlex
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable
from pathlib import Path

from initrd import apt
from kernel_cmdline.arguments import ArgumentParser

from . import uefi
from .debian_system import (
    EARLY_FILES,
    EXCLUDE,
    HOOK,
    HOSTNAME,
    KEPT_MODULES,
    MASKED,
    PACKAGES,
    PASSWORD,
    Recipe,
    early_grub,
    late_files,
    write_files,
)
from .model import ModelDisk
from .partitions import (
    MBR_CODE,
    TYPE_BIOS_BOOT,
    TYPE_ESP,
    TYPE_LINUX_ROOT_X86_64,
    TYPE_SWAP,
    Partition,
    write_boot_code,
    write_table,
)
from .raw import MIB, SECTOR, copy_into, create, replacing, used_bytes
from .tools import DiskError, run

log = logging.getLogger(__name__)

SIZE = 896 * MIB
BEHIND = 64 * MIB
"""Left behind the last partition, so that the disk also goes on smaller ones."""
BIOS_START, ESP_START, ROOT_START, SWAP_START = MIB, 2 * MIB, 34 * MIB, SIZE - BEHIND - 32 * MIB
SWAP_END = SIZE - BEHIND
BOOT_LINE = f"{HOSTNAME} login:"

_DRIVE_CHECK = b"\x90\x90"


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
        with replacing(path) as image:
            create(image, SIZE)
            copy_into(kept, image)
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
    targets = run(["apt-get", "indextargets", "--format", apt.QUERY, "Created-By: Packages"])
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
    with tempfile.TemporaryDirectory(prefix="debian-model-", dir="/tmp") as name, replacing(path) as image:
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
        "MODEL_ROOT_KIB": str((SWAP_START - ROOT_START) // 1024),
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
    create(image, SIZE)
    bios, esp, root, swap = partitions(recipe)
    write_table(image, recipe.root_uuid.upper(), (bios, esp, root, swap))
    boot, core = bios_grub((out / "boot.img").read_bytes(), (out / "core.img").read_bytes(), bios)
    write_boot_code(image, boot)
    core_file = scratch / "core"
    core_file.write_bytes(core)
    copy_into(core_file, image, bios.start)
    copy_into(_make_esp(scratch, esp, recipe), image, esp.start)
    copy_into(out / "root.img", image, root.start)
    made = create(scratch / "swap", swap.size)
    run(["mkswap", "--quiet", "--uuid", recipe.swap_uuid, made])
    copy_into(made, image, swap.start)


def partitions(recipe: Recipe) -> tuple[Partition, Partition, Partition, Partition]:
    """The BIOS boot partition, the ESP, the root partition and the swap, in the disk's order."""

    def entry(number: int, start: int, end: int, type_: str, name: str) -> Partition:
        identity = str(uuid.uuid5(uuid.UUID(recipe.root_uuid), name)).upper()
        return Partition(number, start, end - start, type_, identity, name)

    return (
        entry(1, BIOS_START, ESP_START, TYPE_BIOS_BOOT, "BIOS boot"),
        entry(2, ESP_START, ROOT_START, TYPE_ESP, "EFI system"),
        entry(3, ROOT_START, SWAP_START, TYPE_LINUX_ROOT_X86_64, "Debian"),
        entry(4, SWAP_START, SWAP_END, TYPE_SWAP, "Swap"),
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
    boot_code = bytearray(boot[:MBR_CODE])
    boot_code[0x5C:0x64] = sector.to_bytes(8, "little")
    boot_code[0x66:0x68] = _DRIVE_CHECK
    told = bytearray(core)
    told[0x1F4:0x1FC] = (sector + 1).to_bytes(8, "little")
    return bytes(boot_code), bytes(told)


def _make_esp(scratch: Path, esp: Partition, recipe: Recipe) -> Path:
    image = create(scratch / "esp", esp.size)
    hidden = str(esp.start // SECTOR)
    run(["mkfs.vfat", "-F", "16", "-n", "ESP", "-i", recipe.esp_serial, "-h", hidden, image])
    config = scratch / "grub.cfg"
    config.write_text(early_grub(recipe) + "configfile $prefix/grub.cfg\n", encoding="ascii")
    uefi.put(image, config, lambda *words: run([*words]))
    return image


def main(argv: list[str] | None = None) -> int:
    parser = ArgumentParser(prog="python3 -m qemu.disks.debian", description="Make a model disk with Debian on it.")
    parser.add_argument("-o", "--output", type=Path, default=None, help="the image (default: in the cache only)")
    parser.add_argument("--cache", type=Path, default=Path(".cache"), help="where finished disks are kept")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        model = debian_model(options.output, options.cache)
    except DiskError as error:
        print(f"qemu.disks.debian: {error}", file=sys.stderr)
        return 1
    print(f"{model.path}: {model.size // MIB} MiB, {used_bytes(model.path) // MIB} MiB used")
    return 0


if __name__ == "__main__":
    sys.exit(main())
