"""A real run on this terminal whose transfer is over at once; no device is touched.

python3 ended_run.py LINE KIND SECONDS [grow]      SECONDS: how long the result stays; grow: a partition could grow
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from kernel_cmdline import parse  # noqa: E402
from launcher.answers.lookup import given_answers  # noqa: E402
from launcher.events import EventLog  # noqa: E402
from launcher.model.growth import Growth, Offer, Tell, grown  # noqa: E402
from launcher.model.outcome import Outcome, OutcomeKind  # noqa: E402
from launcher.model.plan import Plan  # noqa: E402
from launcher.network.address import AddressState, Phase  # noqa: E402
from launcher.screens import ending  # noqa: E402
from launcher.sentence import NOTHING, say  # noqa: E402
from launcher.session.app import App  # noqa: E402
from launcher.session.connecting import Connecting  # noqa: E402
from launcher.session.dry_run import RecordedPc  # noqa: E402
from launcher.session.interviewing import Dialogue  # noqa: E402
from launcher.transfer.status import TransferState  # noqa: E402
from tests.common import ONE  # noqa: E402


class Ended:
    """A system whose transfers end with `outcome`, and tell nobody."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome

    def network(self, plan: Plan) -> Any:
        return SimpleNamespace(state=AddressState(Phase.DONE, NOTHING, address="10.0.0.7/24"), close=lambda: None)

    def transfer(self, plan: Plan) -> Any:
        return SimpleNamespace(
            begin_cast=lambda: None,
            fileno=lambda: os.eventfd(0),
            snapshot=TransferState,
            wait=lambda timeout: self.outcome,
            close=lambda: None,
        )

    def report(self, url: str) -> Any:
        raise AssertionError(f"{url} was to be told")

    def keep(self, record: dict[str, object]) -> None: ...


def grow(tell: Tell) -> Growth:
    tell(say("Moving sda3 ..."))
    return grown(OFFER)


OFFER = Offer("sda2", "ext4", 40_000_000_000, 200_000_000_000, grow, ("sda3",))


if __name__ == "__main__":
    ending.DELAY = float(sys.argv[3])
    system = Ended(Outcome(OutcomeKind(sys.argv[2]), say("It is over."), offer=OFFER if sys.argv[4:] else None))
    dialogue = Dialogue(given_answers(parse(sys.argv[1])))
    app = App(RecordedPc(ONE), dialogue, EventLog(), lambda app, plan: Connecting(app, system, plan))
    sys.exit(app.run())
