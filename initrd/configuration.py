"""The administrator's ``udpcfg.txt`` that goes into the initrd: read, and held against the launcher's own rules, before
anything is built. Both of its stages find it at the same place: it lies in the root directory, which is not divided.
"""

from __future__ import annotations

import codecs
import logging
from pathlib import Path

from kernel_cmdline import showable

from .errors import BuildError

LOG = logging.getLogger("initrd")

NAME = "udpcfg.txt"
LONGEST = 64 << 10
"""Bytes; the launcher reads no more of one."""


def read(file: Path) -> bytes:
    """The text of `file`, never in UTF-16, in which /init would not find a shell=no; what it warns of is logged. Raises
    BuildError with every mistake, each with file and line."""
    from launcher.answers.explain import check_file  # noqa: PLC0415 - most builds have none

    text = _text(file)
    errors, warnings = check_file(text, str(file))
    if errors:
        raise BuildError("\n".join(errors), 2)
    if text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = text.decode("utf-16").encode()
    for warning in warnings:
        LOG.warning("%s", showable(warning))
    return text


def _text(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            text = opened.read(LONGEST + 1)
    except OSError as error:
        raise BuildError(f"--config {file} cannot be read: {error.strerror}", 2) from error
    if len(text) > LONGEST:
        raise BuildError(f"--config {file} is longer than {LONGEST >> 10} KiB: the launcher would not read it", 2)
    return text


def put(text: bytes, staged: Path) -> None:
    """Put it where dracut takes it from. Raises OSError."""
    path = staged / NAME
    path.write_bytes(text)
    path.chmod(0o644)
