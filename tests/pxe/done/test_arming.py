"""Who is done, by hand: in a tree for somebody else's server, and in the state of a server of ours."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from initrd.pair.switch import JOURNAL, Change, switch
from pxe.__main__ import main
from pxe.commands.page import Keeper
from pxe.done.arming import TREE_STATE, ArmError, Chosen, Memory, TreeRoom, arm, remembering
from pxe.done.results import Report
from pxe.done.state import Done, State, StateError, change, read
from pxe.entries.loaders import LOADERS, Loader
from pxe.entries.room import Machine, Room
from pxe.tree.record import digest, read_record
from pxe.tree.tree import write_tree
from tests.common import ROOT
from tests.pairs import make_pair
from tests.pxe.tree.killing import killed_after

LOADER = LOADERS[0]
ONE, TWO, OFF, STRANGER = (f"52:54:00:aa:bb:0{n}" for n in range(1, 5))
ROOM = Room(
    "umode=rcv",
    (
        Machine(ONE, "umode=snd", "PC 1", "front"),
        Machine(TWO, "lang=FR", "PC 2", "back"),
        Machine(OFF, group="back", armed=False),
    ),
)


class Room1:
    """A tree that was written for `ROOM`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "tftp"
        self.pair, self.places = make_pair(directory / "pair"), (directory / "syslinux",)
        self.places[0].mkdir()
        for loader in LOADERS:
            for name in loader.files:
                (self.places[0] / loader.source(name)).write_text(name)
        self.write()

    def write(self, room: Room = ROOM) -> None:
        with remembering(self.directory, self.pair, room) as memory:
            self.write_only(room, memory)

    def write_only(self, room: Room, memory: Memory) -> None:
        """Up to the end of the writing itself."""
        also, places = (memory.change,), self.places
        write_tree(self.directory, self.pair, room, memory.done, places=places, check=lambda _: ([], []), also=also)

    def boots(self, *macs: str) -> list[str]:
        """By every loader the same."""
        [found] = {tuple(self._boots(loader, mac) for mac in macs) for loader in LOADERS}
        return list(found)

    def _boots(self, loader: Loader, mac: str) -> str:
        path = self.directory / loader.machine(mac)
        return "" if not path.exists() else "disk" if path.read_text() == loader.disk else "launcher"

    def path(self, mac: str) -> Path:
        return self.directory / LOADER.machine(mac)

    def files(self) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in self.directory.rglob("*") if path.is_file()}

    def run(self, *words: str) -> int:
        return main(["tree", words[0], str(self.directory), *words[1:]])


@pytest.fixture
def tree(tmp_path: Path) -> Room1:
    return Room1(tmp_path)


def test_done_and_armed_again_is_as_before(tree: Room1, capsys: pytest.CaptureFixture[str]) -> None:
    before = {name: text for name, text in tree.files().items() if not name.endswith(TREE_STATE)}
    assert tree.boots(ONE, TWO, OFF, STRANGER) == ["launcher", "launcher", "disk", ""]
    assert tree.run("done", ONE.upper().replace(":", "-"), STRANGER) == 0
    assert tree.boots(ONE, TWO, OFF, STRANGER) == ["disk", "launcher", "disk", "disk"]
    assert tree.run("done") == 0
    assert tree.run("arm", "pc 1", STRANGER) == 0
    assert {name: text for name, text in tree.files().items() if not name.endswith(TREE_STATE)} == before
    assert tree.run("arm") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"PC 1 ({ONE}) is done: boots its disk from now on"
    assert lines[1] == f"{STRANGER} is done: boots its disk from now on (not one of the room: is the address right?)"
    assert lines[2].startswith(f"PC 1 ({ONE}) is done since 20") and lines[2].endswith(" (said by hand)")
    assert lines[4:] == [f"PC 1 ({ONE}) is armed again", f"{STRANGER} is armed again", "nobody is done"]


