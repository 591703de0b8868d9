"""A room as the options of `tree` and `serve` describe it, and the command that shows one."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kernel_cmdline.arguments import ArgumentParser
from pxe.__main__ import main
from pxe.commands.options import add_options, add_without, loaders_of, room_of
from pxe.commands.room import state_of
from pxe.done.state import Done, State, change
from pxe.entries.loaders import PXELINUX
from pxe.entries.menu import Choice, Menu
from pxe.entries.room import Boot, Machine, Room, RoomError
from tests import common
from tests.pxe.room_file.test_file import ROOM, WITH_MENUS


def parsed(*words: str) -> argparse.Namespace:
    parser = ArgumentParser()
    add_options(parser)
    return parser.parse_args(words)


def test_without_an_option_it_is_the_documentations_room() -> None:
    assert room_of(parsed()) == Room()


def test_the_shorthand_is_a_room() -> None:
    words = ("--append", "lang=FR", "--machine", "52-54-00-AA-BB-01=umode=snd", "--label", "x", "--timeout", "3.5")
    machine = Machine("52:54:00:aa:bb:01", "umode=snd")
    assert room_of(parsed(*words, "--default", "disk")) == Room("lang=FR", (machine,), "x", 3.5, Boot.DISK)


def test_a_menu_by_options() -> None:
    words = ("--menu", "receive,disk", "--preset", "disk", "--timeout", "3", "--machine", "52-54-00-AA-BB-01=umode=snd")
    menu = Menu((Choice.RECEIVE, Choice.DISK), Choice.DISK, 3)
    found = room_of(parsed(*words))
    assert (found.menu, found.timeout, found.machines[0].menu) == (menu, 0, menu)
    assert room_of(parsed("--menu=send,disk")).menu == Menu((Choice.SEND, Choice.DISK), Choice.SEND)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--menu=ask"], "--menu: a menu has two choices or more"),
        (["--menu=ask,yes"], '"yes" is no choice of a menu: ask, receive, send, disk are'),
        (["--menu=ask,disk", "--preset=send"], "preset is one of the choices"),
        (["--preset=send"], "--menu says which choices there are"),
    ],
)
def test_a_wrong_menu_by_options(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        room_of(parsed(*words))
    assert ended.value.code == 2 and told in capsys.readouterr().err


def test_the_command_shows_each_menu(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "room.toml"
    path.write_text(WITH_MENUS)
    assert main(["room", str(path)]) == 0
    out, err = capsys.readouterr()
    assert "its preset overwrites the disk" in err
    first, second, *_ = out.splitlines()
    assert first == "Machines that are not named boot what is chosen in a menu."
    assert second == "    menu: Quel est le rôle de ce PC ? (10 s, then ask)"
    second = out[out.index("52:54:00:12:34:02") : out.index("52:54:00:12:34:03")]
    assert "menu: Was ist dieser PC? (10 s, then send)\n      1. SENDER" in second
    assert "(send)\n         append initrd=udpcast-initrd lang=FR auto=yes" in second and "2. " in second
    third = out[out.index("52:54:00:12:34:03") : out.index("52:54:00:12:34:04")]
    assert "menu" not in third and "umode=rcv" in third
    assert main(["room", str(path), "--json"]) == 0
    rows = {row["mac"][-1]: row["menu"] for row in json.loads(capsys.readouterr().out)}
    assert rows["3"] is None and [one["choice"] for one in rows["2"]["choices"]] == ["send", "disk"]
    assert rows["2"]["choices"][0]["append"].endswith("umode=snd") and rows["2"]["choices"][1]["append"] is None


def test_a_file_is_not_mixed_with_the_shorthand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "room.toml").write_text("default = 'disk'\n")
    room = ("--room", str(tmp_path / "room.toml"))
    assert room_of(parsed(*room)) == Room("", default=Boot.DISK)
    for words in (
        ["--append", ""],
        ["--machine", "52-54-00-AA-BB-01="],
        ["--default", "disk"],
        ["--timeout", "0"],
        ["--menu", "ask,disk"],
    ):
        with pytest.raises(SystemExit) as ended:
            room_of(parsed(*room, *words))
        assert ended.value.code == 2
        assert f"write into {tmp_path}/room.toml what {words[0]} should say" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--append=a=1", "--room=x", "--label=x", "--default=disk", "--timeout=0"])
def test_an_option_that_is_given_twice_loses_nothing(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    parsed(option)
    with pytest.raises(SystemExit):
        parsed(option, option)
    assert f"{option.partition('=')[0]} is given twice: write all into one" in capsys.readouterr().err


@pytest.mark.parametrize("command", [("tree", "DIR"), ("serve", "--interface", "x0", "--pair", "DIR")])
def test_a_mistake_in_the_file_is_told_before_anything_is_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    room = tmp_path / "room.toml"
    room.write_text("[parameters]\nport = 9001\n")
    assert main([word.replace("DIR", str(tmp_path / "tftp")) for word in command] + ["--room", str(room)]) == 1
    assert capsys.readouterr().err.startswith(f"{room}, line 2: port=9001 is odd.")
    assert [*tmp_path.iterdir()] == [room]
    with pytest.raises(RoomError, match=r"cannot be read: No such file"):
        room_of(parsed("--room", str(tmp_path / "missing.toml")))


def test_the_command_shows_the_line_of_each_machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "room.toml"
    path.write_text(ROOM)
    change(state_of(path), lambda _: State((Done("52:54:00:12:34:01", "2026-11-28T16:00:00Z", "rcv"),)))
    assert main(["room", str(path)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    common = "append initrd=udpcast-initrd lang=FR disk=/dev/disk/by-path/pci-0000:00:1f.2-ata-1 rd.bootif=0"
    assert out.startswith(
        f"Machines that are not named boot their disks, or the launcher when it is chosen within 5 s.\n    {common}\n"
    )
    assert f"52:54:00:12:34:00  teacher  armed\n    {common} umode=snd udpcparam=" in out
    assert "52:54:00:12:34:01  [pupils]  done\n" in out
    assert "52:54:00:12:34:03  pc 03  [pupils]  not armed\n" in out
    assert main(["room", str(path), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["state"] for row in rows] == ["armed", "done", "armed", "not armed", "not armed", "armed"]
    assert rows[0]["name"] == "teacher" and rows[0]["append"].startswith(common.removeprefix("append "))


def test_the_command_warns_of_what_is_right_word_by_word(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "room.toml"
    path.write_text("parameters.umode = 'snd'\nparameters.disk = '/dev/sda'\n")
    assert main(["room", str(path)]) == 0
    err = capsys.readouterr().err.splitlines()
    assert len(err) == 2 and all(line.startswith("warning: ") for line in err)
    assert (
        f": {path}, line 2: /dev/sda is given out" in err[0]
        and "may be a USB stick" in err[0]
        and "are senders on port 9000" in err[1]
    )


def test_the_command_warns_with_the_line_of_what_is_not_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "room.toml"
    path.write_text(
        "default = 'disk'\n[parameters]\npage_remontee = 'http://10.0.0.1/'\n[groups.a]\nmachines = ["
        "'52:54:00:12:34:01', '52:54:00:12:34:02']\n[groups.a.parameters]\numode = 'rcv'\n"
        "udpcparam = '--min-receivers 2 --ttl 2'\n[machines.b]\nmac = '52:54:00:12:34:03'\nparameters.umode = 'snd'\n"
    )
    assert main(["room", str(path)]) == 0
    assert capsys.readouterr().err.splitlines() == [
        f"warning: {path}, line 3: page_remontee= is not used without remontee_info=y.",
        f"warning: {path}, line 8: udpcparam: --min-receivers=2 is an option of udp-sender and was left out here.",
    ]


def test_options_for_both_roles_may_stand_on_the_lines_of_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "room.toml"
    text = (
        "default = 'disk'\nparameters.udpcparam = '--min-receivers 1 --receive-timeout 60'\n[machines]\n"
        "a = { mac = '52:54:00:12:34:01', parameters.umode = 'rcv' }\n"
    )
    path.write_text(text + "b = { mac = '52:54:00:12:34:02', parameters.umode = 'snd' }\n")
    assert main(["room", str(path)]) == 0
    assert capsys.readouterr().err == ""
    path.write_text(text)
    assert main(["room", str(path)]) == 0
    assert f"{path}, line 2: udpcparam: --min-receivers=1 is an option of udp-sender" in capsys.readouterr().err


def test_who_reads_the_lines_may_stop(tmp_path: Path) -> None:
    path = tmp_path / "room.toml"
    path.write_text(ROOM)
    reading, writing = os.pipe()
    os.close(reading)
    argv = [sys.executable, "-m", "pxe", "room", str(path)]
    done = subprocess.run(argv, stdout=writing, stderr=subprocess.PIPE, cwd=common.ROOT, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_boot_loaders_can_be_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    add_options(parser)
    add_without(parser)
    options = parser.parse_args(["--without", "grub", "--without", "ipxe"])
    assert loaders_of(options) == (PXELINUX,)
    with pytest.raises(SystemExit):
        loaders_of(parser.parse_args([word for name in ("pxelinux", "grub", "ipxe") for word in ("--without", name)]))
    assert "no PC could boot" in capsys.readouterr().err
