"""The table of parameters, and the reference that is derived from it."""

from __future__ import annotations

import pytest

from launcher.answers.lookup import reference, row_of, suggestion
from launcher.answers.parameters import ROWS
from launcher.answers.row import Use
from tests.common import ROOT

COMMON_KERNEL_PARAMETERS = """
acpi_osi apparmor audit boot cgroup_enable crashkernel cryptdevice dolvm earlyprintk fsck.mode hostname
intel_pstate ipv6.disable isolcpus kernel.panic keepinitrd live locale.LANG maxcpus memtest mitigations modules
netboot nfsroot noeject nohibernate nouveau.modeset overlayroot plymouth.enable processor.max_cstate raid
random.trust_cpu rd.break rd.lvm rdloaddriver reboot resume rootflags scsi_mod.scan selinux security security=
systemd.unit toram udev.log_level url usbcore.autosuspend vconsole.keymap zswap.enabled
"""


def test_the_document_holds_the_reference_as_it_is() -> None:
    assert reference() in (ROOT / "docs/parameters.md").read_text(encoding="utf-8")


def test_every_question_has_its_row_and_every_used_row_says_what_it_is() -> None:
    assert {row.use for row in ROWS if row.title} == {Use.USED}
    assert [row.name for row in ROWS if row.use is Use.USED and not (row.values and row.meaning)] == []


def test_no_name_stands_for_two_rows() -> None:
    names = [name.lower().replace("-", "_") for row in ROWS for name in (row.name, *row.aliases)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("umod", "umode"),
        ("unode", "umode"),
        ("dsik", "disk"),
        ("prot", "port"),
        ("compress", "compr"),
        ("autoreboot", "auto_reboot"),
        ("auto-rebot", "auto_reboot"),
        ("udpcparams", "udpcparam"),
        ("gatewy", "gateway"),
        ("BOOTFI", "BOOTIF"),
    ],
)
def test_a_misspelt_name_gets_its_suggestion(name: str, meant: str) -> None:
    assert suggestion(name) == meant


@pytest.mark.parametrize("name", COMMON_KERNEL_PARAMETERS.split())
def test_other_peoples_parameters_are_no_misspellings(name: str) -> None:
    assert suggestion(name) is None


def test_aliases_and_case() -> None:
    row = row_of("FDRIVE")
    assert row
    assert row.name == "disk"
