"""Drivers that are loaded by name: what is asked of modprobe, and what is said where that does not go."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_cmdline import parse
from launcher.answers.lookup import given_answers
from launcher.answers.reading_boot import Driver, named_drivers, unused_parameters
from launcher.asking import Ran
from launcher.errors import ErrorKind, LauncherError
from launcher.hardware import drivers
from launcher.hardware.drivers import Loaded, load, load_all
from launcher.sentence import say

RELEASE = "6.1.0-56-amd64"
E1000 = "TxDescriptors:Number of transmit descriptors (array of int)\ncopybreak:Maximum size (uint)\n"


class Kernel:
    """A kernel's drivers, and modprobe, modinfo and udevadm over them. `busy`: those that cannot be unloaded; `fails`:
    why a driver cannot be loaded; `again`: so often udev loads a driver again by itself."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.modules = root / "stage2/kernel"
        for file in ("net/intel/e1000/e1000.ko", "net/e1000e.ko.xz", "net/r8169.ko", "ata/ahci.ko", "usb-storage.ko"):
            (self.modules / file).parent.mkdir(parents=True, exist_ok=True)
            (self.modules / file).touch()
        stage1 = root / "usr/lib/modules" / RELEASE
        stage1.mkdir(parents=True)
        (stage1 / "kernel").symlink_to(self.modules)
        self.there = {"e1000", "e1000e", "r8169", "ahci", "usb_storage"}
        self.asked: list[str] = []
        self.loaded: dict[str, tuple[str, ...]] = {}
        self.busy: set[str] = set()
        self.fails: dict[str, str] = {}
        self.again = 0

    def run(self, argv: tuple[str, ...], seconds: float) -> Ran:
        self.asked.append(" ".join(argv))
        status, errors, out = self._run(*argv)
        return Ran(status, errors, argv[0], out)

    def _run(self, program: str, *words: str) -> tuple[int, str, str]:
        if program == "udevadm":
            return 0, "", ""
        options, behind = words[: words.index("--")], words[words.index("--") + 1 :]
        name, *parameters = behind
        if program == "modinfo":
            return 0, "", E1000
        if "-n" in options:
            built_in = f"builtin {name}\n" if name == "8250" else ""
            return (0 if name in {*self.there, "8250", "an_alias"} else 1), "", built_in
        if "-r" in options:
            if name in self.busy:
                return 1, f"modprobe: FATAL: Module {name} is in use.\n", ""
            self._put(name, None)
            if self.again:
                self.again -= 1
                self._put(name, ())
            return 0, "", ""
        if name in self.fails:
            return 1, f"modprobe: ERROR: could not insert '{name}': {self.fails[name]}\n", ""
        if name in self.loaded and "--first-time" in options:
            return 1, f"modprobe: ERROR: could not insert '{name}': Module already in kernel\n", ""
        if name not in self.loaded:
            self._put(name, tuple(parameters))
        return 0, "", ""

    def _put(self, name: str, parameters: tuple[str, ...] | None) -> None:
        state = self.root / "sys/module" / name / "initstate"
        if parameters is None:
            self.loaded.pop(name)
            state.unlink()
        else:
            self.loaded[name] = parameters
            state.parent.mkdir(parents=True, exist_ok=True)
            state.touch()

    def load(self, name: str, *parameters: str) -> Loaded:
        return load(name, parameters, self.root, RELEASE, self.run)


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    return Kernel(tmp_path)


def test_a_driver_is_loaded_by_its_name(kernel: Kernel) -> None:
    assert not any(kernel.load("e1000"))
    assert not any(kernel.load("usb_storage"))
    assert not any(kernel.load("an_alias"))
    assert not any(kernel.load("8250"))
    assert [*kernel.loaded][:2] == ["e1000", "usb_storage"]
    assert kernel.asked[1] == "modprobe -- e1000"


def test_one_that_is_there_is_left_alone(kernel: Kernel) -> None:
    kernel.load("e1000")
    kernel.asked.clear()
    assert not any(kernel.load("e1000")) and kernel.asked == ["modprobe -n -v -- e1000"]


def test_it_is_given_its_parameters_each_as_a_word(kernel: Kernel) -> None:
    assert not any(kernel.load("e1000", "copybreak=300", "TxDescriptors=256,256"))
    assert kernel.loaded == {"e1000": ("copybreak=300", "TxDescriptors=256,256")}
    assert kernel.asked[-1] == "modprobe --first-time -- e1000 copybreak=300 TxDescriptors=256,256"


@pytest.mark.parametrize("again", [0, 1, 2])
def test_one_that_udev_was_faster_with_is_loaded_again(kernel: Kernel, again: int) -> None:
    kernel.load("e1000")
    kernel.again = again
    assert not any(kernel.load("e1000", "copybreak=300"))
    assert kernel.loaded == {"e1000": ("copybreak=300",)}
    assert kernel.asked.index("udevadm settle --timeout=30") < kernel.asked.index("modprobe -r -- e1000")


def test_where_udev_is_always_faster_it_is_said(kernel: Kernel) -> None:
    kernel.load("e1000")
    kernel.again = 9
    assert "e1000 could not be loaded: Module already in kernel" in str(kernel.load("e1000", "copybreak=300").error)


