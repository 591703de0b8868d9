"""What follows a transfer: a further cast, a page that is told, a restart; and what a key changes about it."""

from __future__ import annotations

import pytest

from launcher.exits import Exit
from launcher.model.outcome import Outcome, OutcomeKind
from launcher.network.result_page import Answer
from launcher.sentence import say
from tests.common import ONE
from tests.launcher.session.driver import ADDRESS, AUTO, REPORTED, FakeSystem, begun

pytestmark = pytest.mark.usefixtures("no_terminal")

VANISHED = OutcomeKind.SENDER_VANISHED


@pytest.mark.parametrize("action", ["retry", "rescan", "change"])
@pytest.mark.parametrize("line", ["auto=yes umode=rcv", "umode=rcv disk=/dev/sda", ""])
def test_after_a_transfer_nothing_starts_again_without_the_role_and_consent(line: str, action: str) -> None:
    system = FakeSystem(ONE)
    seat = begun(f"{ADDRESS} {line}", system)
    if not line:
        seat.answer("umode", "rcv")
        seat.confirm()
    system.running.outcome = Outcome(OutcomeKind.EQUAL, say("equal"))
    seat.tick()
    assert seat.shown == "result"
    seat.act(action)
    assert len(system.started) == 1
    assert seat.shown in ("umode", "lang")


@pytest.mark.parametrize(
    ("after", "kind", "status"),
    [
        ("", OutcomeKind.EQUAL, None),
        ("after=menu", OutcomeKind.WRITE_ERROR, None),
        ("after=reboot", OutcomeKind.WRITE_ERROR, Exit.REBOOT),
        ("after=reboot,poweroff", OutcomeKind.EQUAL, Exit.REBOOT),
        ("after=reboot,poweroff", OutcomeKind.WRITTEN, Exit.REBOOT),
        ("after=reboot,poweroff", OutcomeKind.WRITE_ERROR, Exit.POWEROFF),
        ("after=menu,shell", OutcomeKind.NO_SENDER, Exit.SHELL),
        ("auto_reboot=success", OutcomeKind.EQUAL, Exit.REBOOT),
        ("auto_reboot=success", OutcomeKind.CHANGED, None),
        ("auto_reboot=always", OutcomeKind.CHANGED, Exit.REBOOT),
        ("auto_reboot=always", OutcomeKind.CANCELLED, None),  # somebody is there
    ],
)
def test_what_follows(at_once: None, after: str, kind: OutcomeKind, status: Exit | None) -> None:
    system = FakeSystem(ONE)
    seat = begun(f"{AUTO} {after}", system)
    seat.over(kind)
    assert seat.shown == "result"
    seat.tick()
    assert seat.left == (status is not None)
    if status is not None:
        assert seat.status == status
        assert seat.logged("after") == [{"event": "after", "action": status.name.lower()}]


def test_seconds_are_counted_down_and_a_key_keeps_the_result() -> None:
    system = FakeSystem(ONE)
    seat = begun(f"{AUTO} after=reboot", system)
    seat.over(OutcomeKind.EQUAL)
    seat.tick()
    assert "This PC restarts in 10 s; any key keeps this screen." in seat.text
    seat.touched()
    assert "restarts" not in seat.text
    seat.tick()
    assert not seat.left


def test_a_result_is_kept_before_it_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    system = FakeSystem(ONE)
    seat = begun(AUTO, system)
    at = []
    monkeypatch.setattr(system, "keep", lambda record: at.append((seat.shown, record)))
    seat.over(OutcomeKind.EQUAL, "/dev/sda equals the sender's disk.")
    [(page, record)] = at
    assert page == "transfer"
    assert (record["ok"], record["kind"], record["role"], record["device"]) == (True, "equal", "rcv", "/dev/sda")
    assert (record["attempt"], record["attempts"], record["earlier"]) == (1, 1, [])


HEALED = {"sender-vanished", "truncated", "different", "stage-failed"}


@pytest.mark.parametrize("kind", OutcomeKind)
def test_which_failures_an_unattended_receiver_waits_after(at_once: None, kind: OutcomeKind) -> None:
    system = FakeSystem(ONE)
    seat = begun(f"{AUTO} retry=1", system)
    seat.over(kind)
    seat.tick()
    assert len(system.started) == (2 if kind.value in HEALED else 1)


@pytest.mark.parametrize(
    "line", [AUTO, f"{ADDRESS} umode=rcv disk=/dev/sda retry=3", f"{ADDRESS} auto=yes umode=snd retry=3"]
)
def test_without_retry_or_attended_or_as_a_sender_nothing_is_repeated(at_once: None, line: str) -> None:
    system = FakeSystem(ONE)
    seat = begun(line, system)
    seat.over(OutcomeKind.STAGE_FAILED)
    seat.tick()
    assert (len(system.started), seat.shown) == (1, "result")


