"""Link and address of the chosen card, without blocking the screens.

`AddressJob` works in a thread of its own, with `ip` and busybox `udhcpc`; the screens poll its `fileno` and read its
`state`. What is decided here:

- An address of ``ip=`` is set at once. When it is a lease (PXE got it), udhcpc asks for this same address in the
  background, with one identifier after the other that the firmware may have used (`identifiers`), until it is offered
  again; it renews it as long as the launcher runs. Another address that a server gives is handed back at once. A server
  that does not answer, or refuses, changes nothing: two addresses in the middle of a clone are worse than a lease that
  runs out.
- Without one, udhcpc asks until somebody answers or `TIMES.dhcp` is over, then renews.
- An address that no PC can have (`addresses`) is declined, and asked for anew.
- An address is never taken away: a clone under way matters more than a lease that ran out.

No default route is needed: udpcast names the interface for its multicast (measured: tests/launcher/network/).
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from ..errors import ErrorKind, LauncherError, NetworkFailed
from ..hardware.interfaces import LINKS, reports, take
from ..model.addresses import prefix_of, unusable, usual_prefix
from ..model.machine import Nic
from ..model.plan import Address, AddressSource
from ..model.times import TIMES
from ..paths import RUN
from ..sentence import NOTHING, Sentence, say, say_many, verbatim
from .card import Note, bring_up, has_link, set_address
from .client import end_older, said
from .dhcp import ASKS, REPORTS, Lease, client_argv, read_lease
from .handing_back import Why, hand_back
from .identifiers import identifiers, own

SCRIPT = Path(__file__).with_name("udhcpc-script")
PAUSE, LONG_PAUSE = 2.0, 60.0
"""Seconds until a server is asked anew: where the PC waits for its address, and where nothing depends on it."""

Hear = Callable[[Lease], bool]
"""Takes a report of the client; True when that client has told enough, and is to be ended."""


class Phase(Enum):
    """Where the job stands."""

    WAITING_FOR_LINK = "waiting-for-link"
    ASKING = "asking"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class AddressState:
    """What a screen shows. `seconds` in this phase, and those that are `left` until it is given up; `attempts` of DHCP,
    `address` as CIDR.

    `boot_server`: the next server that the DHCP server names. `lease` is about a lease that is being renewed, `NOTHING`
    where there is none. `kind` is that of a failure.
    """

    phase: Phase
    sentence: Sentence
    seconds: float = 0.0
    left: float = 0.0
    attempts: int = 0
    address: str | None = None
    gateway: str | None = None
    server: str | None = None
    boot_server: str | None = None
    lease: Sentence = NOTHING
    kind: ErrorKind = ErrorKind.NO_ADDRESS

    @property
    def over(self) -> bool:
        """True when the address is there or will not come."""
        return self.phase in (Phase.DONE, Phase.FAILED)


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
        if state.over:
            return state
        seconds = time.monotonic() - self._since
        whole = self._link_seconds if state.phase is Phase.WAITING_FOR_LINK else self._dhcp_seconds
        return replace(state, seconds=seconds, left=max(0.0, whole - seconds))

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
        end_older(self._run)
        with reports(LINKS) as changes:
            self._must(bring_up(name, self._note))
            if given:
                self._set_given()
            self._wait_for_link(changes)
        if given:
            address = f"{self._address.address}/{self._address.prefix}"
            sentence = say("{nic} has {address}.", nic=name, address=address)
            self._show(Phase.DONE, sentence, address=address, gateway=self._address.gateway)
            if self._address.lease:
                self._keep_lease()
        else:
            self._show(Phase.ASKING, say("Asking for an address by DHCP on {nic}.", nic=name))
            self._ask()

    def _set_given(self) -> None:
        given = self._address
        assert given.address and given.prefix
        self._must(set_address(self._nic.name, given.address, given.prefix, given.gateway, self._note))

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

    def _pause(self, seconds: float) -> None:
        """Let some time pass. Raises _Stopped after `close`."""
        if select.select([self._stop], [], [], seconds)[0]:
            raise _Stopped

    def _show(self, phase: Phase, sentence: Sentence, **values: object) -> None:
        now = time.monotonic()
        if phase is not self._state.phase:
            values["seconds"], self._since = now - self._since, now
        self._state = replace(self._state, phase=phase, sentence=sentence, **values)  # type: ignore[arg-type]
        self._note(str(sentence))
        os.eventfd_write(self._changed, 1)

    def _must(self, problem: str) -> None:
        if problem:
            hint = say("Choose another card or address.")
            raise NetworkFailed(ErrorKind.NO_ADDRESS, self._not_set_up(problem), hint)

    def _not_set_up(self, problem: str) -> Sentence:
        return say("{nic} could not be set up: {problem}.", nic=self._nic.name, problem=problem)

    # --- the DHCP client --------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        """Get an address that can be used, and renew it until `close`. Raises NetworkFailed when there is none."""
        deadline = time.monotonic() + self._dhcp_seconds
        identifier = own(self._nic.mac)
        while self._follow(identifier, None, lambda lease: self._take_lease(lease, identifier), deadline):
            self._pause(min(PAUSE, max(0.0, deadline - time.monotonic())))

    def _keep_lease(self) -> None:
        """Ask for the address that is in use until it is offered, and renew it until `close`."""
        left = list(identifiers(self._nic.mac, self._address.sysuuid))
        other = Lease("")
        while left:
            for one in tuple(left):
                if self._follow(one, self._address.address, self._compare_lease, None):
                    other = self._report()
                    if other.event != "nak":
                        self._hand_back(Why.RELEASED, one, other)
                        left.remove(one)
            if left:
                self._pause(LONG_PAUSE)
        sentence = say(
            "{server} would give {other}; {address} is kept, and not renewed.",
            server=other.server,
            other=other.address,
            address=self._address.address,
        )
        self._show_lease(sentence, other.server)

    def _follow(self, identifier: str | None, keep: str | None, hear: Hear, deadline: float | None) -> bool:
        """Run udhcpc until `close`, until it ends, or until nobody answered in time; True when `hear` had enough."""
        argv = client_argv(self._nic.name, self._run, self._script, identifier, keep)
        last = ""
        with contextlib.closing(said(argv, lambda end: self._wait_for_answer(end, deadline), self._note)) as lines:
            for line in lines:
                last = line
                if line in ASKS:
                    self._count_attempt()
                elif line.startswith(REPORTS) and hear(self._report()):
                    return True
        self._client_ended(last)
        return False

    def _wait_for_answer(self, end: int, deadline: float | None) -> None:
        if not self._wait(end, None if self._state.phase is Phase.DONE else deadline):
            raise self._no_answer()

    def _report(self) -> Lease:
        """What udhcpc-script wrote last."""
        return read_lease((self._run / f"dhcp-{self._nic.name}").read_text(errors="replace"))

    def _count_attempt(self) -> None:
        attempts, sentence = self._state.attempts + 1, self._state.sentence
        if not self._state.over:
            sentence = say(
                "Asking for an address by DHCP on {nic}, attempt {attempt}.", nic=self._nic.name, attempt=attempts
            )
        self._show(self._state.phase, sentence, attempts=attempts)

    def _take_lease(self, lease: Lease, identifier: str | None) -> bool:
        """Use the address that was given; True when no PC can have it."""
        name = self._nic.name
        if lease.event in ("bound", "renew"):
            prefix = prefix_of(lease.netmask) or usual_prefix(lease.address, lease.server, lease.gateway)
            address = f"{lease.address}/{prefix}"
            why = unusable(lease.address, prefix, lease.server)
            if why:
                self._hand_back(Why.DECLINED, identifier, lease)
                self._trouble(
                    say(
                        "The DHCP server {server} gave {nic} the address {address}: {why}.",
                        server=lease.server,
                        nic=name,
                        address=address,
                        why=why,
                    ),
                )
                return True
            if problem := set_address(name, lease.address, prefix, lease.gateway, self._note):
                sentence = say(
                    "{nic} does not take {address}, which {server} gave it: {problem}.",
                    nic=name,
                    address=address,
                    server=lease.server,
                    problem=problem,
                )
                raise NetworkFailed(ErrorKind.NO_ADDRESS, sentence)
            self._show(
                Phase.DONE,
                say(
                    "{nic} has {address} from the DHCP server {server}.", nic=name, address=address, server=lease.server
                ),
                address=address,
                gateway=lease.gateway,
                server=lease.server,
                boot_server=lease.boot_server,
                lease=_leased(lease),
            )
        elif lease.event == "nak" and not self._state.over:
            self._trouble(
                say(
                    "The DHCP server {server} refused {nic}: {reason}.",
                    server=lease.server,
                    nic=name,
                    reason=verbatim(lease.message) if lease.message else say("no reason given"),
                )
            )
        return False

    def _trouble(self, sentence: Sentence) -> None:
        """Tell what a server answered that gives no address."""
        self._refusal = sentence
        if self._state.over:
            self._show_lease(sentence, self._state.server)
        else:
            self._show(Phase.ASKING, sentence)

    def _compare_lease(self, lease: Lease) -> bool:
        """Report on the lease of an address that is kept whatever comes; True when it is not this client's."""
        keep = self._address.address
        if lease.event in ("bound", "renew") and lease.address == keep:
            self._show_lease(_leased(lease), lease.server)
        elif lease.event in ("bound", "renew"):
            return True
        elif lease.event == "nak":
            refused = say(
                "The lease of {address} was refused ({reason}); it is kept.", address=keep, reason=lease.message
            )
            self._show_lease(refused, None)
            return True
        elif lease.event == "leasefail":
            silent = say("The lease of {address} was not renewed by any server yet; it is kept.", address=keep)
            self._show_lease(silent, None)
        return False

    def _hand_back(self, why: Why, identifier: str | None, lease: Lease) -> None:
        nic = self._nic
        problem = hand_back(why, nic.name, nic.mac, identifier, lease.address, lease.server)
        self._note(f"{lease.address} {why.name.lower()} to {lease.server} {problem}".strip())

    def _show_lease(self, sentence: Sentence, server: str | None) -> None:
        self._show(self._state.phase, self._state.sentence, lease=sentence, server=server)

    def _no_answer(self) -> NetworkFailed:
        name, seconds = self._nic.name, self._dhcp_seconds
        hint = say("Check the cable, the switch and the DHCP server, or give ip= and netmask=.")
        if self._refusal:
            sentence = say(
                "No address for {nic} in {seconds:.0f} s. {refusal}", nic=name, seconds=seconds, refusal=self._refusal
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
        if self._address.source is AddressSource.DHCP:
            self._show_lease(say("The DHCP client ended; the address is kept, and not renewed."), self._state.server)


def _leased(lease: Lease) -> Sentence:
    return say(
        "{server} leases {address} for {seconds} s.",
        server=lease.server,
        address=lease.address,
        seconds=lease.seconds,
    )


class _Stopped(Exception):
    """The job was closed, or has nothing left to do."""
