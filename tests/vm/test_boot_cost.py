"""What a boot costs, counted in instructions: this says no, whatever else the host does, when it costs more."""

from __future__ import annotations

import platform

import pytest

from qemu.bench.boot import DEVICES, FLOOR, bench_boot
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


LANGUAGE = 0.03
"""Times the floor, that catalogue, font and keymap may cost."""


@pytest.mark.languages
@ON_DEBIAN_12
def test_another_language_and_keyboard_cost_the_role_screen_hardly_anything() -> None:
    def role_screen(words: str) -> float:
        rows = bench_boot(PAIR, runs=1, words=words).rows
        floor = next(row.kernel for row in rows if row.stage == FLOOR)
        return next(row.kernel for row in rows if row.stage == "role screen") / floor

    english = role_screen("lang=EN")
    french = role_screen("lang=FR kbmap=FR")
    assert 0 < french - english <= LANGUAGE
