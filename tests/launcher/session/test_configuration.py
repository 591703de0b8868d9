"""``udpcfg.txt`` in the initrd, as an administrator wrote it."""

from __future__ import annotations

from pathlib import Path

from kernel_cmdline import parse
from launcher.session.boot import configurations
from launcher.session.interviewing import Dialogue


def test_no_file_is_no_configuration(tmp_path: Path) -> None:
    assert configurations(tmp_path) == ()


def test_it_answers_what_the_command_line_leaves_open(tmp_path: Path) -> None:
    (tmp_path / "udpcfg.txt").write_bytes(b"\xef\xbb\xbflang=FR\r\nport=9002\r\n")
    dialogue = Dialogue.of(parse("port=9004"), configurations(tmp_path))
    assert {key: (one.text, str(one.source)) for key, one in dialogue.given.items()} == {
        "lang": ("FR", "udpcfg.txt:1"),
        "port": ("9004", "command line"),
    }
    assert list(map(str, dialogue.warnings)) == ["udpcfg.txt:2: port=9002 is not used: the command line has port=9004."]
    assert (dialogue.errors, dialogue.doubt) == ((), False)


def test_a_mistake_in_it_is_one_of_the_dialogue(tmp_path: Path) -> None:
    (tmp_path / "udpcfg.txt").write_text("lang=FR\n\numod=rcv\n")
    dialogue = Dialogue.of(parse("auto=yes"), configurations(tmp_path))
    assert list(map(str, dialogue.errors)) == ["udpcfg.txt:3: umod=rcv: unknown; did you mean umode?"]
    assert dialogue.doubt
