"""The words of a boot menu, in the language of who stands before it: those of the launcher's own role screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from launcher.sentence import Sentence, colon, say
from launcher.translate import tr

from .menu import Choice
from .speaking import code_of, speaking

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
    return _words(code_of(lang))


@cache
def _words(code: str) -> Words:
    with speaking(code, "the menu has"):
        return Words(code, tr(TITLE), {choice: tr(sentence) for choice, sentence in TITLES.items()})
