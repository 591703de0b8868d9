"""Boot entries: the section PXELINUX reads, and what is refused before 30 PCs read it."""

from __future__ import annotations

import pytest

from kernel_cmdline import parse
from pxe.entries.boot_entry import BootEntryError, check_entries, make_entry, pxelinux_append, render_pxelinux


def test_the_documentations_section() -> None:
    assert render_pxelinux(make_entry("load_ramdisk=1 root=01:00")) == (
        "label udpcast\n"
        "    kernel udpcast-linux\n"
        "    append initrd=udpcast-initrd load_ramdisk=1 root=01:00\n"
        "    ipappend 3\n"
    )


@pytest.mark.parametrize(
    ("append", "common", "line"),
    [
        ("", "", "initrd=udpcast-initrd"),
        ("initrd=udpcast-initrd umode=snd", "", "initrd=udpcast-initrd umode=snd"),
        ("umode=snd", "lang=FR umode=rcv", "initrd=udpcast-initrd lang=FR umode=snd"),
        ("port=9002", "PORT=9000 lang=FR", "initrd=udpcast-initrd lang=FR port=9002"),
        ("umode=snd", "lang=FR -- single", "initrd=udpcast-initrd lang=FR umode=snd -- single"),
        ("umode=snd -- b", "umode=rcv -- a b", "initrd=udpcast-initrd umode=snd -- a b"),
    ],
)
def test_append_line(append: str, common: str, line: str) -> None:
    assert pxelinux_append(make_entry(append, common=common)) == line


def test_quoted_values_survive() -> None:
    text = 'udpcparam="--start-timeout=300 --nokbd"'
    line = parse(pxelinux_append(make_entry(text)))
    parameter = line.last("udpcparam")
    assert parameter is not None
    assert parameter.value == "--start-timeout=300 --nokbd"


def test_the_length_counts_what_pxelinux_adds() -> None:
    fits = make_entry("x=" + "y" * 1900)
    assert len(pxelinux_append(fits)) == len("initrd=udpcast-initrd x=") + 1900
    with pytest.raises(BootEntryError, match=r"comes to 20\d\d bytes with what PXELINUX adds.*shorten it by \d+\."):
        pxelinux_append(make_entry("x=" + "y" * 1950))


@pytest.mark.parametrize(
    ("append", "label", "words"),
    [
        ("umode=snd", "two words", 'label "two words" cannot be used'),
        ('a="b\nlabel c"', "udpcast", 'append line of label "udpcast": '),
        (
            "initrd=initrd-udpcast",
            "udpcast",
            "old documentation does, but the tree boots udpcast-initrd: leave initrd= out",
        ),
        ("initrd=x", "udpcast", 'names "initrd=x", but the tree boots udpcast-initrd: leave initrd= out'),
    ],
)
def test_refused(append: str, label: str, words: str) -> None:
    with pytest.raises(BootEntryError, match=words):
        pxelinux_append(make_entry(append, label=label))


def test_a_forgotten_quote_is_refused_before_a_pc_boots() -> None:
    for append in ("disk=model:Samsung SSD 860", "udpcparam=--nokbd --ttl=2", "disk=‘model:Samsung’", "--nokbd"):
        with pytest.raises(BootEntryError, match="double quotes"):
            check_entries([make_entry(append)])
    assert check_entries([make_entry('disk="model:Samsung SSD 860" quiet splash')]) == ()
    assert "at each boot" in check_entries([make_entry("disk=/dev/nvme0n1")])[0]


def test_the_launchers_errors_refuse_and_its_warnings_are_kept_once() -> None:
    def check(append: str) -> tuple[list[str], list[str]]:
        return (["port must be even."] if "port=9001" in append else []), ["no umode."]

    assert check_entries([make_entry(), make_entry("lang=FR")], check) == ("no umode.",)
    with pytest.raises(BootEntryError, match=r'label "b", append initrd=udpcast-initrd port=9001: port must be even\.'):
        check_entries([make_entry(label="a"), make_entry("port=9001", label="b")], check)
