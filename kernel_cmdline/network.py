"""The network values that a boot loader puts on the line: ``ip=``, ``BOOTIF=``, ``SYSUUID=``. The contract:

Every function takes the value as text (without the name) and returns it checked and in one spelling, or raises
CommandLineError with one sentence that names the field. Nothing here asks a card or the network.

Forms of ``ip=`` (empty fields may be left out at the end; IPv6 addresses stand in brackets between colons):

- bare: ``ADDRESS`` or ``ADDRESS/PREFIX``
- autoconf: ``dhcp``, ``off``, ``any``, ``auto6`` and so on
- device: ``DEVICE:AUTOCONF[:[MTU][:MAC]]`` (dracut)
- pxelinux: ``CLIENT:SERVER:GATEWAY:NETMASK`` (``ipappend 1``)
- kernel: ``CLIENT:SERVER:GATEWAY:NETMASK:HOSTNAME:DEVICE:AUTOCONF:DNS0:DNS1:NTP0``
- dracut: ``CLIENT:PEER:GATEWAY:NETMASK:HOSTNAME:DEVICE:AUTOCONF:[MTU][:MAC]``

Sources: ``Documentation/admin-guide/nfs/nfsroot.rst`` of Linux, ``dracut.cmdline(7)``, and SYSLINUX's
documentation of ``SYSAPPEND``. 0.0.0.0 stands for "none", as in ``net/ipv4/ipconfig.c``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from .model import CommandLineError, Message, say
from .parse import printable

AUTOCONF = frozenset(
    {
        *("none", "off", "dhcp", "on", "any", "bootp", "rarp", "both"),
        *("dhcp4", "dhcp6", "auto6", "either6", "link6", "link-local", "single-dhcp", "ibft"),
    }
)
"""What may stand in the field autoconf: the kernel's words, then dracut's."""
_AUTOCONF_WORDS = ", ".join(sorted(AUTOCONF))

FIELDS = ("client", "server", "gateway", "netmask", "hostname", "device", "autoconf", "dns0", "dns1", "ntp0")
"""The kernel's order; dracut calls the second one ``peer``."""

_MAC_ADDRESS = say("MAC address")
Address = IPv4Address | IPv6Address


@dataclass(frozen=True)
class IpConfig:
    """What ``ip=`` says; None or empty where it says nothing.

    Addresses are in their usual spelling, without brackets. `prefix` is the netmask as a number of bits, `mtu`
    is in bytes, `autoconf` is one of `AUTOCONF`. `form` is ``bare``, ``autoconf``, ``device``, ``pxelinux``,
    ``kernel`` or ``dracut`` (see the module's text).
    """

    form: str
    client: str | None = None
    server: str | None = None
    gateway: str | None = None
    prefix: int | None = None
    hostname: str | None = None
    device: str | None = None
    autoconf: str | None = None
    dns: tuple[str, ...] = ()
    ntp: tuple[str, ...] = ()
    mtu: int | None = None
    mac: str | None = None

    @property
    def netmask(self) -> str | None:
        """`prefix` as IPv4 writes it (``255.255.255.0``); None without one, or for IPv6."""
        if self.prefix is None or (self.client and ":" in self.client):
            return None
        return str(IPv4Address((0xFFFFFFFF << (32 - self.prefix)) & 0xFFFFFFFF))


def parse_ip(text: str) -> IpConfig:
    """The value of ``ip=`` in any of the forms above."""
    if not text:
        raise _wrong("ip", "value", text, say('an address, "dhcp" or CLIENT:SERVER:GATEWAY:NETMASK'))
    if text.lower() in AUTOCONF:
        return IpConfig("autoconf", autoconf=text.lower())
    fields = _split(text)
    if len(fields) == 1 or _is_bare_ipv6(text):
        return _bare(text)
    if _is_device_form(fields):
        return _device_form(fields)
    return _positional(fields)


