"""The kinds of client that ask to boot: one row each, with the file that each is told to load.

A client says what it is in option 93, and in its vendor class (RFC 4578; IANA, "Processor Architecture Types").
Who answers clients, reads their questions or writes somebody else's configuration derives it from this table.
"""

from __future__ import annotations

from dataclasses import dataclass

from initrd.pair import check as pair

BY_PXE, BY_HTTP = "PXEClient", "HTTPClient"
"""How the vendor class (option 60) of firmware begins that boots (UEFI specification, 24.7)."""

HTTP_IMAGE = pair.IMAGE
"""The FAT image that UEFI loads as a whole by HTTP."""

LPXELINUX = "lpxelinux.0"
"""PXELINUX that loads the rest by HTTP."""


@dataclass(frozen=True)
class Architecture:
    """`numbers`: of option 93. `file`, below the tree's root: what it loads first; "" where the tree has nothing for
    it. `http`: it loads that by HTTP, whose URL is its boot file, and its vendor class is HTTPClient; else by TFTP.
    `choices`: what it may load instead, in the order in which a server of ours takes what is there; `option` chooses.
    `instead`: what somebody does about such a client where there is no file for it.
    """

    name: str
    numbers: tuple[int, ...]
    file: str
    http: bool = False
    choices: tuple[str, ...] = ()
    option: str = ""
    instead: str = ""


_NOT_X86 = "the launcher runs on PCs with x86-64 only"
_TO_BIOS = "switch its firmware to BIOS (legacy) network boot, or start it from a stick"
_TO_PXE = "switch its firmware from HTTP boot to PXE"

ARCHITECTURES = (
    Architecture("BIOS", (0,), "pxelinux.0", choices=(LPXELINUX, "undionly.kpxe", "pxelinux.0"), option="bios"),
    # 9 is EFI byte code by the register; firmware for x86-64 says it all the same.
    Architecture("UEFI x86-64", (7, 9), "shimx64.efi", choices=("shimx64.efi", "snponly.efi"), option="uefi"),
    Architecture("UEFI x86-64 by HTTP", (16,), HTTP_IMAGE, http=True),
    Architecture("UEFI x86 of 32 bits", (6,), "", instead=_TO_BIOS),
    Architecture("UEFI x86 of 32 bits by HTTP", (15,), "", http=True, instead=_TO_BIOS),
    Architecture("UEFI ARM of 32 bits", (10,), "", instead=_NOT_X86),
    Architecture("UEFI ARM of 64 bits", (11,), "", instead=_NOT_X86),
    Architecture("UEFI ARM of 32 bits by HTTP", (18,), "", http=True, instead=_NOT_X86),
    Architecture("UEFI ARM of 64 bits by HTTP", (19,), "", http=True, instead=_NOT_X86),
    Architecture("BIOS by HTTP", (20,), "", http=True, instead=_TO_PXE),
)


def of_number(number: int) -> Architecture | None:
    """None for a number that is not in the table."""
    return next((one for one in ARCHITECTURES if number in one.numbers), None)
