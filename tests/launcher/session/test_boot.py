"""The launcher on the running PC: how it starts again behind a result, and how it keeps one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kernel_cmdline import parse
from launcher import paths
from launcher.answers.lookup import given_answers
from launcher.events import EventLog
from launcher.session import boot
from launcher.session import system as systems
from launcher.session.app import App
from launcher.session.interviewing import Dialogue
from launcher.session.stage import Stage
from tests.common import ONE
from tests.launcher.session.driver import AUTO, Events, FakeSystem

pytestmark = pytest.mark.usefixtures("no_terminal")


def test_a_launcher_that_starts_again_behind_a_result_begins_with_the_role(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[str] = []
    system = FakeSystem(ONE)

    def run(app: App) -> int:
        app.start()
        assert app.ui.page
        pages.append(app.ui.page.name)
        return 0

    monkeypatch.setattr(paths, "RESULT", tmp_path / "result.json")
    monkeypatch.setattr(systems, "RunningSystem", lambda log, label: system)
    monkeypatch.setattr(App, "run", run)
    line = parse(f"{AUTO} disk=/dev/sda")
    boot._screens(line, EventLog())
    (tmp_path / "result.json").touch()
    boot._screens(line, EventLog())
    assert (pages, len(system.started)) == (["transfer", "umode"], 1)


def test_the_running_system_keeps_a_result_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system = systems.RunningSystem.__new__(systems.RunningSystem)
    system._log = Events()
    monkeypatch.setattr(paths, "RESULT", tmp_path / "result.json")
    system.keep({"kind": "equal"})
    system.keep({"kind": "written"})
    assert json.loads((tmp_path / "result.json").read_text()) == {"kind": "written"}
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]
    monkeypatch.setattr(paths, "RESULT", tmp_path / "nowhere/result.json")
    system.keep({})
    assert "could not be written" in system._log.seen[0]["text"]


def test_the_first_page_comes_before_the_first_look_while_devices_are_coming(monkeypatch: pytest.MonkeyPatch) -> None:
    for whole, looked in ((False, 0), (True, 1)):
        system = FakeSystem(ONE, whole=whole)
        looks: list[None] = []
        shown: list[tuple[str, int]] = []
        monkeypatch.setattr(FakeSystem, "detect", lambda self, looks=looks: looks.append(None) or self.now)
        monkeypatch.setattr(
            App, "show", lambda app, page, shown=shown, looks=looks: shown.append((page.name, len(looks)))
        )
        App(system, Dialogue(given_answers(parse(""))), Events(), lambda app, plan: Stage(app)).run()
        assert shown[0] == ("umode", looked)
        assert shown[-1] == ("umode", 1)
