"""The grammar of faults."""

from __future__ import annotations

import pytest

from qemu.classroom.faults import GRAMMAR, Fault, FaultError, Kind, Position, check, parse_fault

HALF = Position(50, percent=True)
MIB = 1 << 20

EXAMPLES = {
    "kill:receiver-1@30%": Fault(Kind.KILL, "receiver-1", None, Position(30, percent=True)),
    "kill:sender@connected": Fault(Kind.KILL, "sender", None, Position(moment="connected")),
    "kill:receiver-12@verifying": Fault(Kind.KILL, "receiver-12", None, Position(moment="verifying")),
    "restart:sender@cast": Fault(Kind.RESTART, "sender", None, Position(moment="cast")),
    "unplug:receiver-1:5s@52428800": Fault(Kind.UNPLUG, "receiver-1", 5.0, Position(50 * MIB)),
    "unplug:sender:0.5s@50%": Fault(Kind.UNPLUG, "sender", 0.5, HALF),
    "unplug:sender@50%": Fault(Kind.UNPLUG, "sender", None, HALF),
    "kill-program:sender:pigz@50%": Fault(Kind.KILL_PROGRAM, "sender", "pigz", HALF),
    "exhaust:receiver-1:unpack@50%": Fault(Kind.EXHAUST, "receiver-1", "unpack", HALF),
    "read-error:sender@50%": Fault(Kind.READ_ERROR, "sender", None, HALF),
    "write-error:receiver-1@12.5%": Fault(Kind.WRITE_ERROR, "receiver-1", None, Position(12.5, percent=True)),
    "flip:receiver-1@0": Fault(Kind.FLIP, "receiver-1", None, Position(0)),
    "smaller:receiver-1:1048576": Fault(Kind.SMALLER, "receiver-1", float(MIB)),
    "larger:receiver-1:1048576": Fault(Kind.LARGER, "receiver-1", float(MIB)),
    "signatures:receiver-1": Fault(Kind.SIGNATURES, "receiver-1"),
    "dirty:sender": Fault(Kind.DIRTY, "sender"),
    "hibernated:sender-2": Fault(Kind.HIBERNATED, "sender-2"),
    "spoil:receiver-1:zeros": Fault(Kind.SPOIL, "receiver-1", "zeros"),
    "cut:receiver-1": Fault(Kind.CUT, "receiver-1"),
    "4kn:receiver-1": Fault(Kind.SECTORS_4K, "receiver-1"),
    "memory:receiver-1:160": Fault(Kind.MEMORY, "receiver-1", 160.0),
    "compr:receiver-1:gzip": Fault(Kind.COMPRESSION, "receiver-1", "gzip"),
    "absent:receiver-1": Fault(Kind.ABSENT, "receiver-1"),
    "late:receiver-2@50%": Fault(Kind.LATE, "receiver-2", None, HALF),
    "second-sender": Fault(Kind.SECOND_SENDER, "sender-2"),
}


@pytest.mark.parametrize("text", EXAMPLES)
def test_a_fault_is_read_and_written_the_same(text: str) -> None:
    assert parse_fault(text) == EXAMPLES[text]
    assert str(EXAMPLES[text]) == text


def test_every_kind_is_in_the_examples_and_in_the_grammar() -> None:
    assert {fault.kind for fault in EXAMPLES.values()} == set(Kind), "one has no example above"
    assert all(kind.rule.form in GRAMMAR and kind.rule.meaning in GRAMMAR for kind in Kind)


def test_sizes_are_powers_of_1024_as_those_of_disks_are() -> None:
    assert parse_fault("smaller:receiver-1:1M").value == MIB
    assert parse_fault("flip:receiver-1@64K").position == Position(65536)
    assert parse_fault("kill:sender@1G").position == Position(1 << 30)


@pytest.mark.parametrize(("position", "offset"), [(HALF, 500), (Position(33.3, percent=True), 333), (Position(7), 7)])
def test_a_position_is_a_byte_of_the_source(position: Position, offset: int) -> None:
    assert position.offset(1000) == offset


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", '"" is not known; kill, restart, unplug,'),
        ("explode:sender@30%", '"explode" is not known'),
        ("kill", "kill:SEAT@WHEN was expected"),
        ("kill:sender", "kill:SEAT@WHEN was expected"),
        ("kill:teacher@30%", "kill:SEAT@WHEN was expected"),
        ("kill:receiver-0@30%", "kill:SEAT@WHEN was expected"),
        ("kill:sender:9@30%", "kill:SEAT@WHEN was expected"),
        (
            "kill:sender@soon",
            '"soon" is not a byte, a percentage or a moment (transfer, connected, cast, flushing, verifying)',
        ),
        ("kill:sender@", '"" is not a byte'),
        ("kill:sender@100%", '"100%" is not'),
        ("kill:sender@-1", '"-1" is not'),
        ("flip:sender@1", "flip:RECEIVER@BYTE was expected"),
        ("flip:receiver-1@cast", '"cast" is not a byte or percentage'),
        ("unplug:sender:5@30%", '"5" is not seconds like 5s'),
        ("unplug:sender:0s@30%", '"0s" is not seconds'),
        ("smaller:receiver-1", "smaller:RECEIVER:SIZE was expected"),
        ("smaller:receiver-1:1M@30%", "smaller:RECEIVER:SIZE was expected"),
        ("smaller:receiver-1:1T", '"1T" is not a size'),
        ("memory:receiver-1:lots", '"lots" is not a number of MiB'),
        ("kill-program:sender:bash@1", '"bash" is not pigz or'),
        ("compr:receiver-1:xz", '"xz" is not none or gzip'),
        ("spoil:receiver-1:end", '"end" is not hole or zeros or data'),
        ("dirty:receiver-1", "dirty:SENDER was expected"),
        ("second-sender:sender", "second-sender stands alone"),
        ("second-sender@30%", "second-sender stands alone"),
    ],
)
def test_what_is_not_understood_is_one_sentence(text: str, words: str) -> None:
    with pytest.raises(FaultError) as error:
        parse_fault(text)
    assert words in str(error.value)
    assert str(error.value).startswith(f'fault "{text}"') and str(error.value).endswith(".")


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["kill:receiver-3@1"], "there is no receiver-3"),
        (["kill:sender-2@1"], "there is no sender-2"),
        (["late:sender@1"], "after the sender"),
        (["memory:sender:200", "memory:sender:300"], "given twice"),
        (
            ["exhaust:sender:pigz@1", "kill-program:sender:pigz@2"],
            "only one thing can happen within the pigz of sender",
        ),
    ],
)
def test_faults_must_fit_the_classroom(texts: list[str], words: str) -> None:
    with pytest.raises(FaultError, match=words):
        check([parse_fault(text) for text in texts], receivers=2)


def test_a_second_sender_may_have_faults_too() -> None:
    check([parse_fault("second-sender"), parse_fault("late:sender-2@1")], receivers=1)
