"""Real clients and real loaders at once at the real boot server: that each row of the benchmark is measured."""

from __future__ import annotations

import pytest

from qemu.bench.at_once import Settings, measure
from tests.common import PAIR

pytestmark = pytest.mark.hardware


def test_every_row_is_measured() -> None:
    bench = measure(Settings(PAIR, clients=2, machines=2), print)
    assert bench.failures == ()
    assert [len(one.seconds) for one in bench.loads] == [2, 2]
    assert [len(one.seconds) for one in bench.starts] == [1, 2, 1]
    tftp, http = bench.loads
    assert tftp.dnsmasq.cpu > http.dnsmasq.cpu
    assert all(cost.peak for one in bench.loads for cost in (one.dnsmasq, one.files))
    assert all(cost.peak for one in bench.starts for cost in (one.dnsmasq, one.files))
