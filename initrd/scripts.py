"""Which programs a text in the image starts: shell scripts (our own), udev's rules, and who runs a script.

Takes text and returns names. Of a shell's language it knows what our scripts have in them, not all there is; what is
started by a name that is made up when the script runs, it does not see.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

KEYWORDS = {"if", "then", "elif", "else", "while", "until", "do", "!", "{", "(", "time"}
"""Behind these a command follows."""

NO_COMMAND = {"fi", "done", "esac", "}", ")", "in"}

BUILT_IN = set(
    ": . [ break cd command continue echo eval exec exit export false kill local printf pwd read readonly return set "
    "shift test times trap true type ulimit umask unset wait".split()
)
"""What the shell does itself (busybox ash)."""

RUNNERS = {"busybox", "env", "exec", "nice", "setsid"}
"""What runs the program that its arguments name."""

_TOKEN = re.compile(r";;|&&|\|\||[;&|\n]|[()]|[^\s;&|()]+")
_REDIRECTION = re.compile(r"\d*(?:>>|>&|<&|<|>)\s*[^\s;&|()]+")
_FUNCTION = re.compile(r"^(\w+)\(\) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_RUNS_ARGUMENTS = re.compile(r'(?:^|-c )\s*"\$[@1]"', re.MULTILINE)
_RUN = re.compile(r'\b(?:PROGRAM|IMPORT\{program\}|RUN(?:\{program\})?)(?:\+|:|=)?=\s*"([^"\s]+)')
_LOAD = re.compile(r'\bRUN\{builtin\}(?:\+|:)?=\s*"kmod load ([^"]+)"')


def interpreter(head: bytes) -> str | None:
    """The program that the kernel starts for a file that begins so; None where it is no script."""
    if not head.startswith(b"#!"):
        return None
    words = head[2:].split(b"\n")[0].split()
    return words[0].decode(errors="replace") if words else ""


def udev_programs(rules: str) -> tuple[str, ...]:
    """The programs that udev starts for these rules; those without a path are in udev's own directory."""
    return tuple(sorted(set(_RUN.findall(_without_comments(rules)))))


def udev_modules(rules: str) -> tuple[str, ...]:
    """The kernel modules that these rules load by name."""
    return tuple(sorted({name for names in _LOAD.findall(_without_comments(rules)) for name in names.split()}))


def _without_comments(rules: str) -> str:
    return "\n".join(line for line in rules.splitlines() if not line.lstrip().startswith("#"))


def commands(script: str) -> tuple[str, ...]:
    """The programs that a shell script starts, by name or by whole path."""
    functions = dict(_FUNCTION.findall(script))
    runners = RUNNERS | {name for name, body in functions.items() if _RUNS_ARGUMENTS.search(body)}
    found: set[str] = set()
    for text in _flat(script):
        found.update(_commands(_REDIRECTION.sub(" ", text), runners))
    return tuple(sorted(found - BUILT_IN - set(functions)))


def _commands(text: str, runners: set[str]) -> Iterator[str]:
    tokens = _TOKEN.findall(text)
    first, cases, pattern = True, 0, False
    for index, token in enumerate(tokens):
        if pattern:  # of a case, up to its parenthesis
            pattern = token not in {")", "esac"}
            cases -= token == "esac"
            first = True
        elif token == ";;":
            pattern = True
        elif token in KEYWORDS or token in {";", "&", "|", "\n", "&&", "||"}:
            first = True
        elif token in NO_COMMAND:
            if token == "in" and cases and _begins_case(tokens[:index]):
                pattern = True
            first = False
        elif first:
            cases += token == "case"
            if re.match(r"\w+=|-", token):
                continue  # an assignment, or an option of what runs the command
            first = token in runners
            if re.fullmatch(r"[\w./+-]+", token) and token not in {"case", "for"}:
                yield token


def _begins_case(before: list[str]) -> bool:
    return "case" in before[-3:]


QUOTED = "''"
"""What stands in a flat text for what the shell would fill in, or takes as it is."""


def _flat(script: str) -> list[str]:
    """The script without comments, and without what is quoted; each command substitution in it as a text of its own."""
    texts: list[str] = []
    _flatten(script, 0, "", texts)
    return texts


def _flatten(script: str, place: int, end: str, texts: list[str]) -> int:
    """Put the text from `place` on to `texts`; returns the place behind the closing `end`."""
    flat = ""
    while place < len(script) and not script.startswith(end or "\0", place):
        letter = script[place]
        if letter == "\\":
            flat, place = flat + (" " if script[place + 1 : place + 2] == "\n" else QUOTED), place + 2
        elif letter == "'":
            flat, place = flat + QUOTED, script.find("'", place + 1) + 1 or len(script)
        elif letter == '"':
            flat, place = flat + QUOTED, _quoted(script, place + 1, texts)
        elif letter == "$":
            flat, place = flat + QUOTED, _variable(script, place, texts)
        elif letter == "#" and (not flat or flat[-1].isspace() or flat[-1] in ";&|("):
            place = script.find("\n", place) % (len(script) + 1)
        else:
            flat, place = flat + letter, place + 1
    texts.append(flat)
    return place + len(end)


def _quoted(script: str, place: int, texts: list[str]) -> int:
    while place < len(script) and script[place] != '"':
        if script[place] == "\\":
            place += 2
        else:
            place = _variable(script, place, texts) if script[place] == "$" else place + 1
    return place + 1


def _variable(script: str, place: int, texts: list[str]) -> int:
    """The place behind what begins with a dollar."""
    for begin, end in (("$((", "))"), ("${", "}")):
        if script.startswith(begin, place):
            found = script.find(end, place)
            return found + len(end) if found >= 0 else len(script)
    if script.startswith("$(", place):
        return _flatten(script, place + 2, ")", texts)
    name = re.compile(r"\$(\w+|.)?").match(script, place)
    return name.end() if name else place + 1
