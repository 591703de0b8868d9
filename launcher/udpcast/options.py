"""The options that `udpcparam` may hold: one table, and how a text becomes typed `Options` by it.

Rules, in one place:

* The text is split as a shell splits words (quotes and backslashes), but no shell runs, and nothing is expanded.
* Every option is looked up as the programs' own getopt_long does it: ``--name value``, ``--name=value``, unambiguous
  prefixes of a long name, ``-n value``, ``-nvalue`` and bundled flags. Kept options come out as full long names.
* An option of the other role is left out with a warning, so that one line can serve a whole room.
* An option that would take over what the launcher decides, or that would let a disk be silently wrong, is refused
  with the reason. So is a bare word: udp-receiver would write to a file of that name.
* Values are checked here, because the programs do not: they read ``--min-receivers abc`` as 0.
* What the launcher has to know of them is read here, once; of an option that is given twice the last one counts.

Source of the table: the option tables and usage texts of udp-sender and udp-receiver 20120424 (Debian's udpcast
20120424-2), read from the programs themselves; ranges from their manual pages and messages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from ..errors import AnswerError, ErrorKind
from ..model.plan import Options, Role
from ..sentence import NOTHING, Sentence, say

MAX_RECEIVERS = 1024  # compiled into udpcast
MAX_SLICE = 1024  # blocks; "max slice size too big" above it
MAX_BLOCK = 1456  # bytes of data in one packet
MAX_INT = 2**31 - 1
START_TIMEOUT = "start-timeout"
LONGEST_START = 604800  # seconds; 0 would be for ever to udpcast


class Kind(Enum):
    """What stands behind an option's name."""

    FLAG = NOTHING
    NUMBER = say("a whole number")
    BITRATE = say("a number of bits per second, perhaps with k or m behind it")
    SIZE = say("a number of bytes, perhaps with k or m behind it")
    ADDRESS = say("an IPv4 address")
    MULTICAST = say("an IPv4 multicast address (224.0.0.0 to 239.255.255.255)")
    FEC = say("STRIPESxREDUNDANCY/STRIPESIZE, for example 8x8/128")
    LOG = say("a file below /tmp, /run or /var")


@dataclass(frozen=True)
class Option:
    """One option of one program. `other` are further long names, `low` and `high` bound a number.

    `refused` is the reason why it may not be given, or nothing.
    """

    name: str
    short: str = ""
    kind: Kind = Kind.FLAG
    low: int = 0
    high: int = MAX_INT
    other: tuple[str, ...] = ()
    refused: Sentence = NOTHING


def _number(name: str, short: str = "", low: int = 0, high: int = MAX_INT, other: tuple[str, ...] = ()) -> Option:
    return Option(name, short, Kind.NUMBER, low, high, other)


_COMMON = (
    Option("file", "f", Kind.LOG, refused=say("the launcher gives the disk; choose it with disk=")),
    Option("pipe", "p", Kind.LOG, refused=say("the launcher runs the compressor; choose it with compr=")),
    Option("interface", "i", Kind.LOG, refused=say("the launcher gives the network card; choose it with nic=")),
    Option(
        "portbase",
        "P",
        Kind.LOG,
        other=("port",),
        refused=say("the launcher gives the port; choose it with port="),
    ),
    Option("license", "L", refused=say("it only prints the licence and ends")),
    Option("log", "l", Kind.LOG),
    Option("no-progress"),
    Option("mcast-rdv-address", "M", Kind.ADDRESS, other=("mcast-all-address",)),
    Option("nokbd", "k"),
    Option("print-uncompressed-position", "x", Kind.NUMBER, 0, 1),
    Option("stat-period", "z", Kind.NUMBER, 1, 10**6, ("statistics-period",)),
    _number("ttl", "t", 1, 255),
)

_SENDER = (
    *_COMMON,
    Option("full-duplex", "d"),
    Option("half-duplex", "c"),
    _number("blocksize", "b", 4, MAX_BLOCK),
    Option("mcast-data-address", "m", Kind.MULTICAST, other=("mcast-address",)),
    Option("max-bitrate", "r", Kind.BITRATE),
    Option("pointopoint", "1", other=("point-to-point",)),
    Option("nopointopoint", "2", other=("nopoint-to-point",)),
    Option("async", "a"),
    Option("autorate", "A"),
    _number("min-slice-size", "", 1, MAX_SLICE),
    _number("slice-size", "", 1, MAX_SLICE, ("default-slice-size",)),
    _number("max-slice-size", "", 1, MAX_SLICE),
    Option("fec", "F", Kind.FEC),
    _number("rexmit-hello-interval", "H", 1),
    _number("autostart", "S", 1),
    Option("broadcast", "B"),
    Option("sendbuf", "s", Kind.SIZE),
    _number("min-receivers", "C", 0, MAX_RECEIVERS, ("min-clients",)),
    _number("max-wait", "W"),
    _number("min-wait", "w"),
    _number(START_TIMEOUT, "T", 1, LONGEST_START),
    _number("retries-until-drop", "R", 1, other=("retriesUntilDrop",)),
    _number("bw-period", "I"),
    Option("daemon-mode", "D", refused=say("the launcher starts and ends the program itself")),
    Option("pid-file", "", Kind.LOG, refused=say("the launcher starts and ends the program itself")),
    Option("kill", "K", refused=say("the launcher starts and ends the program itself")),
    Option(
        "rate-governor",
        "g",
        Kind.LOG,
        refused=say("it loads a library that the initrd does not have; use --max-bitrate"),
    ),
    Option("streaming", "Z", refused=say("a receiver that joins in the middle would have half a disk")),
    Option("rehello-offset", "Y", refused=say("it belongs to --streaming, with which disks would be incomplete")),
)

