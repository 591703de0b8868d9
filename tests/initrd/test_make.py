"""What is made is looked at before it is called a pair: with everything around it left out."""

from __future__ import annotations

import struct
from pathlib import Path
from types import SimpleNamespace

import pytest

from initrd import build, consoles, firmware, image, kernel, manifest, packing, python, stages
from initrd.errors import BuildError
from initrd.pair.check import PairError
from tests import pairs
from tests.common import ROOT
from tests.initrd.modules import module, write_modules


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory for the three files; nothing is gathered, and what is packed has no drivers."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "new").mkdir()
    (tmp_path / "vmlinuz").write_bytes(pairs.kernel())
    monkeypatch.setattr(kernel, "usable", lambda source, work: source)
    monkeypatch.setattr(python, "stage", lambda staged, project: SimpleNamespace(sources=(), home=staged))
    monkeypatch.setattr(consoles, "stage", lambda *_: ())
    monkeypatch.setattr(image, "gather", lambda *_: tmp_path / "tree")
    monkeypatch.setattr(image, "tidy", lambda *_, **__: None)
    monkeypatch.setattr(stages, "opening", lambda *_: None)
    monkeypatch.setattr(packing, "pack", lambda tree, out, *_: out.write_bytes(b"drivers"))
    monkeypatch.setattr(manifest, "debian_packages", lambda paths: {})
    for name in ("outside", "wanted", "went_in", "account"):
        monkeypatch.setattr(build, name, lambda *_: ())
    for name in ("replace", "prefer"):
        monkeypatch.setattr(build, name, lambda *_: None)
    monkeypatch.setattr(firmware, "complete", lambda *_: None)
    monkeypatch.setattr(firmware, "missing", lambda *_: {})
    return tmp_path / "new"


def make(new: Path) -> None:
    work = new.parent
    source = kernel.Kernel(work / "vmlinuz", pairs.VERSION.split()[0], work / "modules")
    build.make(source, work, new, (), ("ext",), "build", ROOT)


def test_an_image_that_lacks_something_is_no_pair(made: Path) -> None:
    with pytest.raises(BuildError, match="init"):  # the tree is empty
        make(made)
    assert list(made.iterdir()) == []


def test_two_files_that_do_not_belong_together_are_no_pair(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "resolve", lambda *_: None)
    make(made)
    put_front = manifest.put_front

    def front_of_another(initrd: Path, linux: Path, time: int) -> object:
        identity = put_front(initrd, linux, time)
        linux.write_bytes(pairs.kernel(pairs.OTHER_VERSION))
        return identity

    monkeypatch.setattr(manifest, "put_front", front_of_another)
    with pytest.raises(PairError):
        make(made)


SIGNATURE = struct.pack("<IHH", 16, 0x200, 2) + b"\x30by whom"


@pytest.mark.parametrize(
    ("kernel", "said"), [(pairs.kernel(), ["it has no EFI stub"]), (pairs.kernel(signature=SIGNATURE), [])]
)
def test_a_kernel_that_secure_boot_refuses_is_said(
    made: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, kernel: bytes, said: list[str]
) -> None:
    monkeypatch.setattr(image, "resolve", lambda *_: None)
    vmlinuz = made.parent / "vmlinuz"
    vmlinuz.write_bytes(kernel)
    make(made)
    refused = f"PCs with Secure Boot will refuse {vmlinuz}: "
    assert [line.removeprefix(refused) for line in caplog.messages if line.startswith(refused)] == said


def test_a_driver_that_secure_boot_refuses_is_said(
    made: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(image, "resolve", lambda *_: None)
    write_modules(made.parent / "tree/usr/lib/modules" / pairs.VERSION.split()[0], {"kernel/r8125.ko": module()})
    make(made)
    assert "PCs with Secure Boot will refuse the driver r8125: not signed" in caplog.messages
