"""The image of a tree that UEFI loads by HTTP: made anew in each run, with the pair that the tree has then.

The same pair and room make the same bytes, so a run that changes nothing puts nothing in place. Where it cannot be made
the tree goes without, and one of an earlier run goes: its pair would be an old one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address
from pathlib import Path

from ..entries.configuration import entry_of, image_config, image_words
from ..entries.grub import GRUB, Network
from ..entries.loader import Loader
from ..entries.room import Room
from ..medium.http_image import make_image
from ..medium.programs import HTTP_PARTS, missing
from ..medium.scratch import scratch


@contextlib.contextmanager
def http_image(
    pair: Path, room: Room, loaders: Sequence[Loader], places: Sequence[Path], server: IPv4Address | None = None
) -> Iterator[tuple[Path | None, tuple[str, ...]]]:
    """The image for as long as the block runs, and warnings; None in a tree without GRUB's family, or with loaders from
    other `places` than Debian's. `server` has the machines' files (None: the one that DHCP names). The folder `pair` is
    locked and checked. Raises MediumError, BootEntryError, OSError.
    """
    if GRUB not in loaders or places:
        yield None, ()
        return
    if lacking := missing(HTTP_PARTS):
        names = ", ".join(part.name for part in lacking)
        packages = " ".join(dict.fromkeys(part.package for part in lacking))
        yield None, (f"without {names} there is no image for UEFI HTTP boot in the tree: apt-get install {packages}",)
        return
    with scratch() as folder:
        image = folder / "image"
        entry = entry_of(room)
        make_image(pair, image_config(room, entry, Network.ASKED, server), image, image_words(room, entry))
        yield image, ()
