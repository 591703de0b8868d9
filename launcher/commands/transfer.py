"""``launcher transfer NAME=VALUE ...``: one transfer without screens, on a machine that is already set up.

For servers (an image file is sent to a room of receivers, or taken from one), tests and benchmarks. The parameters
are those of the append line, as far as their rows are `taken` here, and are settled by the same interview with nobody
to ask. Two differ here: ``disk`` is a path, since a server's disks are nobody's to choose from, and ``nic`` must have
its address already.

Needs neither pyudev nor urwid, and looks at no device but the two that are named.
"""

from __future__ import annotations

import signal
import sys
import textwrap
import traceback
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

from kernel_cmdline import showable_lines

from ..answers.interview import Interview
from ..answers.lookup import row_of
from ..answers.parameters import ROWS
from ..answers.questions import Facts, Given, GivenAnswers, Question
from ..answers.reading import ROLES
from ..answers.row import Row
from ..errors import AnswerError, ErrorKind, LauncherError
from ..events import EventLog, standard_output
from ..hardware.probe import cards, target
from ..model.machine import Disk, Machine
from ..model.outcome import Outcome
from ..model.plan import Plan, Role
from ..sentence import NOTHING, Sentence, say, verbatim
from .libraries import libraries_named

if TYPE_CHECKING:
    from ..transfer.status import TransferState

TAKEN: dict[str, Row] = {row.key: row.in_transfer() for row in ROWS if row.taken}
"""The parameters of a transfer without screens."""
HERE = verbatim("transfer")
OK, NOT_OK = 0, 1
_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Wanted(Enum):
    """What a transfer is to be."""

    ANY = "any"
    STORE = "store"  # disk= is a new image
    STORE_ANEW = "store-anew"  # or one that is replaced
    CAST = "cast"  # disk= is a stored image


def transfer(words: list[str], wanted: Wanted = Wanted.ANY) -> int:
    """Carry out what `words` (``NAME=VALUE``) say; the result is the exit status.

    Raises LauncherError with nothing written: a wrong parameter, a disk or a card that cannot be used.
    """
    log = EventLog()
    log.add(standard_output())
    try:
        with libraries_named():
            plan, warnings = plan_of(given(words), cards(), wanted)
            for warning in map(str, warnings):
                _say(warning)
                log.emit("note", text=warning)
            return _carry_out(plan, log)
    except LauncherError as error:
        log.emit("error", **error.record())
        raise
    finally:
        log.close()


def given(words: list[str]) -> GivenAnswers:
    """The values by canonical key, aliases resolved, the last one winning. Raises AnswerError."""
    values: GivenAnswers = {}
    expected = say("Expected: {names}.", names=tuple(TAKEN))
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise AnswerError(ErrorKind.WRONG_VALUE, say('"{word}" is no NAME=VALUE.', word=word), expected)
        row = row_of(name)
        if row is None:
            raise AnswerError(
                ErrorKind.WRONG_VALUE, say("{word}: {name} is not known.", word=word, name=name), expected
            )
        if row.key not in TAKEN:
            sentence = say("{word}: {name} is no parameter of a transfer without screens.", word=word, name=name)
            raise AnswerError(ErrorKind.WRONG_VALUE, sentence, expected)
        values[row.key] = Given(value, HERE, name)
    return values


def key_of(name: str) -> str | None:
    """The parameter that `name` means."""
    row = row_of(name)
    return row.key if row else None


def plan_of(values: GivenAnswers, machine: Machine, wanted: Wanted = Wanted.ANY) -> tuple[Plan, tuple[Sentence, ...]]:
    """The plan, and what is said of it; `machine` has the network cards. Raises AnswerError and TransferFailed."""
    from ..images import naming  # noqa: PLC0415 - half of the launcher; no help needs it

    there = replace(machine, disks=_disks(values, wanted))
    unattended = {**values, "auto": Given("yes", HERE, "auto")}
    interview = Interview(unattended, there, _missing, rows=tuple(TAKEN.values()), nobody=_missing)
    plan = interview.plan()
    for key in values.keys() - interview.facts.settled.keys():  # no question for this role; but it is given
        TAKEN[key].parse(values[key].text, interview.facts)
    keep = naming.keeping(plan, replace=wanted is Wanted.STORE_ANEW)
    plan = replace(plan, target=replace(plan.target, keep=keep))
    return plan, (*interview.warnings, *naming.said(plan))