def parse_netmask(text: str, field: str = "netmask", name: str = "ip") -> int:
    """A dotted IPv4 netmask, or a number of bits from 0 to 32, as a number of bits; `name` is the parameter's."""
    if re.fullmatch(r"[0-9]{1,2}", text) and int(text) <= 32:
        return int(text)
    mask = _address_or_none(text)
    if isinstance(mask, IPv4Address):
        hosts = ~int(mask) & 0xFFFFFFFF
        if hosts & (hosts + 1) == 0:
            return 32 - hosts.bit_length()
    raise _wrong(name, field, text, say("255.255.255.0 or a number of bits such as 24"))


def parse_address(text: str, field: str = "address", name: str = "ip") -> str:
    """An IPv4 address, or an IPv6 address with or without brackets, in its usual spelling; `name` as above."""
    address = _address_or_none(text)
    if address is None:
        raise _wrong(name, field, text, say("an address such as 192.168.1.10 or [fd00::10]"))
    return str(address)


def parse_mac(text: str, field: Message = _MAC_ADDRESS) -> str:
    """Six octets with ``:`` or with ``-`` between, as ``aa:bb:cc:dd:ee:ff``."""
    octets = _octets(text)
    if len(octets) != 6:
        raise CommandLineError(
            say(
                '"{text}" is no {field}; expected six pairs of hexadecimal digits, as in 52:54:00:12:34:56.',
                text=printable(text),
                field=field,
            )
        )
    return ":".join(octets)


def parse_bootif(text: str) -> str:
    """The MAC address in ``BOOTIF``, as ``aa:bb:cc:dd:ee:ff``.

    PXELINUX puts the hardware type in front (``01-`` for Ethernet); it goes only when there are seven octets. GRUB's
    ``01-$net_default_mac`` mixes ``-`` and ``:``, and may end in one; iPXE's ``${mac:hexraw}`` has neither.
    """
    digits = _mac_digits(text)
    if not digits:
        raise CommandLineError(
            say(
                'BOOTIF="{text}" is no card\'s address; expected a MAC address, with or without '
                "the hardware type in front, as in 01-52-54-00-12-34-56.",
                text=printable(text),
            )
        )
    return ":".join(digits[start : start + 2] for start in range(0, 12, 2))


def _mac_digits(text: str) -> str | None:
    """The twelve digits of a BOOTIF. (No regular expression: compiling this one takes longer than all the rest.)"""
    raw = text[-12:]
    if _is_hex(raw, 12) and (not text[:-12] or (len(text[:-12].removesuffix("-")) == 2 and _is_hex(text[:2], 2))):
        return raw.lower()
    mac = text[:-1] if text[-1:] in (":", "-") else text
    if len(mac) == 20 and _is_hex(mac[:2], 2) and mac[2] in ":-":  # the hardware type
        mac = mac[3:]
    octets = mac.split(mac[2]) if len(mac) == 17 and mac[2] in ":-" else []
    return "".join(octets).lower() if len(octets) == 6 and all(_is_hex(octet, 2) for octet in octets) else None


def _is_hex(text: str, length: int) -> bool:
    return len(text) == length and not {*text} - {*"0123456789abcdefABCDEF"}


def parse_sysuuid(text: str) -> str:
    """The machine's UUID from PXELINUX's ``SYSUUID`` in lower case with hyphens."""
    digits = re.fullmatch(r"([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})", text.lower())
    if not digits:
        raise CommandLineError(
            say(
                'SYSUUID="{text}" is no UUID; expected 32 hexadecimal digits, '
                "as in 4c4c4544-0042-3510-8056-b4c04f4d3132.",
                text=printable(text),
            )
        )
    return "-".join(digits.groups())


