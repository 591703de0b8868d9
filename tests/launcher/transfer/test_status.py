"""What is to be seen of a transfer while it runs."""

from __future__ import annotations

import select

from launcher.transfer.evidence import Receiver, ReceiverState
from launcher.transfer.status import Phase, Status


def test_the_status_tells_that_there_is_news() -> None:
    status = Status(1000)

    def news() -> bool:
        return bool(select.select([status.fileno()], [], [], 0)[0])

    assert not news()
    status.show((Receiver(0, "10.0.0.2"), Receiver(1, "10.0.0.3")))
    assert news()
    state = status.snapshot()
    assert [one.address for one in state.receivers] == ["10.0.0.2", "10.0.0.3"]
    assert not news()
    status.begin()
    status.moved(500)
    assert news()
    state = status.snapshot()
    assert (state.phase, state.bytes, state.total) == (Phase.CASTING, 500, 1000)
    assert state.remaining is not None
    status.show((Receiver(0, "10.0.0.2"), Receiver(1, "10.0.0.3")))
    assert not news(), "they are the same"
    status.show((Receiver(0, "10.0.0.2", ReceiverState.FINISHED), Receiver(1, "10.0.0.3", ReceiverState.DROPPED)))
    assert news()
    assert [one.state for one in status.snapshot().receivers] == [ReceiverState.FINISHED, ReceiverState.DROPPED]
    status.enter(Phase.DONE)
    before = status.snapshot().elapsed
    assert status.snapshot().elapsed == before
    status.close()
    assert status.snapshot().phase is Phase.DONE
