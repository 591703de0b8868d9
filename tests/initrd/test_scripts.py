"""Which programs shell scripts and udev's rules start."""

from __future__ import annotations

import pytest

from initrd import scripts
from initrd.image import DRACUT_MODULE
from tests.common import ROOT

INIT = (
    "/usr/lib/systemd/systemd-udevd busybox cat fold grep head insmod ip mkdir modprobe mount pidof poweroff "
    "python3 reboot renice setsid sh sleep stty sync tail tr udevadm"
)


@pytest.mark.parametrize(
    ("path", "found"),
    [(DRACUT_MODULE / "init", INIT), (ROOT / "launcher/network/udhcpc-script", "mv tr")],
    ids=["init", "udhcpc-script"],
)
def test_of_our_scripts_all_commands_are_found(path: object, found: str) -> None:
    assert scripts.commands(open(str(path)).read()) == tuple(found.split())  # noqa: PTH123, SIM115


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("a; b && c || d | e & f", "a b c d e f"),
        ("x=1 a b  # c\n# d", "a"),
        ("if a; then b; elif c; then d; else e; fi", "a b c d e"),
        ("while a; do b; done; for i in x y; do c $i; done; until ! d; do :; done", "a b c d"),
        ("case $(a x) in\n  b | c) d ;;\n  *) e ;;\nesac\nf", "a d e f"),
        ('echo "$(a "b; c" | d)" \'$(e)\' "f"', "a d"),
        ("(a; { b; }) > c 2> /dev/null < d", "a b"),
        ("busybox mount -a; setsid -c a b; exec /bin/c d", "/bin/c a busybox mount setsid"),
        ('run() {\n    setsid -c "$@" < x\n}\nsay() {\n    printf %s "$1"\n}\nrun a b\nsay c', "a setsid"),
        ("echo $((a + b)) ${c:-d} $e; f", "f"),
        ("a \\\n  b", "a"),
        ("'unclosed", ""),
        ('echo "$(a', "a"),
        ("case", ""),
    ],
)
def test_a_word_is_a_command_where_the_shell_takes_it_for_one(script: str, found: str) -> None:
    assert scripts.commands(script) == tuple(found.split())


def test_udevs_rules_name_programs_and_drivers() -> None:
    rules = (
        'KERNEL=="sd*", IMPORT{program}="ata_id --export $devnode"\n'
        '# IMPORT{program}="comment"\n'
        'PROGRAM=="/bin/probe %k", RUN+="eject $devnode", RUN{program}+="/bin/x"\n'
        'IMPORT{builtin}="blkid", RUN{builtin}+="kmod load ms_block mspro_block", RUN{builtin}+="kmod load"\n'
    )
    assert scripts.udev_programs(rules) == ("/bin/probe", "/bin/x", "ata_id", "eject")
    assert scripts.udev_modules(rules) == ("ms_block", "mspro_block")


@pytest.mark.parametrize(
    ("head", "program"),
    [
        (b"#!/bin/sh\necho", "/bin/sh"),
        (b"#! /usr/bin/env python3 -x\n", "/usr/bin/env"),
        (b"#!\n", ""),
        (b"\x7fELF", None),
        (b"", None),
    ],
)
def test_the_kernel_takes_the_first_word_for_the_interpreter(head: bytes, program: str | None) -> None:
    assert scripts.interpreter(head) == program
