"""Tools are asked until a deadline, whatever they write and wherever."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from launcher.asking import KEPT, Ended, NotEnded, Stopped, answer, ask, run
from launcher.errors import ErrorKind, LauncherError, TransferFailed

LONG = 60.0


def sh(script: str) -> tuple[str, ...]:
    return "sh", "-c", script


def test_what_it_writes_comes_by_pieces_and_then_how_it_ended() -> None:
    pieces: list[bytes] = []
    ended = ask(sh("echo out; echo one. >&2; echo two. >&2; exit 3"), pieces.append, LONG)
    assert (b"".join(pieces), ended, ended.last_words) == (b"out\n", Ended(3, "one.\ntwo.\n"), "two")


def test_of_its_complaints_the_end_is_kept_and_nobody_waits() -> None:
    ended = ask(sh("head -c 1000000 /dev/zero >&2; echo the end >&2"), lambda piece: None, LONG)
    assert (len(ended.errors), ended.last_words) == (KEPT, ended.errors[: -len("the end\n")] + "the end")


def test_who_takes_a_piece_may_have_enough() -> None:
    def enough(piece: bytes) -> None:
        raise ValueError("enough")

    begun = time.monotonic()
    with pytest.raises(ValueError, match="enough"):
        ask(sh("echo out; exec sleep 100"), enough, LONG)
    assert time.monotonic() - begun < LONG


def test_behind_the_deadline_it_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with pytest.raises(NotEnded, match="sh has not ended for 1 s"):
        ask(sh(f"sleep 100 & echo $! >{pid}; wait"), lambda piece: None, 1.0)
    state = Path(f"/proc/{pid.read_text().strip()}/stat")
    deadline = time.monotonic() + LONG
    while state.exists() and state.read_text().split()[2] != "Z":
        assert time.monotonic() < deadline, "it lives"


def test_an_output_that_has_ended_is_no_end_of_the_program() -> None:
    with pytest.raises(NotEnded):
        ask(sh("exec >&- 2>&-; sleep 100"), lambda piece: None, 1.0)


def test_who_wants_no_answer_any_more_ends_it_at_once() -> None:
    stop = os.eventfd(0)
    try:
        with pytest.raises(Stopped):
            ask(sh("echo out; sleep 100"), lambda piece: os.eventfd_write(stop, 1), LONG, stop=stop)
        with pytest.raises(Stopped):  # and none is waited for behind it
            ask(sh("exec sleep 100"), lambda piece: None, LONG, stop=stop)
    finally:
        os.close(stop)


def test_what_is_given_to_it_and_how_it_failed() -> None:
    ran = run(sh("cat; exit 3"), LONG, b"given.\n")
    assert (ran.out, ran.status, str(ran.failure)) == ("given.\n", 3, "sh ended with status 3 (given)")
    assert str(run(sh("echo out; echo bad. >&2; exit 1"), LONG).failure) == "sh ended with status 1 (bad)"
    assert str(run(sh("exit 1"), LONG).failure) == "sh ended with status 1"


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(TransferFailed, match="no-such-program could not be started"):
        ask(("no-such-program",), lambda piece: None, LONG)


def test_an_answer_is_one_only_where_it_ends_well() -> None:
    assert answer(sh("echo out; echo err >&2"), LONG) == b"out\n"
    with pytest.raises(LauncherError, match="sh failed: no such thing") as failed:
        answer(sh("echo out; echo no such thing. >&2; exit 1"), LONG)
    assert failed.value.kind is ErrorKind.PROGRAM_FAILED


def test_it_speaks_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert answer(sh("echo $LC_ALL"), LONG) == b"C\n"
