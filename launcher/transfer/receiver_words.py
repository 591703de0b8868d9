"""What a receiver says of its sender's end and silence, wherever it says it. Pure."""

from __future__ import annotations

from ..model.outcome import OutcomeKind
from ..sentence import Sentence, say

_END_NOTICES = {
    OutcomeKind.READ_ERROR.value: say("its disk could not be read"),
    OutcomeKind.STAGE_FAILED.value: say("a program failed there"),
    OutcomeKind.CANCELLED.value: say("its cast was cancelled"),
    OutcomeKind.RECEIVER_LOST.value: say("its cast ended without this seat"),
    OutcomeKind.OTHER_SENDER.value: say("it gave way to another sender"),
    OutcomeKind.NO_RECEIVERS.value: say("it has waited for receivers as long as it was told to"),
}

NO_DATA = say(
    "A switch (IGMP snooping without a querier), a firewall, or another MTU on the way may keep multicast back: "
    "look at the switch, or try --broadcast in the sender's udpcparam."
)
"""What it means when a receiver connects, but no data comes; and what to try."""

_CAST_CODES = (0x0006, 0x0008, 0x0009)


def why_it_ended(end_notice: str) -> Sentence:
    """The outcome that a sender took its leave with, as a part of a sentence."""
    return _END_NOTICES.get(end_notice, say("its cast is over"))


def of_a_cast(code: int | None) -> bool:
    """Whether a udp-sender says this to the receivers of a cast: a request for acknowledgement, data, or what repairs
    data (the first two bytes of its packets, measured)."""
    return code in _CAST_CODES
