"""The packages of a Debian release: this machine's own, or those of another one, from where this machine's come from.

Nothing is installed, and no root is needed. Where another release's packages are is what this machine's sources say,
with that release's name in place of its own; Debian's own keys must have signed them (debian-archive-keyring).
"""

from __future__ import annotations

import platform
import re
import time
from pathlib import Path

from .errors import BuildError
from .run import run

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
COMPONENTS = ("main", "contrib", "non-free", "non-free-firmware")
FRESH = 24 * 3600.0  # seconds for which the lists of another release are used as they are

_FIELDS = ("REPO_URI", "RELEASE", "CODENAME", "COMPONENT", "ORIGIN")


def this_release() -> str:
    """The code name of this machine's release (``bookworm``), empty when it has none (os-release(5))."""
    return platform.freedesktop_os_release().get("VERSION_CODENAME", "")


def sources(release: str) -> str:
    """The lines of a sources.list(5) for `release`. Raises BuildError when this machine has no Debian sources."""
    targets = run(["apt-get", "indextargets", "--format", " ".join(f"$({name})" for name in _FIELDS)])
    lines = entries(targets, this_release(), release)
    if not lines:
        raise BuildError(f"apt's sources name no registry of Debian's {this_release()}: see /etc/apt/sources.list.d")
    return "".join(f"{line}\n" for line in lines)


def entries(targets: str, own: str, release: str) -> tuple[str, ...]:
    """The sources of `release`, from what ``apt-get indextargets`` says of the release `own`, security and updates too.

    apt leaves a field that it does not know as it is; origin and code name are known only where lists are there.
    """
    found = []
    for line in targets.splitlines():
        uri, suite, codename, component, origin = line.split(" ")
        known = re.fullmatch(rf"{re.escape(own)}(|-updates|-security)", codename if codename[0] != "$" else suite)
        if known and component in COMPONENTS and origin in ("Debian", "$(ORIGIN)"):
            found.append(f"deb [signed-by={KEYRING}] {uri} {release}{known[1]} {component}")
    return tuple(dict.fromkeys(found))


def options(release: str, directory: Path) -> tuple[str, ...]:
    """apt's options that let it see `release` alone; its lists are in `directory`, and brought up to date here.

    None where it is this machine's own: that one's lists are the administrator's. Raises BuildError.
    """
    if release == this_release():
        return ()
    if not KEYRING.exists():
        raise BuildError(f"Debian's keys are missing in {KEYRING}: apt-get install debian-archive-keyring")
    directory = directory.resolve()
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
    wanted = sources(release)
    if not (updated.exists() and updated.read_text() == wanted and time.time() - updated.stat().st_mtime < FRESH):
        source.write_text(wanted)
        run(["apt-get", "update", "-q", "-o", "APT::Update::Error-Mode=any", *words])
        updated.write_text(wanted)
    return words
