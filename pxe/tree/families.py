"""Which loaders a tree gets: those that are installed here, and those that somebody put there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..entries.loader import Loader
from ..entries.loaders import LOADERS


def families(
    directory: Path, places: Sequence[Path] = (), loaders: Sequence[Loader] = LOADERS
) -> tuple[tuple[Loader, ...], tuple[str, ...]]:
    """Those of `loaders`, and warnings. `places`: where they are, if not where Debian has them.

    Where there is none at all, it is the first one of the table: whoever looks for its files says what is missing.
    """
    found = tuple(one for one in loaders if one.is_installed(places) or one.is_in(directory))
    if not found:
        return tuple(loaders[:1]), ()
    missing = [one for one in loaders if one not in found]
    if not missing:
        return found, ()
    packages = " ".join(dict.fromkeys(package for one in missing for package in one.packages))
    names = " and ".join(f"{one.name}, which {one.pcs} need," for one in missing)
    verb = "is" if len(missing) == 1 else "are"
    return found, (f"{names} {verb} not installed here, and the tree goes without: apt-get install {packages}",)
