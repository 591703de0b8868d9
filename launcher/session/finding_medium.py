"""The stage before the interview of a PC that was booted from a medium: its ``udpcfg.txt`` may answer questions.

- The medium is waited for as long as a device that is named and missing. Without it the interview asks, and says why;
  nothing goes on unattended then.
- What was read is kept: the medium may be pulled out, and the launcher may start again.
- A thread reads it: a scratched disc takes its time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from .. import paths
from ..answers.configuration import LONGEST, NAME, Configuration, Origin, read_configuration
from ..hardware.iso9660 import NoIso9660, read_file
from ..model.medium import find_medium
from ..model.times import TIMES
from ..reasons import reason
from ..screens import pages
from ..sentence import NOTHING, Sentence, say
from .interviewing import Dialogue, Interviewing
from .stage import LEAVING, Stage

if TYPE_CHECKING:
    from .app import App

Renew = Callable[[tuple[Configuration, ...], tuple[Sentence, ...]], Dialogue]
"""Makes the dialogue, with what was found and with what went wrong."""

Read = Callable[[Path], bytes | None]


def read_from(device: Path) -> bytes | None:
    """The file on this medium. Raises NoIso9660, OSError."""
    return read_file(device, NAME, LONGEST + 1)


class FindingMedium(Stage):
    """Waits for the medium with this volume label, and reads its file."""

    reads = True

    def __init__(
        self, app: App, label: str, renew: Renew, read: Read = read_from, then: Callable[[App], Stage] = Interviewing
    ) -> None:
        """`then` makes the stage that follows."""
        super().__init__(app)
        self._then = then
        self._label = label
        self._renew = renew
        self._read = read
        self._came: SimpleQueue[tuple[bytes | None, Sentence]] = SimpleQueue()
        self._reading = False

    @property
    def pace(self) -> float:
        return 0.02 if self._reading else 0.25

    def begin(self) -> None:
        try:
            self._go_on(paths.MEDIUM.read_bytes(), NOTHING)
        except OSError:
            self._look()  # again, when there are devices

    def tick(self) -> None:
        if not self._came.empty():
            self._go_on(*self._came.get())
        elif not self._reading:
            if self.app.devices.completed:
                self.app.devices.look()
            self._look()

    def devices_changed(self) -> None:
        self.app.devices.look()
        if not self._reading:
            self._look()

    def back(self) -> None:
        """There is no question before this."""

    def act(self, action: str) -> None:
        if action in LEAVING:
            super().act(action)
        else:
            self.app.drop_menu()
            self.app.devices.wait_anew()
            self._look()

    def _look(self) -> None:
        medium = find_medium(self.app.machine, self._label)
        left = self.app.devices.left
        if medium:
            self._reading = True
            self.app.ui.hasten()
            threading.Thread(target=self._run, args=[Path(medium.path)], name="medium", daemon=True).start()
            self._show(say("Reading {file} from {medium} ...", file=NAME, medium=medium.path))
        elif left > 0:
            self._show(
                say(
                    "Waiting up to {seconds} s for the disc or stick that this PC was booted from ({label}) ...",
                    seconds=int(left) + 1,
                    label=self._label,
                )
            )
        else:
            self._go_on(None, self._missing())

    def _show(self, sentence: Sentence) -> None:
        self.app.show(pages.waiting(sentence, self.app.host, behind=False))

    def _missing(self) -> Sentence:
        return say(
            "The medium that this PC was booted from ({label}) was not found within {seconds} s, so its {file} was not "
            "read.",
            label=self._label,
            seconds=int(TIMES.device),
            file=NAME,
        )

    def _run(self, device: Path) -> None:
        """In the thread."""
        try:
            self._came.put((self._read(device), NOTHING))
        except NoIso9660:
            self._came.put((None, say("{medium} has no ISO 9660 file system that can be read.", medium=str(device))))
        except OSError as error:
            words = {"medium": str(device), "file": NAME, "reason": reason(error)}
            self._came.put((None, say("{medium}: {file} cannot be read: {reason}.", **words)))

    def _go_on(self, text: bytes | None, problem: Sentence) -> None:
        if text is not None and len(text) > LONGEST:
            text, problem = None, say("{file} is longer than 64 KiB, and was not read.", file=NAME)
        if text is not None:
            self._keep(text)
        found = () if text is None else (read_configuration(text, origin=Origin.MEDIUM),)
        dialogue = self._renew(found, (problem,) if problem else ())
        self.app.log.emit(
            "medium",
            label=self._label,
            found=text is not None,
            warnings=[str(one) for one in (*dialogue.warnings, *dialogue.errors)],
        )
        self.app.dialogue = dialogue
        self.app.enter(self._then(self.app))

    def _keep(self, text: bytes) -> None:
        new = paths.MEDIUM.with_suffix(".new")
        try:
            new.write_bytes(text)
            new.replace(paths.MEDIUM)
        except OSError as error:
            self.app.log.emit("note", text=f"{paths.MEDIUM} could not be written: {error.strerror}")
