"""What is said of drivers that a PC with Secure Boot would refuse."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from initrd import kernel_config, module_signatures
from initrd.kernel import Kernel
from initrd.module_signatures import MARK, Key, is_known, key_of, named, warnings

ISSUER = bytes.fromhex("310f300d0603550403") + b"\x0c\x06Classy"
NUMBER = bytes(range(1, 21))


def der(kind: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    length = len(content).to_bytes(2, "big")
    return bytes([kind, 0x82]) + length + content if len(content) > 127 else bytes([kind, len(content)]) + content


def signature(who: bytes) -> bytes:
    """PKCS #7 as sign-file writes it: SignedData with one SignerInfo."""
    signer = der(0x30, der(2, b"\1"), who, der(0x30, b"\6\1*"), der(4, bytes(256)))
    signed = der(0x30, der(2, b"\1"), der(0x31), der(0x30, der(6, b"*")), der(0x31, signer))
    return der(0x30, der(6, b"*"), der(0xA0, signed))


def driver(whole: bytes, algorithm: int = 0) -> bytes:
    head = struct.pack(">BBBBB3xI", algorithm, 0, 2, 0, 0, len(whole))
    return b"\x7fELF driver" + whole + head + MARK


CERTIFICATE = b"\xa0\x03\x02\x01\x02" + der(2, NUMBER) + der(0x30, der(6, b"algorithm")) + der(0x30, ISSUER)
BY_NUMBER = der(0x30, der(0x30, ISSUER), der(2, NUMBER))
BY_KEY = der(0x80, NUMBER)


def test_a_signature_names_its_key() -> None:
    assert key_of(driver(signature(BY_NUMBER))) == Key((der(2, NUMBER), der(0x30, ISSUER)), f"Classy, {NUMBER.hex()}")
    assert key_of(driver(signature(BY_KEY))) == Key((der(4, NUMBER),), NUMBER.hex())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x7fELF driver",
        MARK,
        driver(b""),
        driver(b"\x30\x82"),
        driver(signature(BY_KEY))[:-5],
        driver(signature(b"")),
        driver(signature(BY_KEY), algorithm=1),  # which the kernel refuses
        driver(signature(der(0x80))),  # what stands in every kernel
        driver(signature(der(0x30, der(0x30), der(2, b"\5")))),
    ],
)
def test_what_is_no_whole_signature_is_none(data: bytes) -> None:
    assert key_of(data) is None


def kernel_of(folder: Path, drivers: dict[str, bytes], whole: bytes | None, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    modules = folder / "usr/lib/modules/6.1.0"
    (modules / "kernel").mkdir(parents=True)
    for name, data in drivers.items():
        (modules / f"kernel/{name}.ko").write_bytes(data)
    (folder / "vmlinuz").write_bytes(b"")
    monkeypatch.setattr(kernel_config, "unpacked", lambda data, work: whole)
    return Kernel(folder / "vmlinuz", "6.1.0", modules)


def test_drivers_are_named_that_a_pc_with_secure_boot_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, other = driver(signature(BY_NUMBER)), driver(signature(BY_KEY))
    drivers = {"e1000": ours, "r8125": b"\x7fELF", "igc": other.replace(NUMBER, NUMBER[::-1])}
    kernel = kernel_of(tmp_path, drivers, b"certificates" + CERTIFICATE, monkeypatch)
    first, second = warnings(tmp_path, kernel, tmp_path)
    assert first == "PCs with Secure Boot will refuse the driver r8125: not signed"
    assert "refuse the driver igc: signed with a key that this kernel does not have" in second
    assert "mokutil --import" in second
    assert NUMBER[::-1].hex() in second


def test_nothing_is_said_where_the_kernel_has_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = kernel_of(tmp_path, {"e1000": driver(signature(BY_KEY))}, der(4, NUMBER), monkeypatch)
    assert warnings(tmp_path, kernel, tmp_path) == []


@pytest.mark.parametrize(
    ("kernel", "known"),
    [
        (CERTIFICATE, True),
        (der(2, NUMBER) + bytes(200) + CERTIFICATE, True),
        (der(0x30, ISSUER) + der(2, NUMBER), False),
        (der(2, NUMBER) + bytes(200) + der(0x30, ISSUER), False),
        (NUMBER + ISSUER, False),
        (b"", False),
    ],
)
def test_a_key_is_known_by_its_certificate(kernel: bytes, known: bool) -> None:
    key = key_of(driver(signature(BY_NUMBER)))
    assert key
    assert is_known(key, kernel) is known


def test_a_kernel_that_cannot_be_unpacked_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = kernel_of(tmp_path, {"e1000": driver(signature(BY_KEY))}, None, monkeypatch)
    assert "cannot be told" in " ".join(warnings(tmp_path, kernel, tmp_path))


def test_a_kernel_that_does_not_look_at_signatures_refuses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = kernel_of(tmp_path, {"e1000": b"\x7fELF"}, b"", monkeypatch)
    assert len(warnings(tmp_path, kernel, tmp_path)) == 1
    (tmp_path / "config-6.1.0").write_text("CONFIG_MODULES=y\n# CONFIG_MODULE_SIG is not set\n")
    assert warnings(tmp_path, kernel, tmp_path) == []


def test_of_many_drivers_the_first_are_named() -> None:
    assert named("dcba") == "the drivers a, b, c and 1 more"
    assert module_signatures.SHOWN == 3
