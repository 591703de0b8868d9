"""Link and address of the chosen card, without blocking the screens.

`AddressJob` works in a thread of its own, with `ip` and busybox `udhcpc`; the screens poll its `fileno` and read its
`state`. What is decided here:

- An address of ``ip=`` is set at once. When it is a lease (PXE got it), udhcpc asks for this same address in the
  background, and renews it as long as the launcher runs. A server that does not answer, or refuses, or would give
  another address, changes nothing: two addresses in the middle of a clone are worse than a lease that runs out.
- Without one, udhcpc asks until somebody answers or `TIMES.dhcp` is over, then renews.
- The client identifier is left out (udhcpc -C): PXE firmware is known to the server by its MAC address, and so are we.

No default route is needed: udpcast names the interface for its multicast (measured: tests/launcher/network/).
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from ..errors import ErrorKind, LauncherError, NetworkFailed
from ..hardware.interfaces import LINKS, interface, reports, take
from ..model.machine import Nic
from ..model.plan import Address, AddressSource
from ..model.times import TIMES
from ..paths import RUN
from ..process import Process, spawn
from ..sentence import NOTHING, Sentence, say, say_many, verbatim
from .dhcp import ASKS, PID_FILE, REPORTS, Lease, client_argv, read_lease

SCRIPT = Path(__file__).with_name("udhcpc-script")

Note = Callable[[str], None]
"""Takes a line for the log."""


class Phase(Enum):
    """Where the job stands."""

    WAITING_FOR_LINK = "waiting-for-link"
    ASKING = "asking"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class AddressState:
    """What a screen shows. `seconds` in this phase, `attempts` of DHCP, `address` as CIDR.

    `lease` is about a lease that is being renewed, `NOTHING` where there is none. `kind` is that of a failure.
    """

    phase: Phase
    sentence: Sentence
    seconds: float = 0.0
    attempts: int = 0
    address: str | None = None
    gateway: str | None = None
    server: str | None = None
    lease: Sentence = NOTHING
    kind: ErrorKind = ErrorKind.NO_ADDRESS

    @property
    def over(self) -> bool:
        """True when the address is there or will not come."""
        return self.phase in (Phase.DONE, Phase.FAILED)


def raise_links(nics: Iterable[Nic], note: Note = lambda line: None) -> None:
    """Bring the cards up, so that the kernel can tell whether they have a link; one that will not come up is left."""
    for nic in nics:
        _ip(note, "link", "set", "dev", nic.name, "up")


def has_link(name: str) -> bool:
    """True when the interface is up and has a carrier; False also when it does not exist."""
    card = interface(name)
    return card is not None and card.link is True


class AddressJob:
    """Brings one address up on one card, and keeps its lease. One job at a time: `close` it before the next.

    `fileno` becomes readable when `state` changed; `drain` makes it unreadable again.
    """

    def __init__(
        self,
        nic: Nic,
        address: Address,
        note: Note = lambda line: None,
        *,
        link_seconds: float = TIMES.link,
        dhcp_seconds: float = TIMES.dhcp,
        run: Path = RUN,
        script: Path = SCRIPT,
    ) -> None:
        self._nic, self._address, self._note = nic, address, note
        self._link_seconds, self._dhcp_seconds = link_seconds, dhcp_seconds
        self._run, self._script = run, script
        self._changed = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._stop = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._state = AddressState(Phase.WAITING_FOR_LINK, say("Waiting for a link on {nic}.", nic=nic.name))
        self._since = time.monotonic()
        self._refusal = NOTHING
        self._thread = threading.Thread(target=self._work, name="address", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._since = time.monotonic()
        self._thread.start()

    def fileno(self) -> int:
        """To be polled for reading."""
        return self._changed

    def drain(self) -> None:
        """Take the reports that are there."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._changed)

    @property
    def state(self) -> AddressState:
        """The state now; `seconds` goes on counting until the job is over."""
        state = self._state
        return state if state.over else replace(state, seconds=time.monotonic() - self._since)

    def close(self) -> None:
        """Stop, and end the DHCP client; the address stays on the card."""
        os.eventfd_write(self._stop, 1)
        if self._thread.is_alive():
            self._thread.join()
        for fd in (self._changed, self._stop):
            os.close(fd)

    def _work(self) -> None:
        try:
            self._bring_up()
        except _Stopped:
            pass
        except LauncherError as error:
            self._show(Phase.FAILED, error.whole, kind=error.kind)
        except Exception as error:  # a bug, but the screen that waits for this thread must learn of it
            self._note(traceback.format_exc())
            self._show(Phase.FAILED, self._not_set_up(repr(error)))

    def _bring_up(self) -> None:
        name, given = self._nic.name, self._address.source is AddressSource.GIVEN
        self._run.mkdir(parents=True, exist_ok=True)
        self._end_older_client()
        with reports(LINKS) as changes:
            self._must("link", "set", "dev", name, "up")
            if given:
                self._set_given()
            self._wait_for_link(changes)
        if given:
            address = f"{self._address.address}/{self._address.prefix}"
            sentence = say("{nic} has {address}.", nic=name, address=address)
            self._show(Phase.DONE, sentence, address=address, gateway=self._address.gateway)
        else:
            self._show(Phase.ASKING, say("Asking for an address by DHCP on {nic}.", nic=name))
        if not given or self._address.lease:
            self._run_client()

    def _set_given(self) -> None:
        name, address = self._nic.name, f"{self._address.address}/{self._address.prefix}"
        card = interface(name)
        if card and set(card.addresses) - {address}:
            self._must("-4", "addr", "flush", "dev", name)  # of an earlier attempt; udpcast would pick the first
        self._must("addr", "replace", address, "broadcast", "+", "dev", name)
        if self._address.gateway:
            # Not needed in a room of one subnet: a wrong one is no reason to stop.
            _ip(self._note, "route", "replace", "default", "via", self._address.gateway, "dev", name)

    def _wait_for_link(self, changes: socket.socket) -> None:
        deadline = time.monotonic() + self._link_seconds
        while not has_link(self._nic.name):
            if not self._wait(changes.fileno(), deadline):
                raise NetworkFailed(
                    ErrorKind.NO_LINK,
                    say(
                        "{nic} ({mac}) has no link after {seconds:.0f} s.",
                        nic=self._nic.name,
                        mac=self._nic.mac,
                        seconds=self._link_seconds,
                    ),
                    say("Plug in its cable and check the switch, or choose another card."),
                )
            take(changes)

    def _wait(self, fd: int, deadline: float | None) -> bool:
        """Until `fd` is readable; False when the deadline passed. Raises _Stopped after `close`."""
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        poll.register(self._stop, select.POLLIN)
        timeout = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
        ready = {number for number, _ in poll.poll(timeout)}
        if self._stop in ready:
            raise _Stopped
        return bool(ready)

    def _show(self, phase: Phase, sentence: Sentence, **values: object) -> None:
        now = time.monotonic()
        if phase is not self._state.phase:
            values["seconds"], self._since = now - self._since, now
        self._state = replace(self._state, phase=phase, sentence=sentence, **values)  # type: ignore[arg-type]
        self._note(str(sentence))
        os.eventfd_write(self._changed, 1)

    def _must(self, *words: str) -> None:
        problem = _ip(self._note, *words)
        if problem:
            hint = say("Choose another card or address.")
            raise NetworkFailed(ErrorKind.NO_ADDRESS, self._not_set_up(problem), hint)

    def _not_set_up(self, problem: str) -> Sentence:
        return say("{nic} could not be set up: {problem}.", nic=self._nic.name, problem=problem)

    def _run_client(self) -> None:
        """Run udhcpc until `close`, until it ends, or until nobody answered in time."""
        asked = time.monotonic()
        process = self._spawn_client()
        try:
            text = last = ""
            while True:
                deadline = None if self._state.phase is Phase.DONE else asked + self._dhcp_seconds
                if not self._wait(process.errors, deadline):
                    raise self._no_answer()
                heard = os.read(process.errors, 4096)
                if not heard:
                    return self._client_ended(text or last)
                *lines, text = (text + heard.decode(errors="replace")).split("\n")
                for line in lines:
                    self._hear(line, process)
                    last = line
        finally:
            process.signal(signal.SIGTERM)
            process.reap()

    def _spawn_client(self) -> Process:
        argv = client_argv(self._nic.name, self._run, self._script, self._keep)
        with Path(os.devnull).open("wb") as null:
            return spawn(argv, None, null.fileno(), self._note)

    @property
    def _keep(self) -> str | None:
        """The address that must stay, or None when DHCP decides."""
        return self._address.address if self._address.source is AddressSource.GIVEN else None

    def _hear(self, line: str, process: Process) -> None:
        """One line of udhcpc's standard error."""
        self._note(line)
        if line in ASKS:
            attempts = self._state.attempts + 1
            sentence = self._state.sentence
            if self._keep is None and not self._state.over:
                sentence = say(
                    "Asking for an address by DHCP on {nic}, attempt {attempt}.", nic=self._nic.name, attempt=attempts
                )
            self._show(self._state.phase, sentence, attempts=attempts)
        elif line.startswith(REPORTS):
            lease = read_lease((self._run / f"dhcp-{self._nic.name}").read_text(errors="replace"))
            if self._keep is None:
                self._take_lease(lease)
            else:
                self._compare_lease(lease, process)

    def _take_lease(self, lease: Lease) -> None:
        name = self._nic.name
        if lease.event in ("bound", "renew"):
            address = f"{lease.address}/{lease.prefix}"
            self._show(
                Phase.DONE,
                say(
                    "{nic} has {address} from the DHCP server {server}.", nic=name, address=address, server=lease.server
                ),
                address=address,
                gateway=lease.gateway,
                server=lease.server,
                lease=_leased(lease),
            )
        elif lease.event == "failed":
            raise NetworkFailed(
                ErrorKind.NO_ADDRESS,
                say(
                    "{nic} does not take {address}, which {server} gave it.",
                    nic=name,
                    address=f"{lease.address}/{lease.prefix}",
                    server=lease.server,
                ),
            )
        elif lease.event == "nak" and not self._state.over:
            self._refusal = verbatim(lease.message) if lease.message else say("no reason given")
            sentence = say(
                "The DHCP server {server} refused {nic}: {reason}.", server=lease.server, nic=name, reason=self._refusal
            )
            self._show(Phase.ASKING, sentence)

    def _compare_lease(self, lease: Lease, process: Process) -> None:
        """Report on the lease of an address that is kept whatever comes."""
        keep = self._keep
        if lease.event in ("bound", "renew") and lease.address == keep:
            self._show_lease(_leased(lease), lease.server)
        elif lease.event == "bound":
            process.signal(signal.SIGUSR2)  # give back the address that nobody will use
            other = say(
                "{server} would give {other}; {address} is kept, and not renewed.",
                server=lease.server,
                other=lease.address,
                address=keep,
            )
            self._show_lease(other, lease.server)
            raise _Stopped
        elif lease.event == "nak":
            refused = say(
                "The lease of {address} was refused ({reason}); it is kept.", address=keep, reason=lease.message
            )
            self._show_lease(refused, None)
        elif lease.event == "leasefail":
            silent = say("The lease of {address} was not renewed by any server yet; it is kept.", address=keep)
            self._show_lease(silent, None)

    def _show_lease(self, sentence: Sentence, server: str | None) -> None:
        self._show(self._state.phase, self._state.sentence, lease=sentence, server=server)

    def _no_answer(self) -> NetworkFailed:
        name, seconds = self._nic.name, self._dhcp_seconds
        hint = say("Check the cable, the switch and the DHCP server, or give ip= and netmask=.")
        if self._refusal:
            sentence = say(
                "The DHCP server refused {nic} for {seconds:.0f} s: {reason}.",
                nic=name,
                seconds=seconds,
                reason=self._refusal,
            )
        else:
            sentence = say_many(
                "No DHCP server answered on {nic} in {seconds:.0f} s ({count} attempt).",
                "No DHCP server answered on {nic} in {seconds:.0f} s ({count} attempts).",
                self._state.attempts,
                nic=name,
                seconds=seconds,
            )
        return NetworkFailed(ErrorKind.NO_ADDRESS, sentence, hint)

    def _client_ended(self, last_words: str) -> None:
        if self._state.phase is not Phase.DONE:
            words = verbatim(last_words) if last_words else say("without a word")
            sentence = say("The DHCP client ended on {nic}: {words}.", nic=self._nic.name, words=words)
            raise NetworkFailed(ErrorKind.NO_ADDRESS, sentence)
        self._show_lease(say("The DHCP client ended; the address is kept, and not renewed."), self._state.server)

    def _end_older_client(self) -> None:
        """End the client of a launcher that crashed: two of them would answer for one card."""
        with contextlib.suppress(OSError, ValueError):
            pid = int((self._run / PID_FILE).read_text())
            if b"udhcpc" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGTERM)


def _leased(lease: Lease) -> Sentence:
    return say(
        "{server} leases {address} for {seconds} s.",
        server=lease.server,
        address=lease.address,
        seconds=lease.seconds,
    )


class _Stopped(Exception):
    """The job was closed, or has nothing left to do."""


def _ip(note: Note, *words: str) -> str:
    """Run `ip`; returns what it complained about, "" when it did what was asked."""
    with Path(os.devnull).open("wb") as null:
        process = spawn(("ip", *words), None, null.fileno(), note)
    os.set_blocking(process.errors, True)
    heard = b""
    while chunk := os.read(process.errors, 4096):
        heard += chunk
    return "" if process.reap() == 0 else " ".join(heard.decode(errors="replace").split()) or "ip failed"
