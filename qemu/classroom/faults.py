"""Faults of a virtual classroom: what goes wrong at which seat, and when. Pure: text to values and back.

`Kind` has all faults. `GRAMMAR` is the whole language, shown by ``--help`` and in docs/faults.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

SECOND_SENDER = "sender-2"
MOMENTS = ("transfer", "connected", "cast", "flushing", "verifying")
"""Moments of a seat that its event log tells: it waits for others, sees another, …; the last two are a receiver's."""

UNPACKER = "unpack"
"""The launcher's own program that unpacks a stream (`launcher/datapath/unpack.py`)."""

PROGRAMS = ("pigz", "lzop", "udp-sender", UNPACKER)
PLACES = ("hole", "zeros", "data")
"""Of a stream: the first frame that names a hole, the frame of zeros behind it, what is packed."""
COMPRESSIONS = ("none", "gzip", "lzop", "zstd")
UNIT = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


class FaultError(Exception):
    """One sentence: what in a fault is not understood, and what was expected."""


class When(Enum):
    """What stands behind the @."""

    STANDING = "nothing"  # from power-on
    BYTE = "a byte or percentage"  # exact, by the byte's place on the disk or in the stream
    MOMENT = "a byte, a percentage or a moment"


class Value(Enum):
    """What stands behind the seat."""

    NONE = "nothing"
    SECONDS = "seconds like 5s"
    SIZE = "a size like 512, 64K or 1M"
    MEBIBYTES = "a number of MiB"
    PROGRAM = " or ".join(PROGRAMS)
    COMPRESSION = " or ".join(COMPRESSIONS)
    PLACE = " or ".join(PLACES)


_SENDER, _RECEIVER = "sender|sender-2", "receiver-[1-9][0-9]*"
_SEAT = f"{_SENDER}|{_RECEIVER}"


@dataclass(frozen=True)
class Rule:
    """How one kind is written: which seats, which value, when. `form` and `meaning` are its line in the grammar."""

    form: str
    meaning: str
    when: When
    value: Value = Value.NONE
    optional: bool = False  # the value may be left out
    seats: str = _SEAT  # a regular expression; empty: the fault stands alone
    silences: bool = False  # afterwards there may be nobody at that seat who could say anything