def test_who_is_not_one_of_the_room_is_said_where_the_room_names_its_machines(tree: Room1) -> None:
    told: list[str] = []
    assert Keeper(TreeRoom(tree.directory), told.append).keep([Report(STRANGER, "10.0.0.9", "rcv", ok=True)])
    assert told[0].endswith(f"  {STRANGER} is done: boots its disk from now on (not one of the room)")
    tree.write(Room("umode=rcv"))
    assert tree.run("done", ONE) == 0
    [line] = TreeRoom(tree.directory).done(Chosen((TWO,)))
    assert line == f"{TWO} is done: boots its disk from now on"


def test_a_group_or_all(tree: Room1, capsys: pytest.CaptureFixture[str]) -> None:
    assert tree.run("done", ONE, TWO, STRANGER) == 0
    assert tree.run("arm", "--group", "back") == 0
    assert tree.boots(ONE, TWO, OFF, STRANGER) == ["disk", "launcher", "disk", "disk"]
    assert f"{OFF} boots its disk all the same: the room says that it is not armed" in capsys.readouterr().out
    assert tree.run("arm", "--all") == 0
    assert tree.boots(ONE, TWO, OFF, STRANGER) == ["launcher", "launcher", "disk", ""]
    assert tree.run("arm", "--group", "left") == 1
    assert capsys.readouterr().err == 'there is no group "left": the groups are back, front.\n'
    assert tree.run("done", "PC 9") == 1
    assert capsys.readouterr().err.startswith('"PC 9" is no MAC address, and no machine of the room has this name.')


