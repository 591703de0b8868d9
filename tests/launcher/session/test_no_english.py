"""The pages that a stage shows with its own sentences, in a made-up language without a single Latin letter."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kernel_cmdline import parse
from launcher import paths, translate
from launcher.answers.interview import Interview, Told, refuse
from launcher.answers.lookup import given_answers
from launcher.answers.reading import LANGUAGES
from launcher.hardware.drivers import Loaded
from launcher.hardware.iso9660 import NoIso9660
from launcher.model.machine import Machine
from launcher.model.outcome import OutcomeKind
from launcher.network.address import AddressState, Phase
from launcher.network.result_page import Answer
from launcher.screens.summary import everything
from launcher.sentence import say
from tests.common import ONE, TWO
from tests.launcher.model.test_medium import DISC, STICK
from tests.launcher.screens.test_other_languages import MadeUp, english
from tests.launcher.session.driver import ADDRESS, ANOTHER, AUTO, REPORTED, FakeJob, FakeSystem, Seat, begun
from tests.launcher.session.test_fetching import Addressed, FetchingPc
from tests.launcher.session.test_finding_medium import MediumPc

pytestmark = pytest.mark.usefixtures("no_terminal")
WORDS = say("A reason.")


@pytest.fixture(autouse=True)
def language(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(translate, "_catalogue", MadeUp())
    monkeypatch.setattr(paths, "MEDIUM", tmp_path / "udpcfg.txt")


DATA = {
    *("sdq", "hda", "zz", "sr", "success", "client", "UDPC", "udpcfg", "txt", "KiB", "ISO", "tftp"),
    *(code.upper() for code in LANGUAGES),
}
"""What is the same in every language; the kernel calls a field of ip= `client`."""


def left(run: Any) -> list[str]:
    """The English words on the page of this run."""
    page = (run.app.ui if not isinstance(run, Seat) else run.ui).page
    assert page
    return [word for word in english(page) if word not in DATA]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "auto=yes",
        "auto=yes umode=rcv",
        "auto=yes umode=rcv disk=/dev/sdq",
        "auto=yes umode=snd port=9001 lang=%%",
        f"{ADDRESS} umode=rcv nic=eth7",
        "umode=snd disk=size:1-2",
        "disk=/dev/hda BOOTIF=zz ip=1.2.3.4.5 netmask=0 gateway=zz",
        "used=no compr=gzip require=equal grow=yes holes=discard retry=3 auto_reboot=success after=menu",
        'udpcparam="--fec=8 --file=x"',
    ],
)
@pytest.mark.parametrize("machine", [ONE, TWO, Machine()], ids=["one", "two", "nothing"])
def test_what_a_line_leads_to(line: str, machine: Machine) -> None:
    seat = begun(line, FakeSystem(machine))
    assert left(seat) == []
    if seat.shown == "umode":
        for role in ("snd", "rcv"):
            seat = begun(line, FakeSystem(machine))
            seat.answer("umode", role)
            assert left(seat) == []
        seat = begun(line, FakeSystem(machine))
        seat.app.stage.open("all")  # type: ignore[attr-defined]
        assert left(seat) == []


STATES = (
    AddressState(Phase.WAITING_FOR_LINK, WORDS, left=9.0),
    AddressState(Phase.ASKING, WORDS, left=9.0, attempts=3),
)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.phase.value)
def test_while_the_card_is_brought_up_and_where_it_fails(state: AddressState) -> None:
    there = replace(TWO, nics=(replace(TWO.nics[0], link=False), TWO.nics[1]))
    system = FakeSystem(there, job=FakeJob(ready=False, waits=state))
    seat = begun("auto=yes umode=snd disk=/dev/sda nic=eth0", system)
    assert (seat.shown, left(seat)) == ("waiting", [])
    system.job.failed = True
    seat.tick()
    assert left(seat) == []
    seat = begun("umode=snd disk=/dev/sda nic=eth0", FakeSystem(there, job=FakeJob(failed=True)))
    assert (seat.shown, left(seat)) == ("error", [])


def test_a_result_and_the_page_that_is_told() -> None:
    seat = begun(REPORTED, FakeSystem(ONE))
    seat.over(OutcomeKind.TRUNCATED, "A reason.")
    assert (seat.shown, left(seat)) == ("result", [])
    seat.system.reports[0].came = Answer(False, None, WORDS)
    seat.tick()
    assert left(seat) == []
    seat.menu()
    assert left(seat) == []


def test_another_disk_in_the_place_of_the_one_that_was_meant() -> None:
    system = FakeSystem(ONE, job=FakeJob(ready=False))
    seat = begun(AUTO, system)
    system.now = replace(ONE, disks=(*ONE.disks, ANOTHER))
    seat.devices_changed()
    system.job.ready = True
    seat.tick()
    assert left(seat) == []


def test_there_is_no_shell_while_a_disk_hangs() -> None:
    seat = begun(ADDRESS, FakeSystem(ONE, hung=True))
    seat.act("shell")
    assert (seat.shown, left(seat)) == ("error", [])


def test_drivers_are_loaded() -> None:
    gate = threading.Event()
    system = FakeSystem(ONE)
    system.load = lambda drivers: (gate.wait(10), (Loaded(error=WORDS), Loaded(note=WORDS)))[1]  # type: ignore[method-assign]
    seat = begun("netmodule=eth", system)
    assert (seat.shown, left(seat)) == ("waiting", [])
    gate.set()
    for thread in threading.enumerate():
        if thread.name == "drivers":
            thread.join(10)
    seat.tick()
    assert (seat.shown, left(seat)) == ("umode", [])


def unreadable(device: Path) -> bytes:
    raise NoIso9660


def failing(device: Path) -> bytes:
    raise OSError(5, "Input/output error")


@pytest.mark.parametrize("read", [lambda device: b"x" * 99999, lambda device: b"port=1", unreadable, failing])
def test_a_medium_is_looked_for_and_read(read: Any) -> None:
    assert left(MediumPc()) == []
    pc = MediumPc(DISC, STICK, read=read)
    for thread in threading.enumerate():
        if thread.name == "medium":
            thread.join(10)
    pc.app.tick()
    assert left(pc) == []


def test_a_file_is_fetched() -> None:
    pc = FetchingPc("config=udpcfg.txt", job=FakeJob(ready=False))
    assert left(pc) == []
    pc = FetchingPc("config=udpcfg.txt", job=Addressed(boot_server="10.0.0.3"))
    assert left(pc) == []
    pc = FetchingPc("config=udpcfg.txt", machine=replace(ONE, nics=()))
    assert left(pc) == []


def test_every_source_of_an_answer_is_a_sentence() -> None:
    """`Answer.source` is what stands in brackets behind each line."""
    line = f"{ADDRESS} auto_reboot=never"
    sources = set()
    for machine in (ONE, TWO, replace(TWO, nics=(TWO.nics[0], replace(TWO.nics[1], link=False)))):
        for given in (line, "ip=eth0:dhcp", "umode=rcv", ""):
            interview = Interview(given_answers(parse(given)), machine, refuse, Told({"port": "9004"}))
            lines = everything(interview.preview(), machine, True)
            sources |= {one.why for one in lines if one.why}
    words = {source: translate.tr(source) for source in sources}
    assert {str(source) for source, word in words.items() if word == str(source)} <= {"BOOTIF", "ip="}
    assert {"command line", "default", "the only disk", "the only card", "your answer"} <= set(map(str, sources))
