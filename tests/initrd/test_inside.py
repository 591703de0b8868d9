"""Modules that stand in for others in the initrd do what those do, as far as they are used there."""

from __future__ import annotations

import urllib.parse

from hypothesis import given
from hypothesis import strategies as st

from initrd.inside import urllib_parse

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.dictionaries(TEXT, TEXT | st.integers()))
def test_a_query_is_written_as_the_standard_library_writes_it(query: dict[str, object]) -> None:
    assert urllib_parse.urlencode(query) == urllib.parse.urlencode(query)


@given(st.binary())
def test_bytes_are_quoted_as_the_standard_library_quotes_them(data: bytes) -> None:
    assert urllib_parse.quote_from_bytes(data) == urllib.parse.quote_from_bytes(data)
