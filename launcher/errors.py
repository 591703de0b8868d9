"""What can go wrong, as a kind with one sentence for the operator and a hint what to do next.

A traceback means a bug; everything that a wrong line, a missing disk or a pulled cable can cause is a
`LauncherError`.
"""

from __future__ import annotations

from enum import Enum, unique

from .sentence import NOTHING, Sentence, joined


@unique
class ErrorKind(Enum):
    """Names are stable: they appear in the event log as ``kind`` of ``error``. The texts are for the reference."""

    def __new__(cls, name: str, meaning: str) -> ErrorKind:
        kind = object.__new__(cls)
        kind._value_ = name
        kind.meaning = meaning
        return kind

    meaning: str

    WRONG_VALUE = "wrong-value", "a parameter has a value that it cannot have"
    WRONG_LINE = "wrong-line", "the append line has an error, and nobody is there to be asked"
    UNANSWERED = "unanswered", "a question is open, and nobody may be asked"
    NOT_CONFIRMED = "not-confirmed", "the overwrite was not confirmed"
    DEVICE_MISSING = "device-missing", "the disk or card that is meant is not there"
    DEVICE_REFUSED = "device-refused", "the disk or card that is meant may not be used"
    DEVICE_CHANGED = "device-changed", "the disk is not the one any more that was chosen"
    NO_LINK = "no-link", "the card has no link"
    NO_ADDRESS = "no-address", "the card has no address, or does not take it"
    DISK_UNREADABLE = "disk-unreadable", "the disk to send cannot be opened or read"
    DISK_UNWRITABLE = "disk-unwritable", "the disk to overwrite cannot be opened for writing"
    DISK_IN_USE = "disk-in-use", "the disk is in use"
    DISK_HANGS = "disk-hangs", "the disk does not answer"
    SOURCE_REFUSED = "source-refused", "what is on the disk cannot be sent as it was asked"
    SOURCE_BLANK = "source-blank", "nothing is recognised on the disk to send, and blank=yes is not given"
    PROGRAM_MISSING = "program-missing", "a program that the transfer needs is not there"
    PROGRAM_FAILED = "program-failed", "a program could not be started or watched"
    MIXED_PAIR = "mixed-pair", "kernel and initrd do not belong together, and a disk or card is missing"
    DAMAGED_INITRD = "damaged-initrd", "the initrd's second stage cannot be opened, and no driver is there"
    SHORTAGE = "shortage", "the PC has too few open files, threads, processes, or too little memory"
    NOT_SAVED = "not-saved", "a file could not be written on a stick, or is not there as it was written"
    TERMINAL_MISSING = "terminal-missing", "there is no pseudo-terminal"


def reference() -> str:
    """All kinds, as a Markdown table."""
    rows = [f"| `{kind.value}` | {kind.meaning} |" for kind in ErrorKind]
    return "\n".join(["| kind | what is wrong |", "| --- | --- |", *rows]) + "\n"


class LauncherError(Exception):
    """Base of all expected failures. `sentence` says what, where and what was expected; `hint` what to do."""

    def __init__(self, kind: ErrorKind, sentence: Sentence, hint: Sentence = NOTHING) -> None:
        self.kind = kind
        self.sentence = sentence
        self.hint = hint
        super().__init__(str(self.whole))

    @property
    def whole(self) -> Sentence:
        """The sentence, and behind it the hint."""
        return joined(" ", self.sentence, self.hint)

    def record(self) -> dict[str, object]:
        """As plain JSON values: what the event ``error`` tells."""
        fields = self.whole.record()
        return {"kind": self.kind.value, "fields": fields, "sentence": str(self.sentence), "hint": str(self.hint)}


class AnswerError(LauncherError):
    """An answer (told or given) that cannot be used for its question."""


class Unanswered(LauncherError):
    """A question is open and nobody may be asked (``auto=yes``)."""


class NetworkFailed(LauncherError):
    """No card, no link or no address; the sentence says which, and after how many seconds."""


class TransferFailed(LauncherError):
    """The transfer could not be started (it is no `Outcome`: no process ran, no byte was written)."""
