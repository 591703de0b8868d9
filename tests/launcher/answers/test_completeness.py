"""No parameter is declared as used and used nowhere, no field of the plan is forgotten; each test names who was.

What a parameter does is looked at from outside: a line with it makes another plan, another language or another event
log than the line without it.
"""

from __future__ import annotations

import ast
import json
import os
import pty
import select
import signal
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kernel_cmdline import parse
from launcher import paths
from launcher.answers.interview import CONFIRM, QUESTIONS, Interview, refuse
from launcher.answers.lookup import given_answers, row_of
from launcher.answers.parameters import ROWS
from launcher.answers.questions import Facts, Question
from launcher.answers.reading_boot import Driver
from launcher.answers.row import Acts, Row, Use
from launcher.answers.rules import MADE
from launcher.commands.transfer import TAKEN
from launcher.errors import Unanswered
from launcher.model.plan import Plan
from launcher.session import app, boot, system
from launcher.session.fetching import Fetching
from launcher.session.finding_medium import FindingMedium
from launcher.session.interviewing import Interviewing
from launcher.session.loading import Loading
from launcher.session.speaking import loadable
from launcher.session.stage import Stage
from tests.common import ROOT, TWO
from tests.launcher.session.driver import FakeSystem, begun

LAUNCHER = ROOT / "launcher"
USED = [row for row in ROWS if row.use is Use.USED]
PLAN = [field.name for field in fields(Plan)]
MAC = TWO.nics[1].mac.replace(":", "-")

RECEIVER = "auto=yes umode=rcv disk=/dev/sda nic=eth0"
SENDER = "auto=yes umode=snd disk=/dev/sda nic=eth0"
PXE = "ip=10.77.0.160:10.77.0.1:10.77.0.1:255.255.255.0"
TELLS = "remontee_info=y page_remontee=http://se3/r"
DIFFERENCE = {
    "auto": (RECEIVER, RECEIVER.replace("auto=yes", "")),
    "umode": (RECEIVER, SENDER),
    "disk": (RECEIVER, RECEIVER.replace("sda", "sdb")),
    "nic": (RECEIVER, RECEIVER.replace("eth0", "eth1")),
    "bootif": (RECEIVER, f"{RECEIVER} BOOTIF=01-{MAC}"),
    "rd.bootif": (f"{RECEIVER} BOOTIF=01-{MAC}", f"{RECEIVER} BOOTIF=01-{MAC} rd.bootif=0"),
    "dhcp": (f"{RECEIVER} ip=10.0.0.7:::255.0.0.0", f"{RECEIVER} ip=10.0.0.7:::255.0.0.0 dhcp=no"),
    "ip": (RECEIVER, f"{RECEIVER} ip=10.0.0.7/24"),
    "netmask": (f"{RECEIVER} ip=10.0.0.7 netmask=24", f"{RECEIVER} ip=10.0.0.7 netmask=16"),
    "gateway": (f"{RECEIVER} ip=10.0.0.7/24", f"{RECEIVER} ip=10.0.0.7/24 gateway=10.0.0.1"),
    "port": (RECEIVER, f"{RECEIVER} port=9002"),
    "compr": (RECEIVER, f"{RECEIVER} compr=gzip"),
    "udpcparam": (RECEIVER, f"{RECEIVER} udpcparam=--nosync"),
    "silence": (RECEIVER, f"{RECEIVER} silence=50"),
    "start_timeout": (RECEIVER, f"{RECEIVER} start_timeout=60"),
    "blank": (SENDER, f"{SENDER} blank=yes"),
    "verify": (RECEIVER, f"{RECEIVER} verify=no"),
    "used": (SENDER, f"{SENDER} used=no"),
    "holes": (RECEIVER, f"{RECEIVER} holes=zero"),
    "grow": (RECEIVER, f"{RECEIVER} grow=yes"),
    "require": (RECEIVER, f"{RECEIVER} require=equal"),
    "retry": (RECEIVER, f"{RECEIVER} retry=1"),
    "after": (RECEIVER, f"{RECEIVER} after=reboot"),
    "auto_reboot": (RECEIVER, f"{RECEIVER} auto_reboot=always"),
    "remontee_info": (f"{RECEIVER} {TELLS}", f"{RECEIVER} {TELLS} remontee_info=n"),
    "page_remontee": (f"{RECEIVER} {TELLS}", f"{RECEIVER} {TELLS}2"),
    "sysuuid": (f"{RECEIVER} {PXE}", f"{RECEIVER} {PXE} SYSUUID=44454c4c-4200-1035-8056-b4c04f4d3132"),
    "num_op": (f"{RECEIVER} {TELLS}", f"{RECEIVER} {TELLS} num_op=7"),
}
"""For each parameter that fills a field of the plan: two lines that differ in this parameter only."""


def interview(line: str) -> Interview:
    return Interview(given_answers(parse(line)), TWO, refuse)


def plan(line: str) -> Plan:
    return interview(line).plan()


