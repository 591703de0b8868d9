"""What is settled is put once more with a key: what the operator sees, what he can change, and what never moves."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from kernel_cmdline import CommandLineError
from launcher.answers.questions import GivenAnswers
from launcher.answers.selectors import identity, whole
from launcher.model.machine import Machine
from launcher.model.outcome import OutcomeKind
from launcher.model.plan import After, Compression, Next
from launcher.screens.widgets import Page
from launcher.sentence import say
from launcher.translate import set_language, tr
from tests import hostile
from tests.common import ONE, TWO
from tests.launcher.session.driver import ADDRESS, ANOTHER, FakeSystem, FakeUi, Seat, begun

pytestmark = pytest.mark.usefixtures("no_terminal")


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    set_language("en")


def press(seat: Seat, *keys: str) -> None:
    """As the loop does: the widget first, then the page, then what every page has."""
    for key in keys:
        assert seat.ui.page
        page = seat.ui.page
        page.widget.render((80, 24), focus=True)
        if page.widget.keypress((80, 24), key) is None:
            continue
        if key in page.keys:
            page.keys[key]()
        elif key == "esc":
            seat.back()


def at(seat: Seat, title: str) -> None:
    """Move the focus to the line that begins so."""
    title = " ".join(title.split())
    for key in ("up", "down"):
        same, before = 0, ""
        while same < 4:  # a key may only scroll
            now = marked(seat)
            if now.startswith(title):
                return
            press(seat, key)
            same, before = (same + 1 if now == before else 0), now
    raise AssertionError(f"no line {title} in\n{seat.text}")


def marked(seat: Seat) -> str:
    """The line that has the focus."""
    return next(" ".join(line[2:].split()) for line in seat.text.split("\n") if line.startswith(" >"))


def line_of(seat: Seat, title: str) -> str:
    """What is settled under this title, in one line."""
    lines = seat.text.split("\n")
    begin = next(number for number, line in enumerate(lines) if line[2:].startswith(f"{title} "))
    rest = lines[begin + 1 :]
    behind = next((number for number, line in enumerate(rest) if not line.startswith("      ")), len(rest))
    return " ".join(" ".join([lines[begin][2:], *rest[:behind]]).split())


def write(seat: Seat, text: str) -> None:
    """Type in the place of what stands there."""
    press(seat, "end", *["backspace"] * 40, *text, "enter")


def test_the_focus_begins_on_the_role_and_its_keys_are_what_they_were() -> None:
    seat = begun(f"{ADDRESS} port=9002", FakeSystem(ONE))
    assert marked(seat) == "[S] SENDER"
    press(seat, "enter")
    assert seat.app.dialogue.told.answers["umode"] == "snd"
    seat = begun(ADDRESS, FakeSystem(ONE))
    press(seat, "down", "enter")
    assert (seat.app.dialogue.told.answers, seat.shown) == ({"umode": "rcv"}, "confirm")
    for key, role in (("s", "snd"), ("S", "snd"), ("r", "rcv"), ("R", "rcv")):
        seat = begun(ADDRESS, FakeSystem(ONE))
        press(seat, "tab", key)
        assert seat.app.dialogue.told.answers == {"umode": role}


def test_enter_on_what_is_settled_takes_no_role_and_begins_nothing() -> None:
    system = FakeSystem(ONE)
    seat = begun(f"{ADDRESS} compr=gzip", system)
    press(seat, "tab")
    while marked(seat) != "More All settings":
        press(seat, "enter")
        assert (seat.shown in {"disk", "nic", "ip", "port", "compr"}, system.started) == (True, [])
        press(seat, "esc")
        assert seat.shown == "umode"
        press(seat, "down")
    assert seat.app.dialogue.told.answers == {}


def test_each_line_says_where_its_answer_is_from() -> None:
    seat = begun(f"{ADDRESS} compr=gzip", FakeSystem(ONE))
    said = {title: line_of(seat, title) for title in ("Disk", "Address", "Port", "Compression")}
    assert said["Disk"].endswith("(the only disk)")
    assert said["Address"] == "Address 10.0.0.7/24 (command line)"
    assert said["Port"] == "Port 9000 (default)"
    assert said["Compression"] == "Compression gzip (command line)"


def test_an_answer_is_changed_told_used_and_put_back() -> None:
    system = FakeSystem(ONE)
    seat = begun(f"{ADDRESS} compr=gzip", system)
    at(seat, "Compression")
    press(seat, "enter")
    assert (seat.shown, marked(seat)) == ("compr", "gzip")
    assert "compr=gzip (command line)" in seat.text
    assert "Put it back" not in seat.text
    at(seat, "lzop")
    press(seat, "enter")
    assert (seat.shown, marked(seat)) == ("umode", "Compression lzop (your answer)")
    press(seat, "enter")
    assert (marked(seat), "compr=lzop (your answer)" in seat.text) == ("lzop", True)
    at(seat, "Put it back: gzip (command line)")
    press(seat, "enter")
    assert (seat.shown, marked(seat)) == ("umode", "Compression gzip (command line)")
    at_role(seat)
    press(seat, "enter")
    assert [plan.compression for plan in system.started] == [Compression.GZIP]


def at_role(seat: Seat) -> None:
    press(seat, "tab")
    if not marked(seat).startswith("[S]"):
        press(seat, "tab")
    assert marked(seat) == "[S] SENDER"


def test_what_was_changed_is_what_is_carried_out_and_logged_as_the_operators() -> None:
    system = FakeSystem(ONE)
    seat = begun(f"{ADDRESS} port=9002", system)
    at(seat, "Port")
    press(seat, "enter")
    assert (seat.shown, "> 9002" in seat.text, "port=9002 (command line)" in seat.text) == ("port", True, True)
    write(seat, "9004")
    assert line_of(seat, "Port") == "Port 9004 (your answer)"
    press(seat, "s")
    assert [plan.port for plan in system.started] == [9004]
    (answer,) = [one for one in seat.logged("answer") if one["key"] == "port"]
    assert (answer["text"], answer["source"]) == ("9004", "operator")


def test_what_is_typed_wrong_is_said_and_changes_nothing() -> None:
    seat = begun(f"{ADDRESS} port=9002", FakeSystem(ONE))
    at(seat, "Port")
    press(seat, "enter")
    write(seat, "9003")
    assert (seat.shown, "port=9003 is odd." in seat.text, "> 9003" in seat.text) == ("port", True, True)
    assert seat.app.dialogue.told.answers == {}
    press(seat, "esc")
    assert line_of(seat, "Port") == "Port 9002 (command line)"
    press(seat, "enter")
    assert ("odd" in seat.text, "> 9002" in seat.text) == (False, True)


def test_the_same_answer_once_more_changes_nothing() -> None:
    """It would cost a sender with a named disk its confirmation, or take the line's source away."""
    seat = begun(f"{ADDRESS} disk=/dev/sda compr=gzip", FakeSystem(TWO))
    for title in ("Disk", "Compression"):
        at(seat, title)
        press(seat, "enter", "enter")
    assert seat.app.dialogue.told.answers == {}


