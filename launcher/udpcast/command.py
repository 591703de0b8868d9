"""What is known of udpcast, without running it: argument vectors of a plan, and what its messages say.

Rules, in one place:

* The card's full name is always given, since ``--interface`` takes prefixes and prefers eth0.
* A receiver never reads the keyboard (``--nokbd``): its standard input is no terminal.
* A sender that nothing would start, starts either by a key on its terminal (attended, and no ``--nokbd``), or
  `TIMES.unattended` seconds after its first receiver. Under ``--nokbd`` alone udpcast would wait for ever.
* A sender repeats its greeting (`TIMES.greet_every`): a receiver's single request may get lost.
* A receiver that does not answer for `Plan.silence` seconds is dropped; udpcast's own default takes minutes. After its
  tenth question udp-sender asks once a second: measured 11.2 to 11.9 s for 20 retries, 33.6 to 34.1 s for 42.
* Neither side waits for ever for a cast to begin (`Plan.start_timeout`).
* `udpcparam` comes last and wins over these defaults.
* zstd and gzip are unpacked by a program of ours (`datapath.unpack`), which takes what continues a stream, and fails at
  anything else: pigz ignores whatever follows the end of one, and says nothing (measured). lzop ignores nothing but
  zeros.

Sources: udpcast 20120424 (Debian's 20120424-2), its manual pages, and measurements between network namespaces.
"""

from __future__ import annotations

from ..model.plan import Compression, Options, Plan, Role
from ..model.times import TIMES
from ..sentence import Sentence, say, say_many

QUICK_RETRIES = 8  # of udp-sender's retries take next to no time: a count by which seconds become retries, no time

_COMPRESSORS = {
    Compression.NONE: (),
    Compression.GZIP: ("pigz", "-1", "-c"),
    Compression.LZOP: ("lzop", "-1", "-c"),
    Compression.ZSTD: (),  # libzstd, in the launcher
}
_DECOMPRESSORS = {
    Compression.NONE: (),
    Compression.GZIP: (),
    Compression.LZOP: ("lzop", "-dc"),
    Compression.ZSTD: (),
}


def compressor(compression: Compression) -> tuple[str, ...]:
    """The command that compresses from standard input to standard output; empty where no process is needed."""
    return _COMPRESSORS[compression]


def decompressor(compression: Compression) -> tuple[str, ...]:
    """The command that restores what `compressor` made, or what a plain sender's compressor made; empty for none, and
    for what our own worker unpacks."""
    return _DECOMPRESSORS[compression]


def argv(plan: Plan) -> tuple[tuple[str, ...], ...]:
    """The processes of `plan` in the order in which the data flows through them.

    The disk is read and written by the launcher itself, which stands before the first (sender) or behind the last
    process (receiver), and between udp-receiver and the decompressor. For a receiver whose compression is None only
    udp-receiver is shown: the stream tells which decompressor follows.
    """
    if plan.role is Role.SEND:
        squeeze = compressor(plan.compression or Compression.ZSTD)
        return (*((squeeze,) if squeeze else ()), _sender(plan))
    restore = decompressor(plan.compression) if plan.compression else ()
    return (_receiver(plan), *((restore,) if restore else ()))


def _sender(plan: Plan) -> tuple[str, ...]:
    words = [*_common("udp-sender", plan)]
    options = plan.options
    for name, given, value in (
        ("retries-until-drop", options.retries_until_drop, plan.silence + QUICK_RETRIES),
        ("rexmit-hello-interval", options.rexmit_hello_interval, round(TIMES.greet_every * 1000)),
    ):
        if given is None:
            words += [f"--{name}", str(value)]
    words += ["--start-timeout", str(plan.start_timeout)]
    default = () if starts_by_itself(options) or starts_by_key(plan) else ("--min-wait", str(TIMES.unattended))
    return (*words, *options.words, *default)  # the last one wins, also over a --min-wait=0


def _receiver(plan: Plan) -> tuple[str, ...]:
    words = [*_common("udp-receiver", plan)]
    if not plan.options.nokbd:
        words.append("--nokbd")
    words += ["--start-timeout", str(plan.start_timeout)]
    return (*words, *plan.options.words)


def _common(program: str, plan: Plan) -> tuple[str, ...]:
    return (program, "--interface", plan.nic.name, "--portbase", str(plan.port))


def starts_by_itself(options: Options) -> bool:
    """Whether one of `options` starts a cast; 0 means "not set" to udpcast."""
    return any((options.min_receivers, options.min_wait, options.max_wait, options.autostart))


def starts_by_key(plan: Plan) -> bool:
    """Whether only the operator's key starts the cast of this sender."""
    if plan.role is not Role.SEND or starts_by_itself(plan.options):
        return False
    return plan.attended and not plan.options.nokbd


def start_condition(plan: Plan) -> Sentence:
    """One sentence that says when the cast starts."""
    options = plan.options
    if plan.role is Role.RECEIVE:
        return say("The cast starts when the sender starts it.")
    if starts_by_key(plan):
        return say("The cast starts when you press the key, once the receivers have connected.")
    if not starts_by_itself(options):
        return say_many(
            "The cast starts {count} second after the first receiver has connected.",
            "The cast starts {count} seconds after the first receiver has connected.",
            TIMES.unattended,
        )
    if options.autostart and not (options.min_receivers or options.min_wait or options.max_wait):
        return say_many(
            "The cast starts after {count} greeting, whoever has connected by then.",
            "The cast starts after {count} greetings, whoever has connected by then.",
            options.autostart,
        )
    return say("The cast starts {when}.", when=_when(options))


def _when(options: Options) -> tuple[Sentence, ...]:
    count, least, most = options.min_receivers, options.min_wait, options.max_wait
    words = []
    if count:
        words.append(
            say_many("as soon as {count} receiver has connected", "as soon as {count} receivers have connected", count)
        )
    if least and count:
        words.append(
            say_many(
                "but not before {count} second has passed since the first one",
                "but not before {count} seconds have passed since the first one",
                least,
            )
        )
    elif least:
        words.append(
            say_many(
                "when {count} second has passed since the first one",
                "when {count} seconds have passed since the first one",
                least,
            )
        )
    if not words:
        return (say("about 2 seconds after the first receiver has connected"),)
    if most and count:
        words.append(
            say_many(
                "at the latest {count} second after the first one",
                "at the latest {count} seconds after the first one",
                most,
            )
        )
    return tuple(words)
