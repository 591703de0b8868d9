"""The command `page`: for a tree that somebody else's server serves, the page that its PCs tell their results to.

It listens as the page of a server of ours does, and for each success it does what `tree done` does.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import time
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from kernel_cmdline import showable, showable_lines

from ..display import say
from ..done.arming import ArmError, Chosen, TreeBusy, TreeRoom
from ..done.register import ROLES
from ..done.results import PORT, Report, ResultPage
from ..done.state import StateError
from ..entries.loaders import LOADERS, launcher_words
from ..loop import Loop, told_to_end
from ..server import addresses, firewall
from .options import address, interface, port

STATUSES = (
    "Exit status: 0 ended by Ctrl-C, 1 a wrong value or a refusal (one sentence on standard error), 2 wrong usage."
)


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `page`."""
    parser = commands.add_parser(
        "page",
        help="let the PCs of a tree tell who is done",
        description="Listen for the results that PCs tell, until Ctrl-C, and let each one that reports a success boot "
        "its disk from then on: for the tree in DIR, which somebody else's server serves. It says what the append line "
        "needs for that.",
        epilog=STATUSES,
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="the tree")
    parser.add_argument(
        "--interface", type=interface, required=True, metavar="IF", help="the card on the room's network"
    )
    parser.add_argument(
        "--address", type=address, metavar="IP", help="which address of the card the PCs tell, where it has several"
    )
    parser.add_argument("--port", type=port, default=PORT, metavar="N", help="TCP port (default: %(default)s)")
    parser.set_defaults(run=_page)


def _page(options: argparse.Namespace) -> int:
    tree = TreeRoom(options.directory, wait=0)
    for note in TreeRoom(options.directory).mend():  # before anything else is written there
        say(note)
    server = _server(options)
    with (
        contextlib.suppress(KeyboardInterrupt),
        told_to_end(),
        contextlib.closing(_listen(options, server.ip, tree.token())) as page,
        contextlib.closing(Loop()) as loop,
    ):
        for warning in firewall.warnings(options.interface, server, [("tcp", page.port)]):
            say(f"warning: {warning}")
        for line in told_where(options.directory, page.url):
            say(line)
        keeper = Keeper(tree, say)
        page.hang_on(loop, keeper.keep, keeper.doubt)
        loop.run()
    return 0


def told_where(directory: Path, url: str) -> Iterator[str]:
    """Where the page is, whether the lines of the tree name it, and what they need."""
    yield f"Listening at {url} until Ctrl-C."
    lines, where = tuple(_lines(directory)), showable(str(directory))
    told = sum(f"page_remontee={url}" in words for words in lines)
    if lines and told == len(lines):
        yield f"All lines in {where} that boot the launcher carry this address ({told})."
        return
    if lines:
        yield f"Of the lines in {where} that boot the launcher, {told} of {len(lines)} carry this address."
    else:
        yield f"No line in {where} boots the launcher yet."
    yield "Who boots a line without it is never known to be done. In the room's file (then write the tree again):"
    yield "    [parameters]"
    yield "    remontee_info = true"
    yield f'    page_remontee = "{url}"'
    yield "Or on the append line:"
    yield f"    remontee_info=y page_remontee={url}"


def _lines(directory: Path) -> Iterator[list[str]]:
    """The words of the tree's lines that boot the launcher."""
    folders = sorted({directory / loader.folder for loader in LOADERS})
    there = [path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir())]
    defaults = [directory / loader.default for loader in LOADERS if loader.default.parent != loader.folder]
    shared = {directory / path for loader in LOADERS for path in loader.shared}
    for path in (*defaults, *there):
        with contextlib.suppress(OSError):
            if path not in shared:
                lines = path.read_text(errors="surrogateescape").splitlines()
                yield from filter(None, map(launcher_words, lines))


def _server(options: argparse.Namespace) -> IPv4Interface:
    try:
        there = addresses.on_interface(options.interface)
        return addresses.choose(options.interface, there, options.address, None).address
    except addresses.AddressError as error:
        raise ArmError(str(error)) from error


def _listen(options: argparse.Namespace, address: IPv4Address, token: str) -> ResultPage:
    try:
        return ResultPage(address, options.interface, token, port=options.port, only_there=True)
    except OSError as error:
        what = f"port {options.port} of {options.interface}"
        if error.errno == errno.EADDRINUSE:
            raise ArmError(
                f"{what} is in use by another program on this machine, another `page` perhaps: end that first "
                f"(`ss -ltnp sport = :{options.port}` names the process), or take another port by --port, which then "
                "stands on the lines."
            ) from error
        raise ArmError(f"{what} cannot be used: {error.strerror}.") from error


class Keeper:
    """Keeps reports in the tree, and says so."""

    def __init__(self, tree: TreeRoom, say: Callable[[str], None]) -> None:
        self._tree, self._say = tree, say
        self._said = ""  # the last trouble, which is said once

    def keep(self, reports: Sequence[Report]) -> bool:
        """True when the successes among them are on the disk, or nothing can be done about them."""
        roles = {one.mac: one.role for one in reports if one.ok}
        lines: list[str] = []
        try:
            if roles:
                lines = self._tree.done(Chosen(tuple(roles)), roles)
        except TreeBusy:
            return False
        except StateError as error:
            self._trouble(error)
            return False
        except ArmError as error:
            self._trouble(error)
            lines = list(error.lines)
        lines += [f"{one.mac} reports a failure ({ROLES[one.role]})" for one in reports if not one.ok]
        for line in lines:
            self._say(f"{time.strftime('%H:%M:%S')}  {showable(line)}")
        return True

    def doubt(self, address: str, sentence: str) -> None:
        self._say(f"{time.strftime('%H:%M:%S')}  {address} is not believed, and nobody is done: {sentence}")

    def _trouble(self, error: Exception) -> None:
        if str(error) != self._said:
            self._said = str(error)
            self._say(f"warning: {showable_lines(self._said)}")