def test_another_disk_of_a_receiver_is_always_confirmed() -> None:
    system = FakeSystem(TWO)
    seat = begun(f"{ADDRESS} umode=rcv disk=/dev/sda nic=eth0 prot=1", system)
    assert seat.shown == "umode"
    at(seat, "Disk")
    press(seat, "enter", "down", "enter")
    assert "sdb" in line_of(seat, "Disk")
    press(seat, "r")
    assert (seat.shown, "YES, OVERWRITE /dev/sdb" in seat.text, system.started) == ("confirm", True, [])
    seat.answer("confirm", f"overwrite {identity(whole(TWO.disks[1]))}")
    assert [plan.target.path for plan in system.started] == ["/dev/sdb"]


def test_what_a_change_makes_wrong_is_said_at_its_line_and_asked() -> None:
    seat = begun(f"{ADDRESS} disk=/dev/sda", FakeSystem(TWO))
    at(seat, "Compression")
    press(seat, "enter")
    at(seat, "recognise")
    press(seat, "enter", "s")
    assert (seat.shown, "compr=recognise is for receivers only." in seat.text) == ("compr", True)


def test_a_disk_that_was_chosen_and_pulled_out_says_so_at_its_line() -> None:
    system = FakeSystem(TWO)
    seat = begun(ADDRESS, system)
    at(seat, "Disk")
    press(seat, "enter", "down", "enter")
    system.now = replace(TWO, disks=TWO.disks[:1])
    seat.devices_changed()
    assert "/dev/sdb" in line_of(seat, "Disk") and "not" in line_of(seat, "Disk")
    at(seat, "Disk")
    press(seat, "enter")
    at(seat, "Put it back: /dev/sda (the only disk)")
    press(seat, "enter")
    assert line_of(seat, "Disk").endswith("(the only disk)")


