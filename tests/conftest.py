"""For all tests: failing assertions of the shared helpers are explained, every test begins in English, and none that
draws its examples depends on how fast the machine is."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("tests.common")

from launcher.translate import set_language  # noqa: E402 - the line above must come before anything imports it

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

# Also below nohup and in the background of a script, which programs under test rightly respect.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """A test that chooses another language leaves none behind."""
    yield
    set_language("en")


@pytest.fixture
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are driven by `tests.launcher.session.driver`, and wait for no further disk."""
    from launcher.session import app, devices  # noqa: PLC0415 - most tests need no urwid
    from tests.launcher.session.driver import FakeUi  # noqa: PLC0415

    monkeypatch.setattr(app, "Ui", FakeUi)
    monkeypatch.setattr(devices, "QUIET", 0.0)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a result no seconds are counted down."""
    from launcher.screens import ending  # noqa: PLC0415

    monkeypatch.setattr(ending, "DELAY", 0.0)
