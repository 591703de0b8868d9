"""Nothing that a line, a disk, a peer or a client says is shown raw: in no command, on no screen, in no log.

10,000 lines (each seed makes the same ones again), on machines whose every name is hostile as well.
"""

from __future__ import annotations

import ast
import contextlib
import json
import random
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

import cli.__main__
import initrd.__main__
import kernel_cmdline.__main__
import launcher.__main__
import pxe.__main__
from kernel_cmdline import CommandLineError, parse, showable, showable_json, showable_lines
from launcher import paths
from launcher.answers.configuration import read_configuration
from launcher.answers.explain import check, check_file, explain, to_json, to_text
from launcher.answers.interview import QUESTIONS, Interview, Told, confirmation, refuse
from launcher.answers.lookup import given_answers
from launcher.answers.parameters import ROWS
from launcher.answers.questions import Facts
from launcher.answers.rendering import write
from launcher.answers.selectors import whole
from launcher.errors import AnswerError, ErrorKind
from launcher.events import encoded
from launcher.model import machine as machines
from launcher.model.afterwards import Result
from launcher.model.machine import Machine
from launcher.model.outcome import Outcome, OutcomeKind
from launcher.model.plan import Compression, Role
from launcher.network.result_page import Answer
from launcher.screens import pages
from launcher.screens.ending import Ending
from launcher.screens.progress import TransferPage
from launcher.screens.widgets import Page, edit_page
from launcher.sentence import say, verbatim
from launcher.session import boot
from launcher.session.interviewing import Interviewing
from launcher.session.reopening import Opened, tell
from launcher.session.system import RunningSystem
from launcher.transfer.evidence import Receiver, ReceiverState
from launcher.transfer.status import Phase, TransferState
from launcher.udpcast.command import compressor, decompressor
from launcher.udpcast.options import PROGRAMS as UDPCAST
from pxe.entries.boot_entry import BootEntryError, check_entries, make_entry
from pxe.server.clients import ClientEvent, Clients
from pxe.server.serve import row
from pxe.tree.tree import Tree
from tests.common import ROOT, TWO, a_plan
from tests.hostile import BAD, CRAFTED, NAMES, crafted, line, machine, raw, text
from tests.launcher.session.driver import FakeSystem, begun

LINES, LINES_A_MACHINE = 10_000, 50
SEEDS = range(LINES // LINES_A_MACHINE)
STARTED = {
    *UDPCAST.values(),
    *(words[0] for kind in Compression for words in (compressor(kind), decompressor(kind)) if words),
}
"""What may be started for a plan: no shell."""


# --- the function -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("plain", "plain"),
        ("Größe “x” 硬盘 é", "Größe “x” 硬盘 é"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\tb\nc\r", "a\\tb\\nc\\r"),
        ("\x7f\x9b", "\\x7f\\u009b"),
        ("\u202eevil", "\\u202eevil"),
        ("a\u2028b\ufeff", "a\\u2028b\\ufeff"),
        ("no\xa0break", "no\\u00a0break"),
        ("\udcff\ud800", "\\xff\\ud800"),
        ("\U000e0001", "\\U000e0001"),
        ("back\\slash", "back\\slash"),
    ],
)
def test_what_is_not_seen_is_shown_as_its_number(foreign: str, shown: str) -> None:
    assert showable(foreign) == shown
    assert showable(shown) == shown
    assert showable_lines(f"a\n{foreign}") == "a\n" + "\n".join(map(showable, foreign.split("\n")))


@pytest.mark.parametrize("foreign", [*BAD, "".join(BAD)], ids=ascii)
def test_json_reads_back_as_it_was(foreign: str) -> None:
    written = showable_json(json.dumps({"a": [foreign]}, ensure_ascii=False, indent=1))
    assert json.loads(written) == {"a": [foreign]}
    assert not raw(written)


# --- lines and machines -----------------------------------------------------------------------------------------------


def explained(seed: int) -> Iterator[str]:
    """Random and crafted lines by turns; every third machine has hostile names as well. An explanation holds the line
    as parsed, the interview up to the plan, and each process's words."""
    rng = random.Random(seed)
    there = machine(rng) if seed % 3 == 0 else TWO
    for number in range(LINES_A_MACHINE):
        words = crafted(rng) if number % 2 else line(rng)
        try:
            explanation = explain(parse(words), there)
        except CommandLineError as error:
            yield str(error)
            continue
        assert {stage[0] for stage in explanation.argv} <= STARTED
        yield to_text(explanation)
        if number % 4 == 0:
            yield to_json(explanation)
            yield encoded(
                "cmdline", 1.0, {"text": str(words), "warnings": list(map(str, explanation.warnings))}
            ).decode()
        if number % 10 == 0:
            raw_words = words if isinstance(words, bytes) else words.encode("utf-8", "surrogateescape")
            for sentences in check(raw_words.decode("utf-8", "surrogateescape")):
                yield from sentences
            for sentences in check_file(raw_words.replace(b" ", b"\n"), text(rng)):
                yield from sentences


