"""iPXE's scripts: what stands in them is what the kernel gets, and what iPXE would change is refused."""

from __future__ import annotations

import re

import pytest

from kernel_cmdline import CommandLine, Parameter, parse
from pxe.entries.boot_entry import BootEntry, BootEntryError
from pxe.entries.ipxe import IPXE, pass_on, render_ipxe

ODD = ("$prefix", "a;b", "{x}", "a|b", "a||b", "x#y", "*?", "`id`", "it's", "a\\b", "a b\\", 'a"b"c', "$ {x}", "%n")
REFUSED = {
    "${net0/mac}": r'"\$\{"',
    "a  b": "several blanks",
    "a\tb": "several blanks",
    "a #b": '"#b"',
    "a || b": r'"\|\|"',
    "a && b": '"&&"',
    "a ; b": '";"',
}


def entry(*parameters: Parameter) -> BootEntry:
    return BootEntry(CommandLine(parameters))


def booted(script: str) -> str:
    """The command line that iPXE makes of the line of a script, as src/core/exec.c does."""
    [line] = re.findall(r"^kernel (.*)$", script, re.MULTILINE)
    words = line.split()
    end = next(number for number, word in enumerate(words) if word in {"||", "&&", ";"} or word.startswith("#"))
    assert words[end:] == ["||", "goto", "refused"]
    return " ".join(words[1:end])


@pytest.mark.parametrize("value", ODD)
def test_the_kernel_reads_what_the_entry_says(value: str) -> None:
    parameters = (
        Parameter("title", value),
        Parameter("bare"),
        Parameter("empty", ""),
        Parameter("x", value, init=True),
    )
    line = parse(booted(render_ipxe(entry(*parameters))))
    given = (Parameter("initrd", "udpcast-initrd"), Parameter("BOOT_IMAGE", "udpcast-linux"))
    assert tuple(line) == (*given, *parameters[:3], Parameter("${udpcast-net}"), parameters[3])


@pytest.mark.parametrize(("value", "why"), REFUSED.items())
def test_what_ipxe_would_change_is_refused(value: str, why: str) -> None:
    with pytest.raises(BootEntryError, match=f'line of label "udpcast": iPXE cannot carry .*{why}'):
        pass_on(entry(Parameter("title", value)))


def test_a_line_that_the_kernel_would_cut_is_refused() -> None:
    pass_on(entry(Parameter("a", "x" * 1800)))
    with pytest.raises(BootEntryError, match="with what iPXE adds, the kernel reads 2047: shorten it by"):
        pass_on(entry(Parameter("a", "x" * 1960)))


def test_a_machines_own_script_says_what_it_is() -> None:
    """One that comes back is not followed by what is for all."""
    assert "\nset udpcast-own launcher\n" in IPXE.own(entry(), 0) and "\nset udpcast-own disk\n" in IPXE.disk
    whole = render_ipxe(entry())
    asked = whole.index("chain --autofree ipxe/${udpcast-mac}.ipxe ||")
    assert asked < whole.index("iseq ${udpcast-own} disk && goto disk ||") < whole.index("\n:launcher\n")
    assert asked < whole.index("isset ${udpcast-own} && goto failed ||") < whole.index("\n:launcher\n")


@pytest.mark.parametrize(
    "text", [render_ipxe(entry(), 5), render_ipxe(entry(), 5, disk_first=True), IPXE.own(entry(), 5)]
)
def test_every_label_is_there_once(text: str) -> None:
    labels = re.findall(r"^:(\w+)$", text, re.MULTILINE)
    goals = {goal for goal in re.findall(r"goto (\S+)", text) if goal != "${udpcast-choice}"}
    assert len(labels) == len(set(labels)) and {*goals, "launcher", "disk"} <= set(labels)


def test_what_is_chosen_by_itself() -> None:
    assert "choose --default launcher --timeout 2500 udpcast-choice || goto launcher\n" in render_ipxe(entry(), 2.5)
    assert "choose --default disk --timeout 5000 udpcast-choice || goto disk\n" in render_ipxe(
        entry(), 5, disk_first=True
    )
    assert "choose" not in render_ipxe(entry())


def test_a_server_that_is_silent_is_no_server_without_a_script() -> None:
    assert IPXE.there and str(IPXE.there[0]) == "ipxe/there.ipxe" and IPXE.there[1].startswith("#!ipxe\n")
    assert "\nisset ${udpcast-own} || chain --autofree ipxe/there.ipxe || goto failed\n" in render_ipxe(entry())


@pytest.mark.parametrize(("text", "above"), [(render_ipxe(entry()), ""), (IPXE.own(entry(), 0), "../")])
def test_where_the_firmware_refuses_the_kernel_shim_is_started(text: str, above: str) -> None:
    """As an iPXE in a card's ROM finds it under Secure Boot; BIOS has nothing to refuse."""
    lines = text.partition("\n:refused\n")[2].splitlines()
    assert lines[:2] == ["iseq ${platform} efi || goto failed", "imgfree ||"]
    assert "Secure Boot may refuse it" in lines[2]
    assert lines[3] == f"chain {above}shimx64.efi ||"
    assert "If this PC has Secure Boot, turn it off" in lines[4]
    assert lines[5] == ":failed"
    assert text.index("\ngoto failed\n:refused\n") > text.index("\nboot ||\n")
