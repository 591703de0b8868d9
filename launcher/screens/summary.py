"""What is settled and why, as lines for the role screen, the confirmation and the log. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from kernel_cmdline.network import IpConfig

from ..answers.interview import Settled
from ..answers.lookup import row_of
from ..answers.questions import DEFAULT
from ..answers.row import Row
from ..model.machine import Disk, Machine, Nic
from ..model.plan import Compression, Target
from ..model.wording import contents_line, disk_line, nic_line, partition_line, size
from ..translate import tr

SHOWN_PARTITIONS = 5


@dataclass(frozen=True)
class Line:
    """`title` and `why` are already in the operator's language; `wrong` marks a problem."""

    key: str
    title: str
    text: str
    why: str = ""
    wrong: bool = False


def lines(settled: tuple[Settled, ...], machine: Machine, complete: bool) -> tuple[Line, ...]:
    """One line per question an operator cares about. While not `complete`, a missing device is still looked for."""
    possible = {"disk": len(machine.eligible_disks), "nic": len(machine.nics)}
    rows = ((row_of(item.key), item) for item in settled)
    return tuple(
        _line(tr(row.label), item, possible.get(item.key, 0), complete)
        for row, item in rows
        if row and row.label and _interesting(row, item)
    )


def _interesting(row: Row, item: Settled) -> bool:
    """Leaves out what is as always."""
    as_always = item.answer is not None and item.answer.source == DEFAULT and not item.problem
    return not (row.quiet and as_always)


def _line(title: str, item: Settled, possible: int, complete: bool) -> Line:
    if item.problem:
        if not complete and item.key in ("disk", "nic"):
            return Line(item.key, title, tr("looking for {what} ...", what=item.answer.text if item.answer else "?"))
        return Line(item.key, title, str(item.problem), "", wrong=True)
    if item.answer is None:
        return Line(item.key, title, _open(item.key, possible, complete))
    wrong = isinstance(item.value, Nic) and item.value.link is False
    return Line(item.key, title, _value(item), tr(item.answer.source), wrong)


def _open(key: str, possible: int, complete: bool) -> str:
    if possible:
        return tr("{count} possible: you are asked after this", count=possible)
    if key in ("disk", "nic"):
        return tr("none found") if complete else tr("looking ...")
    return tr("you are asked after this")


def _value(item: Settled) -> str:
    value = item.value
    if isinstance(value, Target):
        return target_text(value)
    if isinstance(value, Nic):
        return nic_line(value)
    if isinstance(value, IpConfig):
        return address_text(value)
    if item.key == "compr":
        return value.value if isinstance(value, Compression) else tr("as the stream says")
    assert item.answer is not None
    return item.answer.text


def target_text(target: Target) -> str:
    """The disk with what is on it; for a partition also which one it is."""
    part = [f"{target.path}, {size(target.size)}"] if target.partition else []
    return "\n".join([*part, disk_line(target.disk), *contents(target.disk)])


def contents(disk: Disk) -> list[str]:
    """What is on a disk, a line each, so that nobody overlooks a partition."""
    if not disk.partitions:
        return [f"  {contents_line(disk)}"]
    shown = [f"  {partition_line(disk, partition)}" for partition in disk.partitions[:SHOWN_PARTITIONS]]
    more = len(disk.partitions) - SHOWN_PARTITIONS
    return [*shown, f"  {tr('and {count} more', count=more)}"] if more > 0 else shown


def address_text(config: IpConfig) -> str:
    """An address with its prefix, or that a DHCP server is asked."""
    if not config.client:
        return tr("from a DHCP server")
    return config.client if config.prefix is None else f"{config.client}/{config.prefix}"