def test_one_that_is_in_use_takes_none(kernel: Kernel) -> None:
    kernel.load("e1000")
    kernel.busy.add("e1000")
    assert str(kernel.load("e1000", "copybreak=300", "TxDescriptors=9").error) == (
        "The driver e1000 is in use, and takes no parameters now. "
        "Write e1000.copybreak=300 e1000.TxDescriptors=9 on the append line instead of modparm."
    )


def test_one_that_is_built_in_takes_none(kernel: Kernel) -> None:
    said = str(kernel.load("8250", "nr_uarts=9").error)
    assert said.startswith("The driver 8250 is built into the kernel. Write 8250.nr_uarts=9 on the append line")


@pytest.mark.parametrize(
    ("name", "near"),
    [("e1000x", "e1000, e1000e"), ("rtl8169", "r8169"), ("usbstorage", "usb_storage"), ("ahcii", "ahci")],
)
def test_an_unknown_one_names_near_ones_and_how_to_leave_it(kernel: Kernel, name: str, near: str) -> None:
    said = str(kernel.load(name).error)
    assert said.startswith(f"There is no driver {name} in this initrd. Near it: ") and near in said
    assert said.endswith("Without a name, or with AUTO, those that this PC needs are loaded.")
    assert kernel.loaded == {}


def test_nothing_is_near_a_name_that_is_like_none(kernel: Kernel) -> None:
    assert "Near it" not in str(kernel.load("zzzzzz").error)


def test_an_unknown_parameter_names_near_ones(kernel: Kernel) -> None:
    said = str(kernel.load("e1000", "copybreak=1", "copybrek=300").error)
    assert said == "The driver e1000 has no parameter copybrek. Near it: copybreak."
    assert "Near it: TxDescriptors, copybreak." in str(kernel.load("e1000", "zz").error)
    assert kernel.loaded == {}


def test_a_device_that_is_not_there_is_no_error(kernel: Kernel) -> None:
    kernel.fails = {"ahci": "No such device", "r8169": "Invalid argument"}
    assert kernel.load("ahci") == Loaded(
        note=say("The driver {name} could not be loaded: {why}.", name="ahci", why="No such device")
    )
    assert str(kernel.load("r8169").error) == "The driver r8169 could not be loaded: Invalid argument."


def test_a_program_that_does_not_run_is_said(kernel: Kernel) -> None:
    def broken(argv: tuple[str, ...], seconds: float) -> Ran:
        raise LauncherError(ErrorKind.PROGRAM_FAILED, say("modprobe has not ended."))

    assert str(load("e1000", (), kernel.root, RELEASE, broken).error) == "modprobe has not ended."


def test_without_the_kernels_drivers_nothing_is_said_here(tmp_path: Path) -> None:
    assert not any(load("e1000", (), tmp_path, RELEASE))


def test_parameters_are_given_once_since_power_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, tuple[str, ...]]] = []

    def loads(name: str, parameters: tuple[str, ...] = ()) -> Loaded:
        asked.append((name, parameters))
        return Loaded(say("No.")) if name == "r8169" else Loaded()

    monkeypatch.setattr(drivers, "load", loads)
    wanted = (Driver("e1000", ("copybreak=300",)), Driver("ahci"), Driver("r8169", ("x=1",)))
    assert [str(one.error) for one in load_all(wanted, tmp_path / "drivers")] == ["", "", "No."]
    assert load_all(wanted, tmp_path / "drivers")
    assert asked == [*wanted, Driver("ahci"), Driver("r8169", ("x=1",))]
    load_all((Driver("e1000", ("copybreak=301",)),), tmp_path / "drivers")
    assert asked[-1] == ("e1000", ("copybreak=301",))


@pytest.mark.parametrize(
    ("line", "named", "unused"),
    [
        ("", (), ()),
        ("netmodule=AUTO diskmodule=auto", (), ()),
        ("netmodule=e1000e", (Driver("e1000e"),), ()),
        ('netmodule="e1000e, r8169"', (Driver("e1000e"), Driver("r8169")), ()),
        ("netmodule=usb-storage.ko", (Driver("usb_storage"),), ()),
        ("diskmodule=ahci netmodule=e1000 modparm=debug=1", (Driver("ahci"), Driver("e1000", ("debug=1",))), ()),
        ("diskmodule=ahci enableDiskmodule=no", (), ()),
        ("diskmodule=ahci enableDiskmodule=yes", (Driver("ahci"),), ()),
        ("diskmodule=ahci modparm=ahci.x=1,y=2", (Driver("ahci", ("x=1",)),), ("y=2",)),
        (
            'netmodule=e1000,r8169 modparm="debug=1,2 r8169.eee=0"',
            (Driver("e1000", ("debug=1,2",)), Driver("r8169", ("debug=1,2", "eee=0"))),
            (),
        ),
        ("netmodule=e1000 modparm=e100.debug=1", (Driver("e1000"),), ("e100.debug=1",)),
        ("modparm=debug=1", (), ("debug=1",)),
        ("netmodule=;reboot diskmodule=$(x)", (), ()),
    ],
)
def test_which_drivers_a_line_names(line: str, named: tuple[Driver, ...], unused: tuple[str, ...]) -> None:
    given = given_answers(parse(line))
    assert (named_drivers(given), unused_parameters(given)) == (named, unused)
