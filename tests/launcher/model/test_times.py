"""What must hold between the times, whatever they are."""

from __future__ import annotations

import dataclasses

from launcher.answers.parameters import ROWS
from launcher.datapath.chunks import CHUNK, CHUNKS
from launcher.model.plan import SILENCE, START_TIMEOUT
from launcher.model.times import TIMES as T
from launcher.model.times import Times, reference, waits
from tests.common import ROOT

SHORTEST_SILENCE = 5  # of the parameter silence


def test_a_sender_that_begins_anew_makes_a_pause_that_tells_it() -> None:
    assert T.listen > T.pause


def test_its_end_notice_is_out_before_its_next_cast_begins() -> None:
    assert (T.end_notice_times - 1) * T.end_notice_apart < T.pause < T.listen


def test_two_greetings_may_get_lost() -> None:
    assert T.pause > 2 * T.greet_every
    assert T.listen > 3 * T.greet_every


def test_a_sender_that_waits_already_is_heard_often_enough_before_this_one_starts() -> None:
    assert T.listen > T.rival_times * T.greet_every
    assert T.rival_times > 1


def test_a_sender_that_must_give_way_has_done_so_before_the_other_one_does() -> None:
    assert T.insist > 2 * (T.rival_times + 1) * T.greet_every


def test_a_sender_that_greets_seldom_need_not_greet_to_the_second() -> None:
    assert T.pause_intervals >= 2


def test_udp_sender_is_told_how_often_to_greet_in_whole_milliseconds() -> None:
    assert T.greet_every * 1000 == round(T.greet_every * 1000) > 0


def test_two_signs_of_life_may_get_lost_before_the_shortest_patience_ends() -> None:
    assert 3 * T.alive_every < SHORTEST_SILENCE + T.more_patient


def test_a_sender_that_drops_another_receiver_is_heard_again_in_time() -> None:
    """It does so a second late at most, and one looks once in `look_out`."""
    assert T.more_patient > T.greet_every + 2 * T.look_out


def test_what_comes_behind_a_pause_is_never_the_last_of_the_old_cast() -> None:
    assert T.at_once < T.look_out
    assert T.at_once < T.exit_late


def test_what_may_be_in_flight_is_more_than_our_own_buffers() -> None:
    assert T.in_flight >= CHUNK * (CHUNKS + 1)


def test_a_sender_that_is_asked_has_time_for_its_sign_of_life() -> None:
    """One that casts answers no question."""
    assert T.ask_times * T.ask_every > T.alive_every
    assert T.ask > 2 * T.alive_every


def test_a_greeting_in_a_silence_is_believed_only_when_signs_of_life_should_have_come() -> None:
    assert T.unheard > 2 * T.alive_every
    assert T.unheard < SHORTEST_SILENCE + T.more_patient


def test_a_room_full_of_receivers_does_not_keep_a_plain_sender_from_its_cast() -> None:
    """Behind 2 s without a packet it begins: 200 receivers leave it as much, twice over."""
    assert T.ask_most / 200 >= 2 * 2
    assert T.ask < T.ask_most


def test_one_that_is_polled_stays_heard_though_two_answers_get_lost() -> None:
    assert T.both > 3 * T.poll
    assert T.both > 3 * T.greet_every


def test_one_that_was_heard_once_is_asked_while_it_still_counts() -> None:
    assert T.ask_times * T.ask_every < T.both


def test_the_clock_is_looked_at_more_often_than_anything_is_due() -> None:
    shortest = (
        T.start_every,
        T.ask_every,
        T.grace,
        T.linger,
        T.late,
        T.pause,
        T.tie,
        T.alive_every,
        T.patience,
        T.impatience,
        T.look_out,
    )
    assert T.tick < min(shortest)
    assert T.listen_tick < T.tick


def test_a_process_gets_longer_when_its_work_is_done_than_when_it_is_stopped() -> None:
    assert T.exit_wait < T.grace < T.linger


def test_nobody_loses_patience_with_a_disk_before_he_would_have_who_does_not_want_it_any_more() -> None:
    assert T.impatience < T.patience
    assert T.patience < START_TIMEOUT


def test_who_leaves_waits_no_longer_for_a_disk_than_for_one_whose_answer_nobody_wants() -> None:
    assert T.stuck <= T.impatience


def test_a_port_of_a_switch_is_waited_for_until_its_spanning_tree_is_there() -> None:
    assert T.link > 50


def test_a_device_that_is_missing_is_waited_for_longer_than_one_that_may_come() -> None:
    assert T.look_out < T.no_device < T.device


def test_an_unattended_cast_does_not_begin_before_receivers_could_have_come_from_another_sender() -> None:
    """One that gives way, or begins anew, is noticed by its receivers before the one that stays begins its cast."""
    assert T.unattended > T.listen + T.tie + T.pause
    assert T.unattended < START_TIMEOUT


def test_the_administrators_guide_says_how_long_a_sender_listens_in_its_table_alone() -> None:
    text = (ROOT / "docs/admin.md").read_text(encoding="utf-8")
    assert text.count(f"{T.listen:g} s") == 1
    assert f"| another sender on the same port | {T.listen:g} s before" in text


def test_the_administrators_table_follows_the_times() -> None:
    table = waits()
    for value in (T.device, T.link, T.dhcp, T.unattended, T.more_patient, SILENCE, T.listen):
        assert f" {value:g} s" in table
    assert "| a sender that fails or is cancelled | 3 s: it says so" in table
    assert f" {T.ask:g} s; then it is asked." in table and f" {T.ask_most / 60:g} minutes at most." in table


def test_the_least_silence_here_is_the_parameters() -> None:
    (row,) = (row for row in ROWS if row.name == "silence")
    assert row.values.startswith(f"seconds, {SHORTEST_SILENCE} to")
    assert SILENCE >= SHORTEST_SILENCE


def test_the_reference_has_every_row_with_unit_meaning_and_reason() -> None:
    table = reference()
    for one in dataclasses.fields(Times):
        assert one.metadata["unit"] and one.metadata["meaning"] and one.metadata["why"]
        assert f"| `{one.name}` |" in table
