"""Shell scripts in the place of udpcast's programs, for tests that need no network."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from launcher.model.machine import Disk, Nic
from launcher.model.plan import Address, AddressSource, Compression, Plan, Role, Target

NO_CARD = Nic("no-such-card", "52:54:00:75:64:01")


def put_first(monkeypatch: pytest.MonkeyPatch, directory: Path, **scripts: str) -> None:
    """Programs that are found before the real ones; ``_`` stands for a hyphen in their names."""
    for name, script in scripts.items():
        program = directory / name.replace("_", "-")
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")


def plan(role: Role, path: Path, compression: Compression | None = None, start_timeout: int = 3600) -> Plan:
    disk = Disk(str(path), path.stat().st_size, 512)
    return Plan(
        role,
        Target(disk.path, disk.size, disk),
        NO_CARD,
        Address(AddressSource.GIVEN),
        compression=compression,
        start_timeout=start_timeout,
        blank=True,
    )


def open_descriptors() -> set[str]:
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}
