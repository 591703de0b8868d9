"""A PC whose answers name a file: what is brought up for it, what is said meanwhile, what keeps it from being read."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from kernel_cmdline import parse
from launcher import shells
from launcher.answers.configuration import Configuration, Origin, read_configuration
from launcher.answers.selectors import identity, whole
from launcher.model.machine import Machine, Nic
from launcher.model.outcome import Outcome, OutcomeKind
from launcher.model.plan import Address, AddressSource
from launcher.network.address import AddressState
from launcher.network.fetching import Fetched, Place
from launcher.sentence import NOTHING, say
from launcher.session import devices
from launcher.session.app import App
from launcher.session.connecting import Connecting
from launcher.session.fetching import Fetching
from launcher.session.files import Files
from launcher.session.interviewing import Dialogue, Interviewing
from tests.common import ONE, TWO, page_text
from tests.launcher.session.driver import Clock, Events, FakeJob, FakeSystem, FakeUi

PXE = "BOOTIF=01-52-54-00-aa-bb-01 ip=10.0.0.7:10.0.0.1:10.0.0.1:255.255.255.0"


@pytest.fixture(autouse=True)
def no_screens(no_terminal: None) -> None: ...


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    one = Clock(1000.0)
    monkeypatch.setattr(devices, "time", one)
    return one


@dataclass
class FakeFetch:
    place: Place
    came: Fetched | None = None
    left: float = 59.5
    closed: int = 0

    def poll(self) -> Fetched | None:
        return self.came

    def close(self) -> None:
        self.closed += 1


@dataclass
class Addressed(FakeJob):
    """As DHCP gives it; `boot_server` is the next server."""

    boot_server: str | None = None

    @property
    def state(self) -> AddressState:
        state = super().state
        return replace(state, boot_server=self.boot_server) if state.address else state


@dataclass
class FetchingPc:
    """A run with this line. `files`: of the initrd."""

    line: str
    machine: Machine = ONE
    whole: bool = True
    job: FakeJob = field(default_factory=FakeJob)
    inside: tuple[Configuration, ...] = ()
    medium: tuple[Configuration, ...] = ()
    connected: list[tuple[str, Address]] = field(default_factory=list)
    fetches: list[FakeFetch] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.system = FakeSystem(self.machine, whole=self.whole)
        self.log = Events()
        files = Files(parse(self.line), (*self.medium, *self.inside), None, False, self.connect)

        def first(app: App) -> Any:
            stage = files.first(app)
            if isinstance(stage, Fetching):
                stage._start = self.start  # type: ignore[assignment]
            return stage

        self.app = App(
            self.system,
            Dialogue.of(parse(self.line), self.inside),
            self.log,
            lambda app, plan: Connecting(app, self.system, plan),
            first,
        )
        self.app.run()

    def connect(self, nic: Nic, address: Address) -> Any:
        self.connected.append((nic.name, address))
        return self.job

    def start(self, place: Place) -> FakeFetch:
        self.fetches.append(FakeFetch(place))
        return self.fetches[-1]

    def comes(self, text: bytes | None, reason: str = "") -> None:
        self.fetches[-1].came = Fetched(text, say("Reason: {words}.", words=reason) if reason else NOTHING)
        self.app.tick()

    @property
    def text(self) -> str:
        assert isinstance(self.app.ui, FakeUi) and self.app.ui.page
        return " ".join(page_text(self.app.ui.page).split())

    @property
    def asks(self) -> bool:
        return isinstance(self.app.stage, Interviewing)

    @property
    def errors(self) -> list[str]:
        return list(map(str, self.app.dialogue.errors))


def test_the_boot_server_of_pxelinux_is_asked_and_its_answers_are_taken() -> None:
    pc = FetchingPc(f"config=udpcfg.txt {PXE}")
    assert pc.connected == [
        ("eth0", Address(AddressSource.GIVEN, "10.0.0.7", 24, "10.0.0.1", lease=True)),
    ]
    assert [str(one.place) for one in pc.fetches] == ["tftp://10.0.0.1/udpcfg.txt"]
    assert (
        "Fetching tftp://10.0.0.1/udpcfg.txt ... Waiting up to 60 s more." in pc.text and "Esc back m menu" in pc.text
    )
    pc.comes(b"umode=rcv\r\nlang=FR\r\n")
    assert pc.asks and pc.errors == []
    assert str(pc.app.dialogue.given["umode"].source) == "tftp://10.0.0.1/udpcfg.txt:1"
    assert (pc.fetches[0].closed, pc.job.closed) == (1, 1)
    assert [e for e in pc.log.seen if e["event"] == "config"] == [
        {"event": "config", "name": "tftp://10.0.0.1/udpcfg.txt", "found": True, "warnings": []}
    ]


def test_without_it_the_dhcp_server_names_the_boot_server() -> None:
    pc = FetchingPc("config=udpcfg.txt", job=Addressed(boot_server="10.0.0.3"))
    assert pc.connected == [("eth0", Address(AddressSource.DHCP))]
    assert [str(one.place) for one in pc.fetches] == ["tftp://10.0.0.3/udpcfg.txt"]


def test_where_nobody_names_one_that_is_said() -> None:
    pc = FetchingPc("config=udpcfg.txt ip=10.0.0.7/24")
    assert pc.asks and pc.errors == [
        "udpcfg.txt was not fetched. Neither ip= nor the DHCP server names a boot server: write "
        "tftp://server/ in front."
    ]
    assert "was not fetched" in pc.text


def test_a_server_that_is_named_needs_none() -> None:
    pc = FetchingPc("config=http://10.0.0.8/a.txt ip=10.0.0.7/24")
    assert [str(one.place) for one in pc.fetches] == ["http://10.0.0.8/a.txt"]


def test_the_card_and_its_address_are_waited_for(clock: Clock) -> None:
    pc = FetchingPc("config=udpcfg.txt", job=Addressed(ready=False, boot_server="10.0.0.3"))
    assert "Waiting for a link. It is needed to fetch udpcfg.txt. Waiting up to 1 s more." in pc.text and not pc.asks
    pc.job.ready = True
    pc.app.tick()
    assert "Fetching tftp://10.0.0.3/udpcfg.txt" in pc.text


def test_a_card_without_an_address_is_the_reason() -> None:
    pc = FetchingPc("config=udpcfg.txt", job=FakeJob(failed=True))
    assert pc.asks and pc.errors == ["udpcfg.txt was not fetched. There is no link on eth0."]


def test_a_card_that_comes_late_is_waited_for(clock: Clock) -> None:
    pc = FetchingPc("config=udpcfg.txt", machine=replace(ONE, nics=()), whole=False)
    assert "Detecting disks and network cards ..." in pc.text and pc.connected == []
    pc.system.now, pc.system.whole = ONE, True
    pc.app.tick()
    assert pc.connected


def test_a_card_that_another_one_may_still_stand_for_is_no_reason_to_give_up() -> None:
    pc = FetchingPc(f"config=udpcfg.txt {PXE}", whole=False)
    assert "Detecting disks and network cards ..." in pc.text and pc.connected == [] and not pc.asks
    pc.system.whole = True
    pc.app.tick()
    assert len(pc.fetches) == 1


@pytest.mark.parametrize(
    ("machine", "reason"),
    [
        (replace(ONE, nics=()), "No network card with a driver was found on this PC."),
        (TWO, "Several network cards have a link: name the one to use with nic=."),
        (
            replace(TWO, nics=tuple(replace(nic, link=False) for nic in TWO.nics)),
            "No network card has a link. Plug in the cable, or name the card with nic=.",
        ),
    ],
)
def test_a_card_that_is_not_to_be_had_is_the_reason(machine: Machine, reason: str, clock: Clock) -> None:
    machine = replace(machine, nics=tuple(replace(nic, link=nic.link is not False) for nic in machine.nics))
    pc = FetchingPc("config=udpcfg.txt", machine=machine)
    assert not pc.asks
    clock.now += 61
    pc.app.tick()
    assert pc.asks and pc.errors == [f"udpcfg.txt was not fetched. {reason}"]


def test_auto_no_asks_later_and_fetches_now() -> None:
    pc = FetchingPc(f"auto=no config=udpcfg.txt {PXE}")
    assert len(pc.fetches) == 1


def test_a_wrong_address_on_the_line_is_the_reason() -> None:
    pc = FetchingPc("config=udpcfg.txt ip=10.0.0.999")
    assert pc.asks and pc.connected == []
    assert any(error.startswith("udpcfg.txt was not fetched. ") for error in pc.errors)


def test_a_place_that_is_none_is_told_once() -> None:
    pc = FetchingPc("config=https://se3/a")
    assert pc.asks and pc.connected == [] and len(pc.errors) == 1 and "certificates" in pc.errors[0]


def test_unattended_a_file_that_is_missing_stops_it_and_trying_again_fetches_again() -> None:
    pc = FetchingPc(f"auto=yes umode=rcv disk=/dev/sda config=udpcfg.txt {PXE}")
    pc.comes(None, "server error: (1) File not found")
    said = "tftp://10.0.0.1/udpcfg.txt was not fetched. Reason: server error: (1) File not found."
    assert said in pc.text and "STOPPED" in pc.text and pc.system.started == []
    pc.app.act("retry")
    assert len(pc.fetches) == 2 and "Fetching" in pc.text
    pc.comes(b"port=9004\n")
    assert [plan.port for plan in pc.system.started] == [9004] and pc.errors == []


def test_behind_a_result_no_file_begins_another_cast() -> None:
    pc = FetchingPc(f"config=udpcfg.txt {PXE}")
    pc.comes(None, "server error: (1) File not found")
    stage = pc.app.stage
    assert isinstance(stage, Interviewing)
    stage.answer("umode", "rcv")
    stage.answer("confirm", f"overwrite {identity(whole(ONE.disks[0]))}")
    pc.system.running.outcome = Outcome(OutcomeKind.EQUAL, say("It is over."))
    pc.app.tick()
    pc.app.menu()
    pc.app.act("rescan")
    assert pc.asks and len(pc.fetches) == 1 and len(pc.system.started) == 1
    pc.app.act("retry")
    assert pc.asks and len(pc.fetches) == 1 and len(pc.system.started) == 1


def test_whoever_changes_the_answers_then_is_asked() -> None:
    pc = FetchingPc(f"auto=yes umode=rcv disk=/dev/sda config=udpcfg.txt {PXE}")
    pc.comes(None, "no")
    pc.app.act("change")
    assert pc.asks and len(pc.fetches) == 1


def test_a_mistake_in_the_file_names_it_with_its_line() -> None:
    pc = FetchingPc(f"auto=yes umode=rcv disk=/dev/sda config=udpcfg.txt {PXE}")
    pc.comes(b"# a room\nport=odd\n")
    assert pc.errors[0].startswith("tftp://10.0.0.1/udpcfg.txt:2: port=odd") and pc.system.started == []


def test_it_can_be_given_up_with_a_key() -> None:
    pc = FetchingPc(f"config=udpcfg.txt {PXE}")
    pc.app.back()
    assert pc.asks and pc.errors == ["tftp://10.0.0.1/udpcfg.txt was not fetched. It was given up with a key."]
    assert pc.fetches[0].closed == 1 and pc.job.closed == 1


def shells_of(pc: FetchingPc) -> tuple[bool, bool | None]:
    """Whether a shell is offered, and what the PC was told of it; None while nobody knows."""
    pc.app.menu()
    offered = "a command line" in pc.text
    pc.app.back()
    return offered, pc.system.shells_allowed


@pytest.mark.parametrize(
    ("line", "there"),
    [
        ("config=udpcfg.txt", (False, None)),
        ("config=https://se3/a", (False, None)),
        ("config=udpcfg.txt shell=yes", (True, True)),
        ("config=udpcfg.txt shell=no", (False, False)),
    ],
)
def test_a_file_that_was_not_read_may_forbid_a_shell(
    line: str, there: tuple[bool, bool | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shells, "_allowed", True)  # as it is again for other tests
    pc = FetchingPc(f"{line} {PXE}")
    if pc.fetches:
        pc.app.back()
    assert pc.asks and shells_of(pc) == there


def test_once_it_is_read_there_is_a_shell_where_it_forbids_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shells, "_allowed", True)
    for text, there in ((b"port=9004\n", (True, True)), (b"shell=no\n", (False, False))):
        pc = FetchingPc(f"config=udpcfg.txt {PXE}")
        pc.comes(None, "server error: (1) File not found")
        assert shells_of(pc) == (False, None)
        pc.app.act("rescan")
        pc.comes(text)
        assert pc.asks and shells_of(pc) == there


def test_the_menu_works_meanwhile() -> None:
    pc = FetchingPc(f"config=udpcfg.txt {PXE}")
    pc.app.menu()
    pc.app.act("rescan")
    assert len(pc.fetches) == 2 and pc.fetches[0].closed == 1 and "Fetching" in pc.text
    pc.app.menu()
    pc.app.act("reboot")
    assert isinstance(pc.app.ui, FakeUi) and pc.app.ui.left and pc.fetches[1].closed == 1


def test_the_line_wins_over_it_and_it_wins_over_the_initrd() -> None:
    inside = (read_configuration(b"config=udpcfg.txt\nport=9008\ncompr=gzip\nlang=DE\n"),)
    pc = FetchingPc(f"lang=FR {PXE}", inside=inside)
    pc.comes(b"port=9004\nlang=EN\n")
    given = {key: one.text for key, one in pc.app.dialogue.given.items()}
    assert (given["lang"], given["port"], given["compr"]) == ("FR", "9004", "gzip")


def test_what_set_the_network_up_is_not_taken_from_it() -> None:
    pc = FetchingPc(f"config=udpcfg.txt {PXE}")
    pc.comes(b"nic=eth9\nip=10.0.0.99/8\nconfig=other.txt\nmedium=X\nevents=ttyS1\nport=9004\n")
    given = pc.app.dialogue.given
    assert given["ip"].text.startswith("10.0.0.7:") and given["config"].text == "udpcfg.txt"
    assert {"nic", "medium", "events"}.isdisjoint(given) and given["port"].text == "9004"
    said = [str(one).partition(".txt:")[2] for one in pc.app.dialogue.warnings]
    late = "the network was set up before this file was fetched."
    assert f"1: nic=eth9 is not used: {late}" in said and f"2: ip=10.0.0.99/8 is not used: {late}" in said
    assert "3: config=other.txt is not used: a file that was fetched names no further one." in said
    assert "4: medium=X is not used: it is read from the command line only." in said
    assert "5: events=ttyS1 is not used: it is read from the command line only." in said


def test_the_medium_may_name_it(tmp_path: Path) -> None:
    files = Files(parse(PXE), (), "UDPC", False, lambda nic, address: None)  # type: ignore[arg-type,return-value]
    found = (read_configuration(b"config=udpcfg.txt\n", origin=Origin.MEDIUM),)
    dialogue = files._with_medium(found, ())
    assert dialogue.given["config"].text == "udpcfg.txt" and files.medium == found
    assert files._with_fetched((), (say("Gone."),)).incomplete
