"""Every page, as a function that makes it: with long fields, as they come, for tests that look at all of them.

A name says what is shown: first that of the page. `fits` are those that must be seen whole on 80x24, without scrolling.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from kernel_cmdline import parse
from launcher.answers.interview import QUESTIONS, Interview, Told, confirmation
from launcher.answers.lookup import given_answers
from launcher.answers.rendering import Written, write
from launcher.answers.selectors import whole
from launcher.errors import AnswerError, ErrorKind, LauncherError
from launcher.hardware.sticks import Volume
from launcher.model.afterwards import Result
from launcher.model.growth import Growth, Offer, Tell, grown
from launcher.model.machine import CD_DRIVE, Machine, Partition
from launcher.model.outcome import Outcome, OutcomeKind
from launcher.model.plan import Holes, Next, Role
from launcher.network.result_page import Answer
from launcher.screens import pages, reopening, saving, summary, widgets
from launcher.screens.ending import Ending
from launcher.screens.growing import GrowingPage, GrowQuestion
from launcher.screens.progress import TransferPage, cancelling
from launcher.screens.widgets import Page
from launcher.sentence import Sentence, say, verbatim
from launcher.transfer.evidence import Receiver, ReceiverState
from launcher.transfer.status import Phase, TransferState
from tests.common import TWO, a_plan

MODEL = "SAMSUNG MZVL2512HCJQ-00BL7 INTERNAL 512GB"
DISK = replace(
    TWO.disks[0],
    path="/dev/nvme0n1",
    model=MODEL,
    serial="S64KNX0T123456789012",
    partitions=tuple(
        Partition(f"/dev/nvme0n1p{number}", 10**number * 54321, "crypto_LUKS", label)
        for number, label in enumerate(("EFI system partition", "Microsoft reserved", "Windows", "Recovery"), 3)
    ),
)
NIC = replace(TWO.nics[0], name="enp0s31f6", model="Ethernet Connection (17) I219-LM 82579LM")
LONG = Machine(disks=(DISK, replace(TWO.disks[1], model=MODEL)), nics=(NIC, replace(TWO.nics[1], model=NIC.model)))
USUAL = Machine(disks=LONG.disks[:1], nics=LONG.nics[:1])
"""A PC with one disk and one card, whose names are long."""
PLAN = a_plan(target=whole(DISK), nic=NIC)
HOST = "10.100.100.100  52:54:00:aa:bb:01"
LINE = "BOOTIF=01-52-54-00-aa-bb-01 ip=10.100.100.100/24"
SETTLED = (
    "udpcparam=--fec=8x8/128 retry=2 compr=gzip silence=9 start_timeout=9 after=reboot,menu verify=no used=no "
    "holes=zero grow=yes require=equal blank=yes remontee_info=y page_remontee=http://se3.school/r"
)
ERROR = AnswerError(ErrorKind.WRONG_VALUE, say("{key}={text} is not known.", key="compr", text="x"), say("Or: none."))
WORDS = say("Look at the sender.")
FAILURE = Outcome(OutcomeKind.TRUNCATED, WORDS, WORDS)
RECEIVERS = tuple(Receiver(number, f"10.100.100.{number}", state) for number, state in enumerate(ReceiverState))


def nothing(*arguments: object) -> None: ...


def not_here(tell: Tell) -> Growth:
    raise AssertionError("nothing grows in these tests")


OFFER = Offer("nvme0n1p3", "ntfs", 10**10, 10**12, not_here, ("nvme0n1p4", "nvme0n1p5"), (WORDS,))

Make = Callable[[], Page]


def asked(
    key: str,
    line: str = LINE,
    machine: Machine = USUAL,
    problem: AnswerError | None = None,
    notes: tuple[Sentence, ...] = (),
    role: Role | None = None,
) -> Page:
    """The page of the question `key`, in the middle of an interview on `machine` that was given `line`."""
    interview = Interview(given_answers(parse(line)), machine, nothing, Told({}))  # type: ignore[arg-type]
    settled = interview.preview()
    plan = replace(PLAN, role=role or Role.RECEIVE)
    question = confirmation(plan) if key == "confirm" else next(row.question for row in QUESTIONS if row.key == key)
    facts = interview.facts.knowing("umode", role) if role else interview.facts
    pending = pages.Pending(question, facts, None, problem)
    return pages.question(pages.Shown(pending, settled, True, notes, HOST), None, nothing, nothing, nothing)


def settings(line: str) -> Page:
    """All that is settled."""
    interview = Interview(given_answers(parse(line)), LONG, nothing, Told({}))  # type: ignore[arg-type]
    return reopening.everything(summary.everything(interview.preview(), LONG, True), "", nothing, nothing, HOST)


def again(
    key: str, told: str | None = None, machine: Machine = LONG, *, wrong: bool = False, come: bool = True
) -> Page:
    """One question once more. `told`: the operator had answered it so."""
    interview = Interview(given_answers(parse(LINE)), machine, nothing, Told({key: told} if told else {}))  # type: ignore[arg-type]
    question = interview.open(key)
    assert question
    shown = reopening.Again(question, ("x", ERROR) if wrong else None, come, HOST)
    return reopening.again(shown, nothing, nothing, nothing)


def transfer(role: Role, phase: Phase, attended: bool, **state: object) -> Page:
    """A running transfer."""
    page = TransferPage(replace(PLAN, role=role, attended=attended), nothing, HOST)
    known = TransferState(phase, 5 * 10**8, 10**9, rate=1e8, elapsed=5.0, remaining=7.0, to_verify=10**9)
    page.update(replace(known, receivers=RECEIVERS, **state))  # type: ignore[arg-type]
    return page.page


def result(kind: OutcomeKind, after: Next, *, everything: bool = False, role: Role | None = None) -> Page:
    """What came of one; with all that can be said of it."""
    outcome = Outcome(kind, WORDS, WORDS, bytes=10**12, seconds=9999.0)
    plan = replace(
        PLAN, role=role or (Role.SEND if kind is OutcomeKind.SENT else Role.RECEIVE), retry=3, attended=False
    )
    plan = replace(plan, after=replace(plan.after, success=after, failure=after))
    if everything:
        outcome = replace(outcome, receivers=("10.0.0.1",) * 30, lost=(verbatim("10.0.0.9"),), growth=grown(OFFER))
    ending = Ending(Result(plan, outcome, 0.0, 9.0, (FAILURE,) if everything else (), WORDS), nothing, HOST)
    ending.telling("se3.school")
    if everything:
        ending.told(Answer(True, 200, WORDS))
    return ending.page


def grow_question(kind: OutcomeKind, hurries: bool) -> Page:
    return GrowQuestion(PLAN, Outcome(kind, WORDS), OFFER, nothing, HOST, hurries).page


def growing() -> Page:
    page = GrowingPage(OFFER, HOST)
    page.update((WORDS,) * 3, 99.0)
    return page.page


STICK = Volume("/dev/sdb1", "vfat", 16_000_000_000, replace(DISK, path="/dev/sdb", transport="usb"), "INTENSO")


def answers(line: str) -> Page:
    """All that can be given, as text."""
    given = given_answers(parse(line))
    written = write(Interview(given, LONG, nothing, Told({})).preview(), given, LONG)  # type: ignore[arg-type]
    return saving.answers(replace(written, notes=(WORDS, WORDS)), (STICK,), nothing, HOST)


FITS: dict[str, Make] = {
    **{f"{row.key}: the question": partial(asked, row.key) for row in QUESTIONS},
    **{f"{row.key}: the question, after a wrong answer": partial(asked, row.key, problem=ERROR) for row in QUESTIONS},
    **{
        f"{row.key}: once more": partial(again, row.key)
        for row in QUESTIONS
        if row.key in ("lang", "disk", "port", "after")
    },
    "compr: once more, changed": partial(again, "compr", "gzip"),
    "port: once more, changed": partial(again, "port", "9004"),
    "port: once more, wrong": partial(again, "port", wrong=True),
    "disk: once more, none there": partial(again, "disk", machine=Machine()),
    "disk: once more, none there yet": partial(again, "disk", machine=Machine(), come=False),
    "umode: two disks and cards": partial(asked, "umode", machine=LONG),
    "umode: nothing there": partial(asked, "umode", machine=Machine()),
    "umode: something wrong": partial(asked, "umode", "disk=/dev/nowhere port=9001", LONG),
    **{f"disk: {role.value}": partial(asked, "disk", machine=LONG, role=role) for role in Role},
    "disk: one refused": partial(asked, "disk", machine=replace(LONG, disks=(DISK, replace(DISK, refused=CD_DRIVE)))),
    **{f"confirm: {role.value}": partial(asked, "confirm", f"{LINE} holes=keep", role=role) for role in Role},
    **{f"{key}: none there": partial(asked, key, "", Machine()) for key in ("disk", "nic")},
    "warnings: two": lambda: pages.warnings((WORDS, WORDS), HOST),
    "waiting: behind a page": lambda: pages.waiting(WORDS, HOST, (WORDS, WORDS)),
    "waiting: before all pages": lambda: pages.waiting(WORDS, HOST, behind=False),
    "error: one": lambda: pages.error(LauncherError(ErrorKind.NO_LINK, WORDS, WORDS), nothing, HOST),
    "menu: nothing runs": lambda: pages.menu(nothing, None, HOST),
    "menu: locked": lambda: pages.menu(nothing, None, HOST, locked=True),
    **{
        f"menu: {role.value} {phase.value}": partial(pages.menu, nothing, cancelling(role, phase), HOST)
        for role, phase in itertools.product(Role, Phase)
    },
    **{
        f"transfer: {role.value} {phase.value} {attended}": partial(transfer, role, phase, attended)
        for role, phase, attended in itertools.product(Role, Phase, (True, False))
    },
    **{
        f"transfer: {role.value} {holes.value} {used}": partial(transfer, role, Phase.CASTING, True, used=used)
        for role, holes, used in itertools.product(Role, Holes, (10**8, 10**9))
    },
    **{f"result: {kind.value}": partial(result, kind, Next.REBOOT) for kind in OutcomeKind},
    **{f"result: equal {after.value}": partial(result, OutcomeKind.EQUAL, after) for after in Next},
    **{
        f"grow: {kind.value} {hurries}": partial(grow_question, kind, hurries)
        for kind in (OutcomeKind.EQUAL, OutcomeKind.ARRIVED)
        for hurries in (True, False)
    },
    "growing: it does": growing,
    "save: under way": lambda: saving.writing(STICK, HOST),
    "save: it is there": lambda: saving.saved(STICK, "udpcfg-1.txt", "udpcfg.txt", nothing, HOST),
    "save: it is not": lambda: saving.failed(WORDS, nothing, HOST),
    "save: no stick, nothing said": lambda: saving.answers(Written((), "", "# udpcfg.txt\n", ()), (), nothing, HOST),
    "too small": lambda: Page("", widgets.too_small(20, 20), {}),
}
"""By what is shown."""

SCROLL: dict[str, Make] = {
    "save: all": partial(answers, SETTLED),
    "umode: all that can be settled": partial(asked, "umode", SETTLED, LONG, notes=(WORDS,) * 3),
    "settings: all": partial(settings, SETTLED),
    "warnings: many": lambda: pages.warnings((WORDS,) * 30, HOST),
    "transfer: many": partial(
        transfer, Role.SEND, Phase.CASTING, True, whole=(WORDS,) * 20, notes=(WORDS,) * 3, messages=(WORDS,) * 9
    ),
    **{
        f"result: {kind.value} with all": partial(result, kind, Next.REBOOT, everything=True, role=role)
        for kind, role in zip(OutcomeKind, itertools.cycle(Role), strict=False)
    },
}
"""Pages with more rows than any terminal: what there is to choose is seen at once, the rest counted or scrolled to."""

EVERY = FITS | SCROLL
