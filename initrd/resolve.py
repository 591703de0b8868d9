"""Whether an image has all that its launcher and its /init need: looked for inside the image's tree, file by file.

What is needed is not listed here a second time: programs are named by the launcher's own list, by /init, by udev's
rules and by the dracut module, imports by the compiled modules, libraries by the ELF files, data by the project's
folder, drivers by the kernel's index. Nothing of the tree is run, so it works for every user and on every file system.

`problems` gives one line for each thing that is not there; an image with any is not written.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from kernel_cmdline import showable

from . import python, scripts, tools
from .errors import BuildError
from .kernel import Kernel, module_name
from .libraries import Libraries
from .run import run
from .tree import Tree

LOG = logging.getLogger("initrd")

PATH = ("usr/bin", "usr/sbin")
"""Where /init and the launcher look for a program."""

INIT, BUSYBOX = "init", "usr/bin/busybox"
UDEV, RULES = "usr/lib/udev", "usr/lib/udev/rules.d"
KERNEL_RUNS = ("/sbin/modprobe",)
"""What the kernel itself starts (/proc/sys/kernel/modprobe)."""

LOADED_LATER = {"usr/bin/python3": ("libudev.so.1", "libgcc_s.so.1", "libzstd.so.1")}
"""Libraries that a program loads by itself, which its file does not tell: pyudev's, what the C library takes to end a
thread, and what the launcher compresses and unpacks with."""

LOOP = "loop"
"""The driver of the windows through which file systems' tools see a partition."""

NO_DRIVERS = {"i2o_block", "ms_block", "mspro_block", "ppdev", "sm_ftl", "tifm_ms", "tifm_sd"}
"""Drivers that udev's rules load by name for what the image has no drivers of: memory sticks, raw flash, I2O, printers
at a parallel port."""

INDEXES = ("modules.alias.bin", "modules.builtin.bin", "modules.dep.bin", "modules.softdep")
"""By which kmod finds a driver, and those that it needs."""

SHOWN = 12
"""So many lines of what is missing are shown in the sentence; --verbose shows all."""


@dataclass(frozen=True)
class Image:
    """What is looked at: the tree, and what it was made from. `home` is where Python's modules are in it.
    `file_systems` are those whose tools it is to have."""

    tree: Tree
    project: Path
    home: Path
    kernel: Kernel
    setup: str
    file_systems: tuple[str, ...] = tools.FILE_SYSTEMS


def problems(image: Image) -> list[str]:
    """All that is missing or cannot be used, in plain words."""
    return [
        *programs(image),
        *scripts_of(image.tree),
        *libraries(image.tree),
        *python_home(image),
        *imports(image),
        *data(image),
        *rules(image),
        *drivers(image.tree, image.kernel),
        *unpackers(image.tree),
    ]


def check(image: Image) -> None:
    """Raise BuildError with the names of all that is missing."""
    found = problems(image)
    for line in found:
        LOG.debug("%s", showable(line))
    if found:
        shown = found[:SHOWN] + ([f"and {len(found) - SHOWN} more (--verbose)"] if len(found) > SHOWN else [])
        raise BuildError(
            f"the initrd would not work, so nothing was written: {'; '.join(shown)}. dpkg --verify tells whether a "
            "package of this machine is damaged"
        )


# --- programs ---------------------------------------------------------------------------------------------------------


def wanted_programs(image: Image) -> dict[str, str]:
    """Each program, and who needs it. One that has no path is looked for in `PATH`."""
    wanted = dict.fromkeys(installed(image.setup, "inst_multiple", "inst"), "the dracut module")
    for inner in (INIT, *data_files(image.project, image.home)):
        if image.tree.file(inner) and scripts.interpreter(image.tree.read(inner, 256)) is not None:
            wanted |= dict.fromkeys(scripts.commands(_text(image.tree, inner)), f"/{inner}")
    for inner in _rules(image.tree):
        names = scripts.udev_programs(_text(image.tree, inner))
        wanted |= {name if name.startswith("/") else f"/{UDEV}/{name}": f"/{inner}" for name in names}
    launcher = dict.fromkeys(tools.launcher_programs(image.project, image.file_systems), "the launcher")
    return wanted | launcher | dict.fromkeys(KERNEL_RUNS, "the kernel")


