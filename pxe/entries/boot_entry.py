"""One boot entry: label, kernel, initrd and command line, as PXELINUX reads it.

`BootEntry` knows nothing of a boot loader; each `render_…` function writes it in one loader's language. What a
boot loader adds by itself (`BOOT_IMAGE=`, `ip=`, `BOOTIF=`) is no part of the entry, but is counted in the kernel's
limit. Rules of the configuration file: https://wiki.syslinux.org/wiki/index.php?title=Config
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from initrd.pair import check as pair
from kernel_cmdline import MAX_BYTES, CommandLine, CommandLineError, Parameter, format_line, parse, showable

KERNEL, INITRD = pair.KERNEL, pair.INITRD
OLD_INITRD = "initrd-udpcast"
LABEL = "udpcast"

ADDED = " ip=" + ":".join(["255.255.255.255"] * 4) + " BOOTIF=01-aa-bb-cc-dd-ee-ff"
"""What every loader puts behind the line, at its longest; PXELINUX with `ipappend 3`."""

Check = Callable[[str], tuple[list[str], list[str]]]
"""Takes an append line; returns errors and warnings, full sentences."""


class BootEntryError(Exception):
    """One sentence: what in the entry cannot be used and what to do."""


@dataclass(frozen=True)
class BootEntry:
    """`command_line` holds the launcher's parameters only: no ``initrd=``, which every loader writes its own way."""

    command_line: CommandLine
    label: str = LABEL
    kernel: str = KERNEL
    initrd: str = INITRD


def make_entry(append: str = "", *, common: str = "", label: str = LABEL) -> BootEntry:
    """The entry for the text an administrator wrote behind ``append``.

    A name that `append` gives replaces the same name in `common`. An ``initrd=`` that names our initrd (as in a
    copied section) is dropped, any other is an error. Raises BootEntryError.
    """
    if not re.fullmatch(r"[A-Za-z0-9._-]+", label):
        raise BootEntryError(f'label "{showable(label)}" cannot be used: letters, digits, ".", "_" and "-" only.')
    return BootEntry(CommandLine(replaced(parameters_of(common), parameters_of(append))), label)


def replaced(common: Iterable[Parameter], own: Iterable[Parameter]) -> tuple[Parameter, ...]:
    """`common`, and `own` in place of what has the same name there; what is for PID 1 comes last."""
    own = tuple(own)
    named = {(parameter.key, parameter.init) for parameter in own}
    both = (*(one for one in common if (one.key, one.init) not in named), *own)
    return tuple(sorted(both, key=lambda one: one.init))


def pxelinux_append(entry: BootEntry) -> str:
    """What stands behind ``append``: the initrd, then the command line.

    Raises BootEntryError when a value cannot be written, or when the kernel would cut the line that PXELINUX makes
    of it.
    """
    try:
        append = format_line((Parameter("initrd", entry.initrd), *entry.command_line))
    except CommandLineError as error:
        raise BootEntryError(f'append line of label "{entry.label}": {error}') from error
    size = len(f"BOOT_IMAGE={entry.kernel} ".encode()) + len(append.encode("utf-8", "surrogateescape")) + len(ADDED)
    if size > MAX_BYTES:
        raise BootEntryError(
            f'append line of label "{entry.label}" comes to {size} bytes with what PXELINUX adds, '
            f"the kernel reads {MAX_BYTES}: shorten it by {size - MAX_BYTES}."
        )
    return append


def render_pxelinux(entry: BootEntry) -> str:
    """The section of a PXELINUX configuration file; ``ipappend 3`` adds ``ip=`` and ``BOOTIF=``.

    Raises BootEntryError.
    """
    return f"label {entry.label}\n    kernel {entry.kernel}\n    append {pxelinux_append(entry)}\n    ipappend 3\n"


def launcher_check(append: str) -> tuple[list[str], list[str]]:
    """What the launcher will say to this append line: errors, warnings (as `python3 -m launcher explain`)."""
    from launcher.answers.explain import check, prospect  # noqa: PLC0415 - not needed to import pxe

    errors, warnings = check(append)
    return errors, [*warnings, *prospect(append).warnings]


def check_entries(entries: Iterable[BootEntry], check: Check = launcher_check) -> tuple[str, ...]:
    """Hold every append line against the launcher's own rules; returns the warnings, each once.

    Raises BootEntryError with all errors, one a line.
    """
    errors: list[str] = []
    warnings: list[str] = []
    for entry in entries:
        append = pxelinux_append(entry)
        found, doubtful = check(append)
        errors += [f'label "{entry.label}", append {showable(append)}: {sentence}' for sentence in found]
        warnings += doubtful
    if errors:
        raise BootEntryError("\n".join(errors))
    return tuple(dict.fromkeys(warnings))


def parameters_of(text: str) -> tuple[Parameter, ...]:
    """The parameters of the text that an administrator wrote; raises BootEntryError as `make_entry` does."""
    try:
        line = parse(text)
    except CommandLineError as error:
        raise BootEntryError(f'append text "{_short(text)}": {error}') from error
    if line.warnings:  # a quote that is not closed swallows the parameters behind it
        raise BootEntryError(f'append text "{_short(text)}": {line.warnings[0]}')
    for parameter in line:
        if parameter.key == "initrd" and not parameter.init and parameter.value != INITRD:
            named = showable(parameter.value or "")
            old = ", as UDPCast's old documentation does" if parameter.value == OLD_INITRD else ""
            raise BootEntryError(
                f'append text names "initrd={named}"{old}, but the tree boots {INITRD}: leave initrd= out.'
            )
    return tuple(p for p in line if p.key != "initrd" or p.init)


def _short(text: str) -> str:
    """As it is quoted in a sentence."""
    return showable(text if len(text) <= 80 else f"{text[:79]}…")
