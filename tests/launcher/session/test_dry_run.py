"""The real screens on a pseudo-terminal: what the operator sees, and what his keys do. Nothing is executed."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pyte
import pytest

from kernel_cmdline import parse
from launcher.answers.lookup import given_answers
from launcher.model.plan import Plan, Role
from launcher.session.dry_run import dry_run as planned
from launcher.session.interviewing import Dialogue
from tests.common import ONE, ROOT

PATIENCE = 60.0  # seconds until what was expected counts as missing, however busy the machine is
DOWN, ENTER, ESC = "\x1b[B", "\r", "\x1b"
ENVIRONMENT = {**os.environ, "TERM": "linux"}
ENVIRONMENT.pop("PYTHONUNBUFFERED", None)  # the launcher's output is buffered, as /init starts it
NEWEST = ROOT / ".cache/urwid"  # PyPI's newest urwid; tests/run puts it there
DOCUMENTED = "load_ramdisk=1 initrd=initrd-udpcast root=01:00 ip=10.77.0.160:10.77.0.1:10.77.0.1:255.255.255.0"


class Terminal:
    """A program on a terminal of its own, and the screen that it draws."""

    def __init__(self, pid: int, fd: int, columns: int, rows: int) -> None:
        self.pid = pid
        self.fd = fd
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display)

    def wait_for(self, *words: str) -> str:
        """Read until all `words` are on the screen; fail with the screen otherwise."""
        deadline = time.monotonic() + PATIENCE
        while not all(word in self.text for word in words):
            ready, _, _ = select.select([self.fd], [], [], max(0.0, deadline - time.monotonic()))
            try:
                data = os.read(self.fd, 65536) if ready else b""
            except OSError:  # the program ended
                data = b""
            if not data:
                pytest.fail(f"{words} did not appear within {PATIENCE:.0f} s:\n{self.text}")
            self._stream.feed(data)
        return self.text

    def press(self, keys: str) -> None:
        os.write(self.fd, keys.encode())

    def hang_up(self) -> None:
        """Close the line, unless it is closed already."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def status(self) -> int:
        """Wait for the program's end."""
        handle = os.pidfd_open(self.pid)
        ended, _, _ = select.select([handle], [], [], PATIENCE)
        os.close(handle)
        assert ended, f"the program did not end within {PATIENCE:.0f} s:\n{self.text}"
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def dry_run(
    line: str, machine: str = "one-disk-one-card", columns: int = 80, rows: int = 24
) -> AbstractContextManager[Terminal]:
    arguments = ["-m", "launcher", "--dry-run", "--machine", f"{machine}.json", "--cmdline", line]
    return on_a_terminal(arguments, columns, rows)


@contextmanager
def on_a_terminal(arguments: list[str], columns: int = 80, rows: int = 24) -> Iterator[Terminal]:
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.execve(sys.executable, [sys.executable, *arguments], ENVIRONMENT)
    try:
        yield Terminal(pid, fd, columns, rows)
    finally:
        os.close(fd)
        try:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


@pytest.mark.usefixtures("no_terminal")
def test_a_dry_run_gives_the_plan_that_was_reached() -> None:
    plan = planned(ONE, Dialogue(given_answers(parse("umode=rcv disk=/dev/sda ip=10.0.0.7/24"))))
    assert isinstance(plan, Plan)
    assert (plan.role, plan.target.path, plan.nic.name) == (Role.RECEIVE, "/dev/sda", "eth0")


def test_the_first_screen_is_the_role_with_what_is_settled_and_why() -> None:
    with dry_run(DOCUMENTED) as terminal:
        terminal.wait_for("[S] SENDER", "[R] RECEIVER", "(the only disk)", "10.77.0.160/24", "9000")
        terminal.wait_for("Samsung SSD 850 EVO 500GB, 500.1 GB", "S21NX0AG123456", 'ntfs "Windows" 499.4 GB')


def test_one_key_makes_a_sender() -> None:
    with dry_run(DOCUMENTED) as terminal:
        terminal.wait_for("[S] SENDER")
        terminal.press("s")
        terminal.wait_for("Nothing was executed", "udp-sender --interface eth0 --portbase 9000")
        assert terminal.status() == 0


