"""A room's values: each machine once, and what the command line's shorthand makes of them."""

from __future__ import annotations

import pytest

from pxe.__main__ import main
from pxe.entries.room import Machine, Room, RoomError, machines_of


def test_the_shorthand_makes_machines_in_one_spelling() -> None:
    assert machines_of([("52-54-00-AA-BB-01", "umode=snd")]) == (Machine("52:54:00:aa:bb:01", "umode=snd"),)
    with pytest.raises(RoomError, match='"5254" is no MAC address'):
        machines_of([("5254", "")])
    for nobody in ("FF-FF-FF-FF-FF-FF", "00:00:00:00:00:00", "01:00:5e:00:00:01"):
        with pytest.raises(RoomError, match="is the address of no card"):
            machines_of([(nobody, "")])


def test_a_machine_is_there_once() -> None:
    with pytest.raises(RoomError, match=r"the machine 52:54:00:aa:bb:01 is given twice"):
        Room("", machines_of([("52:54:00:aa:bb:01", "umode=snd"), ("52-54-00-AA-BB-01", "umode=rcv")]))


@pytest.mark.parametrize("again", ["52:54:00:aa:bb:01", "52:54:00:AA:BB:01", "52-54-00-aa-bb-01"])
def test_the_command_refuses_a_machine_that_is_given_twice(again: str, capsys: pytest.CaptureFixture[str]) -> None:
    machine = ["--machine", "52:54:00:aa:bb:01=umode=snd", "--machine", f"{again}=umode=rcv"]
    assert main(["tree", "/nowhere/tftp", *machine]) == 1
    assert "the machine 52:54:00:aa:bb:01 is given twice" in capsys.readouterr().err
