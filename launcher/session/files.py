"""The files of answers that are read before the interview, one stage after the other: that of the boot medium, then the
one that ``config=`` names, on the line or in a file.

Only a PC that has one of them imports this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kernel_cmdline import CommandLine

from ..answers.configuration import CONFIG, Configuration
from ..sentence import Sentence
from .interviewing import Dialogue, Interviewing
from .stage import Stage

if TYPE_CHECKING:
    from .app import App
    from .fetching import Connect


@dataclass
class Files:
    """What was read, and what was wrong with it. `inside`: of the initrd; `label`: of the boot medium, None without.
    `ended`: see `Dialogue`."""

    line: CommandLine
    inside: tuple[Configuration, ...]
    label: str | None
    ended: bool
    connect: Connect
    medium: tuple[Configuration, ...] = ()
    errors: tuple[Sentence, ...] = ()

    def first(self, app: App) -> Stage:
        """The first stage of a run."""
        if not self.label:
            return self._fetching(app)
        from .finding_medium import FindingMedium  # noqa: PLC0415 - only a PC that was booted from a medium has one

        return FindingMedium(app, self.label, self._with_medium, then=self._fetching)

    def _with_medium(self, found: tuple[Configuration, ...], errors: tuple[Sentence, ...]) -> Dialogue:
        self.medium, self.errors = found, errors
        return Dialogue.of(self.line, (*found, *self.inside), errors, self.ended)

    def _fetching(self, app: App) -> Stage:
        if CONFIG not in app.dialogue.given:
            return Interviewing(app)
        from .fetching import Fetching  # noqa: PLC0415 - as above

        return Fetching(app, self.connect, self._with_fetched)

    def _with_fetched(self, found: tuple[Configuration, ...], errors: tuple[Sentence, ...]) -> Dialogue:
        files = (*found, *self.medium, *self.inside)
        return Dialogue.of(self.line, files, (*self.errors, *errors), self.ended, incomplete=not found)