def programs(image: Image) -> Iterator[str]:
    """Programs that are not there, or cannot be run."""
    for name, user in sorted(wanted_programs(image).items()):
        found = image.tree.program(name, PATH)
        if found is None:
            yield f"the program {name} is missing ({user} runs it)"
        elif not _can_run(image.tree, found):
            yield f"/{found} is no program ({user} runs it)"
        elif found == BUSYBOX and user == "the launcher" and name not in {"busybox", *tools.APPLETS}:
            yield f"the program {name} is missing ({user} runs it, and busybox has only one of that name)"
    if image.tree.executable(INIT) is None:
        yield f"/{INIT} is missing, or is not executable"
    for link in image.tree.dead_links(*PATH, UDEV):
        yield f"the link /{link} leads to nothing"


def _can_run(tree: Tree, inner: str) -> bool:
    return tree.read(inner, 4) == b"\x7fELF" or scripts.interpreter(tree.read(inner, 256)) is not None


def installed(setup: str, *functions: str) -> tuple[str, ...]:
    """The names that a dracut module gives to these functions, where they are no variables. What dracut does not find
    it leaves out, and says so only in its log."""
    found: list[str] = []
    for line in setup.splitlines():
        if line.strip().startswith(functions) and "$" not in line:
            function, *names = shlex.split(line, comments=True)
            if function in functions:
                found += names
    return tuple(dict.fromkeys(found))


def placed(setup: str) -> tuple[str, ...]:
    """Where a dracut module puts files of its own."""
    return tuple(re.findall(r'^\s*inst_simple "\$moddir/[^"]+" (\S+)$', setup, re.MULTILINE))


def linked(setup: str) -> tuple[str, ...]:
    """Where a dracut module puts links of its own, by names that are no variables."""
    return tuple(re.findall(r'^\s*ln -sfn \S+ "\$initdir(/[^"$]+)"$', setup, re.MULTILINE))


def scripts_of(tree: Tree) -> Iterator[str]:
    """Scripts whose interpreter is not there."""
    for inner in tree.files():
        program = scripts.interpreter(tree.read(inner, 256))
        if program is not None and tree.executable(inner) and not (program and tree.executable(program)):
            yield f"/{inner} is to be run by {program or 'nothing'}, which is missing"


# --- libraries and Python ---------------------------------------------------------------------------------------------


def libraries(tree: Tree) -> Iterator[str]:
    """Libraries that are not there, and files that are cut off."""
    there = Libraries(tree, LOADED_LATER)
    for one in there.missing():
        yield f"the library {' or '.join(one.names)} is missing ({_some(one.users)} needs it)"
    for inner, interpreter in there.interpreters():
        if not tree.executable(interpreter):
            yield f"/{inner} is to be loaded by {interpreter}, which is missing"
    for inner in there.broken():
        yield f"/{inner} is cut off"


def python_home(image: Image) -> Iterator[str]:
    """Whether the Python in the tree finds its modules: beside its own file (Python's getpath), in its own version."""
    found = image.tree.executable("usr/bin/python3")
    if found is None:
        return  # `programs` says so
    place = PurePosixPath(found)
    home = place.parent.parent / "lib" / place.name
    if home != PurePosixPath(image.home):
        yield f"/{found} looks for its modules in /{home}, and they are in /{image.home}"
    elif image.tree.file(home / "os.pyc") is None:
        yield f"the file /{home}/os.pyc is missing (/{found} knows the folder of its modules by it)"


def imports(image: Image) -> Iterator[str]:
    """Imports that find no module."""
    modules = [name for package in python.OUR_PACKAGES for name in python.modules_of(package, image.project)]
    request = {
        "packages": python.OUR_PACKAGES,
        "absent": [*python.ABSENT, *(name for name, file in python.REPLACED.items() if file is None)],
        "wanted": [*modules, *python.LIBRARIES, *python.LAZY],
    }
    words: list[str | Path] = ["python3", "-I", "-S", "-B", python.INSIDE / "imports.py", image.tree.root / image.home]
    report = json.loads(run(words, stdin=json.dumps(request)))
    for name, users in sorted(report["missing"].items()):
        yield f"the Python module {name} is missing" + (f" ({_some(users)} imports it)" if users else "")
    for name in report["foreign"]:
        yield f"the Python module {name} was compiled by another Python, or is cut off"


