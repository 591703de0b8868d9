"""The packages of a Debian release: this machine's own, or those of another one, from where this machine's come from.

Nothing is installed, and no root is needed. Where another release's packages are is what this machine's sources say,
with that release's name in place of its own; Debian's own keys must have signed them (debian-archive-keyring).

apt's own configuration counts (a proxy in /etc/apt/apt.conf.d), and so do the shell's proxy variables. What apt could
not do is one sentence, made from its English messages.
"""

from __future__ import annotations

import logging
import os
import platform
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_cmdline import showable

from .errors import BuildError, ProgramError
from .run import run

LOG = logging.getLogger("initrd")

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
COMPONENTS = ("main", "contrib", "non-free", "non-free-firmware")
FRESH = 24 * 3600.0  # seconds for which the lists of another release are used as they are

QUERY = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ARCHITECTURE)|$(ORIGIN)|$(CODENAME)"
"""A --format of ``apt-get indextargets``. apt leaves a field that it does not know as it is; it knows origin and code
name only where lists are there."""

PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy")

NO_NETWORK = "the network, and http_proxy where there is a proxy"
OLD_LISTS = "apt's lists are older than the archive: run apt-get update as root, and build again"
SIGNATURE = "it is not signed with Debian's keys"
REASONS = (
    (r"407 ", "the proxy wants a name and a password", "http_proxy, which may be http://NAME:PASSWORD@HOST:PORT"),
    (r"not valid yet", "the archive's files are of the future", "this machine's clock"),
    (r"is expired|Valid-Until", "the archive's files have run out", "this machine's clock, or take another mirror"),
    (r"NO_PUBKEY|EXPKEYSIG|BADSIG|NODATA", SIGNATURE, "the mirror"),
    (r"esolving|Could not resolve|resolution failure", "the name {host} is unknown here", NO_NETWORK),
    (
        r"onnect to|onnection (failed|refused|timed|reset)|unreachable|initiate",
        "{host} does not answer",
        NO_NETWORK,
    ),
    (r"404 +Not Found|have a Release file", "it has no such files (404)", "the sources of apt"),
    (r"Hash Sum mismatch|unexpected size", "its files do not fit together", "it again in some minutes"),
    (r" 40[13] | 50\d ", "it refuses to give its files", "the mirror, and the proxy if there is one"),
    (r"is not signed|be authenticated", SIGNATURE, "the mirror"),
)
"""What apt writes (of 2.6 and 3.0), what that means for the archive it asked, and what to look at."""


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
    updated = directory / "updated"
    settings = {
        "Dir::Etc::SourceList": directory / "sources.list",
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
        _update(directory, wanted, words)
    return words


def _update(directory: Path, wanted: str, words: Sequence[str]) -> None:
    """Bring the lists up to date. Older ones of the same sources will do where the archive is not reached."""
    updated = directory / "updated"
    (directory / "sources.list").write_text(wanted)
    try:
        ask("apt-get", "update", "-q", "-o", "APT::Update::Error-Mode=any", *words)
    except BuildError as error:
        if isinstance(error, ProgramError) or not updated.exists() or updated.read_text() != wanted:
            raise
        age = (time.time() - updated.stat().st_mtime) / 86400
        LOG.warning("%s; apt's lists of %.0f days ago are used", showable(str(error)), age)
        return
    updated.write_text(wanted)


def ask(*argv: str | Path, cwd: Path | None = None) -> str:
    """Run a program of apt's that needs the archive. Raises BuildError that says why it was not reached."""
    try:
        return run(argv, cwd=cwd, environment=environment(os.environ))
    except ProgramError as error:
        sentence = reason(error.said)
        if sentence is None or error.disk_is_full:
            raise
        raise BuildError(sentence + after_sudo(os.environ)) from error


def environment(shell: Mapping[str, str]) -> dict[str, str]:
    """What apt gets from the shell's variables. It reads the proxies in small letters only."""
    found = {name: shell.get(name) or shell.get(name.upper(), "") for name in PROXIES}
    found["APT_CONFIG"] = shell.get("APT_CONFIG", "")
    return {name: value for name, value in found.items() if value}


def after_sudo(shell: Mapping[str, str]) -> str:
    """What to add to a sentence about the network when sudo(8) may have taken the proxies away."""
    if "SUDO_USER" not in shell or environment(shell):
        return ""
    return "; sudo drops http_proxy: build without root, or with sudo --preserve-env=http_proxy,https_proxy,no_proxy"


def reason(said: str) -> str | None:
    """What apt could not do, as a sentence; None where its own words must do."""
    for pattern, kind, look in REASONS:
        for line in said.splitlines():
            if re.search(pattern, line):
                address = re.search(r"\w+://([^/\s]+)", line) or re.search(r"\w+://([^/\s]+)", said)
                archive, host = (address[0], address[1]) if address else ("the archive", "it")
                asked = re.search(r"(?:esolving|esolve|onnect to) '?([\w.-]+)", line)  # a proxy, perhaps
                meaning = kind.format(host=asked[1] if asked else host)
                advice = OLD_LISTS if "404" in meaning and re.search(r"\.deb\s", line) else f"check {look}"
                return f"apt cannot get Debian's files from {archive}: {meaning}; {advice}"
    return None
