"""Where another release's packages are: what this machine's sources say, with the other name in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from initrd import apt
from initrd.errors import BuildError

MAIN = "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror/debian/ trixie"
SECURITY = "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror/security/ trixie-security"


HERE = "http://mirror/debian/|bookworm|main|amd64|Debian|bookworm"


@pytest.mark.parametrize(
    ("targets", "wanted"),
    [
        (
            [
                HERE,
                "http://mirror/debian/|bookworm|non-free-firmware|amd64|Debian|bookworm",
                "http://mirror/debian/|bookworm-updates|main|amd64|Debian|bookworm-updates",
                "http://mirror/security/|bookworm-security|main|amd64|Debian|bookworm-security",
            ],
            (f"{MAIN} main", f"{MAIN} non-free-firmware", f"{MAIN}-updates main", f"{SECURITY} main"),
        ),
        # before the first apt-get update, which is when nothing but the file itself is known
        (["http://mirror/debian/|bookworm|main|amd64|$(ORIGIN)|$(CODENAME)"], (f"{MAIN} main",)),
        (["http://mirror/debian/|stable|main|amd64|Debian|bookworm"], (f"{MAIN} main",)),
        ([HERE, HERE.replace("amd64", "i386")], (f"{MAIN} main",)),
        # not Debian's, not this release, or not of use
        (["http://other/linux/|bookworm|stable|amd64|Other|bookworm"], ()),
        (["http://other/linux/|bookworm|main|amd64|Other|bookworm"], ()),
        (["http://mirror/debian/|bookworm-backports|main|amd64|Debian|bookworm-backports"], ()),
        (["http://mirror/debian/|sid|main|amd64|Debian|sid"], ()),
        ([], ()),
    ],
)
def test_only_the_release_is_another_one(targets: list[str], wanted: tuple[str, ...]) -> None:
    assert apt.entries(targets, "bookworm", "trixie") == wanted


def test_no_debian_in_apts_sources_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apt, "run", lambda *_arguments: "http://other/linux/|noble|main|amd64|Ubuntu|noble")
    with pytest.raises(BuildError, match="apt's sources name no registry of Debian's"):
        apt.sources("trixie")


def test_its_own_release_is_seen_as_the_administrator_set_it_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apt, "this_release", lambda: "trixie")
    assert apt.options("trixie", tmp_path) == apt.options(None, tmp_path) == ()
    assert not list(tmp_path.iterdir())


def test_lists_are_fetched_once_and_again_when_the_sources_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    said = [HERE]

    def run(words: list[str], **_options: object) -> str:
        ran.append(words[1])
        return said[0] if words[1] == "indextargets" else ""

    keyring = tmp_path / "keyring"
    keyring.touch()
    monkeypatch.setattr(apt, "run", run)
    monkeypatch.setattr(apt, "this_release", lambda: "bookworm")
    monkeypatch.setattr(apt, "KEYRING", keyring)
    options = apt.options("trixie", tmp_path)
    assert f"Dir::Etc::SourceList={tmp_path}/apt-trixie/sources.list" in options
    assert apt.options("trixie", tmp_path) == options
    assert ran.count("update") == 1
    said[0] = said[0].replace("mirror", "other")
    apt.options("trixie", tmp_path)
    assert ran.count("update") == 2
    assert "http://other/debian/ trixie main\n" in (tmp_path / "apt-trixie/sources.list").read_text()


def test_without_debians_keys_nothing_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apt, "this_release", lambda: "bookworm")
    monkeypatch.setattr(apt, "KEYRING", tmp_path / "missing")
    with pytest.raises(BuildError, match=r"keys are missing in .*/missing: apt-get install debian-archive-keyring"):
        apt.options("trixie", tmp_path)
