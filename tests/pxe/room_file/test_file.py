"""A room's file: what it means, and each mistake as one sentence with its line."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from pxe.entries.boot_entry import pxelinux_append
from pxe.entries.configuration import entry_of
from pxe.entries.menu import Choice, Menu
from pxe.entries.room import Boot, Room, RoomError
from pxe.room_file.file import LARGEST, parse_room, read_room, warnings

ROOM = """\
label = "clone"
timeout = 5
default = "disk"

[parameters]
lang = "FR"
disk = "/dev/disk/by-path/pci-0000:00:1f.2-ata-1"
rd.bootif = false

[groups.pupils]
append = "auto=yes retry=1"
parameters = { umode = "rcv", after = ["poweroff", "menu"] }
machines = [
    "52:54:00:12:34:01",
    "52-54-00-12-34-0A",
    { mac = "52:54:00:12:34:03", name = "pc 03", armed = false },
]

[groups.back]
armed = false
[groups.back.machines]
pc21 = "52:54:00:12:34:21"
pc22 = { mac = "52:54:00:12:34:22", armed = true, parameters.disk = "model:Samsung SSD 860" }

[machines.teacher]
mac = "52:54:00:12:34:00"
parameters.umode = "snd"
parameters.udpcparam = ["--min-receivers", 29, "--max-wait", 600]
"""

MAC = "52:54:00:12:34:01"


def lines(room: Room) -> dict[str, str]:
    return {
        one.mac[-2:]: pxelinux_append(entry_of(room, one)).removeprefix("initrd=udpcast-initrd ")
        for one in room.machines
    }


def test_a_room() -> None:
    room = parse_room(ROOM)
    assert (room.label, room.timeout, room.default) == ("clone", 5, Boot.DISK)
    common = "lang=FR disk=/dev/disk/by-path/pci-0000:00:1f.2-ata-1 rd.bootif=0"
    assert room.append == common
    pupil = f"{common} auto=yes retry=1 umode=rcv after=poweroff,menu"
    assert lines(room) == {
        "00": f'{common} umode=snd udpcparam="--min-receivers 29 --max-wait 600"',
        **dict.fromkeys(("01", "0a", "03"), pupil),
        "21": common,
        "22": 'lang=FR rd.bootif=0 disk="model:Samsung SSD 860"',
    }
    assert [(one.name, one.group, one.armed) for one in room.machines] == [
        ("teacher", "", True),
        ("", "pupils", True),
        ("", "pupils", True),
        ("pc 03", "pupils", False),
        ("pc21", "back", False),
        ("pc22", "back", True),
    ]


WITH_MENUS = f"""\
[menu]
timeout = 10
[parameters]
lang = "FR"
auto = true
udpcparam = "--min-receivers 2 --receive-timeout 60"
[groups.a]
menu = {{ preset = "receive" }}
machines = ["{MAC}", {{ mac = "52:54:00:12:34:02", menu = {{ choices = ["send", "disk"], lang = "de" }} }}]
[groups.b]
menu = false
parameters.umode = "rcv"
machines = ["52:54:00:12:34:03", {{ mac = "52:54:00:12:34:04", menu = true }}]
[machines.c]
mac = "52:54:00:12:34:05"
"""


def test_the_nearest_word_of_a_menu_counts() -> None:
    room = parse_room(WITH_MENUS)
    assert room.menu == Menu(timeout=10)
    assert {one.mac[-1]: one.menu for one in room.machines} == {
        "5": Menu(timeout=10),
        "1": Menu(preset=Choice.RECEIVE, timeout=10),
        "2": Menu((Choice.SEND, Choice.DISK), Choice.SEND, 10, "de"),
        "3": None,
        "4": Menu(timeout=10),
    }
    alone = parse_room(f"timeout = 3\n[groups.a]\nmenu = true\nmachines = ['{MAC}']")
    assert (alone.menu, alone.timeout, alone.machines[0].menu) == (None, 3, Menu())


def test_what_a_menu_makes_of_a_line_is_no_mistake_and_no_doubt(tmp_path: Path) -> None:
    """auto=yes needs no role where a menu gives one; options of both roles stand on one line."""
    path = tmp_path / "room.toml"
    path.write_text(WITH_MENUS)
    assert warnings(path) == ()
    path.write_text("[menu]\nchoices = ['receive', 'disk']\n[parameters]\nudpcparam = '--min-receivers 2'")
    [told] = warnings(path)
    assert "line 4: udpcparam: --min-receivers=2 is an option of udp-sender" in told


def test_an_empty_file_is_a_room_in_which_everything_is_asked() -> None:
    assert parse_room("") == Room("")


@pytest.mark.parametrize(
    ("parameters", "line"),
    [
        ("auto = true\numode = 'rcv'", "auto=yes umode=rcv"),
        ("blank = false\nremontee_info = true", "blank=no remontee_info=yes"),
        ("rd.bootif = true", "rd.bootif=1"),
        ("quiet = true", "quiet"),
        ("port = 9002\nsilence = 60", "port=9002 silence=60"),
        ("disk = ['model:Samsung SSD', 'size:500G']", 'disk="model:Samsung SSD,size:500G"'),
        ("after = ['reboot', 'menu']", "after=reboot,menu"),
        ("console = ['tty0', 'ttyS0,115200']", "console=tty0 console=ttyS0,115200"),
        ("ip = ['eth0:dhcp', 'eth1:dhcp']", "ip=eth0:dhcp ip=eth1:dhcp"),
        ("i915.modeset = 0\nx.y.z = 0.5", "i915.modeset=0 x.y.z=0.5"),
    ],
)
def test_what_a_table_of_parameters_becomes(parameters: str, line: str) -> None:
    assert parse_room(f"[parameters]\n{parameters}\n").append == line


MISTAKES = [
    ("lable = 'x'", 1, 'did you mean "label"?'),
    ("[group.x]\nmachines = []", 1, 'did you mean "groups"?'),
    ("\numode = 'rcv'", 2, "written parameters.umode ="),
    (f"[machines]\npc1 = {{ mac = '{MAC}', disk = 'sda' }}", 2, '"disk" is no key in machines.pc1'),
    (f"[groups.x]\nmachines = ['{MAC}']\ntimeout = 5", 3, "it stands at the top of the file"),
    ("[parameters]\nlang = 'FR'\ntimeout = 5", 3, '"timeout" is no parameter of a PC: it stands above'),
    (f"[pc1]\nmac = '{MAC}'", 1, "a machine is written [machines.pc1]"),
    (f"[groups.a]\nmachines = ['{MAC}']\n[groups.a.pc1]\nmac = ''", 3, "written [groups.a.machines.pc1]"),
    ("xyzzy = 1", 1, "expected one of append, armed,"),
    ("timeout = '5'", 1, "a number of seconds from 0 to 3600"),
    ("timeout = true", 1, "a number of seconds"),
    ("timeout = -1", 1, "a number of seconds"),
    ("timeout = nan", 1, "a number of seconds"),
    ("default = 'localboot'", 1, '"launcher" or "disk"'),
    ("default = ['disk']", 1, '"launcher" or "disk"'),
    ("label = 'two words'", 1, 'label "two words" cannot be used'),
    ("label = 7", 1, "label is a text"),
    ("label = 'disk'\ndefault = 'disk'\ntimeout = 1", 1, 'label "disk" is that of the local disk'),
    ("armed = 'no'", 1, "armed is true or false, without quotes"),
    (f"[machines.a]\nmac = '{MAC}'\narmed = 1", 3, "armed is true or false"),
    ("groups = 1", 1, "[groups.NAME] was expected"),
    ("[groups]\nx = 3", 2, "[groups.NAME] was expected"),
    ("[groups.x]\narmed = true", 1, 'the group "x" has no machines'),
    ("[groups.x]\nmachines = []", 1, 'the group "x" has no machines'),
    ("[groups.x.machines]", 1, 'the group "x" has no machines'),
    (f"machines = '{MAC}'", 1, "machines are a list of MAC addresses"),
    ("[machines]\npc1 = '5254'", 2, '"5254" is no MAC address'),
    ("[machines]\npc1 = '525400123401'", 2, f'write "{MAC}"'),
    ("machines = [\n'01-52-54-00-12-34-01',\n]", 2, f'write "{MAC}"'),
    ("machines = [\n1,\n]", 2, "a MAC address in double quotes was expected"),
    ("[machines.pc1]\nappend = ''", 1, "a MAC address in double quotes is missing"),
    ("[machines]\npc1 = 'ff:ff:ff:ff:ff:ff'", 2, "is the address of no card"),
    ("[machines]\npc1 = '00:00:00:00:00:00'", 2, "is the address of no card"),
    (f"[machines]\n'{MAC}' = 'pc1'", 2, f'write NAME = "{MAC}"'),
    (f"machines = [\n'{MAC}',\n'{MAC}']", 3, f"the machine {MAC} is given twice (line 2 has it already)"),
    (f"machines = [\n'{MAC}',\n'{MAC.replace(':', '-')}']", 3, "is given twice (line 2 has it already)"),
    (
        f"[groups.a]\nmachines = ['{MAC}']\n[groups.b.machines]\nx = '{MAC}'",
        4,
        "is given twice (line 2 has it already)",
    ),
    (f"[machines]\na = '{MAC}'\nA = '52:54:00:12:34:02'", 3, 'the name "A" is given twice (line 2 has it already)'),
    (f"[groups.a]\n[groups.a.machines]\na = '{MAC}'", 3, 'the name "a" is given twice (line 1 has it already)'),
    (f"[machines]\nall = '{MAC}'", 2, '"all" is no name of a machine'),
    (f"[machines]\n-a = '{MAC}'", 2, '"-a" is no name of a machine'),
    (f"[machines]\n'' = '{MAC}'", 2, '"" is no name of a machine'),
    (f"machines = [{{ mac = '{MAC}', name = 7 }}]", 1, '"" is no name of a machine'),
    (f"[groups.'a/b']\nmachines = ['{MAC}']", 1, '"a/b" is no name of a group'),
    ("append = 7", 1, "append is a text in quotes"),
    ("append = 'a=\"b'", 1, "is never closed"),
    ("append = 'initrd=other'", 1, "leave initrd= out"),
    ("append = 'disk=model:Samsung SSD 860'", 1, 'disk="model:Samsung SSD 860"'),
    ("parameters = 'umode=rcv'", 1, "parameters are a table"),
    ("append = 'port=9002'\nparameters.port = 9004", 2, '"port" is given twice (line 1 has it already)'),
    ("[parameters]\nstart-timeout = 60\nSTART_TIMEOUT = 60", 3, "is given twice (line 2 has it already)"),
    ("[parameters]\ninitrd = 'x'", 2, "leave it out"),
    ("[parameters]\n'a b' = 1", 2, '"a b" is no name of a parameter'),
    ("[parameters]\nport = 9001", 2, "port=9001 is odd"),
    ("[parameters]\ndisk = 'seriall:X'", 2, "seriall is no selector"),
    ("[parameters]\ndisk = ['size:500G', 'size:much']", 2, "size:much is no size"),
    ("[parameters]\nprot = 9002", 2, "did you mean port?"),
    ("[parameters]\nauto = 'True'\numode = 'rcv'", 2, "auto = true was expected, without quotes"),
    ("[parameters]\nauto = 'false'", 2, "auto = false was expected, without quotes"),
    ("[parameters]\ngrow = 'true'", 2, "grow = true was expected, without quotes"),
    ("[parameters]\nretry = true", 2, "retry is no matter of true or false"),
    ("[parameters]\nsplash = false", 2, "splash = false: leave it out"),
    ("[parameters]\nport = [9000, 9002]", 2, "port has one value"),
    ("[parameters]\ndisk = []", 2, "an empty list"),
    ("[parameters]\nx = [[1]]", 2, "a text in double quotes was expected"),
    ("[parameters]\nx = inf", 2, "a text in double quotes was expected"),
    ("[parameters]\nx = {}", 2, "a text in double quotes was expected"),
    ("[parameters]\nx = 0x10000000000000000", 2, "a text in double quotes was expected"),
    ("[parameters]\nx = 2026-11-28", 2, "a text in double quotes was expected"),
    ('[parameters]\nx = "\\u0007"', 2, "control character U+0007"),
    ("[parameters]\nx = '\"a b\"'", 2, "double quote"),
    (
        "[parameters]\nlang = 'FR'\nauto = true",
        3,
        "PCs that are not named here, and has auto=yes, but no role: write def",
    ),
    ("append = 'auto=yes'\ntimeout = 5", 1, 'write default = "disk" above the first [table]'),
    ("default = 'disk'\ntimeout = 5\nparameters.auto = true", 3, "move auto into the groups, or take timeout out"),
    (
        f"default = 'disk'\nparameters.auto = true\n[groups.back]\nmachines = ['{MAC}', '52:54:00:12:34:02']",
        3,
        'in the group "back", PCs have auto=yes, but no role: add umode = "rcv" or umode = "snd"',
    ),
    (
        f"default = 'disk'\nparameters.auto = true\n[machines]\nteacher = '{MAC}'",
        4,
        f"the line of teacher ({MAC}): auto=yes, but the role is not given. Add umode=",
    ),
    ("[parameters]\nauto = true\numod = 'rcv'", 3, "umod=rcv: unknown; did you mean umode?"),
    ("menu = 'yes'", 1, "menu is a table, [menu] with lines NAME = VALUE below, or false"),
    ("[menu]\nchoice = ['ask']", 2, '"choice" is no key in menu: did you mean "choices"?'),
    ("[menu]\ntimeout = 5\ndefault = 'disk'", 3, "it stands at the top of the file"),
    ("[menu]\nchoices = 'ask'", 2, 'choices are a list, such as ["ask", "receive", "send", "disk"]'),
    ("[menu]\nchoices = []", 2, "two choices or more, each once: none was given"),
    ("[menu]\nchoices = ['ask', 'ask']", 2, "two choices or more, each once: ask, ask was given"),
    ("[menu]\nchoices = ['ask', 'local']", 2, '"local" is no choice of a menu: ask, receive, send, disk are'),
    ("[menu]\nchoices = ['ask', 7]", 2, '"7" is no choice'),
    ("[menu]\npreset = 'yes'", 2, '"yes" is no choice of a menu'),
    (
        "[menu]\nchoices = ['ask', 'send']\npreset = 'disk'",
        3,
        'preset is one of the choices, ask, send: "disk" is none',
    ),
    ("[menu]\ntimeout = '5'", 2, "timeout is a number of seconds from 0, which waits for a key, to 3600"),
    ("[menu]\ntimeout = true", 2, "a number of seconds from 0, which waits"),
    ("[menu]\ntimeout = nan", 2, "a number of seconds from 0, which waits"),
    ("[menu]\nlang = 'klingon'", 2, "klingon is not known"),
    ("[menu]\nlang = 7", 2, "lang is a text in double quotes"),
    ('[menu]\nlang = "a\\u0007"', 2, "control character"),
    ("timeout = 5\n[menu]\npreset = 'ask'", 1, "write timeout below [menu], and leave this one out (line 2 has it"),
    ("[parameters]\nmenu = false", 2, '"menu" is no parameter of a PC: it stands above [parameters]'),
    ("parameters.consent = 'ask'\nparameters.auto = true\nparameters.umode = 'rcv'", 1, "consent=ask waits for a key"),
    (
        f"[groups.a]\nmachines = ['{MAC}']\nmenu.preset = 'disk'\nmenu.choices = ['ask', 'send']",
        3,
        '"disk" is none of them',
    ),
    (
        "[menu]\nchoices = ['send', 'disk']\n[parameters]\ncompr = 'recognise'",
        4,
        "compr=recognise is for receivers only",
    ),
    ("[parameters]\numode = 'snd'\ncompr = 'recognise'", 3, "compr=recognise is for receivers only"),
    (f"[groups.a]\nmachines = ['{MAC}',\n'52:54:00:12:34:02']\n[groups.a.parameters]\nport = 1", 5, "port=1 is odd"),
]


@pytest.mark.parametrize(("text", "line", "words"), MISTAKES, ids=[text for text, *_ in MISTAKES])
def test_a_mistake_is_one_sentence_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(RoomError) as caught:
        parse_room(text)
    [sentence] = str(caught.value).splitlines()
    assert sentence.startswith(f"room.toml, line {line}: ") and words in sentence and sentence[-1] in ".?"


def test_a_mistake_that_many_machines_have_is_told_once() -> None:
    macs = [f"52:54:00:12:34:{number:02x}" for number in range(30)]
    long = f"machines = {macs}\n[parameters]\na = '{'x' * 1000}'\nb = '{'y' * 1000}'"
    with pytest.raises(RoomError, match=r"^room.toml, line 1: the line of machines that are not named \(and 30 more\)"):
        parse_room(long)
    with pytest.raises(
        RoomError, match=r"^room.toml, line 3: the parameter.*\nroom.toml, line 4: .*\nroom.toml, line 5"
    ):
        parse_room("[parameters]\na = 1\nA = 2\nb = []\nc = nan")
    with pytest.raises(RoomError, match=r"and 10 more mistakes\.$"):
        parse_room("\n".join(f"k{number} = 1" for number in range(30)))


def test_a_mistake_hides_no_other_one() -> None:
    text = (
        "lable = 'x'\nlabel = 'a b'\n[parameters]\nport = 9001\n[groups.a]\nparameters.disk = 'seriall:X'\n"
        "machines = [\n'5254',\n]\n[machines.b]\nmac = '52'\nparameters = { lang = 'klingon' }\n[machines.c]\nmac = 7\n"
    )
    with pytest.raises(RoomError) as caught:
        parse_room(text)
    places = [sentence.split(":")[0] for sentence in str(caught.value).splitlines()]
    assert places == [f"room.toml, line {number}" for number in (1, 2, 4, 6, 8, 11, 12, 14)]


def test_what_only_follows_from_a_mistake_is_not_told() -> None:
    for wrong in ("umode = true", "UMODE = []", "umod = 'rcv'"):
        with pytest.raises(RoomError) as caught:
            parse_room(
                f"default = 'disk'\n[groups.a]\nmachines = ['{MAC}']\n[groups.a.parameters]\nauto = true\n{wrong}"
            )
        assert str(caught.value).startswith("room.toml, line 6: ") and "\n" not in str(caught.value)


def test_a_line_that_nobody_boots_need_not_be_whole() -> None:
    text = f"[parameters]\nauto = true\n[groups.a]\nparameters.umode = 'rcv'\nmachines = ['{MAC}']"
    assert lines(parse_room(f"default = 'disk'\n{text}")) == {"01": "auto=yes umode=rcv"}
    for reachable in ("", "default = 'disk'\ntimeout = 3\n"):
        with pytest.raises(RoomError, match="move auto into the groups"):
            parse_room(reachable + text)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("default = 'disk'".encode("utf-16"), "line 1: this is no UTF-8 text; save the file as UTF-8."),
        (b"a = 1\n# \xe9t\xe9\n", "line 2: this is no UTF-8 text; save the file as UTF-8."),
        (b"#" * (LARGEST + 1), "is larger than 256 KiB"),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, raw: bytes, words: str) -> None:
    path = tmp_path / "room.toml"
    path.write_bytes(raw)
    with pytest.raises(RoomError, match=words):
        read_room(path)


def test_a_file_as_an_editor_saves_it(tmp_path: Path) -> None:
    path = tmp_path / "room.toml"
    path.write_bytes(b"\xef\xbb\xbf" + ROOM.replace("\n", "\r\n").encode())
    assert read_room(path) == parse_room(ROOM)
    with pytest.raises(RoomError, match=f"^{tmp_path} cannot be read: Is a directory"):
        read_room(tmp_path)
    with pytest.raises(RoomError, match=r"missing\.toml cannot be read: No such file"):
        read_room(tmp_path / "missing.toml")


PIECES = """
[parameters]|[groups.a]|[groups.a.machines]|[[machines]]|[machines]|machines = [|]|{|}|= true|= 1e9|= nan|= 1979-05-27
= "|= '''|\"\"\"|\\|\\u0000|“|append = "a=\\"b"|umode = 'rcv'|auto = true|port = 9001|= [[[|disk = ['a', 1]|a.b.c = 1
'' = ''|default = 'disk'|timeout = 1|label = '\u202e'|armed = false|52:54:00:12:34:01|mac = |initrd = 1|-- = 1|#
""".replace("\n", "|").split("|")
PIECES += [
    "[menu]",
    "menu = true",
    "menu = {",
    "choices = ['ask', 'disk']",
    "preset = 'send'",
    "lang = 'DE'",
    "[groups.a.menu]",
]
PIECES += ["\x00", "\x1b", "\ud7ff", "\r", "\n", "\nx = 1\n"]


def mangled(chance: random.Random) -> str:
    """The room above with a few pieces, lines or characters cut out, doubled, exchanged or put in."""
    lines = chance.sample(ROOM.splitlines(), chance.randint(2, 12)) if chance.random() < 0.5 else ROOM.splitlines()[4:]
    text = "\n".join(lines)
    for _ in range(chance.randint(1, 5)):
        at, until = sorted(chance.choices(range(len(text) + 1), k=2))
        until = min(until, at + chance.choice((0, 0, 1, 20)))
        text = text[:at] + chance.choice(("", text[at:until] * 2, *chance.choices(PIECES, k=4))) + text[until:]
    return text


@pytest.mark.parametrize("seed", range(10))
def test_no_text_gives_anything_but_a_room_or_sentences(seed: int) -> None:
    chance, rooms = random.Random(seed), 0
    for _ in range(1000):
        text = mangled(chance)
        try:
            rooms += bool(parse_room(text))
        except RoomError as error:
            for sentence in str(error).splitlines():
                assert sentence.startswith("room.toml") and sentence.isprintable(), text
    assert 0 < rooms < 1000


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 100_000,
        "a = " + "{a=" * 20_000,
        ".".join("a" * 10_000) + " = 1",
        "parameters." + ".".join("a" * 5_000) + " = 1",
        "".join(f"[parameters.a{number}.b]\nc=1\n" for number in range(8_000)),
        "".join(f"k{number} = 1\n" for number in range(15_000)),
        "x = '''\n" + "\n" * 200_000,
        "machines = [" + f"'{MAC}',\n" * 10_000 + "]",
        "0 = " + "9" * 200_000,
    ],
    ids=lambda text: text[:20],
)
def test_a_text_that_is_meant_to_hurt_does_not_take_long(text: str) -> None:
    begin = time.process_time()
    with pytest.raises(RoomError):
        parse_room(text)
    assert time.process_time() - begin < 20
