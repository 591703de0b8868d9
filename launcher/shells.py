"""Whether there may be a shell on this PC (``shell=no``): the one place for what screens ask.

Nobody may have one before all that could forbid it was read.
"""

from __future__ import annotations

_allowed = True


def permit(allowed: bool) -> None:
    """From now on there may be a shell, or there is no way out but restart and power off."""
    global _allowed  # noqa: PLW0603 - one process has one operator
    _allowed = allowed


def allowed() -> bool:
    """Whether a shell may be offered, and started."""
    return _allowed
