"""Who is done while a server runs: reports are kept and switch, what `arm` changes is seen, and damage arms nobody."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from pxe.done.page_on_line import tell
from pxe.done.register import Register, who_is_done
from pxe.done.results import Report
from pxe.done.state import Done, State, StateError, change, read
from pxe.entries.configuration import of_machine
from pxe.entries.loaders import LOADERS, Loader
from pxe.entries.room import Machine, Room
from pxe.server.clients import ClientEvent
from tests.pxe.tree.killing import killed_after

ONE, TWO, STRANGER = "52:54:00:aa:bb:01", "52:54:00:aa:bb:02", "52:54:00:aa:bb:03"
ROOM = Room("umode=rcv", (Machine(ONE, "umode=snd", "PC 1"), Machine(TWO, armed=False)))
URL = "http://10.77.0.1:8067/0123456789abcdef"


def report(mac: str, ok: bool = True, role: str = "rcv") -> Report:
    return Report(mac, "10.77.0.9", role, ok)


class Room1:
    """A register over a tree that was written for it; what it showed and said."""

    def __init__(self, directory: Path, room: Room = ROOM) -> None:
        self.tree, self.path = directory / "tftp", directory / "room.state.json"
        for loader in LOADERS:
            (self.tree / loader.folder).mkdir(parents=True, exist_ok=True)
            (self.tree / loader.default).touch()
        self.register = Register(self.path, room)
        self.room = tell(room, URL)[0]
        self.shown: list[ClientEvent] = []
        self.said: list[str] = []
        for mac in (ONE, TWO):
            for one in of_machine(self.room, mac, self.register.state.macs):
                (self.tree / one.path).write_text(one.text)
        self.register.hang_on(self.tree, self.room, self.shown.append, self.said.append)

    @property
    def warned(self) -> list[str]:
        return [line for line in self.said if line.startswith("warning: ")]

    def boots(self, mac: str) -> str:
        """``disk``, ``launcher``, or ``""`` where there is no file of its own; by every loader the same."""
        [boots] = {self._boots(loader, mac) for loader in LOADERS}
        return boots

    def _boots(self, loader: Loader, mac: str) -> str:
        path = self.tree / loader.machine(mac)
        if not path.exists():
            return ""
        return "disk" if path.read_text() == loader.disk else "launcher"


@pytest.fixture
def room(tmp_path: Path) -> Room1:
    return Room1(tmp_path)


def test_only_a_reported_success_switches_and_only_its_machine(room: Room1) -> None:
    assert [room.boots(mac) for mac in (ONE, TWO, STRANGER)] == ["launcher", "disk", ""]
    assert room.register.keep([report(ONE, ok=False)])
    assert room.boots(ONE) == "launcher"
    assert room.register.keep([report(ONE, role="snd")])
    assert [room.boots(mac) for mac in (ONE, TWO, STRANGER)] == ["disk", "disk", ""]
    assert [one.text for one in room.shown] == [
        "PC 1 reports a failure (receiver): stays armed",
        "PC 1 is done (sender): boots its disk from now on",
    ]
    [done] = read(room.path).done
    assert (done.mac, done.result) == (ONE, "snd")


def test_one_that_is_not_named_gets_a_file_of_its_own_and_loses_it_when_it_is_armed(room: Room1) -> None:
    assert room.register.keep([report(STRANGER)])
    assert room.boots(STRANGER) == "disk"
    change(room.path, lambda state: state.without({STRANGER}))
    room.register.look()
    assert room.boots(STRANGER) == ""
    assert room.shown[-1].text == "is armed: boots the launcher from now on"


def test_what_is_armed_elsewhere_boots_the_launcher_again_with_its_whole_line(room: Room1) -> None:
    loader = LOADERS[0]
    before = (room.tree / loader.machine(ONE)).read_text()
    room.register.keep([report(ONE), report(TWO)])
    change(room.path, lambda _: State())
    room.register.look()
    assert (room.tree / loader.machine(ONE)).read_text() == before
    assert f"page_remontee={URL}" in before
    assert [one.text for one in room.shown[-2:]] == [
        "PC 1 is armed: boots the launcher from now on",
        "is armed: but the room says that it boots its disk",
    ]
    assert room.boots(TWO) == "disk"


def test_how_many_are_done_is_said(tmp_path: Path) -> None:
    three = Room("", (Machine(ONE), Machine(TWO), Machine(STRANGER, armed=False)))
    room = Room1(tmp_path, three)
    for mac in (STRANGER, ONE, TWO):
        room.register.keep([report(mac)])
    assert room.said == [f"{count} of the room's 2 machines are done" for count in (0, 1, "all")]


def test_the_next_server_knows_who_is_done_and_the_same_token(room: Room1, tmp_path: Path) -> None:
    room.register.keep([report(ONE)])
    again = Room1(tmp_path)
    assert again.boots(ONE) == "disk"
    assert again.register.state == room.register.state
    assert again.register.state.room == ROOM, "without what this server has put on the lines"


def test_damage_arms_nobody_and_is_said_once_until_the_next_report_mends_it(room: Room1) -> None:
    room.register.keep([report(ONE)])
    room.path.write_text("{")
    for _ in range(3):
        room.register.look()
    [sentence] = room.warned
    assert "is damaged" in sentence and "goes on with what it knows" in sentence
    assert (room.boots(ONE), room.path.read_text()) == ("disk", "{")
    with pytest.raises(StateError):
        Register(room.path, ROOM)
    assert room.register.keep([report(STRANGER)])
    assert read(room.path).macs == {ONE, STRANGER}
    assert "kept as room.state.json.damaged" in room.warned[1]


def test_killed_at_any_point_it_is_cloned_again_or_was_kept(tmp_path: Path) -> None:
    """What the next server does with it; who was answered is done."""
    seen = set()
    for steps in range(60):
        directory = tmp_path / str(steps)
        directory.mkdir()
        room = Room1(directory)
        status = killed_after(steps, lambda room=room: 0 if room.register.keep([report(ONE)]) else 1)  # type: ignore[misc]
        again = Room1(directory)
        assert again.boots(ONE) == ("disk" if ONE in read(room.path).macs else "launcher")
        seen.add(again.boots(ONE))
        if status == 0:
            assert again.boots(ONE) == "disk"
            break
        assert status == -signal.SIGKILL
    assert status == 0 and seen == {"disk", "launcher"}


def test_a_state_that_was_removed_is_written_again(room: Room1) -> None:
    room.register.keep([report(ONE)])
    room.path.unlink()
    room.register.look()
    assert read(room.path) == room.register.state
    assert room.boots(ONE) == "disk"
    assert "was removed, and is written again" in room.warned[0]


def test_what_cannot_be_kept_switches_nobody(room: Room1, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        assert not room.register.keep([report(ONE)])
        assert not room.register.keep([report(ONE)])
    assert (room.boots(ONE), room.shown, len(room.warned)) == ("launcher", [], 1)
    assert room.register.keep([report(ONE)])
    assert room.boots(ONE) == "disk"


def test_a_file_that_cannot_be_written_is_written_later(room: Room1, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    with monkeypatch.context() as patched:
        patched.setattr("pxe.done.register._put", full)
        assert room.register.keep([report(ONE)])
        room.register.look()
    assert (room.boots(ONE), len(room.warned)) == ("launcher", 1)
    room.register.look()
    assert room.boots(ONE) == "disk"


def test_a_busy_state_is_asked_again(room: Room1, monkeypatch: pytest.MonkeyPatch) -> None:
    from pxe.done.state import Busy  # noqa: PLC0415

    def busy(*_: object, **__: object) -> None:
        raise Busy("busy")

    with monkeypatch.context() as patched:
        patched.setattr("pxe.done.register.change", busy)
        assert not room.register.keep([report(ONE)])
    assert room.warned == []
    assert room.register.keep([report(ONE)])


def test_who_is_done_is_a_line_each() -> None:
    state = State((Done(ONE, "2026-11-28T16:00:00Z", "snd"), Done(STRANGER, "now", "hand")), "", ROOM)
    assert who_is_done(state) == [
        f"PC 1 ({ONE}) is done since 2026-11-28T16:00:00Z (sender)",
        f"{STRANGER} is done since now (said by hand)",
    ]


@pytest.mark.parametrize(
    ("room", "append", "warnings"),
    [
        (Room(""), f"remontee_info=y page_remontee={URL}", 0),
        (Room("lang=FR -- x"), f"lang=FR remontee_info=y page_remontee={URL} -- x", 0),
        (Room('disk="model:a b"'), f'disk="model:a b" remontee_info=y page_remontee={URL}', 0),
        (Room('disk="model:a'), 'disk="model:a', 0),
        (Room("remontee_info=n"), "remontee_info=n", 1),
        (Room("PAGE-REMONTEE=http://se3/x remontee_info=y"), "PAGE-REMONTEE=http://se3/x remontee_info=y", 1),
        (
            Room("", (Machine(ONE, "page_remontee=http://se3/x"), Machine(TWO))),
            f"remontee_info=y page_remontee={URL}",
            1,
        ),
    ],
)
def test_the_page_goes_on_every_line_that_does_not_name_one_itself(room: Room, append: str, warnings: int) -> None:
    told, said = tell(room, URL)
    assert told.append == append
    assert told.machines == room.machines
    assert len(said) == warnings
    assert all("cannot know who is done" in sentence for sentence in said)
