"""The catalogues say everything that the program can say, with the same fields, and nothing else.

What the program can say is what xgettext finds in its sources (`catalogues.template`).
"""

from __future__ import annotations

import ast
import io
import itertools
import re
import string
import subprocess
import sys
from collections.abc import Iterator
from gettext import GNUTranslations
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

import catalogues
from initrd.consoles import FONTS
from initrd.consoles import read as read_font
from launcher.answers.reading import LANGUAGES
from launcher.catalogue import PLURALS, Catalogue
from launcher.errors import ErrorKind, LauncherError
from launcher.sentence import colon, joined, say, say_many, verbatim
from launcher.translate import set_language, tr
from tests.common import ROOT

CATALOGUES = sorted(catalogues.LANG.glob("*.po"))
BOTH = pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
NOT_EXTRACTED = {
    "launcher/answers/reading.py": "makes sentences of the messages of kernel_cmdline",
    "launcher/sentence.py": "makes sentences of what is given to it",
}
"""Where `Sentence` itself is called: no message is found there."""


def read(text: str) -> dict[tuple[str, ...], Message]:
    """The messages of a catalogue or template, by their one or two English texts."""
    catalogue = read_po(io.StringIO(text), abort_invalid=True)
    assert not catalogue.obsolete
    return {english(message): message for message in catalogue if message.id}


def english(message: Message) -> tuple[str, ...]:
    return tuple(message.id) if isinstance(message.id, (tuple, list)) else (message.id,)


def translated(message: Message) -> tuple[str, ...]:
    texts = message.string
    return tuple(texts) if isinstance(texts, (tuple, list)) else (texts or "",)


@pytest.fixture(scope="module")
def messages() -> dict[tuple[str, ...], Message]:
    return read(catalogues.template())


def fields(text: str) -> set[tuple[str, str | None, str | None]]:
    """Names, formats and conversions of the fields in `text`."""
    return {(name, form, how) for _, name, form, how in string.Formatter().parse(text) if name is not None}


@BOTH
def test_a_catalogue_has_every_message_and_no_other(path: Path, messages: dict[tuple[str, ...], Message]) -> None:
    assert set(read(path.read_text(encoding="utf-8"))) == set(messages), "python3 -m catalogues update"


@BOTH
def test_every_message_is_translated_by_hand(path: Path) -> None:
    found = read(path.read_text(encoding="utf-8"))
    assert [one for one, message in found.items() if message.fuzzy or not all(translated(message))] == []


@BOTH
def test_a_translation_has_the_fields_and_all_plural_forms_of_its_language(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    forms = read_po(io.StringIO(text)).num_plurals
    for one, message in read(text).items():
        said = translated(message)
        assert len(said) == (forms if len(one) > 1 else 1), one
        assert {frozenset(fields(each)) for each in (*one, *said)} == {frozenset(fields(one[0]))}, one


@BOTH
def test_the_font_of_the_console_has_every_character(path: Path) -> None:
    """That of the initrd is loaded before the first screen in another language. All of its characters are those of ISO
    8859-15, which serial lines may have, and what draws lines; a catalogue draws none."""
    texts = [text for message in read(path.read_text(encoding="utf-8")).values() for text in translated(message)]
    assert [text for text in texts if text.encode("iso8859-15", "replace").decode("iso8859-15") != text] == []
    for font in FONTS.values():
        assert set("".join(texts)) - {"\n"} <= set(read_font(font).glyph_of)


def test_there_is_a_catalogue_for_every_language_offered() -> None:
    assert {path.stem for path in CATALOGUES} == set(LANGUAGES) - {"en"}


def calls(path: Path) -> Iterator[ast.Call]:
    yield from (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))


def name_of(call: ast.Call) -> str:
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


@pytest.mark.parametrize("path", catalogues.sources(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_templates_are_literal_or_xgettext_would_not_find_them(path: Path) -> None:
    where = path.relative_to(ROOT).as_posix()
    wrong = [
        call.lineno
        for call in calls(path)
        for argument in call.args[: {"say": 1, "say_many": 2}.get(name_of(call), 0)]
        if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str))
    ]
    if where not in NOT_EXTRACTED:
        wrong += [call.lineno for call in calls(path) if name_of(call) == "Sentence"]
    assert not wrong