def _some(users: Iterable[str]) -> str:
    first, *others = users
    return f"{first} and {len(others)} more" if others else first


# --- data, rules, drivers ---------------------------------------------------------------------------------------------


def data_files(project: Path, home: Path) -> tuple[str, ...]:
    """Where the files of our packages that are no modules are in the tree."""
    found = python.data_of(project)
    return tuple((home / inner).as_posix() for inner in found)


def data(image: Image) -> Iterator[str]:
    """Files that the launcher, /init, udev and kmod open."""
    folder = f"usr/lib/modules/{image.kernel.version}"
    for inner in (
        *(place.lstrip("/") for place in placed(image.setup)),
        *(f"{folder}/{name}" for name in INDEXES),
        *data_files(image.project, image.home),
    ):
        if image.tree.file(inner) is None:
            yield f"the file /{inner} is missing"
        elif scripts.interpreter(image.tree.read(inner, 256)) is not None and image.tree.executable(inner) is None:
            yield f"the script /{inner} is not executable"
    for place in linked(image.setup):
        if not os.path.lexists(image.tree.root / place.lstrip("/")):
            yield f"the link {place} is missing"


def _rules(tree: Tree) -> list[str]:
    return [inner for inner in tree.files() if inner.startswith(f"{RULES}/")]


def rules(image: Image) -> Iterator[str]:
    """udev's rules, and the drivers that they load by name."""
    there = {PurePosixPath(inner).name for inner in _rules(image.tree)}
    for name in installed(image.setup, "inst_rules"):
        if name not in there:
            yield f"udev's rules {name} are missing"
    known = {_driver(path) for path in driver_files(image.tree)} | NO_DRIVERS
    for inner in _rules(image.tree):
        for name in scripts.udev_modules(_text(image.tree, inner)):
            if _driver(name) not in known:
                yield f"the driver {name} is missing (/{inner} loads it)"


def driver_files(tree: Tree) -> set[str]:
    """The drivers in the tree, by their path in the kernel's folder and without what says how they are packed."""
    return {found[1] for inner in tree.files() if (found := re.search(r"/modules/[^/]+/(.*)\.ko(\.\w+)?$", inner))}


def drivers(tree: Tree, kernel: Kernel) -> Iterator[str]:
    """Drivers that need another one, which did not go in; and the one that the launcher asks for."""
    index, there = kernel.modules / "modules.dep", driver_files(tree)
    names = {_driver(path) for path in there}
    for line in index.read_text(errors="replace").splitlines() if index.is_file() else ():
        path, _, needs = line.partition(":")
        if _driver(path) == LOOP and LOOP not in names:
            yield f"the driver {LOOP} is missing (the launcher looks at partitions through it)"
        for need in needs.split() if path.split(".ko")[0] in there else ():
            if _driver(need) not in names:
                yield f"the driver {_driver(need)} is missing ({_driver(path)} needs it)"


def unpackers(tree: Tree) -> Iterator[str]:
    """Whether what loads drivers can unpack them: kmod, and its library in udev, may be built without."""
    if not any(inner.endswith(".ko.zst") for inner in tree.files()):
        return
    there = Libraries(tree)
    found = {tree.program("kmod", PATH), *(inner for inner in tree.files() if "/libkmod.so." in inner)}
    for inner in sorted(filter(None, found)):
        asked = there.elf(inner)
        if asked and not any(name.startswith("libzstd.") for names in (asked.needed, *asked.later) for name in names):
            yield f"/{inner} cannot unpack the drivers (it was built without zstd)"


def _driver(path: str) -> str:
    return module_name(PurePosixPath(path).name.split(".ko")[0])


def _text(tree: Tree, inner: str) -> str:
    return tree.read(inner).decode(errors="replace")
