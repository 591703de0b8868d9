"""Each boot loader of the table: its section carries the whole command line, and its files have names of their own."""

from __future__ import annotations

from functools import partial
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from pxe.entries.architectures import ARCHITECTURES
from pxe.entries.boot_entry import make_entry
from pxe.entries.loader import BEGINNING, is_ours
from pxe.entries.loaders import LOADERS, MARKER, PXELINUX, Loader, boots_disk
from pxe.server.clients import Clients
from pxe.server.dnsmasq import BootServer, config

APPEND = 'auto=yes umode=snd udpcparam="--min-receivers 29" lang=FR'
SECTIONS = {
    "PXELINUX": (
        f"label udpcast\n    kernel udpcast-linux\n    append initrd=udpcast-initrd {APPEND}\n    ipappend 3\n"
    ),
    "GRUB": "menuentry 'udpcast' {\n  source $prefix/udpcast.cfg\n}\n",
    "iPXE": ":udpcast\nchain --autofree udpcast.ipxe\n",
}
"""What each loader's section is for `APPEND`."""

LINES = {
    "PXELINUX": f"append initrd=udpcast-initrd {APPEND}\n",
    "GRUB": "linux /udpcast-linux 'auto=yes' 'umode=snd' 'udpcparam=--min-receivers 29' 'lang=FR' $udpcast_ip "
    "BOOTIF=$udpcast_mac; then\n",
    "iPXE": f"kernel udpcast-linux initrd=udpcast-initrd BOOT_IMAGE=udpcast-linux {APPEND} ${{udpcast-net}} || ",
}
"""What stands in the whole file."""

DISKS = {
    "PXELINUX": MARKER + "default disk\nprompt 0\n\nlabel disk\n    localboot 0\n",
    "GRUB": MARKER + "set udpcast_own=disk\nudpcast_disk\n",
    "iPXE": "#!ipxe\n" + MARKER + "set udpcast-own disk\n",
}
"""What boots the local disk."""

by_name = pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.name)


def test_every_loader_has_an_example() -> None:
    assert {loader.name for loader in LOADERS} == set(SECTIONS)


@by_name
def test_the_section_is_the_example(loader: Loader) -> None:
    assert loader.section(make_entry(APPEND)) == SECTIONS[loader.name]


@by_name
def test_a_file_for_the_local_disk_is_known_as_ours(loader: Loader) -> None:
    assert loader.disk == DISKS[loader.name]
    assert all(is_ours(text.encode()[:BEGINNING]) for text in (loader.disk, loader.default_disk))


@by_name
def test_one_that_boots_its_disk_is_told_by_what_it_loaded(loader: Loader, tmp_path: Path) -> None:
    own = [loader.machine(f"52:54:00:aa:bb:0{n}") for n in (1, 2)]
    (tmp_path / own[0]).parent.mkdir(parents=True)
    (tmp_path / own[0]).write_text(loader.disk)
    (tmp_path / own[1]).write_text(loader.config(make_entry(APPEND), 0))
    clients = Clients(tmp_path, boots_disk=partial(boots_disk, tmp_path))
    events = [clients.read(f"dnsmasq-tftp[7]: sent {tmp_path / name} to 10.77.0.160") for name in own]
    assert [event.text for event in events if event] == [f"loaded {own[0]} and boots its disk", f"loaded {own[1]}"]


@by_name
def test_a_whole_file_is_known_as_ours_and_has_the_section(loader: Loader) -> None:
    config = loader.config(make_entry(APPEND), 5)
    assert is_ours(config.encode()[:BEGINNING]) and LINES[loader.name] in config
    assert config != loader.config(make_entry(APPEND), 0)  # the time to wait is in it


@pytest.mark.parametrize(
    ("seconds", "tenths"), [(0.04, 1), (1e-9, 1), (0.11, 2), (0.3, 3), (2.3, 23), (5, 50), (3600, 35996)]
)
def test_pxelinux_never_waits_for_ever(seconds: float, tenths: int) -> None:
    assert f"\nprompt 1\ntimeout {tenths}\n" in PXELINUX.config(make_entry(), seconds)


def test_no_two_configurations_or_files_have_one_name() -> None:
    macs = ("52:54:00:aa:bb:01", "52-54-00-AA-BB-02")
    names = [
        str(name)
        for loader in LOADERS
        for name in (loader.default, *loader.shared, *map(loader.machine, macs), *loader.files, *loader.also)
    ] + [str(loader.there[0]) for loader in LOADERS if loader.there]
    assert len(names) == len(set(names))


@by_name
def test_some_kind_of_pc_can_be_given_it(loader: Loader) -> None:
    choices = {file for kind in ARCHITECTURES for file in kind.choices}
    assert {files[0] for files in loader.groups or (loader.files,)} <= choices


@pytest.mark.parametrize("proxy", [False, True])
def test_a_boot_server_of_its_own_offers_pxelinux(proxy: bool) -> None:
    first, last = (None, None) if proxy else (IPv4Address("10.77.0.100"), IPv4Address("10.77.0.200"))
    wire, leases = IPv4Interface("10.77.0.1/24"), Path("/run/leases")
    server = BootServer("br0", wire, Path("/srv/tftp"), leases, first=first, last=last, proxy=proxy)
    assert PXELINUX.files[0].removesuffix(".0") in config(server)


@by_name
def test_a_machine_is_known_by_the_configuration_that_it_asks_for(loader: Loader) -> None:
    clients, mac = Clients(Path("/srv/tftp")), "52:54:00:aa:bb:01"
    for name in (loader.machine(mac), loader.folder / "0A4D00A0"):
        missing = f"dnsmasq-tftp[7]: file /srv/tftp/{name} not found for 10.77.0.160"
        assert clients.read(missing) is None, "loaders try one name after the other"
    sent = clients.read("dnsmasq-tftp[7]: sent /srv/tftp/udpcast-linux to 10.77.0.160")
    assert sent is not None and sent.mac == mac
