"""A document in Markdown as its headings divide it: what stands in each section, to be compared with another's.

The parser is markdown-it's. Anchors are GitHub's (https://docs.github.com, "Section links"): letters of any language,
digits, ``-`` and ``_`` stay, blanks become ``-``, all is small, and of equal ones the later have a number.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

_PARSER = MarkdownIt("commonmark").enable("table")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:[,\u00a0\u202f]\d{3})+(?![\d.,]?\d)")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True)
class Code:
    """A block of code: the language behind its fence (nothing for an indented one), and its lines."""

    language: str
    lines: tuple[str, ...]

    @property
    def commands(self) -> tuple[str, ...]:
        """The lines without their comments, and without those that have nothing else."""
        bare = (re.sub(r"(^|\s+)#.*", "", line).rstrip() for line in self.lines)
        return tuple(line for line in bare if line)


@dataclass(frozen=True)
class Section:
    """A heading with what stands below it until the next one; what stands before the first has level 0.

    `tables` are the rows and columns of each, `points` the number of items in lists. `texts` are all texts without
    code, `names` what stands in backticks. `links` and `pictures` are their targets, as they were written.
    """

    level: int
    title: str
    anchor: str
    code: tuple[Code, ...]
    tables: tuple[tuple[int, int], ...]
    points: int
    texts: tuple[str, ...]
    names: frozenset[str]
    links: tuple[str, ...]
    pictures: tuple[str, ...]

    @property
    def numbers(self) -> frozenset[str]:
        return frozenset(number for text in self.texts for number in numbers(text))


def numbers(text: str) -> Counter[str]:
    """The numbers in `text`, as English writes them, but without commas: 1,024 and 1 024 are 1024, 46,5 is 46.5."""
    plain = _THOUSANDS.sub(lambda match: re.sub(r"\D", "", match[0]), text)
    return Counter(match[0].replace(",", ".") for match in _NUMBER.finditer(plain))


def sections(text: str) -> tuple[Section, ...]:
    """The sections of a document, in order."""
    anchors: Counter[str] = Counter()
    return tuple(_section(tokens, anchors) for tokens in _divided(_PARSER.parse(text)))


def read(path: Path) -> tuple[Section, ...]:
    """The sections of the document `path`."""
    return sections(path.read_text(encoding="utf-8"))


def _divided(tokens: list[Token]) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if token.type == "heading_open":
            parts.append([])
        parts[-1].append(token)
    return parts


def _section(tokens: list[Token], anchors: Counter[str]) -> Section:
    heading = bool(tokens) and tokens[0].type == "heading_open"
    title = "".join(one.content for one in tokens[1].children or ()) if heading else ""
    parts = [part for token in tokens for part in token.children or ()]
    return Section(
        int(tokens[0].tag[1:]) if heading else 0,
        title,
        _anchor(title, anchors) if heading else "",
        tuple(Code(token.info, tuple(token.content.splitlines())) for token in _of(tokens, "fence", "code_block")),
        tuple(_tables(tokens)),
        len(list(_of(tokens, "list_item_open"))),
        tuple(part.content for part in _of(parts, "text")),
        frozenset(part.content for part in _of(parts, "code_inline")),
        tuple(unquote(str(part.attrGet("href"))) for part in _of(parts, "link_open")),
        tuple(str(part.attrGet("src")) for part in _of(parts, "image")),
    )


def _of(tokens: list[Token], *types: str) -> Iterator[Token]:
    yield from (token for token in tokens if token.type in types)


def _tables(tokens: list[Token]) -> Iterator[tuple[int, int]]:
    rows = columns = 0
    for token in tokens:
        rows = 0 if token.type == "table_open" else rows + (token.type == "tr_open")
        columns = 0 if token.type == "tr_open" else columns + (token.type in ("th_open", "td_open"))
        if token.type == "table_close":
            yield rows, columns


def _anchor(title: str, anchors: Counter[str]) -> str:
    name = re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")
    anchors[name] += 1
    return f"{name}-{anchors[name] - 1}" if anchors[name] > 1 else name