def test_what_is_wrong_on_the_line_is_put_right_there_and_goes_on_attended() -> None:
    system = FakeSystem(ONE)
    seat = begun(f"{ADDRESS} auto=yes umode=snd port=9001", system)
    assert seat.shown == "error"
    seat.act("change")
    while seat.shown != "umode":
        press(seat, "enter")
    at(seat, "Port")
    assert "port=9001 is odd." in line_of(seat, "Port")
    press(seat, "enter")
    write(seat, "9002")
    assert line_of(seat, "Port") == "Port 9002 (your answer)"
    press(seat, "s")
    while seat.shown not in ("transfer", "umode", "confirm"):
        press(seat, "enter")
    assert [(plan.port, plan.attended) for plan in system.started] == [(9002, True)]


def test_esc_on_the_role_keeps_what_was_changed() -> None:
    seat = begun(f"{ADDRESS} port=9002", FakeSystem(TWO))
    at(seat, "Port")
    press(seat, "enter")
    write(seat, "9004")
    press(seat, "s")
    assert seat.shown == "disk"
    press(seat, "esc")
    assert (seat.shown, line_of(seat, "Port")) == ("umode", "Port 9004 (your answer)")
    press(seat, "esc")
    while seat.shown != "umode":
        press(seat, "enter")
    assert line_of(seat, "Port") == "Port 9004 (your answer)"


def test_devices_that_come_leave_the_open_question_and_the_focus() -> None:
    system = FakeSystem(ONE)
    seat = begun(ADDRESS, system)
    at(seat, "Port")
    seat.devices_changed()
    assert marked(seat).startswith("Port")
    press(seat, "enter")
    seat.devices_changed()
    assert seat.shown == "port"
    press(seat, "esc")
    at(seat, "Disk")
    press(seat, "enter")
    assert "sdb" not in seat.text
    system.now = replace(ONE, disks=(*ONE.disks, ANOTHER))
    seat.devices_changed()
    assert (seat.shown, "/dev/sdb" in seat.text) == ("disk", True)


@pytest.mark.parametrize("machine", [Machine(), TWO], ids=["nothing", "two"])
def test_every_question_that_is_one_now_stands_among_all_settings(machine: Machine) -> None:
    seat = begun(ADDRESS, FakeSystem(machine))
    at(seat, "More")
    press(seat, "enter")
    assert seat.shown == "settings"
    there = {item.key for item in seat.app.dialogue.interview(seat.app.devices, lambda *_: "").preview()} - {
        "umode"
    } | {"kbmap"}
    opened = set()
    for _ in there:
        press(seat, "enter")
        opened.add(seat.shown)
        press(seat, "esc")
        assert seat.shown == "settings"
        press(seat, "down")
    assert opened == there
    assert {"lang", "after", "udpcparam", "silence", "holes", "verify"} <= opened
    press(seat, "esc")
    assert (seat.shown, marked(seat)) == ("umode", "More All settings")


def test_settings_that_do_not_fit_are_counted_until_they_are_seen() -> None:
    seat = begun(ADDRESS, FakeSystem(ONE))
    at(seat, "More")
    press(seat, "enter")
    assert " more" in seat.text.split("\n")[-2] and "Keyboard" not in seat.text
    press(seat, "end")
    assert " more" not in seat.text.split("\n")[-2] and "Keyboard" in seat.text


