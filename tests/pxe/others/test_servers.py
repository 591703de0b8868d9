"""Our lines in the configuration of real servers: every kind of client is told what it can boot, and others what they
were told before."""

from __future__ import annotations

from pathlib import Path

import pytest

from pxe.entries.architectures import ARCHITECTURES
from pxe.others.servers import SERVERS
from tests import common

SCENARIOS = Path(__file__).with_name("others_scenarios.py")
HTTP = "http://10.77.0.9:8080/tree"
BEFORE = ["theirs.0", "10.77.0.8", "", ""]
"""What the server tells everybody: file, server, vendor class, option 210."""

BY_TFTP = {
    "0": ["pxelinux.0", "10.77.0.9", "", ""],
    "7": ["shimx64.efi", "10.77.0.9", "", ""],
    "9": ["shimx64.efi", "10.77.0.9", "", ""],
    **{f"ipxe {number}": ["boot.ipxe", "10.77.0.9", "", ""] for number in (0, 7, 9)},
}
BY_HTTP = {
    **BY_TFTP,
    "0": ["lpxelinux.0", "10.77.0.9", "", f"{HTTP}/"],
    "16": [f"{HTTP}/udpcast.img", "10.77.0.9", "HTTPClient", ""],
    **{f"ipxe {number}": [f"{HTTP}/boot.ipxe", "10.77.0.9", "", ""] for number in (0, 7, 9)},
}
CLIENTS = ["plain", *(str(number) for one in ARCHITECTURES for number in one.numbers)]


@pytest.mark.parametrize(
    "http",
    [pytest.param(HTTP, marks=pytest.mark.netns, id="http"), pytest.param("", marks=pytest.mark.field, id="tftp")],
)
@pytest.mark.parametrize("server", [one.name for one in SERVERS if one.name != "windows"])
def test_a_real_server_tells_each_kind_of_client_what_it_boots(server: str, http: str, tmp_path: Path) -> None:
    seen = common.scenario(SCENARIOS, f"{server} {http}", tmp_path)
    told = BY_HTTP if http else BY_TFTP
    assert seen == {
        client: [told.get(client, BEFORE)] * 2 for client in [*CLIENTS, "ipxe 0", "ipxe 7", "ipxe 9", "ipxe 11"]
    }
