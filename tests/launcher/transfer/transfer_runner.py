"""One real transfer in a process of its own, as JSON says; its outcome goes to standard output as JSON.

Not a test: the namespace tests run it inside a network namespace. Fields: `role` (snd, rcv), `device`, `size`,
`sector_size`, `compression` (or null), `udpcparam` (list), `attended`, `verify`, `silence`, `start_timeout`, `port`,
`blank` (sent unasked, unless it is false), `used` (only what is used, unless it is false), `more_patient` (of a
receiver), `standstill` (seconds without a byte), `listen` (seconds that a sender listens before it begins), `tie`
(seconds in which it gives way), `key_at` (press the key when so many receivers have connected), `key_after` (but not
for so many seconds), `cancel_at` (cancel when so many bytes have moved), `pause_at` (the disk takes `pause` seconds for
what is written or read there), `hang_at` (the target hangs from this byte on), `hang_read_at` (the disk hangs when it
is read from this byte on), `hang_send_at` (when it is sent from there on), `hang_opening`, `hang_reopening` (when it is
opened, or opened again to be read back), `patience` (seconds), `times` (a mapping: whatever else of the table of
times), `report_at` (print a line when so many bytes have moved), `events` (a file).
The signal SIGUSR1 cancels, whatever has moved.
"""

from __future__ import annotations

import dataclasses
import json
import os
import select
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from launcher.errors import LauncherError  # noqa: E402
from launcher.events import EventLog  # noqa: E402
from launcher.model.machine import Disk, Nic  # noqa: E402
from launcher.model.outcome import Outcome  # noqa: E402
from launcher.model.plan import SILENCE, START_TIMEOUT, Address, AddressSource, Compression, Plan, Role, Target  # noqa: E402
from launcher.model.times import TIMES  # noqa: E402
from launcher.transfer.transfer import Phase, Transfer  # noqa: E402
from launcher.udpcast.options import check_udpcparam  # noqa: E402


def plan(job: dict[str, Any]) -> Plan:
    whole = Disk(job["device"], job["size"], job.get("sector_size", 512))
    return Plan(
        role=Role(job["role"]),
        target=Target(whole.path, whole.size, whole),
        nic=Nic("eth0", Path("/sys/class/net/eth0/address").read_text().strip()),
        address=Address(AddressSource.GIVEN),
        compression=Compression(job["compression"]) if job.get("compression") else None,
        options=check_udpcparam(tuple(job.get("udpcparam", ())), Role(job["role"]))[0],
        attended=job.get("attended", True),
        verify=job.get("verify", True),
        silence=job.get("silence", SILENCE),
        start_timeout=job.get("start_timeout", START_TIMEOUT),
        port=job.get("port", 9000),
        blank=job.get("blank", True),
        used=job.get("used", True),
    )


def hang(offset: int) -> None:
    """Let the kernel never answer a write at or behind `offset`, as a dead disk does."""
    real = os.pwrite

    def pwrite(fd: int, data: memoryview, at: int) -> int:
        if at >= offset:
            time.sleep(3600)
        return real(fd, data, at)

    os.pwrite = pwrite  # type: ignore[assignment]


def pause(offset: int, seconds: float) -> None:
    """Let the disk answer once late, as a stick does that tidies up."""
    real_write, real_read, done = os.pwrite, os.preadv, threading.Event()

    def wait(at: int) -> None:
        if at >= offset and not done.is_set():
            done.set()
            time.sleep(seconds)

    def pwrite(fd: int, data: memoryview, at: int) -> int:
        wait(at)
        return real_write(fd, data, at)

    def preadv(fd: int, buffers: list[memoryview], at: int) -> int:
        wait(at)
        return real_read(fd, buffers, at)

    os.pwrite, os.preadv = pwrite, preadv  # type: ignore[assignment]


def hang_reading(offset: int) -> None:
    """The same of a read: of a source, or of a target that is read back."""
    real = os.preadv

    def preadv(fd: int, buffers: list[memoryview], at: int) -> int:
        if at >= offset:
            time.sleep(3600)
        return real(fd, buffers, at)

    os.preadv = preadv  # type: ignore[assignment]


def hang_sending(offset: int) -> None:
    """The same of a source whose data has left the page cache again when it is sent."""
    real = os.splice

    def splice(*arguments: Any, offset_src: int | None = None) -> int:
        if offset_src is not None and offset_src >= offset:
            time.sleep(3600)
        return real(*arguments, offset_src=offset_src)  # type: ignore[misc]

    os.splice = splice  # type: ignore[assignment]


