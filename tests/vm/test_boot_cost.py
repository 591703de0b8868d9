"""What a boot costs, counted in instructions: this says no, whatever else the host does, when it costs more."""

from __future__ import annotations

import platform

import pytest

from qemu.bench.boot import DEVICES, FLOOR, bench_boot
from tests.common import PAIR

pytestmark = pytest.mark.vm

BOUNDS = {"role screen": 1.20, DEVICES: 1.90}
"""Times the floor, with Debian 12's kernel, Python and urwid. See docs/measurements.md for how it is measured."""


@pytest.mark.skipif(
    platform.freedesktop_os_release().get("VERSION_ID") != "12", reason="the bounds are those of Debian 12's packages"
)
def test_the_role_screen_and_the_devices_cost_no_more_than_they_did() -> None:
    ratios = {row.stage: row.kernel_ratio for row in bench_boot(PAIR, runs=1).rows}
    assert ratios[FLOOR] == 1.0
    dear = {stage: ratios[stage] for stage, bound in BOUNDS.items() if not 1.0 < ratios[stage] <= bound}
    assert not dear, f"the bounds are {BOUNDS}"
