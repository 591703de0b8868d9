"""What each result means and what to do about it, for the person who answers for the room.

docs/results.md holds `reference` as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from .afterwards import HEALED_BY_ANOTHER_CAST
from .outcome import OK_KINDS, OutcomeKind


@dataclass(frozen=True)
class Meaning:
    """`side`: who can have this result; `known`: what is certain then; `advice`: what to do."""

    side: str
    known: str
    advice: str


SENDER, RECEIVER, BOTH = "sender", "receiver", "both"

MEANINGS: dict[OutcomeKind, Meaning] = {
    OutcomeKind.SENT: Meaning(
        SENDER,
        "the disk, or what is used of it, was read and sent to its end, and as many receivers as were wanted were "
        "there until then: those of --min-receivers, or else all with whom the cast began; none that had acknowledged "
        "anything was lost",
        "Look at the receivers: only they know what their disks hold.",
    ),
    OutcomeKind.NO_RECEIVERS: Meaning(
        SENDER,
        "nobody received this cast: no receiver connected, or too few of them within the time given",
        "Check that the receivers wait, with the same port and on the same network segment; send again.",
    ),
    OutcomeKind.OTHER_SENDER: Meaning(
        SENDER,
        "another sender waits for receivers on the same port, and this one would share them with it; nothing was sent",
        "Send from one PC only, or give each of the two rooms a port of its own.",
    ),
    OutcomeKind.RECEIVER_LOST: Meaning(
        SENDER,
        "the cast ended without the receivers that are named: they were silent for too long, left, or never answered; "
        "of one that left near the end only its own screen tells whether it has everything",
        "Look at these PCs, let them wait again, and send again: the others need not take part.",
    ),
    OutcomeKind.FEWER_RECEIVERS: Meaning(
        SENDER,
        "the disk, or what is used of it, was read and sent to its end, and nobody was lost, but fewer receivers were "
        "there than --min-receivers wants: --max-wait was over, or somebody began the cast before",
        "Look for the PCs that are missing, let them wait, and send again: the others need not take part.",
    ),
    OutcomeKind.READ_ERROR: Meaning(
        SENDER,
        "the sender's disk could not be read at the byte that is named; the receivers were cut off and know it",
        "Check the sender's disk and its cable before the next cast.",
    ),
    OutcomeKind.EQUAL: Meaning(
        RECEIVER,
        "what was written was read back from the disk, and has the length and the digest of what the sender read. "
        "Where only used blocks were sent, every used block is equal, and `holes` says what the rest holds. A smaller "
        "target is equal so up to the end of the last partition; of a GPT, the table was written for its size",
        "Nothing.",
    ),
    OutcomeKind.ARRIVED: Meaning(
        RECEIVER,
        "what was written has the length and the digest of what the sender read; it was not read back (verify=no)",
        "Use verify=yes where the disks themselves are in doubt.",
    ),
    OutcomeKind.WRITTEN: Meaning(
        RECEIVER,
        "everything that came was written, but no digest came with it to compare (gzip, lzop, none, or a plain "
        "udp-sender); the result says whether it was read back. One foreign datagram that bears the sender's address "
        "can spoil such a cast, and with none nobody sees it",
        "Use zstd, with the launcher on both sides; require=equal takes nothing else.",
    ),
    OutcomeKind.STORED: Meaning(
        RECEIVER,
        "a stored image was made (disk=NAME.zst): what came was unpacked, and has the digest of what the sender read; "
        "the result says whether the file was read back as well. No disk was written",
        "Cast it: `udpcast-launcher image cast`.",
    ),
    OutcomeKind.TRUNCATED: Meaning(
        RECEIVER,
        "the stream ended before the sender's end, or the sender said that it stops; the disk is not whole, "
        "or was not written to at all",
        "Look at the sender's result; cast again.",
    ),
    OutcomeKind.DIFFERENT: Meaning(
        RECEIVER,
        "what came is not what the sender read: something on the way changed it, or put something behind its end; the "
        "disk is not whole",
        "Cast again; where the same PC differs again, check its memory and its network card.",
    ),
    OutcomeKind.CHANGED: Meaning(
        RECEIVER,
        "what was read back from the disk is not what was written to it",
        "Do not trust this disk; check it, its cable and the PC's memory before the next cast.",
    ),
    OutcomeKind.READ_BACK_ERROR: Meaning(
        RECEIVER,
        "everything was written, but the disk could not be read back at the byte that is named",
        "Check or replace this disk.",
    ),
    OutcomeKind.NO_SENDER: Meaning(
        RECEIVER,
        "no data came within the time given; this cast has written nothing",
        "Where no sender was found, check that it uses the same port and is on the same network segment; where one was "
        "there and no data came, look at the switch, or try --broadcast at the sender; where two waited, let one send.",
    ),
    OutcomeKind.SENDER_VANISHED: Meaning(
        RECEIVER,
        "the sender was there, and then was heard no more, began anew, or gave this PC up; the disk is not whole, "
        "or was not written to at all",
        "Check the cables and the sender; cast again.",
    ),
    OutcomeKind.WRITE_ERROR: Meaning(
        RECEIVER,
        "the disk failed near the byte that is named or when it was flushed, or answers no more; it is not whole. Or "
        "the clone is whole, but the signatures that are named could not be cleared behind it",
        "Check or replace this disk.",
    ),
    OutcomeKind.TOO_SMALL: Meaning(
        RECEIVER,
        "the target is smaller than what has to be on it: the sender's disk up to the end of its last partition (and a "
        "GPT's backup table), or all of it where its table is not understood or something known is behind that end. "
        "Where the stream did not say so before, it was written full",
        "Use a target that is at least as large as the sentence says; or make the last partition of the sender's disk "
        "smaller.",
    ),
    OutcomeKind.SECTOR_SIZE: Meaning(
        RECEIVER,
        "the target's logical sectors have another size than the sender's, so its partition table would not fit",
        "Use a target with the same sector size.",
    ),
    OutcomeKind.SAME_DISK: Meaning(
        RECEIVER,
        "the target is the very disk that is being sent",
        "Choose another target.",
    ),
    OutcomeKind.NOT_COMPARED: Meaning(
        RECEIVER,
        "require=equal was given, and the stream brings no digest to compare with (gzip, lzop, none, or a plain "
        "udp-sender); nothing was written",
        "Use zstd, with the launcher on both sides; or leave require away.",
    ),
    OutcomeKind.WRONG_STREAM: Meaning(
        RECEIVER,
        "the stream contradicts the compr that was given, or is of no known kind; nothing was written",
        "Send with zstd, lzop, gzip or none; leave compr away on receivers, which recognise these.",
    ),
    OutcomeKind.BROKEN: Meaning(
        RECEIVER,
        "the clone was equal; then a partition was to grow on the larger disk (grow=), which failed in the middle, and "
        "the clone is not whole any more",
        "Cast again; with grow=no the rest of the disk stays free.",
    ),
    OutcomeKind.NOT_BEGUN: Meaning(
        BOTH,
        "with auto=yes: every answer was there, but no address came, the disk is in use, read-only or another one by "
        "now, or a program is missing; nothing was sent or written",
        "Read the sentence; cast again.",
    ),
    OutcomeKind.STAGE_FAILED: Meaning(
        BOTH,
        "a process of the transfer died or could not begin, as the sentence says; what was written is not whole",
        "Read the sentence and the event log (memory may have run out); cast again.",
    ),
    OutcomeKind.CANCELLED: Meaning(BOTH, "an operator cancelled it", "Cast again."),
}


def reference() -> str:
    """All results, as a Markdown table."""
    lines = [
        "| result | on | what is known | what to do | `retry` |",
        "| --- | --- | --- | --- | --- |",
    ]
    for kind, meaning in MEANINGS.items():
        name = f"**{kind.value}**" if kind in OK_KINDS else kind.value
        again = "yes" if kind in HEALED_BY_ANOTHER_CAST else "-"
        lines.append(f"| {name} | {meaning.side} | {meaning.known} | {meaning.advice} | {again} |")
    return "\n".join(lines) + "\n"
