"""The screen of a running transfer: bar, bytes, MB/s, elapsed, remaining, on a sender its receivers, and what was told.

Behind the cast a receiver flushes, and reads the disk back with a bar of its own: nobody may take that for the end.
Notes and the newest messages are always seen: what is on the disk gives way to them, and of many receivers the newest
are shown, and the others counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import urwid

from ..model.afterwards import attempts
from ..model.outcome import Outcome
from ..model.plan import Plan, Role
from ..model.wording import duration, more, nic_line, rate, size
from ..sentence import NOTHING, Sentence, joined, say, say_many, verbatim
from ..transfer.evidence import Receiver
from ..transfer.transfer import Phase, TransferState
from ..translate import tr
from ..udpcast.command import start_condition, starts_by_key
from .summary import earlier_cast, target_line, target_text, which_cast
from .widgets import MARGIN, MIN_COLUMNS, MIN_ROWS, Handler, Page, frame

SHOWN_MESSAGES = 4
MOST_RECEIVERS = 4  # for so many, messages give way
ROWS, COLUMNS = MIN_ROWS - 2, MIN_COLUMNS - 2 * MARGIN  # between header and footer of the smallest terminal
REDRAW = (1.0, 5.0)  # seconds between two drawings of mere progress, on a fast PC and on a slow one;
REST = 200  # in between, so many times what a drawing took: the transfer needs the processor


class TransferPage:
    """One widget tree that `update` fills again, so that a second of progress costs no new widgets."""

    def __init__(self, plan: Plan, start: Handler, host: str, earlier: tuple[Outcome, ...] = ()) -> None:
        """`earlier`: the outcomes of the casts before this one."""
        self.plan = plan
        self.condition = start_condition(plan) if plan.role is Role.SEND else NOTHING
        self.waits_for_key = plan.role is Role.SEND and starts_by_key(plan)
        self._headline = urwid.Text("")
        self._bar = urwid.ProgressBar("bar", "done", 0, 1)
        self._unknown = urwid.Text("")
        self._place = urwid.WidgetPlaceholder(self._unknown)
        self._figures = urwid.Text("")
        self._receivers = urwid.Text("")
        self._notes = urwid.Text("")
        self._disk = urwid.Text("")
        self._messages = urwid.Text("")
        disk = plan.target.path
        title = say("SENDING {disk}", disk=disk) if plan.role is Role.SEND else say("RECEIVING to {disk}", disk=disk)
        self._above = [
            urwid.Divider(),
            urwid.Text(("title", tr(title))),
            self._disk,
            urwid.Text(("dim", tr(say("{card}, port {port}", card=nic_line(plan.nic), port=plan.port)))),
            *_earlier_rows(plan, earlier),
            urwid.Divider(),
            self._headline,
            self._notes,
            urwid.Divider(),
            self._place,
            self._figures,
            urwid.Divider(),
        ]
        rows = [*self._above, self._receivers, self._messages]
        keys = {"enter": start} if plan.role is Role.SEND else {}
        self.page = Page("transfer", frame(rows, say("m menu (cancel)"), host), keys)
        self.pace = REDRAW[0]  # seconds to the next drawing of mere progress
        self._shown: object = None
        self._due = 0.0

    def show(self, state: TransferState, draw: Callable[[], None]) -> None:
        """Update the page and `draw` the screen: at once for what is new in `state`, for the bytes now and then."""
        begin = time.monotonic()
        news = state.phase, state.receivers, state.notes, state.attention, state.messages, state.bytes > 0
        if news != self._shown or begin >= self._due:
            self._shown = news
            self.update(state)
            draw()
            end = time.monotonic()
            self.pace = min(max(REDRAW[0], REST * (end - begin)), REDRAW[1])
            self._due = end + self.pace

    def update(self, state: TransferState) -> None:
        """Show `state`."""
        self._headline.set_text(("title", tr(self._headline_text(state))))
        done, total = (state.verified, state.bytes) if _reads_back(state) else (state.bytes, state.total or 0)
        if total and _moved(state):
            self._bar.done = total
            self._bar.set_completion(min(done, total))
            self._place.original_widget = self._bar
        else:
            self._place.original_widget = self._unknown
        self._figures.set_text(tr(self._figures_text(state)))
        self._notes.set_text(("warn", tr(joined("\n", *state.notes, state.attention))))
        self._fill(state)

    def _fill(self, state: TransferState) -> None:
        """What takes the room that is there."""
        told = [tr(message) for message in state.messages[-SHOWN_MESSAGES:] if message != self.condition]
        receivers = state.receivers if self.plan.role is Role.SEND else ()
        wanted = len(receivers) + sum(map(_height, told))
        at_stake = state.phase is Phase.WAITING and self.plan.role is Role.RECEIVE
        self._disk.set_text(tr(target_text(self.plan.target) if at_stake else target_line(self.plan.target)))
        if self._room() < wanted:
            self._disk.set_text(tr(target_line(self.plan.target)))
        room = self._room()
        shown = _last(told, max(1, room - min(len(receivers), MOST_RECEIVERS)))
        self._messages.set_text(("dim", "\n".join(shown)))
        self._receivers.set_text(tr(_receivers_text(receivers, room - sum(map(_height, shown)))))

    def _room(self) -> int:
        return ROWS - sum(int(row.rows((COLUMNS,))) for row in self._above)

    def _headline_text(self, state: TransferState) -> Sentence:
        if state.phase is Phase.WAITING and self.plan.role is Role.RECEIVE:
            return say("Waiting for the sender. Nothing has been written yet.")
        if state.phase is Phase.WAITING and self.waits_for_key:
            return say_many(
                "{count} receiver connected. Press ENTER to start when all are there.",
                "{count} receivers connected. Press ENTER to start when all are there.",
                len(state.receivers),
            )
        if state.phase is Phase.WAITING:
            count = len(state.receivers)
            connected = say_many("{count} receiver connected.", "{count} receivers connected.", count)
            return joined(" ", connected, self.condition)
        if state.phase is Phase.FLUSHING:
            return say("All data is here; it is being written out. Do not switch off.")
        if _reads_back(state):
            return say("Reading the disk back to compare it. Do not switch off.")
        return say("The cast is running. Do not switch off.")

    def _figures_text(self, state: TransferState) -> Sentence:
        if not _moved(state):
            return NOTHING
        if _reads_back(state):
            return say("reading the disk back: {done} of {total}", done=size(state.verified), total=size(state.bytes))
        done = size(state.bytes)
        of = say("{done} of {total}", done=done, total=size(state.total)) if state.total else verbatim(done)
        remaining = NOTHING if state.remaining is None else say("remaining {time}", time=duration(state.remaining))
        return joined("   ", of, rate(state.rate), say("elapsed {time}", time=duration(state.elapsed)), remaining)


def _receivers_text(receivers: tuple[Receiver, ...], room: int) -> Sentence:
    """The newest ones, in so many lines, and how many more there are."""
    shown = len(receivers) if len(receivers) <= room else max(1, room - 1)
    return joined("\n", *map(_receiver_line, receivers[-shown:]), more(len(receivers) - shown))


def _last(texts: list[str], room: int) -> list[str]:
    """The last of `texts` that fit in so many lines, and at least the very last."""
    first = len(texts)
    while first and (first == len(texts) or sum(map(_height, texts[first - 1 :])) <= room):
        first -= 1
    return texts[first:]


def _height(text: str) -> int:
    return int(urwid.Text(text).rows((COLUMNS,)))


def _receiver_line(receiver: Receiver) -> Sentence:
    return joined(" ", f"#{receiver.number}", receiver.address, receiver.state.words)


def cancelling(role: Role, phase: Phase) -> Sentence:
    """What it means to cancel the transfer now."""
    if role is Role.SEND:
        if phase is Phase.WAITING:
            return say("nothing has been sent yet; the receivers go on waiting")
        return say("every receiver that has not all of it is then incomplete")
    if phase is Phase.WAITING:
        return say("nothing has been written yet")
    if phase is Phase.VERIFYING:
        return say("this disk has been written, and is then not compared to its end")
    return say("this disk is then incomplete, and the PC cannot start from it")


def _moved(state: TransferState) -> bool:
    """Whether there is progress to show. A sender reads a little of its disk before the cast: that is none."""
    return state.bytes > 0 and state.phase is not Phase.WAITING


def _reads_back(state: TransferState) -> bool:
    return state.phase is Phase.VERIFYING


def _earlier_rows(plan: Plan, earlier: tuple[Outcome, ...]) -> list[urwid.Widget]:
    """Which cast this is, and what became of the one before."""
    if not earlier:
        return []
    number = len(earlier) + 1
    which, last = which_cast(number, attempts(plan, number)), earlier_cast(number - 1, earlier[-1].sentence)
    return [urwid.Divider(), urwid.Text(("warn", tr(joined(" ", which, last))))]
