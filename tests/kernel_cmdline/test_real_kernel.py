"""Our reading held against the real kernel's: boot it with vicious lines and compare what PID 1 gets.

A tiny initrd (busybox and a script as /init) sends /proc/1/cmdline, /proc/1/environ and /proc/cmdline to a
serial port. What the kernel does with parameters between reading them and starting PID 1 is not our parser's
business, and stands here as `handed_over`. Measured with Debian's 6.1; source: ``init/main.c``.

The kernel is the file that the variable UDPCAST_TEST_KERNEL names, else the pair's in .cache/pair.
"""

from __future__ import annotations

import os
import random
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from kernel_cmdline import MAX_BYTES, CommandLine, Parameter, format_line, parse
from tests.common import PAIR

pytestmark = pytest.mark.vm

CASES = tomllib.loads(Path(__file__).with_name("cases.toml").read_text())["case"]
DEADLINE = 60  # seconds for one boot; it needs 3 to 5 on an idle machine without KVM
PREFIX = "panic=-1 quiet no_timer_check console=ttyS0 "  # without it a busy host makes the kernel panic early
CONSUMED = {"panic", "quiet", "no_timer_check", "console", "root", "load_ramdisk", "initrd", "BOOT_IMAGE"}
"""The parameters of this file's lines that Debian's kernel knows, and so does not hand to PID 1."""

MAX_ARGUMENTS, MAX_ENVIRONMENT = 32, 31
"""CONFIG_INIT_ENV_ARG_LIMIT is 32; HOME and TERM are counted as environment, and one more panics."""

INIT = b"""#!/bin/busybox sh
bb=/bin/busybox
$bb mount -t proc proc /proc
$bb mount -t devtmpfs dev /dev
dump() { $bb printf '%s=' "$1"; $bb hexdump -v -e '1/1 "%02x"' "$2"; echo; }
{
  dump argv /proc/1/cmdline
  dump environ /proc/1/environ
  dump line /proc/cmdline
} >/dev/ttyS1
$bb reboot -f
"""
SCRIPT_ARGV = [b"/bin/busybox", b"sh", b"/init"]


@dataclass(frozen=True)
class HandedOver:
    """What PID 1 gets: arguments behind its own name, and its environment."""

    arguments: list[bytes]
    environment: dict[bytes, bytes]


def handed_over(line: CommandLine | Iterable[Parameter]) -> HandedOver:
    """What the kernel makes of parameters, as far as it does not consume them itself.

    Before ``--``: names with a dot are modules' parameters and dropped; other bare words become arguments, and
    ``name=value`` environment, where the same spelling of a name replaces the earlier value in its place.
    Behind ``--`` everything is an argument, up to a second ``--``.
    """
    arguments: list[bytes] = []
    environment = {b"HOME": b"/", b"TERM": b"linux"}
    for parameter in line:
        name = parameter.name.encode("utf-8", "surrogateescape")
        value = None if parameter.value is None else parameter.value.encode("utf-8", "surrogateescape")
        if parameter.init:
            if (name, value) == (b"--", None):
                break
            arguments.append(name if value is None else name + b"=" + value)
        elif parameter.name in CONSUMED or "." in parameter.name:
            continue
        elif value is None:
            arguments.append(name)
        else:
            environment[name] = value
    return HandedOver(arguments, environment)


@dataclass(frozen=True)
class Boot:
    """One finished boot: the three dumps (empty when there were none), the console, the command."""

    dumps: dict[str, bytes]
    console: str
    command: str

    def text(self) -> bytes:
        """What /proc/cmdline held."""
        assert "line" in self.dumps, f"no dump from PID 1.\n{self.command}\n{self.console}"
        return self.dumps["line"]

    def handed_over(self) -> HandedOver:
        self.text()
        argv = self.dumps["argv"].split(b"\0")[:-1]
        assert argv[:3] == SCRIPT_ARGV
        environ = self.dumps["environ"].split(b"\0")[:-1]
        # A name may begin with "=", and its value's "=" is the next one.
        pairs = [(entry[:1] + entry[1:].partition(b"=")[0], entry[1:].partition(b"=")[2]) for entry in environ]
        assert len(dict(pairs)) == len(pairs)
        return HandedOver(argv[3:], dict(pairs))


