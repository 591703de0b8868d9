"""The image for disc and stick: what is on it, the same bytes every time, and what keeps it from being written."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from launcher.answers.configuration import LONGEST, NAME
from launcher.hardware.iso9660 import read_file
from pxe.__main__ import main
from pxe.commands.iso import LONGEST_UDPCFG
from pxe.medium import programs
from pxe.medium.content import UDPCFG
from pxe.medium.iso import ESP_CONFIG, _put_new
from pxe.medium.programs import MediumError
from tests.pairs import OTHER_VERSION, kernel, make_pair
from tests.pxe.medium.test_http_image import names_on, on_it

LINE = "lang=FR console=ttyS0"


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    return make_pair(tmp_path / "pair", archive=b"drivers" * 1000)


def made(image: Path, pair: Path, *words: str) -> int:
    return main(["iso", str(image), "--pair", str(pair), "--append", LINE, *words])


def extracted(image: Path, name: str) -> bytes:
    out = image.with_name("extracted")
    out.unlink(missing_ok=True)
    subprocess.run(
        ["xorriso", "-osirrox", "on", "-indev", image, "-extract", f"/{name}", out], check=True, capture_output=True
    )
    return out.read_bytes()


def listed(image: Path, *words: str) -> str:
    return subprocess.run(["xorriso", "-indev", image, *words], check=True, capture_output=True, text=True).stdout


def test_everything_is_on_it(pair: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = tmp_path / "udpcast.iso"
    assert made(image, pair) == 0
    assert capsys.readouterr().out == f"{image}  {image.stat().st_size / 1e6:.1f} MB\n"
    assert image.stat().st_mode & 0o777 == 0o644
    names = {shlex.split(line)[0] for line in listed(image, "-find", "/", "-type", "f").splitlines()}
    assert names == {
        "/.disk/info",
        "/boot/grub/efi.img",
        "/boot/grub/grub.cfg",
        "/isolinux/isolinux.bin",
        "/isolinux/isolinux.cfg",
        "/isolinux/ldlinux.c32",
        "/isolinux/libutil.c32",
        "/isolinux/menu.c32",
        "/udpcast-initrd",
        "/udpcast-linux",
        "/udpcfg.txt",
    }
    for name in ("udpcast-linux", "udpcast-initrd"):
        assert extracted(image, name) == (pair / name).read_bytes()
    assert b"'console=ttyS0'" in extracted(image, "boot/grub/grub.cfg")
    (tmp_path / "esp").write_bytes(extracted(image, "boot/grub/efi.img"))
    assert names_on(tmp_path / "esp") == {"EFI/BOOT/BOOTX64.EFI", "EFI/BOOT/grubx64.efi", "boot/grub/grub.cfg"}
    assert on_it(tmp_path / "esp", "boot/grub/grub.cfg") == ESP_CONFIG.encode()


def test_it_boots_by_bios_and_uefi_as_disc_and_as_stick(pair: Path, tmp_path: Path) -> None:
    image = tmp_path / "udpcast.iso"
    made(image, pair)
    boot = listed(image, "-report_el_torito", "plain")
    assert "/isolinux/isolinux.bin" in boot and "isohybrid-suitable" in boot and "/boot/grub/efi.img" in boot
    table = subprocess.run(["sfdisk", "-d", image], check=True, capture_output=True, text=True).stdout
    assert "bootable" in table and "type=ef" in table


def test_the_launcher_finds_its_file_and_its_label(pair: Path, tmp_path: Path) -> None:
    image = tmp_path / "udpcast.iso"
    made(image, pair)
    assert NAME == UDPCFG
    assert b"\nlang=FR\n" in (read_file(image, NAME, 4096) or b"")
    label = listed(image, "-pvd_info").partition("Volume Id    : ")[2].split("\n")[0]
    assert f"medium={label}\n".encode() in extracted(image, "isolinux/isolinux.cfg")


def test_the_same_pair_and_room_make_the_same_bytes(
    pair: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = [tmp_path / "one" / "a.iso", tmp_path / "two" / "b.iso"]
    for number, image in enumerate(images):
        image.parent.mkdir()
        monkeypatch.setenv("TZ", ("UTC", "Asia/Tokyo")[number])
        mask = os.umask((0o022, 0o077)[number])
        for name in ("udpcast-linux", "udpcast-initrd"):
            os.utime(pair / name, (1_000_000_000 + number, 1_000_000_000 + number))
        assert made(image, pair) == 0
        os.umask(mask)
    assert images[0].read_bytes() == images[1].read_bytes()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1600000000")
    assert made(tmp_path / "later.iso", pair) == 0
    assert (tmp_path / "later.iso").read_bytes() != images[0].read_bytes()


def test_nothing_that_is_there_is_lost_unless_it_is_said(
    pair: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = tmp_path / "udpcast.iso"
    image.write_text("mine")
    assert made(image, pair) == 1 and image.read_text() == "mine"
    assert capsys.readouterr().err == (
        f"{image} is there already, and stays as it is: give another name, or --force replaces it.\n"
    )
    assert made(image, pair, "--force") == 0 and image.stat().st_size > 1 << 20


def test_what_came_meanwhile_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "image").write_text("new")
    (tmp_path / "out").write_text("mine")
    with pytest.raises(MediumError, match="came into being meanwhile"):
        _put_new(tmp_path / "image", tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"

    def no_links(*args: object) -> None:
        raise PermissionError

    monkeypatch.setattr("os.link", no_links)  # FAT
    _put_new(tmp_path / "image", tmp_path / "other")
    assert (tmp_path / "other").read_text() == "new"


@pytest.mark.parametrize(
    "place, sentence",
    [
        ("folder", "folder is a folder: the name of a file was expected, such as "),
        ("nowhere/a.iso", "nowhere does not exist or is no folder: the image is to be written there."),
    ],
)
def test_a_place_where_no_file_can_be_is_said(
    place: str, sentence: str, pair: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder").mkdir()
    assert made(tmp_path / place, pair) == 1
    assert sentence in capsys.readouterr().err


def test_a_device_is_not_written_to(pair: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert made(Path("/dev/null"), pair, "--force") == 1
    assert capsys.readouterr().err == (
        "/dev/null is a device: a file was expected. Write that to a stick with dd afterwards.\n"
    )


def test_a_pair_that_does_not_belong_together_is_refused(
    pair: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (pair / "udpcast-linux").write_bytes(kernel(OTHER_VERSION))
    assert made(tmp_path / "a.iso", pair) == 1
    assert "do not belong together" in capsys.readouterr().err and not (tmp_path / "a.iso").exists()
    assert made(tmp_path / "a.iso", tmp_path / "none") == 1
    assert (
        "none does not exist or is no folder: build the pair with `python3 -m initrd build" in capsys.readouterr().err
    )


def test_a_wrong_line_and_a_wrong_file_are_refused_with_the_place(
    pair: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = tmp_path / "a.iso"
    assert main(["iso", str(image), "--pair", str(pair), "--append", "port=odd"]) == 1
    assert "port=odd is no port number" in capsys.readouterr().err
    (tmp_path / "room.txt").write_text("lang=DE\nport=odd\numod=rcv\n")
    assert made(image, pair, "--udpcfg", str(tmp_path / "room.txt")) == 1
    said = capsys.readouterr().err.splitlines()
    assert [line.partition(": ")[0] for line in said] == [f"{tmp_path / 'room.txt'}:{number}" for number in (2, 3)]
    assert not image.exists()
    (tmp_path / "room.txt").write_text("lang=DE\nport=9002\n")
    assert made(image, pair, "--udpcfg", str(tmp_path / "room.txt")) == 0
    assert "room.txt:1: lang=DE is not used: the command line has lang=FR." in capsys.readouterr().err
    assert extracted(image, "udpcfg.txt") == b"lang=DE\nport=9002\n"
    for role in ("", "umode=rcv\n"):
        (tmp_path / "room.txt").write_text(f"lang=DE\n{role}")
        words = ("--force", "--menu", "ask,disk", "--udpcfg", str(tmp_path / "room.txt"))
        assert made(image, pair, *words) == 0
        assert ("gives a role: the menu's choice ask has it" in capsys.readouterr().err) is bool(role)
    assert b"menu label" in extracted(image, "isolinux/isolinux.cfg")


def test_a_file_that_the_launcher_would_not_read_is_refused_unread(
    pair: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert LONGEST_UDPCFG == LONGEST
    with (tmp_path / "room.txt").open("wb") as file:
        file.truncate(1 << 40)
    assert made(tmp_path / "a.iso", pair, "--udpcfg", str(tmp_path / "room.txt")) == 1
    assert capsys.readouterr().err == f"{tmp_path}/room.txt is longer than 64 KiB: the launcher would not read it.\n"


def test_the_longest_name_is_one(pair: Path, tmp_path: Path) -> None:
    image = tmp_path / ("n" * 255)
    assert made(image, pair) == 0
    assert {path.name for path in tmp_path.iterdir()} == {image.name, pair.name}


@pytest.mark.parametrize(
    "line, text, is_said",
    [
        ("auto=yes umode=rcv after=reboot,menu", None, True),
        ("lang=FR", "auto=yes\numode=rcv\nauto_reboot=success\n", True),
        ("after=poweroff,menu", "auto=yes\numode=rcv\n", False),
        ("umode=rcv after=reboot,menu", None, False),
    ],
)
def test_a_line_that_clones_again_and_again_is_named(
    line: str, text: str | None, is_said: bool, pair: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["iso", str(tmp_path / "a.iso"), "--pair", str(pair), "--append", line]
    if text is not None:
        (tmp_path / "room.txt").write_text(text)
        words += ["--udpcfg", str(tmp_path / "room.txt")]
    assert main(words) == 0
    assert ("still has the medium in it" in capsys.readouterr().err) is is_said


def test_what_pcs_with_secure_boot_refuse_is_said(
    pair: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert made(tmp_path / "a.iso", pair) == 0
    assert "udpcast-linux" in capsys.readouterr().err


def test_what_is_missing_is_named_with_all_its_packages(
    pair: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lacking = tuple(programs.Part(part.name, part.package, tmp_path / "none") for part in programs.ISO_PARTS)
    monkeypatch.setattr("pxe.medium.iso.ISO_PARTS", lacking)
    assert made(tmp_path / "a.iso", pair) == 1
    assert capsys.readouterr().err == (
        "mformat, mmd, mcopy, shimx64.efi.signed, gcdx64.efi.signed, xorriso, isolinux.bin, isohdpfx.bin, ldlinux.c32, "
        "menu.c32, libutil.c32 are missing here: apt-get install mtools shim-signed grub-efi-amd64-signed xorriso "
        "isolinux syslinux-common\n"
    )


@pytest.mark.parametrize("size", [3, 9])
def test_a_full_disk_leaves_nothing(size: int, tmp_path: Path) -> None:
    """On a file system which ends in the middle of the FAT, or of the image."""
    make_pair(tmp_path / "pair")
    command = f"{shlex.quote(sys.executable)} -m pxe iso small/a.iso --pair pair; echo $?; ls -A small"
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", f"mkdir small && mount -t tmpfs -o size={size}m none small && {command}"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "1\n"
    assert done.stderr.startswith("the disk is full"), done.stderr
