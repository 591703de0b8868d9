"""Who is done: kept whole, changed by many at once, and never guessed from a damaged file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pxe.done.state import Busy, Damaged, Done, State, StateError, change, read, replace_damaged
from pxe.entries.menu import Choice, Menu
from pxe.entries.room import Boot, Machine, Room
from tests.common import ROOT
from tests.pxe.tree.killing import killed_after

MAC, OTHER = "52:54:00:aa:bb:01", "52:54:00:aa:bb:02"
DONE = Done(MAC, "2026-11-28T16:00:00Z", "rcv")
MENU = Menu((Choice.SEND, Choice.DISK), Choice.DISK, 2.5, "FR")
ROOM = Room(
    "lang=FR",
    (Machine(MAC, "umode=snd", "PC 1", "front", menu=MENU), Machine(OTHER, armed=False)),
    default=Boot.DISK,
    menu=Menu(),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "room.json"


def test_no_file_means_that_nobody_is_done(path: Path) -> None:
    assert read(path) == State()


def test_what_is_written_is_read_again(path: Path) -> None:
    state = State((DONE, Done(OTHER, "2026-11-28T16:00:01Z", "hand")), "0123456789abcdef", ROOM)
    assert change(path, lambda _: state) == state
    assert read(path) == state
    assert [one.name for one in path.parent.iterdir()] == ["room.json"]


def test_a_file_of_a_version_without_menus_is_read(path: Path) -> None:
    change(path, lambda _: State((), "x", ROOM))
    record = json.loads(path.read_text())
    for one in (record["room"], *record["room"]["machines"]):
        del one["menu"]
    path.write_text(json.dumps(record))
    found = read(path).room
    assert found and found.menu is None and [one.menu for one in found.machines] == [None, None]


@pytest.mark.parametrize(
    "menu",
    [
        *({}, 1, {"choices": ["ask"]}, {"choices": "ask", "preset": "ask", "timeout": 0, "lang": ""}),
        {"choices": ["ask", "disk"], "preset": "send", "timeout": 0, "lang": ""},
        {"choices": ["ask", "disk"], "preset": "ask", "timeout": True, "lang": ""},
        {"choices": ["ask", "disk"], "preset": "ask", "timeout": 0, "lang": 7},
        {"choices": ["ask", "no"], "preset": "ask", "timeout": 0, "lang": ""},
    ],
)
def test_a_menu_that_is_none_is_damage(path: Path, menu: object) -> None:
    change(path, lambda _: State((), "x", ROOM))
    record = json.loads(path.read_text())
    record["room"]["menu"] = menu
    path.write_text(json.dumps(record))
    with pytest.raises(Damaged):
        read(path)


def test_who_is_done_stays_done_since_then_and_is_armed_again() -> None:
    state = State().with_done([DONE]).with_done([Done(MAC, "later", "snd"), Done(OTHER, "later", "snd")])
    assert state.done == (DONE, Done(OTHER, "later", "snd"))
    assert state.without({MAC}).macs == {OTHER}


def test_a_token_is_made_once() -> None:
    state = State().with_token()
    assert len(state.token) == 16
    assert state.with_token() is state
    assert State().with_token().token != state.token


GOOD = {"version": 1, "token": "", "done": {MAC: {"when": "", "result": "rcv"}}, "room": None}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\0" * 64,
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe",
        json.dumps(GOOD)[:-5].encode(),
        json.dumps({**GOOD, "version": 2}).encode(),
        json.dumps({**GOOD, "done": [MAC]}).encode(),
        json.dumps({**GOOD, "done": {"5254": {"when": "", "result": ""}}}).encode(),
        json.dumps({**GOOD, "done": {MAC.upper(): {"when": "", "result": ""}}}).encode(),
        json.dumps({**GOOD, "done": {MAC: {"when": 3, "result": ""}}}).encode(),
        json.dumps({**GOOD, "token": None}).encode(),
        json.dumps({**GOOD, "room": {"append": ""}}).encode(),
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_one_sentence_and_never_nobody(path: Path, text: bytes) -> None:
    path.write_bytes(text)
    with pytest.raises(Damaged, match=r"^\S+ is damaged \(.*\), so nobody knows which PCs are done") as caught:
        read(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(Damaged):
        change(path, lambda state: state.with_done([DONE]))
    assert path.read_bytes() == text


@given(st.integers(0, 200), st.binary(max_size=3))
def test_whatever_is_damaged_is_noticed_or_harmless(where: int, put: bytes) -> None:
    """A change of the text is noticed, or it changed no more than a word that is shown."""
    whole = json.dumps(GOOD).encode()
    path = Path(f"/dev/shm/state-{os.getpid()}.json")
    path.write_bytes(whole[:where] + put + whole[where + len(put) :])
    try:
        assert read(path).macs
    except Damaged:
        pass
    finally:
        path.unlink()


def test_a_damaged_file_is_kept_when_all_is_armed(path: Path) -> None:
    path.write_text("{")
    kept = replace_damaged(path, State(room=ROOM))
    assert kept.read_text() == "{"
    assert read(path) == State(room=ROOM)


def test_a_link_that_leads_to_itself_is_one_sentence(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(path.name)
    with pytest.raises(StateError, match=r"room\.json cannot be read: Too many levels of symbolic links\."):
        change(path, State.with_token)


def test_what_cannot_be_written_is_one_sentence(tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StateError, match=r"nowhere does not exist: name a folder"):
        change(tmp_path / "nowhere/state.json", lambda _: State((DONE,)))
    change(path, lambda _: State((DONE,)))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StateError, match=r"room\.json cannot be written: No space left on device\."):
        change(path, lambda _: State())
    assert read(path).macs == {MAC}


def test_another_writer_is_waited_for_and_then_named(path: Path) -> None:
    holder = subprocess.Popen(["flock", path.parent, "sh", "-c", "echo; read line"], stdin=-1, stdout=-1)
    assert holder.stdout
    holder.stdout.readline()
    with pytest.raises(Busy, match="another build, tree or serve is writing in"):
        change(path, lambda state: state, wait=0)
    holder.communicate(b"\n")
    assert change(path, lambda state: state.with_done([DONE]), wait=0).macs == {MAC}


ADD = """
import sys
from pathlib import Path
from pxe.done.state import Done, change
change(Path(sys.argv[1]), lambda state: state.with_done([Done(sys.argv[2], "", "hand")]))
"""


def adding(path: Path, mac: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", ADD, str(path), mac], cwd=ROOT)


def test_nobodys_change_is_lost(path: Path) -> None:
    macs = [f"52:54:00:aa:cc:{n:02x}" for n in range(12)]
    running = [adding(path, mac) for mac in macs]
    assert [process.wait() for process in running] == [0] * 12
    assert read(path).macs == set(macs)


def adds(path: Path) -> int:
    change(path, lambda state: state.with_done([Done(OTHER, "", "rcv")]))
    return 0


def test_killed_at_any_point_it_is_the_old_or_the_new(path: Path) -> None:
    """The next one writes on whatever was left, and leaves no file behind."""
    seen = set()
    for calls in range(40):
        path.unlink(missing_ok=True)
        change(path, lambda _: State((DONE,)))
        status = killed_after(calls, lambda: adds(path))
        seen.add(read(path).macs)
        change(path, lambda state: state.with_done([Done(OTHER, "", "rcv")]))
        assert read(path).macs == {MAC, OTHER}
        assert {one.name for one in path.parent.iterdir()} == {"room.json"}
        if status == 0:
            break
        assert status == -signal.SIGKILL
    assert status == 0
    assert seen == {frozenset({MAC}), frozenset({MAC, OTHER})}
