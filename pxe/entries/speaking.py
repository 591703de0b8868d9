"""The launcher's own words in a boot loader's language: the one place of `pxe/` that switches languages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from launcher.errors import LauncherError
from launcher.translate import set_language

from .boot_entry import BootEntryError


def code_of(lang: str) -> str:
    """The language of this parameter; English where there is none."""
    from launcher.answers.explain import language_of  # noqa: PLC0415 - not needed to import pxe

    return language_of(lang) or "en"


@contextmanager
def speaking(code: str, whose: str) -> Iterator[None]:
    """Sentences are in this language, and in English again behind it. Raises BootEntryError, which begins with `whose`
    ("the menu has"), where a checkout's catalogue cannot be compiled."""
    try:
        set_language(code)
        yield
    except LauncherError as error:
        raise BootEntryError(f"{whose} no words: {error.whole}") from error
    finally:
        set_language("en")
