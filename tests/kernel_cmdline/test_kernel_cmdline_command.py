"""``python3 -m kernel_cmdline`` as a person and a script use it: real processes, bytes in and bytes out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from kernel_cmdline import parse
from tests.common import ROOT


def run(*arguments: str | bytes, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command: list[str | bytes] = [sys.executable, "-m", "kernel_cmdline", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, cwd=ROOT, timeout=30, check=False)


def test_json_keeps_order_duplicates_and_marks_what_is_for_pid_1() -> None:
    result = run("--json", 'auto a="b c" a= A=é -- single "x=y z"')
    assert (result.returncode, result.stderr) == (0, b"")
    assert json.loads(result.stdout) == [
        {"name": "auto", "value": None},
        {"name": "a", "value": "b c"},
        {"name": "a", "value": ""},
        {"name": "A", "value": "é"},
        {"name": "single", "value": None, "init": True},
        {"name": "x", "value": "y z", "init": True},
    ]
    assert result.stdout.isascii()


def test_plain_output_has_one_parameter_a_line() -> None:
    result = run('auto a="b c" empty= é="\t1" -- single x=y')
    assert result.stdout.decode() == "auto\na = b c\nempty = \né = \\t1\n-- single\n-- x = y\n"


def test_standard_input_is_read_as_proc_cmdline_is() -> None:
    raw = b'a=\xff b="c\xa0\xc3\xa0" d="e f\n'
    result = run("--json", "-", stdin=raw)
    assert [(entry["name"], entry["value"]) for entry in json.loads(result.stdout)] == [
        (parameter.name, parameter.value) for parameter in parse(raw)
    ]
    assert json.loads(result.stdout)[-1] == {"name": "d", "value": "e f"}
    assert b"never closed" in result.stderr and result.stderr.count(b"\n") == 1
    assert run("-", stdin=raw).stdout == b"a = \\xff\nb = c\\xa0\xc3\xa0\nd = e f\n"


def test_a_byte_that_is_no_utf_8_comes_out_as_its_number() -> None:
    assert run(b"a=\xff\xa0b").stdout == b"a = \\xff\nb\n"


def test_an_empty_line() -> None:
    assert (json.loads(run("--json", "").stdout), run("").stdout) == ([], b"")
    assert run("-", "--json").stdout == b"[]\n"


def test_without_text_the_running_kernels_line_is_read_and_not_standard_input() -> None:
    result = run("--json", stdin=b"not=this")
    entries = json.loads(result.stdout)
    line = parse(Path("/proc/cmdline").read_bytes())
    assert [(e["name"], e["value"], e.get("init", False)) for e in entries] == [(p.name, p.value, p.init) for p in line]


def test_wrong_usage_is_status_2_and_says_what_to_do() -> None:
    for arguments in (("a=b", "c=d"), ("--jsn",), ("a", "--unknown")):
        result = run(*arguments)
        assert (result.returncode, result.stdout) == (2, b"")
        assert b"put quotes around the whole line" in result.stderr


def test_a_text_that_begins_with_a_hyphen() -> None:
    assert run("--", "-x -- y").stdout == b"-x\n-- y\n"
    assert run("-- y").stdout == b"-- y\n"


def test_help_documents_the_exit_statuses() -> None:
    assert b"Exit status: 0" in run("--help").stdout