def test_a_quiet_setting_is_changed_there_and_then_stands_in_the_summary() -> None:
    system = FakeSystem(ONE)
    seat = begun(ADDRESS, system)
    assert "Afterwards" not in seat.text
    at(seat, "More")
    press(seat, "enter")
    at(seat, "What follows the transfer?")
    press(seat, "enter")
    assert "after=menu (default)" in seat.text
    at(seat, "power off after a success")
    press(seat, "enter")
    assert (seat.shown, marked(seat)) == (
        "settings",
        "What follows the transfer? power off after a success (your answer)",
    )
    press(seat, "esc")
    assert line_of(seat, "Afterwards") == "Afterwards power off after a success (your answer)"
    press(seat, "s")
    assert [plan.after for plan in system.started] == [After(Next.POWEROFF, Next.MENU)]


# --- the language -----------------------------------------------------------------------------------------------------


def test_f2_shows_all_languages_and_the_choice_counts_at_once() -> None:
    seat = begun(f"{ADDRESS} port=9002", FakeSystem(TWO))
    at(seat, "Port")
    press(seat, "enter")
    write(seat, "9004")
    press(seat, "f2")
    assert seat.shown == "lang"
    assert marked(seat) == "English"
    at(seat, "français")
    press(seat, "enter")
    assert (seat.shown, "Quel est le rôle de ce PC ?" in seat.text, "9004" in seat.text) == ("umode", True, True)
    assert marked(seat).startswith("Port"), "the focus stays"
    assert "F2 Langue/Language" in seat.text
    press(seat, "r")
    assert (seat.shown, "Quel disque ?" in seat.text or "disque" in seat.text) == ("disk", True)


def test_keyboard_and_screen_fit_a_page_before_it_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    order, show = list[str](), FakeUi.show

    def speak(system: FakeSystem, language: str, given: object) -> None:
        order.append(f"speak {language}")

    def shown(ui: FakeUi, page: Page) -> None:
        order.append(page.name)
        show(ui, page)

    monkeypatch.setattr(FakeSystem, "speak", speak)
    monkeypatch.setattr(FakeUi, "show", shown)
    seat = begun(f"{ADDRESS} lang=FR", FakeSystem(ONE))
    assert order[:2] == ["speak fr", "umode"]
    order.clear()
    press(seat, "f2", "down", "enter")  # Deutsch
    assert order[-2:] == ["speak de", "umode"]


def test_esc_leaves_the_language_as_it_was() -> None:
    seat = begun(f"{ADDRESS} lang=DE", FakeSystem(ONE))
    assert "F2 Sprache/Language" in seat.text
    press(seat, "f2", "down", "esc")
    assert (seat.shown, "Was ist dieser PC?" in seat.text) == ("umode", True)


@pytest.mark.parametrize(("line", "page"), [("umode=rcv", "disk"), ("umode=rcv nic=eth0 auto=no", "umode")])
def test_f2_is_the_language_wherever_something_is_chosen(line: str, page: str) -> None:
    seat = begun(f"{ADDRESS} {line}", FakeSystem(TWO))
    while seat.shown != page:
        press(seat, "enter")
    press(seat, "f2")
    at(seat, "Deutsch")
    press(seat, "enter")
    assert (seat.shown, "F2 Sprache/Language" in seat.text) == (page, True)


def test_also_where_a_disk_is_about_to_be_overwritten() -> None:
    seat = begun(ADDRESS, FakeSystem(ONE))
    press(seat, "r", "f2")
    at(seat, "Deutsch")
    press(seat, "enter")
    assert (seat.shown, marked(seat)) == ("confirm", "NEIN, zurück")


