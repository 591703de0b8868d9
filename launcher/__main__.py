"""The launcher's command line.

  python3 -m launcher run                      inside the initrd: interview and transfer on this PC
  python3 -m launcher explain [...]            what would be done with a command line, without touching anything
  python3 -m launcher transfer NAME=VALUE ...  one transfer without screens, of a disk or an image file
  python3 -m launcher screens [...]            the real screens on any terminal, executing nothing (also --dry-run)
  python3 -m launcher machine                  this machine as JSON, to record it
  python3 -m launcher parameters               the reference of parameters, as Markdown

The exit statuses are in `exits`.
"""

from __future__ import annotations

import gc
import sys

ELSEWHERE = "`screens` shows the real screens anywhere, and `explain` says what a line means"


def main(arguments: list[str], prog: str = "python3 -m launcher") -> int:
    """Run the command in `arguments`; the result is the exit status. `prog` is what the usage calls the program."""
    return _run() if arguments == ["run"] else _command(arguments, prog)  # `run`: no time for argparse


def _run() -> int:
    gc.disable()  # until the first screen is there: nothing that is imported is garbage
    from .paths import in_initrd  # noqa: PLC0415 - and all that is imported from here on

    if not in_initrd():
        print(f"launcher: `run` is what the initrd starts, and this is none: {ELSEWHERE}.", file=sys.stderr)
        return 2
    from .session.boot import run  # noqa: PLC0415

    return run()


def _command(arguments: list[str], prog: str) -> int:
    from kernel_cmdline import CommandLineError, showable  # noqa: PLC0415 - `run` begins without any import

    from .commands.commands import command  # noqa: PLC0415
    from .commands.libraries import libraries_named  # noqa: PLC0415
    from .errors import LauncherError  # noqa: PLC0415

    try:
        with libraries_named():
            return command(arguments, prog)
    except (LauncherError, CommandLineError, ValueError, OSError) as error:
        sentence = str(error)
        if isinstance(error, OSError) and error.filename is not None and error.strerror:
            sentence = f"{error.filename} cannot be used: {error.strerror}."
        print(f"launcher: {showable(sentence)}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
