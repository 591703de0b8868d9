"""The properties by which a disk can be named in ``disk=``: `SELECTORS`, one a row. Pure: a text to a test of a disk.

A size is what the disk is sold as (``500G``: units of 1000), or what is printed of it (``465.8G``, ``465.8GiB``). As a
bound (``>=200G``, ``<1T``, ``200G-600G``) a disk that is sold as so much has so much: one of "500 GB", which has a
little more, is not over 500G.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from ..errors import AnswerError, ErrorKind
from ..model.machine import Disk
from ..sentence import NOTHING, Sentence, say

UNITS = ("", "k", "m", "g", "t", "p")
SIZE_TOLERANCE = 0.03  # a "500 GB" disk has 500.1 × 10^9 bytes, a "240 GB" one 240.06
BOUND_TOLERANCE = 0.005  # the next size that is sold, 512 GB beside 500, is over 500G

Test = Callable[[Disk], bool]


class Selector(NamedTuple):
    """A property by which disks are named. `test` makes a test of what is wanted, or raises AnswerError.

    `exact`: no two disks of a PC have it in common, so a disk that appears later does not change what is meant.
    `worldwide`: nor have two PCs. `blanks`: its value may have some. `otherwise` is the test where no disk passes the
    first. `told` is what of a disk is shown beside its line, where the one that is wanted is not there.
    """

    test: Callable[[str], Test]
    exact: bool
    worldwide: bool = False
    blanks: bool = False
    otherwise: Callable[[str], Test] | None = None
    told: Callable[[Disk], str | None] | None = None


def wrong(sentence: Sentence, hint: Sentence = NOTHING) -> AnswerError:
    """The error of a selector that can never be right."""
    return AnswerError(ErrorKind.WRONG_VALUE, sentence, hint)


def _named(wanted: str) -> str:
    """What is wanted, to be compared; it may not be nothing. Quotes around it are none of it (model:"a b")."""
    name = wanted.strip(' "').casefold().removeprefix("0x")
    if not name:
        *most, last = (f"{kind}:..." for kind in SELECTORS)
        hint = say("Expected {most} or {last} with a value.", most=tuple(most), last=last)
        raise wrong(say("disk: a selector is empty."), hint)
    return name


def _serial(wanted: str) -> Test:
    name = _named(wanted)
    return lambda disk: (disk.serial or "").casefold().removeprefix("0x") == name


def _wwn(wanted: str) -> Test:
    name = _named(wanted)
    return lambda disk: (disk.wwn or "").casefold().removeprefix("0x") == name


def _model(wanted: str) -> Test:
    name = _model_name(_named(wanted))
    if not name:
        _named(name)
    return lambda disk: name in _model_name((disk.model or "").casefold())


def _model_name(text: str) -> str:
    """A model to be compared: udev writes its blanks as underscores, and how many there are is nobody's matter."""
    return " ".join(text.replace("_", " ").split())


def _hctl(wanted: str) -> Test:
    """SCSI's address of a disk, host:channel:target:lun, as ``lsblk -o HCTL`` prints it."""
    numbers = re.fullmatch(r"\[?([0-9]{1,9}(?::[0-9]{1,20}){3})\]?", _named(wanted))
    if not numbers:
        hint = say("Expected host:channel:target:lun, such as hctl:2:0:0:0.")
        raise wrong(say("hctl:{wanted} is no address of a disk.", wanted=wanted), hint)
    address = _hctl_numbers(numbers[1])
    return lambda disk: _hctl_numbers(disk.hctl or "") == address


def _hctl_numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(":") if number]


# --- sizes ------------------------------------------------------------------------------------------------------------


class _Size(NamedTuple):
    """A size as it is written: a number with so many `digits` behind its point, of a unit of 1000 or 1024 to the power
    of `power`; `binary` where only 1024 is meant."""

    number: float
    digits: int
    power: int
    binary: bool

    @property
    def bytes(self) -> float:
        return self.number * float((1024 if self.binary else 1000) ** self.power)


_NUMBER = r"([0-9]{1,15})(?:\.([0-9]{1,6}))? ?"
_UNIT = r"([kmgtp]?)(i?)b?"


