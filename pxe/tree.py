"""A TFTP tree that boots the pair: PXELINUX, kernel, initrd, and one configuration file per case.

    DIR/pxelinux.0, DIR/ldlinux.c32        PXELINUX (Debian packages pxelinux, syslinux-common)
    DIR/udpcast-linux, DIR/udpcast-initrd  the pair
    DIR/pxelinux.cfg/default               the section for every machine
    DIR/pxelinux.cfg/01-aa-bb-cc-dd-ee-ff  the section for one machine, looked up by PXELINUX before `default`

A directory may already belong to a boot server. Its configuration files and its PXELINUX are never replaced:
only files that begin with `MARKER` are ours. Everything is checked before the first byte is written, and each file
appears whole or not at all.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kernel_cmdline import CommandLineError
from kernel_cmdline.network import parse_mac

from .boot_entry import (
    INITRD,
    KERNEL,
    LABEL,
    BootEntry,
    BootEntryError,
    Check,
    check_entries,
    launcher_check,
    make_entry,
    render_pxelinux,
)

MARKER = "# Written by udpcast-launcher; the next `python3 -m pxe tree` replaces this file.\n"
PXELINUX_DIRS = (Path("/usr/lib/PXELINUX"), Path("/usr/lib/syslinux/modules/bios"))
DEFAULT_APPEND = "load_ramdisk=1 root=01:00"
"""The parameters of UDPCast's documentation; both belong to older kernels and are accepted in silence."""


class TreeError(Exception):
    """One sentence (a line each for several append lines): why no tree was written."""


@dataclass(frozen=True)
class Tree:
    """What `write_tree` did.

    `written` are the files that are in place now, `warnings` sentences about the append lines, `sections` what the
    administrator must add himself: (a configuration file that is not ours, the section to put there).
    """

    written: tuple[Path, ...]
    warnings: tuple[str, ...] = ()
    sections: tuple[tuple[Path, str], ...] = ()


def write_tree(
    directory: Path,
    pair: Path,
    append: str = DEFAULT_APPEND,
    machines: Mapping[str, str] | None = None,
    *,
    label: str = LABEL,
    timeout: float = 0,
    pxelinux: Iterable[Path] = PXELINUX_DIRS,
    check: Check = launcher_check,
) -> Tree:
    """Make or renew the tree in `directory` from the pair in the directory `pair`.

    `append` is for every machine; `machines` maps a MAC address to the text for this machine alone, which replaces
    parameters of the same name. With a `timeout` (seconds), PXELINUX shows its prompt and waits so long for another
    label. Raises TreeError; then `directory` is as it was, unless writing itself failed.
    """
    directory = directory.absolute()
    configs = directory / "pxelinux.cfg"
    try:
        entries = {configs / "default": make_entry(append, label=label)}
        for mac, text in (machines or {}).items():
            path = configs / machine_file(mac)
            if path in entries:
                raise BootEntryError(f"the machine {mac} is given twice: one line for each was expected.")
            entries[path] = make_entry(text, common=append, label=label)
        warnings = check_entries(entries.values(), check)
        texts = {path: render_config(entry, timeout) for path, entry in entries.items()}
    except (BootEntryError, CommandLineError) as error:
        raise TreeError(str(error)) from error
    copies = {**_loader(directory, pxelinux), **_pair(directory, pair)}
    foreign = [path for path in texts if not _is_ours(path)]
    try:
        configs.mkdir(parents=True, exist_ok=True)
        for target, source in copies.items():
            _replace(target, source)
        for path in texts.keys() - set(foreign):
            _replace(path, texts[path])
    except OSError as error:
        raise TreeError(f"cannot write {error.filename or directory}: {error.strerror}.") from error
    written = (*copies, *(path for path in texts if path not in foreign))
    return Tree(written, warnings, tuple((path, render_pxelinux(entries[path])) for path in foreign))


def render_config(entry: BootEntry, timeout: float = 0) -> str:
    """A whole configuration file with this one entry. PXELINUX counts its timeout in tenths of a second."""
    wait = f"prompt 1\ntimeout {round(timeout * 10)}\n" if timeout else "prompt 0\n"
    return f"{MARKER}default {entry.label}\n{wait}\n{render_pxelinux(entry)}"


def machine_file(mac: str) -> str:
    """The name PXELINUX looks up for a card: hardware type 01 (Ethernet), then the address. Raises CommandLineError."""
    return "01-" + parse_mac(mac).replace(":", "-")


def _loader(directory: Path, pxelinux: Iterable[Path]) -> dict[Path, Path]:
    """PXELINUX's two files, or none where another boot server has its own: they must be of one version."""
    default = directory / "pxelinux.cfg" / "default"
    places = tuple(pxelinux)
    if (directory / "pxelinux.0").exists() and not (default.exists() and _is_ours(default)):
        return {}
    return {directory / name: _find(name, places) for name in ("pxelinux.0", "ldlinux.c32")}


def _find(name: str, places: tuple[Path, ...]) -> Path:
    for place in places:
        if (place / name).is_file():
            return place / name
    wanted = " or ".join(str(place) for place in places)
    raise TreeError(f"{name} is not in {wanted}: install the packages pxelinux and syslinux-common.")


def _pair(directory: Path, pair: Path) -> dict[Path, Path]:
    copies = {}
    for name in (KERNEL, INITRD):
        source = pair.absolute() / name
        if not source.is_file():
            raise TreeError(f"{source} does not exist: build the pair with `python3 -m initrd build -o {pair}`.")
        if pair.absolute() != directory:
            copies[directory / name] = source
    return copies


def _is_ours(path: Path) -> bool:
    """True when `path` may be (over)written: it does not exist, or we wrote it."""
    try:
        return path.read_text(errors="replace").startswith(MARKER)
    except FileNotFoundError:
        return True
    except OSError as error:
        raise TreeError(f"cannot read {path}: {error.strerror}.") from error


def _replace(target: Path, content: str | Path) -> None:
    """Put a text, or a copy of a file, at `target`, whole or not at all, readable by the TFTP server."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            if isinstance(content, str):
                file.write(content.encode("utf-8", "surrogateescape"))
            else:
                with content.open("rb") as source:
                    shutil.copyfileobj(source, file, 1 << 20)
            os.fchmod(handle, 0o644)
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise
