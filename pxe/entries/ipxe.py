"""iPXE: boot.ipxe, for BIOS (undionly.kpxe) and for UEFI without Secure Boot (snponly.efi), which reads by HTTP.

What PXELINUX's `ipappend 3` gives is made of iPXE's settings. The rules (src/core/exec.c, src/image/script.c of iPXE):

- A line is cut into words at white space, and there are no quotes: several blanks come through as one, and a word that
  is `||`, `&&` or `;`, or that begins with `#`, ends the command. `${` begins a setting. By UEFI, a letter that is not
  ASCII becomes two others (seen with that of 2019). All these are refused (`pass_on`).
- Paths are relative to the script; `netX` is the card that was opened last, i.e. the one that brought the script.
- Under Secure Boot the firmware is asked whether it takes the kernel, when it is selected ("Exec format error"). Then
  shim is started, which brings GRUB, by whose signature the kernel is taken.
- A script that ends goes back into the one that called it. So a machine's own script says what it is: what is for all
  is not booted in its place, also where its kernel could not be loaded. And a script that is always there tells a
  missing one from a server that is silent: a PC that is done would be cloned over.
"""

from __future__ import annotations

import math
from pathlib import Path, PurePosixPath

from kernel_cmdline import MAX_BYTES, CommandLineError, format_line, showable
from kernel_cmdline.parse import ASCII_BLANKS

from .boot_entry import ADDED, BootEntry, BootEntryError
from .characters import spelled
from .failure_words import Failures, failures, failures_of
from .loader import MARKER, Loader, machine_file
from .menu import Choice, Items

FOLDER = PurePosixPath("ipxe")
SHARED = PurePosixPath("udpcast.ipxe")
THERE = FOLDER / "there.ipxe"
HEAD = f"#!ipxe\n{MARKER}"

SHIM = "shimx64.efi"
REFUSED = f"udpcast-launcher: the kernel was not taken. Secure Boot may refuse it here: {SHIM} is started instead."
NO_SHIM = (
    f"udpcast-launcher: {SHIM} did not start either. If this PC has Secure Boot, turn it off, or put shim and GRUB "
    "on the boot server."
)
"""iPXE in the card's ROM starts under Secure Boot, and no kernel there that is signed for shim only."""

_ENDS = ("||", "&&", ";")

_PREAMBLE = f"""\
set udpcast-server ${{next-server}}
isset ${{proxydhcp/next-server}} && set udpcast-server ${{proxydhcp/next-server}} ||
set udpcast-gateway 0.0.0.0
isset ${{netX/gateway}} && set udpcast-gateway ${{netX/gateway}} ||
set udpcast-mac 01-${{netX/mac:hexhyp}}
set udpcast-net ip=${{netX/ip}}:${{udpcast-server}}:${{udpcast-gateway}}:${{netX/netmask}} BOOTIF=${{udpcast-mac}}
clear udpcast-own ||
chain --autofree {FOLDER}/${{udpcast-mac}}.ipxe ||
isset ${{udpcast-own}} || chain --autofree {THERE} || goto failed
iseq ${{udpcast-own}} disk && goto disk ||
isset ${{udpcast-own}} && goto failed ||
"""


def _failed(said: Failures) -> str:
    return f":failed\necho udpcast-launcher: {_plain(said.failed)}\nsleep 60 ||\nreboot\n"


def _endings(said: Failures) -> str:
    return f"{_failed(said)}:disk\niseq ${{platform}} efi && exit 1 ||\nexit\n"


def _own_endings(said: Failures) -> str:
    return f"{_failed(said)}:disk\nset udpcast-own disk\nexit\n"


def pass_on(entry: BootEntry) -> str:
    """What stands behind the kernel, for the command line to be handed on.

    Raises BootEntryError for what iPXE cannot carry, and where the kernel would cut the line.
    """
    try:
        line = format_line(entry.command_line)
    except CommandLineError as error:
        raise BootEntryError(f'line of label "{entry.label}": {error}') from error
    if why := _why_not(line):
        raise BootEntryError(f'line of label "{entry.label}": iPXE cannot carry {why}.')
    ours = [one for one in entry.command_line if not one.init]
    for_init = format_line(one for one in entry.command_line if one.init)
    words = (f"initrd={entry.initrd} BOOT_IMAGE={entry.kernel}", format_line(ours), "${udpcast-net}", for_init)
    size = len(f"{entry.kernel} {words[0]} {line}".encode("utf-8", "surrogateescape")) + len(ADDED)
    if size > MAX_BYTES:
        raise BootEntryError(
            f'line of label "{entry.label}" comes to {size} bytes with what iPXE adds, the kernel reads {MAX_BYTES}: '
            f"shorten it by {size - MAX_BYTES}."
        )
    return " ".join(filter(None, words))


def _why_not(line: str) -> str:
    if not line.isascii():  # each byte becomes a character, which the kernel is given in two
        return "letters that are not ASCII: where the firmware is UEFI, it makes others of them"
    if "${" in line:
        return 'the characters "${", which begin a name of its own'
    words = _split(line)
    if " ".join(words) != line:
        return "several blanks in a row, or a tab: it makes one blank of them"
    for word in words:
        if word in _ENDS or word.startswith("#"):
            return f'a word such as "{showable(word)}" in a value: it ends its command there'
    return ""


def _split(line: str) -> list[str]:
    for blank in ASCII_BLANKS:
        line = line.replace(blank, " ")
    return [word for word in line.split(" ") if word]


