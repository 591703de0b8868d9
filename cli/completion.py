"""Prints the completion for bash, made from the parsers: sub-commands, those of these, and their options. The
rest are file names.

python3 -m cli.completion > udpcast-launcher
"""

from __future__ import annotations

import argparse

from .commands import PROG, parser
from .manual import sub_commands

SCRIPT = """\
# bash completion for {prog}; made from its parsers.
_{function}() {{
    local words= word=${{COMP_WORDS[COMP_CWORD]}}
    if ((COMP_CWORD == 1)); then
        words='{commands} {options}'
    elif ((COMP_CWORD == 2)); then
        case ${{COMP_WORDS[1]}} in
{inner}
        esac
    fi
    if [[ $word == -* ]]; then
        case ${{COMP_WORDS[1]}},${{COMP_WORDS[2]}} in
{rows}
        esac
    fi
    COMPREPLY=()
    [[ -z $words ]] || mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}}
complete -o default -F _{function} {prog}
"""


def script() -> str:
    whole = parser()
    rows = list(sub_commands(whole))
    inner = [(name, list(sub_commands(parsed))) for name, _, parsed in rows]
    return SCRIPT.format(
        prog=PROG,
        function=PROG.replace("-", "_"),
        commands=" ".join(name for name, *_ in rows),
        options=options(whole),
        inner="\n".join(_row(name, " ".join(one for one, *_ in found)) for name, found in inner if found),
        rows="\n".join(
            [
                *(_row(f"{name},{one}", options(parsed)) for name, found in inner for one, _, parsed in found),
                *(_row(f"{name},*", options(parsed)) for name, _, parsed in rows),
            ]
        ),
    )


def _row(pattern: str, words: str) -> str:
    """A case of the script."""
    return f"            {pattern}) words='{words}' ;;"


def options(parsed: argparse.ArgumentParser) -> str:
    return " ".join(option for action in parsed._actions for option in action.option_strings)


if __name__ == "__main__":
    print(script(), end="")
