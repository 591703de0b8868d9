"""Boot menus: what each choice boots, whatever loader shows it, and how its words are written for each."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace

import pytest

from kernel_cmdline import CommandLine, Parameter, parse
from launcher.answers.explain import prospect
from pxe.entries.boot_entry import BootEntry, BootEntryError, make_entry
from pxe.entries.configuration import booted, configurations, items, of_machine
from pxe.entries.grub import Network, render_menu
from pxe.entries.loader import BEGINNING, is_ours
from pxe.entries.loaders import GRUB, IPXE, LOADERS, PXELINUX, Loader
from pxe.entries.menu import ALL, Choice, Item, Items, Menu, MenuError, chosen
from pxe.entries.menu_words import words_of
from pxe.entries.room import Boot, Machine, Room
from tests.pxe.entries import test_grub, test_ipxe

MAC = "52:54:00:aa:bb:01"
by_name = pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.name)


@pytest.mark.parametrize(
    ("line", "choice", "booted"),
    [
        ("lang=FR umode=snd -- x", "ask", "lang=FR consent=ask quiet -- x"),
        ("auto=yes umode=rcv lang=FR", "ask", "lang=FR consent=ask quiet"),
        ("auto=no umode=rcv", "ask", "auto=no consent=ask"),
        ("lang=FR -- umode=x", "receive", "lang=FR consent=ask quiet umode=rcv -- umode=x"),
        ("umode=snd disk=/dev/sda consent=given", "receive", "disk=/dev/sda consent=ask umode=rcv"),
        ("auto=no auto=YES umode=rcv disk=/dev/sda", "receive", "auto=no auto=YES disk=/dev/sda umode=rcv"),
        ("auto=yes auto=no", "receive", "auto=yes auto=no consent=ask umode=rcv"),
        ("auto lang=FR", "receive", "auto lang=FR consent=ask quiet umode=rcv"),
        ("UMODE=rcv auto=yes", "send", "auto=yes umode=snd"),
        ("lang=de_CH.UTF-8", "send", "lang=de_CH.UTF-8 quiet umode=snd"),
        ("lang=FR lang=EN", "send", "lang=FR lang=EN umode=snd"),
        ("lang=C", "send", "lang=C umode=snd"),
        ("lang=zz", "send", "lang=zz umode=snd"),
        ("lang=FR quiet", "send", "lang=FR quiet umode=snd"),
        ("lang=FR loglevel=7", "send", "lang=FR loglevel=7 umode=snd"),
        ("lang=FR debug -- quiet", "send", "lang=FR debug umode=snd -- quiet"),
    ],
)
def test_what_a_choice_boots(line: str, choice: str, booted: str) -> None:
    assert CommandLine(chosen(parse(line), Choice(choice))).parameters == parse(booted).parameters


@pytest.mark.parametrize("line", ["disk=/dev/sda", "umode=rcv disk=/dev/sda", "auto=no disk=/dev/sda", "auto", ""])
def test_a_key_alone_overwrites_no_disk(line: str) -> None:
    """Unless the line says that nobody is asked; nor where a udpcfg.txt has what the line does not say."""
    entries = booted(Room(line, menu=Menu()))
    for choice in ("ask", "receive"):
        text = " ".join(f"{one.name}={one.value}" for one in entries[choice].command_line)
        assert not prospect(text).unattended and "consent=ask" in text
    assert prospect("auto=yes umode=rcv disk=/dev/sda").unattended


@pytest.mark.parametrize(
    ("choices", "preset", "words"),
    [
        ((), "ask", "two choices or more"),
        (("ask",), "ask", "two choices or more"),
        (("ask", "disk", "ask"), "ask", "each once"),
        (("send", "disk"), "ask", '"ask" is none of them'),
    ],
)
def test_what_is_no_menu(choices: tuple[str, ...], preset: str, words: str) -> None:
    with pytest.raises(MenuError, match=words):
        Menu(tuple(map(Choice, choices)), Choice(preset))


def shown(line: str, menu: Menu) -> Items:
    return items(menu, make_entry(line))


def rows(text: str) -> list[tuple[str, str, bool]]:
    """Number, title and whether it is the preset, of each row of a menu, in the words of its loader."""
    if found := re.findall(r"menu label \^(\d)\. (.*)\n(    menu default\n)?", text):
        return [
            (number, title.encode("ascii", "surrogateescape").decode("cp437"), bool(preset))
            for number, title, preset in found
        ]
    if found := re.findall(r"menuentry --hotkey=(\d) '\1\. (.*)' \{", text):
        default = re.findall(r"set default=(\d)", text)
        return [(number, title.replace("'\\''", "'"), [str(int(number) - 1)] == default) for number, title in found]
    preset = re.findall(r"choose --default (\w+)", text)
    found = re.findall(r"item --key (\d) (\w+) \1\. (.*)\n", text)
    return [(number, title, [choice] == preset) for number, choice, title in found]


ENDS = (" consent=ask quiet", " consent=ask quiet umode=rcv", " quiet umode=snd")
FRENCH = {
    Choice.RECEIVE: "RÉCEPTEUR : son disque est ÉCRASÉ par celui de l'émetteur",
    Choice.SEND: "ÉMETTEUR : son disque est lu et envoyé à tous les récepteurs",
}


@by_name
@pytest.mark.parametrize("preset", ALL)
def test_all_loaders_show_the_same_choices_in_the_same_order(loader: Loader, preset: Choice) -> None:
    order = (Choice.SEND, Choice.DISK, Choice.RECEIVE, Choice.ASK)
    menu = shown("lang=FR", Menu(order, preset, 10))
    for text in (loader.menu(menu), loader.own_menu(menu)):
        assert is_ours(text.encode("utf-8", "surrogateescape")[:BEGINNING])
        there = rows(text)
        assert [number for number, _, _ in there] == ["1", "2", "3", "4"]
        assert [order[n] for n, row in enumerate(there) if row[2]] == [preset]
        titles = [FRENCH[Choice.SEND], FRENCH[Choice.RECEIVE]]
        if loader is not PXELINUX:
            titles = [title.translate(str.maketrans("ÉÀéà", "EAea")) for title in titles]
        assert [there[0][1], there[2][1]] == titles


@by_name
def test_each_choice_carries_its_whole_line(loader: Loader) -> None:
    menu = shown('lang=FR udpcparam="--min-receivers 29" x=$y', Menu(ALL, Choice.ASK, 5))
    lines = []
    for text in (loader.menu(menu), loader.own_menu(menu)):
        if loader is PXELINUX:
            found = re.findall(r"append initrd=udpcast-initrd (.*)\n", text)
            lines.append([parse(one).parameters for one in found])
            continue
        booted = test_grub.booted if loader is GRUB else test_ipxe.booted
        alone = re.findall(r"^ *if linux .*$" if loader is GRUB else r"^kernel .*$", text, re.MULTILINE)
        lines.append([tuple(one for one in parse(booted(f"{line}\n")) if _is_ours(one)) for line in alone])
    common = 'lang=FR udpcparam="--min-receivers 29" x=$y'
    wanted = [parse(f"{common}{more}").parameters for more in ENDS]
    assert lines == [wanted, wanted]


def _is_ours(one: Parameter) -> bool:
    return not one.name.startswith("$") and one.name not in ("initrd", "BOOT_IMAGE", "BOOTIF")


@pytest.mark.parametrize(
    ("loader", "waits", "forever"),
    [
        (PXELINUX, "timeout 25\n", "timeout 0\n"),
        (GRUB, "set timeout=3\n", "set timeout=-1\n"),
        (IPXE, "--default ask --timeout 2500 udpcast-choice", "--default ask udpcast-choice"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_how_long_a_menu_waits(loader: Loader, waits: str, forever: str) -> None:
    assert waits in loader.menu(shown("", Menu(timeout=2.5))) and forever in loader.menu(shown("", Menu()))


def test_what_shows_the_menu_of_pxelinux() -> None:
    """Without it there is a prompt without words, and the first section boots; with TAB nobody edits a line."""
    text = PXELINUX.menu(shown("", Menu()))
    assert "\nui menu.c32\nprompt 0\n" in text and "\nallowoptions 0\n" in text
    assert set(PXELINUX.menu_files) == {"menu.c32", "libutil.c32"}


def test_an_escape_key_in_ipxe_begins_nothing() -> None:
    text = IPXE.menu(shown("", Menu(ALL, Choice.RECEIVE, 5)))
    assert "udpcast-choice || goto menu\n" in text and "\n:menu\nmenu What is this PC? || goto receive\n" in text
    assert "|| goto disk\nitem" in IPXE.menu(shown("", Menu(ALL, Choice.RECEIVE)))  # one that knows no menus


HOSTILE = [
    *("it's $(id)", "a'; reboot; '", "${net0/mac}", "a || reboot", "#x", "^1 label x", "\x1b[2J\x9b31m", "a\nlabel x"),
    *("\u202egnp", "\udcff", "%s {} \\", "  ", "é" * 200, "漢字 ø ã ß ÆØÅ Œ", "`id`"),
]


@by_name
@pytest.mark.parametrize("title", HOSTILE)
def test_no_words_of_a_menu_become_anything_else(loader: Loader, title: str) -> None:
    entry = make_entry("lang=FR")
    plain = Items("T", (Item(Choice.ASK, "x", entry), Item(Choice.DISK, "y", None)), Choice.ASK, 5)
    hostile = replace(plain, title=title, rows=tuple(replace(one, title=title) for one in plain.rows))
    for render in (loader.menu, loader.own_menu, loader.menu_section, loader.own_menu_section):
        text, simple = render(hostile), render(plain)
        assert len(text.split("\n")) == len(simple.split("\n"))
        assert all(char.isprintable() or char == "\n" or "\udc80" <= char <= "\udcff" for char in text)
        changed = [line for line, old in zip(text.split("\n"), simple.split("\n"), strict=True) if line != old]
        assert all(re.match(r" *(menu (title|label) |menuentry --hotkey|item --key|menu )", line) for line in changed)
        for line in changed if loader is PXELINUX else ():
            assert line.count("^") <= line.count("menu label"), line  # it marks a key
        for line in changed if loader is IPXE else ():
            assert not re.search(r"\$|#|;|&|\|(?!\| goto \w+$)", line.removesuffix(" || goto ask")), line
        if loader is GRUB and "menuentry" in text:
            done = subprocess.run(["grub-script-check"], input=text, text=True, capture_output=True, check=False)
            assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("lang", "title"),
    [("", "What is this PC?"), ("fr_FR.UTF-8", "Quel est le rôle de ce PC ?"), ("xx", "What is this PC?")],
)
def test_the_words_are_those_of_the_line_or_of_the_menu(lang: str, title: str) -> None:
    assert words_of(lang).title == title
    assert shown(f"lang={lang or 'EN'}", Menu()).title == title
    assert shown("lang=EN", Menu(lang=lang)).title == title


@pytest.mark.parametrize("network", Network)
def test_grub_itself_reads_it(network: Network) -> None:
    text = render_menu(shown("lang=FR", Menu(timeout=5)), network)
    done = subprocess.run(["grub-script-check"], input=text, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@by_name
def test_who_shows_a_menu(loader: Loader) -> None:
    """Not who boots his disk: one that is not armed, one that is done, one that is not named where that is said."""
    menu = Menu(ALL, Choice.DISK, 5)
    armed, left = Machine(MAC, menu=menu), Machine("52:54:00:aa:bb:02", armed=False, menu=menu)
    room = Room("lang=FR", (armed, left), menu=menu)
    texts = {one.path: one.text for one in configurations(room, loaders=(loader,))}
    assert texts[loader.default] == loader.menu(shown("lang=FR", menu))
    assert texts[loader.machine(MAC)] == loader.own_menu(shown("lang=FR", menu))
    assert texts[loader.machine(left.mac)] == loader.disk
    assert of_machine(room, MAC, {MAC}, (loader,))[0].text == loader.disk
    [default, *_] = configurations(replace(room, default=Boot.DISK), loaders=(loader,))
    assert default.text == loader.default_disk


def test_to_a_file_that_is_not_ours_the_choices_are_added() -> None:
    pxelinux, grub, ipxe = (loader.menu_section(shown("lang=FR", Menu())) for loader in (PXELINUX, GRUB, IPXE))
    assert re.findall(r"^label (\S+)$", pxelinux, re.MULTILINE) == [
        "udpcast",
        "udpcast-receive",
        "udpcast-send",
        "disk",
    ]
    assert pxelinux.isascii() and "menu default" not in pxelinux and not re.search("^(ui|timeout)", pxelinux, re.M)
    assert grub == "menuentry 'udpcast' {\n  configfile $prefix/udpcast.cfg\n}\n"
    assert ipxe == ":udpcast\nchain --autofree udpcast.ipxe\n"


def test_a_line_that_is_too_long_with_its_choice_is_refused() -> None:
    entry = BootEntry(parse("x=" + "y" * 1890))
    PXELINUX.config(entry, 0)
    with pytest.raises(BootEntryError, match='label "udpcast-receive" comes to'):
        PXELINUX.menu(items(Menu(), entry))


@pytest.mark.parametrize("loader", [GRUB, IPXE], ids=lambda loader: loader.name)
@pytest.mark.parametrize("menu", [None, Menu()], ids=["line", "menu"])
def test_who_cannot_boot_is_told_so_in_the_language_of_his_line(loader: Loader, menu: Menu | None) -> None:
    """In ASCII, and whole: of an apostrophe nothing is lost in GRUB."""
    french = "Le noyau et l'initrd n'ont pas pu etre charges. Ce PC redemarre dans 60 secondes."
    room = Room("lang=FR", machines=(Machine(MAC, menu=menu),), menu=menu)
    texts = [one.text for one in configurations(room, loaders=[loader])]
    telling = [text.replace("'\\''", "'") for text in texts if "echo udpcast" in text or "echo 'udpcast" in text]
    assert telling and all(text.isascii() and french in text and "could not" not in text for text in telling)
    assert french in loader.config(make_entry("lang=fr_FR"), 0).replace("'\\''", "'")
    assert "Kernel and initrd could not be loaded." in loader.config(make_entry("lang=xx"), 0)
    shown = loader.config(make_entry("lang=FR"), 5)
    assert "Demarrer le systeme du disque" in shown and "The local disk" not in shown


def test_grub_says_what_is_loaded_while_its_screen_would_be_empty() -> None:
    shown = items(Menu(), make_entry("lang=FR"))
    text = GRUB.menu(shown)
    assert "{ echo '1. Demander a l'\\''ecran suivant ...'; udpcast_ask }" in text
    assert "{ echo '2. RECEPTEUR ...'; udpcast_receive }" in text
    assert text.count("menuentry ") == text.count(" ...'; udpcast_") == 4
