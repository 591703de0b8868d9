"""A real run on this terminal whose transfer is over at once; no device is touched.

python3 ended_run.py LINE KIND SECONDS      SECONDS: how long the result stays
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
from launcher.model import machine as machines  # noqa: E402
from launcher.model.machine import Machine  # noqa: E402
from launcher.model.outcome import Outcome, OutcomeKind  # noqa: E402
from launcher.model.plan import Plan  # noqa: E402
from launcher.network.address import AddressState, Phase  # noqa: E402
from launcher.screens import ending  # noqa: E402
from launcher.session.app import App  # noqa: E402
from launcher.session.system import RecordedSystem  # noqa: E402
from launcher.transfer.status import TransferState  # noqa: E402


class Ended(RecordedSystem):
    """A recorded machine whose transfers end with `outcome`."""

    def __init__(self, machine: Machine, outcome: Outcome) -> None:
        super().__init__(machine)
        self.outcome = outcome

    def network(self, plan: Plan) -> Any:
        return SimpleNamespace(state=AddressState(Phase.DONE, "", address="10.0.0.7/24"), close=lambda: None)

    def transfer(self, plan: Plan) -> Any:
        return SimpleNamespace(
            fileno=lambda: os.eventfd(0),
            snapshot=TransferState,
            wait=lambda timeout: self.outcome,
            close=lambda: None,
        )

    def keep(self, record: dict[str, object]) -> None: ...


if __name__ == "__main__":
    recorded = machines.from_json((ROOT / "launcher/machines/one-disk-one-card.json").read_text())
    ending.DELAY = float(sys.argv[3])
    ended = Outcome(OutcomeKind(sys.argv[2]), "It is over.")
    sys.exit(App(Ended(recorded, ended), given_answers(parse(sys.argv[1])), EventLog()).run())
