"""``udpcfg.txt``: what it says, and where its mistakes are."""

from __future__ import annotations

import time

import pytest

from kernel_cmdline import parse
from launcher.answers.configuration import Origin, read_configuration
from launcher.answers.explain import check, check_file, explain, to_json, to_text
from launcher.answers.lookup import given_answers
from launcher.answers.validation import explain_all
from tests.common import ONE


def said(text: str, line: str = "") -> tuple[list[str], list[str]]:
    """Warnings and errors."""
    _, warnings, errors = explain_all(parse(line), None, [read_configuration(text.encode())])
    return list(map(str, warnings)), list(map(str, errors))


@pytest.mark.parametrize("before", ["", "\ufeff", "\ufeff# room 12 port=1\n"])
def test_a_file_from_any_editor(before: str) -> None:
    found = read_configuration(f'{before}lang=FR\r\n  # umode=snd\n\tdisk="model:A B" \nauto=yes'.encode())
    given = given_answers(parse(""), found.answers)
    assert {key: one.text for key, one in given.items()} == {"lang": "FR", "disk": "model:A B", "auto": "yes"}
    first = 1 + before.count("\n")
    assert [str(one.source) for one in given.values()] == [f"udpcfg.txt:{first + line}" for line in (0, 2, 3)]
    assert explain_all(parse(""), None, [found])[1:] == ((), ())


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-be"])
def test_a_file_that_was_saved_as_utf_16(charset: str) -> None:
    before = "\ufeff" if charset == "utf-16-be" else ""
    text = f'{before}# salle\r\nlang=FR\r\ndisk="model:é"\r\numod=rcv\r\n'.encode(charset)
    given = given_answers(parse(""), read_configuration(text).answers)
    assert {key: one.text for key, one in given.items()} == {"lang": "FR", "disk": "model:é"}
    assert [error.partition(" ")[0] for error in check_file(text, "a.txt")[0]] == ["a.txt:4:"]


@pytest.mark.parametrize("text", [b"\xff\xfe", b"\xff\xfea", b"\xfe\xff\xd8\x00", b"\xff\xfe\x00\xd8a\x00\n\x00"])
def test_a_damaged_one_is_read_without_a_traceback(text: bytes) -> None:
    check_file(text, "a.txt")


def test_bytes_that_are_no_text_lose_nothing() -> None:
    assert given_answers(parse(""), read_configuration(b"udpcparam=\xff\nport=9002").answers)["port"].text == "9002"


def test_each_error_names_file_and_line() -> None:
    text = "# a room\nport=odd\n\numod=rcv\ndisk=model:A B\nlang=FR\n"
    warnings, errors = said(text)
    assert [error.partition(": ")[0] for error in errors] == ["udpcfg.txt:2", "udpcfg.txt:4", "udpcfg.txt:5"]
    assert "port" in errors[0] and "did you mean umode?" in errors[1] and "double quotes" in errors[2]
    assert warnings == []


def test_a_quote_that_is_not_closed_takes_its_own_line_only() -> None:
    text = 'udpcparam="--min-receivers 2\nport=9002\n'
    assert given_answers(parse(""), read_configuration(text.encode()).answers)["port"].text == "9002"
    assert said(text)[0] == [
        'udpcfg.txt:1: A double quote in "udpcparam" is never closed: this parameter takes everything up to the end of '
        "the line."
    ]


def test_of_one_name_the_last_line_counts() -> None:
    found = read_configuration(b"port=9002\nport=9004\n")
    assert given_answers(parse(""), found.answers)["port"].text == "9004"
    assert said("port=9002\nport=9004\n") == (["udpcfg.txt:1: port=9002 is overridden by a later port=."], [])


def test_what_the_command_line_says_as_well_is_not_used() -> None:
    text = "fdrive=/dev/sdb\nlang=FR\n"
    given = given_answers(parse("disk=/dev/sda"), read_configuration(text.encode()).answers)
    assert given["disk"].text == "/dev/sda"
    assert said(text, "disk=/dev/sda")[0] == [
        "udpcfg.txt:1: fdrive=/dev/sdb is not used: the command line has disk=/dev/sda."
    ]


@pytest.mark.parametrize("text", ["umode=snd\ncompr=recognise\n", "compr=recognise\numode=snd\n"])
def test_a_value_is_held_against_the_role_wherever_that_is_said(text: str) -> None:
    (error,) = said(text)[1]
    assert error.partition(": ")[2].startswith("compr=recognise is for receivers only.")
    assert said(text, "umode=rcv")[1] == []
    assert len(said("compr=recognise\n", "umode=snd")[1]) == 1


def test_explain_tells_where_each_answer_is_from() -> None:
    found = read_configuration(b"umode=rcv\nport=9002\nport=odd\n")
    told = explain(parse("lang=FR"), ONE, found)
    assert ("umode", "rcv", "udpcfg.txt:1") in told.answers and ("lang", "FR", "command line") in told.answers
    assert [str(error).partition(":")[0] for error in told.errors] == ["udpcfg.txt"]
    assert "udpcfg.txt:3: " in to_text(told) and '"udpcfg.txt:2"' in to_json(told)


