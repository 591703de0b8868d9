"""Before a sender starts anything: is there another one on this port?"""

from __future__ import annotations

from ..sentence import say
from .attendance import Attendance
from .liveness import Cancelled
from .looking import Looking
from .owner import BeginCast, Cancel, Job, Loop, Message
from .sender_liveness import Cast
from .stored_cast import StoredCast
from .supervisor import Ended, Said

NO_KEY = say("The cast starts by itself; udp-sender reads no key (--nokbd).")
NOBODY = say("No receiver has connected yet.")


class Listening(Loop):
    """Before anything is started: another sender that waits on the same port would share the receivers. Meanwhile
    `looking` goes on."""

    def __init__(self, job: Job, attendance: Attendance, looking: Looking | StoredCast) -> None:
        super().__init__(job)
        self.cancelled = False
        self._attendance = attendance
        self._looking = looking

    def run(self) -> None:
        """Listen until it is known whether to start, and with what."""
        self.until(self._is_known, self.job.times.listen_tick)

    def _is_known(self) -> bool:
        state = self._attendance.state
        return self.cancelled or (
            state is not Cast.LISTENING and (state is not Cast.WAITING or self._looking.is_over())
        )

    def take(self, message: Message | Said | Ended) -> None:
        if isinstance(message, Cancel):
            self.cancelled = True
            self._attendance.take(Cancelled())
        elif isinstance(message, BeginCast):
            self.job.status.tell(NO_KEY if self.job.plan.options.nokbd else NOBODY, until_cast=True)

    def tick(self) -> None:
        self._attendance.tick()
