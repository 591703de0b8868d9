"""Writes the manual pages, one for the command and one for each sub-command, from the parsers.

    python3 -m cli.manual DIR

Not with argparse-manpage: it leaves out what stands behind the options (all parameters of `transfer`), and Debian 12
and 13 have different ones. The macros are those of man(7). SOURCE_DATE_EPOCH gives the date, as everywhere in Debian.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from launcher import VERSION

from .commands import PROG, parser

SECTION = 1
STATUSES = "Exit status: "


def pages() -> dict[str, str]:
    """Each page's file name, and its text."""
    whole = parser()
    rows = list(sub_commands(whole))
    names = [page_name(name) for name, *_ in rows]
    texts = {PROG: page(whole, PROG, "clone the disk of one PC to a room of PCs", names)}
    for name, summary, parsed in rows:
        texts[page_name(name)] = page(parsed, page_name(name), summary, [PROG])
    return {f"{name}.{SECTION}": text for name, text in texts.items()}


def page_name(sub_command: str) -> str:
    return f"{PROG}-{sub_command}"


def sub_commands(parsed: argparse.ArgumentParser) -> Iterator[tuple[str, str, argparse.ArgumentParser]]:
    """Name, summary and parser of each sub-command."""
    for action in parsed._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from ((row.dest, row.help or "", action.choices[row.dest]) for row in action._get_subactions())


def page(parsed: argparse.ArgumentParser, name: str, summary: str, see: list[str]) -> str:
    """One page; `see` are the pages that it refers to."""
    date = time.strftime("%Y-%m-%d", time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))))
    usage = " ".join(parsed.format_usage().split()).removeprefix(f"usage: {parsed.prog} ")
    lines = [
        f'.TH {name.upper()} {SECTION} {date} "{PROG} {VERSION}" "User Commands"',
        *(".SH NAME", f"{escaped(name)} \\- {escaped(summary)}"),
        *(".SH SYNOPSIS", f"\\fB{escaped(parsed.prog)}\\fR {escaped(usage)}"),
        *(".SH DESCRIPTION", escaped(parsed.description or summary)),
        *options(parsed),
        *commands(parsed),
        *(inner_commands(parsed) if see == [PROG] else ()),
        *behind(parsed),
        *(".SH SEE ALSO", ",\n".join(f"\\fB\\%{escaped(other)}\\fR({SECTION})" for other in see)),
    ]
    return "\n".join(lines) + "\n"


def options(parsed: argparse.ArgumentParser) -> Iterator[str]:
    formatter = parsed._get_formatter()
    yield ".SH OPTIONS"
    for action in parsed._actions:
        if not isinstance(action, argparse._SubParsersAction):
            names = ", ".join(f"\\fB{escaped(option)}\\fR" for option in action.option_strings)
            value = formatter._format_args(action, action.dest.upper())
            yield from (".TP", f"{names} \\fI{escaped(value)}\\fR".strip() if value else names)
            yield escaped(formatter._expand_help(action))


def commands(parsed: argparse.ArgumentParser) -> Iterator[str]:
    rows = list(sub_commands(parsed))
    if rows:
        yield ".SH COMMANDS"
    for name, summary, _ in rows:
        yield from (".TP", f"\\fB{escaped(name)}\\fR", escaped(summary))


def inner_commands(parsed: argparse.ArgumentParser) -> Iterator[str]:
    """Each command of a sub-command, with all its words."""
    for name, _, inner in sub_commands(parsed):
        usage = " ".join(inner.format_usage().split()).removeprefix("usage: ")
        yield from (
            f".SH {escaped(name.upper())}",
            f"\\fB{escaped(usage)}\\fR",
            ".PP",
            escaped(inner.description or ""),
        )
        yield from list(options(inner))[1:]


def behind(parsed: argparse.ArgumentParser) -> Iterator[str]:
    """What stands behind the options."""
    text = parsed.epilog or ""
    if "%(prog)" in text:
        text %= {"prog": parsed.prog}
    if text.startswith(STATUSES):
        yield from (".SH EXIT STATUS", escaped(text.removeprefix(STATUSES)))
    elif isinstance(parsed._get_formatter(), argparse.RawDescriptionHelpFormatter):
        yield from laid_out(text.splitlines())
    elif text:
        yield from (".PP", escaped(text))


def laid_out(lines: list[str]) -> Iterator[str]:
    """Text whose line breaks count. At the margin: headings, which end with a colon, and paragraphs. Indented by two:
    ``0  meaning``, a term whose meaning follows with a deeper indent, or an example.
    """
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        text = escaped(line.strip())
        if re.fullmatch(r"\S.*:", line):
            yield f".SH {text[:-1].upper()}"
        elif not line:
            yield ".PP"
        elif not re.match(r" {2}\S", line):
            yield text
        elif row := re.fullmatch(r"(\S+) {2,}(.*)", text):
            yield from (".TP", row[1], row[2])
        elif following.startswith("   "):
            yield from (".TP", f"\\fB{text}\\fR")
        else:
            yield from (".PP", ".EX", text, ".EE")


def escaped(text: str) -> str:
    r"""Text for groff: no line is read as a request, and a hyphen stays one that can be pasted."""
    lines = text.replace("\\", "\\e").replace("-", "\\-").splitlines()
    return "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line for line in lines)


def main(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (directory / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