@pytest.mark.parametrize("f2", ["\x1bOQ", "\x1b[[B"], ids=["serial", "console"])
def test_f2_and_a_changed_answer_on_a_real_terminal(f2: str) -> None:
    with dry_run(DOCUMENTED) as terminal:
        terminal.wait_for("[S] SENDER", "F2 Language/Langue")
        terminal.press(f2)
        terminal.wait_for("> English", "dansk", "Nederlands")
        terminal.press(f"{DOWN}{ENTER}")
        terminal.wait_for("ÉMETTEUR", "F2 Langue/Language", "500,1 Go", "(par défaut)")
        terminal.press(f"\t{DOWN}{DOWN}{DOWN}{ENTER}")
        terminal.wait_for("> 9000", "port=9000 (par défaut)")
        terminal.press(f"\x7f2{ENTER}")
        terminal.wait_for("9002  (votre réponse)")
        terminal.press("s")
        terminal.wait_for("udp-sender --interface eth0 --portbase 9002")
        assert terminal.status() == 0


def test_a_receiver_overwrites_only_after_the_choice_that_is_not_preselected() -> None:
    with dry_run(DOCUMENTED) as terminal:
        terminal.wait_for("[R] RECEIVER")
        terminal.press("r")
        terminal.wait_for("Overwrite /dev/sda?", "> NO, go back", "Samsung", "500.1 GB", 'ntfs "Windows"')
        terminal.press(ENTER)  # one key too many goes back
        terminal.wait_for("What is this PC?")
        terminal.press("r")
        terminal.wait_for("Overwrite /dev/sda?")
        terminal.press(DOWN)
        terminal.wait_for("> YES, OVERWRITE /dev/sda")
        terminal.press(ENTER)
        terminal.wait_for("Nothing was executed", "udp-receiver --interface eth0")
        assert terminal.status() == 0


def test_ctrl_c_and_keys_without_meaning_do_nothing() -> None:
    with dry_run(DOCUMENTED) as terminal:
        terminal.wait_for("[R] RECEIVER")
        terminal.press("\x03\x1a\x1cxyz")
        terminal.press(DOWN)
        terminal.wait_for("> [R] RECEIVER")


def test_two_disks_are_a_question_and_back_returns_to_the_role() -> None:
    with dry_run("umode=snd", "two-disks-two-cards") as terminal:
        terminal.wait_for("Which disk?", "/dev/sda", "/dev/sdb")
    with dry_run("", "two-disks-two-cards") as terminal:
        terminal.wait_for("2 possible")
        terminal.press("s")
        terminal.wait_for("Which disk?")
        terminal.press(ESC)
        terminal.wait_for("What is this PC?")


def test_role_and_disk_given_ask_nothing() -> None:
    with dry_run(f"{DOCUMENTED} umode=rcv disk=/dev/sda") as terminal:
        terminal.wait_for("Nothing was executed", "udp-receiver")
        assert terminal.status() == 0


def test_an_odd_port_is_asked_with_the_sentence() -> None:
    with dry_run("umode=snd port=9001") as terminal:
        terminal.wait_for("port=9001 is odd", "Use 9000", "> 9001")
        terminal.press("\x7f2" + ENTER)
        terminal.wait_for("--portbase 9002")