class Laboratory:
    """Boots one line at a time, directly from kernel and initrd."""

    def __init__(self, kernel: Path, qemu: str, folder: Path) -> None:
        self.kernel, self.qemu, self.folder = kernel, qemu, folder
        self.initrd = folder / "initrd"
        self.initrd.write_bytes(tiny_initrd())

    def boot(self, line: bytes) -> Boot:
        """Start the kernel with exactly this line and wait until the machine has ended. Fails at the deadline."""
        console, dump = self.folder / "console", self.folder / "dump"
        argv = [self.qemu, *("-accel", "tcg", "-m", "192", "-nodefaults", "-display", "none", "-no-reboot")]
        argv += ["-serial", f"file:{console}", "-serial", f"file:{dump}"]
        argv += ["-kernel", str(self.kernel), "-initrd", str(self.initrd), "-append", os.fsdecode(line)]
        command = shlex.join(argv)
        try:
            ended = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE, check=False)
        except subprocess.TimeoutExpired:
            pytest.fail(f"the machine did not end within {DEADLINE} s.\n{command}\n{console.read_text()}")
        assert ended.returncode == 0, f"{ended.stderr.decode()}\n{command}"
        lines = re.findall(r"^(\w+)=([0-9a-f]*)\r?$", dump.read_text(), re.MULTILINE)
        return Boot({name: bytes.fromhex(text) for name, text in lines}, console.read_text(errors="replace"), command)


def tiny_initrd() -> bytes:
    """busybox with its libraries and /init, as a cpio archive ("newc", ``initramfs/buffer-format.rst`` of Linux)."""
    busybox = shutil.which("busybox")
    if not busybox:
        pytest.fail("busybox is missing: install the package busybox")
    libraries = subprocess.run(["ldd", busybox], capture_output=True, text=True, check=False).stdout
    files = {path.lstrip("/"): Path(path).read_bytes() for path in re.findall(r"/\S+(?= \()", libraries)}
    files |= {"bin/busybox": Path(busybox).read_bytes(), "init": INIT}
    folders = {str(folder) for name in files for folder in Path(name).parents} | {"proc", "dev"}
    members = [cpio_member(name, 0o040755) for name in sorted(folders - {"."})]
    members += [cpio_member(name, 0o100755, data) for name, data in files.items()]
    return b"".join([*members, cpio_member("TRAILER!!!", 0)])