def names(rows: list[Row]) -> list[str]:
    return [row.name for row in rows]


def test_a_parameter_that_is_used_fills_a_field_of_the_plan_or_somebody_acts_on_it() -> None:
    assert names([row for row in USED if bool(row.fills) == bool(row.acts)]) == []
    assert names([row for row in USED if row.fills and row.fills not in PLAN]) == []
    assert names([row for row in ROWS if row.use is Use.FOREIGN and (row.fills or row.acts or row.title)]) == []


def test_every_field_of_the_plan_is_filled_by_a_row() -> None:
    assert [name for name in PLAN if name not in {row.fills for row in USED}] == []
    assert [name for name in MADE if name not in PLAN] == []


@pytest.mark.parametrize("name", [name for name in PLAN if name not in MADE])
def test_a_field_without_a_rule_is_filled_by_one_question_at_a_time(name: str) -> None:
    for line in (RECEIVER, SENDER, *(other for _, other in DIFFERENCE.values())):
        settled = [item.key for item in interview(line).preview()]
        filling = [row.name for row in QUESTIONS if row.fills == name and row.key in settled]
        assert (line, len(filling) < 2) == (line, True)


@pytest.mark.parametrize("row", [row for row in USED if row.fills], ids=lambda row: row.name)
def test_a_row_changes_the_field_it_fills(row: Row) -> None:
    assert row.key in DIFFERENCE, f"{row.name}: DIFFERENCE has no two lines that differ in it"
    one, other = DIFFERENCE[row.key]
    assert dict(given_answers(parse(one))).get(row.key) != dict(given_answers(parse(other))).get(row.key)
    assert getattr(plan(one), row.fills) != getattr(plan(other), row.fills)


def test_every_field_of_the_plan_is_read_by_what_carries_it_out() -> None:
    read = {
        node.attr
        for path in LAUNCHER.rglob("*.py")
        if path.parent.name != "answers" and path.name != "plan.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value).split(".")[-1].lstrip("_") == "plan"
    }
    assert [name for name in PLAN if name not in read] == []


@pytest.mark.parametrize("line", [other for _, other in DIFFERENCE.values()], ids=list(DIFFERENCE))
def test_the_plan_is_told_as_plain_values(line: str) -> None:
    told = plan(line).record()
    assert json.loads(json.dumps(told)) == told


# --- those that fill no field -----------------------------------------------------------------------------------------


@pytest.fixture
def signals() -> Iterator[None]:
    """What a run in the initrd ignores is not ignored by the next test."""
    numbers = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


Run = Callable[[str], str]

BEGAN: list[Callable[[Any], Stage]] = []
"""What makes the first stage of each run."""


