"""Every row of the table of parameters, held against its cases in `table.py`; and each row broken, to see them fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from kernel_cmdline import Parameter, canonical, format_line, parse
from launcher.answers import interview, lookup
from launcher.answers.explain import check
from launcher.answers.parameters import ROWS
from launcher.answers.questions import LINE, Facts
from launcher.answers.reading import wrong
from launcher.answers.row import Row, Use, as_it_is, nothing
from launcher.answers.rules import MADE
from launcher.answers.validation import problem_with
from launcher.errors import AnswerError, LauncherError
from launcher.model.machine import Machine
from launcher.model.plan import Role
from launcher.sentence import say, verbatim
from tests.common import ONE, TWO
from tests.launcher.answers.table import NO_PLAN, TABLE, Cases

USED = [row for row in ROWS if row.use is Use.USED]


def told(cases: Cases, *more: Parameter) -> str:
    return format_line([*parse(cases.base), *more])


def found(cases: Cases, *more: Parameter) -> Any:
    """What is found with `more` on the line."""
    try:
        return cases.look(told(cases, *more))
    except (LauncherError, AttributeError, TypeError):  # a field has no value of its kind
        return NO_PLAN


def complaints(key: str, cases: Cases) -> Iterator[str]:
    """What of the cases the table does not hold."""
    if (absent := found(cases)) != cases.absent:
        yield f"{key}: without it there is {absent!r}"
    row = lookup.row_of(key)
    if row is None or row.use is not Use.USED:
        yield f"{key}: no row"
        return
    for text, value in cases.good.items():
        if (there := found(cases, Parameter(row.name, text))) != value:
            yield f"{key}={text}: {there!r}"
    given = parse(cases.base).last("umode")
    role = Role(given.value) if given else None
    for text, words in {**dict.fromkeys(cases.good, ""), **cases.wrong}.items():
        problem = str(problem_with(row, text, None, role) or "")
        if words not in problem or bool(problem) is not (text in cases.wrong):
            yield f"{key}={text}: {problem!r}"
    text, value = next((text, value) for text, value in cases.good.items() if value != cases.absent)
    for name in (key.upper(), key.replace("_", "-"), *cases.names):
        if found(cases, Parameter(name, text)) != value:
            yield f"{name}={text}"
    if bool(row.bare) is not cases.bare:
        yield f"{key}: bare"


@pytest.mark.parametrize("row", USED, ids=lambda row: row.name)
def test_the_table_holds_its_cases(row: Row) -> None:
    assert row.key in TABLE, f"{row.name}: tests/launcher/answers/table.py has no cases for it"
    assert list(complaints(row.key, TABLE[row.key])) == []


def test_there_are_cases_for_these_rows_and_no_others() -> None:
    assert [*TABLE] == [row.key for row in USED]
    assert {row.key: {*map(canonical, row.aliases)} - {*map(canonical, TABLE[row.key].names)} for row in USED} == {
        row.key: set() for row in USED
    }


def test_what_is_wrong_stops_a_line_and_what_is_good_does_not() -> None:
    for key, cases in TABLE.items():
        for text in cases.good:
            assert check(told(cases, Parameter(key, text)))[0] == [], (key, text)
        for text in cases.wrong:
            assert check(told(cases, Parameter(key, text)))[0], (key, text)


# --- broken rows ------------------------------------------------------------------------------------------------------


OPTIONAL = {"page_remontee", "auto_reboot"}
"""What is a question only where it is given, so that its default is nobody's."""


def refuses(text: str, facts: Facts) -> object:
    raise wrong(say("Never."))


