"""What a boot loader says where it cannot go on, in the language of the line that it was to boot, in ASCII.

Beside a menu, whose words are in `menu_words`. What is said of Secure Boot, to whoever set the PC up, stays English.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from launcher.sentence import Sentence, say
from launcher.translate import tr

from .boot_entry import BootEntry
from .characters import spelled
from .loader import DISK_TITLE
from .menu import Choice
from .menu_words import TITLES
from .speaking import code_of, speaking

FAILED = say("Kernel and initrd could not be loaded. This PC starts again in 60 seconds.")
NO_SYSTEM = say("No system was found on the local disks.")
SILENT = say("The server does not answer what this PC is to boot.")
GOES_ON = say("Where it has no TFTP, no PC has a line of its own. What is for all is booted in 10 seconds.")


@dataclass(frozen=True)
class Failures:
    """In one language; `disk` is the local disk beside the launcher, where there is a time to choose."""

    failed: str
    no_system: str
    silent: str
    goes_on: str
    disk: str


@cache
def failures(code: str = "en") -> Failures:
    """In this language. Raises BootEntryError where a checkout's catalogue cannot be compiled."""
    with speaking(code, "the boot loaders have"):
        disk = DISK_TITLE if code == "en" else _plain(TITLES[Choice.DISK])
        return Failures(_plain(FAILED), _plain(NO_SYSTEM), _plain(SILENT), _plain(GOES_ON), disk)


def _plain(sentence: Sentence) -> str:
    return spelled(tr(sentence), "ascii")


def failures_of(entry: BootEntry) -> Failures:
    """In the language of this line. Raises BootEntryError."""
    given = entry.command_line.last("lang")
    return failures(code_of(given.value or "") if given else "en")
