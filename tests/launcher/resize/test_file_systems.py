"""What keeps a file system from growing is told, with what to do."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from launcher.errors import LauncherError
from launcher.resize import file_systems

GOOD = SimpleNamespace(status=0, out="", errors="", failure=None)


@pytest.mark.parametrize(
    ("kind", "ended", "why", "hint"),
    [
        ("ntfs", {"status": 14}, "Windows is hibernated on it (or has fast startup).", file_systems.OFF),
        ("ntfs", {"status": 15}, "Windows was not shut down cleanly.", file_systems.OFF),
        ("ntfs", {"status": 12, "failure": "it ended"}, "it ended.", ""),
        ("ext4", {"out": "needs_recovery"}, "The file system was not unmounted", file_systems.CLOSE),
        ("ext4", {}, "The file system is not marked as clean.", file_systems.CLOSE),
    ],
)
def test_why_it_cannot_grow(
    kind: str, ended: dict[str, object], why: str, hint: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_systems, "run", lambda *words, **more: SimpleNamespace(**{**vars(GOOD), **ended}))
    with pytest.raises(LauncherError) as caught:
        file_systems.check(kind, "/dev/loop0", 1.0)
    assert str(caught.value.sentence).startswith(why) and str(caught.value.hint) == str(hint)
