"""What sfdisk reads of a partition table."""

from __future__ import annotations

import json
from pathlib import Path

from qemu.disks.partitions import Partition
from qemu.disks.raw import SECTOR
from qemu.disks.tools import run


def read_table(path: Path) -> tuple[Partition, ...]:
    """The partitions of the image, in the order of the table, as sfdisk reads them."""
    table = json.loads(run(["sfdisk", "--json", path]))["partitiontable"]
    return tuple(
        Partition(
            number=int(entry["node"].removeprefix(str(path)).lstrip("p")),
            start=entry["start"] * SECTOR,
            size=entry["size"] * SECTOR,
            type=entry["type"],
            uuid=entry.get("uuid", ""),
            name=entry.get("name", ""),
            attributes=entry.get("attrs", ""),
        )
        for entry in table["partitions"]
    )
