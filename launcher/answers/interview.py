"""The interview: given answers, a machine and somebody to ask become a `Plan`.

`plan()` is plain sequential code. Whoever is asked returns a text, as the command line could have had it, or
raises: *Back* and a changed machine are handled by the caller, who removes the last told answer or replaces the
machine and calls `plan()` again on a new `Interview` with the same `told`. There is no screen state machine.

Rules that stand here and nowhere else:

- Precedence of an answer: told by the operator, given with the boot, the only one possible, the default.
- ``auto=yes`` asks nobody; ``auto=no`` asks everything with the given value preselected (`Question.asked`: some
  settings only where they are given).
- ``--start-timeout`` in ``udpcparam`` decides before ``start_timeout``.
- ``after`` decides before SambaEdu's ``auto_reboot``.
- BOOTIF chooses the card before ``nic=`` does, unless ``rd.bootif=0``.
- A receiver overwrites a disk only with consent (`consent_needed`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from kernel_cmdline import CommandLineError
from kernel_cmdline.network import parse_bootif

from ..errors import AnswerError, Unanswered
from ..model.machine import Machine, Nic
from ..model.plan import (
    SILENCE,
    START_TIMEOUT,
    Address,
    AddressSource,
    After,
    Compression,
    Options,
    Plan,
    ResultPage,
    Role,
    Target,
)
from ..translate import tr
from ..udpcast.options import take_start_timeout
from . import questions as q
from .parameters import GivenAnswers
from .questions import Choice, Facts, Question
from .selectors import DeviceMissing

T = TypeVar("T")

NO = "no"
CONFIRM = "confirm"
INEXACT = ("size:", "model:")  # selectors that another disk may fit as well


@dataclass(frozen=True)
class Answer:
    """A text and where it came from, in words to show. `unique`: it is what the machine left no choice about."""

    text: str
    source: str
    unique: bool = False


@dataclass(frozen=True)
class Settled:
    """One line of what is known: the question's key, the answer (None while open), and what is wrong with it.

    `asked`: it is put on a screen although there is an answer.
    """

    key: str
    answer: Answer | None
    value: object = None
    problem: AnswerError | None = None
    asked: bool = False


class Ask(Protocol):
    """Gets an answer as a text. `preset` is the text to preselect; `problem` the sentence to show first."""

    def __call__(self, question: Question[T], facts: Facts, preset: str | None, problem: AnswerError | None) -> str: ...


class Back(Exception):
    """Raised by an `Ask`: the operator wants to change the answer before."""


@dataclass
class Told:
    """The operator's answers in the order in which they were told; *Back* removes the last one."""

    answers: dict[str, str]

    def tell(self, key: str, text: str) -> None:
        """Keep an answer. A new role or disk takes the confirmation of the old one with it."""
        if key in ("umode", "disk"):
            self.forget(CONFIRM)
        self.answers.pop(key, None)
        self.answers[key] = text

    def forget(self, key: str) -> None:
        """Take one answer back, and with a role or a disk also its confirmation."""
        self.answers.pop(key, None)
        if key in ("umode", "disk"):
            self.answers.pop(CONFIRM, None)

    def back(self) -> bool:
        """Forget the last answer; False when there is none."""
        if not self.answers:
            return False
        self.forget(next(reversed(self.answers)))
        return True


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
    ) -> None:
        """`review`: what was given is asked as well, preselected (the operator went back beyond the first question).

        `doubt`: the role is asked even where it was given, because something in the line is wrong, or because a
        transfer has just ended here; and a role that was asked is confirmed.
        `complete`: no further device is expected, so a BOOTIF that names no card here gives way to the other rules.
        """
        self.complete = complete
        self.given = given
        self.review = review
        self.doubt = doubt
        self.ask = ask
        self.told = told or Told({})
        self.facts = Facts(machine)
        self.settled: list[Settled] = []
        self.warnings: list[str] = []
        self.auto = self._auto()
        self.previewing = False

    def _auto(self) -> bool | None:
        """The value of ``auto``; one that is wrong is reported by `explain` and stands for none here."""
        given = self.given.get("auto")
        try:
            return q.parse_auto(given.text, self.facts) if given else None
        except AnswerError:
            return None

    @property
    def unattended(self) -> bool:
        """Whether nobody may be asked."""
        return self.auto is True and not self.review and not self.doubt

    def plan(self) -> Plan:
        """Settle everything. Raises AnswerError or Unanswered when nobody may be asked, and whatever `ask` raises."""
        draft = self._walk()
        role, target, nic, address = draft.role, draft.target, draft.nic, draft.address
        assert role and target and nic and address and draft.port is not None
        plan = Plan(
            role=role,
            target=target,
            nic=nic,
            address=address,
            port=draft.port,
            compression=draft.compression,
            options=draft.options,
            attended=not self.unattended,
            verify=draft.verify is not False,
            silence=draft.silence or SILENCE,
            start_timeout=draft.start_timeout or START_TIMEOUT,
            retry=draft.retry or 0,
            after=draft.after or After(),
            result_page=draft.result_page,
        )
        self._consent(plan)
        return plan

    @property
    def language(self) -> str:
        """The language as far as it is settled."""
        return next((str(item.value) for item in self.settled if item.key == "lang" and item.value), "en")

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

    def _walk(self) -> _Draft:
        self._settle(q.LANGUAGE)
        role = self._settle(q.ROLE)
        self.facts = replace(self.facts, role=role)
        target = self._settle(q.DISK)
        nic = self._settle(q.NIC)
        address = self._address()
        port = self._settle(q.PORT)
        compression = self._settle(q.COMPRESSION)
        options, warnings = self._settle(q.UDPCPARAM) or (Options(), ())
        self.warnings.extend(warnings)
        start_timeout, options = take_start_timeout(options)
        draft = _Draft(role, target, nic, address, port, compression, options)
        draft.silence = self._settle(q.SILENCE)
        draft.start_timeout = self._settle(q.START_TIMEOUT)
        if start_timeout:
            if "start_timeout" in self.given:
                self.warnings.append("start_timeout= is not used: --start-timeout in udpcparam decides.")
            draft.start_timeout = start_timeout
        if role is not Role.SEND:
            draft.verify = self._settle(q.VERIFY)
            draft.retry = self._settle(q.RETRY)
            if draft.retry and not self.unattended:
                self.warnings.append(f"retry={draft.retry} counts with auto=yes only: here the operator decides.")
        draft.after = self._after()
        draft.result_page = self._result_page()
        return draft

    def _after(self) -> After | None:
        """What follows: ``after``, or where only that is given, ``auto_reboot``."""
        given = self.given.get("auto_reboot")
        if given and "after" not in self.given:
            return self._settle(q.AUTO_REBOOT)
        after = self._settle(q.AFTER)
        try:
            if given and after and q.AUTO_REBOOT.parse(given.text, self.facts) != after:
                self.warnings.append(f"auto_reboot={given.text} is not used: after= decides.")
        except AnswerError:
            pass  # `explain` reports it
        return after

    def _result_page(self) -> ResultPage | None:
        """The page to tell the result, where both are given that it needs."""
        wanted = self._settle(q.REPORT)
        named = "page_remontee" in self.given
        if named and "remontee_info" not in self.given:
            self.warnings.append("page_remontee= is not used without remontee_info=y.")
        if wanted and not named:
            self.warnings.append("remontee_info=y is not used: page_remontee= does not say which page.")
        if not (wanted and named):
            return None
        url, operation = self._settle(q.REPORT_PAGE), self._settle(q.OPERATION)
        return ResultPage(url, operation) if url else None

    def _address(self) -> Address | None:
        dhcp = self._settle(q.DHCP)
        self.facts = replace(self.facts, dhcp=dhcp is not False)
        config = self._settle(q.IP)
        if config is None:
            return None
        if not config.client:
            return Address(AddressSource.DHCP)
        prefix = config.prefix or self._settle(q.NETMASK)
        gateway = config.gateway or self._settle(q.GATEWAY)
        lease = config.form == "pxelinux" and dhcp is not False
        return Address(AddressSource.GIVEN, config.client, prefix, gateway, lease)

    def _settle(self, question: Question[T]) -> T | None:
        """The value of `question`; None only in a preview."""
        problem: AnswerError | None = None
        answer = self._known(question)
        if answer and (self._is_told(question) or not self._asks_anyway(question)):
            try:
                return self._record(question, answer)
            except AnswerError as error:
                problem = error
        if self.previewing:
            self.settled.append(Settled(question.key, answer, None, problem, self._asks_anyway(question)))
            return None
        if problem:
            self.told.forget(question.key)
        ask = refuse if self.unattended else self.ask
        preset = answer.text if answer else None
        while True:
            text = ask(question, self.facts, preset, problem)
            try:
                value = self._record(question, Answer(text, "operator"))
            except AnswerError as error:
                preset, problem = text, error
                continue
            self.told.tell(question.key, text)
            return value

    def _asks_anyway(self, question: Question[T]) -> bool:
        """Whether `question` is asked although there is an answer."""
        everything = self.auto is False or self.review
        return (everything and (question.key in self.given or question.asked(self.facts))) or (
            self.doubt and question is q.ROLE
        )

    def _record(self, question: Question[T], answer: Answer) -> T:
        value = question.parse(answer.text, self.facts)
        self.settled.append(Settled(question.key, answer, value, asked=self._asks_anyway(question)))
        return value

    def _is_told(self, question: Question[T]) -> bool:
        return question.key in self.told.answers

    def _known(self, question: Question[T]) -> Answer | None:
        """The best answer that exists without asking."""
        told = self.told.answers.get(question.key)
        if told is not None:
            return Answer(told, "operator")
        bootif = self._bootif() if question is q.NIC else None
        if bootif:
            return bootif
        given = self.given.get(question.key)
        if given is not None:
            return Answer(given.text, given.source)
        only = question.only(self.facts)
        if only:
            return Answer(*only, unique=True)
        default = question.default(self.facts)
        return Answer(default, "default") if default is not None else None

    def _bootif(self) -> Answer | None:
        """The card that PXE-booted, when BOOTIF names one that is there; ``nic=BOOTIF`` insists on it."""
        given, nic = self.given.get("bootif"), self.given.get("nic")
        insisted = nic is not None and nic.text.strip().upper() == "BOOTIF"
        switch = self.given.get("rd.bootif")
        if given is None or (switch is not None and switch.text == "0" and not insisted):
            return None
        try:
            mac = parse_bootif(given.text)
        except CommandLineError as error:
            self.warnings.append(str(error))
            return None
        card = next((card for card in self.facts.machine.nics if card.mac.lower() == mac), None)
        if card is None and self.complete and self.facts.machine.nics and not insisted:
            self.warnings.append(f"BOOTIF={given.text} is none of this PC's cards, so it does not choose one.")
            return None
        if card and nic and not insisted and nic.text not in (card.name, card.mac):
            self.warnings.append(
                f"nic={nic.text} is not used: BOOTIF chose {card.name} (rd.bootif=0 lets nic= decide)."
            )
        return Answer(mac, "BOOTIF")

    def _consent(self, plan: Plan) -> None:
        if not consent_needed(plan, self.given, self.told, self.unattended):
            return
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
            return


