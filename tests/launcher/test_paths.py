"""`launcher/paths.py` is the one place for what lies in the initrd's /run, and the shell scripts agree with it."""

from __future__ import annotations

import re

from launcher import paths
from tests.common import ROOT

DRACUT = ROOT / "initrd" / "dracut" / "90udpcast"


def test_no_other_module_of_the_launcher_names_the_place() -> None:
    quoted = re.compile(r"""["'](/run/udpcast|result\.json|events\.jsonl|coldplugged|stamps)\b|/ ["']crash\b""")
    naming = [path.name for path in (ROOT / "launcher").rglob("*.py") if quoted.search(path.read_text())]
    assert naming == ["paths.py"]


def test_init_writes_where_the_launcher_reads() -> None:
    init = (DRACUT / "init").read_text()
    assert f"\nRUN={paths.RUN}\n" in init
    for path in (paths.STAMPS, paths.COLDPLUGGED, paths.CRASH):
        assert f'"$RUN/{path.name}"' in init
    assert f"ln -sfn {paths.RUN}/resolv.conf " in (DRACUT / "module-setup.sh").read_text()
