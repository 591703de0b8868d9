"""Signals at every moment: one exception, raised where nothing stands half done, and then never again."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from initrd import workspace
from initrd.__main__ import main
from initrd.interruption import SIGNALS, Interrupted, interruptible, too_late, undisturbed


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """They stay ignored after Interrupted."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def send(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_one_ends_the_work_and_the_others_do_not_disturb_the_cleaning_up(number: signal.Signals) -> None:
    cleaned = False
    with pytest.raises(Interrupted) as caught, interruptible():
        try:
            send(number)
        finally:
            for other in SIGNALS:
                send(other)
            cleaned = True
    assert (cleaned, str(caught.value), caught.value.status) == (True, number.name, 128 + number)


def test_it_waits_for_the_end_of_what_must_not_be_disturbed() -> None:
    steps = []
    with pytest.raises(Interrupted), interruptible():
        with undisturbed():
            with undisturbed():
                send(signal.SIGTERM)
                steps.append("inner")
            steps.append("outer")
        steps.append("never")
    assert steps == ["inner", "outer"]


def test_an_error_in_what_is_not_disturbed_does_not_swallow_it() -> None:
    with pytest.raises(Interrupted), interruptible(), undisturbed():
        send(signal.SIGINT)
        raise ValueError


def test_when_the_work_is_as_good_as_done_it_comes_too_late() -> None:
    before = signal.getsignal(signal.SIGINT)
    with interruptible():
        too_late()
        for number in SIGNALS:
            send(number)
    assert signal.getsignal(signal.SIGINT) == before


def test_one_that_nohup_ignores_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with interruptible():
        send(signal.SIGHUP)


def test_the_command_says_it_in_a_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def build(out: Path, *_arguments: object, **_options: object) -> None:
        with workspace.temporary(out):
            send(signal.SIGTERM)

    monkeypatch.setattr("initrd.build.build", build)
    assert main(["build", "-o", str(tmp_path)]) == 143
    assert capsys.readouterr().err == ("initrd: ended by SIGTERM; the files in the output directory are as they were\n")
    assert list(tmp_path.iterdir()) == []
