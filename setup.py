"""What pyproject.toml cannot say of the wheel: what is made when it is built. Nothing is written into the checkout."""

from __future__ import annotations

import atexit
import shutil
import sys
import tempfile
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))
sys.dont_write_bytecode = True


class Build(build_py):
    """Copies the modules, compiles the translations, and makes manual pages and completion from the parsers."""

    def run(self) -> None:
        super().run()
        import catalogues  # noqa: PLC0415
        from cli import completion, manual  # noqa: PLC0415

        lang = Path(self.build_lib, "udpcast_launcher/lib/launcher/lang")
        catalogues.compile_all(lang)
        for source in lang.glob("*.po"):
            source.unlink()
        made = Path(self.get_finalized_command("build").build_base, "made")
        manual.main(made / "man")
        (made / manual.PROG).write_text(completion.script())
        self.distribution.data_files = [
            (f"share/man/man{manual.SECTION}", [str(path) for path in sorted((made / "man").iterdir())]),
            ("share/bash-completion/completions", [str(made / manual.PROG)]),
        ]


scratch = tempfile.mkdtemp(prefix="udpcast-launcher-wheel-")
atexit.register(shutil.rmtree, scratch, ignore_errors=True)
setup(
    cmdclass={"build_py": Build},
    options={"build": {"build_base": scratch}, "egg_info": {"egg_base": scratch}},
)