def broken(row: Row, cases: Cases) -> dict[str, Row]:
    """The row with one thing wrong in it, in each way that can be."""

    def swallows(text: str, facts: Facts) -> object:
        try:
            return row.parse(text, facts)
        except AnswerError:
            return None

    other = next(text for text, value in cases.good.items() if value != cases.absent)
    ways = {
        "no value is taken": replace(row, parse=refuses),
        "the name is another": replace(row, name=f"{row.name}x"),
        "it is somebody else's": replace(row, use=Use.FOREIGN),
        "the bare word means something else": replace(row, bare="" if row.bare else "means nothing"),
    }
    if cases.wrong:
        ways["every value is taken"] = replace(row, parse=swallows)
        ways["values are taken as they are"] = replace(row, parse=as_it_is)
    if row.aliases:
        ways["it has no other names"] = replace(row, aliases=())
    if row.fills and row.title:
        ways["it is never settled"] = replace(row, when=lambda facts: False)
    if row.fills and row.title and row.key not in OPTIONAL:
        ways["it has another default"] = replace(row, default=lambda facts: other, only=nothing)
    if row.title and row.default is not nothing and cases.absent != NO_PLAN and row.key not in OPTIONAL:
        ways["it has no default"] = replace(row, default=nothing)
    if row.fills and row.title and row.fills not in MADE:
        ways["it fills nothing"] = replace(row, fills="")
    return ways


@pytest.mark.parametrize("row", USED, ids=lambda row: row.name)
def test_a_row_that_is_broken_fails_its_cases(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    survivors = []
    for way, wrong_row in broken(row, TABLE[row.key]).items():
        rows = [wrong_row if one is row else one for one in ROWS]
        names = {canonical(name): one for one in rows for name in (one.name, *one.aliases)}
        monkeypatch.setattr(lookup, "_BY_KEY", names)
        monkeypatch.setattr(interview, "QUESTIONS", tuple(one for one in rows if one.title))
        if next(complaints(row.key, TABLE[row.key]), None) is None:
            survivors.append(way)
    assert survivors == []


def test_every_choice_of_a_screen_is_a_value() -> None:
    facts = Facts(TWO, settled={"umode": Role.RECEIVE})
    for row in USED:
        texts = [choice.text for choice in row.choices(facts)]
        values = [row.parse(text, facts) for text in texts]
        assert all(one not in values[:number] for number, one in enumerate(values)), row.name


@pytest.mark.parametrize("row", USED, ids=lambda row: row.name)
def test_the_line_wins_over_a_file_and_an_earlier_file_over_a_later_one(row: Row) -> None:
    """Whichever of the parameter's names each of them writes; of one place the last one counts, and no bare word."""
    first, second = verbatim("room.txt"), verbatim("udpcfg.txt")
    names = [row.name.upper(), *row.aliases, row.name.replace("_", "-")]
    texts = {first: f"{names[-1]}=B", second: f"{names[0]}=C"}
    files = tuple(lookup.Written(name, parse(text)) for name, text in texts.items())
    line = " ".join((*(f"{name}={number}" for number, name in enumerate(names)), row.name))
    last = str(len(names) - 1)
    for text, answers, found in (
        (line, files, (last, LINE)),
        ("", files, ("B", first)),
        (row.name, files[1:], ("C", second)),
        (f"quiet -- {row.name}=0", (), None),
    ):
        given = lookup.given_answers(parse(text), *answers).get(row.key)
        assert (given and (given.text, given.source)) == found


def test_what_is_given_comes_before_what_the_machine_leaves_and_that_before_the_default() -> None:
    def settled(line: str, machine: Machine) -> dict[str, str]:
        one = interview.Interview(lookup.given_answers(parse(line)), machine, interview.refuse)
        return {item.key: f"{item.answer.text} {item.answer.source}" for item in one.preview() if item.answer}

    alone = settled("umode=rcv", ONE)
    found = (alone["disk"], alone["nic"], alone["port"])
    assert found == ("/dev/sda the only disk", "eth0 the only card", "9000 default")
    given = settled("umode=rcv disk=sda1 nic=52:54:00:aa:bb:01 port=9002", ONE)
    assert given["disk"] == "sda1 command line" and given["port"] == "9002 command line"
    assert given["nic"] == "52:54:00:aa:bb:01 command line"
