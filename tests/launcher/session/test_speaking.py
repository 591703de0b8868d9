"""Keyboard, font and the words of /init follow the language, and what was given."""

from __future__ import annotations

import fcntl
import struct
from pathlib import Path

import pytest

from kernel_cmdline import parse
from launcher import shells
from launcher.answers.lookup import given_answers
from launcher.errors import ErrorKind, LauncherError
from launcher.hardware import terminal
from launcher.sentence import say
from launcher.session import speaking
from launcher.session.speaking import Speaking, loadable
from launcher.session.transferring import Transferring
from tests.common import ONE
from tests.launcher.session.driver import FakeSystem, Seat


class Loaded:
    """What was loaded; `broken`: nothing can be."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, screen: bool = True) -> None:
        self.seen, self.notes, self.broken = list[str](), list[str](), False
        monkeypatch.setattr(terminal, "there", lambda: screen)
        monkeypatch.setattr(terminal, "load_keymap", lambda name, before: self._load(name))
        monkeypatch.setattr(terminal, "load_font", lambda: self._load("font"))
        self.speaking = Speaking(self.notes.append, tmp_path / "words")

    def _load(self, name: str) -> None:
        if self.broken:
            raise OSError("broken")
        self.seen.append(name)

    def speak(self, language: str, line: str) -> list[str]:
        """What is loaded for the next page."""
        self.seen.clear()
        self.speaking.speak(language, given_answers(parse(line)))
        return list(self.seen)


@pytest.mark.parametrize(
    ("language", "line", "name"),
    [
        ("fr", "lang=FR", "fr"),
        ("fr", "lang=fr_CH", "ch-fr"),
        ("de", "lang=FR", "de"),
        ("fr", "lang=FR kbmap=BE", "be"),
        ("en", "kbmap=de-latin1-nodeadkeys", "de"),
        ("en", "keymap=fr", "fr"),
        ("en", "keyboard-layouts=nonsense,dk", "dk"),
        ("fr", "lang=FR kbmap=nonsense", "fr"),
        ("en", "", "us"),
    ],
)
def test_the_keymap_is_the_one_that_is_named_or_else_the_languages(language: str, line: str, name: str) -> None:
    assert loadable(language, given_answers(parse(line))) == name


def test_each_is_loaded_once_and_english_needs_neither(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    loaded = Loaded(monkeypatch, tmp_path)
    assert loaded.speak("en", "lang=EN") == []
    assert loaded.speak("fr", "lang=EN") == ["fr", "font"]
    assert loaded.speak("fr", "lang=EN") == []
    assert loaded.speak("de", "lang=EN") == ["de"]
    assert loaded.speak("en", "lang=EN") == ["us"]
    assert loaded.speak("en", "kbmap=be") == ["be"]
    assert loaded.notes == [f"the keymap {name} is loaded" for name in ("fr", "de", "us", "be")]


def test_a_pc_without_a_screen_has_nothing_loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert Loaded(monkeypatch, tmp_path, screen=False).speak("fr", "lang=FR") == []


def test_what_cannot_be_loaded_is_noted_and_tried_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    loaded = Loaded(monkeypatch, tmp_path)
    loaded.broken = True
    assert loaded.speak("fr", "lang=FR") == []
    assert loaded.notes == ["keyboard or screen: broken"] * 2
    loaded.broken = False
    assert loaded.speak("fr", "lang=FR kbmap=FR") == ["fr", "font"]


def test_inits_words_are_formats_of_printf_for_each_kind_of_console(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(speaking, "tr", lambda sentence: f"é\\{sentence}")
    loaded = Loaded(monkeypatch, tmp_path)
    loaded.speak("fr", "lang=fr_FR.ISO-8859-1")
    assert not (tmp_path / "words").exists()  # no page waits for it
    loaded.speaking.tell_init()
    words, serial = (tmp_path / "words").read_bytes(), (tmp_path / "words.serial").read_bytes()
    assert "log é\\\\The log is in %s.\n".encode() in words
    assert b"log \xe9\\\\The log is in %s.\n" in serial
    assert words.count(b"\n") == serial.count(b"\n") == len(speaking.SAID)


# --- what the kernel is asked for -------------------------------------------------------------------------------------


def test_font_and_keymap_are_handed_over_as_they_were_built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[tuple[int, bytes]] = []

    def ioctl(descriptor: int, request: int, argument: bytes) -> bytes:
        asked.append((request, argument))
        return struct.pack(terminal.FONT_OP, 1, 0, 8, 16, 256, 0)

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    (tmp_path / "font16").write_bytes(struct.pack("<4H", 8, 16, 1, 1) + bytes(32) + struct.pack("<2H", 0xE9, 0))
    terminal.load_font(tmp_path, "/dev/null")
    assert [request for request, _ in asked] == [0x4B72, 0x4B72, 0x4B68, 0x4B67]
    assert struct.unpack(terminal.FONT_OP, asked[1][1])[:5] == (0, 0, 8, 16, 1)
    assert struct.unpack("@HP", asked[3][1])[0] == 1
    asked.clear()
    (tmp_path / "keymaps").mkdir()
    planes = bytes(number in (0, 3) for number in range(256))
    for name, values in (("us", range(256)), ("fr", (*range(100), 7, 8, *range(102, 256)))):
        (tmp_path / "keymaps" / name).write_bytes(b"bkeymap" + planes + struct.pack("<256H", *values))
    differing, all_of_3 = [(0, 100, 7), (0, 101, 8)], [(3, key, 128 + key) for key in range(128)]

    def loaded(name: str, before: str) -> list[tuple[int, ...]]:
        asked.clear()
        terminal.load_keymap(name, before, tmp_path, "/dev/null")
        return [struct.unpack("@BBH", argument) for _, argument in asked]

    assert loaded("fr", "us") == [*differing, *all_of_3]  # the kernel's own has no such plane
    assert loaded("us", "us") == all_of_3
    (tmp_path / "keymaps/be").write_bytes((tmp_path / "keymaps/fr").read_bytes())
    assert loaded("be", "fr") == []


def test_a_large_font_is_for_a_screen_whose_own_is_large(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fcntl, "ioctl", lambda *_: struct.pack(terminal.FONT_OP, 1, 0, 16, 32, 256, 0))
    with pytest.raises(FileNotFoundError, match="font32"):
        terminal.load_font(tmp_path, "/dev/null")


def test_locking_goes_on_where_one_way_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked, notes = list[int](), list[str]()
    monkeypatch.setattr(fcntl, "ioctl", lambda _, request, argument: asked.append(request))
    terminal.lock(notes.append, "/dev/null", tmp_path / "sysrq")
    assert ((tmp_path / "sysrq").read_text(), asked, notes) == ("0\n", [terminal.VT_LOCKSWITCH], [])
    terminal.lock(notes.append, str(tmp_path / "none"), tmp_path / "none/sysrq")
    assert len(notes) == 2


# --- no shell ---------------------------------------------------------------------------------------------------------


def seat_on(line: str) -> Seat:
    return Seat(f"ip=10.0.0.7/24 nic=eth0 {line}", FakeSystem(ONE))


@pytest.mark.usefixtures("no_terminal")
def test_where_nothing_is_asked_there_is_no_shell_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shells, "_allowed", True)
    seat = seat_on("shell=no auto=yes umode=rcv disk=/dev/sda after=shell")
    assert (seat.stage, seat.system.shells_allowed) == (Transferring, False)


@pytest.mark.usefixtures("no_terminal")
@pytest.mark.parametrize(
    ("line", "allowed"), [("", True), ("shell=yes", True), ("shell=no", False), ("shell=nein", False)]
)
def test_menu_and_results_offer_a_shell_where_there_may_be_one(
    line: str, allowed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shells, "_allowed", True)  # as it is again for other tests
    seat = seat_on(line)
    assert seat.system.shells_allowed is allowed
    seat.menu()
    assert "Power off" in seat.text and ("Shell" in seat.text) is allowed
    seat.back()
    seat.app.fail(LauncherError(ErrorKind.WRONG_LINE, say("It is wrong.")))
    assert "Power off" in seat.text and ("Shell" in seat.text) is allowed
    seat.act("shell")
    assert seat.left is allowed
    if not allowed:
        assert "shell=no forbids it" in seat.text
