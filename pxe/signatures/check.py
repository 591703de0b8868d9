"""Before the PCs do: would those with Secure Boot refuse this shim, this GRUB, this kernel? Sentences.

The chain (shim's README and SBAT.md): the firmware takes a shim that Microsoft signed; shim takes a GRUB, and GRUB with
shim's help a kernel, that is signed by the authority which is built into this shim, and not older than it demands. Not
known here is what single PCs have learned besides: own keys (MOK), revoked files (dbx), a stricter level.

`sbverify` (Debian package sbsigntool) tells whether a signature is right; without it only a missing one is found.
"""

from __future__ import annotations

import base64
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from initrd.pair.pe import PeError, Program, read_program
from kernel_cmdline import showable

from .sbat import demanded, generations, too_old

SBVERIFY, PACKAGE = "sbverify", "sbsigntool"
MICROSOFT = ("Microsoft Corporation UEFI CA 2011", "Microsoft UEFI CA 2023")
_VENDOR = struct.Struct("<IIII")  # sizes of what is trusted and what is not, then their offsets
_SECONDS = 30
_CHANGED = "Hash doesn't match image"
_UEFI, _SECURE = "PCs with UEFI", "PCs with Secure Boot"


@dataclass(frozen=True)
class Chain:
    """What a PC loads one after the other; `renewed` says how a loader that is too old is replaced."""

    shim: Path
    grub: Path
    kernel: Path
    renewed: str = "apt-get install --only-upgrade shim-signed grub-efi-amd64-signed"


def complaints(chain: Chain) -> tuple[str, ...]:
    """A sentence for each reason why a PC with Secure Boot will not boot. What cannot be read is a reason as well."""
    try:
        shim = read_program(chain.shim)
    except (PeError, OSError) as error:
        return (_refused(_UEFI, chain.shim, f"cannot be read as a program for UEFI ({_why(error)})"),)
    grub = _second(chain.grub, shim, chain.renewed, is_first=True)
    return (*_shim(chain.shim, shim), *grub, *_second(chain.kernel, shim, _KERNEL))


_SHIM = "apt-get install --reinstall shim-signed, and write the tree anew"
_KERNEL = "build with the kernel of a package `linux-image-…` that its distribution signed, not `…-unsigned`"


def _shim(path: Path, shim: Program) -> Iterator[str]:
    if not shim.signatures:
        yield _refused(_SECURE, path, "is not signed; shimx64.efi.signed of Debian's shim-signed is")
        return
    if _was_changed(path):
        yield _refused(_SECURE, path, f"was changed since it was signed: {_SHIM}")
    issuers = _issuers(path)
    if issuers and not any(name in line for line in issuers for name in MICROSOFT):
        by = showable(" and ".join(issuers))
        yield _refused(f"{_SECURE} but those that were given this key", path, f"is signed by {by}, not by Microsoft")


def _second(path: Path, shim: Program, renewed: str, *, is_first: bool = False) -> Iterator[str]:
    """Of what shim is asked about; `is_first`: what it starts itself, which must say its generations."""
    try:
        program = read_program(path)
    except (PeError, OSError) as error:
        yield _refused(_UEFI, path, f"cannot be read as a program for UEFI ({_why(error)})")
        return
    if not program.signatures:
        yield _refused(_SECURE, path, f"is not signed: {renewed}")
        return
    found = generations(program.sections.get(".sbat", b""))
    if is_first and not found and ".sbat" in shim.sections:
        yield _refused(_SECURE, path, f"says no generation (SBAT), which shim demands of it: {renewed}")
    for old in too_old(found, demanded(shim.sections.get(".sbatlevel", b""))):
        yield _refused(
            _SECURE,
            path,
            f"is too old (SBAT): shim demands {showable(old.component)} of generation {old.demanded}, and this is of "
            f"{old.generation}: {renewed}",
        )
    if (authority := _authority(shim)) and not _is_right(path, authority):
        why = "is not signed by whom this shim trusts, or was changed since"
        yield _refused(_SECURE, path, f"{why}: {renewed}")


def _refused(who: str, path: Path, why: str) -> str:
    return f"{who} will refuse {showable(str(path))}: it {why}."


def _why(error: Exception) -> str:
    return str(error.strerror) if isinstance(error, OSError) else str(error)


def _authority(shim: Program) -> bytes:
    """The certificate that is built into a shim; b"" where there is none, or several."""
    section = shim.sections.get(".vendor_cert", b"")
    if len(section) < _VENDOR.size:
        return b""
    size, _, offset, _ = _VENDOR.unpack_from(section)
    certificate = section[offset : offset + size]
    return certificate if certificate.startswith(b"\x30\x82") else b""


def _is_right(path: Path, authority: bytes) -> bool:
    """True as well where nobody can tell."""
    if shutil.which(SBVERIFY) is None:
        return True
    text = f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(authority).decode()}-----END CERTIFICATE-----\n"
    with tempfile.NamedTemporaryFile("w", prefix="udpcast-", suffix=".pem") as file:
        file.write(text)
        file.flush()
        return _run("--cert", file.name, str(path)).returncode == 0


def _was_changed(path: Path) -> bool:
    """Whether its signature is that of other bytes; False as well where nobody can tell."""
    return shutil.which(SBVERIFY) is not None and _CHANGED in _run(str(path)).stderr


def _issuers(path: Path) -> list[str]:
    """Who signed it, as names of authorities; none where nobody can tell."""
    if shutil.which(SBVERIFY) is None:
        return []
    lines = _run("--list", str(path)).stdout.splitlines()
    heads = (number for number, line in enumerate(lines) if line.strip() == "image signature issuers:")
    return [lines[number + 1].strip(" -") for number in heads if number + 1 < len(lines)]


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    """One that does not come to its end has failed."""
    command = [SBVERIFY, *words]
    try:
        return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return subprocess.CompletedProcess(command, 1, "", "")