_RECEIVER = (
    *_COMMON,
    Option("passive", "d"),
    Option("nosync", "n"),
    Option("sync", "y"),
    Option("rcvbuf", "b", Kind.SIZE),
    _number("exit-wait", "w", other=("exitWait",)),
    _number(START_TIMEOUT, "s", 1, LONGEST_START),
    _number("receive-timeout", "", 1),
    Option("ignore-lost-data", "Z", refused=say("lost data would be filled with random bytes")),
)

OPTIONS = {Role.SEND: _SENDER, Role.RECEIVE: _RECEIVER}
PROGRAMS = {Role.SEND: "udp-sender", Role.RECEIVE: "udp-receiver"}
_OTHER = {Role.SEND: Role.RECEIVE, Role.RECEIVE: Role.SEND}


class Checked(NamedTuple):
    """The options that are kept, and warnings about those that are left out. `start_timeout` has the seconds of
    --start-timeout, which is none of the options: the launcher counts them itself."""

    options: Options
    warnings: tuple[Sentence, ...]
    start_timeout: int | None = None


def split_udpcparam(text: str) -> tuple[str, ...]:
    """Split `text` into words as a shell would; quotes and backslashes count, nothing is expanded.

    Raises AnswerError when a quote is not closed or the text ends in a backslash.
    """
    if not text:
        return ()
    import shlex  # noqa: PLC0415 - most lines have none, and importing delays the first screen

    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        if "quotation" in str(error):
            raise _wrong(
                say("udpcparam={text!r} cannot be split into words: a quote is not closed.", text=text)
            ) from None
        sentence = say("udpcparam={text!r} cannot be split into words: nothing follows its last backslash.", text=text)
        raise _wrong(sentence) from None


def _wrong(sentence: Sentence, hint: Sentence = NOTHING) -> AnswerError:
    return AnswerError(ErrorKind.WRONG_VALUE, sentence, hint)


def check_udpcparam(words: tuple[str, ...], role: Role | None) -> Checked:
    """Check `words` for `role`.

    With `role` the kept options are that program's, in order, as ``--name`` or ``--name=value``, without
    --start-timeout; those of the other program are left out with a warning. With role None (not chosen yet) each word
    must suit at least one of the two programs, and all words are kept as they are, unread.

    Raises AnswerError for an unknown option, a value that cannot be used and an option that is refused.
    """
    first = role or Role.SEND
    kept: dict[str, str | None] = {}
    kept_words: list[str] = []
    warnings: list[Sentence] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        found = _find(word, first)
        option, owner = (found, first) if found else (_find(word, _OTHER[first]), _OTHER[first])
        if option is None:
            raise _unknown(word)
        if option.refused:
            raise _wrong(say("udpcparam: --{name} may not be given: {why}.", name=option.name, why=option.refused))
        value, rest = _take_value(word, option, rest)
        kept_word = f"--{option.name}" if value is None else f"--{option.name}={value}"
        if role is None:
            _check_for_either(word, option, value)
        else:
            _check_value(option, value)
        if owner is role:
            kept[option.name] = value
            if option.name != START_TIMEOUT:
                kept_words.append(kept_word)
        elif role:
            left_out = say(
                "udpcparam: {option} is an option of {program} and was left out here.",
                option=kept_word,
                program=PROGRAMS[owner],
            )
            warnings.append(left_out)
    if role is None:
        return Checked(Options(words), tuple(warnings))
    return Checked(_typed(tuple(kept_words), kept), tuple(warnings), _number_of(START_TIMEOUT, kept))


def _number_of(name: str, kept: dict[str, str | None]) -> int | None:
    value = kept.get(name)
    return int(value) if value is not None else None