def _launcher(entry: BootEntry, above: str = "") -> str:
    return _kernel(entry, "launcher", above) + _refused(above)


def _kernel(entry: BootEntry, name: str, above: str) -> str:
    return (
        f":{name}\n"
        f"kernel {above}{entry.kernel} {pass_on(entry)} || goto refused\n"
        f"initrd {above}{entry.initrd} || goto failed\n"
        "boot ||\n"
        "goto failed\n"
    )


def _refused(above: str) -> str:
    return (
        ":refused\n"
        "iseq ${platform} efi || goto failed\n"
        "imgfree ||\n"
        f"echo {REFUSED}\n"
        f"chain {above}{SHIM} ||\n"
        f"echo {NO_SHIM}\n"
    )


def _choice(label: str, timeout: float, said: Failures, disk_first: bool = False) -> str:
    if not timeout:
        return "goto disk\n" if disk_first else "goto launcher\n"
    items = [f"item launcher {label}\n", f"item disk {_plain(said.disk)}\n"]
    first = "disk" if disk_first else "launcher"
    return (
        "menu udpcast-launcher\n"
        + "".join(reversed(items) if disk_first else items)
        + f"choose --default {first} --timeout {math.ceil(timeout * 1000)} udpcast-choice || goto {first}\n"
        + "goto ${udpcast-choice}\n"
    )


def _menu(items: Items, above: str = "") -> str:
    """ESC comes back to the menu: it must not begin what a key did not choose. An iPXE that knows no menus boots what
    is booted where nobody presses a key, or the local disk where that is nothing."""
    wait = f" --timeout {math.ceil(items.timeout * 1000)}" if items.timeout else ""
    otherwise = items.preset if items.timeout else Choice.DISK
    titles = ((number, one.choice, _plain(one.title)) for number, one in items.numbered)
    rows = "".join(f"item --key {number} {choice} {number}. {title}\n" for number, choice, title in titles)
    return (
        f":menu\nmenu {_plain(items.title)} || goto {otherwise}\n{rows}"
        f"choose --default {items.preset}{wait} udpcast-choice || goto menu\n"
        "goto ${udpcast-choice}\n"
        f"{''.join(_kernel(entry, str(choice), above) for choice, entry in items.entries)}{_refused(above)}"
    )


def _plain(text: str) -> str:
    """In ASCII: what else it shows depends on its age and on the firmware. Without what ends a command or names a
    setting."""
    return " ".join("".join(" " if char in "#$&;|" else char for char in spelled(text, "ascii")).split())


def render_menu(items: Items) -> str:
    """A whole boot.ipxe with a menu. Raises BootEntryError."""
    return f"{HEAD}{_PREAMBLE}{_menu(items)}{_endings(failures(items.code))}"


def _own_menu(items: Items) -> str:
    return f"{HEAD}set udpcast-own launcher\n{_menu(items, '../')}{_own_endings(failures(items.code))}"


def render_ipxe(entry: BootEntry, timeout: float = 0, *, disk_first: bool = False) -> str:
    """A whole boot.ipxe; the arguments are those of `grub.render_grub`. Raises BootEntryError."""
    said = failures_of(entry)
    return f"{HEAD}{_PREAMBLE}{_choice(entry.label, timeout, said, disk_first)}{_launcher(entry)}{_endings(said)}"


def _own(entry: BootEntry, timeout: float = 0) -> str:
    said = failures_of(entry)
    choice = _choice(entry.label, timeout, said)
    return f"{HEAD}set udpcast-own launcher\n{choice}{_launcher(entry, '../')}{_own_endings(said)}"


_OWN_DISK = "set udpcast-own disk\n"


def _machine(mac: str) -> PurePosixPath:
    return FOLDER / f"{machine_file(mac)}.ipxe"


def _section(entry: BootEntry) -> str:
    pass_on(entry)
    return f":{entry.label}\nchain --autofree {SHARED}\n"


def _menu_section(items: Items) -> str:
    render_menu(items)
    return _section(next(entry for _, entry in items.entries))


def _wanted(text: str) -> str:
    return (
        f"For that, and for what single machines boot, its first command must be `chain --autofree {SHARED}`: what "
        "stands below is then for nobody."
    )


IPXE = Loader(
    name="iPXE",
    pcs="PCs that are given iPXE (BIOS, or UEFI without Secure Boot)",
    files=("undionly.kpxe", "snponly.efi"),
    groups=(("undionly.kpxe",), ("snponly.efi",)),
    places=(Path("/usr/lib/ipxe"),),
    packages=("ipxe",),
    default=PurePosixPath("boot.ipxe"),
    machine=_machine,
    config=render_ipxe,
    disk_first=lambda entry, timeout: render_ipxe(entry, timeout, disk_first=True),
    default_disk=f"{HEAD}{_PREAMBLE}goto disk\n{_endings(failures())}",
    section=_section,
    disk_section="",
    own=_own,
    disk=f"{HEAD}{_OWN_DISK}",
    own_section=lambda entry: _own(entry).removeprefix(HEAD),
    own_disk=_OWN_DISK,
    wanted=_wanted,
    menu=render_menu,
    own_menu=_own_menu,
    menu_section=_menu_section,
    own_menu_section=lambda items: _own_menu(items).removeprefix(HEAD),
    shared=(SHARED,),
    there=(THERE, f"{HEAD}set udpcast-there yes\n"),
    is_optional=True,
)
