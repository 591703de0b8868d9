"""Runs the launcher up to its first screen, and tells which files Python has read for that. Runs under the Python that
goes into the initrd; all modules are those of the initrd.

    python3 first_screen.py HOME [SO=FILE ...] > FILES

HOME is a directory of compiled modules; FILES paths below it, one a line. Of the shared object SO, a path below HOME,
FILE is read in its place: HOME may be where nothing may be run. The PC that the launcher finds has no
devices, and nothing is drawn. Besides comes what a look at real devices needs, and what says why
there are none where the second stage cannot be opened.
"""

from __future__ import annotations

import sys
from _frozen_importlib_external import spec_from_file_location  # importlib.util would be one of the modules

SPEAKING = ("launcher.catalogue", "launcher.figures", "launcher.session.speaking")
"""A first screen in another language, or on another keyboard, needs these, which are small."""

ALSO = ("runpy", "ctypes", "pyudev", "launcher.hardware.kernel", "launcher.session.stopped", *SPEAKING)
"""``-m`` reads the first; then pyudev and what it stands on; then the sentence that kernel and initrd do not match."""


class Elsewhere:
    """Finds the shared objects that are read in another place."""

    def __init__(self, files: dict[str, str]) -> None:
        self._files = files

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> object:
        file = self._files.get(f"{name.replace('.', '/')}.so")
        return file and spec_from_file_location(name, file)


def run(home: str, shared_objects: list[str]) -> None:
    """Import all of it. What this file itself imported would count as well."""
    sys.path[:] = [home, f"{home}/lib-dynload"]
    sys.meta_path.insert(0, Elsewhere(dict(word.split("=", 1) for word in shared_objects)))  # type: ignore[arg-type]
    for name in ALSO:
        __import__(name)
    from kernel_cmdline import parse  # noqa: PLC0415
    from launcher import __main__  # noqa: F401, PLC0415
    from launcher.events import EventLog  # noqa: PLC0415
    from launcher.hardware import detect  # noqa: PLC0415
    from launcher.model.machine import Machine  # noqa: PLC0415
    from launcher.screens.ui import Ui  # noqa: PLC0415
    from launcher.session import boot  # noqa: PLC0415

    screens: list[object] = []

    class Screens(EventLog):
        def emit(self, event: str, **fields: object) -> None:
            if event == "screen":
                screens.append(fields["name"])

    class NoDevices:
        def fileno(self) -> None:
            return None

    detect.DeviceWatch, detect.detect = NoDevices, Machine  # type: ignore[misc, assignment]
    Ui.run = lambda ui, started: started()  # type: ignore[method-assign, assignment]
    boot._screens(parse("quiet"), Screens())
    if not screens:
        sys.exit("no screen was shown")


def files(home: str) -> list[str]:
    """Of every module that was imported, the file below `home`; the interpreter's own have none."""
    from os.path import isfile  # noqa: PLC0415 - pathlib would be one of the modules

    found = set()
    for name in sys.modules:
        inner = name.replace(".", "/")
        found |= {one for one in (f"{inner}.pyc", f"{inner}/__init__.pyc", f"{inner}.so") if isfile(f"{home}/{one}")}  # noqa: PTH113
    return sorted(found)


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2:])
    print("\n".join(files(sys.argv[1])))
