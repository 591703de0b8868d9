"""What can go wrong while building, as one sentence."""

from __future__ import annotations


class BuildError(Exception):
    """One sentence: what, where, what was expected, what to do. `status` is the command's exit status."""

    def __init__(self, sentence: str, status: int = 1) -> None:
        super().__init__(sentence)
        self.status = status