def test_10_000_lines_explained() -> None:
    for seed in SEEDS:
        for shown in explained(seed):
            assert not raw(shown), (seed, shown)


@pytest.mark.parametrize("seed", range(20))
def test_a_value_begins_no_line_of_its_own(seed: int) -> None:
    for shown in explained(seed):
        assert shown.startswith("{") or shown.count("\nErrors:\n") <= 1


def test_every_row_reads_or_refuses_whatever_it_is_given() -> None:
    """What is typed on a screen goes the same way; nothing but a sentence comes of it."""
    rng = random.Random(18)
    for one in ROWS:
        for foreign in (*CRAFTED, *(text(rng) for _ in range(20))):
            for facts in (Facts(TWO), Facts(TWO, settled={"umode": Role.SEND}, told=True)):
                try:
                    one.parse(foreign, facts)
                except AnswerError as error:
                    assert not raw(str(error)), (one.name, foreign)


def test_no_shell_is_started_anywhere() -> None:
    """No program gets a line to split, and none that is started is a shell. (A person's own shell is /init's.)"""
    for folder in ("kernel_cmdline", "launcher", "pxe"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    called = ast.unparse(node.func)
                    assert called not in ("os.system", "os.popen", "subprocess.getoutput", "eval", "exec"), path
                    shell = [one.value for one in node.keywords if one.arg == "shell"]
                    assert not any(isinstance(one, ast.Constant) and one.value is True for one in shell), path
                if isinstance(node, ast.Tuple | ast.List) and node.elts:
                    first = node.elts[0]
                    assert not (isinstance(first, ast.Constant) and first.value in ("sh", "bash", "/bin/sh")), path


# --- screens ----------------------------------------------------------------------------------------------------------


def nothing(*arguments: object) -> None: ...


def shown(page: Page, rows: int = 60) -> str:
    return "\n".join(row.decode() for row in page.widget.render((80, rows), focus=True).text)


def hostile_outcome(rng: random.Random, kind: OutcomeKind) -> Outcome:
    sentence, hint = say("{what} stopped.", what=text(rng)), say("Look at {what}.", what=verbatim(text(rng)))
    lost = (verbatim(text(rng)), say("{address} left", address=text(rng)))
    return Outcome(kind, sentence, hint, bytes=9, seconds=9.0, receivers=(text(rng),) * 3, lost=lost, xxh128=text(rng))


def every_screen(rng: random.Random) -> Iterator[Page]:
    """Every kind of screen, with a hostile text in every place that takes one."""
    there, host = machine(rng), text(rng)
    problem = AnswerError(ErrorKind.WRONG_VALUE, say("{key} is wrong.", key=text(rng)), say("Not {it}.", it=text(rng)))
    plan = a_plan(target=whole(there.disks[0]), nic=there.nics[0])
    settled = Interview(given_answers(parse('disk=/dev/sda "udpcparam=--fec')), there, nothing, Told({}))  # type: ignore[arg-type]
    notes = (say("a note on {it}", it=text(rng)), verbatim(text(rng)))
    for lines in settled.preview(), ():
        for question in (*(one.question for one in QUESTIONS), confirmation(plan)):
            if question.key == "confirm" and not lines:
                continue
            for role in Role:
                facts = replace(settled.facts, machine=there).knowing("umode", role)
                for preset, wrong in ((text(rng), None), (text(rng), problem)):
                    asked = pages.Pending(question, facts, preset, wrong)
                    yield pages.question(pages.Shown(asked, lines, True, notes, host), None, nothing, nothing, nothing)
    refused = Machine(tuple(replace(disk, refused=verbatim(text(rng))) for disk in there.disks))
    for key in ("disk", "nic"):
        question = next(one.question for one in QUESTIONS if one.key == key)
        asked = pages.Pending(question, replace(settled.facts, machine=refused), None, problem)
        yield pages.question(pages.Shown(asked, (), True, notes, host), None, nothing, nothing, nothing)
    yield pages.warnings(notes, host)
    yield pages.waiting(say("Waiting for {it}.", it=text(rng)), host)
    yield pages.error(problem, nothing, host)
    yield from ended_and_running(rng, there, host)


def ended_and_running(rng: random.Random, there: Machine, host: str) -> Iterator[Page]:
    for role in Role:
        plan = a_plan(role, target=whole(there.disks[0]), nic=there.nics[0])
        for kind in OutcomeKind:
            outcome, earlier = hostile_outcome(rng, kind), (hostile_outcome(rng, kind),)
            result = Result(plan, outcome, 0.0, 9.0, earlier, verbatim(text(rng)))
            ending = Ending(result, nothing, host)
            ending.telling(text(rng))
            yield ending.page
            ending.told(Answer(False, None, say("{host} said {it}.", host=text(rng), it=text(rng))))
            yield ending.page
        seats = tuple(Receiver(number, text(rng), state) for number, state in enumerate(ReceiverState))
        for phase in Phase:
            page = TransferPage(plan, nothing, host, (hostile_outcome(rng, OutcomeKind.EQUAL),))
            told = (say("{it}", it=text(rng)), verbatim(text(rng)))
            page.update(TransferState(phase, 5, 9, receivers=seats, notes=told, messages=told))
            yield page.page


@pytest.mark.parametrize("seed", range(3))
def test_every_kind_of_screen(seed: int) -> None:
    for page in every_screen(random.Random(seed)):
        assert not raw(shown(page)), (page.name, shown(page))


def test_what_is_typed() -> None:
    page = edit_page("port", say("The port"), nothing, preset="", host="")
    for char in "90é" + "".join(BAD):
        page.widget.keypress((80, 24), char)
    assert "> 90é" in shown(page)
    assert not raw(shown(page))


def run_shows_nothing_raw(seed: int) -> None:
    """The first screen of a run, and the menu over it."""
    rng = random.Random(seed)
    words: str | bytes = line(rng) if seed % 2 else crafted(rng)
    try:
        seat = begun(words, FakeSystem(machine(rng)))
    except CommandLineError as error:
        assert not raw(str(error))
        return
    assert seat.ui.page
    assert not raw(shown(seat.ui.page)), words
    for thread in threading.enumerate():  # drivers that the line names
        if thread.name == "drivers":
            thread.join(10)
            seat.tick()
            assert not raw(shown(seat.ui.page)), words
    for event in seat.log.seen:
        assert not raw(encoded(event.pop("event"), 1.0, event).decode()), words
    seat.menu()
    assert not raw(shown(seat.ui.page)), words


@pytest.mark.usefixtures("no_terminal")
@pytest.mark.parametrize("seed", range(60))
def test_a_run_with_a_hostile_line_on_a_hostile_machine(seed: int) -> None:
    run_shows_nothing_raw(seed)


@pytest.mark.usefixtures("no_terminal")
@pytest.mark.parametrize("seed", range(12))
def test_what_is_settled_is_opened_again_changed_and_saved(seed: int) -> None:
    """Each question of the summary, with a hostile text told to it; then all answers as they are saved."""
    rng = random.Random(seed)
    try:
        seat = begun("auto=no " + line(rng), FakeSystem(machine(rng)))
    except CommandLineError:
        return
    if not isinstance(seat.app.stage, Interviewing) or not seat.ui.page:
        return
    for one in seat.app.dialogue.interview(seat.app.devices, refuse).preview():
        seat.app.stage.open(one.key)
        assert not raw(shown(seat.ui.page)), one.key
        question = seat.app.dialogue.interview(seat.app.devices, refuse).open(one.key)
        assert question
        now = seat.app.dialogue.opened or Opened(one.key)
        seat.app.dialogue.opened = tell(seat.app.dialogue.told, question, rng.choice((text(rng), *CRAFTED)), now)
        seat.app.stage.begin()
        assert not raw(shown(seat.ui.page)), one.key
    seat.app.dialogue.opened = None
    seat.app.stage.begin()
    seat.app.save()
    assert not raw(shown(seat.ui.page, rows=200))
    settled = seat.app.dialogue.interview(seat.app.devices, refuse).preview()
    written = write(settled, seat.app.dialogue.given, seat.app.machine)
    letters = "".join(map(chr, range(0xDCA0, 0xDD00)))  # bytes of another character set
    assert not raw(written.file, "\n" + letters) and not raw(written.line, letters)
    kept = read_configuration(written.file.encode("utf-8", "surrogateescape"))
    assert not any(parameter.value is None for parameter in kept.whole)


@pytest.mark.field
@pytest.mark.usefixtures("no_terminal")
def test_10_000_lines_on_the_screens() -> None:
    for seed in range(LINES):
        run_shows_nothing_raw(seed)


@pytest.mark.field
def test_every_kind_of_screen_for_many_seeds() -> None:
    for seed in range(50):
        test_every_kind_of_screen(seed)


# --- commands ---------------------------------------------------------------------------------------------------------

COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "launcher": launcher.__main__.main,
    "pxe": pxe.__main__.main,
    "initrd": initrd.__main__.main,
    "cli": cli.__main__.main,
    "kernel_cmdline": kernel_cmdline.__main__.main,
}