def _disks(values: GivenAnswers, wanted: Wanted) -> tuple[Disk, ...]:
    """The disk that is named, where there is a role for it."""
    role = ROLES.get(values["umode"].text.strip().lower()) if "umode" in values else None
    if role is None or "disk" not in values:
        return ()
    from ..images import naming  # noqa: PLC0415 - as above

    path = values["disk"].text
    if wanted is Wanted.CAST:
        naming.must_be_stored(path)
    if role is Role.RECEIVE and naming.names_new_image(path, wanted=wanted is not Wanted.ANY):
        return (Disk(path, 0, 0, settled=False),)
    return (target(path, for_writing=role is Role.RECEIVE).disk,)


def _missing(question: Question, facts: Facts, preset: str | None, problem: AnswerError | None) -> str:
    """Nobody is asked: what is neither given nor has a default ends it."""
    if problem:
        raise problem
    taken = TAKEN[question.key].taken
    hint = (
        taken.missing(facts)
        if taken and taken.missing
        else say("Give one of: {words}.", words=tuple(choice.text for choice in question.choices(facts)))
    )
    raise AnswerError(ErrorKind.UNANSWERED, say("{key}= is missing.", key=question.key), hint)


def _carry_out(plan: Plan, log: EventLog) -> int:
    """Run the transfer to its end, which Ctrl-C, SIGTERM and SIGHUP bring about in an orderly way."""
    from ..transfer.transfer import Transfer  # noqa: PLC0415 - half of the launcher; no help needs it

    work = Transfer(plan, log)
    stops = {number for number in _STOPS if signal.getsignal(number) is not signal.SIG_IGN}  # nohup(1) ignores one
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)  # one that comes while it starts is kept until it can be ended
    work.start()

    def stop(*_: object) -> None:
        for number in stops:  # a second one, within this one, would wait for the locks that this one holds
            signal.signal(number, signal.SIG_IGN)
        work.cancel()

    for number in stops:
        signal.signal(number, stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, stops)
    outcome: Outcome | None = None
    telling = Telling(plan)
    try:
        while outcome is None:
            outcome = work.wait(1.0)  # a signal that comes just before a wait without end is not seen within it
            telling.tell(work.snapshot())
    except LauncherError:
        raise
    except Exception as bug:  # something may have been written, so it must not look like a wrong parameter
        print(showable_lines(traceback.format_exc()), file=sys.stderr)
        log.emit("crash", sentence=f"{type(bug).__name__}: {bug}", traceback=traceback.format_exc())
        return NOT_OK
    finally:
        work.close()
    grown = outcome.growth.sentences if outcome.growth and outcome.ok else ()
    _say(f"{outcome.sentence} {outcome.hint}".rstrip())
    telling.once(*grown, *outcome.remarks)
    return OK if outcome.ok else NOT_OK


class Telling:
    """What the screens would show while it lasts, on standard error: each sentence once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._said: set[str] = set()
        self._still = False

    def tell(self, state: TransferState) -> None:
        """What is new."""
        from ..screens.used import used_line  # noqa: PLC0415 - no help needs it

        used = NOTHING if self._plan.target.keep else used_line(self._plan, state)
        notes = (note for note in state.notes if not (self._still and note == state.still))  # its seconds go on
        self.once(*state.messages, used, *state.whole, *notes)
        self._still = bool(state.still)

    def once(self, *sentences: Sentence) -> None:
        """Those that were not said yet."""
        for words in filter(None, map(str, sentences)):
            if words not in self._said:
                self._said.add(words)
                _say(words)


def _say(sentence: str) -> None:
    print(f"launcher: {sentence}", file=sys.stderr, flush=True)


def usage() -> str:
    """The parameters and exit statuses, for ``--help``."""
    lines = ["parameters, as on the append line:"]
    for row in TAKEN.values():
        lines.append(f"  {', '.join((row.name, *row.aliases))}={row.values}")
        lines += textwrap.wrap(row.meaning, 100, initial_indent=" " * 6, subsequent_indent=" " * 6)
    return "\n".join(lines) + "\n" + _USAGE


_USAGE = """
umode and disk have no default. A sender starts as udpcparam says, else 60 seconds after its first receiver.

Standard output gets the events, one JSON object a line; the last is `outcome`, with `ok`, `kind` and `sentence`, or
`error` when nothing was done. Standard error gets the sentences.

exit status:
  0  the outcome is ok (a clone that is equal, and was to grow and has not, is: `growth` says so)
  1  the outcome is not ok (Ctrl-C and SIGTERM end the transfer in an orderly way, with the outcome `cancelled`)
  2  a wrong parameter, or a disk, card or program that cannot be used: no data moved, nothing was written

examples:
  %(prog)s umode=snd disk=/srv/room.img nic=eth1 udpcparam='--min-receivers 29 --max-wait 600'
  %(prog)s umode=rcv disk=/dev/sdb nic=eth0
"""
