"""All times in one table: how long somebody or something is waited for, how often something is said or looked at.

What the administrator sets is no row here: `Plan.silence`, `Plan.start_timeout`, and udpcast's own options. The
relations that must hold between the rows are tests (tests/launcher/model/test_times.py).
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field

from .plan import SILENCE, START_TIMEOUT


def _row(value: float, meaning: str, why: str, unit: str = "s") -> float:
    row: float = field(default=value, metadata={"meaning": meaning, "why": why, "unit": unit})
    return row


def _count(value: int, meaning: str, why: str, unit: str) -> int:
    row: int = field(default=value, metadata={"meaning": meaning, "why": why, "unit": unit})
    return row


@dataclass(frozen=True, repr=False, eq=False)  # nobody compares tables: so many fields delay the first screen
class Times:
    """One row a field; a test makes its own with `dataclasses.replace`."""

    # A PC, before its transfer
    device: float = _row(
        60.0,
        "a disk or a card that is named and missing is waited for, and udev's look at a disk",
        "a slow controller or a stick takes its time; an unattended PC must say in the end what is missing",
    )
    no_device: float = _row(
        4.0,
        "without a new device, before an unattended receiver whose disk is not named decides",
        "a USB disk comes by itself, a second or two behind its controller, and no queue of udev's knows of it",
    )
    link: float = _row(
        60.0, "a card has for getting a link", "negotiating takes seconds, a switch that starts with the PCs a minute"
    )
    dhcp: float = _row(
        120.0,
        "a DHCP server has for its answer, once there is a link",
        "a switch forwards nothing for up to 50 s (spanning tree), or 90 s (802.1X, until it gives it up)",
    )
    fetch: float = _row(
        60.0,
        "a file that `config=` names has until it is here as a whole, once there is an address",
        "a boot server that hundreds of PCs ask at once is late; an unattended PC must say in the end what is missing",
    )

    # A sender, before its cast
    greet_every: float = _row(
        1.0,
        "between two greetings of udp-sender",
        "a receiver's single request may get lost while a switch port wakes up; `pause` and `listen` rest on it",
    )
    unattended: int = _count(
        60,
        "from the first receiver to the cast, when nobody can press a key and no option starts it",
        "PCs that are switched on together are there by then",
        "s",
    )
    listen: float = _row(
        3.5,
        "a sender listens for another one before it starts udp-sender; behind that it still hears it",
        "udp-sender greets once a second, and receivers note a pause in the greetings (`pause`)",
    )
    tie: float = _row(
        1.0,
        "two senders that begin within it began at the same time: the lower MAC address stays",
        "on a busy PC a packet is that late, and both must come to the same",
    )
    rival_times: int = _count(
        3, "another sender must be heard so often", "a single stray or forged datagram stops no cast", "times"
    )
    insist: float = _row(
        10.0,
        "a later sender with the lower MAC address may go on before the earlier one gives way after all",
        "it does not hear, or counted a moment differently; behind such a pause one is heard anew, too",
    )
    survey: float = _row(
        600.0,
        "a sender waits for what is known of the used blocks of its disk; then it sends all of it",
        "a large and fragmented NTFS on a slow disk takes minutes, and to send all of it takes hours",
    )
    listen_tick: float = _row(0.1, "between two looks at what was heard, while it listens", "nothing else is done then")

    # A sender, during its cast and behind it
    alive_every: float = _row(
        5.0,
        "between two signs of life while the disk is read",
        "udp-sender says nothing while it waits for its input; several may get lost before a receiver's patience ends",
    )
    hold_up: float = _row(
        10.0,
        "in sum, that a cast has waited for one receiver, before that is said, and then again",
        "every disk stops for a moment now and then",
    )
    complaints: float = _row(
        8.0,
        "at most between two of udp-sender's complaints that count as one wait",
        "it asks once a second then, and complains each seventh time (its source, measured)",
    )
    end_notice_times: int = _count(3, "the end notice is sent so often", "a datagram may get lost", "times")
    end_notice_apart: float = _row(
        0.2, "between two of them", "the last one is out before the same PC's next cast begins (`listen`)"
    )

    # A receiver, before the cast
    pause: float = _row(
        3.0,
        "without a greeting, behind which a greeting is another sender's",
        "a udp-sender greets once a second before its cast, and two greetings may get lost; one that begins anew "
        "listens for longer first (`listen`). A plain sender may greet less often: see `pause_intervals`",
    )
    pause_intervals: int = _count(
        2,
        "its last interval is a pause as well, where that is longer than `pause`",
        "a busy PC does not greet at even distances",
        "times",
    )
    start_every: float = _row(
        1.0,
        "between two starts of udp-receiver while it waits",
        "any datagram to the port base ends one that looks for a sender (measured): this is how often that may happen",
    )
    ask: float = _row(
        30.0,
        "a sender that was found may be silent before it is asked whether it is still there",
        "a plain udp-sender greets once, and then waits for its key in silence; it answers when it is asked (measured)",
    )
    ask_every: float = _row(
        2.0, "between two such questions", "an answer takes no time; three questions outlast `alive_every`"
    )
    ask_times: int = _count(3, "a sender is asked before it is left", "a datagram may get lost", "times")
    both: float = _row(
        10.0,
        "a sender counts as heard, behind its last greeting or answer",
        "who greets once a second is heard for certain; whoever does not is asked more often",
    )
    ask_most: float = _row(
        900.0,
        "the longest time between two such questions where each is answered: it is twice as long each time",
        "a plain udp-sender begins its cast, unless by a key, only after 2 s without a packet (measured): many "
        "receivers must not ask all the time",
    )
    poll: float = _row(
        3.0,
        "without a greeting, another sender is asked, and each one while a receiver waits for one of two to go",
        "a plain udp-sender greets once; two answers may get lost within `both`",
    )
    no_data: float = _row(
        10.0,
        "without data, once the sender says that it casts, until the operator is told why that may be",
        "the first data comes at once, but a compressor that gets only zeros gives nothing for long",
    )
    silence_most: float = _row(
        3600.0,
        "a sender's own `silence` counts for at most, as its manifest tells it",
        "whoever forges one must not hold a PC",
    )
    more_patient: float = _row(
        20.0,
        "a receiver waits longer for its sender than that one for another receiver",
        "udp-sender drops the other one first, `silence` behind its last sign (measured: 33.6 to 34.1 s for 34)",
    )
    late: float = _row(
        2.0,
        "udp-receiver has for ending by itself when no cast began in time",
        "to its own clock every packet of whatever sender is a new beginning (measured), so that it is ended then",
    )

    # A receiver, during the cast
    look_out: float = _row(
        1.0,
        "without a byte after which one looks for signs of the sender, and between two looks",
        "a udp-sender that waits for a receiver repeats its question once a second (measured)",
    )
    unheard: float = _row(
        15.0,
        "behind a greeting in a silence without another packet of the sender, and its cast is over",
        "in a cast that goes on signs of life come, or questions; a single greeting may be anybody's",
    )
    exit_wait: float = _row(
        0.5, "udp-receiver lingers when it has everything, unless --exit-wait says otherwise", "its manual page: 500 ms"
    )
    exit_late: float = _row(
        1.0,
        "more than it lingers, behind a greeting, and nothing more comes of the old cast",
        "a plain sender in a loop greets for its next cast while udp-receiver still lingers (measured)",
    )
    at_once: float = _row(
        0.1, "behind a greeting within which the last of the old cast may still come", "it is in the pipe already"
    )
    in_flight: int = _count(
        16 << 20,
        "may be on their way from the wire to the disk when a greeting is heard",
        "udpcast's buffer, a pipe of 1 MiB, and our eight chunks of 1 MiB",
        "bytes",
    )

    # Processes
    tick: float = _row(
        0.5, "between two looks at the clock, where nothing else happens", "the shortest time limit is 1 s"
    )
    grace: float = _row(
        2.0, "between the first signal to a process and SIGKILL", "udp-receiver takes its leave of the sender in it"
    )
    linger: float = _row(
        10.0,
        "a process has for going by itself when its work is done, behind its --exit-wait; then it is killed, and the "
        "result stands",
        "one that has nothing left to do is gone within a second or two",
    )
    standstill: float = _row(
        300.0,
        "more than `silence`, the bytes of a cast may stand still on either side, while no disk is asked",
        "a slow seat is dropped within `silence`; who is only alive does not hold a room up for ever",
    )
    standstill_named: float = _row(
        30.0, "without a byte, before the screen names through which process none moves", "short pauses are usual"
    )

    # Disks
    patience: float = _row(
        300.0,
        "for one request to a disk",
        "the kernel's own retries and resets of a bad disk take a minute or two",
    )
    impatience: float = _row(5.0, "for it once nobody wants the answer any more", "a disk that is well answers at once")
    partitions: float = _row(
        5.0,
        "for reading a written disk's partition table anew, while one of its old partitions is open",
        "udev looks at them in it",
    )
    growing: float = _row(
        3600.0,
        "for one tool that checks or grows a clone's file system",
        "checking millions of files on a slow disk takes many minutes",
    )
    stuck: float = _row(
        3.0,
        "a thread may wait in the kernel when the launcher leaves, before the PC is restarted by force",
        "a disk that is well answers sooner",
    )

    # What is seen
    rate_window: float = _row(5.0, "over which the recent rate is taken", "steady enough to read")
    report: float = _row(1.0, "between two events `progress`", "a slow serial line must not be filled with them")


TIMES = Times()


def reference() -> str:
    """The table in Markdown."""
    rows = []
    for one in dataclasses.fields(Times):
        unit = one.metadata["unit"]
        value: float = getattr(TIMES, one.name)
        shown = f"{value / (1 << 20):g} MiB" if unit == "bytes" else f"{value:g} {unit}"
        rows.append(f"| `{one.name}` | {shown} | {one.metadata['meaning']} | {one.metadata['why']} |")
    return "\n".join(["| time | value | meaning | why |", "| --- | --- | --- | --- |", *rows]) + "\n"


def waits() -> str:
    """What an administrator needs of it, in his words, in Markdown."""
    told = 2 * TIMES.look_out + (TIMES.end_notice_times - 1) * TIMES.end_notice_apart
    rows = (
        ("its disk (unattended)", f"{TIMES.device:g} s; then it stops with the reason"),
        ("a link", f"{TIMES.link:g} s; then it stops with the reason"),
        ("an address by DHCP", f"{TIMES.dhcp:g} s; then it stops with the reason"),
        (
            "the key of a sender that nobody sits at",
            f"{TIMES.unattended:g} s behind its first receiver; then it begins",
        ),
        ("the beginning of the cast", f"`start_timeout`, {START_TIMEOUT / 3600:g} hours unless given"),
        (
            "a receiver that does not answer",
            f"`silence`, {SILENCE:g} s unless given; then the sender drops it and goes on",
        ),
        (
            "a sender that was found, and is silent before its cast",
            f"{TIMES.ask:g} s; then it is asked. While it answers, it is asked again after twice as long each time, "
            f"{TIMES.ask_most / 60:g} minutes at most. It is left when it does not answer {TIMES.ask_times} times",
        ),
        (
            "a sender that is silent on the wire in its cast (a slow disk is no silence)",
            f"{TIMES.more_patient:g} s longer than `silence`",
        ),
        ("one of two senders to go, while both are heard", "`start_timeout`; the receiver names both"),
        (
            "a cast in which no byte moves any more, though its programs live",
            f"{TIMES.standstill:g} s longer than `silence`, on either side; the screen names the program",
        ),
        ("a sender that fails or is cancelled", f"{math.ceil(told)} s: it says so to its receivers"),
        (
            "a disk that does not answer a request",
            f"{TIMES.patience / 60:g} minutes; the PC can be restarted all the same",
        ),
        (
            "another sender on the same port",
            f"{TIMES.listen:g} s before it waits for receivers; it gives way until its cast begins",
        ),
    )
    return (
        "\n".join(["| waits for | how long |", "| --- | --- |", *(f"| {what} | {long} |" for what, long in rows)])
        + "\n"
    )
