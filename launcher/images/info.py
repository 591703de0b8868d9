"""What is in a stored image, as text and as JSON: its disk, its partitions, where it came from, whether it is whole."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from kernel_cmdline import showable, showable_json

from ..datapath.framing import Manifest, SentPart, Trailer
from ..datapath.stored import NotWhole, look, manifest_of
from ..model.wording import moment, part_of, size
from .opening import not_whole, reading

_SECRETS = ("session", "source", "silence")
"""What the manifest says of one cast only."""


@dataclass(frozen=True)
class Info:
    """An image `file` of `size` bytes. `trailer` is None where it is not whole, for the reason `why`."""

    file: str
    size: int
    manifest: Manifest
    trailer: Trailer | None
    why: str | None


def info(file: str) -> Info:
    """Look at `file`, without reading its data. Raises LauncherError where it is no stored image, or nothing of it can
    be told."""
    with reading(file) as fd:
        there = os.fstat(fd).st_size

        def read(offset: int, count: int) -> bytes:
            return os.pread(fd, count, offset)

        try:
            manifest = manifest_of(read)
        except NotWhole as error:
            raise not_whole(file, error) from error
        try:
            stored = look(read, there)
        except NotWhole as error:
            return Info(file, there, manifest, None, str(error))
    return Info(file, there, manifest, stored.trailer, None)


def to_json(found: Info) -> str:
    """As JSON, whatever the language."""
    manifest = {name: value for name, value in asdict(found.manifest).items() if name not in _SECRETS}
    record = {
        "file": found.file,
        "size": found.size,
        "whole": found.trailer is not None,
        "why": found.why,
        "xxh128": found.trailer and found.trailer.xxh128,
        **manifest,
    }
    return showable_json(json.dumps(record, indent=2, ensure_ascii=False)) + "\n"


def to_text(found: Info) -> str:
    """For people."""
    return "".join(f"{line}\n" for line in _lines(found))


def _lines(found: Info) -> Iterator[str]:
    manifest, trailer = found.manifest, found.trailer
    used = part_of(manifest.used, manifest.length) if manifest.used is not None else size(manifest.length)
    yield f"{showable(found.file)}: a stored image, {size(found.size)}"
    if trailer:
        yield _row("whole", "yes, by its seek table and its ends (`image check` reads all of it)")
    else:
        yield _row("whole", f"NO: {showable(found.why or '')}")
    yield _row("disk", f"{used} used, {manifest.length:,} bytes", manifest.model and showable(manifest.model))
    yield _row("made", str(moment(manifest.made)) if manifest.made else None, _by(manifest))
    yield _row("digest", f"XXH128 {trailer.xxh128}" if trailer else "-")
    if manifest.table:
        yield _row("table", " ".join(showable(word) for word in (manifest.table, manifest.disk_id) if word))
    if manifest.parts:
        yield ""
        yield from _table(manifest.parts)


def _row(name: str, *values: str | None) -> str:
    return f"  {name:<8}{', '.join(value for value in values if value)}"


def _by(manifest: Manifest) -> str:
    host = f"on {showable(manifest.host)} " if manifest.host else ""
    return f"{host}by launcher {showable(manifest.version)}"


def _table(parts: tuple[SentPart, ...]) -> Iterator[str]:
    rows = [("number", "name", "file system", "size", "used", "begins at")]
    rows += [
        (
            str(part.number),
            showable(part.name),
            showable(part.kind) or "?",
            str(size(part.size)),
            "all" if part.used is None else str(size(part.used)),
            f"{part.offset:,}",
        )
        for part in parts
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        line = "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        yield f"  {line}"
        if number and (whole := parts[number - 1].whole):
            yield f"    {showable(whole)}"
