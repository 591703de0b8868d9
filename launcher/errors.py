"""What can go wrong, as one sentence for the operator and a hint what to do next.

A traceback means a bug; everything that a wrong line, a missing disk or a pulled cable can cause is a
`LauncherError`.
"""

from __future__ import annotations


class LauncherError(Exception):
    """Base of all expected failures. `sentence` says what, where and what was expected; `hint` what to do."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence if not hint else f"{sentence} {hint}")
        self.sentence = sentence
        self.hint = hint


class AnswerError(LauncherError):
    """An answer (told or given) that cannot be used for its question."""


class Unanswered(LauncherError):
    """A question is open and nobody may be asked (``auto=yes``)."""


class NetworkFailed(LauncherError):
    """No card, no link or no address; the sentence says which, and after how many seconds."""


class TransferFailed(LauncherError):
    """The transfer could not be started (it is no `Outcome`: no process ran, no byte was written)."""
