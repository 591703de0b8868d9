"""GRUB's configuration: what stands in it is what the kernel gets, and what GRUB would change is refused."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from ipaddress import IPv4Address

import pytest

from kernel_cmdline import CommandLine, Parameter, parse
from pxe.entries.boot_entry import BootEntry, BootEntryError, make_entry
from pxe.entries.grub import GRUB, Network, kernel_words, render_disk, render_grub

ODD = (
    *(
        "$prefix",
        "${root}",
        "a;b",
        "{x}",
        "a|b&&c",
        "#x",
        "*?[a]",
        "`id`",
        "$(id)",
        "<x>",
        "%n",
        "!x",
        "é ü",
        "a  b",
        "x\ty z",
        "-",
    ),
    *("a=b", "--", "é"),
)
REFUSED = {
    'a"b': "a quote",
    '"': "a quote",
    "it's": "an apostrophe",
    "a\\b": "a backslash",
    "a\tb": "cut this one",
    "voilà": "cut this one",
}


def entry(*parameters: Parameter) -> BootEntry:
    return BootEntry(CommandLine(parameters))


def booted(text: str) -> str:
    """The command line that GRUB makes of the line of a configuration: its words, quoted as lib/cmdline.c does."""
    [line] = re.findall(r"^ *if linux /udpcast-linux(.*); then$", text, re.MULTILINE)
    words = [quoted or bare for quoted, bare in re.findall(r" (?:'([^']*)'|(\S+))", line)]
    assert "".join(f" '{word}'" if f"'{word}'" in line else f" {word}" for word in words) == line
    escaped = (re.sub(r"([\\'\"])", r"\\\1", word) for word in words)
    return " ".join(f'"{word}"' if " " in word else word for word in escaped)


@pytest.mark.parametrize("value", ODD)
def test_the_kernel_reads_what_the_entry_says(value: str) -> None:
    parameters = (
        Parameter("title", value),
        Parameter("bare"),
        Parameter("empty", ""),
        Parameter("x", value, init=True),
    )
    line = parse(booted(render_grub(entry(*parameters))))
    loaders = Parameter("$udpcast_ip"), Parameter("BOOTIF", "$udpcast_mac")
    assert tuple(line) == (*parameters[:3], *loaders, parameters[3])


@pytest.mark.parametrize(("value", "why"), REFUSED.items())
def test_what_grub_would_change_is_refused(value: str, why: str) -> None:
    with pytest.raises(BootEntryError, match=f'line of label "udpcast": GRUB, .* cannot carry title=.*{why}'):
        kernel_words(entry(Parameter("title", value)))


def test_a_line_that_the_kernel_would_cut_is_refused() -> None:
    kernel_words(entry(Parameter("a", "x" * 1900)))
    with pytest.raises(
        BootEntryError, match="comes to 2053 bytes with what GRUB adds, the kernel reads 2047: shorten it by 6"
    ):
        kernel_words(entry(Parameter("a", "x" * 1930)))


ENTRY = make_entry('auto=yes udpcparam="a b" a=$b;c{}')
TEXTS: dict[str, Callable[[], str]] = {
    "at once": lambda: render_grub(ENTRY),
    "menu": lambda: render_grub(ENTRY, 2.5),
    "disk first": lambda: render_grub(ENTRY, 5, disk_first=True),
    "asked": lambda: render_grub(ENTRY, 5, Network.ASKED),
    "no network": lambda: render_grub(ENTRY, 5, Network.NONE),
    "disk": lambda: GRUB.default_disk,
    "own": lambda: GRUB.own(ENTRY, 0),
    "own menu": lambda: GRUB.own(ENTRY, 5),
    "own disk": lambda: GRUB.disk,
    "section": lambda: GRUB.section(ENTRY),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_grub_itself_reads_it(text: Callable[[], str]) -> None:
    done = subprocess.run(["grub-script-check", "-v"], input=text(), text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_time_to_choose_is_in_whole_seconds() -> None:
    assert "\n  set timeout=3\n" in TEXTS["menu"]() and "timeout" not in TEXTS["at once"]()


def test_what_is_chosen_by_itself_stands_first() -> None:
    launcher, disk = "menuentry 'udpcast' { udpcast_launcher }", "menuentry 'The local disk' { udpcast_disk }"
    assert f"{launcher}\n  {disk}" in TEXTS["menu"]()
    assert f"{disk}\n  {launcher}" in TEXTS["disk first"]()


def test_an_image_does_not_start_itself_in_place_of_the_disk() -> None:
    assert "search --no-floppy --file --set=udpcast_esp $udpcast_file" in TEXTS["asked"]()
    assert " /EFI/BOOT/BOOTX64.EFI; do\n" in TEXTS["at once"]()
    assert " /EFI/BOOT/BOOTX64.EFI; do\n" not in TEXTS["asked"]()
    assert "if [ -e ($udpcast_esp)/EFI/BOOT/BOOTX64.EFI ]; then" in TEXTS["asked"]()


def test_without_a_network_nothing_is_said_of_one() -> None:
    text = TEXTS["no network"]()
    assert "ip=" not in text and "BOOTIF" not in text and "net_" not in text


def test_what_is_for_all_is_not_booted_where_a_machine_has_a_file() -> None:
    for own in (TEXTS["own"](), TEXTS["own disk"]()):
        assert re.search(r"^set udpcast_own=\w+$", own, re.MULTILINE)
    whole = TEXTS["at once"]()
    assert whole.rstrip().endswith('if [ -z "$udpcast_own" ]; then\n  udpcast_launcher\nfi')
    assert whole.index("source $udpcast_files/$udpcast_mac") < whole.index('if [ -z "$udpcast_own" ]')


def test_a_server_that_is_silent_is_no_server_without_a_file() -> None:
    """What is for all would overwrite the disk of a PC that is done."""
    assert GRUB.there and GRUB.there[0].name == "there.cfg" and "\nset udpcast_there=yes\n" in GRUB.there[1]
    whole, image = TEXTS["at once"](), TEXTS["asked"]()
    told = whole.index('if [ -z "$udpcast_own" -a -z "$udpcast_there" ]; then\n')
    assert whole.index("source $udpcast_files/there.cfg") < told < whole.index("  udpcast_failed\nfi\n", told)
    assert told < whole.rindex('if [ -z "$udpcast_own" ]; then')
    assert "udpcast_failed\nfi" not in image and "Where it has no TFTP" in image


@pytest.mark.parametrize("render", [lambda *a, **k: render_grub(ENTRY, 0, *a, **k), render_disk])
def test_a_grub_that_asks_by_itself_finds_the_machines_files_where_they_are(render: Callable[..., str]) -> None:
    """Beside another DHCP server that one names the wrong place, and a PC that is done would be cloned again."""
    server = IPv4Address("10.77.0.1")
    told = render(Network.ASKED, server=server).splitlines()
    at = told.index("set udpcast_server=10.77.0.1")
    assert told[at + 1] == "set udpcast_files=(tftp,$udpcast_server)/grub"
    assert "source $udpcast_files/$udpcast_mac" in told[at:]
    assert "set udpcast_server=10.77.0.1" not in render(Network.ASKED).splitlines()
    assert render(Network.LOADED, server=server) == render(Network.LOADED)
