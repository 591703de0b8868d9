"""Real udp-sender and udp-receiver between network namespaces, with files as disks.

The claim of every seat is held against the files: nobody may say ok whose target differs from the source.
"""

from __future__ import annotations

import json
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import xxhash

from launcher.datapath.framing import Manifest, Trailer, manifest_frame, trailer_frame

pytestmark = pytest.mark.netns

RUNNER = Path(__file__).with_name("transfer_runner.py")
MIB = 1 << 20
SIZE = 24 * MIB + 512  # no multiple of the chunk
PROGRAMS = ("ip", "udp-sender", "udp-receiver", "zstd", "gzip", "pigz", "lzop")


def long(*values: object) -> Any:
    """A variant that is tried in the lane `field` only: the default lanes stay short."""
    return pytest.param(*values, marks=pytest.mark.field)


COMPRESSIONS = ("none", "gzip", "lzop", "zstd")
PACK = {"gzip": ("gzip", "-1c"), "lzop": ("lzop", "-1c"), "zstd": ("zstd", "-1c")}
SLOW = "--max-bitrate=60m"  # some seconds for the model disk, so that there is a middle
PLAIN = ("--interface", "eth0", "--nokbd")
FAST = (
    "--min-receivers",
    "1",
    "--rexmit-hello-interval",
    "200",
)  # udp-sender looks at its receivers once in that time


def ip(*words: str) -> str:
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


