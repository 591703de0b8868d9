"""A boot menu: what is chosen at a PC before it boots. Pure. The contract:

- Each choice boots the line of its PC with the role that was chosen; a loader shows the same choices in the same order.
- A disk is overwritten after a key in a menu only when a screen has asked, as after a key in the launcher: where the
  line itself asks nobody (``auto=yes``), that stays so.
- Where the line is in another language than English, a choice boots without the kernel's own messages (``quiet``; its
  errors are still seen), unless the line says itself how much of them is wanted.
- After `timeout` seconds without a key the preset is booted; with 0 a menu waits for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from kernel_cmdline import CommandLine, Parameter, showable

from .boot_entry import BootEntry

LONGEST_TIMEOUT = 3600


class MenuError(Exception):
    """One sentence without its full stop: what in the menu is wrong, and what was expected."""


class Choice(StrEnum):
    """What can be chosen; the values are the words of a room's file."""

    ASK = "ask"
    RECEIVE = "receive"
    SEND = "send"
    DISK = "disk"

    @property
    def role(self) -> str:
        """The value of ``umode``; "" where there is none."""
        return {Choice.RECEIVE: "rcv", Choice.SEND: "snd"}.get(self, "")


ALL = tuple(Choice)
ROLE, AUTO, CONSENT = "umode", "auto", Parameter("consent", "ask")
QUIET = Parameter("quiet", None)
LOUDNESS = frozenset(("quiet", "debug", "loglevel", "ignore_loglevel", "earlyprintk", "earlycon", "initcall_debug"))
"""With these, a line says itself which messages of the kernel are wanted."""


@dataclass(frozen=True)
class Menu:
    """As an administrator wants it. `lang` as the parameter of this name; "": that of the line.

    Raises MenuError for choices that are none, and for a preset that is none of them.
    """

    choices: tuple[Choice, ...] = ALL
    preset: Choice = Choice.ASK
    timeout: float = 0
    lang: str = ""

    def __post_init__(self) -> None:
        if len(set(self.choices)) < max(len(self.choices), 2):
            raise MenuError(f"a menu has two choices or more, each once: {', '.join(self.choices) or 'none'} was given")
        if self.preset not in self.choices:
            raise MenuError(f'preset is one of the choices, {", ".join(self.choices)}: "{self.preset}" is none of them')


def choice_of(word: object) -> Choice:
    """The choice of this word. Raises MenuError."""
    try:
        return Choice(str(word))
    except ValueError:
        raise MenuError(f'"{showable(str(word)[:60])}" is no choice of a menu: {", ".join(ALL)} are') from None


def choices_of(words: Iterable[object]) -> tuple[Choice, ...]:
    return tuple(map(choice_of, words))


@dataclass(frozen=True)
class Item:
    """A row of a menu. `entry` None: the local disk."""

    choice: Choice
    title: str
    entry: BootEntry | None


@dataclass(frozen=True)
class Items:
    """A menu of one PC as it is shown: its words, which are of the language `code`, and what each row boots."""

    title: str
    rows: tuple[Item, ...]
    preset: Choice
    timeout: float
    code: str = "en"

    @property
    def entries(self) -> Iterator[tuple[Choice, BootEntry]]:
        """What boots the launcher."""
        yield from ((one.choice, one.entry) for one in self.rows if one.entry)

    @property
    def numbered(self) -> Iterator[tuple[int, Item]]:
        """With the digits that choose them."""
        yield from enumerate(self.rows, 1)


def chosen(parameters: Iterable[Parameter], choice: Choice) -> tuple[Parameter, ...]:
    """The parameters of a line, once this was chosen: `ASK` is a line without a role, which asks; also where a
    ``udpcfg.txt`` has the role, or asks nobody."""
    parameters = tuple(parameters)
    ours = [one for one in parameters if not one.init and one.key != ROLE]
    if choice is Choice.ASK:
        ours = [one for one in ours if not _asks_nobody(one)]
    unattended = any(map(_asks_nobody, [one for one in ours if one.key == AUTO][-1:]))
    if choice is Choice.ASK or (choice is Choice.RECEIVE and not unattended):
        ours = [*(one for one in ours if one.key != CONSENT.key), CONSENT]
    role = [Parameter(ROLE, choice.role)] if choice.role else []
    return (*hushed(ours), *role, *(one for one in parameters if one.init))


def hushed(parameters: Iterable[Parameter]) -> tuple[Parameter, ...]:
    """The parameters of a line that a menu boots, without the kernel's own messages where these are foreign."""
    parameters = tuple(parameters)
    ours = [one for one in parameters if not one.init]
    quiet = [QUIET] if not _speaks_english(ours) and LOUDNESS.isdisjoint(one.key for one in ours) else []
    return (*ours, *quiet, *(one for one in parameters if one.init))


def _speaks_english(line: Iterable[Parameter]) -> bool:
    from launcher.answers.explain import language_of  # noqa: PLC0415 - not needed to import pxe

    given = [one.value for one in line if one.key == "lang" and one.value]
    return not given or (language_of(given[-1]) or "en") == "en"


def _asks_nobody(one: Parameter) -> bool:
    return one.key == AUTO and (one.value or "").strip().lower() == "yes"


def entry_for(entry: BootEntry, choice: Choice) -> BootEntry:
    """The entry that this choice boots, where `entry` is that of the PC; not for the local disk."""
    label = entry.label if choice is Choice.ASK else f"{entry.label}-{choice}"
    return BootEntry(CommandLine(chosen(entry.command_line, choice)), label, entry.kernel, entry.initrd)
