"""The language of the screens: `tr` gives an English sentence in the language that was set.

The English template is the key; a compiled catalogue (``launcher/lang/CODE.mo``) has its translation, with the plural
forms of its language. What it does not have stays English, so a catalogue can never hide what a screen says.

English costs nothing here; of another language's catalogue only what is asked for is read. A checkout has no compiled
catalogues, only their sources (``CODE.po``), which are compiled when one is wanted; what is built or installed has no
sources.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .errors import ErrorKind, LauncherError
from .sentence import ENGLISH, Figures, Sentence, english, say

if TYPE_CHECKING:
    from .catalogue import Catalogue

LANG = Path(__file__).parent / "lang"

_language = "en"
_catalogue: Catalogue | None = None
_figures: Figures = ENGLISH


def set_language(code: str, folder: Path = LANG) -> None:
    """Use the catalogue `code` of `folder` from now on; English, or a code without a catalogue, is English.

    Raises LauncherError where a checkout's catalogue cannot be compiled.
    """
    global _language, _catalogue, _figures  # noqa: PLW0603 - one process has one operator, who reads one language
    if code != _language:
        _catalogue = None if code == "en" else _load(code, folder)
        _language = code
        _figures = ENGLISH if _catalogue is None else _figures_of(code)


def _figures_of(code: str) -> Figures:
    from .figures import FIGURES  # noqa: PLC0415 - English needs none of it

    return FIGURES.get(code, ENGLISH)


def language() -> str:
    """The code of the language that was set."""
    return _language


def _load(code: str, folder: Path) -> Catalogue | None:
    from .catalogue import Catalogue  # noqa: PLC0415 - English needs none of it

    source, compiled = folder / f"{code}.po", folder / f"{code}.mo"
    if source.exists():
        return Catalogue(_compiled(source))
    return Catalogue(compiled.read_bytes()) if compiled.exists() else None


def _compiled(source: Path) -> bytes:
    from .process import output  # noqa: PLC0415 - a checkout's only

    try:
        return output(("msgfmt", "--endianness=little", "--output-file=-", str(source)))
    except LauncherError as error:
        raise LauncherError(
            ErrorKind.PROGRAM_MISSING,
            say(
                "The catalogue {file} of this checkout cannot be compiled: {why}", file=source.name, why=error.sentence
            ),
            say("Install Debian's package gettext, or leave lang away."),
        ) from error


def tr(sentence: Sentence) -> str:
    """`sentence` in the operator's language."""
    return sentence.put(_choose, _figures)


def _choose(text: str, many: str, count: object) -> str:
    if _catalogue is None:
        return english(text, many, count)
    if many and isinstance(count, int):
        return _catalogue.ngettext(text, many, count)
    return _catalogue.gettext(text)
