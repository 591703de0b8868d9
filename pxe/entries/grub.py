"""GRUB for UEFI, with Secure Boot and without: Debian's shim, then its GRUB for the network, which reads grub/grub.cfg.

What PXELINUX's `ipappend 3` gives is made here of GRUB's variables. The rules, from GRUB 2.06 (docs/grub.texi,
grub-core/lib/cmdline.c, grub-core/net):

- A word in single quotes is taken as it is, whatever is in it, but for a single quote.
- `linux` puts a word into double quotes when there is a blank in it, and a backslash in front of each quote and each
  backslash of its own: no such value comes through (`kernel_words`).
- A file that is not there cannot be told from one that is (`test -e` is always false over the network), but `source`
  of it does no harm. So a machine's own file says that it was there: what is for all is not booted in its place, also
  where its kernel could not be loaded. And a file that is always there tells a missing one from a server that is
  silent: a PC that is done would be cloned over.
- A GRUB that cannot tell the netmask gives no `ip=`, and the launcher asks by DHCP itself: a word that is a variable
  without a value is none.
- An address in a DHCP option is eight hexadecimal digits, and GRUB cannot count: each byte is looked up in a table.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import Enum
from ipaddress import IPv4Address
from pathlib import Path, PurePosixPath

from kernel_cmdline import MAX_BYTES, CommandLineError, Parameter, format_line, showable
from kernel_cmdline.format import KERNEL_BLANKS
from kernel_cmdline.parse import read_word

from .boot_entry import ADDED, BootEntry, BootEntryError
from .characters import spelled
from .failure_words import Failures, failures, failures_of
from .grub_words import catalogue
from .loader import MARKER, Loader, machine_file
from .menu import Item, Items

SHIMS, GRUBS = Path("/usr/lib/shim"), Path("/usr/lib/grub/x86_64-efi-signed")
"""Where Debian puts what it signs."""

FOLDER = PurePosixPath("grub")
SHARED = FOLDER / "udpcast.cfg"
THERE = FOLDER / "there.cfg"
WORDS = "locale"
"""Below the folder of its configuration; what GRUB itself has there is not looked for."""


class Network(Enum):
    """Where GRUB has its address from."""

    LOADED = "GRUB itself came by it"
    ASKED = "GRUB was not loaded by the network: it asks by DHCP"
    NONE = "there is none: no ip= and no BOOTIF="


_BYTES = " ".join(f"{number:02x}={number}" for number in range(256))
_CARDS = 8
_FOUND = "set udpcast_{variable}=$net_{card}_dhcp_{name}"

_DOTTED = f"""\
set udpcast_bytes=' {_BYTES} '
function udpcast_dotted {{
  set udpcast_dotted=0.0.0.0
  if regexp --set=1:udpcast_1 --set=2:udpcast_2 --set=3:udpcast_3 --set=4:udpcast_4 '^(..)(..)(..)(..)' "$1"; then
    regexp --set=1:udpcast_1 " $udpcast_1=([0-9]+) " "$udpcast_bytes"
    regexp --set=1:udpcast_2 " $udpcast_2=([0-9]+) " "$udpcast_bytes"
    regexp --set=1:udpcast_3 " $udpcast_3=([0-9]+) " "$udpcast_bytes"
    regexp --set=1:udpcast_4 " $udpcast_4=([0-9]+) " "$udpcast_bytes"
    set udpcast_dotted="$udpcast_1.$udpcast_2.$udpcast_3.$udpcast_4"
  fi
}}
"""

_LOADED = """\
set udpcast_card=$net_default_interface
set udpcast_client=$net_default_ip
set udpcast_server=$net_default_server
set udpcast_address=$net_default_mac
set udpcast_files=$prefix
"""

_ADDRESS = """\
set udpcast_router=
set udpcast_mask=
net_get_dhcp_option udpcast_router $udpcast_card 3 hex
net_get_dhcp_option udpcast_mask $udpcast_card 1 hex
set udpcast_ip=
if [ -n "$udpcast_mask" ]; then
  udpcast_dotted "$udpcast_router"
  set udpcast_ip="ip=$udpcast_client:$udpcast_server:$udpcast_dotted"
  udpcast_dotted "$udpcast_mask"
  set udpcast_ip="$udpcast_ip:$udpcast_dotted"
fi
if regexp --set=1:udpcast_1 --set=2:udpcast_2 --set=3:udpcast_3 --set=4:udpcast_4 --set=5:udpcast_5 --set=6:udpcast_6 \
'^(..):(..):(..):(..):(..):(..)$' "$udpcast_address"; then
  set udpcast_mac="01-$udpcast_1-$udpcast_2-$udpcast_3-$udpcast_4-$udpcast_5-$udpcast_6"
