"""The catalogues of translations: taken from the sources, kept complete, compiled. Nothing of it goes into the initrd.

Rules, in one place:

* A message is a literal template in a call of `KEYWORDS`; xgettext finds it there.
* The sources of the catalogues are ``launcher/lang/CODE.po``, in git. `update` brings them in step with the program's
  sources: a new message is empty, a changed one keeps its old translation and is marked fuzzy, one that is gone goes.
* Compiled catalogues (``CODE.mo``) are made when something is built, and are never in git.
* The tables of documents have catalogues of their own (`documents`).

The programs are GNU gettext's. Where there is no msgfmt (``pip install`` on any system), Babel compiles.
"""

from __future__ import annotations

import io
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LANG = ROOT / "launcher/lang"
FOLDERS = ("kernel_cmdline", "launcher")
FILES = ("pxe/entries/failure_words.py", "pxe/entries/menu_words.py")
"""Where messages come from."""

KEYWORDS = ("say", "say_many:1,2")
"""The calls whose arguments are messages, as xgettext's ``--keyword`` has them."""

FORM = ("--no-wrap", "--add-location=file")
"""How a catalogue is written: one line a message, so that a changed one is one changed line."""

HEADER = r"""msgid ""
msgstr ""
"Project-Id-Version: udpcast-launcher\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=UTF-8\n"
"Content-Transfer-Encoding: 8bit\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

"""
"""A template's: without the time at which it was made, which would change every catalogue each time."""

PACKAGE = "gettext"


class CatalogueError(Exception):
    """A program of gettext's is missing or said no; one sentence."""


def sources(folder: Path = ROOT) -> list[Path]:
    """The files that have messages."""
    below = {path for name in FOLDERS for path in (folder / name).rglob("*.py")}
    return sorted(below | {path for name in FILES if (path := folder / name).exists()})


def template(folder: Path = ROOT) -> str:
    """Every message of the sources below `folder`, untranslated: what xgettext calls a template."""
    names = [str(path.relative_to(folder)) for path in sources(folder)]
    options = ("--language=Python", "--from-code=UTF-8", "--keyword", *(f"--keyword={word}" for word in KEYWORDS))
    text = _run("xgettext", *options, *FORM, "--output=-", *names, folder=folder)
    return HEADER + text.partition("\n\n")[2]


def update(lang: Path = LANG, folder: Path = ROOT) -> list[Path]:
    """Bring every catalogue of `lang` in step with the sources below `folder`, and return those that changed."""
    messages = template(folder)
    return [path for path in sorted(lang.glob("*.po")) if merge(messages, path)]


def merge(messages: str, path: Path) -> bool:
    """Bring the catalogue `path` in step with a template; whether it had to be changed."""
    merged = _run("msgmerge", "--quiet", *FORM, str(path), "-", text=messages)
    new = _run("msgattrib", "--no-obsolete", *FORM, text=merged)
    if new == path.read_text(encoding="utf-8"):
        return False
    path.write_text(new, encoding="utf-8")
    return True


def add(code: str, lang: Path = LANG, folder: Path = ROOT) -> Path:
    """Make ``CODE.po`` with every message untranslated, and with the plural forms that gettext knows for `code`."""
    if not re.fullmatch("[a-z]{2,3}", code):
        raise CatalogueError(f"{code!a} is no code of a language: two or three small letters were expected, as es.")
    path = lang / f"{code}.po"
    if path.exists():
        raise CatalogueError(f"{path} is there already.")
    messages = template(folder)
    begin = ("--no-translator", f"--locale={code}", "--input=-", "--output-file=-")
    path.write_text(_run("msginit", *begin, text=messages), encoding="utf-8")
    merge(messages, path)
    return path


def compile_all(target: Path, lang: Path = LANG) -> list[Path]:
    """Write every catalogue, compiled, to the directory `target`, and return what was written."""
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for path in sorted(lang.glob("*.po")):
        written.append(target / f"{path.stem}.mo")
        written[-1].write_bytes(compiled(path))
    return written


def compiled(path: Path) -> bytes:
    """The catalogue `path` as Python's gettext reads it. The same source gives the same bytes."""
    try:
        command = ["msgfmt", "--check-format", "--no-hash", "--endianness=little", "--output-file=-", str(path)]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    except FileNotFoundError:
        return _compiled_by_babel(path)
    except subprocess.CalledProcessError as error:
        raise CatalogueError(f"msgfmt cannot compile {path}, see above.") from error


def _compiled_by_babel(path: Path) -> bytes:
    try:
        from babel.messages import mofile, pofile  # noqa: PLC0415 - not needed where there is msgfmt
    except ModuleNotFoundError as error:
        sentence = f"msgfmt is missing; it is in Debian's package {PACKAGE}. PyPI's Babel does as well."
        raise CatalogueError(sentence) from error
    out = io.BytesIO()
    with path.open("rb") as file:
        mofile.write_mo(out, pofile.read_po(file, abort_invalid=True))
    return out.getvalue()


def _run(program: str, *options: str, text: str = "", folder: Path = ROOT) -> str:
    """What a program of gettext's writes when it is given `text`. What it complains about is seen on standard error."""
    try:
        done = subprocess.run(
            [program, *options], check=True, cwd=folder, input=text, stdout=subprocess.PIPE, encoding="utf-8"
        )
    except FileNotFoundError as error:
        raise CatalogueError(f"{program} is missing; it is in Debian's package {PACKAGE}.") from error
    except subprocess.CalledProcessError as error:
        raise CatalogueError(f"{program} failed, see above.") from error
    return done.stdout
