"""What is settled and why, as lines for the role screen, the confirmation and the log. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from kernel_cmdline.network import IpConfig

from .interview import Settled
from .machine import Nic
from .plan import Compression, Target
from .translate import tr
from .wording import contents_line, disk_line, nic_line, size

TITLES = {
    "nic": "Card",
    "ip": "Address",
    "disk": "Disk",
    "compr": "Compression",
    "port": "Port",
    "udpcparam": "Options",
    "auto_reboot": "Restart",
}


@dataclass(frozen=True)
class Line:
    """`title` and `why` are already in the operator's language; `wrong` marks a problem."""

    key: str
    title: str
    text: str
    why: str = ""
    wrong: bool = False


def lines(settled: tuple[Settled, ...], complete: bool) -> tuple[Line, ...]:
    """One line per question an operator cares about. While not `complete`, a missing device is still looked for."""
    return tuple(_line(item, complete) for item in settled if item.key in TITLES and _interesting(item))


def _interesting(item: Settled) -> bool:
    """Leaves out what is as always: no options, no restart."""
    quiet = item.answer is not None and item.answer.source == "default" and not item.problem
    return not (quiet and item.key in ("udpcparam", "auto_reboot"))


def _line(item: Settled, complete: bool) -> Line:
    title = tr(TITLES[item.key])
    if item.problem:
        if not complete and item.key in ("disk", "nic"):
            return Line(item.key, title, tr("looking for {what} …", what=item.answer.text if item.answer else "?"))
        return Line(item.key, title, str(item.problem), "", wrong=True)
    if item.answer is None:
        text = tr("is asked next") if complete or item.key not in ("disk", "nic") else tr("looking …")
        return Line(item.key, title, text)
    return Line(item.key, title, _value(item), tr(item.answer.source))


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
    whole = f"{disk_line(target.disk)}: {contents_line(target.disk)}"
    return f"{target.path} ({size(target.size)}) — {whole}" if target.partition else whole


def address_text(config: IpConfig) -> str:
    """An address with its prefix, or that a DHCP server is asked."""
    if not config.client:
        return tr("from a DHCP server")
    return config.client if config.prefix is None else f"{config.client}/{config.prefix}"
