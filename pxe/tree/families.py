"""Which loaders a tree gets: those that are installed here, and those that somebody put there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ..entries.boot_entry import BootEntryError
from ..entries.configuration import entries
from ..entries.loader import Loader
from ..entries.loaders import LOADERS
from ..entries.room import Room


def families(
    directory: Path, room: Room, places: Sequence[Path] = (), loaders: Sequence[Loader] = LOADERS
) -> tuple[tuple[Loader, ...], tuple[str, ...]]:
    """Those of `loaders`, and warnings. `places`: where they are, if not where Debian has them.

    Where there is none at all, it is the first one of the table: whoever looks for its files says what is missing.
    Raises BootEntryError for an entry of the room that none could carry.
    """
    found = tuple(one for one in loaders if one.is_installed(places) or one.is_in(directory))
    cannot = tuple(_cannot(found, room))
    found = tuple(one for one in found if one not in [loader for loader, _ in cannot])
    warnings = tuple(f"the tree goes without {one.name}, and {one.pcs} do not boot: {why}" for one, why in cannot)
    if not found:
        return tuple(loaders[:1]), ()
    missing = [one for one in loaders if one not in found and one not in [loader for loader, _ in cannot]]
    if not missing:
        return found, warnings
    packages = " ".join(dict.fromkeys(package for one in missing for package in one.packages))
    names = " and ".join(one.name for one in missing)
    verb = "is" if len(missing) == 1 else "are"
    pcs = " and ".join(dict.fromkeys(one.pcs for one in missing))
    told = f"{names} {verb} not installed here: {pcs} cannot boot from here. To have it: apt-get install {packages}"
    return found, (*warnings, told)


def _cannot(found: Sequence[Loader], room: Room) -> Iterator[tuple[Loader, str]]:
    """The optional ones that cannot carry an entry, and why not."""
    for loader in found:
        if loader.is_optional:
            try:
                for entry in entries(room):
                    loader.own(entry, room.timeout)
            except BootEntryError as error:
                yield loader, str(error)
