"""What a PC's firmware calls itself to a DHCP server: the client identifiers (option 61, RFC 2132) to try.

To ISC dhcpd another identifier is another client, which gets another address (measured: tests/launcher/network/); none
is one as well. In the order in which they are tried:

- ``01`` and the MAC address: iPXE, most systems. Every server takes it for firmware that sent none, too.
- ``00`` and the UUID, in the bytes in which PXE sends it (option 97, RFC 4578): those of the SMBIOS table. PXELINUX's
  ``SYSUUID`` has them in this order; the kernel's ``product_uuid`` has the first three groups turned round, as SMBIOS
  asks for since 2.6, but not with older tables. So both orders are tried.
- none: dnsmasq and Kea then know a PC by its MAC address, whatever its firmware said.
"""

from __future__ import annotations

from pathlib import Path

DMI = Path("/sys/class/dmi/id/product_uuid")


def identifiers(mac: str, sysuuid: str | None = None, dmi: Path = DMI) -> tuple[str | None, ...]:
    """As hexadecimal digits, each once; None at the end stands for no identifier at all.

    `sysuuid` is what PXELINUX said, None where it said nothing.
    """
    told = _digits(sysuuid or "")
    known = _digits(_read(dmi))
    uuids = [digits for digits in (told, _turned(known), known) if digits]
    return (own(mac), *dict.fromkeys(f"00{digits}" for digits in uuids), None)


def own(mac: str) -> str:
    """The identifier of a card, where nothing is known of what its firmware sent."""
    return f"01{mac.replace(':', '').lower()}"


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # not every machine has one, and only root may read it
        return ""


def _digits(uuid: str) -> str:
    """The 32 digits of a UUID, empty where it is none: all zeros or all ones mean that nobody set it."""
    digits = uuid.strip().replace("-", "").lower()
    good = len(digits) == 32 and set(digits) <= set("0123456789abcdef") and set(digits) not in ({"0"}, {"f"})
    return digits if good else ""


def _turned(digits: str) -> str:
    """The same with the bytes of the first three groups in the other order."""
    groups = (digits[:8], digits[8:12], digits[12:16])
    turned = "".join("".join(reversed([group[i : i + 2] for i in range(0, len(group), 2)])) for group in groups)
    return turned + digits[16:]