fi
"""

SYSTEMS = ("debian", "ubuntu", "fedora", "centos", "redhat", "rocky", "almalinux", "opensuse", "sles")
"""Folders in /EFI of systems that are looked for on the local disks, before that of Windows, which they offer."""

_PROGRAMS = (
    *(f"/EFI/{name}/{loader}.efi" for name in SYSTEMS for loader in ("shimx64", "grubx64")),
    "/EFI/Microsoft/Boot/bootmgfw.efi",
)
_FALLBACK = "/EFI/BOOT/BOOTX64.EFI"
"""What firmware boots of a disk that it does not know. Sticks have it as well, so it comes last."""


def _failed(said: Failures) -> str:
    return f"function udpcast_failed {{\n{_echo(said.failed, '  ')}  sleep --interruptible 60\n  reboot\n}}\n"


def _echo(sentence: str, indent: str = "") -> str:
    return f"{indent}echo '{_quoted(f'udpcast-launcher: {sentence}')}'\n"


_BY_PARTITION = f"""\
  for udpcast_number in 0 1 2 3 4 5 6 7; do
    for udpcast_part in 1 2 3 4; do
      set udpcast_esp=hd$udpcast_number,gpt$udpcast_part
      if [ -e ($udpcast_esp){_FALLBACK} ]; then
        set root=$udpcast_esp
        if chainloader {_FALLBACK}; then boot; fi
      fi
    done
  done
