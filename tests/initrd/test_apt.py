"""Where another release's packages are: what this machine's sources say, with the other name in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from initrd import apt
from initrd.errors import BuildError

MAIN = "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror/debian/ trixie"
SECURITY = "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror/security/ trixie-security"


@pytest.mark.parametrize(
    ("targets", "wanted"),
    [
        (
            "http://mirror/debian/ bookworm bookworm main Debian\n"
            "http://mirror/debian/ bookworm bookworm non-free-firmware Debian\n"
            "http://mirror/debian/ bookworm-updates bookworm-updates main Debian\n"
            "http://mirror/security/ bookworm-security bookworm-security main Debian\n",
            (f"{MAIN} main", f"{MAIN} non-free-firmware", f"{MAIN}-updates main", f"{SECURITY} main"),
        ),
        # before the first apt-get update, which is when nothing but the file itself is known
        ("http://mirror/debian/ bookworm $(CODENAME) main $(ORIGIN)\n", (f"{MAIN} main",)),
        ("http://mirror/debian/ stable bookworm main Debian\n", (f"{MAIN} main",)),
        # several architectures
        ("http://mirror/debian/ bookworm bookworm main Debian\n" * 2, (f"{MAIN} main",)),
        # not Debian's, not this release, or not of use
        ("http://other/linux/ bookworm bookworm stable Other\n", ()),
        ("http://other/linux/ bookworm bookworm main Other\n", ()),
        ("http://mirror/debian/ bookworm-backports bookworm-backports main Debian\n", ()),
        ("http://mirror/debian/ sid sid main Debian\n", ()),
        ("", ()),
    ],
)
def test_only_the_release_is_another_one(targets: str, wanted: tuple[str, ...]) -> None:
    assert apt.entries(targets, "bookworm", "trixie") == wanted


def test_no_debian_in_apts_sources_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apt, "run", lambda *_arguments: "http://other/linux/ noble noble main Ubuntu\n")
    with pytest.raises(BuildError, match="apt's sources name no registry of Debian's"):
        apt.sources("trixie")


def test_its_own_release_is_seen_as_the_administrator_set_it_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apt, "this_release", lambda: "trixie")
    assert apt.options("trixie", tmp_path / "apt") == ()
    assert not (tmp_path / "apt").exists()


def test_lists_are_fetched_once_and_again_when_the_sources_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    said = ["http://mirror/debian/ bookworm bookworm main Debian\n"]

    def run(words: list[str]) -> str:
        ran.append(words[1])
        return said[0] if words[1] == "indextargets" else ""

    keyring = tmp_path / "keyring"
    keyring.touch()
    monkeypatch.setattr(apt, "run", run)
    monkeypatch.setattr(apt, "this_release", lambda: "bookworm")
    monkeypatch.setattr(apt, "KEYRING", keyring)
    options = apt.options("trixie", tmp_path / "apt")
    assert f"Dir::Etc::SourceList={tmp_path}/apt/sources.list" in options
    assert apt.options("trixie", tmp_path / "apt") == options
    assert ran.count("update") == 1
    said[0] = said[0].replace("mirror", "other")
    apt.options("trixie", tmp_path / "apt")
    assert ran.count("update") == 2
    assert "http://other/debian/ trixie main" in (tmp_path / "apt/sources.list").read_text()


def test_without_debians_keys_nothing_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apt, "this_release", lambda: "bookworm")
    monkeypatch.setattr(apt, "KEYRING", tmp_path / "missing")
    with pytest.raises(BuildError, match=r"keys are missing in .*/missing: apt-get install debian-archive-keyring"):
        apt.options("trixie", tmp_path / "apt")
