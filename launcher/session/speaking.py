"""Keyboard, screen and /init speak the operator's language.

What is loaded stays loaded: the font, which has all that English needs, and the keymap until another one is wanted. A
PC without a screen has no keyboard of its own either. What cannot be loaded is noted, and the screens go on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .. import paths
from ..answers.questions import GivenAnswers
from ..hardware import terminal
from ..model.keymaps import find, usual
from ..screens.charset import Charset, charset_of, plain
from ..sentence import Sentence, say
from ..translate import tr

SAID = {
    "stopped": say("The launcher stopped with status {status}.", status="%s"),
    "damaged": say(
        "The part of the initrd that has the drivers is damaged. On the boot server, put udpcast-initrd in its place "
        "again. If other PCs boot with it, test the memory of this one."
    ),
    "log": say("The log is in {path}.", path="%s"),
    "keys": say("r try again   s shell   b restart"),
    "keys-without-shell": say("r try again   b restart"),
    "shell": say("A shell. `exit` comes back to the launcher. Its files are in {path}.", path="%s"),
    "press-enter": say("Press Enter for a shell."),
}
"""What /init says, by the names that it knows it by."""


def loadable(language: str, given: GivenAnswers) -> str:
    """The keymap that is wanted: the first that ``kbmap`` names, or else the language's usual one."""
    words = given["kbmap"].text.split(",") if "kbmap" in given else ()
    named = next((name for word in words if (name := find(word))), None)
    return named or usual(language, given["lang"].text if "lang" in given else "")


class Speaking:
    """What was loaded so far. `note` hears of what could not be."""

    def __init__(self, note: Callable[[str], None], words: Path = paths.WORDS) -> None:
        self._note = note
        self._words = words
        self._keymap, self._font = terminal.KERNELS, False
        self._charset, self._untold = Charset.UTF8, False

    def speak(self, language: str, given: GivenAnswers) -> None:
        """The next page is in `language`."""
        keymap = loadable(language, given)
        if terminal.there():
            if keymap != self._keymap and self._try(lambda: terminal.load_keymap(keymap, self._keymap)):
                self._keymap = keymap
                self._note(f"the keymap {keymap} is loaded")
            if language != "en" and not self._font:
                self._font = self._try(terminal.load_font)
        self._charset = charset_of(given["lang"].text) if "lang" in given else Charset.UTF8
        self._untold = True

    def tell_init(self) -> None:
        """Let /init speak the language of the screens. It hardly ever speaks, so that no page waits for this."""
        if self._untold:
            self._untold = False
            write_words(self._words, self._charset)

    def _try(self, load: Callable[[], None]) -> bool:
        try:
            load()
        except OSError as error:
            self._note(f"keyboard or screen: {error}")
            return False
        return True


def write_words(words: Path, charset: Charset) -> None:
    """Tell /init its sentences, as formats of printf: for the PC's own screen, and for serial lines."""
    for path, codec in ((words, Charset.UTF8), (words.with_suffix(".serial"), charset)):
        lines = "".join(f"{name} {plain(_format(sentence), codec)}\n" for name, sentence in SAID.items())
        path.write_bytes(lines.encode(codec.value, "replace"))


def _format(sentence: Sentence) -> str:
    return tr(sentence).replace("\\", "\\\\").replace("\n", " ")
