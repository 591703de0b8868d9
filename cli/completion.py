"""Prints the completion for bash, made from the parsers: sub-commands, and their options. The rest are file names.

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
    elif [[ $word == -* ]]; then
        case ${{COMP_WORDS[1]}} in
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
    rows = [(name, options(parsed)) for name, _, parsed in sub_commands(whole)]
    return SCRIPT.format(
        prog=PROG,
        function=PROG.replace("-", "_"),
        commands=" ".join(name for name, _ in rows),
        options=options(whole),
        rows="\n".join(f"            {name}) words='{words}' ;;" for name, words in rows),
    )


def options(parsed: argparse.ArgumentParser) -> str:
    return " ".join(option for action in parsed._actions for option in action.option_strings)


if __name__ == "__main__":
    print(script(), end="")
