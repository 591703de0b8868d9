"""What consoles showed where something was refused, and what is none."""

from __future__ import annotations

import pytest

from qemu.host.event_loop import Deadline, EventLoop
from qemu.machine.console import Console
from qemu.machine.refusal import Refused, Watch, find

PXE = b'"UEFI PXEv4 (MAC:525400756400)" from PciRoot(0x0)/Pci(0x4,0x0)/MAC(525400756400,0x1)/IPv4(0.0.0.0)'
LOADED = b"  NBP filename is shimx64.efi\r\n  NBP filesize is 1038712 Bytes\r\n"
SHELL = b'failed to start Boot0001 "EFI Internal Shell" from Fv(7CB8)/FvFile(7C04): Security Violation\r\n'
SAID = {
    LOADED + b"BdsDxe: failed to load Boot0001 " + PXE + b": Access Denied\r\n": (
        "the first loader (shimx64.efi)",
        "the firmware",
        "Access Denied",
    ),
    b"Welcome to GRUB!\r\n\x1b[0m\x1b[37m\x1b[40merror: bad shim signature.\r\nerror: you need": (
        "the kernel",
        "GRUB",
        "bad shim signature",
    ),
    b"Verification failed: \x1b[01;01H(0x1A) Security Violation\r\n": (
        "GRUB",
        "shim",
        "Verification failed: (0x1A) Security Violation",
    ),
}


@pytest.mark.parametrize("text", SAID)
def test_who_refused_what_and_in_which_words(text: bytes) -> None:
    found = find(text)
    assert found
    assert (found.what, found.by, found.said) == SAID[text]


@pytest.mark.parametrize("text", [SHELL, LOADED, b"BdsDxe: failed to load Boot0001 " + PXE + b": Not Found\r\n"])
def test_nothing_was_refused(text: bytes) -> None:
    assert find(text) is None


@pytest.mark.parametrize("size", [1, 7, 200])
@pytest.mark.parametrize("text", SAID)
def test_a_sentence_may_come_in_pieces(text: bytes, size: int) -> None:
    watch, transcript = Watch(), bytearray(b"x" * 5000)
    assert watch.look(transcript) is None
    for start in range(0, len(text), size):
        transcript += text[start : start + size]
        watch.look(transcript)
    assert watch.found == find(text)


def test_who_waits_for_a_text_is_told_at_once_and_a_new_start_begins_anew() -> None:
    console = Console(lambda _: None, EventLoop())
    console.feed(next(iter(SAID)))
    with pytest.raises(Refused, match="the firmware does not start the first loader"):
        console.expect("login:", deadline=Deadline(60))
    assert console.expect("Access Denied", deadline=Deadline(60))
    console.forget_refusal()
    assert console.refusal is None
