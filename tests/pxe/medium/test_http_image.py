"""The image that UEFI loads by HTTP: what is on it, and the same bytes every time."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pxe.medium import programs
from pxe.medium.fat import write_fat
from pxe.medium.http_image import make_image
from pxe.medium.programs import GRUB_NET, MCOPY, SHIM, MediumError, Part, epoch, find
from tests.pairs import make_pair

CONFIG = "linux /udpcast-linux\n"


def on_it(image: Path, name: str) -> bytes:
    return subprocess.run(["mcopy", "-i", image, f"::/{name}", "-"], check=True, capture_output=True).stdout


def names_on(image: Path) -> set[str]:
    listed = subprocess.run(["mdir", "-/", "-b", "-a", "-i", image, "::"], check=True, capture_output=True, text=True)
    return {line.removeprefix("::/") for line in listed.stdout.splitlines() if not line.endswith("/")}


def test_the_loaders_the_pair_and_the_configuration_are_on_it(tmp_path: Path) -> None:
    pair = make_pair(tmp_path / "pair", archive=b"drivers" * 100_000)
    make_image(pair, CONFIG, image := tmp_path / "udpcast.img")
    assert names_on(image) == {
        "EFI/BOOT/BOOTX64.EFI",
        "EFI/BOOT/grubx64.efi",
        "grub/grub.cfg",
        ".disk/info",
        "udpcast-linux",
        "udpcast-initrd",
    }
    assert on_it(image, "grub/grub.cfg") == CONFIG.encode()
    for name in ("udpcast-linux", "udpcast-initrd"):
        assert on_it(image, name) == (pair / name).read_bytes()
    found = find([SHIM, GRUB_NET])
    assert on_it(image, "EFI/BOOT/BOOTX64.EFI") == found[SHIM].read_bytes()
    assert on_it(image, "EFI/BOOT/grubx64.efi") == found[GRUB_NET].read_bytes()


def test_the_same_pair_makes_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = [tmp_path / "one/udpcast.img", tmp_path / "another/name.img"]
    for number, image in enumerate(images):
        image.parent.mkdir()
        pair = make_pair(tmp_path / f"pair{number}")
        for name in ("udpcast-linux", "udpcast-initrd"):
            os.utime(pair / name, (1_000_000_000 + number, 1_000_000_000 + number))
        monkeypatch.setenv("TZ", ("UTC", "Asia/Tokyo")[number])
        make_image(pair, CONFIG, image)
    assert images[0].read_bytes() == images[1].read_bytes()
    told = subprocess.run(["mdir", "-i", images[0], "::"], check=True, capture_output=True, text=True).stdout
    assert "Volume Serial Number is 7564-7063" in told
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1600000000")
    make_image(tmp_path / "pair0", CONFIG, tmp_path / "later.img")
    assert (tmp_path / "later.img").read_bytes() != images[0].read_bytes()


def test_all_that_is_missing_is_named_with_its_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = (MCOPY, Part("no-such-program", "a-package"), Part("no.efi", "another", tmp_path))
    with pytest.raises(MediumError) as caught:
        find(lacking)
    assert str(caught.value) == "no-such-program, no.efi are missing here: apt-get install a-package another"
    assert programs.missing(lacking) == lacking[1:]


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    with pytest.raises(MediumError) as caught:
        programs.run(Part("sh", "dash"), ["-c", "echo 'x: No space left on device' >&2; exit 1"], tmp_path, 0)
    assert (
        str(caught.value)
        == "the disk is full (sh: x: No space left on device): make room there, or name another place."
    )


@pytest.mark.parametrize("given", ["yesterday", "-1", "0", "4294967296"])
def test_an_epoch_that_no_file_can_have_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", given)
    with pytest.raises(MediumError, match=f"SOURCE_DATE_EPOCH is {given}; whole seconds"):
        epoch()


def test_a_file_that_is_there_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    with pytest.raises(FileExistsError):
        write_fat(tmp_path / "there", "X", {}, epoch())
    assert (tmp_path / "there").read_text() == "mine"
