"""The loops over the bytes, the processes and the board, on ordinary pipes and files."""

from __future__ import annotations

import errno
import os
import queue
import select
import shlex
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import xxhash

from launcher.datapath.block_device import WINDOW, DiskError, ReadBack, SourceDisk, TargetDisk
from launcher.datapath.chunks import CHUNK, Relay
from launcher.datapath.copying import (
    MARK,
    Incoming,
    Moved,
    Reread,
    Stalled,
    pump_pipes,
    pump_source,
    pump_stream,
    pump_target,
    read_back,
    wide_pipe,
    write_all,
)
from launcher.datapath.framing import TRAILER_BYTES
from launcher.errors import TransferFailed
from launcher.process import FIRST_TO_GO, Process, open_terminal, program, spawn
from launcher.transfer.status import Board, Phase
from launcher.transfer.supervisor import Crew
from launcher.transfer.verdict import ReceiverState

DEADLINE = 20.0


def nothing(_: int) -> None:
    """No progress is watched."""


def fed(data: bytes) -> int:
    """The reading end of a pipe into which a thread writes `data`, and which then ends."""
    inlet, outlet = wide_pipe()

    def feed() -> None:
        try:
            write_all(outlet, data)
        except BrokenPipeError:
            pass
        finally:
            os.close(outlet)

    threading.Thread(target=feed, daemon=True).start()
    return inlet


def drained(run: Callable[[int], Moved]) -> tuple[Moved, bytes]:
    """What `run` says, and what it wrote into the pipe that it was given."""
    inlet, outlet = wide_pipe()
    got: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def drain() -> None:
        with os.fdopen(inlet, "rb") as end:
            got.put(end.read())

    threading.Thread(target=drain, daemon=True).start()
    moved = run(outlet)
    os.close(outlet)
    return moved, got.get(timeout=DEADLINE)


