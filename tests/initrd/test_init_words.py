"""What /init decides by itself: which console drives, whether there may be a shell, and in which words it speaks.

Its functions run here in busybox's shell, as they do there, on files of the test's.
"""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
from pathlib import Path

import pytest

from launcher.screens.charset import Charset
from launcher.session import speaking
from launcher.session.speaking import SAID
from tests.common import ROOT

INIT = (ROOT / "initrd/dracut/90udpcast/init").read_text()


def function(name: str) -> str:
    start = INIT.index(f"\n{name}() {{")
    return INIT[start : INIT.index("\n}\n", start) + 3]


def run(tmp_path: Path, script: str, *functions: str) -> str:
    parts = [f"RUN={tmp_path}", *map(function, functions), script]
    text = "\n".join(parts).replace("/proc/cmdline", f"{tmp_path}/cmdline").replace("/udpcfg.txt", f"{tmp_path}/cfg")
    text = text.replace("/sys/class/vtconsole", f"{tmp_path}/vtconsole").replace("/dev/$", f"{tmp_path}/dev/$")
    done = subprocess.run(["busybox", "sh", "-c", text], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize(
    ("told", "line", "configuration", "allowed"),
    [
        ("yes", "shell=no", "", True),  # the launcher has read all of it, and knows better
        ("no", "", "", False),
        (None, "quiet lang=FR", "", True),
        (None, "quiet after=shell", "", True),
        (None, "quiet shell=no", "", False),
        (None, 'quiet "shell=no"', "", False),
        (None, 'Shell="no"', "", False),
        (None, "quiet", "SHELL=no", False),
        (None, "config=udpcfg.txt", "", False),
        (None, "medium=UDPCAST", "", False),
        ("nonsense", "quiet", "", True),
    ],
)
def test_there_is_no_shell_where_one_is_forbidden_or_may_be(
    told: str | None, line: str, configuration: str, allowed: bool, tmp_path: Path
) -> None:
    (tmp_path / "cmdline").write_text(line + "\n")
    if configuration:
        (tmp_path / "cfg").write_text(configuration + "\n")
    if told is not None:
        (tmp_path / "shells").write_text(told + "\n")
    said = run(tmp_path, "shell_allowed && echo yes || echo no", "shell_allowed")
    assert said == ("yes\n" if allowed else "no\n")


@pytest.mark.parametrize("console", ["tty1", "ttyS0"])
def test_it_speaks_the_words_that_the_launcher_left_for_that_console(
    console: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = f"console={console}; say stopped 'In English, %s.' 3; echo; say unknown 'Plain %s.' x"
    assert run(tmp_path, said, "say") == "In English, 3.\nPlain x."
    monkeypatch.setattr(speaking, "tr", lambda sentence: f"É {sentence}")
    speaking.write_words(tmp_path / "words", Charset.ASCII)
    words = run(tmp_path, f"console={console}; " + "; ".join(f"say {name} no 7; echo" for name in SAID), "say")
    assert len(words.splitlines()) == len(SAID) and "no" not in words.splitlines()
    assert words.isascii() == (console == "ttyS0")
    assert "7" in words.splitlines()[0]


def test_every_name_that_it_speaks_by_is_one_that_the_launcher_translates() -> None:
    spoken = {line.split()[1] for text in INIT.splitlines() for line in [text.strip()] if line.startswith("say ")}
    assert spoken == set(SAID)
    for name, sentence in SAID.items():
        assert f"say {name} '{sentence}'" in INIT, name


@pytest.mark.parametrize(
    ("drivers", "there"),
    [
        ({"vtcon0": "(S) VGA+"}, True),
        ({"vtcon0": "(S) dummy device"}, False),
        ({"vtcon0": "(S) dummy device", "vtcon1": "(M) frame buffer device"}, True),
        ({}, False),
    ],
)
def test_a_pc_has_a_screen_when_something_draws_its_terminals(
    drivers: dict[str, str], there: bool, tmp_path: Path
) -> None:
    for name, driver in drivers.items():
        (tmp_path / "vtconsole" / name).mkdir(parents=True)
        (tmp_path / "vtconsole" / name / "name").write_text(driver + "\n")
        (tmp_path / "vtconsole" / name / "bind").write_text("1\n")
    assert run(tmp_path, "has_screen && echo yes || echo no", "has_screen") == ("yes\n" if there else "no\n")


@pytest.mark.parametrize(
    ("chosen", "driver", "every"),
    [(None, "ttyS0", "ttyS0 tty1"), ("tty1", "tty1", "tty1 ttyS0"), ("tty9", "ttyS0", "ttyS0 tty1")],
)
def test_the_console_that_drives_is_the_one_whose_operator_took_over(
    chosen: str | None, driver: str, every: str, tmp_path: Path
) -> None:
    if chosen:
        (tmp_path / "console").write_text(chosen + "\n")
    script = "stty() { :; }; consoles='ttyS0 tty1'; choose_console; echo $console; echo $UDPCAST_CONSOLES; echo $TERM"
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/ttyS0").touch()
    terminal = "linux" if driver == "tty1" else "vt220"
    assert run(tmp_path, script, "choose_console").splitlines() == [driver, every, terminal]


def talk(tmp_path: Path, *typed: str) -> str:
    """What a terminal gets from the shell that /init starts there, where this is typed."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "setsid"):
        (programs / name).symlink_to(shutil.which("busybox") or "")
    (tmp_path / "dev").mkdir()
    ours, terminal = pty.openpty()
    (tmp_path / "dev/ttyS0").symlink_to(os.ttyname(terminal))
    script = "".join(map(function, ("on_console", "shell_on_console"))).replace("/dev/$", f"{tmp_path}/dev/$")
    with subprocess.Popen(
        ["busybox", "sh", "-c", f"RUN={tmp_path}; console=ttyS0{script}\nTERM=linux shell_on_console"],
        env={"PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(tmp_path)},
        stdin=terminal,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ):
        os.close(terminal)
        os.write(ours, "".join(typed).encode())
        said = b""
        try:
            while data := os.read(ours, 4096):
                said += data
        except OSError:  # nobody has the terminal any more
            pass
    os.close(ours)
    return said.decode()


def test_a_shell_answers_on_its_console_and_its_own_greeting_in_english_is_not_seen(tmp_path: Path) -> None:
    said = talk(tmp_path, "echo $TERM $((20 + 3)) $ENV.; nosuch\n", "jobs; tty\n", "exit\n")
    assert "linux 23 ." in said and "nosuch: not found" in said and "/dev/pts/" in said
    assert "BusyBox" not in said and "help" not in said and "tty" in said


def test_it_is_there_all_the_same_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "shellrc").mkdir()
    assert "23" in talk(tmp_path, "echo $((20 + 3))\n", "exit\n")
