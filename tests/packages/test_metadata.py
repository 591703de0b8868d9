"""What the Debian package and the wheel say of themselves is what the code says."""

from __future__ import annotations

import re
import tomllib

from initrd.build import DEBIAN_PACKAGES
from launcher import VERSION
from pxe.entries.loaders import LOADERS
from pxe.medium.programs import ISO_PARTS
from pxe.server.serve import PACKAGES
from tests.common import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
NOT_DEPENDED_ON = {"dpkg", "gettext", "python3", "util-linux"}
"""Essential; needed in a checkout only; debhelper's to name, with its version; essential."""


def depends(name: str = "Depends") -> set[str]:
    paragraph = re.split(r"\n\n", (ROOT / "debian/control").read_text())[1]
    (field,) = re.findall(rf"^{name}:\n((?: .*\n)+)", paragraph, re.MULTILINE)
    return {word.strip() for word in field.split(",")} - {"", "${misc:Depends}", "${python3:Depends}"}


def test_the_package_depends_on_what_its_commands_need() -> None:
    needed = {*DEBIAN_PACKAGES, *PACKAGES, *LOADERS[0].packages} - NOT_DEPENDED_ON
    assert depends() == needed


def test_it_recommends_the_loaders_that_a_tree_can_go_without() -> None:
    assert {name for loader in LOADERS[1:] for name in loader.packages} <= depends("Recommends")


def test_the_package_recommends_what_images_are_made_with() -> None:
    assert {part.package for part in ISO_PARTS} <= depends() | depends("Recommends")


def test_checkouts_install_what_the_package_depends_on() -> None:
    prepared = (ROOT / "qemu/prepare.sh").read_text().partition("PACKAGES=(")[2].partition("\n)")[0]
    assert depends() | depends("Recommends") <= set(re.sub(r"#.*", "", prepared).split())


def test_the_version_is_that_of_the_launcher() -> None:
    changelog = (ROOT / "debian/changelog").read_text()
    assert changelog.startswith(f"udpcast-launcher ({VERSION}) ")
    assert PYPROJECT["project"]["dynamic"] == ["version"]
    assert PYPROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "launcher.VERSION"}


def test_both_packages_have_the_same_folders_but_for_the_virtual_classroom() -> None:
    rows = [line.split() for line in (ROOT / "debian/udpcast-launcher.install").read_text().splitlines()]
    private = {source for source, target in rows if target == "usr/share/udpcast-launcher"}
    assert {f"udpcast_launcher.lib.{name}" for name in private | {"qemu"}} | {"udpcast_launcher"} == set(
        PYPROJECT["tool"]["setuptools"]["packages"]
    )
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    of_a_checkout = {"qemu", "catalogues", "tests", "udpcast_launcher"}
    assert private == folders - of_a_checkout, "all others are installed"