@pytest.mark.parametrize(
    ("line", "machine", "words"),
    [
        ("umode=snd", "no-disk", ("No usable disk was found", "cable")),
        ("umode=snd disk=/dev/sdq", "one-disk-one-card", ("/dev/sdq matches nothing on this PC", "/dev/sda")),
        ("umode=snd compr=rar", "one-disk-one-card", ("compr=rar is not known", "none, gzip, lzop, zstd")),
        ("umod=snd", "one-disk-one-card", ("umod=snd: unknown; did you mean umode?",)),
        ("", "no-link", ("no link",)),
        ("auto=yes", "one-disk-one-card", ("STOPPED", "role is not given", "umode=snd or umode=rcv")),
        ("auto=yes umode=rcv", "two-disks-two-cards", ("STOPPED", "/dev/sda, /dev/sdb")),
        ("auto=yes umode=rcv prot=9002", "one-disk-one-card", ("STOPPED", "did you mean port?")),
        ("lang=FR", "one-disk-one-card", ("Quel est le rôle de ce PC ?", "ÉMETTEUR")),
        ("umode=snd dhcp=no", "one-disk-one-card", ("The IP address of this PC",)),
        ("umode=snd silence=4", "one-disk-one-card", ("silence=4 is no number of seconds from 5 to 3600", "> 4")),
        # what was given is preselected in whatever words it was given, and no choice is taken for another
        ("auto=no lang=FR", "one-disk-one-card", ("> français",)),
        ("auto=no lang=klingon", "one-disk-one-card", ("> English",)),
        ("auto=ja", "one-disk-one-card", ("What is this PC?", "auto=ja is not known")),
        # a misspelt name is seen before anything is done, although role and disk are given
        ("umode=rcv disk=/dev/sda prot=9002", "one-disk-one-card", ("What is this PC?", "did you mean port?")),
    ],
)
def test_sentences(line: str, machine: str, words: tuple[str, ...]) -> None:
    with dry_run(line, machine) as terminal:
        terminal.wait_for(*words)


def test_no_is_an_answer_where_it_is_not_the_refusal_of_an_overwrite() -> None:
    with dry_run("auto=no umode=rcv disk=/dev/sda nic=eth0 lang=en") as terminal:
        asked = ("Language", "Keyboard", "What is this PC?", "Which disk?", "Which network card?", "The IP address")
        for title in (*asked, "The port base", "How is the stream compressed?", "Further options"):
            terminal.wait_for(title)
            terminal.press(ENTER)
        for title in ("Seconds of silence", "Seconds within which"):
            terminal.wait_for(title)
            terminal.press(ENTER)
        terminal.wait_for("Read the disk back")
        terminal.press(DOWN)
        terminal.wait_for("> no")
        terminal.press(ENTER)
        terminal.wait_for("What shall become of unused blocks?")


def test_what_was_given_is_preselected_in_its_own_words_also_where_no_choice_stands_for_it() -> None:
    with dry_run("auto=no umode=receiver disk=/dev/sda2 lang=en") as terminal:
        terminal.wait_for("> English")
        terminal.press(ENTER)
        terminal.wait_for("> us")
        terminal.press(ENTER)
        terminal.wait_for("> [R] RECEIVER")
        terminal.press(ENTER)
        terminal.wait_for("Which disk?", "> /dev/sda2")


def test_a_dry_run_that_is_left_without_a_plan_says_how() -> None:
    with dry_run("auto=yes") as terminal:
        terminal.wait_for("STOPPED", "Power off")
        terminal.press(DOWN * 4)
        terminal.wait_for("> Power off")
        terminal.press(ENTER)
        terminal.wait_for("Nothing was executed. The launcher would have ended with: poweroff")
        assert terminal.status() == 0


def test_answers_can_be_changed_after_an_error() -> None:
    with dry_run("auto=yes") as terminal:
        terminal.wait_for("STOPPED", "Change the answers")
        terminal.press(ESC)
        terminal.wait_for("Language")


def test_the_menu_is_reachable_and_leaves_the_screen_as_it_was() -> None:
    with dry_run(DOCUMENTED) as terminal:
        terminal.wait_for("[S] SENDER")
        terminal.press("m")
        terminal.wait_for("Menu", "Look for disks", "Shell", "Restart this PC", "Power off")
        terminal.press(ESC)
        terminal.wait_for("What is this PC?")


