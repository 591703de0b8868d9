"""Sentences as values: English for programs and logs, any language where they are shown, fields as JSON."""

from __future__ import annotations

import json

from launcher.errors import AnswerError, ErrorKind
from launcher.sentence import Sentence, say, say_many


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


def test_an_error_tells_its_kind_and_the_fields_of_both_its_sentences() -> None:
    error = AnswerError(ErrorKind.DEVICE_MISSING, say("{what} is gone.", what="sda"), say("Use {other}.", other="sdb"))
    assert str(error) == "sda is gone. Use sdb."
    assert error.record() == {
        "kind": "device-missing",
        "fields": {"what": "sda", "other": "sdb"},
        "sentence": "sda is gone.",
        "hint": "Use sdb.",
    }
