"""A sender's pipeline, started: udp-sender, before it a compressor where one is a process, and our ends of their pipes.

The launcher stands between compressor and udp-sender as well, where the kernel moves the bytes for it (splice): so
udp-sender's input ends when the launcher says so, and not when a compressor ends.
"""

from __future__ import annotations

import contextlib
import os

from ..confinement import hand_over_log
from ..errors import ErrorKind, TransferFailed
from ..process import Process, open_terminal, spawn
from ..sentence import say
from ..udpcast.command import starts_by_key
from .owner import Job
from .standstill import is_full


class Pipeline:
    """`outlet` goes into udp-sender. `source` takes the disk's bytes: it goes into the compressor, whose stream comes
    out of `packed`; without one, it is `outlet` as well. All of it belongs to the owner.

    Until the cast begins udp-sender has taken nothing of its input, and can be started anew with the same.

    If the launcher is killed, its side of udp-sender's terminal closes and the kernel hangs udp-sender up.
    """

    def __init__(self, job: Job, commands: tuple[tuple[str, ...], ...]) -> None:
        """Starts the processes. Raises TransferFailed."""
        self._job = job
        pipes = job.owner.descriptors
        self._inlet, self.outlet = pipes.pipe()
        self._key, self._terminal = self._open_terminal()
        if job.plan.options.log:
            hand_over_log(job.plan.options.log)
        self._null = pipes.keep(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC))
        self.start_udpcast(commands[-1])
        self.compressor: Process | None = None
        self.source, self.packed = self.outlet, -1
        if len(commands) > 1:
            source_inlet, self.source = pipes.pipe()
            self.packed, packed_outlet = pipes.pipe()
            self.compressor = self._spawn(commands[0], source_inlet, packed_outlet)
            pipes.close(source_inlet, packed_outlet)

    def start_udpcast(self, words: tuple[str, ...]) -> None:
        """Start udp-sender, or start it anew. Raises TransferFailed."""
        self.udpcast = self._spawn(words, self._inlet, self._null, self._terminal)

    def let_go(self) -> None:
        """udp-sender is not started anew any more: who writes to it sees its end."""
        self._job.owner.descriptors.close(self._inlet)

    @property
    def has_failed(self) -> bool:
        """Whether a process has ended that may not end yet."""
        squeeze_failed = self.compressor is not None and self.compressor.status not in (None, 0)
        return squeeze_failed or self.udpcast.status is not None

    def waits_for(self, fed: bool) -> Process:
        """Through which process bytes have to move next; `fed`: all of them are in udp-sender's pipe."""
        if fed or self.compressor is None or self.compressor.status is not None or is_full(self.outlet):
            return self.udpcast
        return self.compressor

    @property
    def takes_keys(self) -> bool:
        """Whether udp-sender has a terminal."""
        return self._key >= 0

    def press_key(self) -> None:
        """Start the cast."""
        with contextlib.suppress(OSError):
            os.write(self._key, b" ")

    def _spawn(self, words: tuple[str, ...], inlet: int, outlet: int, terminal: str | None = None) -> Process:
        process = spawn(words, inlet, outlet, self._job.note, terminal, rights=False)
        self._job.owner.supervisor.add(process)
        return process

    def _open_terminal(self) -> tuple[int, str | None]:
        """A pseudo-terminal for the key: our side, and the other one's path; -1 where there is none and no key is
        needed."""
        terminal = open_terminal()
        if terminal:
            for side in terminal[:2]:
                self._job.owner.descriptors.keep(side)
            return terminal[0], terminal[2]
        if starts_by_key(self._job.plan):
            raise TransferFailed(
                ErrorKind.TERMINAL_MISSING,
                say("There is no pseudo-terminal to press udp-sender's key on."),
                say("Mount devpts on /dev/pts, or give --min-receivers in udpcparam."),
            )
        return -1, None
