"""Whether the kernel that runs is the one whose drivers are in the initrd."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from launcher.errors import ErrorKind
from launcher.hardware.kernel import mixed

RELEASE, VERSION = "6.1.0-56-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-11-01)"
BUILT = f"{RELEASE} (kernel@example.org) {VERSION}"
REBUILT = f"{RELEASE} (kernel@example.org) #1 SMP PREEMPT_DYNAMIC Debian 6.1.190-1 (2026-10-01)"
RUNNING = os.uname_result(("Linux", "pc", RELEASE, VERSION, "x86_64"))


def initrd(
    root: Path, built: str = BUILT, releases: tuple[str, ...] = (RELEASE,), loaded: str = "e1000e 1 0\n"
) -> Path:
    for release in releases:
        (root / "usr/lib/modules" / release).mkdir(parents=True)
    if built:
        (root / "udpcast-pair.json").write_text(json.dumps({"format": 1, "version": built}))
    (root / "proc").mkdir()
    (root / "proc/modules").write_text(loaded)
    return root


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"built": ""},  # an initrd that somebody packed anew
        {"releases": ("6.12.1", RELEASE)},
        {"built": "", "releases": ()},
        {"built": REBUILT},  # drivers of the other build are taken
        {"loaded": ""},
        {"releases": ()},
    ],
)
def test_what_may_belong_together_is_no_error(tmp_path: Path, parts: dict[str, str]) -> None:
    assert mixed(initrd(tmp_path, **parts), RUNNING) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("parts", "built", "running"),
    [
        ({"built": "6.12.1 (b) #2", "releases": ("6.12.1",)}, "6.12.1", RELEASE),
        ({"built": "", "releases": ("6.12.1", "6.9")}, "6.12.1, 6.9", RELEASE),
        ({"built": "6.12.1 (b) #2", "releases": ()}, "6.12.1", RELEASE),
        ({"built": REBUILT, "loaded": ""}, REBUILT, f"{RELEASE} {VERSION}"),
    ],
)
def test_two_that_do_not_are_named_which_is_which(
    tmp_path: Path, parts: dict[str, str], built: str, running: str
) -> None:
    error = mixed(initrd(tmp_path, **parts), RUNNING)  # type: ignore[arg-type]
    assert error
    assert error.kind is ErrorKind.MIXED_PAIR
    assert str(error.sentence) == (
        "Kernel and initrd do not belong together, so no driver can be loaded: the kernel that runs is "
        f"{running}, and the initrd was built for {built}."
    )
    assert "both files of one build" in str(error.hint)


def test_a_second_stage_that_init_could_not_open_is_said(tmp_path: Path) -> None:
    root = initrd(tmp_path)
    (root / "stage2.squashfs").write_bytes(b"damaged")
    (root / "stage2").mkdir()
    error = mixed(root, RUNNING)
    assert error and error.kind is ErrorKind.DAMAGED_INITRD
    assert "has the drivers cannot be opened" in str(error.sentence)
    (root / "stage2/usr").mkdir()
    assert mixed(root, RUNNING) is None


def test_a_second_stage_that_the_kernel_cannot_read_is_said(tmp_path: Path) -> None:
    root = initrd(tmp_path)
    (root / "stage2/usr").mkdir(parents=True)
    (root / "stage2.squashfs").write_bytes(b"damaged")
    (root / "dev").mkdir()
    (root / "dev/kmsg").write_bytes(b"6,1,2,-;eth0: link up\n" * 500)
    assert mixed(root, RUNNING) is None
    with (root / "dev/kmsg").open("ab") as kernel:
        kernel.write(b"3,9,5,-;SQUASHFS error: zstd decompression failed, data probably corrupt\n")
    error = mixed(root, RUNNING)
    assert error and error.kind is ErrorKind.DAMAGED_INITRD
    (root / "stage2.squashfs").unlink()  # then it is somebody's disk
    assert mixed(root, RUNNING) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1}', "\x00", '{"version"'])
def test_a_word_of_the_initrds_that_is_none_is_no_crash(tmp_path: Path, text: str) -> None:
    root = initrd(tmp_path)
    (root / "udpcast-pair.json").write_text(text)
    assert mixed(root, RUNNING) is None
