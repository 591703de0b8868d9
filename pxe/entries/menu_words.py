"""The words of a boot menu, in the language of who stands before it: those of the launcher's own role screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from launcher.errors import LauncherError
from launcher.sentence import Sentence, colon, say
from launcher.translate import set_language, tr

from .boot_entry import BootEntryError
from .menu import Choice

TITLE = say("What is this PC?")

TITLES: Mapping[Choice, Sentence] = {
    Choice.ASK: say("Ask on the next screen"),
    Choice.RECEIVE: colon(say("RECEIVER"), say("its disk is OVERWRITTEN with the sender's")),
    Choice.SEND: colon(say("SENDER"), say("its disk is read and sent to all receivers")),
    Choice.DISK: say("Boot the system on its disk"),
}


@dataclass(frozen=True)
class Words:
    """Of the language `code`: above the menu, and of each choice."""

    code: str
    title: str
    titles: Mapping[Choice, str]


def words_of(lang: str) -> Words:
    """In the language of this parameter; English where there is none. Raises BootEntryError where a checkout's
    catalogue cannot be compiled."""
    from launcher.answers.explain import language_of  # noqa: PLC0415 - not needed to import pxe

    return _words(language_of(lang) or "en")


@cache
def _words(code: str) -> Words:
    try:
        set_language(code)
        return Words(code, tr(TITLE), {choice: tr(sentence) for choice, sentence in TITLES.items()})
    except LauncherError as error:
        raise BootEntryError(f"the menu has no words: {error.whole}") from error
    finally:
        set_language("en")
