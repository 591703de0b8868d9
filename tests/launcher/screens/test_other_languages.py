"""Nothing on a screen stays English: every page in a made-up language without a single Latin letter."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import pytest

from kernel_cmdline import parse
from launcher import translate
from launcher.answers.interview import QUESTIONS, Interview, Told, confirmation
from launcher.answers.lookup import given_answers
from launcher.answers.selectors import whole
from launcher.errors import AnswerError, ErrorKind, LauncherError
from launcher.hardware.usage import Entry, Use
from launcher.model.afterwards import Result
from launcher.model.growth import (
    NOBODY_ANSWERED,
    NOBODY_ASKED,
    NOT_WANTED,
    Growth,
    Offer,
    Tell,
    failed,
    grown,
    not_grown,
)
from launcher.model.machine import CD_DRIVE, Machine
from launcher.model.outcome import Outcome, OutcomeKind
from launcher.model.plan import Holes, Next, Role
from launcher.network.result_page import Answer
from launcher.screens import pages, widgets
from launcher.screens.ending import Ending
from launcher.screens.growing import GrowingPage, GrowQuestion
from launcher.screens.progress import TransferPage, cancelling
from launcher.screens.widgets import Page
from launcher.sentence import Sentence, say, verbatim
from launcher.transfer.evidence import Receiver, ReceiverState
from launcher.transfer.status import Phase, TransferState
from launcher.translate import set_language
from tests.common import TWO, a_plan, page_text
from tests.launcher.screens.every_page import EVERY, LONG

PLAN = a_plan(target=whole(TWO.disks[0]), nic=TWO.nics[0])
FAILURE = Outcome(OutcomeKind.TRUNCATED, say("The sender stopped."), say("Look at it."))
MOUNTED = Use("/dev/sda", entry=Entry("8:0", "/dev/sda", "/")).refusal
SWAP = Use("/dev/sda", entry=Entry("8:0", "/dev/sda")).refusal
BUILT_UPON = Use("/dev/sda", "sdb").refusal
ERROR = AnswerError(ErrorKind.WRONG_VALUE, say("{key} is wrong.", key="port=1"), say("Take another one."))
SETTLED = "udpcparam=--fec retry=2 compr=gzip silence=9 start_timeout=9 after=menu"

DATA = {
    *("udpcast", "launcher", "dev", "sda", "sdb", "eth", "xxh", "kB", "MB", "GB", "TB", "Mbit"),
    *re.findall("[A-Za-z]+", " ".join(str(vars(disk)) for disk in TWO.disks)),
    *re.findall("[A-Za-z]+", " ".join(str(vars(nic)) for nic in (*TWO.nics, *LONG.nics))),
    *re.findall("[A-Za-z]+", " ".join(str(vars(disk)) for disk in LONG.disks)),
    *(
        "gzip",
        "lzop",
        "zstd",
        "BOOTIF",
        "fec",
        "se",
        "school",
        "nowhere",
        "English",
        "Language",
        "STICK",
        "sdc",
        "udpcfg",
        "txt",
        "FAT",
    ),
}
"""Names that are the same in every language."""


BROKEN = {"save: all"}
"""Pages that break long values between any two letters, so that what is typed alike everywhere is not known again; the
others of their kind have all their sentences."""


class MadeUp:
    """A catalogue whose every translation is the template without its letters."""

    def gettext(self, text: str) -> str:
        return re.sub(r"(\{[^}]*\})|[A-Za-z]", lambda match: match[1] or "ж", text)

    def ngettext(self, one: str, many: str, count: int) -> str:
        return self.gettext(one if count == 1 else many)


@pytest.fixture(autouse=True)
def language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translate, "_catalogue", MadeUp())


def english(page: Page) -> list[str]:
    """What is left on `page` that may be English; a single letter is a key."""
    text = "\n".join(line.decode() for line in page.widget.render((80, 60), focus=True).text)
    assert "ж" in text
    text = re.sub(r"\b(?:[a-z_]+=|http://)\S*|--\S+", "", text)  # what is typed so in every language
    return [word for word in re.findall("[A-Za-z]{2,}", text) if word not in DATA]


def nothing(*arguments: object) -> None: ...


def shown(key: str, line: str, machine: Machine = TWO, problem: AnswerError | None = None) -> Page:
    """The page of the question `key`, in the middle of an interview on `machine` that was given `line`."""
    interview = Interview(given_answers(parse(line)), machine, nothing, Told({}))  # type: ignore[arg-type]
    settled = interview.preview()
    question = confirmation(PLAN) if key == "confirm" else next(row.question for row in QUESTIONS if row.key == key)
    facts = interview.facts.knowing("umode", Role.RECEIVE)
    pending = pages.Pending(question, facts, None, problem)
    return pages.question(pages.Shown(pending, settled, True, (say("a note"),), ""), None, nothing, nothing, nothing)


@pytest.mark.parametrize("name", [name for name in EVERY if not name.startswith("lang:") and name not in BROKEN])
def test_every_page(name: str) -> None:
    assert english(EVERY[name]()) == []


@pytest.mark.parametrize("key", [row.key for row in QUESTIONS if row.key != "lang"])
def test_every_question(key: str) -> None:
    assert english(shown(key, SETTLED)) == []
    assert english(shown(key, "", problem=ERROR)) == []


@pytest.mark.parametrize("line", ["", SETTLED, "disk=/dev/sda ip=10.0.0.7/24", "disk=/dev/nowhere port=9001"])
def test_what_is_settled(line: str) -> None:
    assert english(shown("umode", line)) == []


def test_the_overwrite_with_all_that_is_lost() -> None:
    assert english(shown("confirm", "disk=/dev/sda")) == []


@pytest.mark.parametrize("reason", [CD_DRIVE, MOUNTED, SWAP, BUILT_UPON], ids=str)
@pytest.mark.parametrize("key", ["disk", "nic"])
def test_nothing_is_there(key: str, reason: Sentence) -> None:
    refused = replace(TWO.disks[0], refused=reason)
    assert english(shown(key, "", Machine(disks=(refused,)))) == []


def test_a_disk_that_is_not_offered() -> None:
    assert english(shown("disk", "", replace(TWO, disks=(TWO.disks[0], replace(TWO.disks[1], refused=MOUNTED))))) == []


def test_waiting_menu_and_error() -> None:
    failure = LauncherError(ErrorKind.NO_LINK, say("There is no link."), say("Plug it in."))
    assert english(pages.waiting(say("Wait."), "")) == []
    assert english(pages.error(failure, nothing, "")) == []
    assert english(pages.menu(nothing, None, "")) == []
    for role, phase in itertools.product(Role, Phase):
        assert english(pages.menu(nothing, cancelling(role, phase), "")) == []
    assert english(pages.warnings((say("a note"), say("another")), "")) == []
    assert english(Page("", widgets.too_small(20, 20), {})) == []


RECEIVERS = tuple(Receiver(number, f"10.0.0.{number}", state) for number, state in enumerate(ReceiverState))


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("attended", [True, False])
def test_a_running_transfer(role: Role, phase: Phase, attended: bool) -> None:
    page = TransferPage(replace(PLAN, role=role, attended=attended), nothing, "", (FAILURE,))
    page.update(TransferState(phase, 5 * 10**8, 10**9, remaining=7.0, receivers=RECEIVERS * 3))
    assert english(page.page) == []


@pytest.mark.parametrize("kind", OutcomeKind)
@pytest.mark.parametrize("after", Next)
@pytest.mark.parametrize("attended", [True, False])
def test_a_result(kind: OutcomeKind, after: Next, attended: bool) -> None:
    outcome = replace(
        FAILURE, kind=kind, bytes=10**9, seconds=9.0, receivers=("10.0.0.1",) * 30, lost=(verbatim("10.0.0.9"),)
    )
    plan = replace(PLAN, role=Role.SEND if kind is OutcomeKind.SENT else Role.RECEIVE, attended=attended, retry=3)
    plan = replace(plan, after=replace(plan.after, success=after, failure=after))
    ending = Ending(Result(plan, outcome, 0.0, 9.0, (FAILURE,), say("No more.")), nothing, "")
    ending.telling("se3")
    assert english(ending.page) == []
    ending.told(Answer(True, 200, say("se3 was told.")))
    assert english(ending.page) == []


WORDS = say("A reason.")


def not_here(tell: Tell) -> Growth:
    raise AssertionError("nothing grows in these tests")


OFFER = Offer("sdb", "ntfs", 10**9, 10**10, not_here, ("sda",), (WORDS,))
USED = {"used": 10**8, "total": 10**9, "sent": 10**8, "bytes": 10**9, "seconds": 9.0}


@pytest.mark.parametrize("holes", Holes)
@pytest.mark.parametrize("role", Role)
def test_what_is_used_and_what_is_sent_whole(holes: Holes, role: Role) -> None:
    page = TransferPage(replace(PLAN, role=role, holes=holes), nothing, "")
    for used in (10**8, 10**9):
        page.update(TransferState(Phase.CASTING, 10**8, 10**9, 10**7, used, whole=(WORDS,) * 20, remaining=7.0))
        assert english(page.page) == []


@pytest.mark.parametrize("hurries", [True, False])
def test_the_question_whether_a_partition_grows_and_that_it_does(hurries: bool) -> None:
    for kind in (OutcomeKind.EQUAL, OutcomeKind.ARRIVED):
        assert english(GrowQuestion(PLAN, Outcome(kind, WORDS), OFFER, nothing, "", hurries).page) == []
    growing = GrowingPage(OFFER, "")
    growing.update((WORDS,), 9.0)
    assert english(growing.page) == []
    assert english(pages.menu(nothing, None, "", locked=True)) == []


@pytest.mark.parametrize("kind", [OutcomeKind.EQUAL, OutcomeKind.ARRIVED, OutcomeKind.SENT, OutcomeKind.BROKEN])
@pytest.mark.parametrize(("up_to", "rewritten"), [(None, None), (10**8, None), (10**8, 10**9)])
@pytest.mark.parametrize(
    "growth",
    [
        grown(OFFER),
        failed(OFFER, WORDS),
        *(not_grown(why, OFFER) for why in (WORDS, NOBODY_ASKED, NOBODY_ANSWERED, NOT_WANTED)),
    ],
)
def test_a_result_of_used_blocks(kind: OutcomeKind, up_to: int | None, rewritten: int | None, growth: Growth) -> None:
    outcome = replace(Outcome(kind, WORDS, **USED), up_to=up_to, rewritten=rewritten, growth=growth)  # type: ignore[arg-type]
    assert english(Ending(Result(PLAN, outcome, 0.0, 9.0), nothing, "").page) == []


def test_a_receivers_state_has_the_words_of_its_value() -> None:
    assert [str(state.words) for state in ReceiverState] == [state.value for state in ReceiverState]


@pytest.mark.parametrize(
    ("code", "one", "two"),
    [
        ("en", "1 receiver connected.", "2 receivers connected."),
        ("fr", "1 récepteur connecté.", "2 récepteurs connectés."),
        ("de", "1 Empfänger verbunden.", "2 Empfänger verbunden."),
    ],
)
@pytest.mark.parametrize("attended", [True, False])
def test_receivers_are_counted_in_words_that_fit(
    monkeypatch: pytest.MonkeyPatch, code: str, one: str, two: str, attended: bool
) -> None:
    monkeypatch.setattr(translate, "_catalogue", None)
    set_language(code)
    page = TransferPage(replace(PLAN, role=Role.SEND, attended=attended), nothing, "")
    for count, words in ((1, one), (2, two)):
        page.update(TransferState(receivers=RECEIVERS[:count]))
        assert words in page_text(page.page)