class Kind(Enum):
    """Every fault is one row here. Grammar, parser and report derive from it.

    What carries it out is in one table of `equipment` (what is so from power-on) or `injection` (what happens at a
    moment). Tests name a kind that nobody carries out, has no example, or is in no row of the fault table.
    """

    KILL = Rule("kill:SEAT@WHEN", "power is cut", When.MOMENT, silences=True)
    RESTART = Rule("restart:SEAT@WHEN", "its reset button is pressed", When.MOMENT)
    UNPLUG = Rule(
        "unplug:SEAT[:5s]@WHEN",
        "the cable is pulled, for so many seconds or for good",
        When.MOMENT,
        Value.SECONDS,
        True,
    )
    KILL_PROGRAM = Rule(
        "kill-program:SEAT:PROGRAM@BYTE",
        "a program of the pipeline is killed (SIGKILL) when it has read so much of its input, in steps of 64 KiB",
        When.BYTE,
        Value.PROGRAM,
    )
    EXHAUST = Rule(
        "exhaust:SEAT:PROGRAM@BYTE",
        "something fills the memory when a program has read so much, until the kernel has killed one of the pipeline",
        When.BYTE,
        Value.PROGRAM,
    )
    READ_ERROR = Rule("read-error:SEAT@BYTE", "the disk's sector there cannot be read", When.BYTE)
    WRITE_ERROR = Rule("write-error:SEAT@BYTE", "the disk's sector there cannot be written", When.BYTE)
    FLIP = Rule(
        "flip:RECEIVER@BYTE",
        "a bit of the disk is flipped behind the guest's back, as soon as the byte is on the disk",
        When.BYTE,
        seats=_RECEIVER,
    )
    SMALLER = Rule(
        "smaller:RECEIVER:SIZE",
        "the target is so much smaller than the source",
        When.STANDING,
        Value.SIZE,
        seats=_RECEIVER,
    )
    LARGER = Rule(
        "larger:RECEIVER:SIZE",
        "the target is so much larger than the source",
        When.STANDING,
        Value.SIZE,
        seats=_RECEIVER,
    )
    SIGNATURES = Rule(
        "signatures:RECEIVER",
        "the target has been a disk of md, LVM and ZFS, whose signatures are still there",
        When.STANDING,
        seats=_RECEIVER,
    )
    DIRTY = Rule("dirty:SENDER", "the source's ext4 was not unmounted cleanly", When.STANDING, seats=_SENDER)
    HIBERNATED = Rule("hibernated:SENDER", "the source's swap holds a suspended system", When.STANDING, seats=_SENDER)
    SPOIL = Rule(
        "spoil:RECEIVER:PLACE",
        "a bit of the stream is flipped on its way: in the first hole, in the zeros behind it, in the data",
        When.STANDING,
        Value.PLACE,
        seats=_RECEIVER,
    )
    CUT = Rule(
        "cut:RECEIVER", "the stream ends before the sender's trailer, without a word", When.STANDING, seats=_RECEIVER
    )
    SECTORS_4K = Rule("4kn:SEAT", "the disk's sectors have 4096 bytes (a SCSI disk)", When.STANDING)
    MEMORY = Rule("memory:SEAT:MIB", "the machine has so much memory", When.STANDING, Value.MEBIBYTES, silences=True)
    COMPRESSION = Rule("compr:SEAT:WORD", "compr=WORD is on its append line", When.STANDING, Value.COMPRESSION)
    ABSENT = Rule("absent:SEAT", "it is never switched on", When.STANDING, silences=True)
    LATE = Rule("late:SEAT@WHEN", "it is switched on when the sender is so far", When.MOMENT)
    SECOND_SENDER = Rule(
        "second-sender",
        "a further seat, sender-2: another disk, the same append line and port",
        When.STANDING,
        seats="",
    )

    @property
    def rule(self) -> Rule:
        return self.value

    @property
    def word(self) -> str:
        """The word that the fault begins with."""
        return re.split("[:@]", self.rule.form)[0]


IN_A_PROGRAM = tuple(kind for kind in Kind if kind.rule.value is Value.PROGRAM)
"""What happens within a program of the pipeline."""

_TEXT = """\
FAULT is one of these; SEAT is sender, sender-2 or receiver-1, receiver-2, …;
SENDER and RECEIVER are those of them that are one; PLACE is hole, zeros or data.

{forms}

BYTE is a place in the source: bytes (also 64K, 32M, 1G, powers of 1024) or a percentage of its size (30%).
WHEN is a BYTE, reached by the seat's own progress, or a moment of that seat: {moments}.
A seat tells its progress once a second, so that WHEN comes up to a second late; BYTE is exact."""


def _grammar() -> str:
    rules = [kind.rule for kind in Kind]
    width = max(len(rule.form) for rule in rules)
    forms = "\n".join(f"  {rule.form.ljust(width)}  {rule.meaning}" for rule in rules)
    return _TEXT.format(forms=forms, moments=", ".join(MOMENTS))


GRAMMAR = _grammar()


@dataclass(frozen=True)
class Position:
    """Where or when: `count` is bytes, or per cent when `percent`; a `moment` has neither."""

    count: float = 0
    percent: bool = False
    moment: str = ""

    def offset(self, size: int) -> int:
        """The byte, on a source of `size` bytes."""
        return int(size * self.count / 100) if self.percent else int(self.count)

    def __str__(self) -> str:
        return self.moment or (f"{self.count:g}%" if self.percent else f"{self.count:.0f}")


@dataclass(frozen=True)
class Fault:
    """One fault. `value` in seconds, bytes or MiB, or a word, as its `Rule` says."""

    kind: Kind
    seat: str
    value: float | str | None = None
    position: Position | None = None

    def __str__(self) -> str:
        rule, value = self.kind.rule, self.value
        if isinstance(value, float):
            value = f"{value:g}s" if rule.value is Value.SECONDS else f"{value:.0f}"
        words = (self.kind.word, self.seat if rule.seats else None, value)
        return ":".join(word for word in words if word) + (f"@{self.position}" if self.position else "")

    @property
    def standing(self) -> bool:
        """There from power-on; nothing happens later."""
        return self.position is None