def _octets(text: str) -> tuple[str, ...]:
    """Pairs of hexadecimal digits with one kind of separator between; none when it is anything else."""
    if not re.fullmatch(r"[0-9a-fA-F]{2}(?:([:-])[0-9a-fA-F]{2}(?:\1[0-9a-fA-F]{2})*)?", text):
        return ()
    return tuple(re.split("[:-]", text.lower()))


def _split(text: str) -> list[str]:
    """The fields between colons; colons in brackets separate nothing."""
    if not re.fullmatch(r"(?:[^\[\]]|\[[^\[\]]*\])*", text):
        raise _wrong("ip", "value", text, say("every [ before an IPv6 address to have its ]"))
    return re.findall(r"(?:^|:)((?:[^:\[\]]|\[[^\[\]]*\])*)", text)


def _address_or_none(text: str) -> Address | None:
    bracketed = text.startswith("[") and text.endswith("]")
    try:
        address = ip_address(text[1:-1] if bracketed else text)
    except ValueError:
        return None
    return None if bracketed and address.version == 4 else address


def _is_bare_ipv6(text: str) -> bool:
    """IPv6 without brackets can be nothing else when the whole value is one address."""
    return isinstance(_address_or_none(text.partition("/")[0]), IPv6Address)


def _bare(text: str) -> IpConfig:
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", text):
        raise _wrong("ip", "autoconf", text, say("an address or one of {words}", words=_AUTOCONF_WORDS))
    client, prefix = _client(text)
    if client is None:
        raise _wrong("ip", "client", text, say("the address of this machine, which is not zero"))
    return IpConfig("bare", client=str(client), prefix=prefix)


def _client(text: str) -> tuple[Address | None, int | None]:
    """ADDRESS or ADDRESS/PREFIX; the prefix may stand before or behind the closing bracket."""
    inner = re.sub(r"^\[([^/\]]*)/([^/\]]*)\]$", lambda found: f"[{found[1]}]/{found[2]}", text)
    address_text, slash, prefix_text = inner.partition("/")
    address = _optional_address(address_text, "client")
    if not slash:
        return address, None
    return address, _prefix(prefix_text, "prefix", address)


def _prefix(text: str, field: str, client: Address | None) -> int | None:
    """A netmask or prefix length that fits the client's family; None for an empty field or 0.0.0.0."""
    if isinstance(client, IPv6Address):
        if re.fullmatch(r"[0-9]{1,3}", text) and int(text) <= 128:
            return int(text)
        if not text and field == "netmask":
            return None
        raise _wrong("ip", field, text, say("a number of bits from 0 to 128 beside an IPv6 address"))
    if field == "netmask" and text in ("", "0.0.0.0"):
        return None
    return parse_netmask(text, field)


def _optional_address(text: str, field: str) -> Address | None:
    """None for an empty field, 0.0.0.0 or [::]."""
    if not text:
        return None
    address = ip_address(parse_address(text, field))
    return None if int(address) == 0 else address


def _is_device_form(fields: list[str]) -> bool:
    first, second = fields[:2]
    named = bool(first) and not re.search(r"[\[/]", first) and not re.fullmatch(r"[0-9.]+", first)
    return named and (second.lower() in AUTOCONF or (len(fields) == 2 and not re.search(r"[0-9.\[]", second)))


def _device_form(fields: list[str]) -> IpConfig:
    mtu, mac = _mtu_and_mac(fields[2:])
    autoconf = _autoconf(fields[1])
    if autoconf is None:
        raise _wrong("ip", "autoconf", "", say("one of {words} behind the device", words=_AUTOCONF_WORDS))
    return IpConfig("device", device=_device(fields[0]), autoconf=autoconf, mtu=mtu, mac=mac)


