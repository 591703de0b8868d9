"""``udpcast-launcher COMMAND ...``; in a checkout ``python3 -m cli COMMAND ...``."""

from __future__ import annotations

import sys

from .commands import COMMANDS, PROG, parser


def main(arguments: list[str] | None = None) -> int:
    """Hand the words to the folder that has the sub-command; the result is the exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    if words and words[0] in COMMANDS:
        return COMMANDS[words[0]]().main(words, PROG)
    parser().parse_args(words)  # help, the version, or wrong usage
    return 0


if __name__ == "__main__":
    sys.exit(main())
