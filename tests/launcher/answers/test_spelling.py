"""One rule for misspellings: what is an error, what is a doubt, and what is somebody else's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.answers import foreign
from launcher.answers.explain import check
from launcher.answers.parameters import ROWS
from launcher.answers.row import Use
from launcher.answers.spelling import OURS, distance, meant


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("umod", "umode"),
        ("unode", "umode"),
        ("dsik", "disk"),
        ("prot", "port"),
        ("autoreboot", "auto_reboot"),
        ("auto-rebot", "auto_reboot"),
        ("udpcparams", "udpcparam"),
        ("gatewy", "gateway"),
        ("BOOTFI", "BOOTIF"),
        ("rd.botif", "rd.bootif"),
        ("dsk", "disk"),
        ("use", "used"),
        ("usde", "used"),
        ("hole", "holes"),
        ("grwo", "grow"),
        ("grown", "grow"),
    ],
)
def test_one_edit_is_an_error(name: str, ours: str) -> None:
    assert meant(name) == (ours, True)
    assert check(f"{name}=x") == ([f"{name}=x: unknown; did you mean {ours}?"], [])


@pytest.mark.parametrize(
    ("name", "ours"), [("compres5", "compr"), ("compress", "compr"), ("udpcprams", "udpcparam"), ("dskk", "disk")]
)
def test_two_edits_are_a_doubt(name: str, ours: str) -> None:
    assert meant(name) == (ours, False)
    assert check(f"{name}=x") == ([], [f"{name}=x: unknown; did you mean {ours}?"])


@pytest.mark.parametrize(
    ("word", "ours"),
    [
        ("disk:/dev/sdb", "disk"),
        ("DISK:serial:X", "disk"),
        ("umode:rcv", "umode"),
        ("serial:X", "disk"),
        ("model:Samsung", "disk"),
    ],
)
def test_a_colon_in_the_place_of_the_equals_sign_is_an_error(word: str, ours: str) -> None:
    """The value would be lost, and the only disk be taken."""
    assert check(f"auto=yes umode=rcv {word}") == ([f"{word}: unknown; did you mean {ours}?"], [])


def test_other_peoples_words_with_a_colon_are_no_misspellings() -> None:
    assert check("plymouth:debug hd:x /dev/sdb x:disk:y 0:0") == ([], [])


COMMON = """
acpi_osi apparmor audit boot cgroup_enable crashkernel cryptdevice dolvm earlyprintk fsck.mode hostname
intel_pstate ipv6.disable isolcpus kernel.panic keepinitrd live locale.LANG maxcpus memtest mitigations modules
netboot nfsroot noeject nohibernate nouveau.modeset overlayroot plymouth.enable processor.max_cstate raid
random.trust_cpu rd.break rd.lvm rdloaddriver reboot resume rootflags scsi_mod.scan selinux security security=
systemd.unit toram udev.log_level url usbcore.autosuspend vconsole.keymap zswap.enabled
user users role roles home hosts group row
mode driver silent dhcp4 cpus test nodhcp automatic portmap noauto netcfg/disk i915.mode
"""


@pytest.mark.parametrize("name", COMMON.split())
def test_other_peoples_parameters_are_no_misspellings(name: str) -> None:
    assert meant(name) is None


@pytest.mark.parametrize("name", ["vlan", "bond", "team", "bridge"])
def test_what_is_not_supported_is_said(name: str) -> None:
    found, warnings = check(f"auto=yes umode=rcv disk=/dev/sda {name}=a:b")
    assert (found, warnings) == ([], [f"{name}=a:b is not supported: the launcher uses one network card as it is."])


def test_no_word_in_the_lists_is_a_misspelling() -> None:
    listed = foreign._spelt("kernel") | foreign._spelt("peers")
    assert len(listed) > 1500
    assert [word for word in listed if meant(word)] == []


@pytest.mark.parametrize(
    "word",
    """
    quiet ro nomodeset nosmp irqpoll acpi load_ramdisk rd.shell rd.auto vlan BOOT_IMAGE auto keeppxe SYSUUID
    systemd.unit emergency toram components splash panic net.ifnames ro init isolcpus
    """.split(),
)
def test_the_lists_have_what_everybody_knows(word: str) -> None:
    assert foreign.may_stand_alone(word)
    assert foreign.known(word.upper())


def test_the_lists_have_what_the_table_gives_to_others() -> None:
    foreigners = [row.name for row in ROWS if row.use in (Use.FOREIGN, Use.UNSUPPORTED)]
    assert [name for name in foreigners if not foreign.known(name) and not foreign.may_stand_alone(name)] == []


@pytest.mark.parametrize("word", ["SSD", "Quiet", "860", "3", "M.2", "2.5", "EVO", "ssd", "v1.", ".x", "ATA"])
def test_what_a_model_may_hold_is_no_word_of_the_kernel(word: str) -> None:
    assert not foreign.may_stand_alone(word)


NAMES = st.text("abcdeu_ot", max_size=7)


@given(NAMES, NAMES)
def test_the_distance_is_one(one: str, other: str) -> None:
    assert distance(one, other) == distance(other, one)
    assert (distance(one, other) == 0) == (one == other)


@given(st.sampled_from(sorted(OURS)), st.data())
def test_every_single_edit_is_found(name: str, data: st.DataObject) -> None:
    place, letter = data.draw(st.integers(0, len(name) - 1)), data.draw(st.sampled_from("aeix_7"))
    edited = data.draw(
        st.sampled_from(
            [
                name[:place] + letter + name[place:],
                name[:place] + name[place + 1 :],
                name[:place] + letter + name[place + 1 :],
                name[:place] + name[place : place + 2][::-1] + name[place + 2 :],
            ]
        )
    )
    assert distance(edited, name) <= 1


@pytest.mark.parametrize(
    ("line", "wrong"), [("may", False), ("max=1", True), ("umod", True), ("since", False), ("nik=eth1", True)]
)
def test_a_bare_word_has_no_value_to_lose(line: str, wrong: bool) -> None:
    found, warnings = check(line)
    assert (bool(found), warnings) == (wrong, [])