def test_a_file_is_checked_beside_the_line() -> None:
    errors, warnings = check_file(b"port=odd\nlang=FR\n", "room.txt", "umode=snd lang=DE bond=a")
    assert [error[:11] for error in errors] == ["room.txt:1:"]
    assert warnings == ["room.txt:2: lang=FR is not used: the command line has lang=DE."]


def test_a_file_that_is_to_be_fetched_is_told_as_unknown_and_its_answers_as_open() -> None:
    line = parse("auto=yes config=udpcfg.txt")
    told = explain(line, ONE)
    assert told.errors == () and told.plan is None
    fetched, still_open = map(str, told.warnings)
    assert fetched.startswith("config=udpcfg.txt is fetched when the PC boots")
    assert still_open == "auto=yes, but the role is not given."  # nobody will confirm an overwrite there
    assert check("auto=yes config=udpcfg.txt")[0] == [] and check("auto=yes")[0] != []
    found = read_configuration(b"umode=rcv\nport=9004\nnic=eth9\n", "room.txt", Origin.FETCHED)
    known = explain(line, ONE, found)
    assert known.plan and known.plan.port == 9004 and known.plan.nic.name == "eth0"
    assert [str(one) for one in known.warnings] == [
        "room.txt:3: nic=eth9 is not used: the network was set up before this file was fetched."
    ]


def test_what_is_fetched_wins_over_the_medium_and_that_over_the_initrd() -> None:
    texts = {
        Origin.FETCHED: b"port=9002\n",
        Origin.MEDIUM: b"port=9004\nlang=FR\n",
        Origin.INITRD: b"lang=DE\ncompr=gzip\n",
    }
    files = [read_configuration(text, origin.value, origin) for origin, text in texts.items()]
    given = given_answers(parse(""), *(one.answers for one in files))
    assert {key: (one.text, str(one.source)) for key, one in given.items()} == {
        "port": ("9002", "fetched:1"),
        "lang": ("FR", "medium:2"),
        "compr": ("gzip", "initrd:2"),
    }


@pytest.mark.parametrize("origin", Origin)
def test_what_is_read_before_any_file_is_not_taken_from_one(origin: Origin) -> None:
    found = read_configuration(b"Events=ttyS1\nmedium=A\nip=10.0.0.7/24\nconfig=a.txt\n", origin=origin)
    given = given_answers(parse(""), found.answers)
    assert set(given) == (set() if origin is Origin.FETCHED else {"ip", "config"})
    warnings = explain_all(parse(""), None, [found])[1]
    assert [str(one)[:12] for one in warnings][:2] == ["udpcfg.txt:1", "udpcfg.txt:2"]
    assert len(warnings) == (4 if origin is Origin.FETCHED else 2)
    assert explain_all(parse("events=ttyS1 medium=B"), None, [found])[1] == warnings


def test_a_file_with_far_too_many_answers_is_an_error_and_takes_no_time() -> None:
    found = read_configuration(b"# a\n" + b"port=9002\n" * 20_000)
    _, warnings, errors = explain_all(parse(""), None, [found])
    assert len(found.lines) == 1000 and len(warnings) == 999
    assert list(map(str, errors)) == ["udpcfg.txt:1002: Only 1000 answers are read, and nothing from here on."]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"# a page\n<!DOCTYPE html>\n<p class=a>Log in</p>\n", 'a:2: "<!DOCTYPE" is no NAME=VALUE.'),
        (b"\x8b\x08\0", 'a:1: "\\x8b\\x08" is no NAME=VALUE.'),
        (b"", 'a:1: "" is no NAME=VALUE.'),
        (b"# nothing yet\n", ""),
        (b"quiet\npersoparams=oui\n", ""),
    ],
)
def test_a_file_that_answers_nothing_is_no_file_of_answers(text: bytes, error: str) -> None:
    found = read_configuration(text, "a", Origin.FETCHED)
    assert list(map(str, explain_all(parse("auto=yes"), None, [found])[2])) == ([error] if error else [])
    if text:
        assert check_file(text, "a")[0] == ([error] if error else [])
    else:  # it may lie in an initrd
        assert check_file(text, "a")[0] == []


def test_a_value_that_is_very_long_takes_no_time() -> None:
    began = time.process_time()
    explain_all(parse(""), None, [read_configuration(b"ip=" + b":" * 60_000)])
    assert time.process_time() - began < 5


def test_of_several_cards_addresses_none_overrides_another() -> None:
    text = "ip=eth0:dhcp\nip=eth1:dhcp\nip=10.0.0.7/24\nip=eth0:off\n"
    assert said(text)[0] == ["udpcfg.txt:1: ip=eth0:dhcp is overridden by a later ip=."]
