"""Where the launcher's files are inside the initrd, and below a server's /run; the one place for these paths.

/init (initrd/dracut/90udpcast/) makes `RUN`, and two of these files, before the launcher runs.
"""

from __future__ import annotations

from pathlib import Path

RUN = Path("/run/udpcast")
STAMPS = RUN / "stamps"  # when /init reached what, before the event log could be written
COLDPLUGGED = RUN / "coldplugged"  # made when every device present at boot is known
EVENTS = RUN / "events.jsonl"
CRASH = RUN / "crash"  # the sentence and the traceback of a launcher that crashed, for /init to show
MEDIUM = RUN / "udpcfg.txt"  # what was read of the boot medium, which may be pulled out then
CONSOLE = RUN / "console"  # which console drives since its operator took over, for /init
SHELLS = RUN / "shells"  # whether /init may start a shell, yes or no; not before the launcher knows
WORDS = RUN / "words"  # what /init says, in the operator's language, where that is not English
DRIVERS = RUN / "drivers"  # those that were loaded with parameters, one a line with these
RESULT = RUN / "result.json"  # of the last transfer since this PC started
IMAGES = Path("/run/udpcast-launcher/images")  # stored images that are mounted, on any PC


def reported() -> Path:
    """What `STAMPS` becomes once the event log has them."""
    return STAMPS.with_suffix(".reported")


def in_initrd() -> bool:
    """Whether our /init runs here: nobody else writes stamps."""
    return STAMPS.exists() or reported().exists()
