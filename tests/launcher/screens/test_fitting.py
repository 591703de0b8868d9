"""What is settled, on a terminal of 80x24: every title apart from its text, and what is cut off is counted."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from kernel_cmdline import parse
from launcher.answers.interview import QUESTIONS, Interview, Told
from launcher.answers.lookup import given_answers
from launcher.screens import pages
from launcher.sentence import Sentence, say
from launcher.translate import set_language, tr
from tests.common import TWO, page_text

ALL = "used=no holes=zero grow=yes retry=3"
LONG = (
    f"{ALL} disk=/dev/sda nic=eth0 compr=gzip silence=9 start_timeout=9 after=reboot verify=no require=equal blank=yes"
)


@pytest.fixture(params=["en", "de", "fr"])
def language(request: pytest.FixtureRequest) -> Iterator[None]:
    set_language(request.param)
    yield
    set_language("en")


def role_screen(line: str, notes: tuple[Sentence, ...] = ()) -> str:
    interview = Interview(given_answers(parse(line)), TWO, lambda *_: "", Told({}))
    question = next(row.question for row in QUESTIONS if row.key == "umode")
    shown = pages.Shown(pages.Pending(question, interview.facts, None, None), interview.preview(), True, notes, "")
    return page_text(pages.question(shown, None, lambda _: None, lambda _: None, lambda: None))


@pytest.mark.usefixtures("language")
def test_titles_stand_apart_on_one_line() -> None:
    seen = role_screen(ALL)
    for title, text in (("Used blocks only", "no"), ("Unused blocks", "zero"), ("Grow", "yes")):
        assert re.search(rf"^  {re.escape(tr(say(title)))} +{tr(say(text))}\b", seen, re.MULTILINE), seen


@pytest.mark.usefixtures("language")
@pytest.mark.parametrize("notes", [(), (say("a note"), say("another"))])
def test_what_is_cut_off_is_counted(notes: tuple[Sentence, ...]) -> None:
    assert "…" in role_screen(LONG, notes)
    assert "…" not in role_screen("", ())