def cpio_member(name: str, mode: int, data: bytes = b"") -> bytes:
    fields = (0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + "".join(f"{field:08X}" for field in fields).encode() + name.encode() + b"\0"
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    named = os.environ.get("UDPCAST_TEST_KERNEL")
    kernel = Path(named) if named else PAIR / "udpcast-linux"
    if not kernel.is_file():
        pytest.fail(f"no kernel at {kernel}: let UDPCAST_TEST_KERNEL name one, or build the pair into .cache/pair")
    qemu = shutil.which("qemu-system-x86_64")
    if not qemu:
        pytest.fail("qemu-system-x86_64 is missing: install the package qemu-system-x86")
    return Laboratory(kernel, qemu, tmp_path_factory.mktemp("kernel"))


def assert_read_alike(laboratory: Laboratory, line: str) -> None:
    """The line arrives as it is, and PID 1 gets what our reading of it says."""
    raw = line.encode("utf-8", "surrogateescape")
    boot = laboratory.boot(raw)
    assert boot.text() == raw + b"\n"
    theirs, ours = boot.handed_over(), handed_over(parse(boot.text()))
    assert theirs == ours, boot.command
    assert list(theirs.environment) == list(ours.environment), boot.command


def table_lines() -> list[str]:
    """The case table on as few lines as it takes: behind ``--``, an open quote last, at most 32 arguments a line."""
    closed = [case for case in CASES if not case.get("open")]
    lines = []
    for last in (case for case in CASES if case.get("open")):
        words, text = len(last["parameters"]), last["line"]
        while closed and words + len(closed[-1]["parameters"]) <= MAX_ARGUMENTS:
            case = closed.pop()
            words += len(case["parameters"])
            text = f"{case['line']} {text}"
        lines.append(f"{PREFIX}-- {text}")
    assert not closed, "the case table needs one more open case to end one more line"
    return lines


def random_line(seed: int) -> str:
    """Random text that is all syntax, with about as many words as the kernel hands over."""
    tokens = [*"zqZ_-='\\,.é\t\n\v\f\r", *'zq="" ', "  ", '="', '"=', " z", " q=", ' "', '" ', "z9"]
    chance = random.Random(seed)
    line = PREFIX
    for _ in range(600):
        longer = line + chance.choice(tokens)
        handed = handed_over(parse(longer))
        if len(handed.arguments) > MAX_ARGUMENTS - 2 or len(handed.environment) > MAX_ENVIRONMENT:
            break
        line = longer
    return line


SCHOOL_LINE = (
    "BOOT_IMAGE=udpcast-linux load_ramdisk=1 initrd=udprd root=01:00 persoparams=oui lang=FR kbmap=FR dhcp=yes "
    "compr=lzop port=9002 umode=rcv disk=/dev/sda,/dev/sdb auto_reboot=success enableDiskmodule=yes "
    'diskmodule=AUTO netmodule=AUTO udpcparam="--start-timeout=300 --nokbd" '
    "ip=10.77.0.160:10.77.0.1:10.77.0.1:255.255.255.0 BOOTIF=01-52-54-00-aa-bb-01 auto"
)
VICIOUS_LINE = (
    'a-b=1 a_b=2 A-B=3 a-b=4 a.b=5 a.b "c d=e f" "c.d e" HOME=/x =x =x=y "" "q" w="" auto '
    'x="y"z w=1 "--" g "h i=j" k.l=m a=1 a=2 -- lost=1 too'
)
LINES = {
    "a school's line": PREFIX + SCHOOL_LINE,
    "duplicates, dots, empty words, two separators": PREFIX + VICIOUS_LINE,
    **{f"case table {number}": line for number, line in enumerate(table_lines(), 1)},
    **{f"random {seed}": random_line(seed) for seed in (1, 2, 3)},
}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_the_kernel_reads_as_we_do(laboratory: Laboratory, line: str) -> None:
    assert_read_alike(laboratory, line)


def test_the_kernel_reads_what_we_write(laboratory: Laboratory) -> None:
    values = ["", "b c", 'b" c', 'b "c"', '"b', '"', '""', "à", "à ", "b\tc", "\udca0", "=", "-- b", "ü\\ '"]
    parameters = [Parameter("panic", "-1"), *(Parameter(f"n{i}", value) for i, value in enumerate(values))]
    parameters += [Parameter(name, "v", init=True) for name in ("a b", "à", 'q"r"s', "=x", "--")]
    parameters += [Parameter(name, None, init=True) for name in ("a b", "à", "", "=x", "-")]
    line = format_line(parameters)
    assert parse(line).parameters == tuple(parameters)
    boot = laboratory.boot(line.encode("utf-8", "surrogateescape"))
    assert boot.handed_over() == handed_over(parameters), boot.command


def test_the_longest_line_with_as_much_as_pid_1_can_get(laboratory: Laboratory) -> None:
    words = [f"e{number}={number}" for number in range(MAX_ENVIRONMENT)]
    words += [f"a{number}" for number in range(MAX_ARGUMENTS)]
    line = PREFIX + " ".join(words)
    assert_read_alike(laboratory, line + "z" * (MAX_BYTES - len(line)))


def test_one_more_than_pid_1_can_get_is_a_panic(laboratory: Laboratory) -> None:
    words = [f"e{number}={number}" for number in range(MAX_ENVIRONMENT + 1)]
    boot = laboratory.boot((PREFIX + " ".join(words)).encode())
    assert not boot.dumps and f"Too many boot env vars at `e{MAX_ENVIRONMENT}=" in boot.console


def test_where_we_are_kinder_than_the_kernel(laboratory: Laboratory) -> None:
    """The byte 0xA0 separates words for the kernel, even inside of a UTF-8 character; for us only outside of one."""
    line = f'{PREFIX}u=à q="à" s=t'.encode() + b"\xa0v"
    boot = laboratory.boot(line)
    assert boot.text() == line + b"\n"
    given = {"u": "à", "q": "à", "s": "t"}
    ours = parse(boot.text())
    assert {key: ours.last(key) for key in given} == {key: Parameter(key, value) for key, value in given.items()}
    theirs = boot.handed_over()
    assert theirs.environment.pop(b"u") == b"\xc3"
    assert theirs == handed_over(parameter for parameter in ours if parameter.name != "u")
