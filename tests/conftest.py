"""For all tests: failing assertions of the shared helpers are explained, and every test begins in English."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("tests.common")

from launcher.translate import set_language  # noqa: E402 - the line above must come before anything imports it


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """A test that chooses another language leaves none behind."""
    yield
    set_language("en")
