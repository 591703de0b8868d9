"""A room that `python3 -m pxe serve` boots, with nobody there: cloned once, however often its PCs are started."""

from __future__ import annotations

from pathlib import Path

import pytest

from qemu.classroom.served import SEATS, Served, ServedSpec, run_served
from qemu.machine.spec import mac
from tests.common import PAIR


def says_done(served: Served) -> list[str]:
    return [line for line in served.said if "is done" in line and "boots its disk from now on" in line]


@pytest.mark.vm
def test_pcs_that_boot_from_the_network_first_are_cloned_once(tmp_path: Path) -> None:
    served = run_served(ServedSpec(PAIR), tmp_path / "artefacts")
    assert served.outcomes == {"sender": ("sent",), "receiver": ("equal",)}, served
    assert served.loaded == {"sender": 1, "receiver": 1}, served.said
    assert served.are_equal
    done = says_done(served)
    assert len(done) == 2
    assert all(any(mac(number) in line for line in done) for number, _ in enumerate(SEATS))


@pytest.mark.faults
def test_a_pc_that_loses_its_power_before_it_reports_is_cloned_again(tmp_path: Path) -> None:
    """And its sender, which is done, boots the launcher again when it is armed."""
    served = run_served(ServedSpec(PAIR, power_loss=True, deadline=420.0), tmp_path / "artefacts")
    assert served.outcomes["receiver"] == ("equal",), served
    assert served.outcomes["sender"][-1] == "sent"
    assert served.loaded["receiver"] == 2
    assert served.are_equal
    assert len({line for line in says_done(served) if mac(1) in line}) == 1
