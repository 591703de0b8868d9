"""Real boots with two servers in one network: ours beside one that names a next server of its own, and an existing
server that was given our lines."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from initrd.apt import options
from pxe.__main__ import main
from pxe.commands.dhcp import files
from pxe.others.answers import Served
from pxe.others.servers import SERVERS
from pxe.proxy.loaders import SINCE, grub_version
from qemu.classroom.beside import BesideSpec, Booted, append_line, run_beside
from qemu.host.beside import OTHER
from qemu.host.network import SERVER
from qemu.machine.firmware import Boot, Firmware
from qemu.machine.spec import mac
from qemu.pair import KERNELS
from tests.common import PAIR

pytestmark = pytest.mark.hardware

GRUB = Path("/usr/lib/grub/x86_64-efi-signed")
NETWORK = r"ip=10\.77\.0\.\d+:{server}:10\.77\.0\.254:255\.255\.254\.0"
BOOTIF = f"BOOTIF=01-{mac(0).replace(':', '-')}"
HOURS = 1200.0


def booted(spec: BesideSpec, tmp_path: Path) -> Booted:
    seen = run_beside(spec, tmp_path / "artefacts")
    assert re.search(rf"(^| ){NETWORK.format(server=re.escape(str(SERVER.ip)))}( |$)", seen.line), seen.line
    assert BOOTIF in seen.line.split()
    return seen


@pytest.fixture
def grub_2_12(tmp_path: Path) -> Path:
    """A folder with signed GRUBs that ask the right server: this machine's, or Debian 13's."""
    if (grub_version(GRUB / "grubnetx64.efi.signed") or (0, 0)) >= SINCE:
        return GRUB
    apt = ["apt-get", "-q", *options("trixie", KERNELS), "download", "grub-efi-amd64-signed"]
    subprocess.run(apt, cwd=tmp_path, check=True, capture_output=True)
    [package] = tmp_path.glob("grub-efi-amd64-signed_*.deb")
    subprocess.run(["dpkg", "-x", str(package), str(tmp_path / "unpacked")], check=True)
    return tmp_path / "unpacked" / GRUB.relative_to("/")


EXISTING = (
    (Firmware.BIOS, Boot.PXE, "", ""),
    (Firmware.BIOS, Boot.PXE, f"http://{SERVER.ip}", "GET /udpcast-initrd"),
    (Firmware.UEFI, Boot.PXE, "", ""),
    (Firmware.SECURE_BOOT, Boot.PXE, "", ""),
    (Firmware.SECURE_BOOT, Boot.HTTP, f"http://{SERVER.ip}", "GET /udpcast.img"),
)


@pytest.mark.parametrize(("firmware", "boot", "http", "loads"), EXISTING)
def test_an_existing_server_with_our_lines(
    firmware: Firmware, boot: Boot, http: str, loads: str, tmp_path: Path
) -> None:
    """ISC dhcpd, which names another next server for all others, tftpd-hpa and a web server."""
    tree = tmp_path / "tree"
    words = ["--pair", str(PAIR), "--append", append_line(firmware), "--tftp", str(SERVER.ip)]
    assert main(["tree", str(tree), *words, "--machine", f"{mac(0)}=lang=FR"]) == 0
    lines = SERVERS[0].render(Served(SERVER.ip, http, files(tree)))
    seen = booted(BesideSpec(PAIR, firmware, boot, lines=lines, tree=tree, deadline=HOURS), tmp_path)
    assert "lang=FR" in seen.line.split()
    assert not http or any(loads in line for line in seen.said)


@pytest.mark.parametrize(
    ("options", "loaded"), [((), "boot.ipxe"), (("--bios", "pxelinux.0"), "pxelinux.0")], ids=["ipxe", "pxelinux"]
)
def test_bios(options: tuple[str, ...], loaded: str, tmp_path: Path) -> None:
    """The ROM of QEMU's cards is iPXE, and is told its script; where PXELINUX is chosen, it asks as any ROM does."""
    seen = booted(BesideSpec(PAIR, options=options, deadline=HOURS), tmp_path)
    assert any(f"loaded {loaded}" in line for line in seen.said)


def test_uefi(tmp_path: Path, grub_2_12: Path) -> None:
    """Without Secure Boot: by iPXE where GRUB is older."""
    seen = booted(BesideSpec(PAIR, Firmware.UEFI, deadline=HOURS), tmp_path)
    loaded = "shimx64.efi" if grub_2_12 == GRUB else "snponly.efi"
    assert any(f"loaded {loaded}" in line for line in seen.said)


def test_secure_boot_with_a_grub_that_asks_the_right_server(tmp_path: Path, grub_2_12: Path) -> None:
    seen = booted(BesideSpec(PAIR, Firmware.SECURE_BOOT, grub=grub_2_12, deadline=HOURS), tmp_path)
    assert any("loaded grubx64.efi" in line for line in seen.said)


def test_secure_boot_where_the_other_server_names_ours(tmp_path: Path) -> None:
    """Whatever GRUB it is."""
    spec = BesideSpec(PAIR, Firmware.SECURE_BOOT, next_server=str(SERVER.ip), deadline=HOURS)
    seen = booted(spec, tmp_path)
    assert any("loaded grubx64.efi" in line for line in seen.said)


def test_secure_boot_goes_on_to_http_boot_where_grub_would_ask_the_wrong_server(
    tmp_path: Path, grub_2_12: Path
) -> None:
    if grub_2_12 == GRUB:
        pytest.skip("this machine's GRUB asks the right server")
    seen = booted(BesideSpec(PAIR, Firmware.SECURE_BOOT, deadline=HOURS), tmp_path)
    assert ['"Access Denied"' in one for one in seen.refused] == [True]
    said = "\n".join(seen.said)
    assert f"would ask the DHCP server's next server ({OTHER})" in said
    assert "udpcast.img" in said


@pytest.mark.parametrize("firmware", [Firmware.UEFI, Firmware.SECURE_BOOT])
def test_http_boot(firmware: Firmware, tmp_path: Path) -> None:
    """And the PC's own line comes from us, not from the server that the other one names."""
    own = ("--machine", f"{mac(0)}=lang=FR")
    seen = booted(BesideSpec(PAIR, firmware, Boot.HTTP, options=own, deadline=HOURS), tmp_path)
    assert "lang=FR" in seen.line.split()
    assert any(f"is told http://{SERVER.ip}" in line for line in seen.said)