def by_word(word: str) -> Kind | None:
    """The kind whose faults begin with `word`."""
    return next((kind for kind in Kind if kind.word == word), None)


def parse_fault(text: str) -> Fault:
    """One fault of `GRAMMAR`. Raises FaultError."""
    before, at, after = text.partition("@")
    word, *rest = before.split(":")
    kind = by_word(word)
    if kind is None:
        raise FaultError(f'fault "{text}": "{word}" is not known; {", ".join(kind.word for kind in Kind)} are.')
    rule = kind.rule
    if not rule.seats:
        if rest or at:
            raise FaultError(f'fault "{text}": {word} stands alone.')
        return Fault(kind, SECOND_SENDER)
    wrong = FaultError(f'fault "{text}" is not understood: {rule.form} was expected.')
    if not rest or not re.fullmatch(rule.seats, rest[0]) or len(rest) > 2:
        raise wrong
    if (len(rest) == 2 and rule.value is Value.NONE) or (
        len(rest) == 1 and not (rule.optional or rule.value is Value.NONE)
    ):
        raise wrong
    if bool(at) == (rule.when is When.STANDING):
        raise wrong
    value = _value(rest[1], rule.value, text) if len(rest) == 2 else None
    return Fault(kind, rest[0], value, _position(after, rule.when, text) if at else None)


def _value(word: str, kind: Value, text: str) -> float | str:
    match kind:
        case Value.SECONDS if re.fullmatch(r"[0-9]+(\.[0-9]+)?s", word) and float(word[:-1]) > 0:
            return float(word[:-1])
        case Value.SIZE if _size(word):
            return float(_size(word) or 0)
        case Value.MEBIBYTES if word.isdecimal() and int(word) > 0:
            return float(word)
        case Value.PROGRAM if word in PROGRAMS:
            return word
        case Value.COMPRESSION if word in COMPRESSIONS:
            return word
        case Value.PLACE if word in PLACES:
            return word
    raise FaultError(f'fault "{text}": "{word}" is not {kind.value}.')


def _size(word: str) -> int | None:
    found = re.fullmatch(r"([0-9]+)([KMG]?)", word)
    return int(found[1]) * UNIT[found[2]] if found else None


def _position(word: str, when: When, text: str) -> Position:
    if when is When.MOMENT and word in MOMENTS:
        return Position(moment=word)
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?%", word) and float(word[:-1]) < 100:
        return Position(float(word[:-1]), percent=True)
    size = _size(word)
    if size is None:
        moments = f" ({', '.join(MOMENTS)})" if when is When.MOMENT else ""
        raise FaultError(f'fault "{text}": "{word}" is not {when.value}{moments}.')
    return Position(size)


def check(faults: Sequence[Fault], receivers: int) -> None:
    """Hold the faults against a classroom of so many receivers. Raises FaultError."""
    seats = {"sender", *(f"receiver-{n + 1}" for n in range(receivers))}
    if any(fault.kind is Kind.SECOND_SENDER for fault in faults):
        seats.add(SECOND_SENDER)
    for fault in faults:
        if fault.seat not in seats:
            raise FaultError(f'fault "{fault}": there is no {fault.seat} among {", ".join(sorted(seats))}.')
        if fault.kind is Kind.LATE and fault.seat == "sender":
            raise FaultError(f'fault "{fault}": what is late comes after the sender.')
        inside = [one for one in faults if one.kind in IN_A_PROGRAM and one.seat == fault.seat]
        if fault in inside and sum(one.value == fault.value for one in inside) > 1:
            raise FaultError(f'fault "{fault}": only one thing can happen within the {fault.value} of {fault.seat}.')
        if sum(other.kind is fault.kind and other.seat == fault.seat for other in faults) > 1 and fault.standing:
            raise FaultError(f'fault "{fault}": {fault.kind.word} is given twice for {fault.seat}.')


def of(faults: Iterable[Fault], seat: str, kind: Kind) -> Fault | None:
    """The first fault of this kind at this seat."""
    return next((fault for fault in faults if fault.kind is kind and fault.seat == seat), None)


def number(fault: Fault | None, default: int) -> int:
    """The numeric value of a fault, or `default` without one."""
    return int(fault.value) if fault and isinstance(fault.value, float) else default