def said(capsys: pytest.CaptureFixture[str], command: str, *words: str) -> str:
    """All that the command wrote."""
    with contextlib.suppress(SystemExit):
        COMMANDS[command](list(words))
    written = capsys.readouterr()
    return written.out + written.err


EVIL = "\x1b[31m\u202e\x9b\u200b\x07"


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("words", [[EVIL], [f"--{EVIL}"], ["--json", EVIL, EVIL], ["explain", EVIL], ["build", EVIL]])
def test_wrong_arguments(capsys: pytest.CaptureFixture[str], command: str, words: list[str]) -> None:
    assert not raw(said(capsys, command, *words))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_argument_is_repeated(capsys: pytest.CaptureFixture[str], command: str) -> None:
    written = said(capsys, command, *(["a", EVIL] if command == "kernel_cmdline" else [EVIL]))
    assert "usage:" in written and "x1b[31m" in written


def test_the_launchers_commands(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    there = tmp_path / "machine.json"
    there.write_text(machines.to_json(machine(random.Random(1))))
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps({"disks": [{"path": "/dev/sda", "size": 1, EVIL: EVIL}]}))
    for words in (
        *(("explain", "--machine", str(file), "--cmdline", f"disk={EVIL} {EVIL}=1") for file in (there, wrong, EVIL)),
        ("explain", "--machine", str(there), "--cmdline", f"@{EVIL}"),
        ("explain", "--json", "--machine", str(there), "--cmdline", f"lang={EVIL}"),
        ("transfer", EVIL),
        ("transfer", f"{EVIL}=1"),
        ("transfer", "umode=rcv", f"disk=/{EVIL}"),
        ("transfer", "umode=rcv", f"nic={EVIL}", "disk=/x"),
    ):
        written = said(capsys, "launcher", *words)
        assert written and not raw(written), words


