"""The running machine under the launcher: its devices, and what a plan is carried out with on it."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING

from kernel_cmdline import showable_json

from .. import paths
from ..events import EventLog
from ..model.machine import Machine, Nic
from ..model.plan import Address, Plan
from ..screens.console import Lines

if TYPE_CHECKING:
    from ..answers.questions import GivenAnswers
    from ..answers.reading_boot import Driver
    from ..errors import LauncherError
    from ..hardware.detect import DeviceWatch
    from ..hardware.drivers import Loaded
    from ..hardware.sticks import Volume
    from ..network.address import AddressJob
    from ..network.result_page import Report
    from ..transfer.transfer import Transfer
    from .speaking import Speaking


def is_plain(locale: str) -> bool:
    """Whether it names no land, which may have a keyboard of its own."""
    return locale.strip().upper() in ("EN", "US")


class RunningSystem:
    """This PC, as /init left it. `medium`: the label of what it was booted from, which is no disk of it."""

    def __init__(self, log: EventLog, medium: str | None = None) -> None:
        self._log = log
        self._medium = medium
        self._devices: DeviceWatch | None = None
        self._raised: set[str] = set()
        self._speaking: Speaking | None = None

    def detect(self) -> Machine:
        """Disks and cards; a card that is new is brought up, because only then the kernel sees its link. Not before its
        driver is `ready`: Linux 6.1's e100 tells of a card before it can be used."""
        machine = self._detect()
        new = [nic for nic in machine.nics if nic.ready and nic.name not in self._raised]
        if not new:
            return machine
        from ..network.card import raise_links  # noqa: PLC0415 - not needed before the first card is there

        raise_links(new, self._note)
        self._raised |= {nic.name for nic in new}
        return self._detect()

    def _detect(self) -> Machine:
        from ..hardware.detect import detect  # noqa: PLC0415 - the first screen does not wait for pyudev

        if self._medium is None:
            return detect()
        from ..model.medium import without_medium  # noqa: PLC0415 - most PCs are booted by the network

        return without_medium(detect(), self._medium)

    def complete(self) -> bool:
        return paths.COLDPLUGGED.exists()

    def load(self, drivers: tuple[Driver, ...]) -> tuple[Loaded, ...]:
        from ..hardware.drivers import load_all  # noqa: PLC0415 - drivers are hardly ever named

        loaded = load_all(tuple(drivers), paths.DRIVERS)
        self._raised.clear()  # a card whose driver was loaded anew is down again
        return loaded

    def mixed(self) -> LauncherError | None:
        from ..hardware.kernel import mixed  # noqa: PLC0415 - not before a device is missing

        return mixed()

    def watch(self) -> int | None:
        from ..hardware.detect import DeviceWatch  # noqa: PLC0415 - the first screen does not wait for pyudev

        self._devices = DeviceWatch()
        return self._devices.fileno()

    def drain(self) -> bool:
        return self._devices is not None and self._devices.drain()

    def network(self, plan: Plan) -> AddressJob:
        return self.connect(plan.nic, plan.address)

    def connect(self, nic: Nic, address: Address) -> AddressJob:
        """Start to bring this card up."""
        from ..network.address import AddressJob  # noqa: PLC0415 - not needed before the first screen

        job = AddressJob(nic, address, self._note)
        job.start()
        return job

    def _note(self, text: str) -> None:
        self._log.emit("note", text=text)

    def transfer(self, plan: Plan) -> Transfer:
        from ..transfer.transfer import Transfer  # noqa: PLC0415

        transfer = Transfer(plan, self._log)
        transfer.start()
        return transfer

    def keep(self, record: dict[str, object]) -> None:
        """Write the result to `paths.RESULT`, whole or not at all."""
        new = paths.RESULT.with_suffix(".new")
        try:
            text = showable_json(json.dumps(record, ensure_ascii=False, indent=1))
            new.write_text(text + "\n", encoding="utf-8")
            new.replace(paths.RESULT)
        except OSError as error:
            self._note(f"{paths.RESULT} could not be written: {error.strerror}")

    def save(self, volume: Volume, name: str, text: bytes) -> str:
        from ..hardware.sticks import save  # noqa: PLC0415 - hardly ever wanted

        return save(volume, name, text)

    def lines(self) -> Lines:
        names = os.environ.get("UDPCAST_CONSOLES", "").split()
        return Lines(names[0] if names else "", tuple(names[1:]), self._drives)

    def _drives(self, name: str) -> None:
        paths.CONSOLE.write_text(name + "\n")
        self._note(f"the console {name} drives")

    def speak(self, language: str, given: GivenAnswers) -> None:
        if self._speaking is None:
            if language == "en" and "kbmap" not in given and ("lang" not in given or is_plain(given["lang"].text)):
                return
            from .speaking import Speaking  # noqa: PLC0415 - English on the American keyboard does without

            self._speaking = Speaking(self._note)
        self._speaking.speak(language, given)

    def spoken(self) -> None:
        if self._speaking:
            self._speaking.tell_init()

    def shells(self, allowed: bool) -> None:
        with contextlib.suppress(FileNotFoundError):  # the builder runs the launcher up to its first screen
            paths.SHELLS.write_text("yes\n" if allowed else "no\n")
        if allowed:
            return
        from ..hardware.terminal import lock  # noqa: PLC0415 - most PCs have shells

        lock(self._note)

    def stuck(self) -> bool:
        from .leaving import stuck  # noqa: PLC0415 - not before the end

        return stuck()

    def report(self, url: str) -> Report:
        from ..network.result_page import Report  # noqa: PLC0415

        return Report(url)
