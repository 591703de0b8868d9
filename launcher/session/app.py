"""The operator's way through the program: interview, network, transfer, result.

The interview is replayed from the start at every event (an answer, *back*, a device that appears): whatever it
finds open becomes the page. So a page never remembers anything, and a replay on another machine asks exactly what is
open there.
"""

from __future__ import annotations

import time
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from ..answers.interview import CONFIRM, NO, Ask, Back, Interview, Told, refuse
from ..answers.questions import Facts, GivenAnswers, Question
from ..answers.selectors import DeviceMissing, exchanged
from ..errors import AnswerError, ErrorKind, LauncherError, Unanswered
from ..events import EventLog
from ..exits import Exit
from ..model.machine import Machine
from ..model.plan import Next, Plan, Target
from ..screens import pages
from ..screens.pages import Pending
from ..screens.ui import Ui
from ..screens.widgets import Page
from ..sentence import Sentence
from ..translate import set_language, tr
from .devices import DEADLINE, Detection, Devices

if TYPE_CHECKING:  # what is needed only after the interview is imported then: the first screen must not wait for it
    from ..model.afterwards import Result
    from ..model.outcome import Outcome
    from ..network.address import AddressJob
    from ..network.result_page import Report
    from ..screens.progress import TransferPage
    from ..transfer.transfer import Transfer
    from .following import Following

LEAVING = {Next.REBOOT: Exit.REBOOT, Next.POWEROFF: Exit.POWEROFF, Next.SHELL: Exit.SHELL}


class Stage(Enum):
    """Where the run is; what a page shows and what a tick does depends on it."""

    INTERVIEW = "interview"
    NETWORK = "network"
    TRANSFER = "transfer"
    OVER = "over"


class System(Detection, Protocol):
    """The machine under the launcher: the real one, or a recorded one for a dry run."""

    def watch(self) -> int | None:
        """A descriptor that is readable when devices may have changed."""

    def drain(self) -> bool:
        """Take what made `watch` readable; True when it is worth detecting again."""

    def network(self, plan: Plan) -> AddressJob:
        """Start to bring up the plan's card."""

    def transfer(self, plan: Plan) -> Transfer:
        """Start the plan's processes."""

    def keep(self, record: dict[str, object]) -> None:
        """Keep a result where a shell and a script find it."""

    def stuck(self) -> bool:
        """Whether the program cannot end, because a disk does not answer."""

    def report(self, url: str) -> Report:
        """Begin to tell a page."""


def _pend(question: Question, facts: Facts, preset: str | None, problem: AnswerError | None) -> str:
    raise Pending(question, facts, preset, problem)


