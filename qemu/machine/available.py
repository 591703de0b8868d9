"""What the installed QEMU has: its version, and the devices of ``-device help``."""

from __future__ import annotations

import functools
import re
import subprocess

from .spec import QEMU


@functools.cache
def version() -> str:
    """Such as ``7.2.22``."""
    return parse_version(_said("--version"))


@functools.cache
def devices() -> frozenset[str]:
    """The names of all devices."""
    return parse_devices(_said("-device", "help"))


def parse_version(text: str) -> str:
    match = re.search(r"version ([\d.]+)", text)
    return match[1].rstrip(".") if match else "of an unknown version"


def parse_devices(text: str) -> frozenset[str]:
    return frozenset(re.findall(r'^name "([^"]+)"', text, re.MULTILINE))


def _said(*words: str) -> str:
    return subprocess.run((QEMU, *words), check=True, capture_output=True, text=True).stdout