def _depends(item: Settled) -> bool:
    """Whether a further device could give the question another answer."""
    return item.answer is not None and (item.answer.unique or _inexact(item))


def _inexact(item: Settled) -> bool:
    text = item.answer.text.lower() if item.answer else ""
    return item.key == "disk" and ("," in text or text.strip().startswith(INEXACT))


@dataclass
class _Draft:
    """The values of one walk; each is None where a preview found it open, or where the role does not need it."""

    role: Role | None
    target: Target | None
    nic: Nic | None
    address: Address | None
    port: int | None
    compression: Compression | None
    options: Options
    verify: bool | None = None
    silence: int | None = None
    start_timeout: int | None = None
    retry: int | None = None
    after: After | None = None
    result_page: ResultPage | None = None


def consent_needed(plan: Plan, given: GivenAnswers, told: Told, unattended: bool) -> bool:
    """Whether an operator must confirm the overwrite on a screen.

    Consent was given in advance by ``disk=`` together with ``umode=rcv``, or by ``auto=yes`` (which reaches a plan
    only with the disk named or exactly one eligible disk). A role or a disk that was chosen with a key is
    confirmed: the key may have been the wrong one, or pressed on the wrong PC.
    """
    if plan.role is not Role.RECEIVE:
        return False
    if "umode" in told.answers or "disk" in told.answers:
        return True
    return "disk" not in given and not unattended


