"""The lines of UDPCast's documentation and of a school, as PXELINUX hands them over, from power-on to a transfer."""

from __future__ import annotations

import pytest

from launcher.model.plan import Address, AddressSource, After, Compression, Next, Role
from launcher.session.transferring import Transferring
from launcher.translate import set_language
from tests.common import ONE
from tests.launcher.session.driver import FakeSystem, begun

ADDED = "BOOT_IMAGE=udpcast-linux {line} ip=10.77.0.160:10.77.0.1:10.77.0.1:255.255.255.0 BOOTIF=01-52-54-00-aa-bb-01"
DOCUMENTED = "load_ramdisk=1 initrd=initrd-udpcast root=01:00"
SCHOOL = (
    "initrd=udprd root=01:00 persoparams=oui lang=FR kbmap=FR dhcp=yes compr=lzop port=9002 umode=rcv disk=/dev/sda "
    'auto_reboot=success enableDiskmodule=yes diskmodule=AUTO netmodule=AUTO udpcparam="--start-timeout=300 --nokbd"'
)
LEASE = Address(AddressSource.GIVEN, "10.77.0.160", 24, "10.77.0.1", lease=True)


@pytest.fixture(autouse=True)
def no_screens(no_terminal: None) -> None: ...


@pytest.mark.parametrize("bare", ["", "auto "], ids=["chosen", "by itself"])
def test_the_documented_line_asks_for_the_role_and_nothing_else(bare: str) -> None:
    """Also where PXELINUX boots its default entry by itself, and says so with a bare auto."""
    system = FakeSystem(ONE)
    seat = begun(ADDED.format(line=f"{bare}{DOCUMENTED}"), system)
    assert seat.shown == "umode" and "10.77.0.160/24" in seat.text
    seat.answer("umode", "rcv")
    assert seat.shown == "confirm"
    seat.confirm()
    assert seat.stage is Transferring
    (plan,) = system.started
    assert (plan.role, plan.target.path, plan.nic.name) == (Role.RECEIVE, "/dev/sda", "eth0")
    assert (plan.address, plan.port, plan.compression, plan.attended) == (LEASE, 9000, None, True)


@pytest.mark.parametrize("bare", ["", "auto "], ids=["chosen", "by itself"])
def test_the_schools_line_casts_without_a_key(bare: str) -> None:
    system = FakeSystem(ONE)
    seat = begun(ADDED.format(line=f"{bare}{SCHOOL}"), system)
    assert seat.stage is Transferring and system.loaded == []
    (plan,) = system.started
    assert (plan.role, plan.target.path, plan.nic.name) == (Role.RECEIVE, "/dev/sda", "eth0")
    assert (plan.address, plan.port, plan.compression) == (LEASE, 9002, Compression.LZOP)
    assert (plan.options.words, plan.start_timeout) == (("--nokbd",), 300)
    assert plan.after == After(Next.REBOOT, Next.MENU)
    assert seat.app.dialogue.errors == () and seat.app.dialogue.warnings == ()
    assert {one["key"]: one["text"] for one in seat.logged("answer")}["lang"] == "FR"
    set_language("en")