def test_a_terminal_that_is_too_small_says_so_and_takes_no_key() -> None:
    with dry_run(DOCUMENTED, columns=40, rows=10) as terminal:
        terminal.wait_for("This terminal is 40x10", "needs 80x24")
        terminal.press("s" + ENTER)
        fcntl.ioctl(terminal.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        terminal.screen.resize(24, 80)
        terminal.wait_for("What is this PC?")


def test_nothing_that_the_screens_use_is_on_its_way_out_of_python_or_urwid() -> None:
    """A warning would go to the screen of whoever runs it by hand."""
    words = ["-W", "error::DeprecationWarning", "-m", "launcher", "--dry-run", "--machine", "one-disk-one-card.json"]
    with on_a_terminal([*words, "--cmdline", DOCUMENTED]) as terminal:
        terminal.wait_for("What is this PC?")
        terminal.press("s")
        terminal.wait_for("Nothing was executed")
        assert terminal.status() == 0


def ended_run(line: str, kind: str, seconds: int, *more: str) -> AbstractContextManager[Terminal]:
    return on_a_terminal(["tests/launcher/session/ended_run.py", line, kind, str(seconds), *more])


def test_any_key_keeps_the_result_also_one_that_only_chooses() -> None:
    with ended_run("auto=yes umode=rcv ip=10.0.0.7/24 after=reboot", "equal", 60) as terminal:
        terminal.wait_for("DONE: this disk equals the sender's", "This PC restarts in", "any key keeps this screen")
        terminal.press(DOWN)
        terminal.wait_for("> Shell")
        assert "restarts" not in terminal.text


def test_without_a_key_the_seconds_go_by_and_the_pc_restarts() -> None:
    with ended_run("auto=yes umode=rcv ip=10.0.0.7/24 after=poweroff,reboot", "changed", 1) as terminal:
        terminal.wait_for("FAILED", "This PC restarts in 0 s")
        assert terminal.status() == 10


def test_only_the_choice_that_is_moved_to_lets_a_partition_grow_and_the_run_goes_on() -> None:
    with ended_run("umode=rcv disk=/dev/sda ip=10.0.0.7/24 after=poweroff", "equal", 1, "grow") as terminal:
        terminal.wait_for(
            "Shall sda2 grow?", "> No: the rest of this disk stays free", "before: sda3.", "Without a key"
        )
        terminal.press("yngG1m")
        terminal.wait_for("> Go back to the screen")
        assert "Power off" not in terminal.text
        terminal.press(ESC)
        terminal.wait_for("> No: the rest of this disk stays free")
        assert "Without a key" not in terminal.text
        terminal.press(DOWN)
        terminal.wait_for("> Grow sda2 to 200.0 GB")
        terminal.press(ENTER)
        terminal.wait_for("DONE: this disk equals", "Grown: sda2 from 40.0 GB to 200.0 GB.", "switched off in")
        assert terminal.status() == 11


def test_enter_alone_leaves_the_rest_of_the_disk_free() -> None:
    with ended_run("umode=rcv disk=/dev/sda ip=10.0.0.7/24", "equal", 60, "grow") as terminal:
        terminal.wait_for("Shall sda2 grow?")
        terminal.press(ENTER)
        terminal.wait_for("DONE: this disk equals", "Not grown: it was not wanted. The clone is as it was.")


@pytest.fixture(params=["the distribution's", "PyPI's newest"])
def urwid(request: pytest.FixtureRequest) -> str:
    """A folder to look for urwid in before all others, or none."""
    if request.param == "the distribution's":
        return ""
    if not (NEWEST / "urwid").is_dir():
        pytest.skip(f"no urwid in {NEWEST}: tests/run puts it there")
    return str(NEWEST)


@contextmanager
def on_a_line_that_may_close(
    words: list[str], urwid: str, errors: Path, begun: Callable[[], bool] = lambda: True
) -> Iterator[Terminal]:
    """A program on a line that the test closes by itself, begun as /init does: a hang-up is no signal.

    It is begun once `begun` says so; what it writes to standard error goes to `errors`.
    """
    said = os.open(errors, os.O_WRONLY | os.O_CREAT)
    ready, ready_told = os.pipe()
    pid, fd = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        os.dup2(said, 2)
        os.chdir(ROOT)
        os.write(ready_told, b".")
        while not begun():
            time.sleep(0.01)
        os.execve(sys.executable, [sys.executable, *words], {**ENVIRONMENT, "PYTHONPATH": urwid})
    os.read(ready, 1)
    for descriptor in (said, ready, ready_told):
        os.close(descriptor)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    terminal = Terminal(pid, fd, 80, 24)
    try:
        yield terminal
    finally:
        terminal.hang_up()
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def test_a_line_that_is_closed_ends_nothing_and_burns_no_processor(urwid: str, tmp_path: Path) -> None:
    """As in the initrd, where hang-ups are ignored: a clone must go on when nobody looks at it."""
    words = ["-m", "launcher", "--dry-run", "--machine", "one-disk-one-card.json", "--cmdline", "load_ramdisk=1"]
    with on_a_line_that_may_close(words, urwid, tmp_path / "errors") as terminal:
        terminal.wait_for("What is this PC?")
        handle = os.pidfd_open(terminal.pid)
        used = processor_ticks(terminal.pid)
        terminal.hang_up()
        try:
            ended, _, _ = select.select([handle], [], [], 2.0)
            assert not ended, f"the program ended with its line: {(tmp_path / 'errors').read_text()}"
            assert processor_ticks(terminal.pid) - used < 0.5 * os.sysconf("SC_CLK_TCK")
            goes_on(terminal.pid)
        finally:
            os.close(handle)


def closed_already(terminal: Terminal) -> None: ...


def as_soon_as_it_draws(terminal: Terminal) -> None:
    assert os.read(terminal.fd, 1)


def at_its_last_screen(terminal: Terminal) -> None:
    terminal.wait_for("DONE: the disk was sent")


@pytest.mark.parametrize("moment", [closed_already, as_soon_as_it_draws, at_its_last_screen])
def test_a_clone_comes_to_its_end_whenever_its_line_is_closed(
    moment: Callable[[Terminal], None], urwid: str, tmp_path: Path
) -> None:
    """The end counts, too: /init restarts the PC at status 10, and takes any other for a crash."""
    words = ["tests/launcher/session/ended_run.py", "auto=yes umode=snd ip=10.0.0.7/24 after=reboot", "sent", "1"]
    begun = (lambda: not os.isatty(0)) if moment is closed_already else (lambda: True)
    with on_a_line_that_may_close(words, urwid, tmp_path / "errors", begun) as terminal:
        moment(terminal)
        terminal.hang_up()
        status = terminal.status()
        assert ((tmp_path / "errors").read_text(), status) == ("", 10)


def test_a_line_that_is_closed_while_it_holds_up_a_drawing_ends_nothing(urwid: str, tmp_path: Path) -> None:
    """Nor does one that takes nothing any more. With a hang-up the kernel sends SIGCONT, too. On a busy machine a
    program finds both at once, as one that is stopped does."""
    words = ["-m", "launcher", "--dry-run", "--machine", "one-disk-one-card.json", "--cmdline", "load_ramdisk=1"]
    with on_a_line_that_may_close(words, urwid, tmp_path / "errors") as terminal:
        terminal.wait_for("What is this PC?")
        fill(terminal)
        goes_on(terminal.pid)  # it does not wait for the line
        os.kill(terminal.pid, signal.SIGSTOP)
        os.waitpid(terminal.pid, os.WUNTRACED)
        terminal.hang_up()
        goes_on(terminal.pid)
        assert (tmp_path / "errors").read_text() == ""


def fill(terminal: Terminal) -> None:
    """Have the program draw at ever new sizes, and read none of it, until the line takes no more."""
    deadline, columns, held, rounds = time.monotonic() + PATIENCE, 80, 0, 0
    while rounds < 20:
        assert time.monotonic() < deadline
        columns = 180 - columns
        fcntl.ioctl(terminal.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
        time.sleep(0.02)
        (now,) = struct.unpack("i", fcntl.ioctl(terminal.fd, termios.FIONREAD, bytes(4)))
        rounds = rounds + 1 if now == held > 1024 else 0
        held = now


def goes_on(pid: int) -> None:
    """Wait for four of the loop's ticks; fail when the program ends, or does nothing any more."""
    deadline, pauses = time.monotonic() + PATIENCE, voluntary_pauses(pid)
    while voluntary_pauses(pid) < pauses + 4:
        assert time.monotonic() < deadline, "the program stands still"
        time.sleep(0.05)


def voluntary_pauses(pid: int) -> int:
    """How often the program has waited for something so far (proc(5), status); fails when it has ended."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    assert "Z" not in status["State"], "the program ended with its line"
    return int(status["voluntary_ctxt_switches"])


def processor_ticks(pid: int) -> int:
    """User and system time so far (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