"""
"""Past the image, which has that program itself: it is a disk without partitions."""


def _disk(network: Network, said: Failures) -> str:
    """The function that boots the local disk: there is no way back into the firmware's boot order.

    GRUB's `exit` says success to the firmware, which then shows its own menu (UEFI 2.10, 3.1.1). So a system is looked
    for and started. `chainloader` tells it that it came from the device `root`.
    """
    programs = (*_PROGRAMS, _FALLBACK) if network is Network.LOADED else _PROGRAMS  # an image has the last one itself
    return (
        "function udpcast_disk {\n"
        f"  for udpcast_file in {' '.join(programs)}; do\n"
        "    if search --no-floppy --file --set=udpcast_esp $udpcast_file; then\n"
        "      set root=$udpcast_esp\n"
        "      if chainloader $udpcast_file; then boot; fi\n"
        "    fi\n"
        "  done\n"
        f"{_BY_PARTITION if network is Network.ASKED else ''}"
        f"{_echo(said.no_system, '  ')}"
        "  sleep --interruptible 10\n"
        "  exit\n"
        "}\n"
    )


_OWN_FILE = f"""\
set udpcast_own=
set udpcast_there=
source $udpcast_files/$udpcast_mac
if [ -z "$udpcast_own" ]; then source $udpcast_files/{THERE.name}; fi
"""


def _unread(network: Network, said: Failures) -> str:
    if network is Network.LOADED:
        return f"{_echo(said.silent)}udpcast_failed\n"
    return f"{_echo(said.silent)}{_echo(said.goes_on)}sleep --interruptible 10\n"


def kernel_words(entry: BootEntry) -> tuple[str, ...]:
    """The words of the command line as GRUB is given them, each of which the kernel reads as one parameter.

    Raises BootEntryError for what GRUB cannot carry, and where the kernel would cut the line.
    """
    try:
        format_line(entry.command_line)
    except CommandLineError as error:
        raise BootEntryError(f'line of label "{entry.label}": {error}') from error
    words = tuple(_words(entry))
    comes = " ".join((f"BOOT_IMAGE=/{entry.kernel}", *map(_as_the_kernel_gets_it, words)))
    size = len(comes.encode("utf-8", "surrogateescape")) + len(ADDED)
    if size > MAX_BYTES:
        raise BootEntryError(
            f'line of label "{entry.label}" comes to {size} bytes with what GRUB adds, the kernel reads {MAX_BYTES}: '
            f"shorten it by {size - MAX_BYTES}."
        )
    return words


def _words(entry: BootEntry) -> Iterator[str]:
    is_for_init = False
    for parameter in entry.command_line:
        if parameter.init and not is_for_init:
            is_for_init = True
            yield "--"
        word = parameter.name if parameter.value is None else f"{parameter.name}={parameter.value}"
        if why := _why_not(word, parameter):
            raise BootEntryError(
                f'line of label "{entry.label}": GRUB, which boots PCs with UEFI, cannot carry {showable(word)}: {why}.'
                " Or leave GRUB out with --without grub; then PCs with UEFI do not boot from here."
            )
        yield word


def _why_not(word: str, parameter: Parameter) -> str:
    for char, name in (('"', "a quote"), ("'", "an apostrophe"), ("\\", "a backslash")):
        if char in word:
            return f"there is {name} in it, and GRUB puts a backslash in front. Write the value without it"
    there = _latin(_as_the_kernel_gets_it(word))
    read = read_word(there, blanks=KERNEL_BLANKS)
    value = None if parameter.value is None else _latin(parameter.value)
    if (read.name, read.value, read.end) != (_latin(parameter.name), value, len(there)):
        return (
            "GRUB puts quotes around a word only where a blank is in it, and the kernel would cut this one. Write the "
            "value without tabs and accents, or with a blank"
        )
    return ""


def _as_the_kernel_gets_it(word: str) -> str:
    """Of a word without quotes and backslashes."""
    return f'"{word}"' if " " in word else word


def _latin(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def _launcher(entry: BootEntry, network: Network, name: str = "launcher") -> str:
    """The function that boots the entry."""
    words = [f"'{word}'" for word in kernel_words(entry)]
    if network is not Network.NONE:  # not behind "--", where it would be for PID 1
        at = words.index("'--'") if "'--'" in words else len(words)
        words[at:at] = ["$udpcast_ip", "BOOTIF=$udpcast_mac"]
    line = "".join(f" {word}" for word in words)
    return (
        f"function udpcast_{name} {{\n"
        f"  if linux /{entry.kernel}{line}; then\n"
        f"    if initrd /{entry.initrd}; then boot; fi\n"
        "  fi\n"
        "  udpcast_failed\n"
        "}\n"
    )


def _choice(label: str, timeout: float, said: Failures, disk_first: bool = False) -> str:
    """What is booted, once the functions are there; a menu where there is a time to choose."""
    if not timeout:
        return "udpcast_disk\n" if disk_first else "udpcast_launcher\n"
    entries = [
        f"menuentry '{label}' {{ udpcast_launcher }}\n",
        f"menuentry '{_quoted(said.disk)}' {{ udpcast_disk }}\n",
    ]
    return f"set default=0\nset timeout_style=menu\nset timeout={math.ceil(timeout)}\n" + "".join(
        reversed(entries) if disk_first else entries
    )


FONT = "ascii"
"""GRUB leaves out each letter that one of the firmware's consoles does not know (grub-core/term/efi/console.c), and a
serial line beside the screen knows no others: of ÉCRASÉ, CRAS was seen."""


def _choices(items: Items, folder: str = "$prefix") -> str:
    """A menu; its entries call the functions of `_launchers`. `folder`: where its configuration is, with GRUB's words
    beside it."""
    rows = [_row(number, one) for number, one in items.numbered]
    preset = [one.choice for one in items.rows].index(items.preset)
    wait = math.ceil(items.timeout) if items.timeout else -1
    lang = f"set locale_dir={folder}/{WORDS}\nset lang={items.code}\n" if catalogue(items.code) else ""
    return f"{lang}set default={preset}\nset timeout_style=menu\nset timeout={wait}\n{''.join(rows)}"


def _row(number: int, item: Item) -> str:
    """A choice, which says so while it is loaded: for that time, GRUB leaves the screen empty. Not what becomes of the
    disk: that would be read as if it were under way."""
    title = f"{number}. {item.title}"
    loading = _quoted(title.partition(":")[0].rstrip())
    return f"menuentry --hotkey={number} '{_quoted(title)}' {{ echo '{loading} ...'; udpcast_{item.choice} }}\n"


def words(code: str) -> tuple[PurePosixPath, str] | None:
    """The file with GRUB's own words in this language, which `_choices` names; None where there is none."""
    found = catalogue(code)
    return (FOLDER / WORDS / f"{code}.mo", found.decode("utf-8", "surrogateescape")) if found else None


def _quoted(text: str) -> str:
    """Between single quotes, in which only these mean something."""
    return spelled(text, FONT).replace("'", "'\\''")


def _launchers(items: Items, network: Network) -> str:
    return "".join(_launcher(entry, network, str(choice)) for choice, entry in items.entries)


def _asked(network: Network, server: IPv4Address | None) -> str:
    """Card and addresses; where GRUB asks itself, the first card that got one. The machines' files are at `server`,
    else at the one that was named to it (siaddr), which beside another DHCP server is the wrong one."""
    if network is Network.LOADED:
        return _LOADED
    lines = ["net_dhcp\n", "set udpcast_card=\n"]
    for number in range(_CARDS):
        card = f"efinet{number}"
        lines.append(
            f'if [ -z "$udpcast_card" -a -n "$net_{card}_dhcp_ip" ]; then\n'
            f"  set udpcast_card={card}:dhcp\n"
            f"  set udpcast_client=$net_{card}_dhcp_ip\n"
            f"  set udpcast_server=$net_{card}_dhcp_next_server\n"
            f"  set udpcast_address=$net_{card}_dhcp_mac\n"
            "fi\n"
        )
    if server:
        lines.append(f"set udpcast_server={server}\n")
    return "".join(lines) + "set udpcast_files=(tftp,$udpcast_server)/grub\n"


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.splitlines())


