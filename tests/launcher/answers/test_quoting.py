"""Quotes that are missing or of the wrong kind: said as errors, and never of a line that is right."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_cmdline import Parameter, format_line, parse
from launcher.answers import foreign
from launcher.answers.explain import check
from launcher.answers.quoting import findings, likely
from launcher.answers.validation import doubtful, explain_parameters


def errors(line: str) -> list[str]:
    return check(line)[0]


def said(line: str) -> str:
    """The one error of a line that ends in what is to be written instead."""
    (error,) = errors(line)
    assert "double quotes" in error
    return error.rpartition(": ")[2]


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("disk=model:Samsung SSD 860 EVO", 'disk="model:Samsung SSD 860 EVO"'),
        ("disk=serial:WD 1234 lang=FR", 'disk="serial:WD 1234"'),
        ("fdrive=Model:a b", 'fdrive="Model:a b"'),
        ("disk=/dev/sda,model:Samsung SSD umode=rcv", 'disk="/dev/sda,model:Samsung SSD"'),
        ("disk=serial:X, /dev/sda", 'disk="serial:X, /dev/sda"'),
        ("disk=model:Samsung quiet SSD auto", 'disk="model:Samsung quiet SSD"'),
        ("disk=model:Samsung\\ SSD", 'disk="model:Samsung SSD"'),
        ("udpcparam=--nopointopoint --min-receivers=29", 'udpcparam="--nopointopoint --min-receivers=29"'),
        ("udpcparam=--min-receivers 29 --max-wait 600", 'udpcparam="--min-receivers 29 --max-wait 600"'),
        ("udpcparam=-k -C 29 port=9002", 'udpcparam="-k -C 29"'),
        ("disk=model:Virtual Disk", 'disk="model:Virtual Disk"'),
        ("udpcparam=--nokbd foo", 'udpcparam="--nokbd foo"'),
    ],
)
def test_a_forgotten_quote(line: str, instead: str) -> None:
    assert said(line) == instead


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("disk='model:Samsung SSD 860'", 'disk="model:Samsung SSD 860"'),
        ("disk=“model:Samsung SSD 860”", 'disk="model:Samsung SSD 860"'),
        ("disk=model:‘Samsung’", 'disk="model:Samsung"'),
        ("disk=model:'Samsung'", 'disk="model:Samsung"'),
        ("disk=«model:Samsung»", 'disk="model:Samsung"'),
        ("‘disk=model:Samsung’", 'disk="model:Samsung"'),
        ("'umode=rcv'", 'umode="rcv"'),
        ("umode=`rcv´", 'umode="rcv"'),
        ('lang=\\"FR\\"', 'lang="FR"'),
        ("udpcparam='--nokbd --nosync'", 'udpcparam="--nokbd --nosync"'),
        ("udpcparam=“--nokbd”", 'udpcparam="--nokbd"'),
    ],
)
def test_other_quotes(line: str, instead: str) -> None:
    assert said(line) == instead


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("disk=model:Samsung\u00a0SSD", 'disk="model:Samsung SSD"'),
        ('disk="model:Samsung\u202fSSD"', 'disk="model:Samsung SSD"'),
        ("quiet\u00a0umode=rcv", 'umode="rcv"'),
        ("kbmap=fr\u2003umode=rcv", 'umode="rcv"'),
        ("\ufeffumode=rcv", 'umode="rcv"'),
    ],
)
def test_other_blanks(line: str, instead: str) -> None:
    assert said(line) == instead


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("quiet --min-receivers=29", 'udpcparam="--min-receivers=29"'),
        ("--nokbd", 'udpcparam="--nokbd"'),
        ("--min-rec=29", 'udpcparam="--min-rec=29"'),
        ("–ttl=3", 'udpcparam="--ttl=3"'),
        ("disk=model:Samsung --nokbd", 'udpcparam="--nokbd"'),
        ('"--min-receivers 29"', 'udpcparam="--min-receivers 29"'),
        ('"--min-receivers=29 --max-wait 600"', 'udpcparam="--min-receivers=29 --max-wait 600"'),
        ("--MIN-RECEIVERS=29", 'udpcparam="--min-receivers=29"'),
        ("--min_receivers=29", 'udpcparam="--min-receivers=29"'),
        ("-min-receivers=29", 'udpcparam="--min-receivers=29"'),
        ("-–min-receivers=29", 'udpcparam="--min-receivers=29"'),
        ("'--min-receivers=29'", 'udpcparam="--min-receivers=29"'),
        ("“--min-receivers=29”", 'udpcparam="--min-receivers=29"'),
    ],
)
def test_an_option_that_stands_alone(line: str, instead: str) -> None:
    assert said(line) == instead


def test_a_quote_that_is_never_closed_and_takes_ours_with_it() -> None:
    assert "disk=/dev/sda is a part of its value" in errors('kbmap="FR disk=/dev/sda')[0]
    assert errors('kbmap="FR') == errors('umode=rcv disk="model:Samsung SSD') == []


@pytest.mark.parametrize(
    "line",
    [
        'kbmap="FR disk=serial:X modparm="x y"',
        'udpcparam="--nokbd disk=serial:X foo="a b"',
        'foo="a "b" disk=serial:X"',
    ],
)
def test_a_quote_that_another_one_closes_takes_ours_with_it_as_well(line: str) -> None:
    """The number of quotes is even, and the disk that was named is nobody's."""
    assert any("disk=serial:X is a part of its value" in error for error in errors(f"auto=yes umode=rcv {line}"))


