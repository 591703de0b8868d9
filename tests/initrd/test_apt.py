"""Where another release's packages are: what this machine's sources say, with the other name in them."""

from __future__ import annotations

import http.server
import os
import threading
import time
from pathlib import Path

import pytest

from initrd import apt
from initrd.errors import BuildError, ProgramError

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


HERE_IS = "apt cannot get Debian's files from http://deb.debian.org"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            "E: Failed to fetch http://deb.debian.org/debian/dists/x/InRelease  Temporary failure resolving 'proxy'",
            f"{HERE_IS}: the name proxy is unknown here; check the network, and http_proxy where there is a proxy",
        ),
        (
            "W: Failed to fetch http://deb.debian.org/debian/dists/x/InRelease  Could not connect to 10.0.0.1:3128 "
            "(10.0.0.1), connection timed out",
            f"{HERE_IS}: 10.0.0.1 does not answer; check the network, and http_proxy where there is a proxy",
        ),
        (
            "E: Failed to fetch http://deb.debian.org/pool/l/linux-image_6.1_amd64.deb  404  Not Found [IP: ::1 80]",
            f"{HERE_IS}: it has no such files (404); apt's lists are older than the archive: run apt-get update as "
            "root, and build again",
        ),
        (
            "E: The repository 'http://deb.debian.org/debian x Release' does not have a Release file.",
            f"{HERE_IS}: it has no such files (404); check the sources of apt",
        ),
        (
            "Err:1 http://deb.debian.org/debian x InRelease\n  407  Proxy Authentication Required\n"
            "E: The repository 'http://deb.debian.org/debian x InRelease' is not signed.",
            f"{HERE_IS}: the proxy wants a name and a password; check http_proxy, which may be "
            "http://NAME:PASSWORD@HOST:PORT",
        ),
        (
            "E: Release file for http://deb.debian.org/debian/dists/x/InRelease is not valid yet (invalid for 2d)",
            f"{HERE_IS}: the archive's files are of the future; check this machine's clock",
        ),
        ("E: GPG error: http://deb.debian.org x: NO_PUBKEY 1", f"{HERE_IS}: {apt.SIGNATURE}; check the mirror"),
        ("E: something else", None),
    ],
)
def test_what_apt_could_not_do_is_a_sentence(said: str, sentence: str | None) -> None:
    assert apt.reason(said) == sentence


@pytest.mark.parametrize(
    ("shell", "given"),
    [
        ({}, {}),
        ({"HTTP_PROXY": "a", "PATH": "b"}, {"http_proxy": "a"}),
        ({"http_proxy": "a", "HTTP_PROXY": "b", "no_proxy": "c"}, {"http_proxy": "a", "no_proxy": "c"}),
        ({"APT_CONFIG": "/f", "https_proxy": ""}, {"APT_CONFIG": "/f"}),
    ],
)
def test_the_shells_proxies_reach_apt(shell: dict[str, str], given: dict[str, str]) -> None:
    assert apt.environment(shell) == given


def test_apt_asks_the_proxy_of_the_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real apt, and a proxy that knows of nothing."""
    asked: list[str] = []

    class Proxy(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_arguments: object) -> None:
            pass

    (tmp_path / "sources.list").write_text("deb [trusted=yes] http://mirror.invalid/debian x main\n")
    (tmp_path / "lists/partial").mkdir(parents=True)
    settings = {"Dir::Etc::SourceList": tmp_path / "sources.list", "Dir::Etc::SourceParts": "/dev/null"}
    settings |= {"Dir::State::Lists": tmp_path / "lists", "Dir::Cache": tmp_path, "APT::Sandbox::User": "root"}
    words = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.server_port}")
        with pytest.raises(BuildError, match=r"from http://mirror\.invalid: it has no such files \(404\)"):
            apt.ask("apt-get", "update", "-q", "-o", "APT::Update::Error-Mode=any", *words)
        server.shutdown()
    assert "http://mirror.invalid/debian/dists/x/InRelease" in asked


def test_sudo_is_named_when_it_may_have_taken_the_proxy_away() -> None:
    assert "sudo drops http_proxy" in apt.after_sudo({"SUDO_USER": "a"})
    assert apt.after_sudo({}) == apt.after_sudo({"SUDO_USER": "a", "http_proxy": "b"}) == ""


def test_old_lists_will_do_where_there_is_no_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def run(words: list[str], **_options: object) -> str:
        if words[1] == "update":
            raise ProgramError("apt-get failed", said)
        return HERE

    keyring, updated = tmp_path / "keyring", tmp_path / "apt-trixie/updated"
    keyring.touch()
    updated.parent.mkdir()
    monkeypatch.setattr(apt, "run", run)
    monkeypatch.setattr(apt, "this_release", lambda: "bookworm")
    monkeypatch.setattr(apt, "KEYRING", keyring)
    updated.write_text(apt.sources("trixie"))
    os.utime(updated, (0, time.time() - 3 * 86400))
    said = "E: Could not resolve 'mirror'"
    assert apt.options("trixie", tmp_path)
    assert caplog.messages[0].endswith("; apt's lists of 3 days ago are used")
    said = "E: something else"
    with pytest.raises(ProgramError):
        apt.options("trixie", tmp_path)
    said = "E: Could not resolve 'mirror'"
    updated.write_text("other sources\n")
    with pytest.raises(BuildError, match="the name mirror is unknown here"):
        apt.options("trixie", tmp_path)
