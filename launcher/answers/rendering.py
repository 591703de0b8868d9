"""The present answers as text: an append line, and a ``udpcfg.txt``. Pure: the inverse of what reads them.

- Written is what was given with the boot and what the operator told. What nobody said (a default, the only disk) is
  not; in the file, the defaults stand as comments.
- A disk that was chosen with a key is written by what means it at every boot: ``serial:`` or ``wwn:`` where it has one,
  else a link below /dev/disk, else what it is.
- What belongs to this boot is left out (`OF_THE_BOOT`), and the address that PXELINUX put on the line: the next boot
  has its own.
- What a line cannot hold is left out, and said; so is what is not plainly seen (`showing`): somebody will look at the
  file on a terminal. A byte that is no UTF-8 is a letter of an older character set, and stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from kernel_cmdline import CommandLine, CommandLineError, Parameter, format_line, parse
from kernel_cmdline.format import format_word
from kernel_cmdline.network import parse_ip
from kernel_cmdline.showing import is_seen

from ..errors import AnswerError
from ..model.machine import Machine, Nic
from ..model.plan import Role, Target
from ..sentence import Sentence, joined, say, verbatim
from .configuration import CONFIG, NAME
from .interview import Settled
from .lookup import given_answers
from .parameters import ROWS
from .questions import DEFAULT, LINE, OPERATOR, Facts, Given, GivenAnswers
from .reading import read_bootif, sentence_of
from .row import Row, Use
from .rules import asks_nobody
from .selectors import BY_PATH, lasting_names, partition_number, select_target
from .validation import explain_parameters, problem_with

OF_THE_BOOT = frozenset({"bootif", "sysuuid", "cpu", "medium", CONFIG})
"""What a boot loader adds, and where answers came from that stand in the text themselves."""

NOBODY = Facts(Machine())

HEAD = f"# {NAME} (udpcast-launcher)\n"


@dataclass(frozen=True)
class Written:
    """`line` is the append line, empty where it cannot be written; `file` the text of a ``udpcfg.txt``. `notes`: what
    must be known of both."""

    parameters: tuple[Parameter, ...]
    line: str
    file: str
    notes: tuple[Sentence, ...] = ()


@dataclass
class _Chosen:
    parameters: list[Parameter] = field(default_factory=list)
    notes: list[Sentence] = field(default_factory=list)

    def put(self, name: str, text: str) -> None:
        """Write this as well; or say why it cannot be."""
        parameter, unseen = Parameter(name, text), _unseen(text)
        if unseen:
            why = verbatim(f"U+{ord(unseen):04X}")
            self.notes.append(say('The parameter "{name}" cannot be written: {why}.', name=name, why=why))
            return
        try:
            format_word(parameter)
        except CommandLineError as error:
            self.notes.append(sentence_of(error.message))
            return
        self.parameters.append(parameter)


def _unseen(text: str) -> str | None:
    """The first character that no terminal may be sent as it is."""
    return next((char for char in text if not is_seen(char) and not "\udca0" <= char <= "\udcff"), None)


def write(settled: Iterable[Settled], given: GivenAnswers, machine: Machine) -> Written:
    """The answers of an interview that has come so far."""
    known = {item.key: item for item in settled}
    role = known["umode"].value if "umode" in known else None
    chosen, defaults = _Chosen(), []
    for row in ROWS:
        if row.use is not Use.USED or row.key in OF_THE_BOOT:
            continue
        item = known.get(row.key)
        if item and item.answer and item.answer.source == OPERATOR:
            _told(row, item, given, machine, chosen)
        elif row.key in given:
            for text in _given(row, given[row.key]):
                problem = problem_with(row, text, None, role if isinstance(role, Role) else None)
                if problem:
                    chosen.notes.append(problem)
                else:
                    chosen.put(row.name, text)
        elif item and item.answer and item.answer.source == DEFAULT and item.answer.text:
            defaults.append(f"#{format_word(Parameter(row.name, item.answer.text))}\n")
    parameters = tuple(chosen.parameters)
    line, problems = _line(parameters)
    file = HEAD + "".join(f"{format_word(one)}\n" for one in parameters) + "".join(defaults)
    return Written(parameters, line, file, (*chosen.notes, *problems, *_overwrites(parameters, role)))


def _told(row: Row, item: Settled, given: GivenAnswers, machine: Machine, chosen: _Chosen) -> None:
    """What the operator chose, so that it means the same at another boot."""
    assert item.answer
    text = item.answer.text
    if isinstance(item.value, Target):
        text = lasting(item.value, machine) or text
        chosen.notes.append(joined("", lasting_names(item.value, machine), "."))
    chosen.put(row.name, text)
    if isinstance(item.value, Nic) and _bootif_decides(item.value, given):
        chosen.put("rd.bootif", "0")
    if row.key == "ip" and "ip" in given and given["ip"].source == LINE:
        chosen.notes.append(say("ip={text} counts only where the boot loader adds no ip=.", text=text))


def _bootif_decides(nic: Nic, given: GivenAnswers) -> bool:
    """Whether the card that PXE-booted is another one than `nic`, and would be chosen."""
    return (
        "bootif" in given and "rd.bootif" not in given and read_bootif(given["bootif"].text, NOBODY) != nic.mac.lower()
    )


def _given(row: Row, one: Given) -> tuple[str, ...]:
    """What was given, without what the boot loader added. Of ``ip=`` all count: there may be one for each card."""
    texts = (*one.before, one.text) if row.key == "ip" else (one.text,)
    return tuple(text for text in texts if not _by_the_loader(row, one, text))


def _by_the_loader(row: Row, one: Given, text: str) -> bool:
    """Whether PXELINUX put this ``ip=`` on the line."""
    if row.key != "ip" or one.source != LINE:
        return False
    try:
        return parse_ip(text).form == "pxelinux"
    except CommandLineError:
        return False


def _line(parameters: tuple[Parameter, ...]) -> tuple[str, tuple[Sentence, ...]]:
    try:
        return format_line(parameters), ()
    except CommandLineError as error:
        return "", (sentence_of(error.message),)


# --- what means a disk at every boot ----------------------------------------------------------------------------------


def lasting(target: Target, machine: Machine) -> str | None:
    """The first text that means `target`, and nothing else of `machine`, whatever order disks are found in."""
    return next((text for text in _names(target) if _means(text, target, machine)), None)


def _names(target: Target) -> Iterator[str]:
    disk = target.disk
    if target.partition is None:
        yield from (f"{kind}:{value}" for kind, value in (("serial", disk.serial), ("wwn", disk.wwn)) if value)
        yield from sorted(disk.links, key=_rank)
        return
    yield from sorted(target.partition.links, key=_rank)
    number = partition_number(disk, target.partition)
    yield from (f"{link}-part{number}" for link in sorted(disk.links, key=_rank))


def _rank(link: str) -> tuple[int, str]:
    """By what it is before where it is plugged in."""
    return (0 if "/by-id/" in link else 2 if link.startswith(BY_PATH) else 1, link)


def _means(text: str, target: Target, machine: Machine) -> bool:
    try:
        found = select_target(text, machine, for_writing=False)
        wrong = explain_parameters(parse(format_word(Parameter("disk", text))), machine)[2]
    except (AnswerError, CommandLineError):
        return False
    plain = '"' not in text and _unseen(text) is None  # boot loaders differ about inner quotes
    return found.path == target.path and not wrong and plain


def _overwrites(parameters: tuple[Parameter, ...], role: object) -> Iterator[Sentence]:
    given = given_answers(CommandLine(parameters))
    if role is Role.RECEIVE and {"umode", "disk"} <= {*given} and asks_nobody(given):
        yield say("A PC with these answers overwrites that disk without asking: role and disk are named.")


__all__ = ["Written", "lasting", "write"]