def test_strays_make_the_operator_look() -> None:
    """Where nobody would be asked, a value that is too short overwrites another disk."""
    explained, _, found = explain_parameters(parse("umode=rcv disk=model:Samsung SSD"), None)
    assert doubtful(explained)
    assert len(found) == 1
    assert [item.status for item in explained] == ["used", "invalid", "invalid"]


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("netmodule=e1000e modparm=debug=1 speed=100", 'modparm="debug=1 speed=100"'),
        ("MODPARM=debug=1 speed=100 duplex=2 quiet x=1", 'MODPARM="debug=1 speed=100 duplex=2"'),
        ("modparm=e1000e.debug=1 speed=100 umode=rcv", 'modparm="e1000e.debug=1 speed=100"'),
        ('modparm="debug=1" speed=100', 'modparm="debug=1 speed=100"'),
    ],
)
def test_what_is_dropped_behind_a_drivers_parameter_is_a_warning(line: str, instead: str) -> None:
    """It may be somebody's own word, so that it stops nothing."""
    explained, warnings, found = explain_parameters(parse(line), None)
    assert found == () and not doubtful(explained)
    (warning,) = (str(one) for one in warnings if "double quotes" in str(one))
    assert warning.endswith(f"Put the whole value in double quotes: {instead}")
    assert warning in check(line)[1]


@pytest.mark.parametrize(
    "line",
    [
        "modparm=AUTO speed=100",
        "modparm= speed=100",
        "modparm=debug=1 umode=rcv speed=100",
        "modparm=debug=1 quiet speed=100",
        "modparm=debug=1 persoparams=oui root=01:00",
        "modparm=debug=1 e1000e.speed=100",
        "modparm=debug=1 -- speed=100",
        "netmodule=e1000e speed=100",
        "modparm=debug=1 prot=9002",
    ],
)
def test_what_is_somebody_elses_behind_a_drivers_parameter_is_not_named(line: str) -> None:
    assert likely(parse(line)) == {}


RIGHT = [
    "load_ramdisk=1 initrd=initrd-udpcast root=01:00",
    'disk="model:Samsung SSD 860" udpcparam="--min-receivers 29 --max-wait 600" quiet',
    '"disk=model:Samsung SSD 860"',
    'disk=model:"Samsung SSD 860"',
    "disk=model:Samsung_SSD quiet splash ro S single emergency auto noapic drm.debug rd.break toram nosplash ---",
    "disk=model:Samsung auto BOOT_IMAGE=udpcast-linux ip=10.0.0.7:10.0.0.1:10.0.0.1:255.0.0.0",
    "disk=model:Samsung -- SSD 860 --nokbd",
    "udpcparam=--nokbd quiet auto rescue64",
    "udpcparam='--nokbd'",
    "udpcparam=\"--log '/tmp/a b'\"",
    "disk=/dev/sda whatever it is",
    "persoparams='oui' whatever=“x”",
    "CPU=6'P SYSUUID=4c4c4544-0042-3510-8056-b4c04f4d3132",
    "page_remontee=http://se3/it's?x=1 remontee_info=y",
    "appetit=à\u00a0la\u00a0carte",
    'ocs_live_extra_param="-g auto -e1 auto -r -p reboot restoredisk lang=x port=1"',
    "quiet --- --unit=x",
    "-s -b -log=x --log_host=x --async_probe=1 -k",
    'dyndbg="file a.c "+p" quiet"',
]


@pytest.mark.parametrize("line", RIGHT)
def test_a_line_that_is_right(line: str) -> None:
    assert errors(line) == []


WORDS = st.sampled_from(sorted(foreign._spelt("kernel") | foreign._spelt("peers")))
OTHERS = WORDS.map(Parameter) | st.builds(Parameter, WORDS, st.text("abcdefg0123456789:,./ ", max_size=8))


@given(st.lists(OTHERS, max_size=12))
def test_words_of_others_are_no_findings(parameters: list[Parameter]) -> None:
    assert findings(parse(format_line(parameters))) == {}


@given(st.lists(st.sampled_from(sorted(foreign._spelt("kernel"))), max_size=12))
def test_bare_words_of_the_kernel_are_no_strays(words: list[str]) -> None:
    assert findings(parse(" ".join(["disk=model:Samsung", *words]))) == {}


@given(
    st.lists(
        st.sampled_from(["disk=", "model:", "udpcparam=", "--ttl", " ", '"', "'", "“", "\\", "\u00a0", "=", "a", "-- "])
    )
)
def test_whatever_stands_there_is_read(pieces: list[str]) -> None:
    found = errors("".join(pieces))
    assert all(error.isprintable() and len(error) < 1000 for error in found)


BLANK = st.sampled_from(" \t")
MODEL_WORD = st.text("ABCDEFGHKMNPQTUVWXYZ0123456789", min_size=3, max_size=8)
MODEL = st.lists(MODEL_WORD.filter(lambda word: not foreign.may_stand_alone(word)), min_size=2, max_size=5)


@given(st.sampled_from(["disk=model:", "disk=serial:"]), MODEL, BLANK, st.sampled_from(["", " quiet", " lang=FR x"]))
def test_no_value_is_shortened_in_silence(start: str, words: list[str], blank: str, behind: str) -> None:
    assert "Put the whole value in double quotes" in errors(start + blank.join(words) + behind)[0]
    name, _, value = (start + " ".join(words)).partition("=")
    assert errors(format_line([Parameter(name, value)]) + behind) == []


@pytest.mark.parametrize(
    ("text", "proposal"),
    [
        ("--min-receivers 29 quiet", 'udpcparam="--min-receivers 29"'),
        ('disk="model:Maxtor Z1" --nokbd --ttl 3', 'udpcparam="--nokbd --ttl 3"'),
    ],
)
def test_options_that_stand_together_are_one_error_with_all_their_values(text: str, proposal: str) -> None:
    (sentence,) = filter(None, map(str, findings(parse(text)).values()))
    assert sentence.endswith(proposal)
