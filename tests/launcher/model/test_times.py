"""What must hold between the times, whatever they are."""

from __future__ import annotations

import dataclasses

from launcher.answers.parameters import ROWS
from launcher.datapath.chunks import CHUNK, CHUNKS
from launcher.model.plan import SILENCE, START_TIMEOUT
from launcher.model.times import TIMES as T
from launcher.model.times import Times, reference
from launcher.udpcast.command import HELLO_INTERVAL

GREETS_EVERY = HELLO_INTERVAL / 1000
SHORTEST_SILENCE = 5  # of the parameter silence


def test_a_sender_that_begins_anew_makes_a_pause_that_tells_it() -> None:
    assert T.listen > T.pause


def test_its_last_word_is_out_before_its_next_cast_begins() -> None:
    assert (T.farewell_times - 1) * T.farewell_apart < T.pause < T.listen


def test_two_greetings_may_get_lost() -> None:
    assert T.pause > 2 * GREETS_EVERY
    assert T.listen > 3 * GREETS_EVERY
    assert T.tie >= 3 * GREETS_EVERY


def test_two_signs_of_life_may_get_lost_before_the_shortest_patience_ends() -> None:
    assert 3 * T.alive_every < SHORTEST_SILENCE + T.more_patient


def test_a_sender_that_drops_another_receiver_is_heard_again_in_time() -> None:
    """It does so a second late at most, and one looks once in `look_out`."""
    assert T.more_patient > GREETS_EVERY + 2 * T.look_out


def test_what_comes_behind_a_pause_is_never_the_last_of_the_old_cast() -> None:
    assert T.at_once < T.look_out
    assert T.at_once < T.exit_late


def test_what_may_be_in_flight_is_more_than_our_own_buffers() -> None:
    assert T.in_flight >= CHUNK * (CHUNKS + 1)


def test_the_clock_is_looked_at_more_often_than_anything_is_due() -> None:
    shortest = (T.grace, T.linger, T.late, T.pause, T.tie, T.alive_every, T.patience, T.impatience, T.look_out)
    assert T.tick < min(shortest)
    assert T.listen_tick < T.tick


def test_a_process_gets_longer_when_its_work_is_done_than_when_it_is_stopped() -> None:
    assert T.exit_wait < T.grace < T.linger


def test_nobody_loses_patience_with_a_disk_before_he_would_have_who_does_not_want_it_any_more() -> None:
    assert T.impatience < T.patience
    assert T.patience < START_TIMEOUT


def test_the_least_silence_here_is_the_parameters() -> None:
    (row,) = (row for row in ROWS if row.name == "silence")
    assert row.values.startswith(f"seconds, {SHORTEST_SILENCE} to")
    assert SILENCE >= SHORTEST_SILENCE


def test_the_reference_has_every_row_with_unit_meaning_and_reason() -> None:
    table = reference()
    for one in dataclasses.fields(Times):
        assert one.metadata["unit"] and one.metadata["meaning"] and one.metadata["why"]
        assert f"| `{one.name}` |" in table
