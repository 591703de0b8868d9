"""The interview on the screens: the stage that asks, and the dialogue, its memory, which outlives the stage.

The interview is replayed from the start at every event (an answer, *back*, a device that appears): whatever it
finds open becomes the page. So a page never remembers anything, and a replay on another machine asks exactly what is
open there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kernel_cmdline import CommandLine
from kernel_cmdline.network import IpConfig

from ..answers.interview import CONFIRM, NO, Ask, Back, Interview, Settled, Told, refuse
from ..answers.lookup import given_answers
from ..answers.questions import OPERATOR, Facts, Given, GivenAnswers, Question
from ..answers.reading_boot import named_drivers
from ..answers.selectors import DeviceMissing
from ..answers.validation import doubtful, explain_all
from ..errors import AnswerError, ErrorKind, LauncherError, Unanswered
from ..model.machine import Machine, Nic
from ..model.plan import Plan, Target
from ..model.wording import more
from ..screens import pages
from ..screens.pages import Pending
from ..sentence import Sentence, joined, say
from ..translate import set_language
from .devices import DEADLINE, Devices
from .stage import Stage

if TYPE_CHECKING:
    from ..answers.configuration import Configuration
    from ..screens.widgets import Page
    from .app import App
    from .reopening import Opened


SHOWN_ERRORS = 5


class Dialogue:
    """The memory of the interview, which is replayed with it at every event.

    `errors` stop an unattended run; `doubt`: one of them must be seen by the operator.
    `ended`: a transfer has ended on this PC, so that another one begins with the role, whatever was given.
    `incomplete`: a file of answers could not be read.
    `review`: what was given is asked as well, preselected.
    `focus`: by question, the choice that the operator had moved to before he went elsewhere.
    `drivers`: those that are named, and not loaded yet.
    `opened`: what he has opened over the question that is asked.
    """

    def __init__(
        self,
        given: GivenAnswers,
        warnings: tuple[Sentence, ...] = (),
        errors: tuple[Sentence, ...] = (),
        doubt: bool = False,
        ended: bool = False,
        incomplete: bool = False,
    ) -> None:
        self.given = given
        self.warnings = warnings
        self.errors = errors
        self.doubt = doubt
        self.ended = ended
        self.incomplete = incomplete
        self.review = False
        self.told = Told({})
        self.focus: dict[str, str] = {}
        self.drivers = named_drivers(given)
        self.opened: Opened | None = None

    @classmethod
    def of(
        cls,
        line: CommandLine,
        configurations: tuple[Configuration, ...] = (),
        errors: tuple[Sentence, ...] = (),
        ended: bool = False,
        incomplete: bool = False,
    ) -> Dialogue:
        """The dialogue that begins with this line, and these files beside it. `errors`: what was wrong besides, which
        is that a file could not be read."""
        explained, warnings, wrong = explain_all(line, None, configurations)
        given = given_answers(line, *(one.answers for one in configurations))
        return cls(
            given, warnings, (*wrong, *errors), bool(errors) or doubtful(explained), ended, incomplete or bool(errors)
        )

    @property
    def spoken(self) -> GivenAnswers:
        """What was given, with the keyboard that the operator has chosen since."""
        told = self.told.answers.get("kbmap")
        return self.given if told is None else {**self.given, "kbmap": Given(told, OPERATOR, "kbmap")}

    def interview(self, devices: Devices, ask: Ask) -> Interview:
        """The interview as it stands, on what is there now."""
        return Interview(
            self.given,
            devices.machine,
            ask,
            self.told,
            review=self.review,
            doubt=self.doubt or self.ended,
            complete=devices.complete,
        )

    def host(self, devices: Devices) -> str:
        """What tells this PC from others, as far as the interview has come."""
        return host_of(self.interview(devices, refuse).preview(), devices.machine)

    def notes(self, interview: Interview) -> tuple[Sentence, ...]:
        """What the operator is to see beside the questions, each once."""
        notes = (*self.errors, *self.warnings, *interview.warnings)
        return tuple({str(note): note for note in notes}.values())

    def still_means(self, target: Target, devices: Devices) -> bool:
        """Whether the answers still choose `target`, now that the network is there: in the time for that another disk
        may have appeared, and who has confirmed nothing has not said which of the two may be overwritten."""
        chosen = self.chosen("disk", devices)
        return (isinstance(chosen, Target) and chosen.path == target.path) or CONFIRM in self.told.answers

    def chosen(self, key: str, devices: Devices) -> object:
        """The value that the answers give a question now; None where it is open."""
        settled = self.interview(devices, refuse).preview()
        return next((item.value for item in settled if item.key == key), None)

    def loaded(self, errors: tuple[Sentence, ...], warnings: tuple[Sentence, ...]) -> None:
        """The drivers were loaded, but for these."""
        self.drivers = ()
        self.errors += errors
        self.warnings += warnings
        self.doubt = self.doubt or bool(errors)

    def back(self) -> None:
        """Forget the last told answer; before the first one, ask also what was given."""
        if not self.told.back():
            self.review = True

    def anew(self) -> None:
        """Ask everything again, with what was given preselected."""
        self.told = self.told.anew()
        self.opened = None
        self.review = True

    def over(self, ended: bool) -> None:
        """There is a result. `ended`: of a transfer that had begun."""
        self.told = self.told.anew()
        self.opened = None
        self.ended = self.ended or ended


def told_apart(address: str | None, nic: Nic | None) -> str:
    """An address (as CIDR or without its prefix) and a card's, side by side."""
    return "  ".join(word for word in ((address or "").partition("/")[0], nic.mac if nic else "") if word)


