"""What the DHCP server of Windows needs (Windows Server 2012 and later): PowerShell, for its module DhcpServer. Pure.

A policy is for clients whose vendor class begins with a text, and has options of its own, for all scopes. The policy
with the lowest number comes first: that for iPXE, which its user class tells. The server knows no option 60 and no 210
until they are defined. Read in the documentation of the module; there was no such server to try it with.
"""

from __future__ import annotations

from collections.abc import Iterator

from .answers import Answer, Served, answers


def render(served: Served) -> str:
    """The lines."""
    found = answers(served)
    lines = list(_options(found))
    for order, one in enumerate(found, 1):
        lines += _policy(one, order, served)
    return "\n".join(lines)


def _options(found: tuple[Answer, ...]) -> Iterator[str]:
    """The definitions; one that is there already is no harm."""
    wanted = [
        (60, "Vendor class", any(one.is_http for one in found)),
        (210, "PXELINUX folder", any(one.folder for one in found)),
    ]
    for number, name, is_wanted in wanted:
        if is_wanted:
            yield (
                f'Add-DhcpServerv4OptionDefinition -OptionId {number} -Name "{name}" -Type String '
                "-ErrorAction SilentlyContinue"
            )


def _policy(one: Answer, order: int, served: Served) -> Iterator[str]:
    if one.ipxe:
        yield f'Add-DhcpServerv4Class -Name "{one.name}" -Type User -Data "iPXE"'
        condition = f'-UserClass EQ,"{one.name}*"'
    else:
        classes = {f"udpcast-{number}": number for number in one.numbers}
        for name, number in classes.items():
            yield f'Add-DhcpServerv4Class -Name "{name}" -Type Vendor -Data "{one.vendor}:Arch:{number:05}"'
        condition = "-VendorClass EQ," + ",".join(f'"{name}*"' for name in classes)
    yield f'Add-DhcpServerv4Policy -Name "{one.name}" -ProcessingOrder {order} -Condition OR {condition}'
    options = {66: str(served.server), 67: one.boot_file}
    if one.is_http:
        options = {60: one.vendor, 67: one.boot_file}
    if one.folder:
        options[210] = one.folder
    for number, value in options.items():
        yield f'Set-DhcpServerv4OptionValue -PolicyName "{one.name}" -OptionId {number} -Value "{value}"'