@pytest.mark.parametrize("mac", ["ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "01:00:5e:00:00:01"])
def test_the_address_of_no_card_is_nobody(tree: Room1, mac: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tree", "done", str(tree.directory), mac]) == 1
    assert f'"{mac}" is no MAC address' in capsys.readouterr().err
    assert tree.boots(mac) == [""]


def test_the_tree_written_again_keeps_who_is_done(tree: Room1) -> None:
    tree.run("done", ONE, STRANGER)
    tree.write(Room("lang=DE", (Machine(ONE, "umode=snd"),)))
    assert tree.boots(ONE, STRANGER) == ["disk", "disk"]
    tree.run("arm", ONE)
    assert "lang=DE umode=snd\n" in tree.path(ONE).read_text(), "the line of the room as it is now"


def test_lines_of_a_room_that_is_gone_do_not_come_back_when_the_run_ends_behind_the_writing(tree: Room1) -> None:
    with pytest.raises(KeyboardInterrupt), remembering(tree.directory, tree.pair, Room()) as memory:
        tree.write_only(Room(), memory)
        raise KeyboardInterrupt
    assert tree.boots(ONE, TWO, OFF) == ["", "", ""]
    TreeRoom(tree.directory).arm(Chosen(all=True))
    assert tree.boots(ONE, TWO, OFF) == ["", "", ""]


def test_files_of_somebody_else_stay_and_are_said(tree: Room1, capsys: pytest.CaptureFixture[str]) -> None:
    tree.path(STRANGER).write_text("default theirs\n")
    assert tree.run("done", STRANGER, TWO) == 1
    assert tree.boots(ONE, TWO) == ["launcher", "disk"]
    assert tree.path(STRANGER).read_text() == "default theirs\n"
    out, said = capsys.readouterr()
    assert said.count("\n") == 1 and f"{tree.path(STRANGER)} is not ours" in said
    assert out == f"PC 2 ({TWO}) is done: boots its disk from now on\n"
    assert read(tree.directory / TREE_STATE).macs == {TWO}


def test_a_tree_of_an_older_version_loses_no_line(tree: Room1, capsys: pytest.CaptureFixture[str]) -> None:
    (tree.directory / TREE_STATE).unlink()
    before = tree.path(ONE).read_text()
    assert tree.run("done", ONE) == 1
    assert "Write the tree again" in capsys.readouterr().err
    assert tree.path(ONE).read_text() == before
    assert tree.run("done", STRANGER) == 0
    assert tree.boots(STRANGER) == ["disk"]
    assert tree.run("arm", STRANGER) == 0
    assert tree.boots(STRANGER) == [""]


def test_a_damaged_state_arms_nobody_until_all_are(tree: Room1, capsys: pytest.CaptureFixture[str]) -> None:
    tree.run("done", ONE)
    (tree.directory / TREE_STATE).write_text("{")
    for words in (("done", TWO), ("arm", ONE), ("done",)):
        assert tree.run(*words) == 1
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert "(PCs that were done are then cloned again)" in said
        assert "To arm all: `python3 -m pxe tree arm " in said and said.endswith(" --all`\n")
    with pytest.raises(StateError):
        tree.write()
    assert tree.boots(ONE, TWO) == ["disk", "launcher"]
    assert tree.run("arm", "--all") == 1
    assert "write the tree again" in capsys.readouterr().err
    assert tree.boots(ONE, TWO) == ["disk", "launcher"]
    tree.write()
    assert tree.boots(ONE, TWO) == ["launcher", "launcher"]


def test_the_record_of_the_tree_knows_what_was_switched(tree: Room1) -> None:
    def recorded() -> set[str]:
        files = read_record(tree.directory).files
        assert {name: digest(tree.directory / name) for name in files} == files
        return set(files)

    before = recorded()
    tree.run("done", ONE, STRANGER)
    assert recorded() == {*before, *(str(loader.machine(STRANGER)) for loader in LOADERS)}
    tree.run("arm", "--all")
    assert recorded() == before


def test_what_was_changed_by_hand_is_kept(tree: Room1, capsys: pytest.CaptureFixture[str]) -> None:
    with tree.path(ONE).open("a") as file:
        file.write("# mine\n")
    edited = tree.path(ONE).read_text()
    assert tree.run("done", ONE) == 0
    kept = tree.path(ONE).with_name(f"{tree.path(ONE).name}.bak")
    assert kept.read_text() == edited
    assert f"was changed by hand: it is kept as {LOADER.machine(ONE)}.bak." in capsys.readouterr().out


def test_what_is_no_tree_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tree", "done", str(tmp_path), ONE]) == 1
    assert "is no boot tree" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stopped:
        main(["tree", "done"])
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("usage: python3 -m pxe tree done ")


def test_the_state_of_a_tree_is_no_servers(tree: Room1, capsys: pytest.CaptureFixture[str]) -> None:
    state = str(tree.directory / TREE_STATE)
    assert main(["arm", "--state", state, "--all"]) == 1
    assert main(["serve", "--interface", "eth0", "--pair", str(tree.pair), "--state", state]) == 1
    assert capsys.readouterr().err.count(f"`tree arm {tree.directory}` changes it.\n") == 2


def test_a_folder_of_that_name_is_a_tree_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["tree", "./done"]) == 1  # there is no pair in it
    assert main(["tree", "elsewhere"]) == 1


@pytest.mark.parametrize("count", [6, pytest.param(30, marks=pytest.mark.field)])
def test_many_at_once(tree: Room1, count: int) -> None:
    """As a room's PCs report to a web page that calls this command."""
    macs = [f"52:54:00:aa:cc:{n:02x}" for n in range(count)]
    command = [sys.executable, "-m", "pxe", "tree", "done", str(tree.directory)]
    running = [subprocess.Popen([*command, mac], cwd=ROOT, stdout=subprocess.DEVNULL) for mac in macs]
    assert [process.wait() for process in running] == [0] * count
    assert read(tree.directory / TREE_STATE).macs == set(macs)
    assert set(tree.boots(*macs)) == {"disk"}


def killed_everywhere(tree: Room1, every: int, *words: str) -> int:
    """Run a command again and again from the same tree, each time killed so many steps later; how far it came."""
    before = tree.files()
    for calls in range(0, 400, every):
        for name in tree.files().keys() - before.keys():
            Path(name).unlink()
        for name, content in before.items():
            Path(name).write_bytes(content)
        status = killed_after(calls, lambda: tree.run(*words))
        if status == 0:
            return calls
        assert status == -signal.SIGKILL
        told = read(tree.directory / TREE_STATE).macs
        for mac in (ONE, STRANGER):
            assert mac in told or words[0] == "arm" or tree.boots(mac) != ["disk"], (
                "nobody is switched unless it is kept"
            )
            assert mac not in told or words[0] == "done" or tree.boots(mac) == ["disk"], "nor armed"
        assert tree.run(*words) == 0
        expected = ["disk", "disk"] if words[0] == "done" else ["launcher", ""]
        assert tree.boots(ONE, STRANGER) == expected
        left = {path.name for path in (tree.directory / "pxelinux.cfg").iterdir()}
        assert not {name for name in left if name.startswith(".")}, "no file is left behind"
    raise AssertionError("it never ended by itself")


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.field)])
def test_killed_at_any_point_the_next_run_finishes(tree: Room1, every: int) -> None:
    assert killed_everywhere(tree, every, "done", ONE, STRANGER) > 20
    tree.run("done", ONE, STRANGER)
    assert killed_everywhere(tree, every, "arm", "--all") > 20


