"""How the commands end: the one place for exit statuses. ``--help`` and docs/results.md are made from it."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit statuses of ``launcher run``, which /init acts on; every other status means a crash."""

    AGAIN = 0
    REBOOT = 10
    POWEROFF = 11
    SHELL = 12


CRASHED = 1

MEANINGS: dict[str, dict[int, str]] = {
    "run": {
        Exit.AGAIN: "start the launcher again",
        Exit.REBOOT: "restart the PC",
        Exit.POWEROFF: "switch the PC off",
        Exit.SHELL: "a shell, and the launcher again after it",
        CRASHED: "a crash, as is every other status",
    },
    "explain": {0: "nothing is wrong with the line", 1: "the line has errors"},
    "transfer": {0: "the outcome is a success", 1: "it is a failure"},
    "image": {
        0: "what was asked is done; the image is whole",
        1: "the outcome is not ok, or the image is not whole",
    },
    "every command": {2: "wrong usage, or a file that cannot be used"},
}


def reference() -> str:
    """All exit statuses, as the Markdown table that docs/results.md holds."""
    rows = [
        f"| {command} | {status} | {meaning} |"
        for command, statuses in MEANINGS.items()
        for status, meaning in sorted(statuses.items())
    ]
    return "\n".join(["| command | status | meaning |", "| --- | --- | --- |", *rows]) + "\n"


def of_command(command: str) -> str:
    """The exit statuses of one command, for its ``--help``."""
    statuses = {**MEANINGS[command], **MEANINGS["every command"]}
    return f"{', '.join(f'{status} {meaning}' for status, meaning in sorted(statuses.items()))}."


def in_words() -> str:
    """All exit statuses in one paragraph, for ``--help``."""
    return " ".join(
        f"{command}: {', '.join(f'{status} {meaning}' for status, meaning in sorted(statuses.items()))}."
        for command, statuses in MEANINGS.items()
    )
