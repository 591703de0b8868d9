"""Who signed drivers, and whether the kernel that goes with them has that key: what a PC with Secure Boot asks.

Such a kernel loads a driver only when its signature is by a key that is in the kernel, or enrolled in the PC
(Documentation/admin-guide/module-signing.rst). A signature stands behind the driver (scripts/sign-file.c: PKCS #7,
``struct module_signature``, a mark); it names its key by the certificate's issuer and number, or by the key's own
identifier. The certificates stand in the kernel as they are (certs/system_certificates.S). Whether a signature is right
is not told here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from . import kernel_config
from .kernel import Kernel, module_files, name_of

MARK = b"~Module signature appended~\n"
_HEAD = struct.Struct(">BBBBB3xI")  # algorithm, hash, type, lengths of two names, length of the signature
_PKCS7 = 2
_SEQUENCE, _SET, _INTEGER, _STRING, _FIRST = 0x30, 0x31, 0x02, 0x04, 0xA0
_COMMON_NAME = bytes.fromhex("0603550403")

ALGORITHM = 80
"""No identifier of an algorithm has so many bytes."""

LEAST = 8
"""Bytes of an issuer, or of a key's identifier (20): what is shorter stands in any kernel by chance."""

SHOWN = 3
"""So many drivers are named in a sentence."""


@dataclass(frozen=True)
class Key:
    """What a signature says of its key: `marks` (with their heads in DER) stand in its certificate, one soon behind the
    other; `name` is for people."""

    marks: tuple[bytes, ...]
    name: str


def key_of(driver: bytes) -> Key | None:
    """The key with which an unpacked driver is signed; None where it has no whole signature."""
    end = len(driver) - len(MARK) - _HEAD.size
    if end < 0 or not driver.endswith(MARK):
        return None
    *others, length = _HEAD.unpack_from(driver, end)
    if others != [0, 0, _PKCS7, 0, 0] or length > end:  # as kernel/module_signature.c
        return None
    try:
        return _key(driver[end - length : end])
    except (IndexError, ValueError, StopIteration):
        return None


def _key(signature: bytes) -> Key:
    """RFC 2315: SignedData is in ContentInfo, and its SignerInfos are last in it."""
    signed = _only(_only(_part(signature, _SEQUENCE), _FIRST), _SEQUENCE)
    *_, (kind, signers) = _parts(signed)
    if kind != _SET:
        raise IndexError
    _, (kind, who), *_ = _parts(_only(signers, _SEQUENCE))
    if kind != _SEQUENCE:
        if len(who) < LEAST:
            raise IndexError
        return Key((_whole(_STRING, who),), who.hex())  # SubjectKeyIdentifier
    (_, issuer), (_, number) = _parts(who)
    if len(issuer) < LEAST:
        raise IndexError
    at = issuer.find(_COMMON_NAME)
    name = next(_parts(issuer[at + len(_COMMON_NAME) :]))[1].decode(errors="replace") if at >= 0 else "?"
    return Key((_whole(_INTEGER, number), _whole(_SEQUENCE, issuer)), f"{name}, {number.hex()}")


def _whole(kind: int, content: bytes) -> bytes:
    """`content` with its head in DER."""
    length = len(content)
    size = (length.bit_length() + 7) // 8
    return bytes([kind, length] if length < 0x80 else [kind, 0x80 | size, *length.to_bytes(size)]) + content


def _part(data: bytes, kind: int) -> bytes:
    found, content = next(_parts(data))
    if found != kind:
        raise IndexError
    return content


def _only(data: bytes, kind: int) -> bytes:
    return next(content for found, content in _parts(data) if found == kind)


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Kinds and contents of what stands side by side in DER (X.690). Raises IndexError where it is cut."""
    at = 0
    while at < len(data):
        kind, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(data[at : at + size]), at + size
        if at + length > len(data):
            raise IndexError
        yield kind, data[at : at + length]
        at += length


def is_known(key: Key, kernel: bytes) -> bool:
    """Whether the unpacked `kernel` has a certificate of this key: its number, and behind the algorithm its issuer (RFC
    5280, TBSCertificate)."""
    *before, last = key.marks
    at = kernel.find(last)
    while at >= 0:
        near = kernel[max(0, at - ALGORITHM - sum(map(len, before))) : at]
        if all(mark in near for mark in before):
            return True
        at = kernel.find(last, at + 1)
    return False


def warnings(tree: Path, kernel: Kernel, work: Path) -> list[str]:
    """Sentences about the unpacked drivers in `tree` that a PC with Secure Boot would not load; none where the kernel
    does not look at signatures."""
    configuration = kernel_config.configuration(kernel, work)
    if configuration and kernel_config.read(configuration[0]).get("MODULE_SIG") != "y":
        return []
    signed: dict[Key, list[str]] = {}
    unsigned: list[str] = []
    for path in module_files(tree / "usr/lib/modules"):
        key = key_of(path.read_bytes())
        (unsigned if key is None else signed.setdefault(key, [])).append(name_of(path))
    said = [f"PCs with Secure Boot will refuse {named(unsigned)}: not signed"] if unsigned else []
    whole = kernel_config.unpacked(kernel_config.payload(kernel.image.read_bytes()), work)
    if signed and whole is None:
        said.append(f"Whether kernel {kernel.version} has the key of its drivers cannot be told: it is packed oddly")
    for key, names in signed.items():
        if whole is not None and not is_known(key, whole):
            said.append(
                f"PCs with Secure Boot will refuse {named(names)}: signed with a key that this kernel does not have "
                f"({key.name}), unless that key is enrolled in them (mokutil --import)"
            )
    return said


def named(drivers: Iterable[str]) -> str:
    """The first of them by name, and how many more there are."""
    names = sorted(drivers)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{'the driver' if len(names) == 1 else 'the drivers'} {', '.join(names[:SHOWN])}{more}"