def test_the_boot_servers_commands(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for words in (
        ("tree", str(tmp_path / EVIL)),
        ("tree", str(tmp_path), "--label", EVIL),
        ("tree", str(tmp_path), "--append", f"umodee={EVIL}"),
        ("tree", str(tmp_path), "--append", f'a="{EVIL}'),
        ("tree", str(tmp_path), "--append", f"initrd={EVIL}"),
        ("tree", str(tmp_path), "--machine", EVIL),
        ("tree", str(tmp_path), "--machine", f"{EVIL}=umode=rcv"),
        ("serve", "--interface", EVIL, "--pair", str(tmp_path)),
        ("serve", "--interface", "\udcff", "--pair", str(tmp_path)),
        ("serve", "--interface", "lo", "--range", EVIL, "--pair", str(tmp_path)),
    ):
        written = said(capsys, "pxe", *words)
        assert written and not raw(written), words


def test_the_builders_errors(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("initrd.build.check_host", nothing)
    written = said(capsys, "initrd", "build", "-o", str(tmp_path / "o"), "--cache", str(tmp_path), "-k", f"/{EVIL}")
    assert "cannot be read" in written and not raw(written)


def test_a_section_for_an_administrator(capsys: pytest.CaptureFixture[str]) -> None:
    section = f"label udpcast\n    append disk=model:{EVIL}\n"
    pxe.__main__.report(Tree((), (), ((Path(f"/srv/{EVIL}"), section),)))
    written = capsys.readouterr().out
    assert not raw(written) and "\n    append disk=model:\\x1b" in written


@pytest.mark.parametrize("seed", range(100))
def test_the_boot_tree_refuses_in_showable_words(seed: int) -> None:
    try:
        warnings = check_entries([make_entry(line(random.Random(seed)))])
    except (BootEntryError, CommandLineError) as error:
        assert not raw(str(error))
    else:
        assert not raw("".join(warnings))


def test_the_boot_servers_log(tmp_path: Path) -> None:
    clients = Clients(tmp_path)
    lines = (
        f"dnsmasq-tftp[1]: file {tmp_path}/{EVIL} not found for 10.0.0.9",
        f"dnsmasq-dhcp[1]: 7 vendor class: PXEClient:Arch:00007{EVIL}",
    )
    events = [event for one in lines if (event := clients.read(one))]
    events.append(ClientEvent(EVIL, EVIL, EVIL))
    assert len(events) == 2
    assert not raw("".join(map(row, events)), allowed="")


# --- logs -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(50))
def test_an_event_on_a_terminal_reads_back_as_it_was(seed: int) -> None:
    value = text(random.Random(seed)).encode("utf-8", "replace").decode()
    written = encoded("note", 1.0, {"text": value}).decode()
    assert not raw(written) and written.count("\n") == 1
    assert json.loads(written)["text"] == value


def test_a_kept_result_in_a_shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(paths, "RESULT", tmp_path / "result.json")
    RunningSystem.keep(RunningSystem.__new__(RunningSystem), {"sentence": EVIL})
    kept = paths.RESULT.read_text()
    assert not raw(kept) and json.loads(kept) == {"sentence": EVIL}


@pytest.mark.usefixtures("no_terminal")
def test_a_pc_starts_with_every_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """From /proc/cmdline up to the first screen: no line ends the launcher, or makes a file anywhere else."""
    for name in ("RUN", "CRASH", "EVENTS", "STAMPS", "RESULT", "MEDIUM", "COLDPLUGGED", "DRIVERS"):
        monkeypatch.setattr(paths, name, tmp_path / "run" / name.lower())
    monkeypatch.setattr(paths, "RUN", tmp_path / "run")
    paths.RUN.mkdir()
    paths.COLDPLUGGED.touch()  # no port is waited for
    cmdline = tmp_path / "cmdline"
    monkeypatch.setattr(boot, "Path", lambda text: cmdline if text == "/proc/cmdline" else tmp_path / "none")
    monkeypatch.setattr("signal.signal", nothing)
    system = SimpleNamespace(connect=None)
    monkeypatch.setattr("launcher.session.system.RunningSystem", lambda *given: system)

    def app(*given: object) -> SimpleNamespace:
        given[-1](SimpleNamespace(dialogue=given[1], devices=None))  # type: ignore[operator]
        return SimpleNamespace(run=lambda: 0)

    monkeypatch.setattr("launcher.session.app.App", app)
    rng = random.Random(7)
    for crafted_value in CRAFTED:
        names = ("events", "medium", "config", "kbmap", "lang", "netmodule", rng.choice(NAMES))
        words = " ".join(f'{name}="{crafted_value}"' for name in names)
        cmdline.write_bytes(words.encode("utf-8", "surrogatepass") if rng.random() < 0.5 else crafted(rng))
        assert boot.run() == 0, paths.CRASH.read_text()
        assert not raw(paths.EVENTS.read_text())
    assert {path.name for path in tmp_path.iterdir()} == {"run", "cmdline"}
    assert {path.name for path in (tmp_path / "run").iterdir()} <= {"events", "coldplugged"}


def test_a_crash_that_init_shows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("RUN", "CRASH", "EVENTS", "STAMPS", "RESULT"):
        monkeypatch.setattr(paths, name, tmp_path / name.lower())
    monkeypatch.setattr(paths, "RUN", tmp_path)

    def fail(*_: object) -> int:
        raise RuntimeError(EVIL)

    monkeypatch.setattr(boot, "_screens", fail)
    monkeypatch.setattr("signal.signal", nothing)
    boot.run()
    assert "RuntimeError: \\x1b[31m\\u202e" in paths.CRASH.read_text()
    assert not raw(paths.CRASH.read_text())


INIT_FUNCTIONS = ("say", "shell_allowed", "seen", "stage2_is_damaged", "ask_after_crash")


def shown_by_init(folder: Path) -> str:
    """What /init writes to the console after a crash, where `folder` has the log, and the second stage."""
    init = (ROOT / "initrd/dracut/90udpcast/init").read_text()
    starts = [init.index(f"{name}() {{") for name in INIT_FUNCTIONS]
    functions = "".join(init[start:].partition("\n}\n")[0] + "\n}\n" for start in starts)
    functions = functions.replace("/stage2", f"{folder}/stage2")
    (folder / "launcher.log").write_text(f"Segmentation fault {EVIL} é\n")
    console = folder / "console"
    console.write_text("s" * 1000)
    script = f"tidy_console() {{ :; }}\nRUN={folder}\nconsole=..{console}\n{functions}\nask_after_crash 139"
    subprocess.run(["busybox", "sh", "-c", script], check=True)
    return console.read_text()


def test_a_log_that_init_shows(tmp_path: Path) -> None:
    shown = shown_by_init(tmp_path)
    assert "Segmentation fault ?[31m" in shown and "status 139" in shown and "damaged" not in shown
    assert not raw(shown)


def test_init_says_that_the_initrd_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "stage2.squashfs").touch()
    assert "The part of the initrd that has the drivers is damaged." in " ".join(shown_by_init(tmp_path).split())
