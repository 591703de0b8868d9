"""What else stands in a row of the table of parameters, said once more: what an operator sees of it and can choose,
when he is asked again, what warns him, and what is noticed of its name and of the words behind its value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import pytest

from kernel_cmdline import parse
from launcher.answers.explain import check
from launcher.answers.interview import BESIDE, Interview, Told, refuse
from launcher.answers.lookup import given_answers
from launcher.answers.parameters import ROWS
from launcher.answers.questions import Facts
from launcher.answers.row import Acts, Row, Use
from launcher.commands.transfer import TAKEN
from launcher.model.keymaps import LAYOUTS
from launcher.model.plan import Role
from launcher.screens.summary import lines
from tests.common import TWO
from tests.launcher.answers.table import TABLE

USED = [row for row in ROWS if row.use is Use.USED]
EACH = pytest.mark.parametrize("row", USED, ids=lambda row: row.name)


class Screen(NamedTuple):
    """Words of the question; the label in the summary, and whether it stands there also with the default; what can be
    chosen by a sender, and by a receiver."""

    asks: str
    label: str = ""
    always: bool = True
    sender: str = ""
    receiver: str = ""


YES_NO, NO_YES = "yes no", "no yes"
SCREENS = {
    "lang": Screen("Language", sender="en fr de es it pt nl da lb"),
    "umode": Screen("What is this PC?", sender="snd rcv"),
    "disk": Screen("Which disk?", "Disk", sender="/dev/sda /dev/sdb"),
    "nic": Screen("Which network card?", "Card", sender="eth0 eth1"),
    "ip": Screen("The IP address of this PC", "Address"),
    "netmask": Screen("The network mask"),
    "gateway": Screen("The gateway"),
    "port": Screen("The port base", "Port"),
    "compr": Screen(
        "How is the stream compressed?",
        "Compression",
        sender="zstd lzop gzip none",
        receiver="recognise zstd lzop gzip none",
    ),
    "udpcparam": Screen("Further options of UDPCast", "Options", always=False),
    "silence": Screen("Seconds of silence", "Silence", always=False),
    "start_timeout": Screen("Seconds within which data must flow", "Time limit", always=False),
    "blank": Screen("Send a disk on which nothing", "Blank disk", always=False, sender=NO_YES),
    "verify": Screen("Read the disk back", "Read back", always=False, sender=YES_NO),
    "used": Screen("Send only what is used?", "Used blocks only", always=False, sender=YES_NO),
    "holes": Screen("What shall become of unused", "Unused blocks", always=False, sender="keep discard zero"),
    "grow": Screen("Shall the last big partition grow", "Grow", always=False, sender="no yes ask"),
    "require": Screen("What must the result be?", "Required", always=False, sender="written equal"),
    "retry": Screen("Further casts to wait for", "Retries", always=False),
    "after": Screen(
        "What follows the transfer?",
        "Afterwards",
        always=False,
        sender="menu reboot,menu reboot poweroff,menu poweroff",
    ),
    "auto_reboot": Screen("Restart this PC after the transfer?", "Restart", sender="never success always"),
    "remontee_info": Screen("Tell a web page the result?", sender="n y"),
    "page_remontee": Screen("The page that is told the result", "Report to"),
    "num_op": Screen("The number of the operation"),
}


def choices(row: Row, role: Role) -> str:
    return " ".join(one.text for one in row.choices(Facts(TWO, settled={"umode": role})))


def test_what_an_operator_sees_of_each_row() -> None:
    shown = {
        row.key: Screen(
            str(row.title),
            str(row.label or ""),
            not row.quiet,
            choices(row, Role.SEND),
            choices(row, Role.RECEIVE),
        )
        for row in USED
        if row.title
    }
    assert [*shown] == [*SCREENS]
    for key, screen in SCREENS.items():
        expected = screen._replace(asks=shown[key].asks, receiver=screen.receiver or screen.sender)
        assert shown[key] == expected and screen.asks in shown[key].asks
    assert [(row.key, str(row.changed_as), choices(row, Role.SEND)) for row in BESIDE] == [
        ("kbmap", "Keyboard", " ".join(LAYOUTS))
    ]


def test_what_stands_in_the_summary() -> None:
    """Without a word only what an operator must know; what differs from the default always."""

    def summary(line: str) -> list[str]:
        settled = Interview(given_answers(parse(line)), TWO, refuse).preview()
        return [one.key for one in lines(settled, TWO, complete=True)]

    always = ["disk", "nic", "ip", "port", "compr"]
    assert summary("umode=rcv") == [*always, "all"]
    given = "silence=50 start_timeout=60 verify=no holes=zero grow=yes require=equal retry=1 after=reboot"
    more = [word.partition("=")[0] for word in given.split()]
    assert summary(f"umode=rcv udpcparam=--nosync {given}") == [*always, "udpcparam", *more, "all"]
    assert summary("umode=snd blank=yes used=no") == [*always, "blank", "used", "all"]


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("umode=snd", "lang umode disk nic ip port compr udpcparam after"),
        ("umode=rcv", "lang umode disk nic ip port compr udpcparam verify after"),
        ("umode=rcv retry=1 holes=keep", "lang umode disk nic ip port compr udpcparam verify holes retry after"),
        ("umode=snd ip=10.0.0.7", "lang umode disk nic ip netmask gateway port compr udpcparam after"),
        (
            "umode=snd remontee_info=y page_remontee=http://se3/r",
            "lang umode disk nic ip port compr udpcparam after remontee_info page_remontee",
        ),
        ("umode=snd auto_reboot=never", "lang umode disk nic ip port compr udpcparam auto_reboot"),
    ],
)
def test_what_is_asked_of_who_goes_back(line: str, asked: str) -> None:
    given = given_answers(parse(line))
    told = Told({key: given[key].text for key in ("umode", "ip", "remontee_info") if key in given})
    settled = Interview(given, TWO, refuse, told, review=True).preview()
    assert " ".join(item.key for item in settled if item.asked) == asked


WARNED = {
    "lang": ("kbmap=nosuch", "there is no such keymap"),
    "disk": ("umode=rcv disk=/dev/sda", "may be another disk at the next boot"),
    "nic": ("modparm=a=1", "no driver that is named takes it"),
    "ip": ("nic=eth0 netmask=24", "is not used: ip=dhcp"),
    "udpcparam": ("umode=rcv udpcparam=--min-receivers=2", "--min-receivers"),
    "start_timeout": ("umode=rcv start_timeout=9 udpcparam=--start-timeout=8", "start_timeout= is not used"),
    "used": ("umode=snd used=yes compr=gzip", "used=yes is not used"),
    "holes": ("umode=rcv holes=discard", "holes=discard is for SSDs"),
    "grow": ("auto=yes umode=rcv grow=ask", "grow=ask means no here"),
    "require": ("umode=rcv require=equal compr=none", "leave require away"),
    "retry": ("umode=rcv retry=1", "counts with auto=yes only"),
    "after": ("after=menu auto_reboot=always", "auto_reboot=always is not used"),
    "remontee_info": ("remontee_info=y", "does not say which page"),
}
"""For each row that warns once it is settled: a line, and words of the warning."""


@pytest.mark.parametrize("key", WARNED)
def test_who_warns(key: str) -> None:
    line, words = WARNED[key]
    interview = Interview(given_answers(parse(line)), TWO, refuse)
    interview.preview()
    assert words in "\n".join(map(str, interview.warnings))


def test_there_is_a_line_for_each_row_that_warns() -> None:
    silent = Row("", "", "", "").warns
    assert [row.key for row in USED if row.warns is not silent] == [*WARNED]


def test_what_transfer_takes() -> None:
    taken = "umode disk nic port compr udpcparam silence start_timeout blank verify used holes grow require"
    assert " ".join(TAKEN) == taken


# --- what is noticed --------------------------------------------------------------------------------------------------


def test_what_is_only_recorded_may_hold_anything() -> None:
    assert [row.name for row in USED if row.acts is Acts.RECORD] == ["CPU"]


def good(row: Row) -> str:
    return next((text for text in TABLE[row.key].good if text and " " not in text), "--nokbd")


@EACH
def test_a_misspelt_name_is_noticed(row: Row) -> None:
    for name in (row.name, *row.aliases):
        told = bool(check(f"{name}e={good(row)}")[0])
        assert told is (row.name not in ("CPU", "ip")), name  # two letters may be anything


BLANKS: Iterable[tuple[str, str]] = (
    ("disk", "model:Samsung"),
    ("disk", "serial:Samsung"),
    ("udpcparam", "--nokbd"),
    ("modparm", "debug=1"),
)


@EACH
def test_a_word_behind_a_value_belongs_to_it_only_where_that_can_have_blanks(row: Row) -> None:
    line = f"umode=rcv {row.name}={good(row)}"
    assert check(f"{line} word")[0] == check(line)[0] or row.key in dict(BLANKS)


@pytest.mark.parametrize(("name", "text"), BLANKS)
def test_where_it_can_a_quote_was_forgotten(name: str, text: str) -> None:
    [error] = check(f"{name}={text} word")[0]
    assert "Put the whole value in double quotes" in error
