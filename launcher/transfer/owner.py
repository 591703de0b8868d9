"""The one thread that owns a transfer, and how the others send it messages.

All state of a transfer is its owner's, and no lock is needed for it. What may take long (to open, to read, to write, to
flush a disk) is done by workers, threads that get all they need when they start and send at their end what they came
to. What the operator wants is a message as well. A worker that cannot go on by itself asks, and waits for the answer.

A disk may hang for ever, and the worker that asked it with it. Then the owner goes without it; what is open is closed
by the last worker that ends, should the disk answer after all.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from ..datapath.copying import wide_pipe
from ..events import EventLog
from ..model.plan import Plan
from ..model.times import Times
from .liveness import Event
from .status import Status
from .supervisor import Ended, Said, Supervisor

T = TypeVar("T")


class Message:
    """What another thread tells the owner."""


@dataclass(frozen=True)
class Cancel(Message):
    """The operator ends the transfer."""


@dataclass(frozen=True)
class BeginCast(Message):
    """The operator starts the cast."""


@dataclass(frozen=True)
class Happened(Message):
    """Something for the rules of liveness."""

    event: Event


@dataclass(frozen=True)
class Asked(Message):
    """The same, and somebody waits for `answer`: whether to go on."""

    event: Event
    answer: queue.SimpleQueue[bool] = field(default_factory=queue.SimpleQueue)


class Inbox:
    """Messages from every thread to the owner. `fileno` is readable when there are some."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # between a message and the closing
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._ready = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._closed = False

    def fileno(self) -> int:
        return self._ready

    def post(self, message: Message) -> bool:
        """Send `message`. Never waits; False when nobody takes it any more."""
        with self._lock:
            if not self._closed:
                self._messages.put(message)
                os.eventfd_write(self._ready, 1)
            return not self._closed

    def ask(self, event: Event) -> bool:
        """Whether to go on after `event`; the owner answers. False when there is none any more."""
        asked = Asked(event)
        return self.post(asked) and asked.answer.get()

    def take(self) -> list[Message]:
        """All that was sent since. For the owner."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._ready)
        found = []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self._messages.get_nowait())
        return found

    def close(self) -> None:
        """Take no more; who waits for an answer need not go on."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        for message in self.take():
            if isinstance(message, Asked):
                message.answer.put(False)
        os.close(self._ready)


class Worker(Generic[T]):
    """Work in a thread of its own. `over` when the owner has got its message; `result` gives or raises what it came
    to."""

    def __init__(self, work: Callable[[], T]) -> None:
        self.over = False
        self._work = work
        self._results: list[T] = []
        self._errors: list[BaseException] = []

    def run(self) -> list[T]:
        """Do the work, in the thread that calls this; a result that must be kept, or nothing."""
        try:
            self._results.append(self._work())
        except BaseException as error:
            self._errors.append(error)
        return self._results

    def result(self) -> T:
        """What the work gave; raises what it raised."""
        for error in self._errors:
            raise error
        return self._results[0]


@dataclass(frozen=True)
class WorkerDone(Message):
    """A worker has ended."""

    worker: Worker[Any]
    thread: threading.Thread


class Descriptors:
    """What is open, each closed once however often that is asked for: its number may be another's by then."""

    def __init__(self) -> None:
        self._open: set[int] = set()

    def keep(self, fd: int) -> int:
        self._open.add(fd)
        return fd

    def pipe(self) -> tuple[int, int]:
        """A wide pipe: reading end, writing end."""
        inlet, outlet = wide_pipe()
        return self.keep(inlet), self.keep(outlet)

    def event(self) -> int:
        """An eventfd: readable once something is written to it."""
        return self.keep(os.eventfd(0, os.EFD_CLOEXEC))

    def close(self, *fds: int) -> None:
        for fd in fds:
            if fd in self._open:
                self._open.discard(fd)
                os.close(fd)

    def close_all(self) -> None:
        self.close(*tuple(self._open))


class Owner:
    """What the owning thread has at hand: its inbox, the processes, its workers, and all that is open."""

    def __init__(self, times: Times) -> None:
        self.inbox = Inbox()
        try:
            self.supervisor = Supervisor(times)
        except OSError:
            self.inbox.close()
            raise
        self.supervisor.wake_by(self.inbox.fileno())
        self.descriptors = Descriptors()
        self._tick = times.tick
        self._put_back: list[Message | Said | Ended] = []
        self._lock = threading.Lock()  # of the three below: who is the last one
        self._open = contextlib.ExitStack()
        self._open.callback(self.descriptors.close_all)
        self._workers = 0
        self._left = False

    def start(self, name: str, work: Callable[[], T], close: Callable[[T], None] | None = None) -> Worker[T]:
        """Do `work` in a thread; `close` is how its result is closed in the end."""
        worker = Worker(work)

        def run() -> None:
            for result in worker.run():
                if close:
                    self._open.callback(close, result)
            with self._lock:
                self._workers -= 1
                last = self._left and not self._workers
            self.inbox.post(WorkerDone(worker, threading.current_thread()))
            if last:
                self._open.close()

        with self._lock:
            self._workers += 1
        try:
            threading.Thread(target=run, name=name, daemon=True).start()
        except RuntimeError:
            with self._lock:
                self._workers -= 1
            raise
        return worker

    def wait(self, seconds: float | None = None) -> list[Message | Said | Ended]:
        """What came, after at most so many seconds: messages, and then what the processes did."""
        rest, self._put_back = self._put_back, []
        done = self.supervisor.wait(0 if rest else self._tick if seconds is None else seconds)
        for message in self.inbox.take():
            if isinstance(message, WorkerDone):
                message.thread.join()
                message.worker.over = True
            else:
                rest.append(message)
        return [*rest, *done]

    def put_back(self, messages: list[Message | Said | Ended]) -> None:
        """Take these another time."""
        self._put_back = messages

    def cancelled(self) -> bool:
        """Whether the operator has ended the transfer, before anybody takes that message."""
        self.put_back(self.wait(0))
        return any(isinstance(message, Cancel) for message in self._put_back)

    def leave(self) -> None:
        """End all processes, whatever happened, take no more messages, and close all that is open: now, or when the
        last worker ends."""
        self.supervisor.close()
        self.inbox.close()
        with self._lock:
            self._left = True
            last = not self._workers
        if last:
            self._open.close()


@dataclass(frozen=True)
class Job:
    """What a transfer is about: its plan, where its news go, its times, and who owns it."""

    plan: Plan
    status: Status
    log: EventLog
    times: Times
    owner: Owner

    def note(self, command: str) -> None:
        """Log a command that is started."""
        self.log.emit("command", command=command)


class DiskHangs(Exception):
    """The disk does not answer: nothing more of the plan can be done."""


class Loop:
    """A part of a transfer, in the owner's thread: it takes what comes until it is done."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.owner = job.owner

    def until(self, done: Callable[[], bool], seconds: float | None = None) -> None:
        """Take what comes, and look at the clock, until `done`."""
        while not done():
            for message in self.owner.wait(seconds):
                self.take(message)
            self.tick()

    def take(self, message: Message | Said | Ended) -> None:
        """Something came."""

    def tick(self) -> None:
        """Look at what sends no messages: the clock, the disks, the wire."""
