"""Words of other cloning systems: what is written here in their place is right, and explain says it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kernel_cmdline import parse
from launcher.answers import foreign
from launcher.answers.explain import check, check_file, explain, to_text
from launcher.answers.lookup import row_of
from launcher.answers.moving import HOLDERS, SYSTEMS
from launcher.answers.moving_row import ANY, SAME, System, Word
from launcher.answers.parameters import ROWS
from launcher.model.machine import Machine
from tests.launcher.answers.test_real_lines import LINES

VALUES = {
    "auto_reboot=...": "never",
    "compr=...": "gzip",
    "dhcp=...": "yes",
    "disk=...": "/dev/sda",
    "diskmodule=...": "AUTO",
    "enableDiskmodule=...": "yes",
    "fdrive=...": "/dev/sda",
    "gateway=...": "10.0.0.1",
    "ip=...": "10.0.0.7",
    "kbmap=...": "FR",
    "keyboard-layouts=...": "fr",
    "keymap=...": "fr",
    "kmap=...": "fr-latin1",
    "lang=...": "FR",
    "live-config.keyboard-layouts=...": "fr",
    "live-config.locales=...": "fr_FR.UTF-8",
    "locales=...": "fr_FR.UTF-8",
    "mac=...": "02:00:00:00:00:0a",
    "mcastrdv=...": "239.1.1.1",
    "--mcast-port ...": "2232",
    "modparm=...": "debug=1",
    "netmask=...": "255.255.255.0",
    "netmodule=...": "AUTO",
    "num_op=...": "7",
    "ocs_lang=...": "fr_FR.UTF-8",
    "ocs_live_keymap=...": "fr",
    "page_remontee=...": "http://10.0.0.1/r",
    "port=...": "9002",
    "remontee_info=...": "y",
    "setkmap=...": "fr",
    "udpcparam=...": "--nokbd",
}
"""A value for each word of theirs that has one here; for all others any will do."""

OTHERS = {"FOG": "type=down", "Clonezilla": "ocs_server=x", "SambaEdu": "se3ip=x", "UDPCast": ""}
"""A word of each system that nobody else has, beside which the common ones count."""


def rows() -> Iterator[tuple[System, Word]]:
    yield from ((system, word) for system in SYSTEMS for word in system.words)


def written(word: str) -> str:
    return word.replace(ANY, VALUES.get(word, "29"))


def says(line: str) -> list[str]:
    """What `check` says of other systems' words."""
    return [warning for warning in check(line)[1] if warning.startswith("Words of ")]


WORDS = [pytest.param(system, word, one, id=f"{system.name}: {one}") for system, word in rows() for one in word.theirs]
OPTIONS = [
    pytest.param(system, word, one, id=f"{system.name}: {one}")
    for system in SYSTEMS
    for word in system.options
    for one in word.theirs
]


@pytest.mark.parametrize(("system", "word", "one"), WORDS)
def test_explain_says_of_a_word_what_the_table_says(system: System, word: Word, one: str) -> None:
    text = written(one)
    if word.ours == SAME:
        line = text if text.startswith("umode=") else f"umode=snd {text}"
        assert (check(line)[0], says(line)) == ([], [])
        assert row_of(one.partition("=")[0]) is not None
        return
    found = says(f"{text} {OTHERS[system.name]}")
    assert len(found) > 0 and all(warning.startswith(f"Words of {system.name}") for warning in found)
    proposal = f"{text} -> {word.ours.replace(ANY, VALUES.get(one, '29'))}"
    nothing = text.partition("=")[0] if one.endswith(ANY) else text
    idle = found[-1].partition(" that do nothing here: ")[2].rstrip(".").split(", ")
    assert (proposal in found[0]) if word.ours else (nothing in idle)


@pytest.mark.parametrize(("system", "word", "one"), OPTIONS)
def test_explain_says_of_an_option_what_the_table_says(system: System, word: Word, one: str) -> None:
    text = written(one)
    for holder in sorted(HOLDERS):
        found = says(f'{holder}="ocs-sr --language 0 {text} img sda"')
        proposal = f"{text} -> {word.ours.replace(ANY, VALUES.get(one, '29'))}"
        assert (proposal in found[0]) if word.ours else ("->" not in found[0])


@pytest.mark.parametrize("word", sorted({word.ours for system in SYSTEMS for word in (*system.words, *system.options)}))
def test_what_is_written_instead_is_right(word: str) -> None:
    values = [written(word), *(word.replace(ANY, value) for one, value in VALUES.items() if one in word)]
    if "mcast-rdv-address" in word:
        values = [word.replace(ANY, "239.1.1.1")]
    role = "" if word.startswith(("umode=", "udpcparam=")) else "umode=rcv disk=/dev/disk/by-path/x "
    if word not in ("", SAME):
        assert [check(role + value) for value in values] == [([], [])] * len(values)


