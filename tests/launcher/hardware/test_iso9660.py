"""One file of an ISO 9660 file system, as the program that masters it wrote it, and as a scratched disc gives it."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path

import pytest

from launcher.hardware.iso9660 import NoIso9660, read_file

TEXT = b"lang=FR\nport=9002\n"
SECTOR = 2048


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With so many files that the root folder takes several sectors."""
    folder = tmp_path_factory.mktemp("iso")
    content = folder / "content"
    content.mkdir()
    for number in range(90):
        (content / f"a-file-with-a-long-name-{number}").write_text("x")
    (content / "udpcfg.txt").write_bytes(TEXT)
    (content / "empty.txt").touch()
    command = f"xorriso -as mkisofs -quiet -r -V UDPC1A2B3C4 -o {folder / 'image'} {content}"
    subprocess.run(command.split(), check=True, capture_output=True)
    return folder / "image"


def test_a_file_is_read_by_the_name_that_people_use(image: Path) -> None:
    assert read_file(image, "udpcfg.txt", 1000) == TEXT
    assert read_file(image, "UDPCFG.TXT", 4) == TEXT[:4]
    assert read_file(image, "empty.txt", 4) == b""
    assert read_file(image, "other.txt", 1000) is None


@pytest.mark.parametrize("keep", [0, 16 * SECTOR, 16 * SECTOR + 100, 18 * SECTOR])
def test_what_is_cut_is_no_such_file_system(keep: int, image: Path, tmp_path: Path) -> None:
    (tmp_path / "cut").write_bytes(image.read_bytes()[:keep])
    with pytest.raises(NoIso9660):
        read_file(tmp_path / "cut", "udpcfg.txt", 1000)


def test_bytes_of_a_stranger_end_nothing_but_the_reading(image: Path, tmp_path: Path) -> None:
    whole = bytearray(image.read_bytes())
    root = int.from_bytes(whole[16 * SECTOR + 158 : 16 * SECTOR + 162], "little")
    places = (*range(16 * SECTOR, 16 * SECTOR + 190), *range(root * SECTOR, root * SECTOR + 200))
    for place, value in ((place, value) for place in places for value in (0xFF, 0x20)):
        damaged = bytearray(whole)
        damaged[place] = value
        (tmp_path / "damaged").write_bytes(damaged)
        try:
            found = read_file(tmp_path / "damaged", "udpcfg.txt", 1000)
        except NoIso9660:
            continue
        assert found is None or len(found) <= 1000


@pytest.mark.parametrize("size", range(80))
def test_a_folder_may_end_anywhere(size: int, image: Path, tmp_path: Path) -> None:
    damaged = bytearray(image.read_bytes())
    damaged[16 * SECTOR + 166 : 16 * SECTOR + 170] = size.to_bytes(4, "little")
    (tmp_path / "damaged").write_bytes(damaged)
    with contextlib.suppress(NoIso9660):
        assert read_file(tmp_path / "damaged", "udpcfg.txt", 1000) is None


def test_a_device_that_is_gone_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "gone", "udpcfg.txt", 1000)
