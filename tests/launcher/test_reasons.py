"""The kernel's reasons: in English the C library's own words, and a sentence for a screen in another language."""

from __future__ import annotations

import errno
import os

import pytest

from launcher.reasons import REASONS, reason


@pytest.mark.parametrize("number", REASONS, ids=lambda number: errno.errorcode[number])
def test_in_english_it_is_what_the_c_library_says(number: int) -> None:
    assert str(reason(OSError(number, "whatever"))) == os.strerror(number)
    assert reason(OSError(number, "whatever")).text == os.strerror(number), "a message, which catalogues have"


@pytest.mark.parametrize("error", [OSError(errno.EXDEV, "Cross {x}"), OSError("Cross {x}"), OSError(-2, "Cross {x}")])
def test_another_one_is_shown_as_it_is(error: OSError) -> None:
    assert str(reason(error)) == "Cross {x}"


def test_an_error_without_words_still_says_something() -> None:
    assert str(reason(OSError(errno.EXDEV, ""))) != ""
