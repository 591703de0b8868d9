"""dnsmasq's configuration: what it says, and that the real dnsmasq reads it."""

from __future__ import annotations

import shutil
import subprocess
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from pxe.server.dnsmasq import BootServer, ConfigError, Host, config, default_range
from pxe.server.offers import PLAIN, Offer, offers

A = IPv4Address


def server(
    *,
    first: str | None = "10.77.0.100",
    last: str | None = "10.77.0.200",
    proxy: bool = False,
    hosts: tuple[Host, ...] = (),
    lease: int = 600,
    port: int | None = None,
    router: str | None = None,
    root: str = "/srv/tftp",
    user: str | None = None,
    transfers: int = 0,
    offers: tuple[Offer, ...] = PLAIN,
    http: int = 80,
) -> BootServer:
    return BootServer(
        interface="br0",
        server=IPv4Interface("10.77.0.1/24"),
        tftp_root=Path(root),
        lease_file=Path("/run/leases"),
        first=A(first) if first else None,
        last=A(last) if last else None,
        lease=lease,
        hosts=hosts,
        proxy=proxy,
        port=port,
        router=A(router) if router else None,
        user=user,
        transfers=transfers,
        offers=offers,
        http=http,
    )


ALL = offers({"lpxelinux.0", "undionly.kpxe", "snponly.efi", "boot.ipxe", "shimx64.efi", "udpcast.img"}, {})
HOSTS = (Host("52:54:00:aa:bb:01", A("10.77.0.10")), Host("52:54:00:aa:bb:02", A("10.77.0.11")))

CASES = [
    (server(), ["dhcp-range=10.77.0.100,10.77.0.200,255.255.255.0,600", "dhcp-boot=tag:kind0,pxelinux.0,,10.77.0.1"]),
    (server(), ["dhcp-match=set:kind0,option:client-arch,0", "dhcp-boot=tag:!kind,pxelinux.0,,10.77.0.1"]),
    (
        server(offers=ALL, http=8068),
        [
            "dhcp-boot=tag:kind0,tag:ipxe,http://10.77.0.1:8068/boot.ipxe,,10.77.0.1",
            "dhcp-boot=tag:kind0,tag:!ipxe,lpxelinux.0,,10.77.0.1",
            "dhcp-option-force=tag:kind0,210,http://10.77.0.1:8068/",
            "dhcp-boot=tag:kind9,tag:!ipxe,shimx64.efi,,10.77.0.1",
            "dhcp-boot=tag:kind16,http://10.77.0.1:8068/udpcast.img,,10.77.0.1",
            "dhcp-option-force=tag:kind16,60,HTTPClient",
        ],
    ),
    (server(hosts=HOSTS), ["dhcp-host=52:54:00:aa:bb:01,10.77.0.10", "dhcp-host=52:54:00:aa:bb:02,10.77.0.11"]),
    (server(first=None, last=None, hosts=HOSTS), ["dhcp-range=10.77.0.0,static,255.255.255.0,600"]),
    (server(router="10.77.0.254"), ["dhcp-option=option:router,10.77.0.254"]),
    (server(), ["dhcp-option=option:router", "port=0", "log-dhcp", "keep-in-foreground", "pid-file="]),
    (server(user="root"), ["user=root"]),
    (server(transfers=404), ["tftp-max=404"]),
    (server(port=667), ["interface=lo", "no-dhcp-interface=br0", "dhcp-alternate-port=667", "enable-tftp=br0"]),
    (
        server(first=None, last=None, proxy=True),
        ["dhcp-range=10.77.0.0,proxy,255.255.255.0", 'pxe-service=0,"udpcast",pxelinux'],
    ),
]


@pytest.mark.parametrize(("settings", "lines"), CASES)
def test_configuration_has_the_lines(settings: BootServer, lines: list[str]) -> None:
    assert set(lines) <= set(config(settings).splitlines())


@pytest.mark.parametrize("settings", [settings for settings, _ in CASES])
def test_it_is_never_authoritative(settings: BootServer) -> None:
    assert "authoritative" not in config(settings)


def test_proxy_dhcp_names_no_boot_file_to_those_that_ask_for_an_address() -> None:
    assert "dhcp-boot" not in config(server(first=None, last=None, proxy=True))


@pytest.mark.skipif(not shutil.which("dnsmasq"), reason="the package dnsmasq-base is not installed")
@pytest.mark.parametrize("settings", [settings for settings, _ in CASES])
def test_the_real_dnsmasq_reads_it(settings: BootServer, tmp_path: Path) -> None:
    file = tmp_path / "dnsmasq.conf"
    file.write_text(config(settings))
    done = subprocess.run(["dnsmasq", "--test", "-C", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (server(last=None), "both its first and its last"),
        (server(last="10.78.0.200"), "10.78.0.200 is no client address in 10.77.0.0/24"),
        (server(last="10.77.0.255"), "10.77.0.255 is no client address"),
        (server(first="10.77.0.201"), "10.77.0.201 to 10.77.0.200 runs backwards"),
        (server(hosts=(Host("52:54:00:aa:bb:01", A("10.77.0.1")),)), "this server's own address"),
        (server(lease=60), "minimum is 120"),
        (server(proxy=True), "proxy DHCP gives no addresses"),
        (server(root="srv/tftp"), "an absolute path"),
        (server(root="/srv/tftp\nport=53"), "an absolute path"),
    ],
)
def test_wrong_settings_are_refused_in_one_sentence(settings: BootServer, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        config(settings)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("10.77.0.1/24", ("10.77.0.2", "10.77.0.254")),
        ("10.77.0.254/24", ("10.77.0.1", "10.77.0.253")),
        ("10.77.0.100/24", ("10.77.0.101", "10.77.0.254")),
        ("10.77.0.1/30", ("10.77.0.2", "10.77.0.2")),
    ],
)
def test_default_range_is_the_network_without_the_server(address: str, expected: tuple[str, str]) -> None:
    assert default_range(IPv4Interface(address)) == (A(expected[0]), A(expected[1]))


def test_a_network_without_room_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"10\.77\.0\.1/32 has no room"):
        default_range(IPv4Interface("10.77.0.1/32"))
