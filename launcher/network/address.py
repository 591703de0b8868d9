"""Link and address of the chosen card, without blocking the screens.

`AddressJob` works in a thread of its own, with `ip` and busybox `udhcpc`; the screens poll its `fileno` and read its
`state`. What is decided here:

- An address of ``ip=`` is set at once. When it is a lease (PXE got it), udhcpc asks for this same address in the
  background, and renews it as long as the launcher runs. A server that does not answer, or refuses, or would give
  another address, changes nothing: two addresses in the middle of a clone are worse than a lease that runs out.
- Without one, udhcpc asks until somebody answers or `DHCP_SECONDS` are over, then renews.
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

from ..errors import LauncherError, NetworkFailed
from ..model.machine import Nic
from ..model.plan import Address, AddressSource
from ..paths import RUN
from ..process import Process, spawn
from .dhcp import ASKS, PID_FILE, REPORTS, Lease, client_argv, read_lease

LINK_SECONDS = 60.0
"""How long a card may take to get a link: spanning tree on a switch needs 30 to 50 s."""
DHCP_SECONDS = 60.0
"""How long DHCP may take once there is a link."""
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

    `lease` is a sentence about a lease that is being renewed, "" where there is none.
    """

    phase: Phase
    sentence: str
    seconds: float = 0.0
    attempts: int = 0
    address: str | None = None
    gateway: str | None = None
    server: str | None = None
    lease: str = ""

    @property
    def over(self) -> bool:
        """True when the address is there or will not come."""
        return self.phase in (Phase.DONE, Phase.FAILED)


def raise_links(nics: Iterable[Nic], note: Note = lambda line: None) -> None:
    """Bring the cards up, so that the kernel can tell whether they have a link; one that will not come up is left."""
    for nic in nics:
        _ip(note, "link", "set", "dev", nic.name, "up")


