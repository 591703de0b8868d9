"""What a run is in, one stage after the other. A stage is an object that exists only while it is the stage.

    Interviewing ──plan──▶ Connecting ──address──▶ Transferring ──outcome──▶ Ended ──next cast──▶ Transferring
                                                        └──larger target──▶ Growing ──▶ Ended

What fails on the way leads to Stopped, or to Ended where nobody attends. From every stage but Transferring and
Growing the operator can begin the interview again: what was begun for the plan is given up then (`Stage.abandon`). In
a dry run the plan leads to Planned.

A stage enters the next one with `App.enter`, and does nothing more after that. Each is a module that is imported when
it is entered: the first screen must not wait for what comes after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..exits import Exit

if TYPE_CHECKING:
    from ..sentence import Sentence
    from .app import App

LEAVING = {"reboot": Exit.REBOOT, "poweroff": Exit.POWEROFF, "shell": Exit.SHELL}


class Stage:
    """What is the same in every stage that does not say otherwise. Only the stage that is entered hears anything."""

    transfers = False
    """Whether a transfer runs: the menu then offers to cancel it, and nothing else."""

    reads = False
    """Whether answers are yet to be read, which may forbid what the operator can do."""

    def __init__(self, app: App) -> None:
        self.app = app

    @property
    def host(self) -> str:
        """What tells this PC from others, when a plan has settled it: the card's address and its MAC."""
        return ""

    @property
    def pace(self) -> float:
        """Seconds between two ticks."""
        return 0.25

    @property
    def locked(self) -> bool:
        """Whether nothing can be left now: the menu then offers nothing but to go back to the screen."""
        return False

    @property
    def cancelling(self) -> Sentence | None:
        """What it means to cancel the transfer now; None where none runs."""
        return None

    def begin(self) -> None:
        """It is the stage now."""

    def tick(self) -> None:
        """Some time has passed."""

    def devices_changed(self) -> None:
        """Disks or cards may have come or gone."""

    def touched(self) -> None:
        """A key was pressed; what it does comes after this."""

    def back(self) -> None:
        """The operator wants to go back: to the question before."""
        self.app.dialogue.back()
        self.app.interview()

    def act(self, action: str) -> None:
        """Do what was chosen on the page, or in the menu over it."""
        self.app.drop_menu()
        if action in ("retry", "rescan"):
            self.app.interview_anew()
        elif action == "change":
            self.app.change()
        else:
            self.app.leave(LEAVING[action])

    def abandon(self) -> None:
        """The interview begins again: end what was begun for the plan."""