def _whole(launcher: str, choice: str, said: Failures, network: Network, server: IPv4Address | None = None) -> str:
    """A machine's own file puts its own function in place of `launcher`; within `if`, GRUB takes no function."""
    if network is Network.NONE:
        return f"{MARKER}{_disk(network, said)}{_failed(said)}{launcher}{choice}"
    unread = _unread(network, said)
    looked = f'{_OWN_FILE}if [ -z "$udpcast_own" -a -z "$udpcast_there" ]; then\n{_indented(unread)}fi\n'
    own = f'{looked}if [ -z "$udpcast_own" ]; then\n{_indented(choice)}fi\n'
    return f"{MARKER}{_disk(network, said)}{_failed(said)}{launcher}{_DOTTED}{_asked(network, server)}{_ADDRESS}{own}"


def render_grub(
    entry: BootEntry,
    timeout: float = 0,
    network: Network = Network.LOADED,
    *,
    disk_first: bool = False,
    server: IPv4Address | None = None,
) -> str:
    """A whole grub.cfg. With a `timeout` (seconds) there is a menu, else the entry is booted at once. `disk_first`: the
    local disk unless somebody chooses the entry. `server`: where a GRUB that asks by itself finds the machines' files.
    Raises BootEntryError.
    """
    said = failures_of(entry)
    return _whole(_launcher(entry, network), _choice(entry.label, timeout, said, disk_first), said, network, server)


def render_menu(items: Items, network: Network = Network.LOADED, server: IPv4Address | None = None) -> str:
    """A whole grub.cfg with a menu. Raises BootEntryError."""
    return _whole(_launchers(items, network), _choices(items), failures(items.code), network, server)


def render_disk(network: Network = Network.LOADED, server: IPv4Address | None = None) -> str:
    """A whole grub.cfg that boots the local disk, but for machines with a file of their own."""
    return _whole("", "udpcast_disk\n", failures(), network, server)


def _own(entry: BootEntry, timeout: float) -> str:
    return f"{MARKER}{_own_section(entry, timeout)}"


def _own_section(entry: BootEntry, timeout: float = 0) -> str:
    choice = _choice(entry.label, timeout, failures_of(entry))
    return f"set udpcast_own=launcher\n{_launcher(entry, Network.LOADED)}{choice}"


def _own_menu_section(items: Items) -> str:
    return f"set udpcast_own=launcher\n{_launchers(items, Network.LOADED)}{_choices(items, '$udpcast_files')}"


_OWN_DISK = "set udpcast_own=disk\nudpcast_disk\n"


def _machine(mac: str) -> PurePosixPath:
    return FOLDER / machine_file(mac)


def _section(entry: BootEntry) -> str:
    kernel_words(entry)
    return f"menuentry '{entry.label}' {{\n  source $prefix/{SHARED.name}\n}}\n"


def _menu_section(items: Items) -> str:
    """The menu is behind that of the file that it is added to."""
    render_menu(items)
    label = next(entry.label for _, entry in items.entries)
    return f"menuentry '{label}' {{\n  configfile $prefix/{SHARED.name}\n}}\n"


def _wanted(text: str) -> str:
    return (
        f"For that, and for what single machines boot, its first line must be `source $prefix/{SHARED.name}`: what "
        "stands below is then for nobody."
    )


GRUB = Loader(
    name="GRUB",
    pcs="PCs with UEFI, with Secure Boot or without",
    files=("shimx64.efi", "grubx64.efi"),
    sources={"shimx64.efi": "shimx64.efi.signed", "grubx64.efi": "grubnetx64.efi.signed"},
    # What an administrator took from a later release comes first: only GRUB 2.12 can be booted beside another server.
    places=(
        SHIMS,
        Path("/usr/local/lib/grub/x86_64-efi-signed"),
        GRUBS,
    ),
    packages=("shim-signed", "grub-efi-amd64-signed"),
    default=FOLDER / "grub.cfg",
    machine=_machine,
    config=render_grub,
    disk_first=lambda entry, timeout: render_grub(entry, timeout, disk_first=True),
    default_disk=render_disk(),
    section=_section,
    disk_section="",
    own=_own,
    disk=f"{MARKER}{_OWN_DISK}",
    own_section=_own_section,
    own_disk=_OWN_DISK,
    wanted=_wanted,
    words=words,
    menu=render_menu,
    own_menu=lambda items: f"{MARKER}{_own_menu_section(items)}",
    menu_section=_menu_section,
    own_menu_section=_own_menu_section,
    shared=(SHARED,),
    there=(THERE, f"{MARKER}set udpcast_there=yes\n"),
)