def test_a_page_keeps_reports_in_a_tree(tree: Room1) -> None:
    said: list[str] = []
    keeper = Keeper(TreeRoom(tree.directory, wait=0), said.append)
    tree.path(STRANGER).write_text("default theirs\n")
    reports = [Report(mac, "10.77.0.9", "rcv", mac != TWO) for mac in (ONE, TWO, STRANGER)]
    assert keeper.keep(reports) and keeper.keep(reports[2:])
    assert tree.boots(ONE, TWO) == ["disk", "launcher"]
    [done] = read(tree.directory / TREE_STATE).done
    assert (done.mac, done.result) == (ONE, "rcv")
    assert [line.partition("  ")[2] for line in said[1:]] == [
        f"PC 1 ({ONE}) is done: boots its disk from now on",
        f"{TWO} reports a failure (receiver)",
    ]
    assert said[0].startswith("warning: ") and said[0].endswith("take that file away.")
    (tree.directory / TREE_STATE).write_text("{")
    assert not keeper.keep(reports)


@pytest.mark.parametrize(
    ("query", "status", "boots"),
    [
        (f"debut=1&fin=2&succes=y&mac={ONE.replace(':', '-')}&num_op=&umode=rcv", "200 OK", "disk"),
        (f"debut=1&fin=2&succes=n&mac={ONE.replace(':', '-')}&num_op=&umode=rcv", "200 OK", "launcher"),
        ("succes=y&mac=--all", "500 Not kept", "launcher"),
        ("succes=y&mac=;reboot", "500 Not kept", "launcher"),
        ("", "200 OK", "launcher"),
    ],
)
def test_the_documents_page_for_a_web_server(tree: Room1, query: str, status: str, boots: str) -> None:
    [text] = re.findall(r"^```python\n(#!.*?)^```$", (ROOT / "docs/admin.md").read_text(), re.M | re.S)
    text = text.replace('"udpcast-launcher"', f'"{sys.executable}", "-m", "cli"').replace(
        "/srv/tftp", str(tree.directory)
    )
    environment = {**os.environ, "QUERY_STRING": query, "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-c", text]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == f"Status: {status}\nContent-Type: text/plain\n\n"
    assert tree.boots(ONE, TWO) == [boots, "launcher"]


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--interface", "lo", "lo leads to this machine only"),
        ("--interface", "eth1:0", "is an alias"),
        ("--address", "10.77", '"10.77" is no IPv4 address'),
        ("--port", "0", '"0" is no port'),
        ("--port", "99999", '"99999" is no port'),
    ],
)
def test_wrong_usage_of_the_page(
    tree: Room1, capsys: pytest.CaptureFixture[str], option: str, value: str, words: str
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["page", str(tree.directory), "--interface", "eth1", option, value])
    assert stopped.value.code == 2
    assert words in capsys.readouterr().err


