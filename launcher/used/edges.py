"""Where in a partition somebody looks who asks what it is (libblkid, and whoever mounts): at its ends alone.

The farthest from the beginning is a second header of LUKS (up to 4 MiB), then a mark of VMFS (2 MiB); the farthest from
the end is a mark of Promise's RAID (1.6 MB). So whoever leaves out what is free copies these bytes all the same: no
signature of the target's earlier life stays in a partition.
"""

from __future__ import annotations

FIRST, LAST = 5 << 20, 2 << 20
"""Bytes at the beginning and at the end of a partition."""