def test_the_language_of_whoever_reads_the_screen_stays_when_everything_is_asked_again() -> None:
    system = FakeSystem(ONE)
    seat = begun(ADDRESS, system)
    press(seat, "f2")
    at(seat, "Deutsch")
    press(seat, "enter", "s")
    seat.over(OutcomeKind.SENT)
    assert seat.shown == "result"
    seat.act("retry")
    assert (seat.shown, "Was ist dieser PC?" in seat.text) == ("umode", True)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_opened_shows_nothing_raw_of_a_hostile_line(seed: int) -> None:
    rng = random.Random(seed)
    try:
        seat = begun(hostile.line(rng), FakeSystem(hostile.machine(rng)))
    except CommandLineError:
        return
    if seat.shown != "umode":
        return
    opened = [item.key for item in seat.app.dialogue.interview(seat.app.devices, lambda *_: "").preview()]
    for key in ("all", *opened):
        seat.app.stage.open(key)  # type: ignore[attr-defined]
        assert not hostile.raw(seat.text), key
        press(seat, *"\x1b[31m;reboot", "enter")
        assert not hostile.raw(seat.text), key
        seat.app.dialogue.opened = None
    assert seat.system.started == []


@pytest.mark.parametrize(("lang", "shown"), [("EN", "43,200 s"), ("FR", "43\xa0200 s"), ("DE", "43.200 s")])
def test_seconds_are_shown_with_their_unit_and_written_as_the_parameter_has_them(lang: str, shown: str) -> None:
    seat = begun(f"{ADDRESS} lang={lang} silence=50 start_timeout=43200", FakeSystem(ONE))
    assert f" {shown} " in seat.text and " 50 s " in seat.text
    at(seat, tr(say("Time limit")))
    press(seat, "enter")
    assert "start_timeout=43200" in seat.text
    write(seat, "60")
    assert seat.app.dialogue.told.answers == {"start_timeout": "60"}
    assert line_of(seat, tr(say("Time limit"))).partition(tr(say("Time limit")))[2].startswith(" 60 s ")


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None]]:
    """What keyboard and screen are told: the language, and the keymap in the place of its usual one."""
    told: list[tuple[str, str | None]] = []

    def speak(system: FakeSystem, language: str, given: GivenAnswers) -> None:
        told.append((language, given["kbmap"].text if "kbmap" in given else None))

    monkeypatch.setattr(FakeSystem, "speak", speak)
    return told


def test_the_keyboard_is_changed_there_though_nobody_is_asked_for_it(heard: list[tuple[str, str | None]]) -> None:
    seat = begun(f"{ADDRESS} lang=FR kbmap=BE", FakeSystem(ONE))
    seat.app.stage.open("all")  # type: ignore[attr-defined]
    at(seat, tr(say("Keyboard")))
    assert marked(seat).endswith(f"be ({tr(say('command line'))})")
    press(seat, "enter")
    assert (seat.shown, marked(seat)) == ("kbmap", "be")
    at(seat, "ch-fr")
    press(seat, "enter")
    assert (seat.shown, seat.app.dialogue.told.answers) == ("settings", {"kbmap": "ch-fr"})
    assert heard[-1] == ("fr", "ch-fr")
    press(seat, "enter")
    at(seat, tr(say("Put it back: {answer}", answer="BE")))
    press(seat, "enter")
    assert heard[-1] == ("fr", "BE")


def test_the_keyboard_that_is_loaded_is_marked_though_nobody_named_it() -> None:
    seat = begun(f"{ADDRESS} lang=FR", FakeSystem(ONE))
    seat.app.stage.open("kbmap")  # type: ignore[attr-defined]
    assert (seat.shown, marked(seat)) == ("kbmap", "fr")


def test_the_usual_keyboard_follows_the_language(heard: list[tuple[str, str | None]]) -> None:
    seat = begun(ADDRESS, FakeSystem(ONE))
    assert heard[-1] == ("en", None)
    press(seat, "f2")
    at(seat, "dansk")
    press(seat, "enter")
    assert heard[-1] == ("da", None)


def test_with_auto_no_the_keyboard_is_asked_for_and_loaded_at_once(heard: list[tuple[str, str | None]]) -> None:
    seat = begun(f"{ADDRESS} auto=no lang=FR", FakeSystem(ONE))
    press(seat, "enter")
    assert (seat.shown, marked(seat)) == ("kbmap", "fr")
    at(seat, "be-nodeadkeys")
    press(seat, "enter")
    assert (seat.shown, heard[-1]) == ("umode", ("fr", "be-nodeadkeys"))
    press(seat, "esc")
    assert (seat.shown, heard[-1]) == ("kbmap", ("fr", None))