def confirmation(plan: Plan) -> Question[bool]:
    """The overwrite of one disk as a question; its answer names the disk, so it cannot serve for another one."""
    target = plan.target
    consent = f"overwrite {target.path} {target.disk.serial or target.size}"

    def parse(text: str, facts: Facts) -> bool:
        if text != consent:
            raise AnswerError(f"{target.path} was not confirmed.", "Choose the disk again.")
        return True

    return Question(
        CONFIRM,
        tr("Overwrite {disk}?", disk=target.path),
        parse,
        lambda facts: (Choice(NO, "NO, go back"), Choice(consent, tr("YES, OVERWRITE {disk}", disk=target.path))),
    )


def refuse(question: Question[T], facts: Facts, preset: str | None, problem: AnswerError | None) -> str:
    """The `Ask` of ``auto=yes``: nobody is asked."""
    if problem:
        raise problem
    if question.key == "umode":
        raise Unanswered("auto=yes, but the role is not given.", "Add umode=snd or umode=rcv to the append line.")
    choices = question.choices(facts)
    if question.key in ("disk", "nic") and not choices:
        raise DeviceMissing(missing_device(question.key), "")
    if question.key == "nic" and not any(nic.link for nic in facts.machine.nics):
        raise DeviceMissing("No network card has a link.", "Plug in the cable, or name the card with nic=.")
    found = f" {len(choices)} are possible: {', '.join(choice.text for choice in choices)}." if choices else ""
    raise Unanswered(
        f"auto=yes, but {question.key} is neither given nor has a default.{found}",
        f"Add {question.key}=... to the append line.",
    )


def missing_device(key: str) -> str:
    """The sentence for a PC without a disk or without a card."""
    if key == "disk":
        return (
            "No disk that could be used was found on this PC: check the cable, and the controller's mode in the setup."
        )
    return "No network card with a driver was found on this PC."
