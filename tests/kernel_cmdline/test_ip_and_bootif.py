"""The network values on the line: every form of ``ip=``, ``BOOTIF=``, ``SYSUUID=``, and sentences for wrong ones."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kernel_cmdline import CommandLineError
from kernel_cmdline.network import (
    AUTOCONF,
    IpConfig,
    parse_address,
    parse_bootif,
    parse_ip,
    parse_mac,
    parse_netmask,
    parse_sysuuid,
)

MAC = "52:54:00:aa:bb:01"
V4 = IpConfig("kernel", client="10.0.0.2", gateway="10.0.0.1", prefix=24)

FORMS = [
    # PXELINUX, ipappend 1; 0.0.0.0 where the DHCP server named no router
    (
        "10.77.0.160:10.77.0.1:10.77.0.1:255.255.255.0",
        IpConfig("pxelinux", client="10.77.0.160", server="10.77.0.1", gateway="10.77.0.1", prefix=24),
    ),
    (
        "192.168.1.5:192.168.1.1:0.0.0.0:255.255.254.0",
        IpConfig("pxelinux", client="192.168.1.5", server="192.168.1.1", prefix=23),
    ),
    # bare
    ("192.168.1.5", IpConfig("bare", client="192.168.1.5")),
    ("192.168.1.5/22", IpConfig("bare", client="192.168.1.5", prefix=22)),
    ("192.168.1.5/255.255.252.0", IpConfig("bare", client="192.168.1.5", prefix=22)),
    ("[fd00::5]", IpConfig("bare", client="fd00::5")),
    ("[fd00:0::5]/64", IpConfig("bare", client="fd00::5", prefix=64)),
    ("[fd00::5/64]", IpConfig("bare", client="fd00::5", prefix=64)),
    ("fd00::5", IpConfig("bare", client="fd00::5")),
    ("FD00::5/128", IpConfig("bare", client="fd00::5", prefix=128)),
    # autoconf and device
    ("DHCP", IpConfig("autoconf", autoconf="dhcp")),
    ("off", IpConfig("autoconf", autoconf="off")),
    ("link-local", IpConfig("autoconf", autoconf="link-local")),
    ("eth0:dhcp", IpConfig("device", device="eth0", autoconf="dhcp")),
    ("name-of-15-char:dhcp", IpConfig("device", device="name-of-15-char", autoconf="dhcp")),
    ("enp3s0f1:auto6:9000", IpConfig("device", device="enp3s0f1", autoconf="auto6", mtu=9000)),
    (f"eth0:on:1500:{MAC}", IpConfig("device", device="eth0", autoconf="on", mtu=1500, mac=MAC)),
    (f"eth0:dhcp::{MAC}", IpConfig("device", device="eth0", autoconf="dhcp", mac=MAC)),
    # kernel, nfsroot.rst, from short to full
    ("10.0.0.2:10.0.0.9", IpConfig("kernel", client="10.0.0.2", server="10.0.0.9")),
    ("10.0.0.2::10.0.0.1:255.255.255.0:", V4),
    ("::::::dhcp", IpConfig("kernel", autoconf="dhcp")),
    (":::::eth0:both", IpConfig("kernel", device="eth0", autoconf="both")),
    ("::::pc7.room.example::any", IpConfig("kernel", hostname="pc7.room.example", autoconf="any")),
    (
        "10.0.0.2:10.0.0.9:10.0.0.1:255.255.255.0:pc7:eth0:off:10.0.0.53:10.0.0.54:10.0.0.123",
        IpConfig(
            "kernel",
            client="10.0.0.2",
            server="10.0.0.9",
            gateway="10.0.0.1",
            prefix=24,
            hostname="pc7",
            device="eth0",
            autoconf="off",
            dns=("10.0.0.53", "10.0.0.54"),
            ntp=("10.0.0.123",),
        ),
    ),
    (":::::eth0:dhcp:::10.0.0.123", IpConfig("kernel", device="eth0", autoconf="dhcp", ntp=("10.0.0.123",))),
    (
        ":::::eth0:dhcp::10.0.0.54:",
        IpConfig("kernel", device="eth0", autoconf="dhcp", dns=("10.0.0.54",)),
    ),
    # dracut.cmdline(7)
    (
        "10.0.0.2:10.0.0.9:10.0.0.1:255.255.255.0:pc7:eth0:none:1500",
        IpConfig(
            "dracut",
            client="10.0.0.2",
            server="10.0.0.9",
            gateway="10.0.0.1",
            prefix=24,
            hostname="pc7",
            device="eth0",
            autoconf="none",
            mtu=1500,
        ),
    ),
    (
        f"10.0.0.2::10.0.0.1:24::eth0:none:1500:{MAC}",
        IpConfig(
            "dracut",
            client="10.0.0.2",
            gateway="10.0.0.1",
            prefix=24,
            device="eth0",
            autoconf="none",
            mtu=1500,
            mac=MAC,
        ),
    ),
    (
        f"10.0.0.2:::24::eth0:none::{MAC.replace(':', '-')}",
        IpConfig("dracut", client="10.0.0.2", prefix=24, device="eth0", autoconf="none", mac=MAC),
    ),
    (
        "[fd00::2]:[fd00::9]:[fd00::1]:64:pc7:eth0:none:[fd00::53]:10.0.0.53",
        IpConfig(
            "kernel",
            client="fd00::2",
            server="fd00::9",
            gateway="fd00::1",
            prefix=64,
            hostname="pc7",
            device="eth0",
            autoconf="none",
            dns=("fd00::53", "10.0.0.53"),
        ),
    ),
    ("10.0.0.2/24::10.0.0.1:", IpConfig("pxelinux", client="10.0.0.2", gateway="10.0.0.1", prefix=24)),
]


@pytest.mark.parametrize(("text", "config"), FORMS, ids=[text for text, _ in FORMS])
def test_a_form_of_ip(text: str, config: IpConfig) -> None:
    assert parse_ip(text) == config


@pytest.mark.parametrize("word", sorted(AUTOCONF))
def test_every_word_for_autoconf_is_known_in_its_three_places(word: str) -> None:
    assert parse_ip(word).autoconf == word
    assert parse_ip(f"eth0:{word}") == IpConfig("device", device="eth0", autoconf=word)
    assert parse_ip(f":::::eth0:{word}").autoconf == word


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("", "value", ""),
        ("[fd00::1", "value", "[fd00::1"),
        ("fd00::1]", "value", "fd00::1]"),
        ("10.0.0.300", "client", "10.0.0.300"),
        ("010.0.0.1", "client", "010.0.0.1"),
        ("[10.0.0.1]", "client", "[10.0.0.1]"),
        ("0.0.0.0", "client", "0.0.0.0"),
        ("::", "client", "::"),
        ("10.0.0.1/33", "prefix", "33"),
        ("10.0.0.1/", "prefix", ""),
        ("[fd00::1]/129", "prefix", "129"),
        ("[fd00::1]/255.255.0.0", "prefix", "255.255.0.0"),
        ("dhpc", "autoconf", "dhpc"),
        ("eth0:dhpc", "autoconf", "dhpc"),
        ("eth0:", "autoconf", ""),
        ("pc7:10.0.0.1:10.0.0.1:255.255.255.0", "client", "pc7"),
        ("10.0.0.2:pc1:10.0.0.1:255.255.255.0", "server", "pc1"),
        ("10.0.0.2:10.0.0.1:10.0.0:255.255.255.0", "gateway", "10.0.0"),
        ("10.0.0.2::[fd00::1]:24", "gateway", "fd00::1"),
        ("10.0.0.2:10.0.0.1:10.0.0.1:255.0.255.0", "netmask", "255.0.255.0"),
        ("10.0.0.2:10.0.0.1:10.0.0.1:33", "netmask", "33"),
        ("10.0.0.2/16:10.0.0.1:10.0.0.1:255.255.255.0", "netmask", "255.255.255.0"),
        ("[fd00::2]::[fd00::1]:255.255.255.0", "netmask", "255.255.255.0"),
        ("10.0.0.2::::pc 7:eth0:off", "hostname", "pc 7"),
        ("10.0.0.2::::pc7:eth0/1:off", "device", "eth0/1"),
        ("10.0.0.2::::pc7:name-of-16-chars:off", "device", "name-of-16-chars"),
        ("10.0.0.2::::pc7:.:off", "device", "."),
        ("10.0.0.2::::pc7:eth0:of", "autoconf", "of"),
        ("10.0.0.2::::pc7:eth0:off:dns", "dns0", "dns"),
        ("10.0.0.2::::pc7:eth0:off::dns", "dns1", "dns"),
        ("10.0.0.2::::pc7:eth0:off:::ntp", "ntp0", "ntp"),
        ("10.0.0.2::::pc7:eth0:off::::x", "value", "x"),
        ("10.0.0.2::::pc7:eth0:off:67", "mtu", "67"),
        ("eth0:dhcp:big", "mtu", "big"),
        ("eth0:dhcp:1500:52:54:00", "MAC address", "52:54:00"),
    ],
)
def test_a_wrong_ip_names_the_field_and_the_value(text: str, field: str, value: str) -> None:
    with pytest.raises(CommandLineError) as error:
        parse_ip(text)
    sentence = str(error.value)
    assert "ip=" in sentence and field in sentence and f'"{value}"' in sentence
    assert "expected" in sentence and sentence.endswith(".")


def test_what_a_configuration_means() -> None:
    assert parse_ip("10.0.0.2/20").netmask == "255.255.240.0"
    assert parse_ip("10.0.0.2/0").netmask == "0.0.0.0"
    assert parse_ip("10.0.0.2").netmask is None
    assert parse_ip("[fd00::1]/64").netmask is None


@pytest.mark.parametrize("bits", range(33))
def test_netmasks(bits: int) -> None:
    config = IpConfig("bare", client="10.0.0.1", prefix=bits)
    assert parse_netmask(str(bits)) == bits
    assert parse_netmask(config.netmask or "") == bits


@pytest.mark.parametrize("text", ["", "33", "255.255.255.1", "255.255.255", "x", "0.0.0.255", "-1", "٣"])
def test_no_netmask(text: str) -> None:
    with pytest.raises(CommandLineError, match="netmask"):
        parse_netmask(text)


def test_addresses_in_their_usual_spelling() -> None:
    assert parse_address("[FD00:0:0::1]") == parse_address("fd00::1") == "fd00::1"
    with pytest.raises(CommandLineError, match="field gateway"):
        parse_address("router", "gateway")


@pytest.mark.parametrize(
    "text",
    [
        "01-52-54-00-aa-bb-01",
        "01:52:54:00:AA:BB:01",
        "52-54-00-AA-bb-01",
        "52:54:00:aa:bb:01",
        "20-52-54-00-aa-bb-01",
        "01-52:54:00:aa:bb:01",
        "01-52:54:00:aa:bb:01:",
        "01-52-54-00-aa-bb-01-",
        "52:54:00:aa:bb:01:",
        "01525400AABB01",
        "01-525400aabb01",
        "525400aabb01",
    ],
)
def test_bootif_with_and_without_hardware_type(text: str) -> None:
    assert parse_bootif(text) == MAC


def test_a_card_whose_address_begins_like_a_hardware_type_keeps_it() -> None:
    assert parse_bootif("01-02-03-04-05-06") == "01:02:03:04:05:06"
    assert parse_bootif("01-01-02-03-04-05-06") == "01:02:03:04:05:06"


WRONG_OCTETS = [
    "",
    "52",
    "52-54-00-aa-bb",
    "52-54-00-aa-bb-0g",
    "52:54-00-aa-bb-01",
    "5254.00aa.bb01",
    f"{MAC}\n",
]


@pytest.mark.parametrize("text", [*WRONG_OCTETS, f"01:01:{MAC}", "eth0", "01-", "01-$net_default_mac", f"01-{MAC}::"])
def test_no_bootif(text: str) -> None:
    with pytest.raises(CommandLineError, match=r"^BOOTIF=.*expected a MAC address.*\.$"):
        parse_bootif(text)


def test_mac_addresses() -> None:
    assert parse_mac("52-54-00-AA-BB-01") == parse_mac(MAC.upper()) == MAC


@pytest.mark.parametrize("text", [*WRONG_OCTETS, f"01:{MAC}"])
def test_no_mac_address(text: str) -> None:
    with pytest.raises(CommandLineError, match="is no MAC address; expected six pairs"):
        parse_mac(text)


def test_sysuuid() -> None:
    uuid = "4c4c4544-0042-3510-8056-b4c04f4d3132"
    assert parse_sysuuid(uuid) == parse_sysuuid(uuid.upper()) == parse_sysuuid(uuid.replace("-", "")) == uuid


@pytest.mark.parametrize("text", ["", "x", "4c4c4544-0042-3510-8056-b4c04f4d313", "{}", "4c4c4544"])
def test_no_sysuuid(text: str) -> None:
    with pytest.raises(CommandLineError, match=r"^SYSUUID=.*expected 32 hexadecimal digits"):
        parse_sysuuid(text)


@pytest.mark.parametrize("parser", [parse_ip, parse_bootif, parse_mac, parse_sysuuid])
def test_a_sentence_stays_one_line_whatever_the_value(parser: Callable[[str], object]) -> None:
    with pytest.raises(CommandLineError) as error:
        parser("a\n\x1b[31mb" * 30)
    assert str(error.value).isprintable() and len(str(error.value)) < 300