def hang_opening(path: str) -> None:
    """The same of a disk that is being reset when it is opened."""
    real = os.open

    def opened(name: Any, *arguments: Any, **words: Any) -> int:
        if name == path:
            time.sleep(3600)
        return real(name, *arguments, **words)

    os.open = opened  # type: ignore[assignment]


def hang_reopening(path: str) -> None:
    """The same of a disk that is reset when it is to be read back: what would close it waits as well, in the kernel."""
    real_open, real_close, first = os.open, os.close, list[int]()
    hung = threading.Event()

    def opened(name: Any, flags: int, *arguments: Any, **words: Any) -> int:
        if name == path and not flags & os.O_WRONLY:
            hung.set()
            time.sleep(3600)
        fd = real_open(name, flags, *arguments, **words)
        if name == path:
            first.append(fd)
        return fd

    def closed(fd: int) -> None:
        if hung.is_set() and fd in first:
            time.sleep(3600)
        real_close(fd)

    os.open, os.close = opened, closed  # type: ignore[assignment]


def run(job: dict[str, Any]) -> tuple[Outcome, dict[str, Any]]:
    times = replace(
        TIMES,
        listen=job.get("listen", TIMES.listen),
        tie=job.get("tie", TIMES.tie),
        more_patient=job.get("more_patient", TIMES.more_patient),
        standstill=job.get("standstill", TIMES.standstill),
        patience=job.get("patience", 2.0 if "hang_at" in job else TIMES.patience),
        impatience=1.0,
        **job.get("times", {}),
    )
    if "pause_at" in job:
        pause(job["pause_at"], job["pause"])
    if "hang_at" in job:
        hang(job["hang_at"])
    if "hang_read_at" in job:
        hang_reading(job["hang_read_at"])
    if "hang_send_at" in job:
        hang_sending(job["hang_send_at"])
    if "hang_reopening" in job:
        hang_reopening(job["device"])
    if "hang_opening" in job:
        hang_opening(job["device"])
    log = EventLog(Path(job["events"]))
    transfer = Transfer(plan(job), log, times)
    transfer.start()
    asked = threading.Event()
    signal.signal(signal.SIGUSR1, lambda *_: asked.set())
    watch = select.poll()
    watch.register(transfer.fileno(), select.POLLIN)
    phases: list[str] = []
    pressed = cancelled = reported = False
    not_before = time.monotonic() + job.get("key_after", 0)
    while (outcome := transfer.wait(0)) is None:
        watch.poll(50)
        state = transfer.snapshot()
        if state.phase.value not in phases:
            phases.append(state.phase.value)
        due = job.get("key_at") and len(state.receivers) >= job["key_at"] and time.monotonic() >= not_before
        if not pressed and due:
            pressed = True
            transfer.begin_cast()
        if not cancelled and (asked.is_set() or state.bytes >= job.get("cancel_at", 1 << 62)):
            cancelled = True
            transfer.cancel()
        if not reported and state.started is not None and state.bytes >= job.get("report_at", 1 << 62):
            reported = True
            print(json.dumps({"bytes": state.bytes}), flush=True)
        if state.phase is Phase.DONE:
            outcome = transfer.wait(10)
            assert outcome is not None
            break
    transfer.close()
    log.close()
    final = transfer.snapshot()
    return outcome, {
        "phases": phases,
        "messages": [str(message) for message in final.messages],
        "bytes": final.bytes,
        "phase": final.phase.value,
    }


def main() -> None:
    job = json.loads(sys.argv[1])
    try:
        outcome, seen = run(job)
    except LauncherError as error:
        print(json.dumps({"error": str(error.sentence), "hint": str(error.hint)}))
        return
    left = [thread.name for thread in threading.enumerate() if thread.name in ("stream", "disk")]
    children = Path("/proc/self/task") / str(threading.main_thread().native_id) / "children"
    print(
        json.dumps(
            {
                **dataclasses.asdict(outcome),
                "kind": outcome.kind.value,
                "sentence": str(outcome.sentence),
                "hint": str(outcome.hint),
                "lost": [str(one) for one in outcome.lost],
                "ok": outcome.ok,
                "seen": seen,
                "threads": left,
                "children": children.read_text() if children.exists() else "",
            },
            default=str,  # what has no form in JSON, as what grew
        )
    )


if __name__ == "__main__":
    main()
