"""What is said of a clone changes with what becomes of it."""

from __future__ import annotations

import pytest

from launcher.model.growth import Growth, GrowthKind
from launcher.model.outcome import Outcome, OutcomeKind, larger
from launcher.sentence import say

OTHER = say("Something else.")


@pytest.mark.parametrize(("kind", "told"), [(GrowthKind.GROWN, False), (GrowthKind.NOT_GROWN, True)])
def test_what_is_free_behind_the_clone_is_told_where_nothing_has_grown(kind: GrowthKind, told: bool) -> None:
    remark = larger("/dev/sda", 2_000_000)
    outcome = Outcome(OutcomeKind.EQUAL, say("Good."), remarks=(remark, OTHER))
    assert outcome.grown(Growth(kind, say("So."))).remarks == ((remark, OTHER) if told else (OTHER,))
