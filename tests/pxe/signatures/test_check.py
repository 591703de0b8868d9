"""What PCs with Secure Boot would refuse is said before they do; signatures are made with a key of the test's own."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from pxe.entries.loaders import GRUB
from pxe.signatures.check import Chain, complaints
from tests.programs import program, sbat_level, vendor

NEW, LEVEL = b"sbat,1\ngrub,5\n", sbat_level("sbat,1,2025021800\nshim,4\ngrub,5\n")


class Keys:
    """An authority of our own, and what it signs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key, self.pem, self.der = folder / "key", folder / "pem", folder / "der"
        request = "req -new -x509 -newkey rsa:2048 -nodes -subj /CN=Test -days 3650".split()
        self._run("openssl", *request, "-keyout", str(self.key), "-out", str(self.pem))
        self._run("openssl", "x509", "-in", str(self.pem), "-outform", "DER", "-out", str(self.der))

    def sign(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        self._run("sbsign", "--key", str(self.key), "--cert", str(self.pem), "--output", str(path), str(path))
        return path

    def _run(self, *words: str) -> None:
        subprocess.run(words, check=True, capture_output=True)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def chain(keys: Keys) -> Chain:
    """All in order, but that not Microsoft signed this shim."""
    shim = program({".sbat": b"sbat,1\nshim,4\n", ".sbatlevel": LEVEL, ".vendor_cert": vendor(keys.der.read_bytes())})
    grub, kernel = program({".sbat": NEW}), program({})
    return Chain(keys.sign("shim", shim), keys.sign("grub", grub), keys.sign("kernel", kernel), "get a newer one")


def told(chain: Chain) -> list[str]:
    """Without what is said of the test's own shim."""
    first, *others = complaints(chain)
    assert "is signed by /CN=Test, not by Microsoft" in first
    return [line.partition(": it ")[2] for line in others]


def test_what_is_in_order_is_passed_over(chain: Chain) -> None:
    assert told(chain) == []


def test_debians_own_loaders_are_in_order(chain: Chain) -> None:
    shim, grub = (GRUB.find(name) for name in GRUB.files)
    assert shim and grub
    [only] = complaints(Chain(shim, grub, chain.kernel))
    assert only.startswith(
        f"PCs with Secure Boot will refuse {chain.kernel}: it is not signed by whom this shim trusts"
    )


def test_one_that_is_too_old(chain: Chain, keys: Keys) -> None:
    old = keys.sign("old", program({".sbat": b"sbat,1\ngrub,4\n"}))
    assert told(replace(chain, grub=old)) == [
        "is too old (SBAT): shim demands grub of generation 5, and this is of 4: get a newer one."
    ]


def test_one_that_is_not_signed(chain: Chain, tmp_path: Path) -> None:
    (tmp_path / "bare").write_bytes(program({".sbat": NEW}))
    assert told(replace(chain, grub=tmp_path / "bare")) == ["is not signed: get a newer one."]
    [kernel] = told(replace(chain, kernel=tmp_path / "bare"))
    assert kernel.startswith("is not signed: build with the kernel of a package")
    lines = complaints(replace(chain, shim=tmp_path / "bare"))
    assert lines[0].endswith("it is not signed; shimx64.efi.signed of Debian's shim-signed is.")


def test_one_that_was_changed_or_signed_by_somebody_else(chain: Chain, keys: Keys, tmp_path: Path) -> None:
    changed = bytearray(chain.kernel.read_bytes())
    changed[0x401] ^= 1
    (tmp_path / "changed").write_bytes(changed)
    stranger = Keys(tmp_path).sign("stranger", program({}))
    for path in (tmp_path / "changed", stranger):
        [line] = told(replace(chain, kernel=path))
        assert line.startswith("is not signed by whom this shim trusts, or was changed since")


def test_a_shim_that_was_changed_is_said(chain: Chain, tmp_path: Path) -> None:
    changed = bytearray(chain.shim.read_bytes())
    changed[0x401] ^= 1
    (tmp_path / "shim").write_bytes(changed)
    assert "was changed since it was signed" in complaints(replace(chain, shim=tmp_path / "shim"))[0]


def test_a_grub_must_say_its_generation_and_a_kernel_need_not(chain: Chain, keys: Keys) -> None:
    bare = keys.sign("bare", program({}))
    [line] = told(replace(chain, grub=bare))
    assert line.startswith("says no generation (SBAT), which shim demands of it")
    assert told(replace(chain, kernel=bare)) == []


def test_a_tool_that_does_not_end_ends_nothing(chain: Chain, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "sbverify").write_text("#!/bin/sh\nexec /bin/sleep 600\n")
    (tmp_path / "sbverify").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("pxe.signatures.check._SECONDS", 0.05)
    assert len(complaints(chain)) == 2  # nobody can tell of GRUB and kernel


def test_what_is_no_program(chain: Chain, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("pxelinux")
    [line] = told(replace(chain, grub=tmp_path / "text"))
    assert line == "cannot be read as a program for UEFI (it has no EFI stub)."
    assert complaints(replace(chain, shim=tmp_path / "gone")) == (
        f"PCs with UEFI will refuse {tmp_path}/gone: it cannot be read as a program for UEFI (No such file or "
        "directory).",
    )


def test_without_the_tool_only_a_missing_signature_is_said(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert complaints(replace(chain, kernel=chain.shim)) == ()
