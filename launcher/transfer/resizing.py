"""What a receiver does on a target of another size than the sender's disk: what is written of it, and what may grow."""

from __future__ import annotations

from dataclasses import dataclass

from ..datapath.beginning import Beginning
from ..datapath.behind import renewed
from ..datapath.block_device import TargetDisk
from ..datapath.digests import table_head
from ..datapath.framing import Manifest
from ..errors import LauncherError
from ..model.growth import Growth, Offer, not_grown
from ..model.outcome import Outcome, OutcomeKind
from ..model.plan import Grow, Plan
from ..model.times import Times
from ..reasons import reason
from ..resize.fit import Fit, fit
from ..resize.grow import offer
from ..resize.growth import Content, NoGrowth, growth
from ..resize.rewrite import rewrite
from ..sentence import Sentence, say

GROWS_BEHIND = (OutcomeKind.EQUAL, OutcomeKind.ARRIVED)
"""The results that say that the disk is the sender's."""


@dataclass(frozen=True)
class Rewriting:
    """The table of a smaller target: `size` bytes for which it is written, None where it stays; and why it is not
    there, or None."""

    size: int | None
    error: Sentence | None


def smaller(plan: Plan, manifest: Manifest | None, size: int) -> Fit | None:
    """How the sender's disk goes on a target of `size` bytes, where that is smaller. It does: `preflight.check`."""
    if manifest is None or manifest.length <= size:
        return None
    found = fit(manifest, size, plan.target.disk.sector_size)
    return found if isinstance(found, Fit) else None


def beginning(found: Fit | None, manifest: Manifest | None) -> Beginning | None:
    """What of the stream is written then; None is all of it."""
    if found is None or manifest is None:
        return None
    return Beginning(table_head(manifest.table, manifest.sector_size), found.end)


def not_rewritten(found: Fit, why: Sentence | None = None) -> Rewriting:
    """As long as it is not done."""
    return Rewriting(found.size if found.rewritten else None, why or say("it was not begun"))


def rewritten(target: TargetDisk, found: Fit, times: Times) -> tuple[Rewriting, Sentence | None]:
    """Write the table on `target`: what came of it, and why the kernel did not read it anew, or None. A worker's."""
    try:
        rewrite(target.path, found, times.patience)
    except LauncherError as error:
        return not_rewritten(found, error.sentence), None
    except OSError as error:
        return not_rewritten(found, reason(error)), None
    return Rewriting(found.size if found.rewritten else None, None), renewed(target, times)


def room(plan: Plan, outcome: Outcome, manifest: Manifest | None, size: int) -> Outcome:
    """`outcome` with what may grow on a target of `size` bytes, or why nothing does."""
    if manifest is None and outcome.ok and plan.grow is Grow.YES and size > outcome.bytes:
        return outcome.grown(not_grown(say("{why}.", why=say("no manifest comes with it"))))
    found = _room(plan, manifest, size) if outcome.kind in GROWS_BEHIND else None
    if found is None:
        return outcome
    return outcome.grown(found) if isinstance(found, Growth) else outcome.offered(found)


def _room(plan: Plan, manifest: Manifest | None, size: int) -> Offer | Growth | None:
    if plan.grow is Grow.NO or plan.target.partition or manifest is None or size <= manifest.length:
        return None
    contents = tuple(Content(part.number, part.kind, bool(part.hibernated)) for part in manifest.parts)
    found = growth(manifest.table_text, manifest.length, size, contents)
    if not isinstance(found, NoGrowth):
        return offer(plan.target.path, found)
    wanted = plan.grow is Grow.YES or found.worth
    return not_grown(say("{why}.", why=found.sentence)) if wanted else None