class App:
    """One run. `errors` stop an unattended run; `doubt`: one of them must be seen by the operator.

    `ended`: a transfer has ended on this PC, so that another one begins with the role, whatever was given.
    `plan` is the last plan reached; a `dry` run ends there instead of carrying it out.
    """

    def __init__(
        self,
        system: System,
        given: GivenAnswers,
        log: EventLog,
        warnings: tuple[Sentence, ...] = (),
        errors: tuple[Sentence, ...] = (),
        doubt: bool = False,
        dry: bool = False,
    ) -> None:
        self.system = system
        self.given = given
        self.log = log
        self.warnings = warnings
        self.errors = errors
        self.doubt = doubt
        self.dry = dry
        self.told = Told({})
        self.review = False
        self.ended = False
        self.status = Exit.AGAIN
        self.plan: Plan | None = None
        self.devices = Devices(system, log)
        self._focus: dict[str, str] = {}
        self._job: AddressJob | None = None
        self._transfer: Transfer | None = None
        self._progress: TransferPage | None = None
        self._watched: object = None
        self._following: Following | None = None
        self._earlier: tuple[Outcome, ...] = ()  # of the casts before the one that is under way, with the same plan
        self._begun = 0.0
        self._stage = Stage.INTERVIEW
        self._beneath: Page | None = None
        self.ui = Ui(self.menu, self.back, self._stay)

    @property
    def machine(self) -> Machine:
        """What was last detected."""
        return self.devices.machine

    # --- the loop -----------------------------------------------------------------------------------------------

    def run(self) -> int:
        """Show screens until somebody or the plan ends it; the result is the exit status."""
        self.ui.every(self._pace, self._tick)
        self.ui.run(self._start)
        return int(self.status)

    def _start(self) -> None:
        descriptor = self.system.watch()
        if descriptor is not None:
            self.ui.watch(descriptor, self._devices_changed)
        self.rescan()

    def rescan(self) -> None:
        """Detect again and replay."""
        self.devices.look()
        if self._stage is Stage.INTERVIEW:
            self.advance()

    def rescan_and_advance(self) -> None:
        """Begin the interview again on the machine as it is now, with a new deadline for what is missing."""
        self.devices.wait_anew()
        self._stage = Stage.INTERVIEW
        self.rescan()

    def _devices_changed(self) -> None:
        if self.system.drain() and self._stage is Stage.INTERVIEW:
            self.rescan()

    def _pace(self) -> float:
        """Seconds to the next tick. A transfer announces what is new by itself, and needs the processor."""
        return self._progress.pace if self._progress else 0.25

    def _tick(self) -> None:
        if self._following:
            self._following.poll()
        if self._stage is Stage.INTERVIEW:
            if not self.devices.complete and self.system.complete():
                self.rescan()
            elif self.ui.page and self.ui.page.name == "waiting":
                self.advance()
        elif self._stage is Stage.NETWORK:
            self._network_progress()
        elif self._stage is Stage.TRANSFER:
            self._transfer_progress()
        elif self._following:
            self._follow(self._following)

    # --- the interview -------------------------------------------------------------------------------------------

    def advance(self) -> None:
        """Replay the interview and show what it stops at, or carry out its plan."""
        self._stage = Stage.INTERVIEW
        interview = self._interview(_pend)
        try:
            if interview.auto and self.errors and not self.review:
                hint = tr("Nothing is done unattended with a wrong append line.")
                raise LauncherError(ErrorKind.WRONG_LINE, self.errors[0], hint)
            plan = interview.plan()
        except Pending as pending:
            set_language(interview.language)
            self._show_question(pending, interview)
        except Back:
            self.back()
        except DeviceMissing as missing:
            self._wait_or_fail(missing)
        except LauncherError as error:
            if isinstance(error, Unanswered) and not self.devices.complete:
                self._wait_for_devices()
            else:
                self._fail(error)
        else:
            set_language(interview.language)
            if self.devices.may_change(interview) or self.devices.unlooked_at(plan.target.disk):
                self._wait_for_devices()
            else:
                self._go(plan, interview)

    def _wait_for_devices(self) -> None:
        self._show(pages.waiting(tr("Detecting disks and network cards ..."), self._host()))

    def _interview(self, ask: Ask) -> Interview:
        doubt = self.doubt or self.ended
        return Interview(
            self.given,
            self.machine,
            ask,
            self.told,
            review=self.review,
            doubt=doubt,
            complete=self.devices.complete,
        )

    def _show_question(self, pending: Pending, interview: Interview) -> None:
        key = pending.question.key
        missing = isinstance(pending.problem, DeviceMissing) or (
            key in ("disk", "nic") and not pending.question.choices(pending.facts)
        )
        to_come = self.devices.may_change(interview) or self.devices.unlooked_at(*self.machine.eligible_disks)
        if (missing and not self.devices.complete) or (key == CONFIRM and to_come):
            self._wait_for_devices()
            return
        preview = self._interview(refuse)
        shown = pages.Shown(pending, preview.preview(), self.devices.complete, self._notes(preview), self._host())
        focus = self._focus.get(key)
        self._show(
            pages.question(shown, focus, lambda text: self._answer(key, text), lambda text: self._moved(key, text))
        )

    def _notes(self, interview: Interview) -> tuple[Sentence, ...]:
        notes = (*self.errors, *self.warnings, *interview.warnings)
        return tuple({str(note): note for note in notes}.values())

    def _moved(self, key: str, text: str | None) -> None:
        if text is not None:
            self._focus[key] = text

    def _answer(self, key: str, text: str) -> None:
        self._focus.pop(key, None)
        if key == CONFIRM and text == NO:
            self.back()
            return
        self.told.tell(key, text)
        self.advance()

    def back(self) -> None:
        """Forget the last told answer; before the first one, ask also what was given."""
        if self._beneath:
            self._close_menu()
        elif self._stage is Stage.OVER:
            self._change()
        elif self._stage is not Stage.TRANSFER:
            self._stop_network()
            if not self.told.back():
                self.review = True
            self.advance()

    def _change(self) -> None:
        """Ask everything again, with what was answered or given preselected."""
        self._stop_network()
        self.told = Told({})
        self.review = True
        self.rescan_and_advance()

    def _wait_or_fail(self, missing: DeviceMissing) -> None:
        left = self.devices.left
        if left > 0:
            text = tr("Waiting up to {seconds} s more for it to appear.", seconds=int(left) + 1)
            self._show(pages.waiting(f"{missing.sentence} {text}", self._host()))
        else:
            waited = tr("Waited {seconds} s.", seconds=int(DEADLINE))
            self._fail(LauncherError(str(missing.sentence), f"{waited} {missing.hint}"))

    # --- carrying out --------------------------------------------------------------------------------------------

    def _go(self, plan: Plan, interview: Interview) -> None:
        for item in interview.settled:
            if item.answer:
                self.log.emit("answer", key=item.key, text=item.answer.text, source=str(item.answer.source))
        self.log.emit("plan", **plan.record())
        self.plan = plan
        self._earlier = ()
        self._begun = time.time()
        if self.dry:
            self.ui.leave()
        self._stop_network()
        self._job = self.system.network(plan)
        self._stage = Stage.NETWORK
        self._network_progress()

    def _network_progress(self) -> None:
        assert self._job and self.plan
        state = self._job.state
        if not state.over:
            self._show(pages.waiting(state.sentence, self._host()))
        elif state.address is None:
            self._stop_network()
            self._refuse(LauncherError(state.sentence, tr("Check the cable and the DHCP server, then try again.")))
        else:
            source = self.plan.address.source.value
            self.log.emit("network", nic=self.plan.nic.name, address=state.address, source=source)
            self._begin_transfer(self.plan)

    def _stop_network(self) -> None:
        """End the address job; while a transfer runs it stays, because it renews the lease."""
        if self._job:
            self._job.close()
            self._job = None

    def _begin_transfer(self, plan: Plan) -> None:
        from ..screens.progress import TransferPage  # noqa: PLC0415

        self.devices.look()
        exchange = exchanged(plan.target, self.machine)
        if exchange:
            self.told.forget("disk")
            hint = tr("Nothing was written. Choose the disk again.")
            self._refuse(LauncherError(ErrorKind.DEVICE_CHANGED, exchange, hint))
            return
        if not (self._earlier or self._still_meant(plan)):
            self._stop_network()
            self.advance()
            return
        try:
            self._transfer = self.system.transfer(plan)
        except LauncherError as error:
            self._refuse(error)
            return
        self._stage = Stage.TRANSFER
        nic = next((nic for nic in self.machine.nics if nic.name == plan.nic.name), plan.nic)  # has its link by now
        self._progress = TransferPage(replace(plan, nic=nic), self._start_cast, self._host(), self._earlier)
        self._watched = self.ui.watch(self._transfer.fileno(), self._transfer_progress)
        self._transfer_progress()
        if self._progress:
            self._show(self._progress.page)
        if self._beneath and self._transfer:  # opened before; now it is the transfer's
            self.ui.show(self._menu())

    def _still_meant(self, plan: Plan) -> bool:
        """Whether the answers still choose the plan's disk, now that the network is there: in the time for that another
        one may have appeared, and who has confirmed nothing has not said which of the two may be overwritten."""
        settled = self._interview(refuse).preview()
        target = next((item.value for item in settled if item.key == "disk"), None)
        chosen = isinstance(target, Target) and target.path == plan.target.path
        return chosen or CONFIRM in self.told.answers

    def _start_cast(self) -> None:
        if self._transfer:
            self._transfer.begin_cast()

    def _transfer_progress(self) -> None:
        if not (self._transfer and self._progress):
            return  # a descriptor that was readable in the same round as the end
        state = self._transfer.snapshot()
        try:
            outcome = self._transfer.wait(0)
        except LauncherError as error:
            self._end_transfer()
            self._refuse(error)
            return
        if outcome is None:
            self._progress.show(state, self.ui.draw)
        else:
            self._end_transfer()
            self._result(outcome)

    def _end_transfer(self) -> None:
        assert self._transfer
        self.ui.unwatch(self._watched)
        self._transfer.close()
        self._transfer = self._progress = None
        self.ui.hasten()

    # --- what follows ---------------------------------------------------------------------------------------------

    def _result(self, outcome: Outcome, refused: Sentence | str = "") -> None:
        """Keep the result, show it, and tell the page when no further cast is waited for."""
        from ..model.afterwards import Result  # noqa: PLC0415
        from ..model.outcome import OutcomeKind  # noqa: PLC0415
        from .following import Following  # noqa: PLC0415

        assert self.plan
        result = Result(self.plan, outcome, self._begun, time.time(), self._earlier, refused)
        self.system.keep(result.record())
        self._stage = Stage.OVER
        self.ended = self.ended or outcome.kind is not OutcomeKind.NOT_BEGUN
        self.told = Told({})
        self._beneath = None
        if self._following:
            self._following.close()
        self._following = Following(result, self.system.report, self.log, self._act, self._host())
        self._show(self._following.page)

    def _follow(self, following: Following) -> None:
        due = following.due()
        self.ui.draw()
        if due and following.result.waits:
            self._wait_again(following.result)
        elif due:
            self.leave(LEAVING[following.next])

    def _wait_again(self, result: Result) -> None:
        """Carry the same plan out once more."""
        self._earlier = (*result.earlier, result.outcome)
        self._begin_transfer(result.plan)

    def _refuse(self, error: LauncherError) -> None:
        """A transfer that could not begin. Where nobody attends, that is a result as any other; behind an earlier cast,
        that one's result stands."""
        from ..model.outcome import Outcome, OutcomeKind  # noqa: PLC0415

        assert self.plan
        if self.plan.attended:
            self._fail(error)
        elif self._earlier:
            self.log.emit("error", **error.record())
            *earlier, outcome = self._earlier
            self._earlier = tuple(earlier)
            self._result(outcome, refused=error.sentence)
        else:
            outcome = Outcome(OutcomeKind.NOT_BEGUN, error.sentence, error.hint)
            self.log.emit("outcome", **outcome.fields())
            self._result(outcome)

    def _stay(self) -> None:
        """A key was pressed: nothing follows by itself while somebody is there."""
        if self._following:
            self._following.stay()

    # --- errors, menu, leaving ------------------------------------------------------------------------------------

    def _fail(self, error: LauncherError) -> None:
        """Show an expected failure; the operator may try again, nothing goes on by itself."""
        self._stage = Stage.OVER
        self.log.emit("error", **error.record())
        self._show(pages.error(error, self._act, self._host()))

    def menu(self) -> None:
        """The menu over whatever is shown; the shown work goes on beneath it."""
        if self._beneath or not self.ui.page:
            return
        self._beneath = self.ui.page
        self.ui.show(self._menu())

    def _menu(self) -> Page:
        return pages.menu(self._act, self._transfer is not None, self._host())

    def _close_menu(self) -> None:
        beneath, self._beneath = self._beneath, None
        if beneath:
            self.ui.show(beneath)

    def _act(self, action: str) -> None:
        self._stay()
        if action in ("close", "cancel") or self._transfer:  # a transfer is cancelled first, and then left
            self._close_menu()
            if self._transfer and action == "cancel":
                self._transfer.cancel()
            return
        self._beneath = None
        if action == "again" and self._following:
            self._wait_again(self._following.result)
        elif action in ("retry", "rescan"):
            self._stop_network()
            self.rescan_and_advance()
        elif action == "change":
            self._change()
        else:
            self.leave({"reboot": Exit.REBOOT, "poweroff": Exit.POWEROFF, "shell": Exit.SHELL}[action])

    def leave(self, status: Exit) -> None:
        """End the program; /init does what `status` says."""
        if status is Exit.SHELL and self.system.stuck():
            self._stay()
            sentence = tr("There can be no shell: a disk does not answer, and the launcher waits for it.")
            self._fail(LauncherError(sentence, tr("Restart this PC, or switch it off.")))
            return
        if self._following:
            self._following.close()
        self.status = status
        self.log.emit("after", action=status.name.lower())
        self.ui.leave()

    def _show(self, page: Page) -> None:
        if self._beneath:  # the menu stays on top, and shows the newest page when it is closed
            self._beneath = page
            return
        new = self.ui.page is None or self.ui.page.name != page.name
        self.ui.show(page)
        if new:
            self.log.emit("screen", name=page.name)

    def _host(self) -> str:
        address = self.given.get("ip")
        client = address.text.partition(":")[0] if address else ""
        macs = [nic.mac for nic in self.machine.nics]
        return "  ".join(word for word in (client, macs[0] if macs else "") if word)