def has_link(name: str) -> bool:
    """True when the interface is up and has a carrier; False also when it does not exist.

    IFF_RUNNING would be no answer: the kernel sets it with the interface and takes it back up to a second later.
    """
    try:
        return Path(f"/sys/class/net/{name}/carrier").read_text().strip() == "1"
    except OSError:  # EINVAL while the interface is down
        return False


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
        link_seconds: float = LINK_SECONDS,
        dhcp_seconds: float = DHCP_SECONDS,
        run: Path = RUN,
        script: Path = SCRIPT,
    ) -> None:
        self._nic, self._address, self._note = nic, address, note
        self._link_seconds, self._dhcp_seconds = link_seconds, dhcp_seconds
        self._run, self._script = run, script
        self._changed = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._stop = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._state = AddressState(Phase.WAITING_FOR_LINK, f"Waiting for a link on {nic.name}.")
        self._since = time.monotonic()
        self._refusal = ""
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
            self._show(Phase.FAILED, str(error))
        except Exception as error:  # a bug, but the screen that waits for this thread must learn of it
            self._note(traceback.format_exc())
            self._show(Phase.FAILED, f"{self._nic.name} could not be set up: {error!r}.")

    def _bring_up(self) -> None:
        name, given = self._nic.name, self._address.source is AddressSource.GIVEN
        self._run.mkdir(parents=True, exist_ok=True)
        self._end_older_client()
        with _link_reports() as reports:
            self._must("link", "set", "dev", name, "up")
            if given:
                self._set_given()
            self._wait_for_link(reports)
        if given:
            address = f"{self._address.address}/{self._address.prefix}"
            self._show(Phase.DONE, f"{name} has {address}.", address=address, gateway=self._address.gateway)
        else:
            self._show(Phase.ASKING, f"Asking for an address by DHCP on {name}.")
        if not given or self._address.lease:
            self._run_client()

    def _set_given(self) -> None:
        name, address = self._nic.name, f"{self._address.address}/{self._address.prefix}"
        if set(self._nic.addresses) - {address}:
            self._must("-4", "addr", "flush", "dev", name)  # of an earlier attempt; udpcast would pick the first
        self._must("addr", "replace", address, "broadcast", "+", "dev", name)
        if self._address.gateway:
            # Not needed in a room of one subnet: a wrong one is no reason to stop.
            _ip(self._note, "route", "replace", "default", "via", self._address.gateway, "dev", name)

    def _wait_for_link(self, reports: socket.socket) -> None:
        deadline = time.monotonic() + self._link_seconds
        while not has_link(self._nic.name):
            if not self._wait(reports.fileno(), deadline):
                raise NetworkFailed(
                    f"{self._nic.name} ({self._nic.mac}) has no link after {self._link_seconds:.0f} s.",
                    "Plug in its cable and check the switch, or choose another card.",
                )
            _take(reports)

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

    def _show(self, phase: Phase, sentence: str, **values: object) -> None:
        now = time.monotonic()
        if phase is not self._state.phase:
            values["seconds"], self._since = now - self._since, now
        self._state = replace(self._state, phase=phase, sentence=sentence, **values)  # type: ignore[arg-type]
        self._note(sentence)
        os.eventfd_write(self._changed, 1)

    def _must(self, *words: str) -> None:
        problem = _ip(self._note, *words)
        if problem:
            raise NetworkFailed(f"{self._nic.name} could not be set up: {problem}.", "Choose another card or address.")

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
                sentence = f"Asking for an address by DHCP on {self._nic.name}, attempt {attempts}."
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
                f"{name} has {address} from the DHCP server {lease.server}.",
                address=address,
                gateway=lease.gateway,
                server=lease.server,
                lease=f"{lease.server} leases {lease.address} for {lease.seconds} s.",
            )
        elif lease.event == "failed":
            raise NetworkFailed(f"{name} does not take {lease.address}/{lease.prefix}, which {lease.server} gave it.")
        elif lease.event == "nak" and not self._state.over:
            self._refusal = lease.message or "no reason given"
            self._show(Phase.ASKING, f"The DHCP server {lease.server} refused {name}: {self._refusal}.")

    def _compare_lease(self, lease: Lease, process: Process) -> None:
        """Report on the lease of an address that is kept whatever comes."""
        keep = self._keep
        if lease.event in ("bound", "renew") and lease.address == keep:
            self._show_lease(f"{lease.server} leases {keep} for {lease.seconds} s.", lease.server)
        elif lease.event == "bound":
            process.signal(signal.SIGUSR2)  # give back the address that nobody will use
            self._show_lease(
                f"{lease.server} would give {lease.address}; {keep} is kept, and not renewed.", lease.server
            )
            raise _Stopped
        elif lease.event in ("leasefail", "nak"):
            why = f"was refused ({lease.message})" if lease.event == "nak" else "was not renewed by any server yet"
            self._show_lease(f"The lease of {keep} {why}; it is kept.", None)

    def _show_lease(self, sentence: str, server: str | None) -> None:
        self._show(self._state.phase, self._state.sentence, lease=sentence, server=server)

    def _no_answer(self) -> NetworkFailed:
        name, tries, seconds = self._nic.name, self._state.attempts, f"{self._dhcp_seconds:.0f} s"
        hint = "Check the cable, the switch and the DHCP server, or give ip= and netmask=."
        if self._refusal:
            return NetworkFailed(f"The DHCP server refused {name} for {seconds}: {self._refusal}.", hint)
        return NetworkFailed(f"No DHCP server answered on {name} in {seconds} ({tries} attempts).", hint)

    def _client_ended(self, last_words: str) -> None:
        if self._state.phase is not Phase.DONE:
            raise NetworkFailed(f"The DHCP client ended on {self._nic.name}: {last_words or 'without a word'}.")
        self._show_lease("The DHCP client ended; the address is kept, and not renewed.", self._state.server)

    def _end_older_client(self) -> None:
        """End the client of a launcher that crashed: two of them would answer for one card."""
        with contextlib.suppress(OSError, ValueError):
            pid = int((self._run / PID_FILE).read_text())
            if b"udhcpc" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGTERM)


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


def _link_reports() -> socket.socket:
    """A socket that becomes readable when an interface changes (rtnetlink(7))."""
    reports = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
    reports.setblocking(False)
    reports.bind((0, 0x1))  # RTMGRP_LINK
    return reports


def _take(reports: socket.socket) -> None:
    try:
        while reports.recv(1 << 16):
            pass
    except OSError:  # nothing left, or more than it could hold
        pass