@pytest.mark.parametrize("size", [0, 1, 511, CHUNK, CHUNK + 1, WINDOW + CHUNK + 7])
def test_disk_to_pipe_and_pipe_to_disk(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    (tmp_path / "source").write_bytes(data + b"more")
    source = SourceDisk(str(tmp_path / "source"))
    moved, stream = drained(lambda outlet: pump_source(source, size, outlet, nothing))
    source.close()
    digest = xxhash.xxh3_128(data).hexdigest()
    assert moved == Moved(size, digest)
    assert stream == data
    target = tmp_path / "target"
    target.write_bytes(b"x" * (size + 9))
    seen: list[int] = []
    file = TargetDisk(str(target))
    inlet = fed(stream)
    written = pump_target(Incoming(inlet).fill, file, size + 9, seen.append)
    os.close(inlet)
    file.flush()
    file.close()
    assert written == Moved(size, digest)
    assert target.read_bytes() == data + b"x" * 9
    assert seen[-1:] == ([size] if size else [])
    again = ReadBack(str(target))
    assert read_back(again, written, nothing) == Reread(size, digest)
    again.close()


@pytest.mark.parametrize("size", [MARK // 2, MARK, 2 * MARK, 2 * MARK + 5])
@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_one_bit_that_changed_is_found(tmp_path: Path, size: int, where: str) -> None:
    file = TargetDisk(str(blank(tmp_path, size)))
    inlet = fed(os.urandom(size))
    written = pump_target(Incoming(inlet).fill, file, size, nothing)
    os.close(inlet)
    file.flush()
    at = {"first": 0, "middle": size // 2, "last": size - 1}[where]
    with (tmp_path / "target").open("r+b") as other:
        other.seek(at)
        byte = other.read(1)[0]
        other.seek(at)
        other.write(bytes([byte ^ 8]))
    again = ReadBack(file.path)
    found = read_back(again, written, nothing)
    again.close()
    file.close()
    assert (found.differs, found.digest) == (at // MARK * MARK, None)


def test_a_disk_that_became_shorter_cannot_be_read_back(tmp_path: Path) -> None:
    path = blank(tmp_path, 5000)
    again = ReadBack(str(path))
    assert read_back(again, Moved(5001, "0" * 64), nothing) == Reread(5000, error="it ends there")
    again.close()


def blank(directory: Path, size: int) -> Path:
    (directory / "target").write_bytes(b"x" * size)
    return directory / "target"


def test_a_source_is_sent_by_the_kernel_or_else_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = os.urandom(2 * CHUNK + 5)
    (tmp_path / "source").write_bytes(data)

    def sent() -> bytes:
        source = SourceDisk(str(tmp_path / "source"))
        moved, stream = drained(lambda outlet: pump_source(source, len(data), outlet, nothing))
        source.close()
        assert moved.whole
        return stream

    with monkeypatch.context() as patched:
        patched.delattr("os.write")
        assert sent() == data
    calls: list[int] = []

    def unknown(fd: int, *_: int, **__: int) -> int:
        calls.append(fd)
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr("os.splice", unknown)
    assert sent() == data
    assert len(calls) == 1


def test_a_disk_that_fails_when_it_is_asked_again_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "source").write_bytes(bytes(2 * CHUNK))
    splice = os.splice

    def fails_later(disk: int, sink: int, count: int, *, offset_src: int) -> int:
        if offset_src >= CHUNK:
            raise OSError(errno.EIO, "Input/output error")
        return splice(disk, sink, count, offset_src=offset_src)

    monkeypatch.setattr("os.splice", fails_later)
    source = SourceDisk(str(tmp_path / "source"))
    moved, _ = drained(lambda outlet: pump_source(source, 2 * CHUNK, outlet, nothing))
    source.close()
    assert moved == Moved(CHUNK, error="Input/output error")


def test_a_source_is_sent_in_pieces_of_any_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = os.urandom(CHUNK + 7)
    (tmp_path / "source").write_bytes(data)
    splice = os.splice
    monkeypatch.setattr("os.splice", lambda disk, sink, count, **more: splice(disk, sink, min(count, 100_003), **more))
    source = SourceDisk(str(tmp_path / "source"))
    moved, stream = drained(lambda outlet: pump_source(source, len(data), outlet, nothing))
    source.close()
    assert stream == data
    assert moved == Moved(len(data), xxhash.xxh3_128(data).hexdigest())


def test_a_source_that_changes_is_never_sent_under_its_new_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was read for the digest, and answers otherwise when it is sent: what arrives must not fit the digest."""
    data = bytes(CHUNK)
    (tmp_path / "source").write_bytes(data)
    splice = os.splice

    def changes_first(disk: int, sink: int, count: int, *, offset_src: int) -> int:
        (tmp_path / "source").write_bytes(b"x" + data[1:])
        return splice(disk, sink, count, offset_src=offset_src)

    monkeypatch.setattr("os.splice", changes_first)
    source = SourceDisk(str(tmp_path / "source"))
    moved, stream = drained(lambda outlet: pump_source(source, len(data), outlet, nothing))
    source.close()
    assert stream == b"x" + data[1:]
    assert moved.digest == xxhash.xxh3_128(data).hexdigest()


def test_a_source_that_ends_early_is_an_error_with_its_offset(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"x" * 1000)
    source = SourceDisk(str(tmp_path / "source"))
    moved, _ = drained(lambda outlet: pump_source(source, 1001, outlet, nothing))
    source.close()
    assert (moved.count, moved.error, moved.digest, moved.whole) == (1000, "it ends there", None, False)


def test_a_source_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    directory = SourceDisk(str(tmp_path))
    moved, stream = drained(lambda outlet: pump_source(directory, 10, outlet, nothing))
    directory.close()
    assert moved.error == "Is a directory"
    assert stream == b""


@pytest.mark.parametrize(("size", "written"), [(CHUNK, CHUNK), (CHUNK + 5, CHUNK + 5), (0, 0)])
def test_a_full_target_never_grows(tmp_path: Path, size: int, written: int) -> None:
    target = blank(tmp_path, size)
    inlet = fed(os.urandom(2 * CHUNK))
    file = TargetDisk(str(target))
    moved = pump_target(Incoming(inlet).fill, file, size, nothing)
    os.close(inlet)
    file.close()
    assert (moved.count, moved.overflow, moved.whole) == (written, True, False)
    assert target.stat().st_size == size


def test_a_device_that_says_full_is_an_overflow() -> None:
    inlet = fed(b"x" * 10)
    full = TargetDisk("/dev/full")
    moved = pump_target(Incoming(inlet).fill, full, 1000, nothing)
    full.close()
    os.close(inlet)
    assert moved.overflow
    assert moved.error == "No space left on device"


def test_a_target_that_fails_is_an_error_at_its_offset(tmp_path: Path) -> None:
    inlet = fed(b"x" * (2 * CHUNK))
    failing = TargetDisk(str(blank(tmp_path, 9)))
    read_only = os.open(tmp_path / "target", os.O_RDONLY)

    def progress(_: int) -> None:
        os.dup2(read_only, failing.fd)

    moved = pump_target(Incoming(inlet).fill, failing, 3 * CHUNK, progress)
    failing.close()
    os.close(read_only)
    os.close(inlet)
    assert (moved.count, moved.error, moved.overflow, moved.digest) == (CHUNK, "Bad file descriptor", False, None)


def test_a_relay_gives_everything_in_order() -> None:
    chunks = [os.urandom(1 + number) for number in range(40)]
    left = list(chunks)
    got: list[bytes] = []

    def fill(buffer: memoryview) -> int:
        data = left.pop(0) if left else b""
        buffer[: len(data)] = data
        return len(data)

    Relay(fill, lambda data: got.append(bytes(data))).run()
    assert got == chunks


@pytest.mark.parametrize("who", ["fill", "user"])
def test_a_relay_ends_when_one_fails(who: str) -> None:
    def fill(buffer: memoryview) -> int:
        if who == "fill":
            raise DiskError(7, "broken")
        return len(buffer)

    def user(_: memoryview) -> None:
        raise DiskError(7, "broken")

    with pytest.raises(DiskError):
        Relay(fill, user).run()
    assert "relay" not in [thread.name for thread in threading.enumerate()]


def test_a_relay_fills_again_the_chunk_that_was_used_last() -> None:
    used = threading.Semaphore(1)
    filled: list[int] = []

    def fill(buffer: memoryview) -> int:
        used.acquire()
        time.sleep(0.01)  # so that the chunk is back
        filled.append(id(buffer))
        return 1 if len(filled) < 20 else 0

    Relay(fill, lambda data: used.release()).run()
    assert len(set(filled)) <= 3  # of eight


def test_of_two_failures_a_relay_raises_the_first() -> None:
    used = threading.Event()

    def fill(buffer: memoryview) -> int:
        if used.wait(0.2):
            raise Stalled
        return len(buffer)

    def use(_: memoryview) -> None:
        used.set()
        time.sleep(0.3)
        raise DiskError(7, "broken")

    def use_first(_: memoryview) -> None:
        try:
            raise DiskError(7, "broken")
        finally:
            threading.Timer(0.1, used.set).start()

    with pytest.raises(Stalled):
        Relay(fill, use).run()
    used.clear()
    with pytest.raises(DiskError):
        Relay(fill, use_first).run()


def test_a_flush_that_hangs_is_seen_however_the_last_write_went(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = TargetDisk(str(blank(tmp_path, 5000)))
    disk.is_block = True
    monkeypatch.setattr("launcher.datapath.block_device.PATIENCE", 0.1)
    disk.write(memoryview(bytes(4096 + 512)), 0)
    seen: list[float | None] = []

    def fsync(_: int) -> None:
        time.sleep(0.4)
        seen.append(disk.hung)

    monkeypatch.setattr("os.fsync", fsync)
    disk.flush()
    disk.close()
    assert seen[0] is not None and seen[0] > 0.1


@pytest.mark.parametrize("size", [0, 1, TRAILER_BYTES - 1, TRAILER_BYTES, CHUNK + 3, 3 * CHUNK])
def test_a_streams_tail_is_its_last_bytes(size: int) -> None:
    data = os.urandom(size)
    inlet = fed(data)
    incoming = Incoming(inlet)
    assert incoming.peek(1024) == data[:1024]
    moved, stream = drained(lambda outlet: pump_stream(incoming, outlet))
    os.close(inlet)
    assert stream == data
    assert moved == Moved(size, tail=data[-TRAILER_BYTES:])


@pytest.mark.parametrize(
    "sizes",
    [
        [100] * 9,
        [100, 5000],
        [5000, 100, 5000, 1],
        [TRAILER_BYTES, 1],
        [TRAILER_BYTES + 1, TRAILER_BYTES, 1, TRAILER_BYTES - 1],
        [1] * (2 * TRAILER_BYTES),
    ],
)
def test_a_tail_is_collected_from_pieces_of_all_sizes(sizes: list[int]) -> None:
    inlet, outlet = os.pipe()
    pieces = [os.urandom(size) for size in sizes]

    class OneByOne(Incoming):
        def pass_on(self, sink: int) -> int:
            return os.write(sink, pieces.pop(0)) if pieces else 0

    whole = b"".join(pieces)
    moved, stream = drained(lambda sink: pump_stream(OneByOne(inlet), sink))
    os.close(inlet)
    os.close(outlet)
    assert stream == whole
    assert moved == Moved(len(whole), tail=whole[-TRAILER_BYTES:])


def test_what_was_held_back_goes_on_when_nothing_more_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    class Impatient:
        def gone(self) -> bool:
            return True

        def over(self, came: bool) -> bool:
            return False

        def close(self) -> None: ...

    monkeypatch.setattr("launcher.datapath.copying.LOOK_OUT", 1)
    inlet, outlet = os.pipe()
    data = os.urandom(5000)
    os.write(outlet, data)
    moved, stream = drained(lambda sink: pump_stream(Incoming(inlet, Impatient), sink))
    os.close(inlet)
    os.close(outlet)
    assert stream == data
    assert moved == Moved(len(data), stalled=True, tail=data[-TRAILER_BYTES:])


def test_pipe_to_pipe_by_the_kernel() -> None:
    data = os.urandom(3 * CHUNK + 11)
    inlet = fed(data)
    moved, stream = drained(lambda outlet: pump_pipes(inlet, outlet))
    os.close(inlet)
    assert (moved, stream) == (Moved(len(data)), data)


@pytest.mark.parametrize("pump", [pump_pipes, lambda inlet, sink: pump_stream(Incoming(inlet), sink)])
def test_a_reader_that_is_gone_is_told(pump: Callable[[int, int], Moved]) -> None:
    inlet = fed(b"x" * CHUNK)
    gone, outlet = os.pipe()
    os.close(gone)
    assert pump(inlet, outlet).broken
    os.close(inlet)
    os.close(outlet)


def test_silence_counts_only_after_the_first_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    inlet, outlet = os.pipe()
    told: list[str] = []

    class Impatient:
        def gone(self) -> bool:
            told.append("asked")
            return len(told) == 3

        def over(self, came: bool) -> bool:
            return False

        def close(self) -> None:
            told.append("closed")

    monkeypatch.setattr("launcher.datapath.copying.LOOK_OUT", 1)
    incoming = Incoming(inlet, Impatient)
    threading.Timer(0.1, os.write, (outlet, b"x")).start()
    assert incoming.read(memoryview(bytearray(9))) == 1
    assert not told
    with pytest.raises(Stalled):
        incoming.read(memoryview(bytearray(9)))
    assert told == ["asked", "asked", "asked", "closed"]
    os.close(inlet)
    os.close(outlet)


@pytest.mark.parametrize("more", [False, True], ids=["nothing", "more"])
def test_what_comes_behind_the_end_of_a_cast_is_not_taken(monkeypatch: pytest.MonkeyPatch, more: bool) -> None:
    """It is the next cast's."""
    inlet, outlet = os.pipe()

    class Ended:
        def gone(self) -> bool:
            return False

        def over(self, came: bool) -> bool:
            return True

        def close(self) -> None: ...

    def look_out() -> Ended:
        if more:
            os.write(outlet, b"another's")
        return Ended()

    monkeypatch.setattr("launcher.datapath.copying.LOOK_OUT", 1)
    incoming = Incoming(inlet, look_out)
    os.write(outlet, b"x")
    assert incoming.read(memoryview(bytearray(9))) == 1
    with pytest.raises(Stalled):
        incoming.read(memoryview(bytearray(9)))
    os.close(outlet)
    if not more:
        incoming = Incoming(inlet, look_out)
        assert incoming.read(memoryview(bytearray(9))) == 0  # the end is always taken
    os.close(inlet)


def attended(*processes: tuple[str, ...], stop: int | None = None) -> tuple[list[Process], list[str], list[str]]:
    """Run commands to their end; returns them, what was said, and the notes."""
    said: list[str] = []
    notes: list[str] = []
    crew = Crew(lambda process, line: said.append(f"{process.name}: {line}"), lambda: None)
    null = os.open(os.devnull, os.O_WRONLY)
    members = [spawn(argv, None, null, notes.append) for argv in processes]
    os.close(null)
    for member in members:
        crew.add(member)
    if stop is not None:
        crew.stop(stop)
    crew.attend(lambda: True)
    crew.close()
    return members, said, notes


def test_processes_are_heard_and_reaped() -> None:
    members, said, notes = attended(("sh", "-c", "printf 'a\\rb\\n\\nlast' >&2; exit 3"), ("true",))
    assert [member.status for member in members] == [3, 0]
    assert said == ["sh: a", "sh: b", "sh: last"]
    assert shlex.split(notes[0]) == list(members[0].argv)
    for member in members:
        with pytest.raises(ChildProcessError):
            os.waitpid(member.pid, os.WNOHANG)
        member.signal(signal.SIGKILL)


def test_progress_is_nobodys_last_words() -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    heard: list[str] = []
    crew = Crew(lambda _, line: heard.append(line), lambda: None)
    process = spawn(("sh", "-c", "printf 'Bad news\\nbytes= 1\\rbytes= 2\\r' >&2; exit 1"), None, null, lambda _: None)
    os.close(null)
    crew.add(process)
    crew.attend(lambda: True)
    crew.close()
    assert heard == ["Bad news", "bytes= 1", "bytes= 2"]
    stage = crew.stage(process)
    assert stage and stage.said == "Bad news"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may protect a process from the kernel, or give it up")
def test_where_memory_runs_out_the_kernel_takes_a_child_first() -> None:
    _, said, _ = attended(("sh", "-c", "sleep 0.2; cat /proc/self/oom_score_adj >&2"))
    assert said == [f"sh: {FIRST_TO_GO}"]
    assert int(Path("/proc/self/oom_score_adj").read_text()) < FIRST_TO_GO


def test_a_stopped_process_and_its_children_end() -> None:
    members, _, _ = attended(("sh", "-c", "sleep 100 & wait"), stop=signal.SIGTERM)
    assert members[0].status == -signal.SIGTERM


def test_a_process_that_does_not_go_is_killed() -> None:
    notes: list[str] = []
    ready: list[str] = []

    def hear(_: Process, line: str) -> None:
        ready.append(line)
        crew.stop(signal.SIGTERM)

    crew = Crew(hear, lambda: None)
    null = os.open(os.devnull, os.O_WRONLY)
    stubborn = spawn(("sh", "-c", "trap '' TERM; echo ready >&2; while :; do sleep 1; done"), None, null, notes.append)
    os.close(null)
    crew.add(stubborn)
    crew.attend(lambda: True)
    crew.close()
    assert stubborn.status == -signal.SIGKILL
    assert ready == ["ready"]


def test_a_process_inherits_no_descriptor_of_ours() -> None:
    ours = [*wide_pipe(), os.open(os.devnull, os.O_RDONLY)]
    _, said, _ = attended(("sh", "-c", "ls /proc/$$/fd >&2"))
    for fd in ours:
        os.close(fd)
    assert {"0", "1", "2"} <= {line.split()[-1] for line in said}
    assert not {str(fd) for fd in ours} & {line.split()[-1] for line in said}


def test_a_process_is_hung_up_when_our_side_of_its_terminal_closes() -> None:
    terminal = open_terminal()
    assert terminal is not None
    null = os.open(os.devnull, os.O_WRONLY)
    process = spawn(("sleep", "100"), None, null, lambda _: None, terminal[2])
    os.close(null)
    os.close(terminal[1])
    os.close(terminal[0])
    hung_up = bool(select.select([process.pidfd], [], [], DEADLINE)[0])
    process.signal(signal.SIGKILL)
    assert process.reap() == -signal.SIGHUP
    assert hung_up


def test_a_missing_program_is_named() -> None:
    with pytest.raises(TransferFailed, match="no-such-program is missing from this initrd"):
        program(("no-such-program", "-x"))


def test_pigz_may_be_gzip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("launcher.process.shutil.which", lambda name: None if name == "pigz" else f"/bin/{name}")
    assert program(("pigz", "-1", "-c")) == ("gzip", "-1", "-c")


def test_the_board_tells_that_there_is_news() -> None:
    board = Board(1000)

    def news() -> bool:
        return bool(select.select([board.fileno()], [], [], 0)[0])

    assert not news()
    board.connect(0, "10.0.0.2")
    board.connect(1, "10.0.0.3")
    assert news()
    state = board.snapshot()
    assert [one.address for one in state.receivers] == ["10.0.0.2", "10.0.0.3"]
    assert not news()
    board.begin()
    board.moved(500)
    assert news()
    state = board.snapshot()
    assert (state.phase, state.bytes, state.total) == (Phase.CASTING, 500, 1000)
    assert state.remaining is not None
    board.mark(1, ReceiverState.DROPPED)
    assert board.mark(1, ReceiverState.LEFT) is None
    board.finish_receivers()
    assert [one.state for one in board.receivers] == [ReceiverState.FINISHED, ReceiverState.DROPPED]
    board.enter(Phase.DONE)
    before = board.snapshot().elapsed
    assert board.snapshot().elapsed == before
    board.close()
    assert board.snapshot().phase is Phase.DONE