def comm(pid: int) -> str:
    """The name of a process; nothing when it has just ended."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


@dataclass
class Room:
    """Three seats on one bridge, each in a network namespace of its own."""

    directory: Path
    seats: tuple[str, ...]
    hub: str
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def disk(self, name: str, data: bytes) -> Path:
        path = self.directory / name
        path.write_bytes(data)
        return path

    def start(self, seat: int, role: str, disk: Path, **job: Any) -> subprocess.Popen[str]:
        """Our transfer in a process of its own; `size` is the disk's unless given."""
        Path(f"{disk}.events").unlink(missing_ok=True)  # what an earlier test was told is no news
        job = {
            "role": role,
            "device": str(disk),
            "size": disk.stat().st_size,
            "events": f"{disk}.events",
            **job,
        }
        return self.plain(seat, sys.executable, str(RUNNER), json.dumps(job))

    def plain(self, seat: int, *words: str) -> subprocess.Popen[str]:
        """Any command in the namespace of `seat`."""
        process = subprocess.Popen(
            ["ip", "netns", "exec", self.seats[seat], *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.running.append(process)
        return process

    def processes(self, seat: int, program: str) -> list[int]:
        pids = [int(word) for word in ip("netns", "pids", self.seats[seat]).split()]
        return [pid for pid in pids if comm(pid) == program]

    def clear(self) -> None:
        """End whatever a test left, by its process number."""
        for seat in self.seats:
            for word in ip("netns", "pids", seat).split():
                try:
                    os.kill(int(word), signal.SIGKILL)
                except ProcessLookupError:
                    continue
        for process in self.running:
            process.communicate(timeout=10)
        self.running.clear()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        pytest.skip(f"needs root and {', '.join(missing) or 'nothing more'}")
    hub, *seats = (f"ul{os.getpid()}{name}" for name in ("h", "a", "b", "c"))
    try:
        ip("netns", "add", hub)
        ip("-n", hub, "link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
        ip("-n", hub, "link", "set", "br0", "up")
        for number, seat in enumerate(seats, 1):
            ip("netns", "add", seat)
            ip("-n", hub, "link", "add", f"p{number}", "type", "veth", "peer", "name", "eth0", "netns", seat)
            ip("-n", hub, "link", "set", f"p{number}", "master", "br0", "up")
            ip("-n", seat, "address", "add", f"10.99.0.{number}/24", "broadcast", "+", "dev", "eth0")
            ip("-n", seat, "link", "set", "eth0", "up")
            ip("-n", seat, "link", "set", "lo", "up")
        yield Room(tmp_path_factory.mktemp("room"), tuple(seats), hub)
    finally:
        for name in (*seats, hub):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


@pytest.fixture
def room(built: Room) -> Iterator[Room]:
    yield built
    built.clear()


@pytest.fixture(scope="module")
def data() -> bytes:
    """A model disk: half of it does not compress, a quarter does, the rest is zeros."""
    seeded = random.Random(3)
    noise = seeded.randbytes(SIZE // 2)
    text = b"The quick brown fox jumps over the lazy dog.\n" * (SIZE // 180)
    return (noise + text + bytes(SIZE))[:SIZE]


def blank(size: int = SIZE) -> bytes:
    return b"\xaa" * size


def result(process: subprocess.Popen[str], timeout: float = 60) -> dict[str, Any]:
    """The outcome that our transfer printed last; nothing of it may be left behind."""
    out, err = process.communicate(timeout=timeout)
    assert process.returncode == 0, err
    outcome: dict[str, Any] = json.loads(out.splitlines()[-1])
    if "error" not in outcome:
        assert outcome["children"] == ""
        assert outcome["threads"] == []
        assert outcome["sentence"].endswith(".")
    return outcome


def claims(outcome: dict[str, Any], target: Path, data: bytes) -> str:
    """The kind of a receiver's outcome, after its claim was held against the disk."""
    whole = target.read_bytes()[: len(data)] == data
    assert not outcome["ok"] or whole, outcome
    assert outcome["kind"] != "equal" or outcome["xxh128"] == xxhash.xxh3_128(data).hexdigest()
    return str(outcome["kind"])


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_two_receivers_get_the_disk(room: Room, data: bytes, compression: str) -> None:
    source = room.disk("source", data)
    targets = [room.disk(name, blank(SIZE + 4096)) for name in ("one", "two")]
    receivers = [room.start(seat, "rcv", target) for seat, target in enumerate(targets, 1)]
    sent = result(room.start(0, "snd", source, compression=compression, key_at=2))
    assert sent["kind"] == "sent", sent
    assert sorted(sent["receivers"]) == ["10.99.0.2", "10.99.0.3"]
    for process, target in zip(receivers, targets, strict=True):
        outcome = result(process)
        assert claims(outcome, target, data) == ("equal" if compression == "zstd" else "written"), outcome
        assert outcome["ok"]
        assert outcome["bytes"] == SIZE
        told = [json.loads(line) for line in Path(f"{target}.events").read_text().splitlines()]
        assert [event["phase"] for event in told if event["event"] == "phase"] == ["flushing", "verifying"]
        assert outcome["read_back"]
        assert target.read_bytes()[SIZE:] == blank(4096)
    assert source.read_bytes() == data
    names = [json.loads(line)["event"] for line in Path(f"{source}.events").read_text().splitlines()]
    assert [name for name in names if name in ("transfer", "cast", "outcome")][-3:] == [
        "transfer",
        "cast",
        "outcome",
    ]


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_plain_receiver_gets_exactly_the_disk(room: Room, data: bytes, compression: str) -> None:
    source, target = room.disk("source", data), room.disk("plain", b"")
    pipe = () if compression == "none" else ("--pipe", f"{compression} -dc")
    plain = room.plain(1, "udp-receiver", *PLAIN, "--nosync", "--file", str(target), *pipe)
    sent = result(room.start(0, "snd", source, compression=compression, key_at=1))
    assert sent["kind"] == "sent", sent
    plain.communicate(timeout=30)
    assert plain.returncode == 0
    assert target.read_bytes() == data


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_plain_sender_feeds_our_receiver(room: Room, data: bytes, compression: str) -> None:
    source, target = room.disk("source", data), room.disk("one", blank())
    ours = room.start(1, "rcv", target)
    pipe = () if compression == "none" else ("--pipe", " ".join(PACK[compression]))
    room.plain(0, "udp-sender", *PLAIN, *FAST, "--file", str(source), *pipe)
    outcome = result(ours)
    assert claims(outcome, target, data) == "written", outcome
    assert "not compared" in outcome["sentence"]
    assert outcome["read_back"]


def test_without_read_back_less_is_claimed(room: Room, data: bytes) -> None:
    source, target = room.disk("source", data), room.disk("one", blank())
    receiver = room.start(1, "rcv", target, verify=False)
    result(room.start(0, "snd", source, key_at=1))
    outcome = result(receiver)
    assert claims(outcome, target, data) == "arrived", outcome
    assert "not read back" in outcome["sentence"]
    assert not outcome["read_back"]


def cast_file(room: Room, stream: bytes, target: Path, **job: Any) -> dict[str, Any]:
    """What our receiver says of `stream`, cast as it is by a plain sender."""
    ours = room.start(1, "rcv", target, **job)
    room.plain(0, "udp-sender", *PLAIN, *FAST, "--file", str(room.disk("stream", stream)))
    return result(ours)


def packed(data: bytes, program: str = "zstd") -> bytes:
    return subprocess.run(PACK[program], input=data, check=True, capture_output=True).stdout


@pytest.mark.parametrize(
    ("change", "kind"),
    [("as it is", "equal"), ("no trailer", "truncated"), ("cut", "truncated"), ("digest", "different"),
     ("length", "different"), ("other session", "truncated")],
)  # fmt: skip
def test_only_the_right_trailer_makes_it_equal(room: Room, data: bytes, change: str, kind: str) -> None:
    head = manifest_frame(Manifest(SIZE, 512, "token", "1"))
    body = packed(data)
    digest = xxhash.xxh3_128(data).hexdigest()
    trailer = Trailer(SIZE, digest, "token")
    if change == "digest":
        trailer = Trailer(SIZE, xxhash.xxh3_128(b"other").hexdigest(), "token")
    if change == "length":
        trailer = Trailer(SIZE - 512, digest, "token")
    if change == "other session":
        trailer = Trailer(SIZE, digest, "else")
    stream = head + body + trailer_frame(trailer)
    stream = {"no trailer": head + body, "cut": stream[: len(stream) // 2]}.get(change, stream)
    target = room.disk("one", blank())
    outcome = cast_file(room, stream, target)
    assert claims(outcome, target, data) == kind, outcome


@pytest.mark.parametrize("program", PACK)
def test_a_cut_stream_of_a_plain_sender_is_not_ok(room: Room, data: bytes, program: str) -> None:
    stream = packed(data, program)
    target = room.disk("one", blank())
    outcome = cast_file(room, stream[: len(stream) * 2 // 3], target)
    assert claims(outcome, target, data) == "truncated", outcome


@pytest.mark.parametrize(("compression", "given"), [("zstd", "gzip"), ("none", "zstd"), ("gzip", "none")])
def test_a_contradicting_compression_is_refused_before_the_first_byte(
    room: Room, data: bytes, compression: str, given: str
) -> None:
    stream = data if compression == "none" else packed(data, compression)
    target = room.disk("one", blank())
    outcome = cast_file(room, stream, target, compression=given)
    assert outcome["kind"] == "wrong-stream", outcome
    assert target.read_bytes() == blank()


def test_an_agreeing_compression_is_taken(room: Room, data: bytes) -> None:
    target = room.disk("one", blank())
    assert claims(cast_file(room, packed(data), target, compression="zstd"), target, data) == "written"


def test_a_small_target_and_other_sectors_are_refused_and_the_room_goes_on(room: Room, data: bytes) -> None:
    source = room.disk("source", data)
    small, good = room.disk("small", blank(SIZE - 512)), room.disk("good", blank())
    first, second = room.start(1, "rcv", small), room.start(2, "rcv", good)
    sent = result(room.start(0, "snd", source, compression="zstd", key_at=2))
    outcome = result(first)
    assert outcome["kind"] == "too-small", outcome
    assert small.read_bytes() == blank(SIZE - 512)
    assert claims(result(second), good, data) == "equal"
    assert sent["kind"] == "receiver-lost", sent
    assert sent["lost"] == ["10.99.0.2 (left)"]


def test_other_sectors_are_refused_before_the_first_byte(room: Room, data: bytes) -> None:
    stream = manifest_frame(Manifest(SIZE, 4096, "token", "1")) + packed(data)
    target = room.disk("one", blank())
    assert cast_file(room, stream, target)["kind"] == "sector-size"
    assert target.read_bytes() == blank()


@pytest.mark.parametrize("program", ["none", "gzip"])
def test_a_small_target_without_manifest_never_grows_and_is_not_ok(room: Room, data: bytes, program: str) -> None:
    target = room.disk("small", blank(SIZE - 512))
    outcome = cast_file(room, data if program == "none" else packed(data, program), target)
    assert outcome["kind"] == "too-small", outcome
    assert not outcome["ok"]
    assert target.stat().st_size == SIZE - 512


def test_without_receivers_a_cast_is_a_failure(room: Room, data: bytes) -> None:
    source = room.disk("source", data)
    outcome = result(room.start(0, "snd", source, start_timeout=1, attended=False))
    assert (outcome["kind"], outcome["ok"]) == ("no-receivers", False), outcome


@pytest.mark.parametrize("plain", [False, True])
def test_a_sender_that_finds_another_one_waiting_sends_nothing(room: Room, data: bytes, plain: bool) -> None:
    source, target = room.disk("source", data), room.disk("one", blank())
    if plain:
        words = ("--interface", "eth0", "--nokbd", "--rexmit-hello-interval", "1000", "--min-receivers", "1")
        first = room.plain(0, "udp-sender", "--file", str(source), *words)
    else:
        first = room.start(0, "snd", source, key_at=1)
    until_runs(room, 0, "udp-sender")
    other = room.disk("other", bytes(SIZE))
    refused = result(room.start(2, "snd", other, key_at=1))
    assert (refused["kind"], refused["ok"]) == ("other-sender", False), refused
    assert "Another sender, 10.99.0.1, is waiting for receivers on port 9000" in refused["sentence"]
    received = result(room.start(1, "rcv", target))
    assert claims(received, target, data) == ("written" if plain else "equal"), received
    if not plain:
        assert result(first)["kind"] == "sent"


@pytest.mark.parametrize("early_receiver", [long(False), True])
def test_of_two_senders_that_begin_at_the_same_time_one_stays(room: Room, data: bytes, early_receiver: bool) -> None:
    """Even a receiver that has connected to the other one comes to it."""
    source, target = room.disk("source", data), room.disk("one", blank())
    early = room.start(1, "rcv", target, silence=3, more_patient=0) if early_receiver else None
    if early:
        until_runs(room, 1, "udp-receiver")
    # Each of them counts a receiver that has connected to the other.
    senders = {seat: room.start(seat, "snd", source, key_at=1, key_after=12, listen=0, tie=11) for seat in (0, 2)}
    macs = {seat: room.plain(seat, "cat", "/sys/class/net/eth0/address").communicate()[0] for seat in senders}
    stays, gives_way = sorted(macs, key=lambda seat: macs[seat])
    assert result(senders[gives_way])["kind"] == "other-sender"
    assert claims(result(early or room.start(1, "rcv", target)), target, data) == "equal"
    assert result(senders[stays])["kind"] == "sent"


def forward(room: Room, seat: int, state: int) -> None:
    """Put the switch's port of `seat` into a state of spanning tree: 3 forwards, 1 listens only."""
    words = ("bridge", "link", "set", "dev", f"p{seat + 1}", "state", str(state))
    subprocess.run(["ip", "netns", "exec", room.hub, *words], check=True)


@pytest.mark.parametrize("blocked", [long("earlier"), "later"])
def test_however_late_two_senders_can_hear_each_other_the_later_one_stays_out(
    room: Room, data: bytes, blocked: str
) -> None:
    """And its receiver comes to the other one."""
    source, other, target = room.disk("source", data), room.disk("other", bytes(SIZE)), room.disk("one", blank())
    earlier, later = 0, 2
    forward(room, earlier if blocked == "earlier" else later, 1)
    try:
        first = room.start(earlier, "snd", source, udpcparam=["--min-receivers=2"], listen=0, tie=0.2)
        until_runs(room, earlier, "udp-sender")
        second = room.start(later, "snd", other, udpcparam=["--min-receivers=2"], listen=0, tie=0.2)
        until_runs(room, later, "udp-sender")
        receiver = None
        if blocked == "earlier":
            receiver = room.start(1, "rcv", target)
            until_event(Path(f"{other}.events"), "connected")
        forward(room, earlier if blocked == "earlier" else later, 3)
        refused = result(second)
    finally:
        forward(room, earlier, 3)
        forward(room, later, 3)
    assert refused["kind"] == "other-sender", refused
    assert "Another sender, 10.99.0.1, is waiting" in refused["sentence"]
    second_target = room.disk("two", blank())
    receivers = [
        (receiver or room.start(1, "rcv", target), target),
        (room.start(2, "rcv", second_target), second_target),
    ]
    assert [claims(result(process), disk, data) for process, disk in receivers] == ["equal", "equal"]
    assert result(first)["kind"] == "sent"


def test_senders_on_different_ports_do_not_mind_each_other(room: Room, data: bytes) -> None:
    source, target = room.disk("source", data), room.disk("one", blank())
    first = room.start(0, "snd", source, key_at=1, port=9100)
    until_runs(room, 0, "udp-sender")
    second = room.start(2, "snd", source, key_at=1)
    received = result(room.start(1, "rcv", target))
    assert claims(received, target, data) == "equal", received
    assert result(second)["kind"] == "sent"
    first.kill()


def test_without_a_sender_nothing_is_written(room: Room) -> None:
    target = room.disk("one", blank())
    outcome = result(room.start(1, "rcv", target, start_timeout=1))
    assert outcome["kind"] == "no-sender", outcome
    assert target.read_bytes() == blank()


def until_event(file: Path, name: str) -> None:
    deadline = time.monotonic() + 60
    while f'"event": "{name}"' not in (file.read_text() if file.exists() else ""):
        assert time.monotonic() < deadline, f"no {name}"
        time.sleep(0.1)


def until_runs(room: Room, seat: int, program: str) -> int:
    """The process of `program` at `seat`, as soon as it is there."""
    deadline = time.monotonic() + 60
    while not (pids := room.processes(seat, program)):
        assert time.monotonic() < deadline, f"no {program}"
        time.sleep(0.1)
    return pids[0]


def until_greeted(room: Room, seat: int) -> None:
    """Until a greeting has come to the card of `seat`, and so to all who listen there."""
    process = room.plain(seat, sys.executable, "-c", GREETED, str(RUNNER.parents[3]))
    out, err = process.communicate(timeout=60)
    assert out == "greeted\n", err


GREETED = """
import sys, time
sys.path.insert(0, sys.argv[1])
from launcher.transfer.liveness import Greeting
from launcher.transfer.monitor import RivalMonitor
rivals = RivalMonitor("eth0", 9000)
while not [one for one in rivals.drain() if isinstance(one, Greeting)]:
    time.sleep(0.02)
print("greeted")
"""


def middle(
    room: Room, data: bytes, compression: str, rcv_silence: int = 5, unheard: float = 15.0, **sender: Any
) -> tuple[Path, Any, Any]:
    """A slow cast to one receiver, at a time when the receiver has some megabytes and the sender is not done."""
    source, target = room.disk("source", data), room.disk("one", blank())
    patience = {"silence": rcv_silence, "more_patient": 0, "times": {"unheard": unheard}}
    receiver = room.start(1, "rcv", target, report_at=2 * MIB, **patience)
    slower = "--max-bitrate=12m"  # as much as 7 MB of the stream are between the disk and the wire
    sending = room.start(0, "snd", source, compression=compression, udpcparam=[slower], key_at=1, **sender)
    assert json.loads(receiver.stdout.readline())["bytes"] >= 2 * MIB  # type: ignore[union-attr]
    return target, sending, receiver


@pytest.mark.parametrize("compression", [long("none"), "zstd", long("gzip"), long("lzop")])
def test_a_killed_launcher_leaves_no_receiver_that_claims_a_whole_disk(
    room: Room, data: bytes, compression: str
) -> None:
    target, sending, receiver = middle(room, data, compression, silence=5)
    sending.kill()
    sending.communicate(timeout=20)
    outcome = result(receiver)
    assert claims(outcome, target, data) == "sender-vanished", outcome
    assert room.processes(0, "udp-sender") == []


@pytest.mark.parametrize(
    ("compression", "victim"), [("zstd", "udp-sender"), long("gzip", "pigz"), long("none", "udp-sender")]
)
def test_a_stage_that_dies_is_a_failure_on_both_sides(room: Room, data: bytes, compression: str, victim: str) -> None:
    target, sending, receiver = middle(room, data, compression)
    (pid,) = room.processes(0, victim)
    os.kill(pid, signal.SIGKILL)
    sent = result(sending)
    assert sent["kind"] == "stage-failed", sent
    assert victim in sent["sentence"]
    outcome = result(receiver)
    assert claims(outcome, target, data) == "truncated", outcome
    assert "a program failed there" in outcome["sentence"]


def test_a_decompressor_that_dies_is_a_failure_and_the_sender_hears_of_it(room: Room, data: bytes) -> None:
    target, sending, receiver = middle(room, data, "zstd")
    (pid,) = room.processes(1, "unpack")
    os.kill(pid, signal.SIGKILL)
    outcome = result(receiver)
    assert claims(outcome, target, data) == "stage-failed", outcome
    sent = result(sending)
    assert sent["kind"] == "receiver-lost", sent


def test_a_killed_receiver_is_dropped_by_name_and_the_other_is_served(room: Room, data: bytes) -> None:
    source = room.disk("source", data)
    targets = [room.disk(name, blank()) for name in ("one", "two")]
    first, second = (room.start(seat, "rcv", path, report_at=2 * MIB) for seat, path in enumerate(targets, 1))
    sending = room.start(0, "snd", source, key_at=2, udpcparam=[SLOW, "--retries-until-drop=12"])
    first.stdout.readline()  # type: ignore[union-attr]
    (pid,) = room.processes(1, "udp-receiver")
    os.kill(pid, signal.SIGKILL)
    assert claims(result(first), targets[0], data) == "stage-failed"
    assert claims(result(second), targets[1], data) == "equal"
    sent = result(sending)
    assert (sent["kind"], sent["lost"]) == ("receiver-lost", ["10.99.0.2 (dropped)"]), sent


def test_a_sender_that_vanished_before_the_cast_costs_nothing(room: Room, data: bytes) -> None:
    """udp-receiver would wait for the first one for ever; ours finds the second one."""
    source, target = room.disk("source", data), room.disk("one", blank())
    receiver = room.start(1, "rcv", target, silence=5, more_patient=0, times=QUICK_TO_ASK)
    first = room.start(0, "snd", source, udpcparam=["--min-receivers=2"], report_at=0)
    until_event(Path(f"{target}.events"), "connected")
    until_greeted(room, 1)
    first.kill()
    first.communicate(timeout=20)
    until_event(Path(f"{target}.events"), "disconnected")
    sent = result(room.start(0, "snd", source, udpcparam=["--min-receivers=1"], attended=False))
    assert sent["kind"] == "sent", sent
    assert claims(result(receiver), target, data) == "equal"


@pytest.mark.parametrize("end", ["cancelled", long("killed")])
def test_a_sender_that_begins_anew_is_joined(room: Room, data: bytes, end: str) -> None:
    """Its operator went back, or its PC restarted. It has the same address, and its greetings are the same."""
    source, target = room.disk("source", data), room.disk("one", blank())
    receiver = room.start(1, "rcv", target)
    first = room.start(0, "snd", source)
    until_event(Path(f"{target}.events"), "connected")
    until_greeted(room, 1)
    if end == "cancelled":
        first.send_signal(signal.SIGUSR1)
        assert result(first)["kind"] == "cancelled"
    else:
        first.kill()
        first.communicate(timeout=20)
    sent = result(room.start(0, "snd", source, key_at=1))
    assert sent["kind"] == "sent", sent
    assert claims(result(receiver), target, data) == "equal"


def send(room: Room, seat: int, data: bytes, to: str, source_port: int) -> None:
    """One datagram of a stranger."""
    room.plain(seat, sys.executable, "-c", DATAGRAM, data.hex(), to, str(source_port)).communicate(timeout=30)


DATAGRAM = """
import socket, sys
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
one.bind(("", int(sys.argv[3])))
one.sendto(bytes.fromhex(sys.argv[1]), (sys.argv[2], 9000))
"""
REPLY = bytes.fromhex("0007000000000000000005b000000009e8620001" + 12 * "00")
QUICK_TO_ASK = {"ask": 1.0, "ask_every": 0.3}


def told(disk: Path, name: str) -> list[dict[str, Any]]:
    """The events of that name."""
    events = [json.loads(line) for line in Path(f"{disk}.events").read_text().splitlines()]
    return [event for event in events if event["event"] == name]


def test_a_stray_datagram_ends_nobody_who_waits(room: Room, data: bytes) -> None:
    """One that is too short for anything, from wherever, ends udp-receiver; then one binds it to nobody."""
    target = room.disk("one", blank())
    receiver = room.start(1, "rcv", target, times=QUICK_TO_ASK)
    for datagram, port, event in ((b"hi", 40000, "heard"), (REPLY, 9001, "disconnected")):
        until_listens(room, 1)
        send(room, 0, datagram, "10.99.0.2", port)
        until_event(Path(f"{target}.events"), event)
    room.plain(0, "udp-sender", *PLAIN, *FAST, "--file", str(room.disk("source", data)))
    assert claims(result(receiver), target, data) == "written"
    (heard,) = told(target, "heard")
    assert heard["addresses"] == ["10.99.0.1"]
    assert "10.99.0.1 (UDP port 40000)" in heard["sentence"]
    assert [event["reason"] for event in told(target, "disconnected")] == ["silent before the cast"]


def until_listens(room: Room, seat: int) -> None:
    """Until udp-receiver has port 9000 open at `seat`."""
    deadline = time.monotonic() + 60
    while ":9000 " not in room.plain(seat, "ss", "-lun").communicate()[0]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_plain_sender_that_is_asked_keeps_its_seat(room: Room, data: bytes) -> None:
    """It greets once, and waits for a second receiver in silence."""
    source, target = room.disk("source", data), room.disk("one", blank())
    sending = room.plain(0, "udp-sender", *PLAIN, "--min-receivers", "2", "--file", str(source))
    until_said(sending, "Broadcasting control")
    ours = room.start(1, "rcv", target, times={"ask": 0.5, "ask_every": 0.2, "ask_most": 2.5, "tick": 0.1})
    until_event(Path(f"{target}.events"), "connected")
    time.sleep(2)  # room for what must not happen
    assert not told(target, "disconnected")
    room.plain(2, "udp-receiver", *PLAIN, "--nosync", "--file", str(target.with_name("plain")))
    assert claims(result(ours), target, data) == "written"
    said = sending.communicate(timeout=30)[1]
    assert said.count("New connection") == 2
    assert len(told(target, "connected")) == 1


def test_of_two_plain_senders_a_receiver_takes_neither_and_names_both(room: Room, data: bytes) -> None:
    """Each of them greets once, when nobody listens yet."""
    other, source, target = room.disk("other", bytes(SIZE)), room.disk("source", data), room.disk("one", blank())
    words = ("--min-receivers", "2", "--file")
    sending = {
        seat: room.plain(seat, "udp-sender", *PLAIN, *words, str(disk)) for seat, disk in ((0, source), (2, other))
    }
    for one in sending.values():
        until_said(one, "Broadcasting control")
    ours = room.start(1, "rcv", target, times={"both": 1.2, "poll": 0.3, "ask_every": 0.3, "tick": 0.1})
    until_event(Path(f"{target}.events"), "heard")
    (heard,) = told(target, "heard")
    assert sorted(heard["addresses"]) == ["10.99.0.1", "10.99.0.3"]
    assert "10.99.0.1, 10.99.0.3" in heard["sentence"]
    until(lambda: not room.processes(1, "udp-receiver"))
    time.sleep(1.5)  # longer than `both`: room for what must not happen
    assert not room.processes(1, "udp-receiver")
    sending[2].kill()
    until(lambda: len(told(target, "connected")) > 1)
    room.plain(2, "udp-receiver", *PLAIN, "--nosync", "--file", str(target.with_name("plain")))
    assert claims(result(ours), target, data) == "written"


def until(done: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("compression", ["none", long("zstd")])
def test_a_sender_that_begins_anew_ends_its_cast_of_before(room: Room, data: bytes, compression: str) -> None:
    """To a udp-receiver in the middle of a cast the data of the next one is just the data that is missing."""
    target, sending, receiver = middle(room, data, compression, rcv_silence=3600, unheard=2.0)
    sending.kill()
    sending.communicate(timeout=20)
    other = room.disk("other", bytes(SIZE))
    second = room.disk("two", blank())
    joining = room.start(2, "rcv", second)
    sent = result(room.start(0, "snd", other, compression=compression, key_at=1))
    outcome = result(receiver)
    assert claims(outcome, target, data) == "sender-vanished", outcome
    assert "began anew" in outcome["sentence"]
    assert sent["kind"] == "sent", sent
    assert claims(result(joining), second, bytes(SIZE)) in ("equal", "written")


def loop(source: Path, *words: str) -> tuple[str, ...]:
    """A plain udp-sender that begins again as soon as it has ended."""
    command = shlex.join(("udp-sender", *PLAIN, *words, "--file", str(source)))
    return ("sh", "-c", f"while :; do {command}; done")


def until_said(process: subprocess.Popen[str], words: str) -> None:
    """Until a plain program has said `words` on its standard error."""
    assert process.stderr
    said: list[str] = []
    while words not in "".join(said):
        line = process.stderr.readline()
        assert line, said
        said.append(line)


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_a_plain_sender_that_begins_again_at_once_is_not_taken_for_the_old_one(
    room: Room, data: bytes, compression: str
) -> None:
    """Somebody else waits already, so that the next cast's data comes at once, in the old one's place."""
    others = random.Random(6).randbytes(SIZE)
    source, other = room.disk("source", data), room.disk("other", others)
    target = room.disk("one", blank())
    receiver = room.start(1, "rcv", target, report_at=1)
    words = ("--min-receivers", "1", "--nopointopoint", "--rexmit-hello-interval", "100")
    slow, quick = "--max-bitrate=12m", "--max-bitrate=60m"  # the first one is far from its end when it is killed
    pack = ("--pipe", " ".join(PACK[compression])) if compression in PACK else ()
    first = room.plain(0, "udp-sender", *PLAIN, *words, slow, *pack, "--file", str(source))
    receiver.stdout.readline()  # type: ignore[union-attr]
    waiting = room.plain(2, "udp-receiver", *PLAIN, "--nosync", "--file", str(target.with_name("two")))
    until_said(waiting, "UDP receiver")
    first.kill()
    first.wait(10)
    room.plain(0, "udp-sender", *PLAIN, *words, quick, *pack, "--file", str(other))
    outcome = result(receiver, 90)
    assert claims(outcome, target, data) not in ("equal", "written"), outcome


@pytest.mark.parametrize(("held", "linger"), [(6.5, 500), (0.1, 3000)], ids=["slow peer", "long linger"])
def test_who_has_everything_is_not_misled_by_a_sender_in_a_loop(room: Room, held: float, linger: int) -> None:
    """It greets for its next cast while our udp-receiver, which has everything, still lingers."""
    small = random.Random(7).randbytes(4096)
    source, target, second = room.disk("source", small), room.disk("one", blank(4096)), room.disk("two", blank(4096))
    receiver = room.start(1, "rcv", target, udpcparam=[f"--exit-wait={linger}"])
    peer = room.start(2, "rcv", second)
    for seat in (1, 2):
        until_runs(room, seat, "udp-receiver")
    wait = ("--min-receivers", "2", "--min-wait", "2")  # so that the peer is held before it has everything
    sending = room.plain(0, *loop(source, *wait, "--rexmit-hello-interval", "100"))
    for disk in (target, second):
        until_event(Path(f"{disk}.events"), "connected")
    (pid,) = room.processes(2, "udp-receiver")
    os.kill(pid, signal.SIGSTOP)
    time.sleep(held)  # room for what must not happen; longer is no worse
    os.kill(pid, signal.SIGCONT)
    outcome = result(receiver)
    assert claims(outcome, target, small) == "written", outcome
    outcome = result(peer)
    assert claims(outcome, second, small) == "written", outcome
    sending.kill()


@pytest.mark.field
def test_a_source_that_is_slow_for_long_is_not_given_up(room: Room, data: bytes) -> None:
    """udp-sender has nothing to send then, and says nothing."""
    source, target = room.disk("source", data), room.disk("one", blank())
    receiver = room.start(1, "rcv", target, silence=8, more_patient=0)
    sent = result(room.start(0, "snd", source, key_at=1, udpcparam=[SLOW], silence=8, pause_at=8 * MIB, pause=16))
    assert sent["kind"] == "sent", sent
    assert claims(result(receiver), target, data) == "equal"


def test_what_would_be_unpacked_is_not_sent_as_it_is(room: Room) -> None:
    """A receiver takes it for a stream, writes what is in it, and all is well to it."""
    source = room.disk("source", packed(b"an image" * 5000, "gzip") + bytes(4096))
    outcome = result(room.start(0, "snd", source, compression="none"))
    assert "begins as a gzip stream does" in outcome["error"]


@pytest.mark.parametrize("end", ["cancelled", long("killed")])
@pytest.mark.parametrize("compression", [long("none"), "zstd"])
def test_two_casts_are_never_taken_for_one(room: Room, compression: str, end: str) -> None:
    """The receiver's disk is so slow that data is waiting all the time, until the next cast's comes."""
    seeded = random.Random(5)
    data, others = seeded.randbytes(2 * SIZE), seeded.randbytes(2 * SIZE)
    source, other = room.disk("source", data), room.disk("other", others)
    target, second = room.disk("one", blank(2 * SIZE)), room.disk("two", blank(2 * SIZE))
    receiver = room.start(1, "rcv", target, pause_at=4 * MIB, pause=11.5, report_at=4 * MIB)
    words = [SLOW, "--nopointopoint"]
    first = room.start(0, "snd", source, compression=compression, udpcparam=words, key_at=1)
    receiver.stdout.readline()  # type: ignore[union-attr]
    time.sleep(4)  # for the sender to stand still; what is asserted must hold where it does not yet, as well
    joining = room.start(2, "rcv", second)
    first.send_signal(signal.SIGUSR1 if end == "cancelled" else signal.SIGKILL)
    first.communicate(timeout=20)
    next_one = room.start(0, "snd", other, compression=compression, udpcparam=words, key_at=1)
    outcome = result(receiver, 90)
    assert not outcome["ok"], (outcome, target.read_bytes() == data)
    assert result(next_one, 90)["kind"] in ("sent", "receiver-lost")
    assert claims(result(joining), second, others) in ("equal", "written")


@pytest.mark.parametrize("compression", ["none", "zstd"])
def test_who_is_left_without_an_end_is_told_so_at_once(room: Room, data: bytes, compression: str) -> None:
    """Long before the silence would tell it."""
    target, sending, receiver = middle(room, data, compression, rcv_silence=3600)
    sending.send_signal(signal.SIGUSR1)
    outcome = result(receiver)
    assert claims(outcome, target, data) == "truncated", outcome
    assert "its cast was cancelled" in outcome["sentence"]
    assert result(sending)["kind"] == "cancelled"


def test_a_sender_that_waits_for_another_receiver_is_not_given_up(room: Room, data: bytes) -> None:
    """It is silent as far as data goes, for longer than the receiver's patience, but it can be heard."""
    source = room.disk("source", data)
    targets = [room.disk(name, blank()) for name in ("one", "two")]
    first = room.start(1, "rcv", targets[0], report_at=2 * MIB)
    second = room.start(2, "rcv", targets[1], silence=5, more_patient=0)
    sending = room.start(0, "snd", source, key_at=2, udpcparam=[SLOW, "--retries-until-drop=20"])
    first.stdout.readline()  # type: ignore[union-attr]
    (pid,) = room.processes(1, "udp-receiver")
    os.kill(pid, signal.SIGSTOP)
    assert claims(result(second), targets[1], data) == "equal"
    sent = result(sending)
    assert (sent["kind"], sent["lost"]) == ("receiver-lost", ["10.99.0.2 (dropped)"]), sent
    left = result(first)  # whose udp-receiver could not take part any more, and was told so when the cast was over
    assert claims(left, targets[0], data) == "truncated"
    assert "without this seat" in left["sentence"]


def test_a_dead_disk_ends_in_a_sentence(room: Room, data: bytes) -> None:
    source, target = room.disk("source", data), room.disk("one", blank())
    receiver = room.start(1, "rcv", target, hang_at=2 * MIB)
    sending = room.start(0, "snd", source, key_at=1, silence=5, udpcparam=["--max-bitrate=12m"])
    out, err = receiver.communicate(timeout=60)
    outcome = json.loads(out.splitlines()[-1])
    assert (outcome["kind"], outcome["children"]) == ("write-error", ""), err
    assert "failed at or behind byte 2,097,152: it has not answered" in outcome["sentence"]
    assert claims(outcome, target, data) == "write-error"
    sent = result(sending)
    assert sent["kind"] == "receiver-lost", (sent, outcome)


@pytest.mark.parametrize("how", ["cancelled", long("udp-sender killed"), "alone"])
def test_a_dead_source_ends_in_an_outcome_whatever_else_happens(room: Room, data: bytes, how: str) -> None:
    """Its thread waits for ever; nobody else may."""
    source, target = room.disk("source", data), room.disk("one", blank())
    receiver = room.start(1, "rcv", target, silence=2, more_patient=0)
    job = {"cancel_at": 1 * MIB, "patience": 300} if how == "cancelled" else {"patience": 4}
    sending = room.start(0, "snd", source, key_at=1, hang_read_at=4 * MIB, compression="none", **job)
    if how == "udp-sender killed":
        pid = until_runs(room, 0, "udp-sender")
        until_event(Path(f"{source}.events"), "cast")
        os.kill(pid, signal.SIGKILL)
    out, err = sending.communicate(timeout=60)
    outcome = json.loads(out.splitlines()[-1])
    assert outcome["kind"] == ("cancelled" if how == "cancelled" else "read-error"), (outcome, err)
    assert not outcome["ok"] and outcome["children"] == ""
    if how == "cancelled":  # before the cast began: this one waits for the next sender
        receiver.kill()
    else:
        assert not result(receiver)["ok"]


def test_a_source_that_hangs_while_it_is_sent_ends_when_nobody_takes_it_any_more(room: Room, data: bytes) -> None:
    """Until then it may as well be the pipe that is full."""
    source = room.disk("source", data)
    receiver = room.start(1, "rcv", room.disk("one", blank()), silence=2, more_patient=0)
    sending = room.start(0, "snd", source, key_at=1, hang_send_at=1 * MIB, compression="none", patience=3)
    pid = until_runs(room, 0, "udp-sender")
    time.sleep(5)  # longer than `patience`: room for what must not happen
    assert sending.poll() is None
    os.kill(pid, signal.SIGKILL)
    outcome = json.loads(sending.communicate(timeout=30)[0].splitlines()[-1])
    assert (outcome["kind"], outcome["ok"], outcome["children"]) == ("read-error", False, "")
    assert not result(receiver)["ok"]


def test_a_source_that_hangs_is_not_waited_for_when_the_cast_is_cancelled(room: Room, data: bytes) -> None:
    hangs = {"hang_read_at": 1 * MIB, "cancel_at": 1 * MIB, "patience": 300}
    sending = room.start(0, "snd", room.disk("source", data), compression="none", **hangs)
    outcome = json.loads(sending.communicate(timeout=40)[0].splitlines()[-1])
    assert (outcome["kind"], outcome["children"]) == ("cancelled", "")


@pytest.mark.parametrize("role", ["snd", "rcv"])
def test_a_disk_that_hangs_when_it_is_opened_is_given_up(room: Room, data: bytes, role: str) -> None:
    disk = room.disk("one", data)
    out = room.start(0, role, disk, hang_opening=True, patience=2).communicate(timeout=30)[0]
    assert json.loads(out)["error"] == f"{disk} cannot be opened: it has not answered for 2 seconds."
    out = room.start(0, role, disk, hang_opening=True, cancel_at=0).communicate(timeout=30)[0]
    assert json.loads(out)["kind"] == "cancelled"
    assert disk.read_bytes() == data


def test_a_disk_that_hangs_when_it_is_opened_to_be_read_back_was_written(room: Room, data: bytes) -> None:
    source, target = room.disk("source", data), room.disk("one", blank())
    receiver = room.start(1, "rcv", target, hang_reopening=True, patience=2)
    sending = room.start(0, "snd", source, key_at=1)
    outcome = json.loads(receiver.communicate(timeout=60)[0].splitlines()[-1])
    assert outcome["kind"] == "read-back-error", outcome
    assert "it has not answered for 2 seconds" in outcome["sentence"]
    assert result(sending)["kind"] == "sent"
    assert target.read_bytes() == data


def test_a_disk_that_hangs_when_it_is_read_back_was_written(room: Room, data: bytes) -> None:
    source, target = room.disk("source", data), room.disk("one", blank())
    receiver = room.start(1, "rcv", target, hang_read_at=2 * MIB, patience=2)
    sending = room.start(0, "snd", source, key_at=1)
    outcome = json.loads(receiver.communicate(timeout=60)[0].splitlines()[-1])
    assert outcome["kind"] == "read-back-error", outcome
    assert "it has not answered for" in outcome["sentence"]
    assert result(sending)["kind"] == "sent"


@pytest.mark.parametrize("compression", ["zstd", "none"])
def test_who_leaves_while_the_end_is_under_way_is_not_counted_as_served(room: Room, compression: str) -> None:
    """Most of this disk is in the last few kilobytes of the stream, when it is compressed."""
    size = 32 * MIB if compression == "zstd" else 4 * MIB
    source = room.disk("source", random.Random(5).randbytes(2 * MIB) + bytes(size))
    target = room.disk("one", blank(source.stat().st_size))
    receiver = room.start(1, "rcv", target, cancel_at=MIB)
    words = {"compression": compression, "udpcparam": ["--max-bitrate=6m"]}
    sending = room.start(0, "snd", source, key_at=1, **words)
    assert result(receiver)["kind"] == "cancelled"
    sent = result(sending)
    assert (sent["kind"], sent["ok"]) == ("receiver-lost", False), sent
    assert "10.99.0.2" in sent["sentence"]


def test_start_timeout_holds_beside_a_sender_that_waits_longer(room: Room, data: bytes) -> None:
    """udp-receiver's own clock begins anew with every packet."""
    source, target = room.disk("source", data), room.disk("one", blank())
    sending = room.start(0, "snd", source, attended=False, udpcparam=["--min-receivers=2"])
    began = time.monotonic()
    outcome = result(room.start(1, "rcv", target, start_timeout=6))
    assert outcome["kind"] == "no-sender", outcome
    assert "The sender 10.99.0.1 was there, but no cast began within the time given" in outcome["sentence"]
    assert time.monotonic() - began > 5
    assert sending.poll() is None, "it would wait for ever, and so would a udp-receiver"
    assert target.read_bytes() == blank()
    sending.kill()


def test_silence_behind_the_trailer_is_the_end(room: Room, data: bytes, tmp_path: Path) -> None:
    """A sender that vanishes when all of the stream has arrived has cost nothing."""
    trailer = Trailer(SIZE, xxhash.xxh3_128(data).hexdigest(), "token")
    stream = tmp_path / "stream"
    stream.write_bytes(manifest_frame(Manifest(SIZE, 512, "token", "1")) + packed(data) + trailer_frame(trailer))
    (tmp_path / "udp-receiver").write_text(f"#!/bin/sh\ncat {stream}\nexec sleep 60\n")
    (tmp_path / "udp-receiver").chmod(0o755)
    target = room.disk("one", blank())
    job = {"role": "rcv", "device": str(target), "size": SIZE, "events": "/dev/null", "silence": 1, "more_patient": 0}
    path = f"PATH={tmp_path}:{os.environ['PATH']}"
    ours = room.plain(1, "env", path, sys.executable, str(RUNNER), json.dumps(job))
    assert claims(result(ours), target, data) == "equal"


def test_the_disk_that_is_sent_is_no_target(room: Room, data: bytes) -> None:
    """Both on one machine, as a server does that casts an image."""
    source = room.disk("source", data)
    receiver = room.start(1, "rcv", source)
    result(room.start(0, "snd", source, key_at=1))
    outcome = result(receiver)
    assert outcome["kind"] == "same-disk", outcome
    assert source.read_bytes() == data


@pytest.mark.parametrize("who", ["snd", "rcv"])
def test_a_cancelled_transfer_is_over_soon_and_never_ok(room: Room, data: bytes, who: str) -> None:
    target, sending, receiver = middle(room, data, "zstd")
    {"snd": sending, "rcv": receiver}[who].send_signal(signal.SIGUSR1)
    outcomes = {"snd": result(sending), "rcv": result(receiver)}
    assert outcomes[who]["kind"] == "cancelled"
    assert not outcomes["snd"]["ok"]
    assert claims(outcomes["rcv"], target, data) == ("cancelled" if who == "rcv" else "truncated")


def test_a_sender_that_is_cancelled_while_it_listens_runs_nothing(room: Room, data: bytes) -> None:
    source = room.disk("source", data)
    outcome = result(room.start(0, "snd", source, listen=3600, cancel_at=0))
    assert outcome["kind"] == "cancelled", outcome
    assert '"event": "command"' not in Path(f"{source}.events").read_text()


def test_a_source_that_ends_early_cuts_the_receivers_off(room: Room, data: bytes) -> None:
    target = room.disk("one", blank(SIZE + MIB))
    receiver = room.start(1, "rcv", target, silence=3600)
    source = room.disk("source", data)
    sent = result(room.start(0, "snd", source, size=SIZE + MIB, compression="none", key_at=1))
    assert sent["kind"] == "read-error", sent
    outcome = result(receiver)
    assert outcome["kind"] == "truncated", outcome
    assert "its disk could not be read" in outcome["sentence"]


@pytest.mark.parametrize(
    ("role", "path", "word"),
    [("snd", "/no/disk", "cannot be read"), ("rcv", "/no/disk", "cannot be written to")],
)
def test_a_disk_that_is_not_there_is_one_sentence(room: Room, role: str, path: str, word: str) -> None:
    outcome = result(room.start(0, role, Path("/dev/null"), device=path, size=1, events="/dev/null"))
    assert word in outcome["error"]


def test_a_missing_program_is_one_sentence(room: Room, data: bytes, tmp_path: Path) -> None:
    job = {"role": "snd", "device": str(room.disk("source", data)), "size": SIZE, "events": "/dev/null"}
    words = (shutil.which("env") or "env", f"PATH={tmp_path}", sys.executable, str(RUNNER), json.dumps(job))
    outcome = result(room.plain(0, *words))
    assert "is missing from this initrd" in outcome["error"]