def _typed(words: tuple[str, ...], kept: dict[str, str | None]) -> Options:
    """`kept` has the value of each option that was given, None for a flag."""

    def number(name: str) -> int | None:
        return _number_of(name, kept)

    return Options(
        words,
        nokbd="nokbd" in kept,
        one_way="async" in kept,
        min_receivers=number("min-receivers"),
        min_wait=number("min-wait"),
        max_wait=number("max-wait"),
        autostart=number("autostart"),
        retries_until_drop=number("retries-until-drop"),
        rexmit_hello_interval=number("rexmit-hello-interval"),
        exit_wait=number("exit-wait"),
        log=kept.get("log"),
    )


def _find(word: str, role: Role) -> Option | None:
    """The option that `word` begins, as getopt_long finds it: exact name, then unambiguous prefix; or a short one."""
    table = OPTIONS[role]
    if word.startswith("--") and len(word) > 2:
        name = word[2:].partition("=")[0]
        exact = [option for option in table if name in (option.name, *option.other)]
        near = [option for option in table if any(full.startswith(name) for full in (option.name, *option.other))]
        matches = exact or near
        return matches[0] if name and len(matches) == 1 else None
    if word.startswith("-") and len(word) > 1:
        return next((option for option in table if option.short and option.short == word[1]), None)
    return None


def _take_value(word: str, option: Option, rest: list[str]) -> tuple[str | None, list[str]]:
    """The value of `option`, from behind ``=``, from inside a short option, or from the next word."""
    if word.startswith("--"):
        _, equals, value = word.partition("=")
        if option.kind is Kind.FLAG and equals:
            raise _wrong(
                say("udpcparam: --{name} takes no value, but {value!r} is given.", name=option.name, value=value)
            )
        inside = value if equals else None
    else:
        inside = word[2:] or None
        if option.kind is Kind.FLAG:
            return None, ([f"-{inside}", *rest] if inside else rest)
    if option.kind is Kind.FLAG:
        return None, rest
    if inside is not None:
        return inside, rest
    if not rest:
        raise _wrong(say("udpcparam: --{name} needs a value: {kind}.", name=option.name, kind=option.kind.value))
    return rest[0], rest[1:]


_PATTERNS = {  # as text: compiling them would delay the first screen
    Kind.NUMBER: r"[0-9]{1,10}",
    Kind.BITRATE: r"[1-9][0-9]{0,11}[kKmM]?",
    Kind.SIZE: r"[1-9][0-9]{0,9}[kKmM]?",
    Kind.FEC: r"([1-9][0-9]{0,2}x)?[1-9][0-9]{0,2}(/[1-9][0-9]{0,2})?",
    Kind.LOG: r"/(tmp|run|var)/(?!.*\.\.)[^\0]+",
}


def _check_value(option: Option, value: str | None) -> None:
    if value is None:
        return
    if option.kind is Kind.NUMBER:
        number = re.fullmatch(_PATTERNS[option.kind], value)
        good = number is not None and value.isascii() and option.low <= int(value) <= option.high
        expected = (
            say("a whole number from {low} to {high}", low=option.low, high=option.high)
            if option.high < MAX_INT
            else say("a whole number from {low} up", low=option.low)
        )
    else:
        expected = option.kind.value
        if option.kind in (Kind.ADDRESS, Kind.MULTICAST):
            good = _is_ipv4(value, multicast=option.kind is Kind.MULTICAST)
        else:
            good = re.fullmatch(_PATTERNS[option.kind], value) is not None
    if not good:
        sentence = say(
            "udpcparam: --{name} {value!r} cannot be used: it must be {expected}.",
            name=option.name,
            value=value,
            expected=expected,
        )
        raise _wrong(sentence)


def _check_for_either(word: str, option: Option, value: str | None) -> None:
    """A word whose role is open: what one of the two programs accepts is good (their short options differ)."""
    candidates = [found for role in Role if (found := _find(word, role)) is not None]
    for candidate in candidates:
        try:
            _check_value(candidate, value)
            return
        except AnswerError:
            continue
    _check_value(option, value)


def _is_ipv4(value: str, multicast: bool) -> bool:
    parts = value.split(".")
    if len(parts) != 4 or not all(re.fullmatch("[0-9]{1,3}", part) and int(part) < 256 for part in parts):
        return False
    return not multicast or 224 <= int(parts[0]) < 240


def _unknown(word: str) -> AnswerError:
    """A word that no program knows."""
    if not word.startswith("-"):
        return _wrong(
            say(
                "udpcparam: {word!r} is no option; every word must be an option of udp-sender or udp-receiver.",
                word=word,
            ),
            say("Options begin with --."),
        )
    import difflib  # noqa: PLC0415 (a third of a typical import budget, for a case that hardly ever comes)

    names = [f"--{option.name}" for table in OPTIONS.values() for option in table if not option.refused]
    close = difflib.get_close_matches(word.partition("=")[0], names, n=1)
    return _wrong(
        say("udpcparam: {word!r} is an option neither of udp-sender nor of udp-receiver.", word=word),
        say("Perhaps {option} is meant.", option=close[0])
        if close
        else say("The manual pages of both list their options."),
    )