def test_no_word_is_a_misspelling_or_an_answer() -> None:
    names = [one.partition("=")[0] for _, word in rows() if word.ours != SAME for one in word.theirs]
    assert [name for name in names if not foreign.known(name) and row_of(name) is None] == []
    answers = {
        "ip=",
        "ip=frommedia",
        "disk=auto",
        "disk=seven64",
        "disk=seven64_linux",
        "compr=pbzip2",
        "auto_reboot=y",
    }
    ours = {one for _, word in rows() if word.ours != SAME for one in word.theirs if row_of(one.partition("=")[0])}
    assert ours - {"boot=live"} == answers  # no value of theirs that is one here, too, is told to be nothing


@pytest.mark.parametrize(("origin", "name"), [("U", "UDPCast"), ("S", "SambaEdu")])
def test_each_parameter_that_is_theirs_and_ours_is_in_the_table(origin: str, name: str) -> None:
    [system] = [one for one in SYSTEMS if one.name == name]
    listed = {row_of(one.partition("=")[0]) for word in system.words for one in word.theirs}
    missing = {row.name for row in ROWS if origin in row.origin.split() and row.values and row not in listed}
    assert missing - {"gateway"} == set()  # its origin is "S K": the kernel's, beside an ip= as SambaEdu writes it


def test_a_common_word_alone_is_nobodys() -> None:
    assert says("web=http://x/ storage=x boot=live setkmap=fr netboot=x") == []
    assert says("web=http://x/ img=w10") == ["Words of FOG that do nothing here: web, img."]


def test_what_the_line_says_already_is_not_proposed() -> None:
    assert says("type=down umode=rcv shutdown=1") == [
        "Words of FOG, and no answers here. Write instead: shutdown=1 -> after=poweroff.",
        "Words of FOG that do nothing here: type=down.",
    ]


def test_what_is_behind_the_dashes_is_not_looked_at() -> None:
    assert says("umode=rcv -- type=down ocs_live_run=x") == []


def test_several_prerun_commands_are_one_word() -> None:
    assert says("ocs_prerun=a ocs_prerun1=b ocs_postrun02=c") == [
        "Words of Clonezilla that do nothing here: ocs_prerun, ocs_prerun1, ocs_postrun02."
    ]


def test_explain_says_it_word_by_word_and_takes_none_for_an_answer() -> None:
    line = parse('type=down fdrive=/dev/sda mc=yes ocs_live_run="ocs-sr -p poweroff restoredisk img sda"')
    found = explain(line, Machine())
    assert {one.name: one.meaning for one in found.parameters if one.name != "fdrive"} == {
        "type": "FOG's; umode=rcv here",
        "mc": "FOG's; nothing here",
        "ocs_live_run": "Clonezilla's; -p poweroff -> after=poweroff, restoredisk -> umode=rcv here",
    }
    assert not {"umode", "after"} & {key for key, _, source in found.answers if source == "command line"}
    assert found.errors == explain(parse("fdrive=/dev/sda"), Machine()).errors


HOSTILE = "\x1b[31m\x9b\u202e"


@pytest.mark.parametrize(
    "line", [f'locales="{HOSTILE}"', f'ocs_opt="--mcast-port {HOSTILE}"', f'ocs_opt="-hn0 {HOSTILE}"']
)
def test_a_hostile_value_is_shown_as_what_it_is(line: str) -> None:
    text = to_text(explain(parse(line), Machine()))
    assert not set(HOSTILE) - set("[31m") & set(text)


def test_a_file_with_such_words_names_itself() -> None:
    errors, warnings = check_file(b"type=up\n", "udpcfg.txt")
    assert errors == []
    assert warnings == ["udpcfg.txt: Words of FOG, and no answers here. Write instead: type=up -> umode=snd."]


CLONING = {"SambaEdu, SystemRescueCd": "SambaEdu", "SambaEdu, SliTaz": "SambaEdu"}
CLONING |= {"FOG": "FOG", "Clonezilla": "Clonezilla", "DRBL": "Clonezilla"}


@pytest.mark.parametrize("name", LINES)
def test_only_lines_of_cloning_systems_are_told_so(name: str) -> None:
    systems = {warning.split()[2].strip(",") for warning in says(LINES[name])}
    assert systems == {CLONING[name]} if name in CLONING else systems == set()