def _read_size(wanted: str, unit: str = "") -> _Size:
    """`unit` is that of a number that has none."""
    match = re.fullmatch(_NUMBER + _UNIT, wanted.strip(' "').lower())
    number = float(f"{match[1]}.{match[2] or 0}") if match else 0
    if not match or not number or (match[4] and not match[3]):
        hint = say("Expected a number with k, M, G or T, such as size:500G.")
        raise wrong(say("size:{wanted} is no size.", wanted=wanted), hint)
    if not match[3] and unit:
        return _read_size(f"{match[0].strip()}{unit}")
    return _Size(number, len(match[2] or ""), UNITS.index(match[3]), bool(match[4]))


def _sold(size: _Size) -> Test:
    """About that size, as a disk is sold."""
    wanted = size.number * 1000**size.power
    return lambda disk: not size.binary and abs(disk.size - wanted) <= SIZE_TOLERANCE * wanted


def _printed(size: _Size) -> Test:
    """Just that size, as our screens print it (500.1 GB: units of 1000) or lsblk does (465.8G, 20G: units of 1024)."""
    half = 0.5 * 10 ** -max(size.digits, 1)
    sold, unit = _sold(size), 1024**size.power
    return lambda disk: (
        abs(disk.size / unit - size.number) <= half
        or (sold(disk) and abs(disk.size / 1000**size.power - size.number) <= half)
    )


def _bounds(wanted: str) -> Test | None:
    """The test of a size within bounds; None where `wanted` has none."""
    text = wanted.strip(' "').lower()
    bound, pair = re.fullmatch(r"([<>]=?)(.*)", text), re.fullmatch(r"([^-]+)-([^-]+)", text)
    if bound:
        size = _read_size(bound[2]).bytes
        return _bound(bound[1], size)
    if pair:
        to = _read_size(pair[2])
        low, high = _read_size(pair[1], re.sub("[^a-z]", "", pair[2])).bytes, to.bytes
        if low > high:
            raise wrong(
                say("size:{wanted} is no size.", wanted=wanted),
                say("Expected the smaller size first, such as size:200G-600G."),
            )
        least, most = _bound(">=", low), _bound("<=", high)
        return lambda disk: least(disk) and most(disk)
    return None


def _bound(sign: str, size: float) -> Test:
    """At least, at most, more or less than `size`, where all that is sold as so much is the same."""
    little = size * BOUND_TOLERANCE
    return {
        ">=": lambda disk: disk.size >= size - little,
        "<=": lambda disk: disk.size <= size + little,
        ">": lambda disk: disk.size > size + little,
        "<": lambda disk: disk.size < size - little,
    }[sign]


def _size(wanted: str) -> Test:
    """A size with a fraction was copied from where it is printed; one without is what is on the disk's label."""
    within = _bounds(wanted)
    if within:
        return within
    size = _read_size(wanted.strip().removeprefix("="))
    return _printed(size) if size.digits else _sold(size)


def _size_otherwise(wanted: str) -> Test:
    if within := _bounds(wanted):
        return within
    size = _read_size(wanted.strip().removeprefix("="))
    return _sold(size) if size.digits else _printed(size)


SELECTORS = {
    "serial": Selector(_serial, exact=True, worldwide=True, blanks=True),
    "wwn": Selector(_wwn, exact=True, worldwide=True, told=lambda disk: disk.wwn),
    "model": Selector(_model, exact=False, blanks=True),
    "size": Selector(_size, exact=False, otherwise=_size_otherwise),
    "hctl": Selector(_hctl, exact=True, told=lambda disk: disk.hctl),
}


def without_decimal_commas(text: str) -> str:
    """A text of selectors, in which commas stand between them only: lsblk may print one in a size (465,8G)."""
    comma = r"(size\s*:\s*[<>]?=?\s*(?:[0-9.]+ ?[kmgtpi]*b? ?-)? ?[0-9]+),([0-9]{1,6} ?[kmgtp])"
    once = re.sub(comma, r"\1.\2", text, flags=re.IGNORECASE)
    return re.sub(comma, r"\1.\2", once, flags=re.IGNORECASE)
