"""A PC that was booted from a medium: its file is read before the first question, and what keeps it from that."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kernel_cmdline import parse
from launcher import paths
from launcher.events import EventLog
from launcher.hardware.iso9660 import NoIso9660
from launcher.model.machine import BOOT_MEDIUM, Disk, Machine
from launcher.model.medium import without_medium
from launcher.session import devices
from launcher.session.app import App
from launcher.session.connecting import Connecting
from launcher.session.finding_medium import FindingMedium
from launcher.session.interviewing import Dialogue, Interviewing
from launcher.session.system import RunningSystem
from tests.common import ONE, page_text
from tests.launcher.model.test_medium import DISC, LABEL, STICK
from tests.launcher.session.driver import Clock, Events, FakeSystem, FakeUi

Read = Callable[[Path], bytes | None]


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(paths, "MEDIUM", tmp_path / "udpcfg.txt")
    return tmp_path / "udpcfg.txt"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    one = Clock(1000.0)
    monkeypatch.setattr(devices, "time", one)
    return one


class MediumPc:
    """A run on a PC that was booted from a medium. `read`: what its device gives."""

    def __init__(self, *disks: Disk, line: str = "", read: Read = lambda device: b"", whole: bool = False) -> None:
        self.system = FakeSystem(self.machine(*disks), whole=whole)
        self.log = Events()
        self.asked: list[Path] = []

        def noting(device: Path) -> bytes | None:
            self.asked.append(device)
            return read(device)

        parsed = parse(line)
        self.app = App(
            self.system,
            Dialogue.of(parsed),
            self.log,
            lambda app, plan: Connecting(app, self.system, plan),
            lambda app: FindingMedium(app, LABEL, lambda found, errors: Dialogue.of(parsed, found, errors), noting),
        )
        self.app.run()

    @staticmethod
    def machine(*disks: Disk) -> Machine:
        return without_medium(replace(ONE, disks=(*ONE.disks, *disks)), LABEL)

    @property
    def text(self) -> str:
        assert isinstance(self.app.ui, FakeUi) and self.app.ui.page
        return " ".join(page_text(self.app.ui.page).split())

    def there(self, *disks: Disk) -> None:
        self.system.now = self.machine(*disks)
        self.app.devices_changed()

    def settle(self) -> None:
        """The reading ends."""
        for thread in threading.enumerate():
            if thread.name == "medium":
                thread.join(10)
        self.app.tick()

    @property
    def asks(self) -> bool:
        return isinstance(self.app.stage, Interviewing)


@pytest.fixture(autouse=True)
def no_screens(no_terminal: None) -> None: ...


@pytest.mark.parametrize("medium", [STICK, DISC], ids=["stick", "disc"])
def test_what_the_file_says_is_not_asked(medium: Disk, kept: Path) -> None:
    pc = MediumPc(medium, read=lambda device: b"umode=rcv\r\nlang=FR\r\n")
    pc.settle()
    assert pc.asks and pc.asked == [Path(medium.path)]
    assert str(pc.app.dialogue.given["umode"].source) == "udpcfg.txt:1"
    assert kept.read_bytes() == b"umode=rcv\r\nlang=FR\r\n"
    assert [e for e in pc.log.seen if e["event"] == "medium"] == [
        {"event": "medium", "label": LABEL, "found": True, "warnings": []}
    ]


def test_the_medium_is_waited_for(clock: Clock) -> None:
    pc = MediumPc()
    assert "Waiting up to 61 s for the disc or stick that this PC was booted from" in pc.text and LABEL in pc.text
    clock.now += 30
    pc.app.tick()
    assert "Waiting up to 31 s" in pc.text and not pc.asks
    pc.there(STICK)
    assert "Reading udpcfg.txt from /dev/sdb ..." in pc.text
    pc.there(STICK, replace(STICK, path="/dev/sdc"))
    pc.settle()
    assert pc.asks and pc.asked == [Path("/dev/sdb")]


def test_without_it_the_operator_is_asked_and_told_why(clock: Clock) -> None:
    pc = MediumPc()
    clock.now += 61
    pc.app.tick()
    assert pc.asks
    assert list(map(str, pc.app.dialogue.errors)) == [
        f"The medium that this PC was booted from ({LABEL}) was not found within 60 s, so its udpcfg.txt was not read."
    ]
    assert "was not found within 60 s" in pc.text


def test_without_it_nothing_goes_on_unattended(clock: Clock) -> None:
    pc = MediumPc(line="auto=yes umode=rcv disk=/dev/sda nic=eth0 ip=10.0.0.7/24", whole=True)
    clock.now += 61
    pc.app.tick()
    assert "was not found within 60 s" in pc.text and pc.system.started == []
    assert [e["event"] for e in pc.log.seen][-1] == "screen" and "error" in [e["event"] for e in pc.log.seen]


@pytest.mark.parametrize(
    "problem, sentence",
    [
        (OSError(errno.EIO, "Input/output error"), "/dev/sdb: udpcfg.txt cannot be read: Input/output error."),
        (NoIso9660(), "/dev/sdb has no ISO 9660 file system that can be read."),
    ],
)
def test_a_medium_that_cannot_be_read_is_an_error(problem: Exception, sentence: str) -> None:
    def read(device: Path) -> bytes:
        raise problem

    pc = MediumPc(STICK, read=read)
    pc.settle()
    assert pc.asks and list(map(str, pc.app.dialogue.errors)) == [sentence]


def test_a_file_that_is_far_too_long_is_not_used() -> None:
    pc = MediumPc(STICK, read=lambda device: b"#" * 65537)
    pc.settle()
    assert list(map(str, pc.app.dialogue.errors)) == ["udpcfg.txt is longer than 64 KiB, and was not read."]


def test_a_medium_without_the_file_is_no_error() -> None:
    pc = MediumPc(STICK, read=lambda device: None)
    pc.settle()
    assert pc.asks and pc.app.dialogue.errors == ()


def test_what_was_read_before_is_not_read_again(kept: Path) -> None:
    kept.write_bytes(b"port=9002\n")
    pc = MediumPc()
    assert pc.asks and pc.asked == [] and pc.app.dialogue.given["port"].text == "9002"


def test_what_the_pc_says_of_its_disks_has_it_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("launcher.hardware.detect.detect", lambda: Machine((STICK,)))
    assert RunningSystem(EventLog(), LABEL).detect().disks[0].refused == BOOT_MEDIUM
    assert RunningSystem(EventLog()).detect().disks[0].refused is None


def test_it_cannot_be_gone_round(clock: Clock) -> None:
    pc = MediumPc()
    pc.app.back()
    clock.now += 50
    for action in ("retry", "rescan", "change"):
        pc.app.menu()
        pc.app.act(action)
        assert not pc.asks and "Waiting up to 61 s" in pc.text
    pc.app.act("reboot")
    assert isinstance(pc.app.ui, FakeUi) and pc.app.ui.left