TEMPLATES = {"say": 1, "say_many": 2}
WORDS = re.compile(r"(?<![`\w])[A-Za-z]{2,} [a-z]{2,}")


def texts(node: ast.AST) -> Iterator[str]:
    """The literal texts in an expression, but for the templates of sentences in it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    skipped: list[ast.expr] = node.args[: TEMPLATES.get(name_of(node), 0)] if isinstance(node, ast.Call) else []
    skipped += [node.slice] if isinstance(node, ast.Subscript) else []
    for child in ast.iter_child_nodes(node):
        if child not in skipped:
            yield from texts(child)


def untold(source: str) -> list[str]:
    """English that a field of a sentence takes along as if it were somebody's name."""
    there = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    sentences = (call for call in there if name_of(call) in {*TEMPLATES, "joined", "verbatim"})
    found = (text for call in sentences for text in texts(call) if not text.startswith("`"))
    return [text for text in found if WORDS.search(text)]


@pytest.mark.parametrize("path", catalogues.sources(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_field_of_a_sentence_is_english(path: Path) -> None:
    assert untold(path.read_text()) == []


def test_english_in_a_field_is_found() -> None:
    assert untold('say("{disk}: {why}", disk=path, why="it is gone")') == ["it is gone"]
    assert untold('joined(" ", path, f"in {place}, its second part")') == [", its second part"]
    assert untold('say("It is gone.", why=say("it is not there"), how=verbatim("`a b`"))') == []


COUNTED = re.compile(r"\{(?P<name>\w+)(?::[^}]*)?\} (?:more |other |further )?(?:\w{3,}s|are|were|have)\b")
NO_NUMBER: set[tuple[str, ...]] = {
    ("{path} begins as a {compression} stream does, and with compr=none receivers would unpack it; nothing was sent.",),
    (
        "What was written to {device} differs from what the sender read ({written:,} of {count:,} byte).",
        "What was written to {device} differs from what the sender read ({written:,} of {count:,} bytes).",
    ),
    ("{device} does not hold what was written to it: it differs within the {mark} MiB from byte {bytes:,}.",),
    ("{name}={text} names no file.",),
    ("Only {count} answers are read, and nothing from here on.",),
    ("{path} has {count} files of that name.",),
    ("ip={text} counts only where the boot loader adds no ip=.",),
    ("What {path} gives back is not what was written.",),
    ("{server} leases {address} for {seconds} s.",),
    ("{host} does not know this PC's MAC address.",),
    ("{nic} does not take {address}, which {server} gave it: {problem}.",),
    ("an IPv{version} address as the client's",),
    ("netmask={text} covers every address.",),
    ("udpcparam: --{name} needs a value: {kind}.",),
    ("udpcparam: --{name} takes no value, but {value!r} is given.",),
    ("retry={text} counts with auto=yes only: here the operator decides.",),
    ("{selector} matches nothing",),
    ("{count:,} ({state})",),
    ("{cards} have the same MAC address {mac}, and no link.",),
    ("{cards} have the same MAC address {mac}, and a link.",),
    ("The sender {address} does not answer any more: it is gone, or it casts, and its data does not come here.",),
    ("{selector} matches {count} disk", "{selector} matches {count} disks"),
    ("All {size} are sent.",),
    ("{part} are used, and only that is sent.",),
    ("{part} are used on the sender's disk. The rest of this disk is filled with zeros.",),
    ("{part} are used on the sender's disk, and only that is written. The rest of this disk keeps what was there.",),
    (
        "{part} are used on the sender's disk, and only that is written. This disk is told that it needs the rest no "
        "more.",
    ),
    ("grow={text} does nothing for {path}: it is a partition, and only a whole disk grows.",),
    ("the copy of {partition} differs",),
    ("{device} discards nothing, so what the sender's disk does not use stayed: {error}.",),
    (
        "{name} has no {file}: clones may not start by themselves, as their firmware knows no boot entry of this disk. "
        "On Debian, {command} puts it there.",
    ),
    ("{program} finds errors in it",),
    ("{program} says of its partition table: {words}",),
    (
        "equal in every used block up to the end of the last partition ({count:,} byte); table rewritten for "
        "{size:,} bytes.",
        "equal in every used block up to the end of the last partition ({count:,} bytes); table rewritten for "
        "{size:,} bytes.",
    ),
    (
        "equal up to the end of the last partition ({count:,} byte); table rewritten for {size:,} bytes.",
        "equal up to the end of the last partition ({count:,} bytes); table rewritten for {size:,} bytes.",
    ),
    (
        "{needed:,} bytes are needed, {there:,} are there, {count:,} byte too few",
        "{needed:,} bytes are needed, {there:,} are there, {count:,} bytes too few",
    ),
}
"""Messages with a field before such a word, and the field is never a number of such things, or one of a disk's bytes,
which are never one."""


def without_plural(one: tuple[str, ...]) -> bool:
    """Whether `one` speaks of several things in words that are wrong for one of them."""
    counted = {match["name"] for match in COUNTED.finditer(one[0])} | (
        {"count"} & {name for name, *_ in fields(one[0])}
    )
    return bool(counted - ({"count"} if len(one) > 1 else set()))


def test_what_is_counted_has_a_plural(messages: dict[tuple[str, ...], Message]) -> None:
    assert {one for one in messages if without_plural(one)} == NO_NUMBER


def test_a_plural_that_is_missing_is_found() -> None:
    assert without_plural(("{count} receivers connected.",))
    assert without_plural(("{seconds:.0f} seconds have passed",))
    assert without_plural(("after {done:,} bytes",))
    assert without_plural(("{count} receiver of {all} receivers", "{count} receivers of {all} receivers"))
    assert not without_plural(("{count} receiver", "{count} receivers"))
    assert not without_plural(("{seconds} s; any key keeps this screen.",))


def test_a_colon_is_written_as_in_the_language() -> None:
    set_language("fr")
    assert tr(colon("/dev/sr0", say("read error"))) == "/dev/sr0 : erreur de lecture"
    assert tr(colon("/dev/sr0", "")) == "/dev/sr0"
    set_language("de")
    assert tr(colon("/dev/sr0", say("read error"))) == "/dev/sr0: Lesefehler"


def test_one_receiver_is_one_in_every_language() -> None:
    counted = [say_many("{count} receiver connected.", "{count} receivers connected.", count) for count in (0, 1, 2)]
    said = {}
    for code in ("en", "fr", "de"):
        set_language(code)
        said[code] = [tr(sentence) for sentence in counted]
    assert said == {
        "en": ["0 receivers connected.", "1 receiver connected.", "2 receivers connected."],
        "fr": ["0 récepteur connecté.", "1 récepteur connecté.", "2 récepteurs connectés."],
        "de": ["0 Empfänger verbunden.", "1 Empfänger verbunden.", "2 Empfänger verbunden."],
    }


def test_a_text_without_translation_stays_english() -> None:
    set_language("fr")
    assert tr(say("Power off")) == "Éteindre"
    assert tr(say("no such text, {name}", name="x")) == "no such text, x"
    assert tr(say_many("{count} thing", "{count} things", 2)) == "2 things"
    set_language("xx")
    assert tr(say("Power off")) == "Power off"
    set_language("fr")
    set_language("en")
    assert tr(say("Power off")) == "Power off"


def test_what_is_no_language_is_no_message() -> None:
    set_language("de")
    assert (tr(say("Disk")), tr(verbatim("Disk")), tr(say(""))) == ("Platte", "Disk", "")
    assert tr(joined(", ", "Disk", say("Disk"), None, "{x}")) == "Disk, Platte, {x}"


def test_what_was_built_needs_only_what_was_compiled(tmp_path: Path) -> None:
    assert {path.name for path in catalogues.compile_all(tmp_path)} == {f"{path.stem}.mo" for path in CATALOGUES}
    set_language("de", tmp_path)
    assert tr(say("Power off")) == "Ausschalten"


def test_a_checkout_without_msgfmt_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LauncherError, match=r"fr\.po .* msgfmt could not be started.* package gettext") as caught:
        set_language("fr")
    assert caught.value.kind is ErrorKind.PROGRAM_MISSING
    assert tr(say("Power off")) == "Power off"


@BOTH
def test_babel_compiles_the_same_where_there_is_no_msgfmt(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    by_msgfmt = GNUTranslations(io.BytesIO(catalogues.compiled(path)))
    monkeypatch.setenv("PATH", str(tmp_path))
    by_babel = GNUTranslations(io.BytesIO(catalogues.compiled(path)))
    for one in read(path.read_text(encoding="utf-8")):
        assert by_msgfmt.gettext(one[0]) == by_babel.gettext(one[0]) != ""
        for count in range(3):
            assert by_msgfmt.ngettext(one[0], one[-1], count) == by_babel.ngettext(one[0], one[-1], count)


@BOTH
def test_a_catalogue_is_read_as_gettext_reads_it(path: Path) -> None:
    data = catalogues.compiled(path)
    ours, gettexts = Catalogue(data), GNUTranslations(io.BytesIO(data))
    for text, *plural in [*read(path.read_text(encoding="utf-8")), ("no such message",), ("one thing", "many things")]:
        assert plural or ours.gettext(text) == gettexts.gettext(text)
        for many, count in itertools.product(plural, (0, 1, 2, 5, 11, 100)):
            assert ours.ngettext(text, many, count) == gettexts.ngettext(text, many, count)


@BOTH
def test_the_plural_rule_of_every_catalogue_is_known(path: Path) -> None:
    (rule,) = re.findall(r'"Plural-Forms: (.*)\\n"', path.read_text(encoding="utf-8"))
    assert rule in PLURALS


@pytest.mark.parametrize("data", [b"", b"\x95\x04\x12\xde" + bytes(24), b"x" * 40])
def test_what_is_no_catalogue_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no compiled catalogue"):
        Catalogue(data)


def test_english_imports_nothing_for_translation() -> None:
    speak = "import launcher.translate as t; t.tr(t.say('x')); t.set_language('en')"
    code = f"{speak}; import sys; sys.exit('launcher.catalogue' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Sources with three messages, and a catalogue that is behind them."""
    (tmp_path / "launcher").mkdir()
    (tmp_path / "kernel_cmdline").mkdir()
    (tmp_path / "launcher/a.py").write_text(
        'say("The disk {path} is there.", path=p)\nsay("new")\nsay_many("{count} disk", "{count} disks", n)\n'
    )
    catalogue = Catalog("de")
    catalogue.add("The disk {path} is here.", "Die Platte {path} ist hier.")
    catalogue.add("nobody says this", "das sagt niemand")
    with (tmp_path / "de.po").open("wb") as file:
        write_po(file, catalogue)
    return tmp_path


def test_update_keeps_what_was_translated_and_marks_what_changed(project: Path) -> None:
    assert catalogues.update(project, project) == [project / "de.po"]
    found = read((project / "de.po").read_text(encoding="utf-8"))
    assert set(found) == {("The disk {path} is there.",), ("new",), ("{count} disk", "{count} disks")}
    changed = found["The disk {path} is there.",]
    assert (changed.string, changed.fuzzy) == ("Die Platte {path} ist hier.", True)
    assert found["new",].string == ""
    assert catalogues.update(project, project) == []


@pytest.mark.parametrize("code", ["", "../x", "ES", "\x1b[31m", "\udcff", "spanish"])
def test_what_is_no_code_of_a_language_makes_no_file(project: Path, code: str) -> None:
    before = sorted(project.rglob("*"))
    with pytest.raises(catalogues.CatalogueError, match="is no code of a language") as refused:
        catalogues.add(code, project, project)
    assert str(refused.value).isprintable()
    assert sorted(project.rglob("*")) == before


def test_a_new_language_begins_with_every_message_and_its_plural_forms(project: Path) -> None:
    path = catalogues.add("pl", project, project)
    text = path.read_text(encoding="utf-8")
    assert len(read(text)) == 3 and read_po(io.StringIO(text)).num_plurals == 3
    with pytest.raises(catalogues.CatalogueError, match=r"pl\.po is there already"):
        catalogues.add("pl", project, project)
    before = text
    catalogues.update(project, project)
    assert path.read_text(encoding="utf-8") == before
