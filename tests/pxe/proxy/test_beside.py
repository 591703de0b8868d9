"""Our boot server beside another DHCP server, on a real wire: every kind of client is told what it can boot there, and
nobody is refused anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pxe.entries.architectures import ARCHITECTURES
from pxe.proxy.loaders import SINCE, grub_version
from tests import common
from tests.pxe.wire.dhcp_messages import MAC

pytestmark = pytest.mark.field

SCENARIOS = Path(__file__).with_name("beside_scenarios.py")
OURS, THEIRS = "10.77.0.1", "10.77.0.3"
GRUB = Path("/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed")
ASKS_US = (grub_version(GRUB) or (0, 0)) >= SINCE


def scenario(*words: str, directory: Path) -> dict[str, Any]:
    return common.scenario(SCENARIOS, " ".join(words), directory)


@pytest.mark.parametrize(("next_server", "uefi"), [(THEIRS, ASKS_US), (OURS, True)])
def test_each_kind_of_client(next_server: str, uefi: bool, tmp_path: Path) -> None:
    seen = scenario("kinds", next_server, directory=tmp_path)
    url = next(line for line in seen["said"] if "By HTTP the files are at" in line).rpartition(" ")[2].rstrip(".")
    loader = "shimx64.efi" if uefi else "snponly.efi"
    told = {
        "0": ["PXEClient", "menu", OURS],
        "7": ["PXEClient", loader, OURS],
        "9": ["PXEClient", loader, OURS],
        "16": ["HTTPClient", f"{url}udpcast.img", OURS],
        **{f"ipxe {number}": ["PXEClient", f"{url}boot.ipxe", OURS] for number in (0, 7, 9)},
    }
    clients = ["plain", *(str(number) for one in ARCHITECTURES for number in one.numbers)]
    assert seen["seen"] == {
        client: told.get(client, []) for client in [*clients, *(f"ipxe {n}" for n in (0, 7, 9, 11))]
    }
    assert seen["refused"] == []
    assert f" {MAC} " in seen["loaded"]  # it was heard to take its address from the other server
    assert any("would ask" in line for line in seen["said"]) != uefi
    assert any(f"asks to boot by UEFI x86-64 by HTTP, and is told {url}udpcast.img" in line for line in seen["said"])
    assert seen["said"][-1].endswith(
        "asks to boot by UEFI ARM of 64 bits by HTTP, for which this server has nothing: the launcher runs on PCs with "
        "x86-64 only"
    )
    assert seen["status"] == 0
