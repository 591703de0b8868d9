"""The interview: given answers, a machine and somebody to ask become a `Plan`.

`plan()` is plain sequential code. Whoever is asked returns a text, as the command line could have had it, or
raises: *Back* and a changed machine are handled by the caller, who removes the last told answer or replaces the
machine and calls `plan()` again on a new `Interview` with the same `told`. There is no screen state machine.

What is asked, and in which order, is said by the rows of `parameters.ROWS`. Rules that stand here and nowhere else:

- Precedence of an answer: told by the operator, given with the boot, the only one possible, the default.
- ``auto=yes`` asks nobody; ``auto=no`` asks everything with the given value preselected. An operator who goes back
  beyond the first question is asked what was given, and of the rest only what differs from room to room (`Row.asked`).
- A receiver overwrites a disk only with consent, and so does a sender with what is perhaps a blank disk
  (`consent_needed`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

from ..errors import AnswerError, ErrorKind, Unanswered
from ..model.machine import BOOT_MEDIUM, Machine, Nic
from ..model.plan import Plan, Role
from ..model.wording import blank_line
from ..sentence import Sentence, joined, say, say_many
from .parameters import ROWS
from .questions import OPERATOR, Answer, Choice, Facts, GivenAnswers, Question
from .reading import YES_NO, read_language
from .row import Row
from .rules import MADE, consent_is_asked, nobody_consents
from .selectors import DeviceMissing, exact, identity

NO = "no"
CONFIRM = "confirm"
QUESTIONS = tuple(row for row in ROWS if row.title)
BESIDE = tuple(row for row in ROWS if row.changed_as)
"""What is asked with ``auto=no`` only, and can be changed all the same."""


class Settled(NamedTuple):
    """One line of what is known: the question's key, the answer (None while open), and what is wrong with it.

    `asked`: it is put on a screen although there is an answer.
    """

    key: str
    answer: Answer | None
    value: object = None
    problem: AnswerError | None = None
    asked: bool = False


class Open(NamedTuple):
    """A question that is put once more: what is settled of it, by what is known before it, and the answer that it would
    have if the operator had told none."""

    row: Row
    facts: Facts
    settled: Settled
    given: Answer | None


class Ask(Protocol):
    """Gets an answer as a text. `preset` is the text to preselect; `problem` the sentence to show first."""

    def __call__(self, question: Question, facts: Facts, preset: str | None, problem: AnswerError | None) -> str: ...


class Back(Exception):
    """Raised by an `Ask`: the operator wants to change the answer before."""


@dataclass
class Told:
    """The operator's answers in the order in which they were told; *Back* removes the last one, but none of `changed`:
    those that he gave out of turn, where he saw what is settled."""

    answers: dict[str, str]
    changed: set[str] = field(default_factory=set)

    def tell(self, key: str, text: str) -> None:
        """Keep an answer. A new role or disk takes the confirmation of the old one with it."""
        if key in ("umode", "disk"):
            self.forget(CONFIRM)
        self.answers.pop(key, None)
        self.answers[key] = text
        self.changed.discard(key)

    def change(self, key: str, text: str) -> None:
        """Keep an answer that was given out of turn."""
        self.tell(key, text)
        self.changed.add(key)

    def forget(self, key: str) -> None:
        """Take one answer back, and with a role or a disk also its confirmation."""
        self.answers.pop(key, None)
        self.changed.discard(key)
        if key in ("umode", "disk"):
            self.answers.pop(CONFIRM, None)

    def back(self) -> bool:
        """Forget the last answer; False when there is none."""
        last = next((key for key in reversed(self.answers) if key not in self.changed), None)
        if last is None:
            return False
        self.forget(last)
        return True

    def anew(self) -> Told:
        """What is left when everything is asked again: language and keyboard of whoever is there, if he chose them."""
        kept = self.changed & {"lang", "kbmap"}
        return Told({key: self.answers[key] for key in kept}, kept)


class Interview:
    """One pass through the questions. `settled` fills while it goes, in order."""

    def __init__(
        self,
        given: GivenAnswers,
        machine: Machine,
        ask: Ask,
        told: Told | None = None,
        *,
        review: bool = False,
        doubt: bool = False,
        complete: bool = True,
        rows: tuple[Row, ...] = QUESTIONS,
        nobody: Ask | None = None,
    ) -> None:
        """`review`: what was given is asked as well, preselected (the operator went back beyond the first question).

        `doubt`: the role is asked even where it was given, because something in the line is wrong, or because a
        transfer has just ended here; and a role that was asked is confirmed.
        `complete`: no further device is expected, so a BOOTIF that names no card here gives way to the other rules.
        `rows`: what is settled. `nobody` stands for `ask` where nobody may be asked; it raises.
        """
        self.given = given
        self.review = review
        self.doubt = doubt
        self.ask = ask
        self.told = told or Told({})
        self.settled: list[Settled] = []
        self.warnings: list[Sentence] = []
        auto = given.get("auto")  # a wrong one is reported by `explain`, and stands for none here
        self.auto = YES_NO.get(auto.text.strip().lower()) if auto else None
        everything = self.auto is False
        self.rows = _in_order(*rows, *BESIDE) if everything else rows
        self._beside = () if everything else BESIDE
        self.facts = Facts(machine, given, complete=complete, unattended=self.unattended)
        self.previewing = False
        self._asked = (nobody or refuse) if self.unattended else ask

    @property
    def unattended(self) -> bool:
        """Whether nobody may be asked."""
        return self.auto is True and not self.review and not self.doubt

    def plan(self) -> Plan:
        """Settle everything. Raises AnswerError or Unanswered when nobody may be asked, and whatever `ask` raises."""
        self._walk()
        return self._consented(Plan(**self._fields()))

    def _fields(self) -> dict[str, Any]:
        """The plan's fields: what a rule makes, or the value of a row; None leaves one to the plan's own default."""
        values = self.facts.settled
        fields = {row.fills: values[row.key] for row in self.rows if row.fills and row.key in values}
        fields |= {name: rule(self.facts) for name, rule in MADE.items()}
        return {name: value for name, value in fields.items() if value is not None}

    @property
    def language(self) -> str:
        """The language as far as it is settled; while it is asked, the one that was given."""
        settled = next((str(item.value) for item in self.settled if item.key == "lang" and item.value), "")
        return settled or self._given_language()

    def _given_language(self) -> str:
        given = self.given.get("lang")
        try:
            return read_language(given.text, self.facts) if given else "en"
        except AnswerError:
            return "en"

    @property
    def certain(self) -> bool:
        """Whether no answer depends on what else the machine has: a device that appears later changes nothing."""
        return not any(map(_depends, self.settled))

    @property
    def overwrites(self) -> bool:
        """Whether a disk is to be overwritten, as far as is settled."""
        return self.facts.role is Role.RECEIVE

    def names(self, key: str) -> bool:
        """Whether the answer to `key` is settled, and means one device whatever else the machine has."""
        return any(item.key == key and item.value is not None and not _depends(item) for item in self.settled)

    def preview(self) -> tuple[Settled, ...]:
        """What is settled and what is open, without asking anybody; what depends on an open answer is left out."""
        self.previewing = True
        self._walk()
        return tuple(self.settled)

    def open(self, key: str) -> Open | None:
        """The question `key` with its present answer, without asking anybody; None where it is no question now."""
        self.previewing = True
        for row in (*self.rows, *self._beside):
            if not row.when(self.facts):
                continue
            facts, given = self.facts, self._untold(row) if row.key == key else None
            self._settle(row)
            if row.key == key:
                return Open(row, facts, self.settled[-1], given)
        return None

    def beside(self) -> tuple[Settled, ...]:
        """What is known of `BESIDE`, as far as that is not asked."""
        known = ((row, self._known(row)) for row in self._beside)
        return tuple(
            Settled(row.key, answer, *(self._read(row, answer) if answer else (None, None))) for row, answer in known
        )

    def _walk(self) -> None:
        for row in self.rows:
            if row.when(self.facts):
                self._settle(row)
                self.warnings.extend(row.warns(self.facts))

    def _settle(self, row: Row) -> None:
        """Find the value of `row`, or ask for it; in a preview it may stay open."""
        problem: AnswerError | None = None
        answer = self._known(row)
        if answer and (row.key in self.told.answers or not self._asks_anyway(row)):
            try:
                self._record(row, answer)
                return
            except AnswerError as error:
                problem = error
        if self.previewing:
            value, wrong = self._read(row, answer) if answer and not problem else (None, problem)
            self.settled.append(Settled(row.key, answer, value, wrong, self._asks_anyway(row)))
            return
        if problem:
            self.told.forget(row.key)
        self._put(row, answer.text if answer else None, problem)

    def _read(self, row: Row, answer: Answer) -> tuple[object, AnswerError | None]:
        """What the answer of a question that is asked all the same would mean, and what is wrong with it."""
        try:
            return row.parse(answer.text, self.facts), None
        except AnswerError as error:
            return None, error

    def _put(self, row: Row, preset: str | None, problem: AnswerError | None) -> None:
        """Ask until the answer is one."""
        while True:
            text = self._asked(row.question, self.facts, preset, problem)
            try:
                self._record(row, Answer(text, OPERATOR))
            except AnswerError as error:
                preset, problem = text, error
                continue
            self.told.tell(row.key, text)
            return

    def _asks_anyway(self, row: Row) -> bool:
        """Whether `row` is asked although there is an answer."""
        if self.auto is False or (self.doubt and row.key == "umode"):
            return True
        return self.review and (row.key in self.given or row.asked(self.facts))

    def _record(self, row: Row, answer: Answer) -> None:
        facts = replace(self.facts, told=True) if answer.source == OPERATOR else self.facts
        value = row.parse(answer.text, facts)
        self.settled.append(Settled(row.key, answer, value, asked=self._asks_anyway(row)))
        self.facts = self.facts.knowing(row.key, value)

    def _known(self, row: Row) -> Answer | None:
        """The best answer that exists without asking."""
        told = self.told.answers.get(row.key)
        return self._untold(row) if told is None else Answer(told, OPERATOR)

    def _untold(self, row: Row) -> Answer | None:
        """The same, whatever the operator has told of it."""
        overruling, warnings = row.overruled(self.facts)
        self.warnings.extend(warnings)
        if overruling:
            return overruling
        given = self.given.get(row.key)
        if given:
            return Answer(given.text, given.source)
        return None if row in self._beside else row.otherwise(self.facts)

    def _consented(self, plan: Plan) -> Plan:
        """`plan`, once whoever must agree to it has."""
        if not consent_needed(plan, self.given, self.told, self.unattended):
            return plan
        if plan.role is Role.SEND and self.unattended and not self.told.answers:
            raise Unanswered(ErrorKind.SOURCE_BLANK, *_blank(plan))
        if self.unattended:
            for sentence in nobody_consents(self.given):
                raise Unanswered(ErrorKind.NOT_CONFIRMED, sentence)
        question = confirmation(plan)
        text, problem = self.told.answers.get(CONFIRM), None
        while True:
            if text is None:
                text = self.ask(question, self.facts, None, problem)
            if text == NO:
                raise Back
            try:
                question.parse(text, self.facts)
            except AnswerError as error:
                self.told.forget(CONFIRM)
                text, problem = None, error
                continue
            self.told.tell(CONFIRM, text)
            return replace(plan, blank=True) if plan.role is Role.SEND else plan


def _in_order(*rows: Row) -> tuple[Row, ...]:
    """These, as they stand in the table."""
    order = [row.key for row in ROWS]
    return tuple(sorted(rows, key=lambda row: order.index(row.key)))


def _depends(item: Settled) -> bool:
    """Whether a further device could give the question another answer."""
    return item.answer is not None and (item.answer.unique or _inexact(item.key, item.answer.text, item.value))


def _inexact(key: str, text: str, value: object) -> bool:
    """A card that appears later may have the same MAC address."""
    if key == "nic":
        return isinstance(value, Nic) and text != value.name
    return key == "disk" and not exact(text)


def consent_needed(plan: Plan, given: GivenAnswers, told: Told, unattended: bool) -> bool:
    """Whether an operator must confirm on a screen that a disk is overwritten, or that a blank one is sent.

    A disk on which nothing is recognised overwrites a whole room with nothing: ``blank=yes`` says that this is meant.

    For an overwrite, consent was given in advance by ``disk=`` together with ``umode=rcv``, or by ``auto=yes`` (which
    reaches a plan only with the disk named or exactly one eligible disk). A role or a disk that was chosen with a key
    is confirmed: the key may have been the wrong one, or pressed on the wrong PC. So is all, with ``consent=ask``.
    """
    if plan.role is Role.SEND:
        unknown = unattended and not plan.target.disk.settled  # the transfer looks at it itself
        return not (plan.blank or plan.target.recognised or unknown)
    if "umode" in told.answers or "disk" in told.answers or consent_is_asked(given):
        return True
    return "disk" not in given and not unattended


ROLE_IS_OPEN = say("auto=yes, but the role is not given.")
ADD_ROLE = say("Add umode=snd or umode=rcv to the append line.")


def confirmation(plan: Plan) -> Question:
    """The overwrite of one disk (on a sender: to send one that seems blank) as a question; its answer names the disk,
    so it cannot serve for another one."""
    target, sends = plan.target, plan.role is Role.SEND
    consent = f"{'send' if sends else 'overwrite'} {identity(target)}"

    def parse(text: str, facts: Facts) -> bool:
        if text != consent:
            sentence = say("{disk} was not confirmed.", disk=target.path)
            raise AnswerError(ErrorKind.NOT_CONFIRMED, sentence, say("Choose the disk again."))
        return True

    no = Choice(NO, say("NO, go back"))
    if sends:
        yes = Choice(consent, say("YES, SEND {disk}", disk=target.path))
        title = say("Nothing is recognised on {disk}. Send it all the same?", disk=target.path)
    else:
        yes = Choice(consent, say("YES, OVERWRITE {disk}", disk=target.path))
        title = say("Overwrite {disk}?", disk=target.path)
    return Question(CONFIRM, title, parse, lambda facts: (no, yes))


def _blank(plan: Plan) -> tuple[Sentence, Sentence]:
    """Why a disk is not sent unattended, and what to do."""
    disk = plan.target.path
    sentence = say("{disk} is not sent unattended. {why}", disk=disk, why=blank_line(plan.target))
    return sentence, say("Check that it is the right disk. blank=yes sends it all the same.")


def refuse(question: Question, facts: Facts, preset: str | None, problem: AnswerError | None) -> str:
    """The `Ask` of ``auto=yes``: nobody is asked."""
    if problem:
        raise problem
    if question.key == "umode":
        raise Unanswered(ErrorKind.UNANSWERED, ROLE_IS_OPEN, ADD_ROLE)
    choices = question.choices(facts)
    if question.key in ("disk", "nic") and not choices:
        raise DeviceMissing(ErrorKind.DEVICE_MISSING, missing_device(question.key, facts.machine))
    if question.key == "nic" and not any(nic.link for nic in facts.machine.nics):
        hint = say("Plug in the cable, or name the card with nic=.")
        raise DeviceMissing(ErrorKind.NO_LINK, say("No network card has a link."), hint)
    hint = say("Add {key}=... to the append line.", key=question.key)
    open_ = say("auto=yes, but {key} is neither given nor has a default.", key=question.key)
    if not choices:
        raise Unanswered(ErrorKind.UNANSWERED, open_, hint)
    possible = say_many(
        "{open} {count} is possible: {choices}.",
        "{open} {count} are possible: {choices}.",
        len(choices),
        open=open_,
        choices=tuple(choice.text for choice in choices),
    )
    raise Unanswered(ErrorKind.UNANSWERED, possible, hint)


def missing_device(key: str, machine: Machine) -> Sentence:
    """The sentence for a PC without a disk or without a card; what it was booted from may look like one."""
    if key == "disk":
        none = say(
            "No disk that could be used was found on this PC: check the cable, and the controller's mode in the setup."
        )
        media = [disk for disk in machine.disks if disk.refused == BOOT_MEDIUM]
        whys = (say("{disk} cannot be used: {why}.", disk=disk.path, why=disk.refused) for disk in media)
        return joined(" ", none, *whys)
    return say("No network card with a driver was found on this PC.")
