"""The packages of a Debian release: this machine's own, or those of another one, from where this machine's come from.

Nothing is installed, and no root is needed. Where another release's packages are is what this machine's sources say,
with that release's name in place of its own; Debian's own keys must have signed them (debian-archive-keyring).
"""

from __future__ import annotations

import platform
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import BuildError
from .run import run

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
COMPONENTS = ("main", "contrib", "non-free", "non-free-firmware")
FRESH = 24 * 3600.0  # seconds for which the lists of another release are used as they are

QUERY = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ARCHITECTURE)|$(ORIGIN)|$(CODENAME)"
"""A --format of ``apt-get indextargets``. apt leaves a field that it does not know as it is; it knows origin and code
name only where lists are there."""


@dataclass(frozen=True)
class Suite:
    """Debian's own archive of one release; `part` is empty, ``-updates`` or ``-security``."""

    uri: str
    part: str
    component: str
    architecture: str


def this_release() -> str:
    """The code name of this machine's release (``bookworm``), empty when it has none (os-release(5))."""
    return platform.freedesktop_os_release().get("VERSION_CODENAME", "")


def sources(release: str) -> str:
    """The lines of a sources.list(5) for `release`. Raises BuildError when this machine has no Debian sources."""
    targets = run(["apt-get", "indextargets", "--format", QUERY, "Created-By: Packages"])
    lines = entries(targets.splitlines(), this_release(), release)
    if not lines:
        raise BuildError(f"apt's sources name no registry of Debian's {this_release()}: see /etc/apt/sources.list.d")
    return "".join(f"{line}\n" for line in lines)


def entries(targets: Iterable[str], own: str, release: str) -> tuple[str, ...]:
    """The sources of `release`, where `own` has its own."""
    found = (
        f"deb [signed-by={KEYRING}] {suite.uri} {release}{suite.part} {suite.component}"
        for suite in suites(targets, own)
        if suite.component in COMPONENTS
    )
    return tuple(dict.fromkeys(found))


def suites(targets: Iterable[str], own: str) -> Iterator[Suite]:
    """Those of the release `own` among the lines that apt answers `QUERY` with. Other archives are left out, even if
    they call a suite of theirs by Debian's name."""
    for target in targets:
        uri, name, component, architecture, origin, codename = target.split("|")
        known = re.fullmatch(rf"{re.escape(own)}(|-updates|-security)", name if "$" in codename else codename)
        if known and origin in {"Debian", "$(ORIGIN)"}:
            yield Suite(uri, known[1], component, architecture)


def options(release: str | None, cache: Path) -> tuple[str, ...]:
    """apt's options that let it see `release` alone; its lists are below `cache`, and brought up to date here.

    There are none for this machine's own release: its lists are the administrator's. Raises BuildError.
    """
    if release in (None, this_release()):
        return ()
    directory = (cache / f"apt-{release}").resolve()
    if not KEYRING.exists():
        raise BuildError(f"Debian's keys are missing in {KEYRING}: apt-get install debian-archive-keyring")
    for name in ("lists/partial", "cache/archives/partial"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    source, updated = directory / "sources.list", directory / "updated"
    settings = {
        "Dir::Etc::SourceList": source,
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::Etc::Preferences": "/dev/null",
        "Dir::Etc::PreferencesParts": "/dev/null",
        "Dir::State::Lists": directory / "lists",
        "Dir::State::Status": "/dev/null",
        "Dir::Cache": directory / "cache",
        "Acquire::Languages": "none",
        "APT::Sandbox::User": "root",  # its user _apt may not write here
    }
    words = tuple(word for name, value in settings.items() for word in ("-o", f"{name}={value}"))
    wanted = sources(str(release))
    if not (updated.exists() and updated.read_text() == wanted and time.time() - updated.stat().st_mtime < FRESH):
        source.write_text(wanted)
        run(["apt-get", "update", "-q", "-o", "APT::Update::Error-Mode=any", *words])
        updated.write_text(wanted)
    return words
