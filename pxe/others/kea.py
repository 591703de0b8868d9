"""What Kea needs (kea-dhcp4, 2.2 and later): client classes, as JSON for its `Dhcp4`. Pure.

What a class says counts more than what a subnet says, and less than a reservation (Kea's manual, "Client
Classification"; tried). Of several classes that a client is in, the first one that says something counts; no client is
in two of ours. Option 210 has no definition in Kea: its value is given as bytes.
"""

from __future__ import annotations

import json

from .answers import Answer, Served, answers, numbered

_ARCHITECTURE = "substring(option[93].hex, 0, 2) == 0x{number:04x}"
_IPXE = "option[175].exists"


def render(served: Served) -> str:
    """The lines."""
    return f'"client-classes": {json.dumps([_class(one, served) for one in answers(served)], indent=2)}'


def _class(one: Answer, served: Served) -> dict[str, object]:
    tests = [
        f"substring(option[60].hex, 0, {len(one.vendor)}) == '{one.vendor}'",
        numbered(one.numbers, _ARCHITECTURE, " or "),
        *([_IPXE] if one.ipxe else [f"not {_IPXE}"] if not one.is_http else []),
    ]
    options: list[dict[str, object]] = []
    if one.is_http:
        options.append({"name": "vendor-class-identifier", "data": one.vendor, "always-send": True})
    if one.folder:
        options.append({"code": 210, "csv-format": False, "data": f"'{one.folder}'", "always-send": True})
    return {
        "name": one.name,
        "test": " and ".join(tests),
        "next-server": str(served.server),
        "boot-file-name": one.boot_file,
        **({"option-data": options} if options else {}),
    }
