"""udpcast's argument vectors, the checks of udpcparam, and the reading of udpcast's messages: values in, values out."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TypeGuard

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from launcher.errors import AnswerError
from launcher.model.machine import Disk, Nic
from launcher.model.plan import Address, AddressSource, Compression, Options, Plan, Role, Target
from launcher.udpcast import options as options_module
from launcher.udpcast.command import argv, start_condition, starts_by_key
from launcher.udpcast.messages import MessageKind, parse_message
from launcher.udpcast.options import OPTIONS, PROGRAMS, Kind, check_udpcparam, split_udpcparam
from tests.common import ROOT

SND, RCV = Role.SEND, Role.RECEIVE


def plan(
    role: Role,
    *udpcparam: str,
    attended: bool = True,
    compression: Compression | None = None,
) -> Plan:
    disk = Disk("/dev/sda", 10**9)
    return Plan(
        role=role,
        target=Target("/dev/sda", disk.size, disk),
        nic=Nic("eth0", "52:54:00:00:00:01"),
        address=Address(AddressSource.DHCP),
        compression=compression,
        options=check_udpcparam(udpcparam, role)[0],
        attended=attended,
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ()),
        ("--start-timeout=300 --nokbd", ("--start-timeout=300", "--nokbd")),
        ("--log '/tmp/a b'", ("--log", "/tmp/a b")),
        (r"--log /tmp/a\ b", ("--log", "/tmp/a b")),
        ("$(reboot) `x` ; *", ("$(reboot)", "`x`", ";", "*")),
    ],
)
def test_udpcparam_is_split_as_a_shell_would_and_nothing_is_expanded(text: str, words: tuple[str, ...]) -> None:
    assert split_udpcparam(text) == words


@pytest.mark.parametrize("text", ["--log 'a", '"', "a\\"])
def test_an_open_quote_is_an_answer_error(text: str) -> None:
    with pytest.raises(AnswerError, match="cannot be split"):
        split_udpcparam(text)


@pytest.mark.parametrize(
    ("text", "role", "kept"),
    [
        ("--ttl=3 --nokbd", RCV, ("--ttl=3", "--nokbd")),
        ("--ttl 3", SND, ("--ttl=3",)),
        ("-w 20", SND, ("--min-wait=20",)),
        ("-w20", RCV, ("--exit-wait=20",)),
        ("-kd", SND, ("--nokbd", "--full-duplex")),
        ("--min-r 5 --max-w=80", SND, ("--min-receivers=5", "--max-wait=80")),
        ("--min-clients 5", SND, ("--min-receivers=5",)),
        ("--retriesUntilDrop 30", SND, ("--retries-until-drop=30",)),
        ("--stat 500", RCV, ("--stat-period=500",)),
        ("--fec 8x8/128 --async --max-bitrate 90m", SND, ("--fec=8x8/128", "--async", "--max-bitrate=90m")),
        ("--log /tmp/udpcast.log", SND, ("--log=/tmp/udpcast.log",)),
        ("--bogus", None, None),
        ("-w 20 --receive-timeout 30 --min-receivers 4", None, None),
    ],
)
def test_known_options_are_kept_under_their_full_names(
    text: str, role: Role | None, kept: tuple[str, ...] | None
) -> None:
    words = split_udpcparam(text)
    if "--bogus" in words:
        with pytest.raises(AnswerError):
            check_udpcparam(words, role)
        return
    found = check_udpcparam(words, role)
    assert (found.options.words, found.warnings) == (words if kept is None else kept, ())


@pytest.mark.parametrize(
    ("text", "role", "kept", "left_out"),
    [
        ("--min-receivers 5 --nokbd", RCV, ("--nokbd",), "--min-receivers=5"),
        ("--receive-timeout=9 --nokbd", SND, ("--nokbd",), "--receive-timeout=9"),
        ("--nosync", SND, (), "--nosync"),
    ],
)
def test_options_of_the_other_role_are_left_out_with_a_warning(
    text: str, role: Role, kept: tuple[str, ...], left_out: str
) -> None:
    found, warnings, _ = check_udpcparam(split_udpcparam(text), role)
    assert found.words == kept
    assert len(warnings) == 1
    assert left_out in str(warnings[0])


@pytest.mark.parametrize("role", [SND, RCV, None])
@pytest.mark.parametrize(
    "text",
    [
        "--file /dev/sda", "--fil=/dev/sda", "-f/dev/sda", "-f /dev/sda", "--pipe 'gzip -c'", "-p x",
        "--interface eth1", "--inter=eth1", "-ieth1", "--portbase 9000", "--port 9000", "-P 9000",
        "--daemon-mode", "-D", "-kD",
        "--pid-file /run/x", "--kill", "--ignore-lost-data", "--streaming", "--license", "--rate-governor x.so",
        "/dev/sda", "sda", "-", "--", "--log /dev/sda", "--log=/tmp/../dev/sda", "--l", "--help",
    ],
)  # fmt: skip
def test_what_would_take_over_or_falsify_a_disk_is_refused(text: str, role: Role | None) -> None:
    with pytest.raises(AnswerError):
        check_udpcparam(split_udpcparam(text), role)


@pytest.mark.parametrize(
    "text",
    [
        "--min-receivers abc", "--min-receivers 1025", "--min-receivers=-1", "--min-receivers=", "--min-receivers",
        "--nokbd=yes", "--ttl 0", "--ttl 256", "--max-bitrate 5x", "--fec 8x", "--mcast-data-address 10.0.0.1",
        "--mcast-rdv-address nohost", "--slice-size 1025", "--blocksize 1457", "--max-wait ٣",
    ],
)  # fmt: skip
@pytest.mark.parametrize("role", [SND, None])
def test_values_are_checked(text: str, role: Role | None) -> None:
    with pytest.raises(AnswerError):
        check_udpcparam(split_udpcparam(text), role)


def test_an_unknown_option_comes_with_a_suggestion() -> None:
    with pytest.raises(AnswerError) as caught:
        check_udpcparam(("--min-recievers=4",), SND)
    assert "--min-receivers" in str(caught.value.hint)


@for_all(st.lists(st.text(max_size=12), max_size=5))
def test_any_words_are_either_kept_options_or_an_answer_error(words: list[str]) -> None:
    for role in (SND, RCV, None):
        try:
            kept = check_udpcparam(tuple(words), role).options
        except AnswerError:
            continue
        if role is not None:
            assert all(word.startswith("--") and len(word) > 2 for word in kept.words)
            assert check_udpcparam(kept.words, role) == (kept, (), None)


def usage_error(role: Role, *words: str) -> str:
    """What the real program says about `words`; an unknown option behind them keeps it from starting anything."""
    program = shutil.which(PROGRAMS[role])
    if program is None:
        pytest.skip("udpcast is not installed")
    done = subprocess.run([program, *words, "--no-such-option"], check=False, capture_output=True, text=True, timeout=9)
    assert done.returncode != 0
    return done.stderr


@pytest.mark.parametrize("role", list(Role))
def test_the_table_is_the_programs_own(role: Role) -> None:
    """Every name is given to the real program, which knows it and wants a value exactly where the table says so."""
    for option in OPTIONS[role]:
        for name in (option.name, *option.other):
            said = usage_error(role, f"--{name}=")
            assert f"unrecognized option '--{name}" not in said
            assert (f"'--{name}' doesn't allow an argument" in said) == (option.kind is Kind.FLAG), said


@pytest.mark.parametrize("role", list(Role))
def test_no_option_of_the_program_is_missing(role: Role) -> None:
    """The usage text names options in brackets; all but those that this build lacks are in the table."""
    known = {name for option in OPTIONS[role] for name in (option.name, *option.other)}
    assert set(re.findall(r"\[--([a-z-]+)", usage_error(role))) - known <= {"print-seed"}


BASE = ("--interface", "eth0", "--portbase", "9000")
WAIT = ("--start-timeout", "43200")
DEFAULTS = ("--retries-until-drop", "48", "--rexmit-hello-interval", "1000", *WAIT)


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (
            plan(SND, compression=Compression.ZSTD),
            (("udp-sender", *BASE, *DEFAULTS),),
        ),
        (plan(SND), (("udp-sender", *BASE, *DEFAULTS),)),
        (plan(SND, compression=Compression.GZIP), (("pigz", "-1", "-c"), ("udp-sender", *BASE, *DEFAULTS))),
        (plan(SND, compression=Compression.NONE), (("udp-sender", *BASE, *DEFAULTS),)),
        (
            plan(SND, attended=False, compression=Compression.NONE),
            (("udp-sender", *BASE, *DEFAULTS, "--min-wait", "60"),),
        ),
        (
            plan(SND, "--nokbd", compression=Compression.NONE),
            (("udp-sender", *BASE, *DEFAULTS, "--nokbd", "--min-wait", "60"),),
        ),
        (
            plan(SND, "--min-wait=0", attended=False, compression=Compression.NONE),  # 0 means that it is not set
            (("udp-sender", *BASE, *DEFAULTS, "--min-wait=0", "--min-wait", "60"),),
        ),
        (
            plan(
                SND,
                "--min-receivers=2",
                "--retries-until-drop=9",
                attended=False,
                compression=Compression.LZOP,
            ),
            (
                ("lzop", "-1", "-c"),
                (
                    *("udp-sender", *BASE, "--rexmit-hello-interval", "1000", *WAIT),
                    *("--min-receivers=2", "--retries-until-drop=9"),
                ),
            ),
        ),
        (plan(RCV), (("udp-receiver", *BASE, "--nokbd", *WAIT),)),
        (
            plan(RCV, "--nokbd", compression=Compression.GZIP),
            (("udp-receiver", *BASE, *WAIT, "--nokbd"),),
        ),
        (plan(RCV, compression=Compression.NONE), (("udp-receiver", *BASE, "--nokbd", *WAIT),)),
    ],
)
def test_argv(case: Plan, expected: tuple[tuple[str, ...], ...]) -> None:
    assert argv(case) == expected


@pytest.mark.parametrize(
    ("case", "by_key", "sentence"),
    [
        (plan(SND), True, "when you press the key"),
        (plan(SND, attended=False), False, "60 seconds after the first receiver"),
        (plan(SND, "--nokbd"), False, "60 seconds after the first receiver"),
        (plan(SND, "--min-receivers=0"), True, "when you press the key"),
        (plan(SND, "--min-receivers=1"), False, "as soon as 1 receiver has connected"),
        (
            plan(SND, "--min-receivers=5", "--min-wait=20", "--max-wait=80"),
            False,
            "as soon as 5 receivers have connected, but not before 20 seconds have passed since the first one, "
            "at the latest 80 seconds after the first one",
        ),
        (plan(SND, "--max-wait=80"), False, "about 2 seconds after"),
        (plan(SND, "--autostart=9"), False, "after 9 greetings"),
        (plan(RCV), False, "when the sender starts it"),
    ],
)
def test_start_condition(case: Plan, by_key: bool, sentence: str) -> None:
    assert starts_by_key(case) is by_key
    assert sentence in str(start_condition(case))


def test_the_last_value_given_wins() -> None:
    twice = ("--min-wait=1", "--nokbd", "--min-wait=2")
    assert check_udpcparam(twice, SND)[0] == Options(twice, nokbd=True, min_wait=2)
    assert check_udpcparam(("--nokbd",), SND)[0].nokbd
    assert not check_udpcparam((), SND)[0].nokbd


def typed(words: str, role: Role) -> Options:
    return check_udpcparam(split_udpcparam(words), role)[0]


def test_what_the_launcher_looks_at_is_typed_once() -> None:
    sender = typed("-k -a -r 9m -C 3 -w 1 -W 2 -S 4 -R 6 -H 7", SND)
    assert replace(sender, words=()) == Options(
        nokbd=True,
        one_way=True,
        min_receivers=3,
        min_wait=1,
        max_wait=2,
        autostart=4,
        retries_until_drop=6,
        rexmit_hello_interval=7,
    )
    assert typed("-w 0 --min-receivers 3", RCV) == Options(("--exit-wait=0",), exit_wait=0)


@pytest.mark.parametrize(
    ("text", "role", "seconds"),
    [
        ("--start-timeout 8 --nokbd --start-timeout=9", RCV, 9),
        ("-s 8 -k", RCV, 8),
        ("-T8 -k", SND, 8),
        ("--start-t=8 -k", SND, 8),
        ("--nokbd", RCV, None),
    ],
)
def test_the_launcher_counts_the_start_timeout_itself(text: str, role: Role, seconds: int | None) -> None:
    found = check_udpcparam(split_udpcparam(text), role)
    assert found == (Options(("--nokbd",), nokbd=True), (), seconds)


def test_nothing_else_looks_into_the_words() -> None:
    """Elsewhere they are passed on or shown as a whole: what is wanted of them is a field of `Options`."""
    for path in sorted((ROOT / "launcher").rglob("*.py")):
        tree = ast.parse(path.read_text())
        whole = {
            id(part)
            for node in ast.walk(tree)
            for part in ([node.value] if isinstance(node, ast.Starred) else node.args if _is_list(node) else [])
        }
        looked_at = [
            node.lineno
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and node.attr == "words" and _ends_in_options(node.value)
            if id(node) not in whole
        ]
        assert (path, looked_at) == (path, [])
        assert (path, "shlex.split" in path.read_text()) == (path, path == Path(options_module.__file__))


def _is_list(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "list"


def _ends_in_options(node: ast.AST) -> bool:
    return getattr(node, "attr", getattr(node, "id", "")) == "options"


@pytest.mark.parametrize(
    ("line", "kind", "number", "address"),
    [
        ("New connection from 10.0.0.2  (#0) 00000009", MessageKind.CONNECTED, 0, "10.0.0.2"),
        ("Connected as #1 to 10.0.0.1", MessageKind.CONNECTED, 1, "10.0.0.1"),
        ("Dropping client #3 because of timeout", MessageKind.DROPPING, 3, None),
        ("Disconnecting #3 (10.0.0.9)", MessageKind.DISCONNECTED, 3, "10.0.0.9"),
        ("Starting transfer: 00000009", MessageKind.STARTING, None, None),
        ("No participants... exiting", MessageKind.NOBODY, None, None),
        ("Transfer complete.\a", MessageKind.COMPLETE, None, None),
        ("Dropped by server now=3 last=2", MessageKind.DROPPED, None, None),
        ("No suitable network interface found", MessageKind.FAILED, None, None),
        ("bind socket to 10.0.0.1:9001 (Address already in use)", MessageKind.FAILED, None, None),
    ],
)
def test_messages(line: str, kind: MessageKind, number: int | None, address: str | None) -> None:
    message = parse_message(line)
    assert message is not None
    assert (message.kind, message.number, message.address) == (kind, number, address)


def test_for_whom_udp_sender_waits() -> None:
    """Its own line, measured; that everybody is ready says nothing."""
    message = parse_message("Timeout notAnswered=[] notReady=[1,12] nrAns=2 nrRead=0 nrPart=2 avg=3366")
    assert message is not None
    assert (message.kind, message.numbers) == (MessageKind.UNREADY, (1, 12))
    assert parse_message("Timeout notAnswered=[] notReady=[] nrAns=2 nrRead=2 nrPart=2 avg=3366") is None


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("bytes=        1 048 576 ( 93.05 Mbps)", 1048576),
        ("bytes=           12 345  re-xmits=0000000 (  0.0%) slice=0112 -   0", 12345),
        ("bytes=         7 312K (932.01 Mbps)", 7312 * 1024),
    ],
)
def test_progress_lines(line: str, count: int) -> None:
    message = parse_message(line)
    assert message is not None
    assert message.kind is MessageKind.PROGRESS
    assert message.bytes == count


@pytest.mark.parametrize("line", ["", "Udp-sender 20120424", "Using full duplex mode", "Using mcast address 234.0.0.1"])
def test_other_lines_decide_nothing(line: str) -> None:
    assert parse_message(line) is None