def host_of(settled: tuple[Settled, ...], machine: Machine) -> str:
    """What tells this PC from others, by what is settled: the chosen card, or the only one."""
    values = {item.key: item.value for item in settled if item.key in ("nic", "ip")}
    nic, ip, nics = values.get("nic"), values.get("ip"), machine.nics
    card = nic if isinstance(nic, Nic) else nics[0] if len(nics) == 1 else None
    return told_apart(ip.client if isinstance(ip, IpConfig) and card else None, card)


def _pend(question: Question, facts: Facts, preset: str | None, problem: AnswerError | None) -> str:
    raise Pending(question, facts, preset, problem)


class Interviewing(Stage):
    """Asks what is open, waits for devices that could change an answer, and ends with a plan."""

    def __init__(self, app: App) -> None:
        super().__init__(app)
        self._dialogue = app.dialogue
        self._devices = app.devices

    def begin(self) -> None:
        """Replay the interview and show what it stops at, or carry out its plan."""
        if self._dialogue.drivers:
            self.app.load_drivers(self)
            return
        mixed = self._devices.mixed()
        if mixed:
            self._speak()
            self.app.fail(mixed)
            return
        interview = self._dialogue.interview(self._devices, _pend)
        try:
            plan = self._plan(interview)
        except Pending as pending:
            set_language(interview.language)
            self._ask(pending, interview)
        except Back:
            self.back()
        except DeviceMissing as missing:
            self._speak()
            self._wait_or_fail(missing)
        except LauncherError as error:
            self._speak()
            if isinstance(error, Unanswered) and not self._devices.complete:
                self._wait_for_devices()
            else:
                self.app.fail(error)
        else:
            set_language(interview.language)
            if self._devices.may_change(interview) or self._devices.unlooked_at(plan.target.disk):
                self._wait_for_devices()
            else:
                self._carry_out(plan, interview)

    def _speak(self) -> None:
        """Take the language for a screen that is no question: an interview that failed may not have come so far."""
        preview = self._dialogue.interview(self._devices, refuse)
        preview.preview()
        set_language(preview.language)

    def _plan(self, interview: Interview) -> Plan:
        errors = self._dialogue.errors
        if interview.auto and errors and not self._dialogue.review:
            hint = say("Nothing is done unattended with a wrong append line.")
            whole = joined(" ", *errors[:SHOWN_ERRORS], more(len(errors) - SHOWN_ERRORS))
            raise LauncherError(ErrorKind.WRONG_LINE, whole, hint)
        return interview.plan()

    def _carry_out(self, plan: Plan, interview: Interview) -> None:
        for item in interview.settled:
            if item.answer:
                self.app.log.emit("answer", key=item.key, text=item.answer.text, source=str(item.answer.source))
        for warning in interview.warnings:
            self.app.log.emit("note", text=str(warning))
        self.app.log.emit("plan", **plan.record())
        self.app.enter(self.app.carry_out(self.app, plan))

    # --- questions ------------------------------------------------------------------------------------------------

    def _ask(self, pending: Pending, interview: Interview) -> None:
        key = pending.question.key
        missing = isinstance(pending.problem, DeviceMissing) or (
            key in ("disk", "nic") and not pending.question.choices(pending.facts)
        )
        to_come = self._devices.may_change(interview) or self._devices.unlooked_at(*self.app.machine.eligible_disks)
        if (missing and not self._devices.complete) or (key == CONFIRM and to_come):
            self._wait_for_devices()
            return
        page = self._over() or self._question(pending)
        self.app.show(page)

    def _over(self) -> Page | None:
        """What the operator has opened over the question."""
        if self._dialogue.opened is None:
            return None
        from .reopening import page  # noqa: PLC0415 - the first screen can do without

        shown = page(self, self._dialogue, self._dialogue.opened)
        if shown is None:
            self._dialogue.opened = None
        return shown

    def _question(self, pending: Pending) -> Page:
        key = pending.question.key
        preview = self._dialogue.interview(self._devices, refuse)
        settled = preview.preview()
        notes = self._dialogue.notes(preview)
        shown = pages.Shown(pending, settled, self._devices.complete, notes, host_of(settled, self.app.machine))
        focus = self._dialogue.focus.get(key)
        return pages.question(
            shown,
            focus,
            lambda text: self.answer(key, text),
            lambda text: self._moved(key, text),
            lambda: self.app.over(pages.warnings(notes, self.app.host)),
            self.open,
        )

    def _moved(self, key: str, text: str | None) -> None:
        if text is not None:
            self._dialogue.focus[key] = text

    def answer(self, key: str, text: str) -> None:
        """The operator's answer to the question `key`."""
        self._dialogue.focus.pop(key, None)
        if key == CONFIRM and text == NO:
            self.back()
            return
        self._dialogue.told.tell(key, text)
        self.begin()

    def open(self, key: str) -> None:
        """Put the question `key` once more, or show all that is settled."""
        from .reopening import opened  # noqa: PLC0415 - as above

        self._dialogue.opened = opened(key, self._dialogue.opened)
        self.begin()

    def back(self) -> None:
        """Close what is open over the question, or go back to the question before."""
        if self._dialogue.opened is None:
            super().back()
        else:
            self._dialogue.opened = self._dialogue.opened.closed()
            self.begin()

    # --- devices --------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        page = self.app.ui.page
        if self._devices.completed or self._devices.unready:
            self.devices_changed()
        elif page and page.name == "waiting":
            self.begin()

    def devices_changed(self) -> None:
        self._devices.look()
        self.begin()

    def _wait_for_devices(self) -> None:
        self._wait(say("Detecting disks and network cards ..."))

    def _wait_or_fail(self, missing: DeviceMissing) -> None:
        left = self._devices.left
        if mixed := self._devices.mixed(missing=True):
            self.app.fail(mixed)
        elif left > 0 and not self._devices.complete:
            self._wait_for_devices()
        elif left > 0:
            more = say("Waiting up to {seconds} s more for it to appear.", seconds=int(left) + 1)
            self._wait(joined(" ", missing.sentence, more))
        else:
            waited = say("Waited {seconds} s.", seconds=int(DEADLINE))
            hint = joined(" ", waited, missing.hint)
            self.app.fail(LauncherError(ErrorKind.DEVICE_MISSING, missing.sentence, hint))

    def _wait(self, sentence: Sentence) -> None:
        self.app.show(pages.waiting(sentence, self.app.host))
