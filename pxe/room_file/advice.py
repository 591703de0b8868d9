"""What an administrator should know of a room that is right word by word: sentences, nothing is refused. Pure.

Only machines that boot the launcher are looked at: armed, and not done.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from kernel_cmdline import canonical, format_line, showable
from kernel_cmdline.format import format_word

from ..entries.boot_entry import parameters_of
from ..entries.configuration import alone as booted_alone
from ..entries.configuration import line_of
from ..entries.room import Boot, Machine, Room

if TYPE_CHECKING:
    from launcher.answers.explain import Prospect

OTHERS = "machines that are not named"
_NAMED = 3
_RISKY = ("auto", "after", "auto_reboot")
"""Parameters that overwrite a disk, or restart a PC, where nobody is."""


def advice(room: Room, done: Collection[str] = ()) -> tuple[str, ...]:
    """All that holds for every server."""
    return (
        *strangers(room),
        *presets(room, done),
        *senders(room, done),
        *receivers(room, done),
        *hasty(room, done),
        *alone(room, done),
        *shared(room, done),
    )


def summary(room: Room, done: Collection[str] = ()) -> Iterator[str]:
    """How many machines boot what from now on."""
    lines = dict(_lines(room, done))
    others = lines.pop(OTHERS, None)
    if room.machines:
        finished = sum(one.armed and one.mac in done for one in room.machines)
        left = sum(not one.armed for one in room.machines)
        yield (
            f"Of the room's {_pcs(len(room.machines))}, {len(lines)} armed (the launcher{_with_menus(room, done)}"
            f"{_overwritten(lines)}), "
            f"{finished} done{f', {left} not armed' if left else ''}{' (their disks)' if finished or left else ''}."
        )
    if others:
        alone = ", and are overwritten without a question" if others.unattended and others.role == "rcv" else ""
        starts = "show a menu" if room.menu else "start the launcher"
        yield f"{'All other PCs' if room.machines else 'PCs'} that boot from the network {starts}{alone}."
    else:
        chosen = f", or the launcher when it is chosen within {room.timeout:g} s" if room.common_is_booted else ""
        yield f"PCs that are not named boot their disks{chosen}."


def _pcs(count: int) -> str:
    return f"{count} PC{'s' if count != 1 else ''}"


def _overwritten(lines: Mapping[str, Prospect]) -> str:
    count = sum(line.unattended and line.role == "rcv" for line in lines.values())
    return f"; {count} overwritten without a question" if count else ""


def _with_menus(room: Room, done: Collection[str]) -> str:
    count = sum(one.menu is not None for one in room.machines if one.armed and one.mac not in done)
    return f"; {count} with a menu" if count else ""


def presets(room: Room, done: Collection[str] = ()) -> Iterator[str]:
    """Menus that overwrite a disk when nobody has pressed a key."""
    by_time: dict[float, list[str]] = {}
    for one in room.machines:
        line = _prospect(_alone(room, one))
        if one.menu and one.armed and one.mac not in done and line.unattended and line.role == "rcv":
            by_time.setdefault(one.menu.timeout, []).append(one.title)
    for time, names in by_time.items():
        yield (
            f"{_names(names)}: {time:g} s after the menu is shown, its preset overwrites the disk, and nobody is asked "
            '(auto=yes). Where a PC may start without anybody there, write preset = "disk", or leave timeout out.'
        )


def strangers(room: Room) -> Iterator[str]:
    """Machines that nobody has named, whose disks are overwritten all the same."""
    line = _prospect(_alone(room))
    if room.default is Boot.LAUNCHER and line.unattended and line.role == "rcv":
        yield (
            "any PC that boots from the network here, and is not named, is overwritten, and nobody is asked: the line "
            "for all is that of a receiver that asks nothing. Name the PCs of the room, with these parameters in their "
            'groups, and let all others boot their disks: default = "disk" in the room\'s file, or --default disk.'
        )


def senders(room: Room, done: Collection[str] = ()) -> Iterator[str]:
    """Two senders on one port divide a room between them."""
    by_port: dict[int, list[str]] = {}
    for who, line in _lines(room, done):
        if line.role == "snd":
            by_port.setdefault(line.port, []).append(who)
    for port, names in by_port.items():
        if len(names) > 1 or OTHERS in names:
            several = _names(names) if len(names) > 1 else f"{names[0]}, which may be many,"
            yield (
                f"{several} are senders on port {port}, where the later one sends nothing. Make one of them a "
                "receiver, or give it and its receivers a port= of their own."
            )


def hasty(room: Room, done: Collection[str] = ()) -> Iterator[str]:
    """A sender that begins before all receivers of the room are there."""
    lines = [*_lines(room, done)]
    for who, line in lines:
        there = sum(one.role == "rcv" and one.port == line.port for _, one in lines)
        when = f"with {line.receivers} of them (--min-receivers)" if line.receivers else ""
        if line.hurries:
            when = f"{line.hurries} s after the first of them, for nothing on its line says when"
        if line.role == "snd" and when and there > max(line.receivers, 1):
            yield (
                f"{showable(who)} sends to {there} receivers of the room on port {line.port}, and begins {when}. Who "
                f'comes later gets nothing: write udpcparam = "--min-receivers {there} --max-wait 600" for it.'
            )


def alone(room: Room, done: Collection[str] = ()) -> Iterator[str]:
    """Receivers on a port on which nobody sends."""
    by_port: dict[int, list[str]] = {}
    lines = [*_lines(room, done), *([("", _prospect(_alone(room)))] if room.common_is_booted else [])]
    for who, line in _lines(room, done):
        if line.role == "rcv" and not any(one.role != "rcv" and one.port == line.port for _, one in lines):
            by_port.setdefault(line.port, []).append(who)
    for port, names in by_port.items():
        yield (
            f"nobody of the room is a sender on port {port}, and {_names(names)} can only wait there: write "
            'umode = "snd" for the PC that sends, or arm that again, unless the sender is no PC of this room.'
        )


def receivers(room: Room, done: Collection[str] = ()) -> Iterator[str]:
    """A sender that waits for more receivers than the room has. Not where others may come."""
    lines = [*_lines(room, done)] if not room.common_is_booted else []
    for who, line in lines:
        there = sum(one.role != "snd" and one.port == line.port for _, one in lines)
        if line.receivers > there:
            yield (
                f"{showable(who)} waits for {line.receivers} receivers (--min-receivers), and {there} of the room can "
                f"be one on port {line.port}."
            )


def shared(room: Room, done: Collection[str] = ()) -> Iterator[str]:
    """What is right for one PC only, and stands on the lines of several."""
    by_word: dict[str, list[str]] = {}
    for who, line in _lines(room, done):
        for word in line.of_one_pc:
            by_word.setdefault(word, []).append(who)
    for word, names in by_word.items():
        if len(names) > 1:
            yield f"{showable(word)} can be right for one PC only, and stands on the lines of {_names(names)}."


def loops(room: Room, program: str, done: Collection[str] = ()) -> Iterator[str]:
    """Machines that come back to a line that clones them again. One that tells a page its success may be switched by
    it. `program` has the commands that do so."""
    lines = _lines(room, done)
    names = [who for who, line in lines if line.unattended and line.restarts and not line.reports]
    if names:
        yield (
            f"{_names(names)}: the line asks nobody, and restarts the PC after a success. A PC that boots from the "
            "network first comes back to it, and is cloned again. Let it boot from its disk first, or let somebody say "
            f"that it is done (`{program} page DIR`, `{program} tree done DIR MAC`), or write after=poweroff,menu."
        )


def inherited(room: Room) -> Iterator[str]:
    """Machines whose own text says nothing of what the common line makes them do alone."""
    common = {one.key: one for one in parameters_of(room.append) if one.key in _RISKY}
    for machine in room.machines:
        own = {canonical(one.name) for one in parameters_of(machine.append)}
        words = [format_word(one) for key, one in common.items() if key not in own]
        if words and machine.append:
            yield (
                f"{showable(machine.title)} keeps {' '.join(words)} of --append. Its line: "
                f"{showable(line_of(room, machine))}"
            )


def _prospect(append: str) -> Prospect:
    from launcher.answers.explain import prospect  # noqa: PLC0415 - not needed to import pxe

    return prospect(append)


def _alone(room: Room, machine: Machine | None = None) -> str:
    return format_line(booted_alone(room, machine).command_line)


def _lines(room: Room, done: Collection[str]) -> Iterator[tuple[str, Prospect]]:
    if room.default is Boot.LAUNCHER:
        yield OTHERS, _prospect(_alone(room))
    for machine in room.machines:
        if machine.armed and machine.mac not in done:
            yield machine.title, _prospect(_alone(room, machine))


def _names(names: Iterable[str]) -> str:
    first, rest = [*names][:_NAMED], [*names][_NAMED:]
    words = [*map(showable, first), *([f"{len(rest)} more"] if rest else [])]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
