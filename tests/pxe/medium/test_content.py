"""What an image for disc and stick says: the line, taken apart; the loaders' configurations; the label."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kernel_cmdline import parse
from launcher.answers.configuration import read_configuration
from launcher.answers.explain import is_ours
from pxe.entries.boot_entry import BootEntryError
from pxe.entries.menu import Choice, Menu
from pxe.entries.room import Boot, Machine, Room
from pxe.medium.content import DISK, EARLY, Content, content_of

PAIR = {"udpcast-linux": "1", "udpcast-initrd": "2"}
LINE = 'console=ttyS0 quiet lang=FR udpcparam="--min-receivers 2 --ttl 3" auto events=vport root=01:00 -- init=x'


def made(line: str = LINE, udpcfg: bytes | None = None, **fields: object) -> Content:
    return content_of(replace(Room(line), **fields), PAIR, udpcfg, is_ours)  # type: ignore[arg-type]


def test_what_the_launcher_reads_moves_to_the_file_and_the_rest_stays() -> None:
    content = made()
    found = [(one.name, one.value) for one in read_configuration(content.udpcfg).whole]
    assert found == [("lang", "FR"), ("udpcparam", "--min-receivers 2 --ttl 3")]
    kernels = f"console=ttyS0 quiet auto events=vport root=01:00 medium={content.label} -- init=x"
    assert f"append initrd=/udpcast-initrd {kernels}\n" in content.isolinux
    words = " ".join(f"'{word}'" for word in kernels.split())
    assert f"linux /udpcast-linux {words};" in content.grub
    assert "ip=" not in content.grub and "net_" not in content.grub


def test_what_a_loader_cannot_carry_is_no_matter_in_the_file() -> None:
    line = "udpcparam=\"--md5sum 'a b'\""
    content = made(line)
    assert [one.value for one in read_configuration(content.udpcfg).whole] == ["--md5sum 'a b'"]
    with pytest.raises(BootEntryError, match="GRUB"):
        made(line, udpcfg=b"")


def test_a_file_that_is_given_is_on_it_as_it_is_and_the_line_stays_whole() -> None:
    content = made("lang=FR quiet", udpcfg=b"\xef\xbb\xbfport=9002\r\n")
    assert content.udpcfg == b"\xef\xbb\xbfport=9002\r\n"
    assert f"append initrd=/udpcast-initrd lang=FR quiet medium={content.label}\n" in content.isolinux


@pytest.mark.parametrize("name", sorted(EARLY))
def test_what_is_read_before_the_medium_is_there_stays_on_the_line(name: str) -> None:
    assert made(f"{name}=x").udpcfg == made("").udpcfg


def test_each_content_has_its_label_and_the_same_content_the_same() -> None:
    first = made()
    assert made() == first and len(first.label) <= 11
    others = [
        made("lang=FR"),
        made("console=ttyS1 lang=FR"),
        made(udpcfg=b"x=1"),
        made(timeout=5),
        made(default=Boot.DISK, timeout=5),
        made(label="other"),
        content_of(Room(LINE), {**PAIR, "udpcast-initrd": "3"}, None, is_ours),
    ]
    labels = {first.label, *(one.label for one in others)}
    assert len(labels) == len(others) + 1


def test_a_label_on_the_line_gives_way_to_the_image_s_own() -> None:
    content = made("medium=OTHER")
    assert [one.value for one in parse(content.isolinux).all("medium")] == [content.label]


def test_it_waits_and_boots_what_the_room_says() -> None:
    assert made().isolinux.startswith("default udpcast\nprompt 0\n\nlabel udpcast\n    kernel /udpcast-linux\n")
    assert "menuentry" not in made().grub
    waiting = made(timeout=7)
    assert "default udpcast\nprompt 1\ntimeout 70\n" in waiting.isolinux and "set timeout=7" in waiting.grub
    disk = made(default=Boot.DISK, timeout=7)
    assert disk.isolinux.startswith("default disk\nprompt 1\ntimeout 70\n") and DISK in disk.isolinux
    assert disk.grub.index("udpcast_disk }") < disk.grub.index("udpcast_launcher }")
    never = made(default=Boot.DISK)
    assert never.isolinux == f"default disk\nprompt 0\n\n{DISK}" and "linux /" not in never.grub
    assert "lang" not in never.udpcfg.decode()


def test_lines_of_single_machines_are_not_on_it() -> None:
    content = made(machines=(Machine("52:54:00:aa:bb:01", "umode=snd"),))
    assert content == made()


def test_a_menu_is_on_it_and_what_is_chosen_stays_on_the_line() -> None:
    line = "console=ttyS0 lang=FR disk=/dev/sda umode=rcv auto=yes"
    content = made(line, menu=Menu(timeout=7, preset=Choice.DISK))
    assert [one.name for one in read_configuration(content.udpcfg).whole] == ["lang", "disk"]
    lines = [text for text in content.isolinux.splitlines() if "append" in text]
    ends = [text.partition("console=ttyS0")[2] for text in lines]
    quiet = " quiet"  # although the language is in the file
    medium = f"medium={content.label}"
    assert ends == [
        f"{quiet} {medium} consent=ask",
        f" auto=yes{quiet} {medium} umode=rcv",
        f" auto=yes{quiet} {medium} umode=snd",
    ]
    assert "ipappend" not in content.isolinux and content.isolinux.endswith(
        f"menu default\n{DISK.partition(chr(10))[2]}"
    )
    assert content.isolinux.startswith("ui menu.c32\nprompt 0\ntimeout 70\nmenu title Quel est le r")
    assert "set default=3\n" in content.grub and "son disque est ECRASE" in content.grub and "ip=" not in content.grub
    assert "consent=ask" in made("lang=FR disk=/dev/sda", menu=Menu()).grub
    labels = {made(line, menu=menu).label for menu in (None, Menu(), Menu(timeout=7), Menu(lang="DE"))}
    assert len(labels) == 4 and made(line, menu=Menu(), default=Boot.DISK) == made(line, default=Boot.DISK)
