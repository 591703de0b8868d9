"""The command that takes the pictures of the documents: what stands on a picture is the page that it is of."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from initrd import consoles
from launcher.sentence import say
from launcher.translate import set_language, tr
from qemu.classroom.pictures import DISKS, SENDER
from qemu.machine.glyphs import UNREADABLE, read_screen
from tests.common import PAIR, ROOT

pytestmark = pytest.mark.languages


SAID = (
    *(say("What is this PC?"), say("Down: change an answer"), say("More"), say("All settings")),
    *(say("SENDER"), say("its disk is read and sent to all receivers")),
    *(say("RECEIVER"), say("its disk is OVERWRITTEN with the sender's")),
)
"""By the role screen."""


def test_the_picture_of_the_role_screen_is_that_screen(tmp_path: Path) -> None:
    words = [
        "pictures",
        "--lang",
        "fr",
        "--only",
        "role",
        "--pair",
        str(PAIR),
        "-o",
        str(tmp_path),
        "--deadline",
        "300",
    ]
    done = subprocess.run([sys.executable, "-m", "qemu", *words], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    [path] = tmp_path.rglob("*.png")
    assert path == tmp_path / "fr/role.png"
    screen = "\n".join(read_screen(path, consoles.read(consoles.FONTS["font16"])))
    set_language("fr")
    wanted = [*map(tr, SAID), DISKS[SENDER].model, DISKS[SENDER].serial, 'sda3 ntfs "Windows" 178,4 Go']
    assert [text for text in wanted if text not in screen] == [], screen
    assert UNREADABLE not in screen
