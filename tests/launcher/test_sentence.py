"""Sentences as values: English for programs and logs, any language where they are shown, fields as JSON."""

from __future__ import annotations

import json

from launcher.errors import AnswerError, ErrorKind, LauncherError
from launcher.sentence import Sentence, joined, say, say_many, verbatim


def in_capitals(text: str, many: str, count: object) -> str:
    return {"{path} is gone.": "{path} IST WEG.", "it is full": "ES IST VOLL"}.get(text, text)


def test_a_sentence_is_english_unless_somebody_chooses_otherwise() -> None:
    sentence = say("{path} is gone.", path="/dev/{sda}")
    assert str(sentence) == "/dev/{sda} is gone."
    assert sentence.put(in_capitals) == "/dev/{sda} IST WEG."


def test_fields_are_sentences_numbers_and_lists() -> None:
    sentence = say("after {bytes:,} bytes: {why}, {all}", bytes=1234567, why=say("it is full"), all=("a", say("b")))
    assert str(sentence) == "after 1,234,567 bytes: it is full, a, b"
    assert sentence.put(in_capitals) == "after 1,234,567 bytes: ES IST VOLL, a, b"
    assert json.loads(json.dumps(sentence.record())) == {"bytes": 1234567, "why": "it is full", "all": ["a", "b"]}


def test_the_count_chooses_the_plural() -> None:
    texts = [str(say_many("{count} receiver in {room}", "{count} receivers in {room}", n, room="a")) for n in (0, 1, 2)]
    assert texts == ["0 receivers in a", "1 receiver in a", "2 receivers in a"]


def test_without_fields_braces_mean_nothing() -> None:
    assert str(say("{curly} as it is")) == "{curly} as it is"
    assert not Sentence("") and say("x")


def test_the_fields_of_the_sentences_within_a_sentence_are_its_own_too() -> None:
    so_far = say_many("after {count:,} byte", "after {count:,} bytes", 1234, device="sdb")
    sentence = joined(" ", say("{device} stopped {so_far}.", device="sda", so_far=so_far), "now", verbatim("x"))
    assert str(sentence) == "sda stopped after 1,234 bytes. now x"
    assert sentence.record() == {"device": "sda", "so_far": "after 1,234 bytes", "count": 1234}


def test_of_two_sentences_side_by_side_the_first_one_gives_a_field_that_both_have() -> None:
    assert joined(" ", say("{n} of", n=1), say("{n}, {m}", n=2, m=3)).record() == {"n": 1, "m": 3}


def test_the_fields_of_an_error_are_its_sentences_before_its_hints() -> None:
    error = LauncherError(
        ErrorKind.NO_LINK,
        joined(" ", say("{nic} has no link after {seconds:.0f} s.", nic="eth0", seconds=30.0), say("Sorry.")),
        say("Plug in {nic}, not {other}.", nic="eth1", other="eth2"),
    )
    assert str(error) == "eth0 has no link after 30 s. Sorry. Plug in eth1, not eth2."
    assert error.record()["fields"] == {"nic": "eth0", "seconds": 30.0, "other": "eth2"}


def test_an_error_tells_its_kind_and_the_fields_of_both_its_sentences() -> None:
    error = AnswerError(ErrorKind.DEVICE_MISSING, say("{what} is gone.", what="sda"), say("Use {other}.", other="sdb"))
    assert str(error) == "sda is gone. Use sdb."
    assert error.record() == {
        "kind": "device-missing",
        "fields": {"what": "sda", "other": "sdb"},
        "sentence": "sda is gone.",
        "hint": "Use sdb.",
    }