def test_casts_are_waited_for_until_one_succeeds_and_everything_else_comes_once(at_once: None) -> None:
    system = FakeSystem(ONE)
    page = "remontee_info=y page_remontee=http://se3/r num_op=3"
    seat = begun(f"{AUTO} retry=5 after=reboot,poweroff {page}", system)
    seat.over(VANISHED, "The first broke off.")
    assert "The next cast is waited for in 0 s" in seat.text
    seat.tick()
    assert seat.shown == "transfer"
    assert "Cast 2 of 6. Cast 1: The first broke off." in " ".join(seat.text.split())
    seat.over(OutcomeKind.TRUNCATED, "The second was cut short.")
    seat.tick()
    assert system.reports == []
    seat.over(OutcomeKind.EQUAL, "Equal at last.")
    assert [report.url.partition("&mac")[0].rpartition("&")[2] for report in system.reports] == ["succes=y"]
    assert "Cast 3 of 6." in seat.text
    assert "Cast 2: The second was cut short." in seat.text
    assert [record["attempt"] for record in system.kept] == [1, 2, 3]
    assert [one["kind"] for one in system.kept[-1]["earlier"]] == ["sender-vanished", "truncated"]
    system.reports[0].came = Answer(True, 200, say("se3 was told."))
    seat.tick()
    assert (seat.left, seat.status) == (True, Exit.REBOOT)


def test_after_the_last_cast_the_failure_follows(at_once: None) -> None:
    system = FakeSystem(ONE)
    seat = begun(f"{AUTO} retry=1 after=reboot,poweroff", system)
    seat.over(VANISHED)
    seat.tick()
    seat.over(VANISHED)
    seat.tick()
    assert (len(system.started), seat.left, seat.status) == (2, True, Exit.POWEROFF)


def test_a_key_wins_over_the_next_cast(at_once: None) -> None:
    system = FakeSystem(ONE)
    seat = begun(f"{AUTO} retry=1", system)
    seat.over(VANISHED)
    seat.touched()
    seat.tick()
    assert (len(system.started), seat.shown) == (1, "result")
    assert "waited for" not in seat.text
    seat.act("again")
    assert (len(system.started), seat.shown) == (2, "transfer")


@pytest.mark.parametrize("kind", OutcomeKind)
def test_an_operator_may_wait_for_the_next_cast_where_it_can_help(kind: OutcomeKind) -> None:
    system = FakeSystem(ONE)
    seat = begun(ADDRESS, system)
    seat.answer("umode", "rcv")
    seat.confirm()
    seat.over(kind)
    offered = kind.value in HEALED | {"no-sender"}
    assert ("Wait for the next cast" in seat.text) == offered
    if offered:
        seat.act("again")
        assert (len(system.started), seat.shown) == (2, "transfer")
        assert system.started[1].target == system.started[0].target


def test_a_sender_is_not_offered_the_next_cast() -> None:
    system = FakeSystem(ONE)
    seat = begun(f"{ADDRESS} umode=snd", system)
    seat.over(OutcomeKind.STAGE_FAILED)
    assert "Wait for the next cast" not in seat.text


@pytest.mark.usefixtures("at_once")
def test_a_launcher_that_cannot_end_gives_no_shell_and_says_so() -> None:
    system = FakeSystem(ONE, hung=True)
    seat = begun(f"{AUTO} after=shell", system)
    seat.over(OutcomeKind.WRITE_ERROR)
    seat.tick()
    assert (seat.left, seat.shown) == (False, "error")
    assert "There can be no shell" in seat.text
    seat.tick()
    assert len(seat.logged("error")) == 1
    seat.act("reboot")
    assert (seat.left, seat.status) == (True, Exit.REBOOT)


def test_what_follows_waits_for_the_page_and_the_page_changes_nothing(at_once: None) -> None:
    system = FakeSystem(ONE)
    seat = begun(f"{REPORTED} after=reboot,poweroff", system)
    seat.over(OutcomeKind.EQUAL)
    seat.tick()
    assert not seat.left
    assert "Telling se3 the result ..." in seat.text
    system.reports[0].came = Answer(False, None, say("se3 did not answer within 10 s."))
    seat.tick()
    assert seat.logged("report") == [
        {
            "event": "report",
            "url": system.reports[0].url,
            "ok": False,
            "status": None,
            "sentence": "se3 did not answer within 10 s.",
        }
    ]
    assert (seat.left, seat.status, len(system.kept)) == (True, Exit.REBOOT, 1)


def test_the_answer_of_the_page_is_a_line_on_the_result() -> None:
    system = FakeSystem(ONE)
    seat = begun(REPORTED, system)
    seat.over(OutcomeKind.EQUAL)
    system.reports[0].came = Answer(True, 200, say("se3 was told."))
    seat.tick()
    assert "Result page: se3 was told." in seat.text
    assert "DONE: this disk equals the sender's" in seat.text


def test_an_operator_need_not_wait_for_the_page() -> None:
    system = FakeSystem(ONE)
    seat = begun(REPORTED, system)
    seat.over(OutcomeKind.EQUAL)
    seat.act("poweroff")
    assert (seat.left, seat.status) == (True, Exit.POWEROFF)
    assert [one["ok"] for one in seat.logged("report")] == [False]


def test_a_page_that_answers_during_the_next_cast_is_still_heard() -> None:
    system = FakeSystem(ONE)
    seat = begun(REPORTED, system)
    seat.over(VANISHED)
    seat.act("again")
    system.reports[0].came = Answer(True, 200, say("se3 was told."))
    seat.tick()
    assert seat.shown == "transfer"
    assert [one["ok"] for one in seat.logged("report")] == [True]


def test_a_page_that_has_not_answered_by_the_next_result_is_waited_for_no_more() -> None:
    system = FakeSystem(ONE)
    seat = begun(REPORTED, system)
    seat.over(VANISHED)
    seat.act("again")
    seat.over(OutcomeKind.EQUAL)
    assert len(system.reports) == 2
    assert [one["url"] for one in seat.logged("report")] == [system.reports[0].url]
    assert [one["sentence"] for one in seat.logged("report")] == ["The page had not answered when this PC went on."]
