"""A running boot server switches a PC that reports a success, and no other, and knows it after its own death."""

from __future__ import annotations

from pathlib import Path

import pytest

from pxe.entries.loaders import LOADERS
from tests import common

SCENARIOS = Path(__file__).with_name("results_scenarios.py")
MAC = "52:54:00:aa:bb:01"


@pytest.mark.netns
def test_a_pc_that_reports_a_success_boots_its_disk_until_it_is_armed(tmp_path: Path) -> None:
    seen = common.scenario(SCENARIOS, "results", tmp_path)
    assert (seen["loaded"], seen["own"], seen["before"]) == (True, None, None), "a download makes nobody done"
    assert (seen["of another"], seen["without the token"], seen["failure"]) == (False, False, True)
    assert seen["success"]
    assert seen["after"] == LOADERS[0].disk
    assert f"{MAC} is done since" in seen["listed"] and "(receiver)" in seen["listed"]
    assert seen["armed"] == f"{MAC} is armed again\n"
    assert seen["again"] is None
    assert "PCs that boot from the network start the launcher." in seen["said"]
    steps = [line.split(None, 1)[1] for line in seen["said"] if line.split(None, 1)[-1].startswith(MAC)]
    texts = [step.split(None, 1)[1].removeprefix("10.77.0.50").strip() for step in steps]
    assert any("10.77.0.3" in line and "is not believed, and nobody is done" in line for line in seen["said"])
    assert [text for text in texts if not text.startswith("loaded ")] == [
        "reports a failure (receiver): stays armed",
        "is done (receiver): boots its disk from now on",
        "is armed: boots the launcher from now on",
    ]
    assert seen["status"] == 0


@pytest.mark.field
def test_a_server_that_was_killed_knows_who_is_done(tmp_path: Path) -> None:
    seen = common.scenario(SCENARIOS, "killed", tmp_path)
    assert seen["own"] == LOADERS[0].disk
    assert seen["late"], "who booted before it died may still report"
    assert f"{MAC} is done since" in "\n".join(seen["said"])
    assert seen["status"] == 0


@pytest.mark.field
def test_a_page_beside_somebody_elses_server(tmp_path: Path) -> None:
    seen = common.scenario(SCENARIOS, "page", tmp_path)
    assert seen["believed"] == [False, True]
    assert seen["own"] == LOADERS[0].disk
    doubt, done = seen["said"].splitlines()
    assert "10.77.0.3 is not believed, and nobody is done: it reports for" in doubt
    assert done.split(None, 1)[1] == f"{MAC} is done: boots its disk from now on"
    assert seen["status"] == 0
    assert seen["begun"][0].startswith("Listening at http://10.77.0.1:8067/")
    assert seen["second"].startswith("port 8067 of br0 is in use by another program on this machine")
    assert "--port" in seen["second"] and "`ss -ltnp sport = :8067`" in seen["second"]
