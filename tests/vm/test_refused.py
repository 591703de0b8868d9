"""What Secure Boot refuses: said at once, with who refused what; and the same things where nobody looks at signatures.

A loader with an old generation (SBAT) is Debian's own with another number, signed by the key of ovmf's test variables,
which shim believes as well: with the right number, the same key is good for the whole way.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from pxe.entries.boot_entry import KERNEL
from pxe.entries.loaders import GRUB
from qemu.classroom.single import SingleSpec, of_pair, run_machine, wait_event
from qemu.host.sandbox import RunFailed
from qemu.machine.firmware import Boot, Firmware
from qemu.machine.vm import VM
from tests.common import PAIR

pytestmark = pytest.mark.hardware

SHIM_NAME, GRUB_NAME = GRUB.files
KEY, CERTIFICATE = (Path(f"/usr/share/ovmf/PkKek-1-snakeoil.{ending}") for ending in ("key", "pem"))
VARIABLES = Path("/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd")
PASSWORD = "snakeoil"  # as ovmf's README.Debian says


def installed(name: str) -> Path:
    found = GRUB.find(name)
    assert found
    return found


def run(*words: str | Path) -> None:
    subprocess.run(words, check=True, capture_output=True)


def unsigned(source: Path, folder: Path) -> Path:
    """The same without its signatures."""
    copy = Path(shutil.copyfile(source, folder / "unsigned"))
    signers = subprocess.run(["sbverify", "--list", copy], capture_output=True, text=True, check=True).stdout
    for _ in range(signers.count("image signature issuers")):
        run("sbattach", "--remove", copy)
    return copy


def signed(source: Path, folder: Path) -> Path:
    """The same, signed by the key of ovmf's test variables."""
    key, target = folder / "key", folder / f"{source.name}.test-signed"
    run("openssl", "rsa", "-in", KEY, "-passin", f"pass:{PASSWORD}", "-out", key)
    run("sbsign", "--key", key, "--cert", CERTIFICATE, "--output", target, source)
    return target


def machine(firmware: Firmware, **changes: object) -> SingleSpec:
    kernel, initrd = of_pair(PAIR)
    return SingleSpec(kernel, initrd, boot=Boot.PXE, firmware=firmware, memory=512, deadline=200.0, **changes)  # type: ignore[arg-type]


def starts(vm: VM) -> None:
    wait_event(vm, ("init",))


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (SHIM_NAME, r'the firmware does not start the first loader \(shimx64.efi\): "Access Denied"'),
        (GRUB_NAME, r'shim does not start GRUB: "Verification failed: \(0x1A\) Security Violation"'),
        (KERNEL, 'GRUB does not start the kernel: "bad shim signature"'),
    ],
)
def test_what_is_not_signed_is_refused_at_once(name: str, sentence: str, tmp_path: Path) -> None:
    source = of_pair(PAIR)[0] if name == KERNEL else installed(name)
    spec = machine(Firmware.SECURE_BOOT, files=((name, unsigned(source, tmp_path)),))
    with pytest.raises(RunFailed, match=sentence) as caught:
        run_machine(spec, starts, tmp_path / "artefacts")
    assert caught.value.kind == "Refused"


def test_the_same_unsigned_kernel_boots_without_secure_boot(tmp_path: Path) -> None:
    kernel = unsigned(of_pair(PAIR)[0], tmp_path)
    run_machine(machine(Firmware.UEFI, files=((KERNEL, kernel),)), starts, tmp_path / "artefacts")


@pytest.mark.parametrize("generation", [5, 3])
def test_a_loader_of_an_old_generation_is_refused(generation: int, tmp_path: Path) -> None:
    """Only the number differs from one that boots."""
    grub = unsigned(installed(GRUB_NAME), tmp_path)
    there = grub.read_bytes()
    assert there.count(b"\ngrub,5,") == 1
    grub.write_bytes(there.replace(b"\ngrub,5,", b"\ngrub,%d," % generation))
    files = ((SHIM_NAME, signed(installed(SHIM_NAME), tmp_path)), (GRUB_NAME, signed(grub, tmp_path)))
    spec = machine(Firmware.SECURE_BOOT, files=files, variables=VARIABLES)
    if generation == 5:
        run_machine(spec, starts, tmp_path / "artefacts")
        return
    with pytest.raises(RunFailed, match="shim does not start GRUB") as caught:
        run_machine(spec, starts, tmp_path / "artefacts")
    assert caught.value.kind == "Refused"
