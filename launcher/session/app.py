"""The controller of one run: the stage it is in, the page on the screen, the menu over it, and how it is left.

What there is to do in a stage stands in the stage (`stage`). Here is what outlives the stages: what was answered, the
devices, a page that is being told a result, the screen.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from .. import shells
from ..answers.questions import LINE
from ..answers.reading import YES_NO
from ..errors import ErrorKind, LauncherError
from ..events import EventLog
from ..exits import Exit
from ..model.machine import Machine
from ..model.plan import Plan
from ..screens import pages
from ..screens.ui import Ui
from ..screens.widgets import Page
from ..sentence import say
from ..translate import language
from .devices import Devices
from .interviewing import Dialogue, Interviewing
from .stage import Stage

if TYPE_CHECKING:
    from .pc import Pc
    from .telling import Telling

    CarryOut = Callable[["App", Plan], Stage]
    """Makes the stage that comes after the interview: the one that carries the plan out, or that ends a dry run."""


ALONE = 5.0
"""The other consoles wait until the devices are known, but no more seconds than these."""

SPOKEN = ("lang", "kbmap", "shell")
"""The parameters that keyboard, font and lines hang on."""


class App:
    """One run. `telling`: the page that was told last; it may answer in a later stage."""

    def __init__(
        self,
        pc: Pc,
        dialogue: Dialogue,
        log: EventLog,
        carry_out: CarryOut,
        first: Callable[[App], Stage] = Interviewing,
    ) -> None:
        self.pc = pc
        self.dialogue = dialogue
        self.log = log
        self.carry_out = carry_out
        self.devices = Devices(pc, log)
        self.telling: Telling | None = None
        self.status = Exit.AGAIN
        self._first = first
        self.stage: Stage = first(self)
        self._spoken: tuple[object, ...] = ()
        self._alone: float | None = time.monotonic()
        self._beneath: Page | None = None  # the page under the menu, while that is open
        self.ui = Ui(self.menu, self.back, self.touched, pc.lines())

    @property
    def machine(self) -> Machine:
        """What was last detected."""
        return self.devices.machine

    @property
    def host(self) -> str:
        """What tells this PC from others: the chosen card's address as far as it is known, and its MAC."""
        return self.stage.host or self.dialogue.host(self.devices)

    # --- the loop -------------------------------------------------------------------------------------------------

    def run(self) -> int:
        """Show screens until somebody or the plan ends it; the result is the exit status."""
        self.ui.every(self.pace, self.tick)
        self.ui.run(self.start)
        return int(self.status)

    def start(self) -> None:
        """The screen is there: begin. While the devices are still coming, the operator sees the first page before any
        look at them, and before what such a look needs is imported."""
        if self.dialogue.drivers:
            self.load_drivers(self.stage)
        first = self.stage
        if not self.pc.complete():
            first.begin()
        descriptor = self.pc.watch()
        if descriptor is not None:
            self.ui.watch(descriptor, self.devices_changed)
        self.devices.look()
        if self.stage is first:
            first.begin()
        gc.enable()  # `run` begins without

    def devices_changed(self) -> None:
        """What the PC's descriptor announced; a stage hears of it when it is worth detecting again."""
        if self.pc.drain():
            self.stage.devices_changed()

    def pace(self) -> float:
        """Seconds to the next tick."""
        return self.stage.pace

    def tick(self) -> None:
        """Let the stage see what has changed."""
        if self.telling:
            self.telling.poll()
        self.pc.spoken()
        if self._alone and (self.pc.complete() or time.monotonic() > self._alone + ALONE):
            self._alone = None
            self.ui.mirror()
        self.stage.tick()

    def touched(self) -> None:
        """A key was pressed."""
        self.stage.touched()

    # --- from stage to stage ---------------------------------------------------------------------------------------

    def enter(self, stage: Stage) -> None:
        """Go on with `stage`."""
        before, self.stage = self.stage, stage
        if before.pace > stage.pace:
            self.ui.hasten()
        stage.begin()
        if self.stage is stage and (before.transfers, before.locked) != (stage.transfers, stage.locked):
            self.renew_menu()  # it was opened for the stage before

    def load_drivers(self, then: Stage) -> None:
        """Load the drivers that are named, and go on with the stage `then`."""
        from .loading import Loading  # noqa: PLC0415 - hardly ever named, and importing delays the first screen

        if not self._shells_given():
            shells.permit(False)
        self.enter(Loading(self, then))

    def interview(self) -> None:
        """Give up what is under way, and ask what is open."""
        self.stage.abandon()
        self.enter(Interviewing(self))

    def interview_anew(self) -> None:
        """Begin the interview again on the machine as it is now, with a new deadline for what is missing; and with a
        file of answers that could not be read, while nobody has answered himself, and no transfer has ended."""
        self.stage.abandon()
        self.devices.wait_anew()
        self.devices.look()
        dialogue = self.dialogue
        read_again = dialogue.incomplete and not (dialogue.review or dialogue.told.answers or dialogue.ended)
        self.enter(self._first(self) if read_again else Interviewing(self))

    def change(self) -> None:
        """Ask everything again, with what was given preselected."""
        self.dialogue.anew()
        self.interview_anew()

    def fail(self, error: LauncherError) -> None:
        """Show an expected failure; the operator may try again, nothing goes on by itself."""
        from .stopped import Stopped  # noqa: PLC0415 - the first screen can do without

        self.enter(Stopped(self, error, self.stage))

    def leave(self, status: Exit) -> None:
        """End the program; /init does what `status` says."""
        if status is Exit.SHELL and not shells.allowed():
            self.fail(LauncherError(ErrorKind.WRONG_LINE, say("There is no shell on this PC: shell=no forbids it.")))
            return
        if status is Exit.SHELL and self.pc.stuck():
            sentence = say("There can be no shell: a disk does not answer, and the launcher waits for it.")
            hint = say("Restart this PC, or switch it off.")
            self.fail(LauncherError(ErrorKind.DISK_HANGS, sentence, hint))
            return
        if self.telling:
            self.telling.close()
        self.status = status
        self.log.emit("after", action=status.name.lower())
        self.ui.leave()

    # --- the page and the menu over it -----------------------------------------------------------------------------

    def show(self, page: Page) -> None:
        """Show `page`; the menu stays on top, and shows the newest page when it is closed."""
        self._speak()
        if self._beneath:
            self._beneath = page
            return
        new = self.ui.page is None or self.ui.page.name != page.name
        self.ui.show(page)
        if new:
            self.log.emit("screen", name=page.name)

    def _speak(self) -> None:
        """Keyboard, font and lines fit the language in which the next page is, before it is drawn."""
        given = self.dialogue.spoken
        spoken = language(), self.stage.reads, self.dialogue.incomplete, *(given.get(key) for key in SPOKEN)
        if spoken != self._spoken:
            self._spoken = spoken
            self._permit_shells()
            self.ui.speak(given["lang"].text if "lang" in given else "")
            self.pc.speak(language(), given)

    def _permit_shells(self) -> None:
        """A wrong word forbids a shell: better none. So does a file that could not be read, which may say so, until it
        is; for that the PC is told nothing."""
        if self.stage.reads:
            return
        unread = self.dialogue.incomplete and not self._shell_is_on_the_line()
        shells.permit(self._shells_given() and not unread)
        if shells.allowed() or not self._shells_given():
            self.pc.shells(shells.allowed())

    def _shells_given(self) -> bool:
        given = self.dialogue.given.get("shell")
        return given is None or YES_NO.get(given.text.strip().lower(), False)

    def _shell_is_on_the_line(self) -> bool:
        """The line wins over every file."""
        return "shell" in self.dialogue.given and self.dialogue.given["shell"].source == LINE

    def over(self, page: Page) -> None:
        """`page` over whatever is shown, until it is closed; the shown work goes on beneath it."""
        if self._beneath or not self.ui.page:
            return
        self._beneath = self.ui.page
        self.ui.show(page)

    def menu(self) -> None:
        """The menu over whatever is shown."""
        self.over(self._menu())

    def renew_menu(self) -> None:
        """What the menu offers, or what it says of that, is another now; show this where it is open."""
        if self._beneath and self.ui.page and self.ui.page.name == "menu":
            self.ui.show(self._menu())

    def _menu(self) -> Page:
        return pages.menu(self.act, self.stage.cancelling, self.host, self.stage.locked)

    def close_menu(self) -> None:
        """Show again what is beneath the menu, or beneath another page that lies over it."""
        beneath, self._beneath = self._beneath, None
        if beneath:
            self.ui.show(beneath)

    def drop_menu(self) -> None:
        """The menu gives way to the next page."""
        self._beneath = None

    def back(self) -> None:
        """Esc: closes the menu, or goes back."""
        if self._beneath:
            self.close_menu()
        else:
            self.stage.back()

    def act(self, action: str) -> None:
        """What was chosen on a page, or in the menu."""
        self.stage.touched()
        if action == "close":
            self.close_menu()
        elif action == "save":
            self.save()
        else:
            self.stage.act(action)

    def save(self) -> None:
        """Show the present answers as text, in the place of the menu."""
        from .saving import Saving  # noqa: PLC0415 - hardly ever wanted

        self.close_menu()
        Saving(self).begin()