@pytest.fixture
def run(signals: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run on a PC that was booted with a line, up to the first screen; gives the event log."""
    cmdline = tmp_path / "cmdline"
    monkeypatch.setattr(boot, "Path", lambda text: cmdline if text == "/proc/cmdline" else Path(text))
    for name in ("RUN", "STAMPS", "EVENTS", "CRASH", "RESULT"):
        monkeypatch.setattr(paths, name, tmp_path / "run" / getattr(paths, name).relative_to("/run/udpcast"))
    monkeypatch.setattr(system, "RunningSystem", lambda log, medium: SimpleNamespace(connect=None))
    BEGAN.clear()

    def made(*args: Any) -> SimpleNamespace:
        BEGAN.append(args[-1])
        return SimpleNamespace(run=lambda: 0)

    monkeypatch.setattr(app, "App", made)

    def start(line: str) -> str:
        cmdline.write_text(line + "\n")
        assert boot.run() == 0
        return (tmp_path / "run" / "events.jsonl").read_text()

    return start


def speaks_the_language(row: Row, run: Run) -> None:
    preview = {line: interview(line) for line in ("", f"{row.name}=fr")}
    for one in preview.values():
        one.preview()
    assert [one.language for one in preview.values()] == ["en", "fr"]


def writes_the_log_there_too(row: Row, run: Run) -> None:
    there, port = pty.openpty()
    try:
        log = run(f"{row.name}={os.ttyname(port).removeprefix('/dev/')} quiet")
        written = b""
        while b'"cmdline"' not in written or not written.endswith(b"\n"):
            assert select.select([there], [], [], 10)[0], "nothing more is written there"
            written += os.read(there, 65536)
    finally:
        os.close(there)
        os.close(port)
    events = [json.loads(text)["event"] for text in log.splitlines()]
    assert events[-1] == "cmdline"
    assert [json.loads(text)["event"] for text in written.decode().splitlines()] == events


def is_kept_in_the_log(row: Row, run: Run) -> None:
    assert f"{row.name}=4c4c4544-0042-3510-8056-b4c04f4d3132" in run(f"{row.name}=4c4c4544-0042-3510-8056-b4c04f4d3132")


def begins_with_its_file(row: Row, run: Run) -> None:
    run(f"quiet {row.name}=UDPC1")
    assert isinstance(BEGAN[-1](SimpleNamespace()), FindingMedium)
    run("quiet")
    assert isinstance(BEGAN[-1](SimpleNamespace(dialogue=SimpleNamespace(given={}), devices=None)), Interviewing)


def begins_with_fetching(row: Row, run: Run) -> None:
    run(f"{row.name}=room.txt")
    given = given_answers(parse(f"{row.name}=room.txt"))
    assert isinstance(BEGAN[-1](SimpleNamespace(dialogue=SimpleNamespace(given=given), devices=None)), Fetching)


def loads_the_keymap(row: Row, run: Run) -> None:
    given = [given_answers(parse(f"{name}=BE")) for name in (row.name, *row.aliases)]
    assert [loadable("fr", one) for one in (*given, {})] == ["be"] * len(given) + ["fr"]
    assert {row.parse(one[row.key].text, Facts(TWO)) for one in given} == {"be"}


def permits_shells(row: Row, run: Run) -> None:
    seats = [begun(line, FakeSystem(TWO)) for line in ("", f"{row.name}=yes", f"{row.name}=no")]
    assert [seat.system.shells_allowed for seat in seats] == [True, True, False]


DRIVERS = {
    "netmodule": ("{name}=e1000", (Driver("e1000"),)),
    "diskmodule": ("{name}=ahci", (Driver("ahci"),)),
    "modparm": ("netmodule=e1000 {name}=debug=1", (Driver("e1000", ("debug=1",)),)),
    "enablediskmodule": ("diskmodule=ahci netmodule=e1000 {name}=no", (Driver("e1000"),)),
}


def loads_the_drivers(row: Row, run: Run) -> None:
    line, drivers = DRIVERS[row.key]
    system = FakeSystem(TWO)
    seat = begun(line.format(name=row.name), system)
    assert isinstance(seat.app.stage, Loading)
    while seat.stage is Loading:
        seat.tick()
    assert tuple(system.loaded) == drivers


def asks_before_a_disk_is_overwritten(row: Row, run: Run) -> None:
    line = RECEIVER.replace("auto=yes ", "")
    assert plan(line) and plan(f"{line} {row.name}=given")
    asked = []

    def ask(question: Question, facts: Facts, preset: str | None, problem: object) -> str:
        asked.append(question.key)
        return question.choices(facts)[1].text

    assert Interview(given_answers(parse(f"{line} {row.name}=ask")), TWO, ask).plan() and asked == [CONFIRM]
    with pytest.raises(Unanswered, match="auto=yes asks nobody, and consent=ask waits for a key"):
        plan(f"{RECEIVER} {row.name}=ask")


CHECKS: dict[Acts, Callable[[Row, Run], None]] = {
    Acts.SCREENS: speaks_the_language,
    Acts.LOG: writes_the_log_there_too,
    Acts.RECORD: is_kept_in_the_log,
    Acts.CONSENT: asks_before_a_disk_is_overwritten,
    Acts.MEDIUM: begins_with_its_file,
    Acts.CONFIGURATION: begins_with_fetching,
    Acts.KEYBOARD: loads_the_keymap,
    Acts.SHELLS: permits_shells,
    Acts.DRIVERS: loads_the_drivers,
}


@pytest.mark.usefixtures("no_terminal")
@pytest.mark.parametrize("row", [row for row in USED if row.acts], ids=lambda row: row.name)
def test_who_acts_on_a_row_does_so(row: Row, run: Run) -> None:
    assert row.acts
    CHECKS[row.acts](row, run)


# --- the rest of a row ------------------------------------------------------------------------------------------------


def test_only_a_question_has_what_belongs_to_one() -> None:
    silent = Row("", "", "", "")
    belonging = ("default", "only", "when", "asked", "overruled", "warns", "label", "quiet")
    wrong = [
        f"{row.name}: {name}"
        for row in ROWS
        if not row.title
        for name in belonging
        if (name != "default" or not row.changed_as) and getattr(row, name) != getattr(silent, name)
    ]
    assert wrong == []
    assert names([row for row in ROWS if row.quiet and not row.label]) == []


def test_a_value_that_means_another_parameter_names_one_that_is_used() -> None:
    for row in ROWS:
        if row.stands_for:
            other = row_of(row.stands_for)
            assert other and other.use is Use.USED


def test_what_is_settled_is_asked_for_by_its_own_name() -> None:
    """A rule that looks at another row names it by its key; a slip would find nothing, and say nothing."""
    keys = {row.key for row in ROWS}
    rules = ast.parse((LAUNCHER / "answers" / "rules.py").read_text())
    reading = ast.parse((LAUNCHER / "answers" / "reading.py").read_text())
    asked = {
        ast.literal_eval(node.args[0])
        for tree in (rules, reading)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "of"
    }
    assert asked and asked <= keys


def test_transfer_takes_questions_only() -> None:
    assert names([row for row in ROWS if row.taken and not row.title]) == []
    assert set(TAKEN) == {row.key for row in ROWS if row.taken}
