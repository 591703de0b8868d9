"""What a boot costs, counted in instructions: this says no, whatever else the host does, when it costs more."""

from __future__ import annotations

import platform

import pytest

from qemu.bench.boot import DEVICES, FLOOR, bench_boot
from qemu.bench.languages import bench_languages, table
from tests.common import PAIR

BOUNDS = {"role screen": 1.20, DEVICES: 1.85}
"""Times the floor, with Debian 12's kernel, Python and urwid. See docs/measurements.md for how it is measured."""


ON_DEBIAN_12 = pytest.mark.skipif(
    platform.freedesktop_os_release().get("VERSION_ID") != "12", reason="the bounds are those of Debian 12's packages"
)


@pytest.mark.vm
@ON_DEBIAN_12
def test_the_role_screen_and_the_devices_cost_no_more_than_they_did() -> None:
    ratios = {row.stage: row.kernel_ratio for row in bench_boot(PAIR, runs=1).rows}
    assert ratios[FLOOR] == 1.0
    dear = {stage: ratios[stage] for stage, bound in BOUNDS.items() if not 1.0 < ratios[stage] <= bound}
    assert not dear, f"the bounds are {BOUNDS}"


@pytest.mark.languages
@ON_DEBIAN_12
def test_languages_keymaps_and_fonts_cost_hardly_anything() -> None:
    result = bench_languages(runs=1, tell=print)
    assert result.size > 0 and result.ratio > 0
    assert result.good, table(result)
