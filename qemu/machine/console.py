"""A serial console: everything that came (the transcript), the 80×24 screen it makes, and keys.

`Console.expect` waits for one of several texts that mean success, one that means failure, or the deadline, whichever
is first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from ..host.event_loop import Deadline, DeadlinePassed, EventLoop
from .keys import serial
from .refusal import Refusal, Refused, Watch

COLUMNS, LINES = 80, 24


class Unexpected(Exception):
    """A text that means failure came; `match` is it."""

    def __init__(self, sentence: str, match: str) -> None:
        super().__init__(sentence)
        self.match = match


class Screen:
    """What a person in front of the terminal sees, as text."""

    def __init__(self, answer: Callable[[bytes], None] | None = None) -> None:
        """`answer` gets what a real terminal sends back by itself (its cursor position, say)."""
        import pyte  # noqa: PLC0415 - no help needs it

        screen: Any = pyte.Screen(COLUMNS, LINES)
        if answer:
            screen.write_process_input = lambda text: answer(text.encode())
        self._screen = screen
        self._stream: Any = pyte.ByteStream(screen)

    def feed(self, data: bytes) -> None:
        self._stream.feed(data)

    @property
    def lines(self) -> tuple[str, ...]:
        """24 lines, without the blanks at their ends."""
        return tuple(str(line).rstrip() for line in self._screen.display)

    @property
    def text(self) -> str:
        return "\n".join(self.lines).rstrip("\n")

    @property
    def blank(self) -> bool:
        return not self.text.strip()


class Console:
    """One machine's operator console. `send` puts bytes on the line; `on_data` sees everything that comes."""

    def __init__(self, send: Callable[[bytes], None], loop: EventLoop) -> None:
        self._send, self._loop = send, loop
        self.transcript = bytearray()
        self.screen = Screen(send)
        self.on_data: Callable[[bytes], None] | None = None
        self._refusals = Watch()

    @property
    def refusal(self) -> Refusal | None:
        """What the firmware or a loader would not start."""
        return self._refusals.look(self.transcript)

    def forget_refusal(self) -> None:
        """The machine starts again; what is in the transcript was its last start's."""
        self._refusals = Watch(len(self.transcript))

    def feed(self, data: bytes) -> None:
        self.transcript += data
        self.screen.feed(data)
        if self.on_data:
            self.on_data(data)

    def press(self, *keys: str) -> None:
        """Press keys by name, one after the other. Raises UnknownKey before the first is pressed."""
        for data in [serial(key) for key in keys]:
            self._send(data)

    def send(self, data: bytes) -> None:
        """Put bytes on the line as they are."""
        self._send(data)

    def expect(
        self,
        success: str | Sequence[str],
        failure: str | Sequence[str] = (),
        *,
        deadline: Deadline,
        start: int = 0,
    ) -> str:
        """Wait until the transcript from byte `start` matches one of the regular expressions `success`.

        Returns the matching text. Raises Unexpected when one of `failure` matches first, Refused when nothing more
        will come, DeadlinePassed when nothing matched, and LostMachine when the machine ended meanwhile.
        """
        wanted, feared = _patterns(success), _patterns(failure)

        def look() -> re.Match[bytes] | None:
            found = _first(wanted + feared, self.transcript, start)
            if found is None and self.refusal:
                raise Refused(str(self.refusal))
            return found

        names = " or ".join(repr(pattern.pattern.decode()) for pattern in wanted)
        try:
            match = self._loop.until(look, deadline, names)
        except DeadlinePassed as error:
            raise DeadlinePassed(f"{error}; the screen shows:\n{self.screen.text}") from None
        text = match[0].decode(errors="replace")
        if match.re in feared:
            raise Unexpected(f"{text!r} came while waiting for {names}", text)
        return text

    def expect_screen(self, text: str, *, deadline: Deadline) -> None:
        """Wait until `text` stands on the screen. Raises DeadlinePassed with what stands there instead."""
        try:
            self._loop.until(lambda: text in self.screen.text, deadline, f"{text!r} on the screen")
        except DeadlinePassed as error:
            raise DeadlinePassed(f"{error}; the screen shows:\n{self.screen.text}") from None


def _patterns(texts: str | Sequence[str]) -> list[re.Pattern[bytes]]:
    return [re.compile(text.encode()) for text in ([texts] if isinstance(texts, str) else texts)]


def _first(patterns: list[re.Pattern[bytes]], transcript: bytearray, start: int) -> re.Match[bytes] | None:
    """The match that came first in the transcript."""
    matches = [match for pattern in patterns if (match := pattern.search(transcript, start))]
    return min(matches, key=lambda match: match.start(), default=None)