def _positional(fields: list[str]) -> IpConfig:
    """PXELINUX's four fields, or the kernel's up to ten, or dracut's with MTU and MAC address at the end."""
    head = fields[:7] + [""] * (7 - len(fields[:7]))
    rest = fields[7:]
    client, prefix = _client(head[0])
    server, gateway = (_optional_address(head[index], FIELDS[index]) for index in (1, 2))
    for field, address in (("server", server), ("gateway", gateway)):
        if client and address and client.version != address.version:
            expected = say("an IPv{version} address as the client's", version=client.version)
            raise _wrong("ip", field, str(address), expected)
    from_mask = _prefix(head[3], "netmask", client)
    if prefix is not None and from_mask is not None and prefix != from_mask:
        raise _wrong("ip", "netmask", head[3], say("the same as the client's prefix, {prefix}", prefix=prefix))
    dracut = _ends_in_mtu_or_mac(rest)
    mtu, mac = _mtu_and_mac(rest) if dracut else (None, None)
    dns, ntp = ((), ()) if dracut else _servers(rest)
    return IpConfig(
        "dracut" if dracut else "pxelinux" if len(fields) == 4 else "kernel",
        client=_text(client),
        server=_text(server),
        gateway=_text(gateway),
        prefix=prefix if from_mask is None else from_mask,
        hostname=_hostname(head[4]),
        device=_device(head[5]),
        autoconf=_autoconf(head[6]),
        dns=dns,
        ntp=ntp,
        mtu=mtu,
        mac=mac,
    )


def _text(address: Address | None) -> str | None:
    return None if address is None else str(address)


def _ends_in_mtu_or_mac(rest: list[str]) -> bool:
    """dracut tells its two endings apart in the same way: an MTU is a number, a MAC address has six octets."""
    return bool(rest) and (rest[0].isdecimal() or (not rest[0] and bool(_octets(":".join(rest[1:])))))


def _mtu_and_mac(rest: list[str]) -> tuple[int | None, str | None]:
    mtu_text, mac_text = (rest[0], ":".join(rest[1:])) if rest else ("", "")
    if mtu_text and not (re.fullmatch(r"[0-9]{1,5}", mtu_text) and 68 <= int(mtu_text) <= 65535):
        raise _wrong("ip", "mtu", mtu_text, say("a number of bytes from 68 to 65535"))
    mtu = int(mtu_text) if mtu_text else None
    return mtu, parse_mac(mac_text, say('MAC address in "ip="')) if mac_text else None


def _servers(rest: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Name servers and time server behind autoconf."""
    if any(rest[3:]):
        raise _wrong("ip", "value", ":".join(rest[3:]), say("nothing behind the field ntp0"))
    servers = [_optional_address(text, FIELDS[7 + index]) for index, text in enumerate(rest[:3])]
    dns = tuple(str(server) for server in servers[:2] if server)
    return dns, tuple(str(server) for server in servers[2:] if server)


def _hostname(text: str) -> str | None:
    if text and not re.fullmatch(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})", text):
        raise _wrong("ip", "hostname", text, say("letters, digits, hyphens and dots"))
    return text or None


def _device(text: str) -> str | None:
    # dev_valid_name() in net/core/dev.c: fewer than IFNAMSIZ (16) bytes, no slash, no white space, not . or ..
    if text and (len(text.encode()) > 15 or re.search(r"[/\s]", text) or text in (".", "..")):
        raise _wrong("ip", "device", text, say("a card's name such as eth0, at most 15 characters"))
    return text or None


def _autoconf(text: str) -> str | None:
    if text and text.lower() not in AUTOCONF:
        raise _wrong("ip", "autoconf", text, say("one of {words}", words=_AUTOCONF_WORDS))
    return text.lower() or None


def _wrong(name: str, field: str, text: str, expected: Message) -> CommandLineError:
    text = printable(text)
    if field == name:
        return CommandLineError(
            say("{name}={text} is wrong; expected {expected}.", name=name, text=text, expected=expected)
        )
    message = say(
        'In "{name}=" the field {field} is "{text}"; expected {expected}.',
        name=name,
        field=field,
        text=text,
        expected=expected,
    )
    return CommandLineError(message)
