"""What every row of the table of parameters takes, and what comes of it: one `Row` of cases for each, in its order.

The cases say it once more, in other words than the row: what stands on an append line, and what the plan, or whoever
acts on it, has then. `test_table.py` holds them against the table, and against a table that is broken on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kernel_cmdline import parse
from launcher.answers import interview as interviews
from launcher.answers import lookup
from launcher.answers.interview import Interview, refuse
from launcher.answers.questions import Facts, Question
from launcher.answers.reading_boot import Driver, named_drivers
from launcher.model.machine import Machine
from launcher.model.plan import Plan
from launcher.network.fetching import Place, Protocol
from tests.common import TWO

Look = Callable[[str], Any]


def interview(line: str, machine: Machine = TWO) -> Interview:
    return Interview(lookup.given_answers(parse(line)), machine, refuse, rows=interviews.QUESTIONS)


def of_plan(name: str, get: Callable[[Any], Any] = lambda value: value) -> Look:
    """What the plan of a line has in this field."""

    def look(line: str) -> Any:
        plan: Plan = interview(line).plan()
        return get(getattr(plan, name))

    return look


def word(name: str) -> Look:
    return of_plan(name, lambda value: value.value)


def read(name: str) -> Look:
    """What whoever acts on the parameter `name` reads; None where it is not given."""

    def look(line: str) -> Any:
        row = lookup.row_of(name)
        given = lookup.given_answers(parse(line)).get(row.key) if row else None
        return row.parse(given.text, Facts(TWO)) if row and given else None

    return look


def asked(line: str) -> tuple[str, ...]:
    """The questions that are put, where each gets what is preselected."""
    keys = []

    def answer(question: Question, facts: Facts, preset: str | None, problem: object) -> str:
        keys.append(question.key)
        choices = question.choices(facts) if question.key == "confirm" else ()
        return choices[-1].text if choices else preset or ""

    given = lookup.given_answers(parse(line))
    Interview(given, TWO, answer, rows=interviews.QUESTIONS).plan()
    return tuple(keys)


def consents(line: str) -> str:
    return "a key" if "confirm" in asked(line) else "no key"


def drivers(line: str) -> tuple[Driver, ...]:
    return named_drivers(lookup.given_answers(parse(line)))


NO_PLAN = "no plan"
"""What is found where nothing comes of a line, because something is open or wrong."""


def language(line: str) -> str:
    one = interview(line)
    one.plan()
    return one.language


def address(line: str) -> tuple[str | None, int | None, str | None] | str:
    found = interview(line).plan().address
    return (found.address, found.prefix, found.gateway) if found.address else found.source.value


def after(line: str) -> str:
    found = interview(line).plan().after
    return f"{found.success.value},{found.failure.value}"


@dataclass(frozen=True)
class Cases:
    """Of one row: `good`, from a text to what `look` finds with it behind the line `base`; `wrong`, from a text to
    words of the sentence that refuses it. `absent`: what is found on the base alone. `names`: its other names. `bare`:
    the mere word is no error."""

    look: Look
    good: Mapping[str, Any]
    absent: Any = None
    wrong: Mapping[str, str] = field(default_factory=dict)
    base: str = "auto=yes umode=rcv disk=/dev/sda nic=eth0"
    names: tuple[str, ...] = ()
    bare: bool = False


SENDER = "auto=yes umode=snd disk=/dev/sda nic=eth0"
NO_DISK = "auto=yes umode=rcv nic=eth0"
NO_NIC = "auto=yes umode=rcv disk=/dev/sda"
BARE_IP = "auto=yes umode=rcv disk=/dev/sda nic=eth0 ip=10.0.0.7"
TELLS = f"{Cases.base} remontee_info=y page_remontee=http://se3/r"
MAC = TWO.nics[1].mac
DASHES = MAC.replace(":", "-")
UUID = "4c4c4544-0042-3510-8056-b4c04f4d3132"
ATA = "/dev/disk/by-id/ata-ST1000DM010-2EP102_ZN1A2B3C"
PATH = "/dev/disk/by-path/pci-0000:00:1f.2-ata-2"

EVERYTHING = (
    *("lang", "kbmap", "umode", "disk", "nic", "ip", "gateway", "port", "compr", "udpcparam", "silence"),
    *("start_timeout", "blank", "used", "after", "remontee_info"),
)
YES = {"yes": True, "no": False, "YES": True, "No": False}
NO_WORD = {"maybe": "is not known", "1": "is not known", "": "is not known"}
LANGUAGES = {
    **{"EN": "en", "US": "en", "FR": "fr", "DE": "de", "DA": "da", "LB": "lb", "ES": "es", "IT": "it", "PT": "pt"},
    **{"NL": "nl", "fr": "fr", "fr_FR": "fr", "fr_FR.UTF-8": "fr", "fr_BE@euro": "fr", "de_DE.UTF-8@euro": "de"},
    **{"de-CH": "de", "pt_BR": "pt", "pt_BR.iso88591": "pt", "C": "en", "POSIX": "en", "C.UTF-8": "en", "GB": "en"},
    **{"en_GB.UTF-8": "en", "lb_LU": "lb", "da_DK.UTF-8": "da", "nl_BE": "nl", "es_419": "es", "fr:en": "fr"},
    **{"french": "fr", "deutsch": "de", "deu": "de", "fra": "fr", "ita": "it", "hu": "en", "zh_CN.UTF-8": "en"},
}
DISKS = {
    **{"/dev/sdb": "/dev/sdb", "sdb": "/dev/sdb", "/dev/sdb1": "/dev/sdb1", "sda2": "/dev/sda2", ATA: "/dev/sdb"},
    **{f"{ATA}-part1": "/dev/sdb1", PATH: "/dev/sdb", "/dev/disk/by-id/wwn-0x5000c500a1b2c3d4": "/dev/sdb"},
    **{"serial:ZN1A2B3C": "/dev/sdb", "serial:zn1a2b3c": "/dev/sdb", "wwn:0x5000c500a1b2c3d4": "/dev/sdb"},
    **{"wwn:5000C500A1B2C3D4": "/dev/sdb", "model:ST1000": "/dev/sdb", "model:samsung_ssd": "/dev/sda"},
    **{"model:Samsung SSD 850 EVO 500GB": "/dev/sda", "hctl:1:0:0:0": "/dev/sdb", "size:1T": "/dev/sdb"},
    **{"size:500G": "/dev/sda", "size:1TB": "/dev/sdb", "size:931.5GiB": "/dev/sdb", "size:465,8G": "/dev/sda"},
    **{"size:>=1T": "/dev/sdb", "size:>500G": "/dev/sdb", "size:<1T": "/dev/sda", "size:<=500G": "/dev/sda"},
    **{"size:200G-600G": "/dev/sda", "size:0.9TiB-2TiB": "/dev/sdb", "size:1000000M": "/dev/sdb"},
    **{"size:1000204886k": "/dev/sdb", "sdz,serial:NO,model:ST1000": "/dev/sdb", "/dev/hda,/dev/sdb": "/dev/sdb"},
}
ADDRESSES = {
    **{"dhcp": "dhcp", "10.0.0.7/24": ("10.0.0.7", 24, None), "any": "dhcp", "on": "dhcp", "eth0:dhcp": "dhcp"},
    "10.0.0.7:10.0.0.1:10.0.0.254:255.255.0.0": ("10.0.0.7", 16, "10.0.0.254"),
    "10.0.0.7::10.0.0.254:255.255.255.0:pc7:eth0:off": ("10.0.0.7", 24, "10.0.0.254"),
    "10.0.0.7::10.0.0.254:255.255.255.0:pc7:eth0:off:10.0.0.2:10.0.0.3": ("10.0.0.7", 24, "10.0.0.254"),
    "10.0.0.7::10.0.0.254:24::eth0:none:1500:52:54:00:aa:bb:01": ("10.0.0.7", 24, "10.0.0.254"),
    ":::::eth0:dhcp": "dhcp",
}
CARDS = {"eth1": "eth1", MAC: "eth1", MAC.upper(): "eth1", DASHES: "eth1", f"01-{DASHES}": "eth1"}

TABLE: dict[str, Cases] = {
    "auto": Cases(
        asked,
        {"yes": (), "no": EVERYTHING, "YES": (), "NO": EVERYTHING},
        (),
        NO_WORD,
        base="umode=snd disk=/dev/sda nic=eth0 ip=10.0.0.7/24",
        bare=True,
    ),
    "lang": Cases(
        language, LANGUAGES, "en", {"klingon": "Expected one of: EN, FR,", "": "not known", "%%": "not known"}
    ),
    "kbmap": Cases(
        read("kbmap"),
        {"FR": "fr", "US": "us", "DE": "de", "BE": "be", "CH": "ch-de", "fr-latin1": "fr", "NONE": "us", "fr,us": "fr"}
        | {"xx,be-latin1": "be", "sg-latin1.kmap.gz": "ch-de", "nosuch": None},
        None,
        {"a;b": "kbmap=a;b is not known", "": "not known", "../x": "not known"},
        names=("keymap", "keyboard-layouts"),
    ),
    "shell": Cases(read("shell"), YES, None, NO_WORD),
    "config": Cases(
        read("config"),
        {
            "room.txt": Place(Protocol.TFTP, None, 69, "room.txt"),
            "http://10.0.0.1/a/room.txt": Place(Protocol.HTTP, "10.0.0.1", 80, "a/room.txt"),
            "tftp://se3/room.txt": Place(Protocol.TFTP, "se3", 69, "room.txt"),
        },
        None,
        {"https://a/b": "https cannot be used", "": "names no file", "a b": "names no file", "http://a/": "no file"},
        bare=True,
    ),
    "netmodule": Cases(
        drivers,
        {"AUTO": (), "auto": (), "e1000e": (Driver("e1000e"),), "via-rhine.ko": (Driver("via_rhine"),)}
        | {"e1000,r8169": (Driver("e1000"), Driver("r8169")), "e1000 r8169": (Driver("e1000"), Driver("r8169"))},
        (),
        {";reboot": "is no name of a driver", "e1000,AUTO": "no name of a driver", "../x": "no name of a driver"},
    ),
    "modparm": Cases(
        drivers,
        {"debug=1": (Driver("e1000", ("debug=1",)),), "a=1 b=2": (Driver("e1000", ("a=1", "b=2")),)}
        | {"a=1,2,b=3": (Driver("e1000", ("a=1,2", "b=3")),), "e1000.a=1 r8169.b=2": (Driver("e1000", ("a=1",)),)}
        | {"AUTO": (Driver("e1000"),), "": (Driver("e1000"),), "flag": (Driver("e1000", ("flag",)),)},
        (Driver("e1000"),),
        {"-r=1": "is no parameter of a driver", "a='1'": "no parameter", "=": "no parameter"},
        base=f"{Cases.base} netmodule=e1000",
    ),
    "enablediskmodule": Cases(
        drivers,
        {"yes": (Driver("ahci"),), "no": (), "NO": ()},
        (Driver("ahci"),),
        NO_WORD,
        base=f"{Cases.base} diskmodule=ahci",
    ),
    "diskmodule": Cases(
        drivers,
        {"AUTO": (), "ahci": (Driver("ahci"),), "usb-storage,ahci": (Driver("usb_storage"), Driver("ahci"))},
        (),
        {"$(x)": "is no name of a driver"},
    ),
    "umode": Cases(
        word("role"),
        {"snd": "snd", "rcv": "rcv", "send": "snd", "receive": "rcv", "sender": "snd", "receiver": "rcv", "SND": "snd"},
        NO_PLAN,
        {"both": "Expected one of: snd, rcv, send, receive, sender, receiver", "": "not known"},
        base="auto=yes disk=/dev/sda nic=eth0 blank=yes",
    ),
    "disk": Cases(
        of_plan("target", lambda target: target.path),
        DISKS,
        NO_PLAN,
        {"": "empty", "/dev/hda": "IDE disk", "../../etc": "no device", "a;b": "no device", "scsi:1": "no selector"}
        | {"size:big": "no size", "size:2T-1T": "smaller size first", "hctl:1:2": "host:channel:target:lun"},
        base=NO_DISK,
        names=("fdrive",),
    ),
    "nic": Cases(
        of_plan("nic", lambda nic: nic.name),
        CARDS,
        NO_PLAN,
        {"eth0;x": "neither a card's name nor a MAC address", "": "neither", "BOOTIF=": "neither"},
        base=NO_NIC,
        names=("mac",),
    ),
    "bootif": Cases(
        of_plan("nic", lambda nic: nic.name),
        {f"01-{DASHES}": "eth1", DASHES: "eth1", MAC: "eth1", f"01-{MAC}": "eth1", MAC.replace(":", ""): "eth1"}
        | {f"01-{DASHES.upper()}": "eth1", "01-00-00-00-00-00-01": "eth0", "01-": "eth0", "x": "eth0"},
        "eth0",
    ),
    "rd.bootif": Cases(
        of_plan("nic", lambda nic: nic.name),
        {"0": "eth0", "1": "eth1", "no": "eth0", "off": "eth0", "on": "eth1"},
        "eth1",
        {"2": "Expected 0 or 1", "": "Expected 0 or 1"},
        base=f"{Cases.base} BOOTIF=01-{DASHES}",
    ),
    "dhcp": Cases(
        of_plan("address", lambda address: address.lease),
        {"yes": True, "no": False, "No": False},
        True,
        NO_WORD,
        base=f"{Cases.base} ip=10.0.0.7:::255.0.0.0",
        bare=True,
    ),
    "ip": Cases(
        address,
        ADDRESSES,
        "dhcp",
        {"10.0.0.999": "field client", "": "expected an address", "fd00::7": "IPv6", "127.0.0.1/8": "cannot be"},
    ),
    "netmask": Cases(
        address,
        {"255.255.255.0": ("10.0.0.7", 24, None), "16": ("10.0.0.7", 16, None)},
        NO_PLAN,
        {"255.0.255.0": "expected 255.255.255.0 or a number", "0": "covers every address", "": "expected"},
        base=BARE_IP,
    ),
    "gateway": Cases(
        address,
        {"10.0.0.1": ("10.0.0.7", 24, "10.0.0.1"), "none": ("10.0.0.7", 24, None), "": ("10.0.0.7", 24, None)},
        ("10.0.0.7", 24, None),
        {"10.0.0": "Or: none", "fd00::1": "IPv6"},
        base=f"{Cases.base} ip=10.0.0.7/24",
    ),
    "port": Cases(
        of_plan("port"),
        {"9002": 9002, " 9004 ": 9004, "1024": 1024, "65534": 65534},
        9000,
        {"9001": "odd. Expected an even number", "9,000": "no port number", "٩٠٠٠": "no port number", "0": "range"}
        | {"65536": "range", "": "no port"},
    ),
    "compr": Cases(
        of_plan("compression", lambda kind: kind and kind.value),
        {"none": "none", "gzip": "gzip", "lzop": "lzop", "zstd": "zstd", "LZOP": "lzop", "recognise": None},
        None,
        {"bzip2": "Expected one of: none, gzip, lzop, zstd", "": "not known"},
    ),
    "udpcparam": Cases(
        of_plan("options", lambda options: options.words),
        {"--nosync --ttl=2": ("--nosync", "--ttl=2"), "--min-receivers 3 -n": ("--nosync",), "-t 3": ("--ttl=3",)},
        (),
        {f"--{name}": "may not be given" for name in "file pipe interface portbase daemon-mode pid-file kill".split()}
        | {"--nosuch": "an option neither of udp-sender nor", "word": "no option", "'x": "a quote is not closed"},
    ),
    "silence": Cases(
        of_plan("silence"),
        {"5": 5, "3600": 3600, " 60 ": 60},
        40,
        {"4": "from 5 to 3600", "3601": "from 5", "x": "no number of seconds", "": "no number"},
    ),
    "start_timeout": Cases(
        of_plan("start_timeout"),
        {"1": 1, "604800": 604800},
        43200,
        {"0": "from 1 to 604800", "604801": "from 1", "1h": "no number of seconds"},
    ),
    "consent": Cases(
        consents,
        {"given": "no key", "ask": "a key", "ASK": "a key"},
        "no key",
        {"yes": "Expected one of: given, ask", "": "not known"},
        base="umode=rcv disk=/dev/sda nic=eth0 ip=10.0.0.7/24 gateway=none",
    ),
    "blank": Cases(of_plan("blank"), YES, False, NO_WORD, base=SENDER),
    "verify": Cases(of_plan("verify"), YES, True, NO_WORD),
    "used": Cases(of_plan("used"), YES, True, NO_WORD, base=SENDER),
    "holes": Cases(
        word("holes"),
        {"keep": "keep", "discard": "discard", "zero": "zero", "ZERO": "zero"},
        "keep",
        {"wipe": "Expected one of: keep, discard, zero"},
    ),
    "grow": Cases(
        word("grow"), {"yes": "yes", "no": "no", "ask": "ask"}, "ask", {"all": "Expected one of: yes, no, ask"}
    ),
    "require": Cases(
        word("require"),
        {"written": "written", "equal": "equal", "Equal": "equal"},
        "written",
        {"good": "Expected one of: written, equal"},
    ),
    "retry": Cases(
        of_plan("retry"), {"0": 0, "1": 1, "99": 99}, 0, {"100": "from 0 to 99", "-1": "no number", "": "no"}
    ),
    "after": Cases(
        after,
        {one: f"{one},{one}" for one in ("reboot", "poweroff", "shell", "menu")}
        | {
            f"{one},{other}": f"{one},{other}"
            for one in ("reboot", "shell")
            for other in ("menu", "poweroff", "reboot")
        }
        | {"REBOOT, Menu": "reboot,menu"},
        "menu,menu",
        {"halt": "Expected reboot, poweroff, shell or menu", "reboot,": "not known", "a,b,c": "not known"},
    ),
    "auto_reboot": Cases(
        after,
        {"always": "reboot,reboot", "success": "reboot,menu", "never": "menu,menu", "Success": "reboot,menu"},
        "menu,menu",
        {"yes": "Expected one of: always, success, never"},
        names=("auto-reboot",),
    ),
    "remontee_info": Cases(
        of_plan("result_page", bool),
        {"y": True, "n": False, "yes": True, "no": False, "Y": True},
        False,
        {"o": "Expected one of: y, yes, n, no"},
        base=f"{Cases.base} page_remontee=http://se3/r",
    ),
    "page_remontee": Cases(
        of_plan("result_page", lambda page: page and page.url),
        {
            "http://se3/remontee.php": "http://se3/remontee.php",
            "http://10.0.0.1:8080/r?a=b": "http://10.0.0.1:8080/r?a=b",
        },
        None,
        {"https://se3/r": "https", "ftp://se3/r": "http", "": ""},
        base=f"{Cases.base} remontee_info=y",
    ),
    "num_op": Cases(
        of_plan("result_page", lambda page: page.operation),
        {"7": "7", "": None, "123456789012345678": "123456789012345678"},
        None,
        {"x": "no number of at most 18 digits", "1234567890123456789": "at most 18"},
        base=TELLS,
    ),
    "events": Cases(read("events"), {"ttyS1": "ttyS1", "org.udpcast.events": "org.udpcast.events"}),
    "medium": Cases(read("medium"), {"UDPC1A2B3C4": "UDPC1A2B3C4"}, None, {"a b": "at most 32", "": "at most 32"}),
    "sysuuid": Cases(
        of_plan("address", lambda found: found.sysuuid),
        {UUID: UUID, UUID.upper(): UUID.upper()},
        None,
        {"x": "is no UUID"},
        base=f"{Cases.base} ip=10.0.0.7:::255.0.0.0",
    ),
    "cpu": Cases(read("CPU"), {"6PVXL": "6PVXL"}),
}
