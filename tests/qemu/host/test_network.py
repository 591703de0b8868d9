"""The virtual network's boot server: what it says, and for how many it has addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from qemu.host.network import Served, parse_server_line, server_settings


@pytest.mark.parametrize(
    ("line", "served"),
    [
        (
            "dnsmasq-dhcp[17]: 864504691 DHCPACK(br0) 10.77.1.234 52:54:00:75:64:00 ",
            Served("dhcp", "10.77.1.234", "52:54:00:75:64:00"),
        ),
        (
            "dnsmasq-tftp[17]: sent /var/tmp/udpcast-x/tftp/udpcast-linux to 10.77.1.234",
            Served("udpcast-linux", "10.77.1.234"),
        ),
        (
            "DHCPACK on 10.77.1.234 to 52:54:00:75:64:00 (room-1) via br0",
            Served("dhcp", "10.77.1.234", "52:54:00:75:64:00"),
        ),
        ("DHCPREQUEST for 10.77.1.234 (10.77.0.1) from 52:54:00:75:64:00 via br0", None),
        ("dnsmasq-dhcp[17]: DHCPOFFER(br0) 10.77.1.234 52:54:00:75:64:00", None),
        ("dnsmasq-tftp[17]: file /x/pxelinux.cfg/default not found for 10.77.1.234", None),
        ('["took", "10.77.1.234", "udpcast.img", [0, 500], [0, 500], 500]', Served("udpcast.img", "10.77.1.234")),
        ('["took", "10.77.1.234", "udpcast.img", [0, 400], [0, 400], 500]', None),
        ('["missing", "10.77.1.234", "grub/01"]', None),
        ("", None),
    ],
)
def test_the_boot_servers_log(line: str, served: Served | None) -> None:
    assert parse_server_line(line) == served


def test_there_are_leases_for_every_seat() -> None:
    settings = server_settings(Path("/run"), Path("/run/tftp"))
    assert settings.first and settings.last
    assert int(settings.last) - int(settings.first) >= 256
