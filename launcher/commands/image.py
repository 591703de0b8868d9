"""``launcher image ...``: stored images, for who has a server: store, look into, check, cast, mount."""

from __future__ import annotations

import argparse

from kernel_cmdline import showable
from kernel_cmdline.arguments import MixedParser

from .. import exits
from ..errors import AnswerError, ErrorKind
from ..sentence import say
from . import transfer as headless

DESCRIPTION = (
    "A stored image is the stream of one cast in a file, whose name ends in .zst: what is used of a disk, ready to be "
    "cast again without being packed again. Plain tools read it: `zstd -dc room.img.zst | dd of=/dev/sdX`."
)
_PARAMETERS = "as of `transfer`, but for umode and disk"


def add_image(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command with its own commands."""
    image = commands.add_parser(
        "image",
        help="stored images: store, look into, check, cast, mount",
        description=DESCRIPTION,
        epilog=f"Exit status: {exits.of_command('image')}",
    )
    kinds = image.add_subparsers(
        title="commands", metavar="COMMAND", required=True, help="what to do with an image", parser_class=MixedParser
    )
    stored = _add(kinds, "store", store, "keep a cast in a new file", "Receive a cast, and keep it as it comes.")
    stored.add_argument("parameters", nargs="*", default=[], metavar="NAME=VALUE", help=_PARAMETERS)
    stored.add_argument(
        "--force", action="store_true", help="replace the image that is there, once the new one is whole"
    )
    looked = _add(kinds, "info", info, "what is in an image", "Print what is in an image, without reading all of it.")
    looked.add_argument("--json", action="store_true", help="machine-readable")
    _add(
        kinds,
        "check",
        check,
        "read all of an image",
        "Unpack all of an image, and compare its digest with that of the disk that it was made of.",
    )
    sent = _add(kinds, "cast", cast, "send an image", "Send an image as it is; nothing is packed again.")
    sent.add_argument("parameters", nargs="*", default=[], metavar="NAME=VALUE", help=_PARAMETERS)
    mounted = _add(
        kinds,
        "mount",
        mount,
        "mount a partition of an image, read-only",
        "Mount a partition of an image, read-only, with nbdkit and nbdfuse.",
    )
    mounted.add_argument("directory", metavar="DIRECTORY", help="an empty one")
    which = mounted.add_mutually_exclusive_group()
    which.add_argument(
        "--partition", type=int, metavar="N", help="its number; default: the only one with a file system"
    )
    which.add_argument("--disk", action="store_true", help="no mount, but the whole disk as a file: DIRECTORY/disk.img")
    ended = kinds.add_parser(
        "umount", help="end a mount", description="Unmount an image, and end all that was started for it."
    )
    ended.add_argument("directory", metavar="DIRECTORY", help="where it is mounted")
    ended.set_defaults(run=umount)


def _add(
    kinds: argparse._SubParsersAction[MixedParser], name: str, run: object, summary: str, description: str
) -> argparse.ArgumentParser:
    parser = kinds.add_parser(name, help=summary, description=description)
    parser.add_argument("file", metavar="FILE", help="the image")
    parser.set_defaults(run=run)
    return parser


def store(options: argparse.Namespace) -> int:
    """Keep a cast in a new file."""
    words = ["umode=rcv", f"disk={options.file}", *_other(options.parameters)]
    return headless.transfer(words, headless.Wanted.STORE_ANEW if options.force else headless.Wanted.STORE)


def cast(options: argparse.Namespace) -> int:
    """Send an image."""
    words = ["umode=snd", f"disk={options.file}", *_other(options.parameters)]
    return headless.transfer(words, headless.Wanted.CAST)


def _other(words: list[str]) -> list[str]:
    """The parameters beside those that the command gives itself."""
    for word in words:
        name = word.partition("=")[0]
        if headless.key_of(name) in ("umode", "disk"):
            sentence = say("{word}: {name} is given by the command itself.", word=word, name=name)
            raise AnswerError(ErrorKind.WRONG_VALUE, sentence, say("Leave it out."))
    return words


def info(options: argparse.Namespace) -> int:
    """What is in an image."""
    from ..images import info as images  # noqa: PLC0415 - no other command needs it

    found = images.info(options.file)
    print(images.to_json(found) if options.json else images.to_text(found), end="")
    return 0 if found.trailer else 1


def check(options: argparse.Namespace) -> int:
    """Read all of an image."""
    from ..images.check import check as checked  # noqa: PLC0415 - no other command needs it

    result = checked(options.file)
    print(result.sentence)
    return 0 if result.whole else 1


def mount(options: argparse.Namespace) -> int:
    """Mount a partition of an image."""
    from ..images import mounting  # noqa: PLC0415 - no other command needs it

    print(mounting.mount(options.file, options.directory, options.partition, disk=options.disk))
    return 0


def umount(options: argparse.Namespace) -> int:
    """End a mount."""
    from ..images import mounting  # noqa: PLC0415 - no other command needs it

    mounting.unmount(options.directory)
    print(f"Nothing of an image is left on {showable(options.directory)}.")
    return 0
