"""Each boot loader of the table: its section carries the whole command line, and its files have names of their own."""

from __future__ import annotations

import pytest

from pxe.boot_entry import make_entry
from pxe.loaders import LOADERS, MARKER, Loader

APPEND = 'auto=yes umode=snd udpcparam="--min-receivers 29" lang=FR'
SECTIONS = {
    "PXELINUX": (
        f"label udpcast\n    kernel udpcast-linux\n    append initrd=udpcast-initrd {APPEND}\n    ipappend 3\n"
    ),
}
"""What each loader's section is for `APPEND`."""

by_name = pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.name)


def test_every_loader_has_an_example() -> None:
    assert {loader.name for loader in LOADERS} == set(SECTIONS)


@by_name
def test_the_section_is_the_example(loader: Loader) -> None:
    assert loader.section(make_entry(APPEND)) == SECTIONS[loader.name]


@by_name
def test_a_whole_file_is_known_as_ours_and_has_the_section(loader: Loader) -> None:
    config = loader.config(make_entry(APPEND), 5)
    assert config.startswith(MARKER) and SECTIONS[loader.name] in config
    assert config != loader.config(make_entry(APPEND), 0)  # the time to wait is in it


def test_no_two_configurations_or_files_have_one_name() -> None:
    macs = ("52:54:00:aa:bb:01", "52-54-00-AA-BB-02")
    names = [str(name) for loader in LOADERS for name in (loader.default, *map(loader.machine, macs), *loader.files)]
    assert len(names) == len(set(names))
