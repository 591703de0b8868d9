"""Which kernel goes in: the version in a bzImage, where modules are looked for, and the sentences when it is wrong."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from initrd import apt, kernel
from initrd.errors import BuildError
from tests import pairs
from tests.initrd.modules import bzimage

RELEASE = "6.1.0-56-amd64"


def make_kernel(root: Path) -> Path:
    image = root / "boot/vmlinuz"
    image.parent.mkdir(parents=True)
    image.write_bytes(bzimage())
    return image


def make_modules(directory: Path) -> Path:
    (directory / "kernel").mkdir(parents=True)
    (directory / "modules.dep").touch()
    return directory


def test_the_version_is_the_first_word_of_the_header() -> None:
    assert kernel.bzimage_version(bzimage()) == RELEASE


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"", "no Linux boot header"),
        (b"\x7fELF" + bytes(0x1000), "no Linux boot header"),
        (bzimage(offset=0), "names no version"),
        (bzimage(text=b"\xff\xfe\0"), "names no version"),
        (bzimage(text=b"../../etc\0"), "names no version"),
        (bzimage()[:0x1100], "names no version"),
    ],
)
def test_what_is_no_bzimage_is_refused(head: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        kernel.bzimage_version(head)


@pytest.mark.parametrize("place", ["boot/lib/modules", "lib/modules", "usr/lib/modules", "boot/usr/lib/modules"])
def test_modules_are_found_near_the_kernel(tmp_path: Path, place: str) -> None:
    image = make_kernel(tmp_path)
    tree = make_modules(tmp_path / place / RELEASE)
    assert kernel.given(image, None).modules == tree


def test_a_kernel_may_be_among_its_modules(tmp_path: Path) -> None:
    tree = make_modules(tmp_path / "usr/lib/modules" / RELEASE)
    make_kernel(tmp_path).rename(tree / "vmlinuz")
    assert kernel.given(tree / "vmlinuz", None).modules == tree


@pytest.mark.parametrize("name", ["lib/modules", f"lib/modules/{RELEASE}", ""])
def test_modules_may_be_named_with_or_without_the_version(tmp_path: Path, name: str) -> None:
    image = make_kernel(tmp_path / "a")
    tree = make_modules(tmp_path / "b/lib/modules" / RELEASE)
    assert kernel.given(image, tmp_path / "b" / name).modules == tree


def test_no_modules_is_one_sentence_that_says_where_was_looked(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=rf"no modules for kernel {RELEASE} \(looked in .*--modules") as caught:
        kernel.given(make_kernel(tmp_path), tmp_path / "nowhere")
    assert caught.value.status == 2


def test_modules_of_another_version_do_not_count(tmp_path: Path) -> None:
    image = make_kernel(tmp_path)
    other = make_modules(tmp_path / "lib/modules/6.1.0-55-amd64")
    for named in (other.parent, other):
        with pytest.raises(BuildError, match="no modules for kernel"):
            kernel.given(image, named)


def test_a_kernel_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="cannot be read: No such file"):
        kernel.given(tmp_path / "missing", None)
    (tmp_path / "text").write_text("hello")
    with pytest.raises(BuildError, match=r"text is no kernel for x86: .* a bzImage was expected"):
        kernel.given(tmp_path / "text", None)


def test_the_kernel_package_is_the_one_the_meta_package_depends_on(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "Package: linux-image-amd64\nDepends: linux-image-6.1.0-56-amd64 (= 6.1.192-2)\nSection: kernel\n"
    monkeypatch.setattr(kernel, "run", lambda *_args, **_options: said)
    assert kernel.current_package("linux-image-amd64") == ("linux-image-6.1.0-56-amd64", "6.1.192-2")


def test_an_apt_that_knows_no_kernel_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "run", lambda *_args, **_options: "")
    with pytest.raises(BuildError, match="apt knows no package linux-image-amd64; run apt-get update"):
        kernel.current_package("linux-image-amd64")


def test_a_pipe_is_no_kernel_and_holds_nothing_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BuildError, match="pipe is no kernel for x86"):
        kernel.given(tmp_path / "pipe", None)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("e1000e", "r8169"), ""),
        (("snd-hda-intel", "snd_hda_intel", "ext4"), ""),
        (
            ("e1000e", "e100e", "nothing"),
            "kernel 6.1 has no driver e100e, nothing (--add-driver); did you mean e1000e?",
        ),
        (("nothing at all",), "kernel 6.1 has no driver nothing at all (--add-driver)"),
    ],
)
def test_a_driver_that_the_kernel_does_not_have_is_named(tmp_path: Path, names: tuple[str, ...], said: str) -> None:
    modules = tmp_path / "6.1"
    for name in ("kernel/net/e1000e.ko", "kernel/net/r8169.ko.xz", "updates/dkms/snd-hda-intel.ko.zst"):
        (modules / name).parent.mkdir(parents=True, exist_ok=True)
        (modules / name).touch()
    (modules / "modules.builtin").write_text("kernel/fs/ext4/ext4.ko\n")
    there = kernel.Kernel(tmp_path / "vmlinuz", "6.1", modules)
    if not said:
        kernel.check_drivers(there, names)
        return
    with pytest.raises(BuildError) as caught:
        kernel.check_drivers(there, names)
    assert (str(caught.value), caught.value.status) == (said, 2)


def test_one_build_at_a_time_fetches_and_the_other_says_that_it_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    monkeypatch.setattr(kernel, "PATIENCE", 0.1)
    said = r"another build has held .* for an hour; end it, or give another place"
    with pytest.raises(BuildError, match=said), kernel.alone(tmp_path):
        pass
    assert caplog.messages == [f"another build fetches a kernel to {tmp_path}; this one waits for it"]
    os.close(descriptor)
    with kernel.alone(tmp_path):
        assert len(caplog.messages) == 1


def test_an_incomplete_package_is_replaced_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetched(*_words: str, cwd: Path) -> str:
        (cwd / "linux.deb").touch()
        return ""

    def unpacked(words: list[str | Path]) -> str:
        (Path(words[3]) / "lib").mkdir(parents=True)
        return ""

    monkeypatch.setattr(apt, "ask", fetched)
    monkeypatch.setattr(kernel, "run", unpacked)
    place = tmp_path / "linux-image"
    (place / "left/by/hand").mkdir(parents=True)
    kernel.download("linux-image", "1", place)
    assert [path.name for path in place.iterdir()] == ["lib"]
    assert list(tmp_path.iterdir()) == [place]


def keep(place: Path) -> Path:
    """A kernel package, unpacked."""
    for name, content in [
        ("boot/vmlinuz-6.1", pairs.kernel()),
        ("lib/modules/6.1/modules.dep", b"kernel/e1000e.ko:"),
        ("lib/modules/6.1/kernel/e1000e.ko", b"driver"),
    ]:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    return place


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With one package in it, and an apt that brings the same again and writes "fetched" beside it."""

    def download(_package: str, _version: str, place: Path, _options: object) -> None:
        keep(place)
        (tmp_path / "fetched").touch()

    monkeypatch.setattr(kernel, "run", lambda *_words: "amd64")
    monkeypatch.setattr(kernel, "download", download)
    monkeypatch.setattr(kernel, "current_package", lambda *_words: ("linux-image-6.1", "1"))
    monkeypatch.setattr(apt, "options", lambda *_words: ())
    keep(tmp_path / "linux-image-6.1_1_amd64")
    return tmp_path


def test_a_package_that_is_kept_is_not_fetched_again(cache: Path) -> None:
    assert kernel.fetch(cache).image == cache / "linux-image-6.1_1_amd64/boot/vmlinuz-6.1"
    assert not (cache / "fetched").exists()


@pytest.mark.parametrize(
    "damaged", ["boot/vmlinuz-6.1", "lib/modules/6.1/modules.dep", "lib/modules/6.1/kernel/e1000e.ko"]
)
@pytest.mark.parametrize("there", [True, False])
def test_one_that_was_damaged_is_fetched_again(cache: Path, damaged: str, there: bool) -> None:
    path = cache / "linux-image-6.1_1_amd64" / damaged
    path.write_bytes(b"")
    if not there and path.suffix != ".ko":
        path.unlink()
    kernel.fetch(cache)
    assert (cache / "fetched").exists() and path.stat().st_size


def test_one_with_a_kernel_that_is_cut_is_fetched_again(cache: Path) -> None:
    path = cache / "linux-image-6.1_1_amd64/boot/vmlinuz-6.1"
    path.write_bytes(path.read_bytes()[:-1])
    kernel.fetch(cache)
    assert path.read_bytes() == pairs.kernel()
