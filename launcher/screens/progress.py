"""The screen of a running transfer: bar, bytes, MB/s, elapsed, remaining, on a sender its receivers, and what was told.

Behind the cast a receiver flushes, and reads the disk back with a bar of its own: nobody may take that for the end.
Notes and the newest messages are always seen: what is on the disk gives way to them, and of many receivers the newest
are shown, and the others counted. So are the partitions that are sent whole: the key `w` shows all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import urwid

from ..model.afterwards import attempts
from ..model.outcome import Outcome
from ..model.plan import Plan, Role
from ..model.wording import duration, more, nic_line, rate, size
from ..sentence import NOTHING, Sentence, joined, say, say_many
from ..transfer.evidence import Receiver
from ..transfer.transfer import Phase, TransferState
from ..translate import tr
from ..udpcast.command import start_condition, starts_by_key
from .fitting import KEY, more_warnings
from .growing import GROWS
from .summary import earlier_cast, target_line, target_text, which_cast
from .used import used_line
from .widgets import MARGIN, MIN_COLUMNS, MIN_ROWS, Handler, Page, frame

SHOWN_MESSAGES = 4
MOST_RECEIVERS = 4  # for so many, messages give way
ROWS, COLUMNS = MIN_ROWS - 2, MIN_COLUMNS - 2 * MARGIN  # between header and footer of the smallest terminal
REDRAW = (1.0, 5.0)  # seconds between two drawings of mere progress, on a fast PC and on a slow one;
REST = 200  # in between, so many times what a drawing took: the transfer needs the processor


class TransferPage:
    """One widget tree that `update` fills again, so that a second of progress costs no new widgets."""

    def __init__(
        self,
        plan: Plan,
        start: Handler,
        host: str,
        earlier: tuple[Outcome, ...] = (),
        all_warnings: Handler = lambda: None,
    ) -> None:
        """`earlier`: the outcomes of the casts before this one. `all_warnings` shows those that do not fit."""
        self.plan = plan
        self.condition = start_condition(plan) if plan.role is Role.SEND else NOTHING
        self.waits_for_key = plan.role is Role.SEND and starts_by_key(plan)
        self._headline = urwid.Text("")
        self._bar = urwid.ProgressBar("bar", "done", 0, 1)
        self._figures = urwid.Text("")
        self._receivers = urwid.Text("")
        self._notes = urwid.Text("")
        self._disk = urwid.Text("")
        self._messages = urwid.Text("")
        disk = plan.target.path
        title = say("SENDING {disk}", disk=disk) if plan.role is Role.SEND else say("RECEIVING to {disk}", disk=disk)
        self._title = urwid.Text(("title", tr(title)))
        self._card = urwid.Text(("dim", tr(say("{card}, port {port}", card=nic_line(plan.nic), port=plan.port))))
        self._earlier = urwid.Text(("warn", tr(_earlier_cast(plan, earlier)))) if earlier else None
        self._rows = urwid.Pile([self._title])
        keys = {"enter": start} if plan.role is Role.SEND else {}
        keys |= dict.fromkeys((KEY, KEY.upper()), all_warnings)
        self.page = Page("transfer", frame([self._rows], say("m menu (cancel)"), host), keys)
        self.pace = REDRAW[0]  # seconds to the next drawing of mere progress
        self._shown: object = None
        self._due = 0.0

    def show(self, state: TransferState, draw: Callable[[], None]) -> None:
        """Update the page and `draw` the screen: at once for what is new in `state`, for the bytes now and then."""
        begin = time.monotonic()
        told = state.notes, state.attention, state.messages, state.over, state.whole, state.used
        news = state.phase, state.receivers, told, state.bytes > 0
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
        done, total = state.progress
        if total:
            self._bar.done = total
            self._bar.set_completion(min(done, total))
        self._figures.set_text(tr(self._figures_text(state)))
        self._fill(state)

    def _fill(self, state: TransferState) -> None:
        """What takes the room that is there."""
        true = [one for one in state.messages if one not in state.over]
        told = [tr(message) for message in true[-SHOWN_MESSAGES:] if message != self.condition]
        receivers = state.receivers if self.plan.role is Role.SEND else ()
        seats, newest = min(len(receivers), MOST_RECEIVERS), _height(*told[-1:])
        whole = [tr(sentence) for sentence in state.whole]
        known = self._known(state)
        self._notes.set_text(_lines(known))
        at_stake = state.phase is Phase.WAITING and self.plan.role is Role.RECEIVE
        self._disk.set_text(tr(target_text(self.plan.target) if at_stake else target_line(self.plan.target)))
        above = self._above(state, adorned=True)
        if _room(above) < len(receivers) + _height(*told, *whole):
            self._disk.set_text(tr(target_line(self.plan.target)))
        if _room(above) < seats + newest + _height(*whole[:1]) + 1:
            above = self._above(state, adorned=False)
        known += [("warn", line) for line in _first(whole, _room(above) - seats - newest)]
        self._notes.set_text(_lines(known))
        shown = _last(told, max(1, _room(above) - seats))
        self._messages.set_text(("dim", "\n".join(shown)))
        self._receivers.set_text(tr(_receivers_text(receivers, _room(above) - _height(*shown))))
        below = [*([self._receivers] if receivers else []), *([self._messages] if shown else [])]
        self._rows.contents = [(row, self._rows.options("pack")) for row in (*above, *below)]

    def _known(self, state: TransferState) -> list[tuple[str, str]]:
        """What is used, and what is to be seen besides, with its colours."""
        notes = joined("\n", *state.notes, state.attention)
        return [("body", tr(used_line(self.plan, state))), ("warn", tr(notes))]

    def _above(self, state: TransferState, adorned: bool) -> list[urwid.Widget]:
        """What stands above receivers and messages; `adorned`: with what may be missing where room is short."""
        space = [urwid.Divider()] if adorned else []
        card = [self._card] if adorned else []
        earlier = [*space, self._earlier] if self._earlier else []
        notes = [self._notes] if state.whole or self._notes.text else []
        bar = [self._bar] if _moved(state) and state.progress[1] else []
        figures = [self._figures] if _moved(state) else []
        rows = [*space, self._title, self._disk, *card, *earlier, *space, self._headline, *notes]
        return [*rows, *space, *bar, *figures, *(space if figures else [])]

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
        if state.phase is Phase.CLEARING:
            return say("All data is here. What is not used is cleared. Do not switch off.")
        if state.phase is Phase.FLUSHING:
            return say("All data is here; it is being written out. Do not switch off.")
        if _reads_back(state):
            return say("Reading the disk back to compare it. Do not switch off.")
        if state.phase is Phase.GROWING:
            return GROWS
        return say("The cast is running. Do not switch off.")

    def _figures_text(self, state: TransferState) -> Sentence:
        if not _moved(state):
            return NOTHING
        moved, total = state.progress
        done = size(moved)
        if _reads_back(state):
            return say("reading the disk back: {done} of {total}", done=done, total=size(total))
        if state.phase is Phase.CLEARING:
            return say("clearing: {done} of {total}", done=done, total=size(total))
        of = say("{done} of {total}", done=done, total=size(total)) if total else done
        remaining = NOTHING if state.remaining is None else say("remaining {time}", time=duration(state.remaining))
        return joined("   ", of, rate(state.rate), say("elapsed {time}", time=duration(state.elapsed)), remaining)


def _receivers_text(receivers: tuple[Receiver, ...], room: int) -> Sentence:
    """The newest ones, in so many lines, and how many more there are."""
    shown = len(receivers) if len(receivers) <= room else max(1, room - 1)
    return joined("\n", *map(_receiver_line, receivers[-shown:]), more(len(receivers) - shown))


def _lines(texts: list[tuple[str, str]]) -> list[tuple[str, str]] | str:
    """These, each with its colour, one below the other; those that say nothing are left out."""
    said = [(colour, text) for colour, text in texts if text]
    return [*((colour, f"{text}\n") for colour, text in said[:-1]), *said[-1:]] or ""


def _first(texts: list[str], room: int) -> list[str]:
    """The first of `texts` that fit in so many lines, and how many more there are."""
    if _height(*texts) <= room:
        return texts
    shown = 0
    while _height(*texts[: shown + 1]) < room:
        shown += 1
    return [*texts[:shown], tr(more_warnings(len(texts) - shown))]


def _last(texts: list[str], room: int) -> list[str]:
    """The last of `texts` that fit in so many lines, and at least the very last."""
    first = len(texts)
    while first and (first == len(texts) or _height(*texts[first - 1 :]) <= room):
        first -= 1
    return texts[first:]


def _height(*texts: str) -> int:
    return sum(int(urwid.Text(text).rows((COLUMNS,))) for text in texts)


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


def _earlier_cast(plan: Plan, earlier: tuple[Outcome, ...]) -> Sentence:
    """Which cast this is, and what became of the one before."""
    number = len(earlier) + 1
    which, last = which_cast(number, attempts(plan, number)), earlier_cast(number - 1, earlier[-1].sentence)
    return joined(" ", which, last)


def _room(above: list[urwid.Widget]) -> int:
    """Lines that these leave on the smallest terminal."""
    return ROWS - sum(int(row.rows((COLUMNS,))) for row in above)