def test_a_page_finishes_first_what_a_killed_run_has_left(tree: Room1, capsys: pytest.CaptureFixture[str]) -> None:
    (tree.directory / JOURNAL).write_text('{"format": 1, "state": "copying", "steps": []}')
    assert main(["page", str(tree.directory), "--interface", "none0"]) == 1
    assert "an earlier run was interrupted" in capsys.readouterr().out
    assert not (tree.directory / JOURNAL).exists()


def test_a_report_waits_while_somebody_edits_the_tree(tree: Room1, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    keeper = Keeper(TreeRoom(tree.directory, wait=0), said.append)

    def late(folder: Path, changes: Sequence[Change]) -> None:
        tree.path(ONE).write_text("by hand")
        switch(folder, changes)

    monkeypatch.setattr("pxe.done.arming.switch", late)
    assert not keeper.keep([Report(ONE, "10.77.0.50", "rcv", True)])
    assert tree.path(ONE).read_text() == "by hand"
    monkeypatch.undo()
    assert keeper.keep([Report(ONE, "10.77.0.50", "rcv", True)])
    assert tree.boots(ONE) == ["disk"]
    assert tree.path(ONE).with_name(f"{tree.path(ONE).name}.bak").read_text() == "by hand"


def test_arm_changes_the_state_of_a_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "room.state.json"
    change(path, lambda _: State((Done(ONE, "now", "rcv"), Done(TWO, "now", "snd")), "token", ROOM))
    assert main(["arm", "--state", str(path), "--group", "front"]) == 0
    assert read(path) == State((Done(TWO, "now", "snd"),), "token", ROOM)
    assert main(["arm", "--state", str(path)]) == 0
    assert main(["arm", "--state", str(path), "--all"]) == 0
    assert read(path).macs == frozenset()
    assert capsys.readouterr().out.splitlines()[:3] == [
        f"PC 1 ({ONE}) is armed again",
        f"PC 2 ({TWO}) is done since now (sender)",
        f"PC 2 ({TWO}) is armed again",
    ]
    assert main(["arm", "--state", str(tmp_path / "nowhere.json"), "--all"]) == 1
    assert "does not exist" in capsys.readouterr().err


def test_the_state_of_a_server_is_found_as_the_server_finds_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, words in (("udpcast-state.json", ["--pair", str(tmp_path)]), ("r-state.json", ["--room", "r.toml"])):
        change(tmp_path / name, lambda _: State((Done(ONE, "now", "rcv"),)))
        words[1] = str(tmp_path / words[1])
        assert main(["arm", *words, ONE]) == 0
        assert read(tmp_path / name).macs == frozenset()
    assert capsys.readouterr().out == f"{ONE} is armed again\n" * 2
    with pytest.raises(SystemExit):
        main(["arm", "--all"])


def test_a_damaged_state_of_a_server_is_mended_by_arming_all(tmp_path: Path) -> None:
    path = tmp_path / "room.state.json"
    path.write_text("{")
    with pytest.raises(StateError):
        arm(path, Chosen((ONE,)))
    [line] = arm(path, Chosen(all=True))
    assert "kept as room.state.json.damaged" in line
    assert read(path) == State()


def test_another_writer_is_named(tree: Room1) -> None:
    holder = subprocess.Popen(["flock", tree.directory, "sh", "-c", "echo; read line"], stdin=-1, stdout=-1)
    assert holder.stdout
    holder.stdout.readline()
    with pytest.raises(ArmError, match="is writing in"):
        TreeRoom(tree.directory, wait=0).done(Chosen((ONE,)))
    holder.communicate(b"\n")
