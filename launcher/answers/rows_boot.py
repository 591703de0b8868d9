"""Rows of the table `parameters.ROWS`: how this PC is run, its screens and drivers, and what is known of its boot."""

from __future__ import annotations

from ..sentence import say, verbatim
from . import reading as r
from . import reading_boot as b
from . import rules
from .questions import Choice
from .row import Acts, Row, always_with_blanks

FIRST: tuple[Row, ...] = (
    Row(
        "auto",
        "yes, no",
        "yes: wait for nobody, take every default, stop only on an error or where there is neither answer nor "
        "default; no: ask everything, the given value preselected; absent: ask only what is open. A bare `auto`, which "
        "PXELINUX adds when it boots its default entry by itself, means nothing",
        "U",
        bare="added by PXELINUX when it boots its default entry; means nothing",
        parse=r.word("auto", r.YES_NO),
        fills="attended",
    ),
    Row(
        "lang",
        f"EN (or US), {', '.join(code.upper() for code in [*r.LANGUAGES][1:])}; or fr_FR.UTF-8, de_DE@euro, french, C",
        "language of the screens; default EN. The code of a language that is not listed means EN, too",
        "U",
        title=say("Language"),
        parse=r.read_language,
        choices=r.choose(*(Choice(code, verbatim(name)) for code, name in r.LANGUAGES.items())),
        default=r.otherwise("en"),
        warns=rules.keymap_unknown,
        acts=Acts.SCREENS,
    ),
    Row(
        "kbmap",
        "FR, US, DE, BE, CH and others, or a console keymap's name",
        "the keyboard; of several with commas, the first that is known. Without one: the usual one of the language",
        "U",
        aliases=("keymap", "keyboard-layouts"),
        parse=b.read_keymap,
        choices=b.keymaps,
        default=rules.usual_keymap,
        changed_as=say("Keyboard"),
        acts=Acts.KEYBOARD,
    ),
    Row(
        "shell",
        "yes, no",
        "no: there is no shell, and no way out of the launcher but restart and power off. yes (the default): shells "
        "are on tty2 to tty4, and in the menu",
        "O",
        parse=r.word("shell", r.YES_NO),
        acts=Acts.SHELLS,
    ),
    Row(
        "config",
        "a file on the boot server, or http://server/file, tftp://server/file",
        "a further `udpcfg.txt`, which is fetched before anything is asked",
        "O",
        bare="of live systems; means nothing here",
        parse=b.read_config,
        acts=Acts.CONFIGURATION,
    ),
    Row(
        "netmodule",
        "AUTO, or drivers: e1000e,r8169",
        "drivers of network cards that are loaded besides those that udev finds by itself; AUTO (the default) names "
        "none",
        "U",
        example="e1000e",
        parse=b.read_drivers,
        acts=Acts.DRIVERS,
    ),
    Row(
        "modparm",
        'name=value, several quoted: modparm="debug=1 speed=100"',
        "parameters of the drivers that netmodule names. With a driver's name before it, as in e1000e.debug=1, one is "
        "for that driver alone, which diskmodule may name as well",
        "U",
        example="debug=1 speed=100",
        blanks=always_with_blanks,
        parse=b.read_parameters,
        acts=Acts.DRIVERS,
    ),
    Row(
        "enableDiskmodule",
        "yes, no",
        "no: the drivers that diskmodule names are not loaded; those that udev finds by itself are. Default yes",
        "U S",
        parse=r.word("enableDiskmodule", r.YES_NO),
        acts=Acts.DRIVERS,
    ),
    Row(
        "diskmodule",
        "AUTO, or drivers: ahci,mptspi",
        "drivers of disks that are loaded besides those that udev finds by itself; AUTO (the default) names none",
        "U S",
        example="ahci",
        parse=b.read_drivers,
        acts=Acts.DRIVERS,
    ),
)

LAST: tuple[Row, ...] = (
    Row(
        "events",
        "ttyS1, or a virtio port's name",
        "where the event log is written besides /run/udpcast",
        "O",
        example="ttyS1",
        acts=Acts.LOG,
    ),
    Row(
        "medium",
        "a volume label, such as UDPC1A2B3C4",
        "the disc or stick that this PC was booted from; written by `udpcast-launcher iso`. Its `udpcfg.txt` is read, "
        "and it is never offered as a disk",
        "O",
        parse=r.read_label,
        acts=Acts.MEDIUM,
    ),
    Row(
        "SYSUUID",
        "UUID",
        "a name by which the DHCP server may know this PC from its network boot; added by `ipappend 4`",
        "P",
        parse=r.read_sysuuid,
        fills="address",
    ),
    Row(
        "CPU",
        "text",
        "recorded in the event log; added by `ipappend 8`",
        "P",
        example="6PVXL",
        acts=Acts.RECORD,
    ),
)
