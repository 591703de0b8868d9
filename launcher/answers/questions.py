"""The questions: one row per key, in the order in which they are settled.

Every answer is a text, whether it came from the command line or from a key press, and goes through the same
`parse`. A row says how to read the text, what can be chosen, what is the only possible answer on this machine,
and what is taken when nobody says anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from kernel_cmdline import CommandLineError
from kernel_cmdline.network import IpConfig, parse_address, parse_ip, parse_netmask

from ..errors import AnswerError
from ..model.machine import Machine, Nic
from ..model.plan import SILENCE as SILENCE_SECONDS
from ..model.plan import START_TIMEOUT as START_SECONDS
from ..model.plan import After, Compression, Next, Options, Role, Target
from ..model.wording import contents_line, disk_line, nic_line
from ..sentence import Sentence
from ..udpcast.options import LONGEST_START, check_udpcparam, split_udpcparam
from .selectors import select_nic, select_target

T = TypeVar("T")


@dataclass(frozen=True)
class Facts:
    """What a question may look at: the machine, the role once it is settled, and whether DHCP is wanted."""

    machine: Machine
    role: Role | None = None
    dhcp: bool = True


@dataclass(frozen=True)
class Choice:
    """One line of a screen: `text` is the answer it stands for, `detail` is shown below the label."""

    text: str
    label: Sentence | str
    detail: Sentence | str = ""


def _nothing(facts: Facts) -> None:
    return None


def _asked(facts: Facts) -> bool:
    return True


def _settled_by_default(facts: Facts) -> bool:
    return False


def _no_choices(facts: Facts) -> tuple[Choice, ...]:
    return ()


@dataclass(frozen=True)
class Question(Generic[T]):
    """One row. Without `choices` the answer is typed. `only` and `default` give a text, or None.

    `asked`: whether ``auto=no`` asks it also where nothing was given. A setting whose default fits every room is put on
    a screen only where a value was given: seven more screens before each clone are seven more keys to press blindly.
    """

    key: str
    title: str
    parse: Callable[[str, Facts], T]
    choices: Callable[[Facts], tuple[Choice, ...]] = _no_choices
    only: Callable[[Facts], tuple[str, str] | None] = _nothing  # the text, and why it is the only one
    default: Callable[[Facts], str | None] = _nothing
    asked: Callable[[Facts], bool] = _asked


def _word(key: str, words: dict[str, T]) -> Callable[[str, Facts], T]:
    """A parser for one word out of a closed list, without regard to case."""

    def parse(text: str, facts: Facts) -> T:
        try:
            return words[text.strip().lower()]
        except KeyError:
            expected = ", ".join(words)
            raise AnswerError(f"{key}={text} is not known.", f"Expected one of: {expected}.") from None

    return parse


def _number(key: str, unit: str, low: int, high: int) -> Callable[[str, Facts], int]:
    """A parser for a decimal number from `low` to `high`."""

    def parse(text: str, facts: Facts) -> int:
        if not re.fullmatch("[0-9]{1,9}", text.strip()) or not low <= int(text) <= high:
            raise AnswerError(f"{key}={text} is no {unit} from {low} to {high}.")
        return int(text)

    return parse


def _choose(*choices: Choice) -> Callable[[Facts], tuple[Choice, ...]]:
    return lambda facts: choices


def _always(text: str) -> Callable[[Facts], str | None]:
    return lambda facts: text


YES_NO = {"yes": True, "no": False}
ROLE_WORDS = {
    "snd": Role.SEND,
    "rcv": Role.RECEIVE,
    "send": Role.SEND,
    "receive": Role.RECEIVE,
    "sender": Role.SEND,
    "receiver": Role.RECEIVE,
}

parse_auto = _word("auto", YES_NO)

ROLE = Question(
    "umode",
    "What is this PC?",
    _word("umode", ROLE_WORDS),
    _choose(
        Choice("snd", "SENDER", "its disk is read and sent to all receivers"),
        Choice("rcv", "RECEIVER", "its disk is OVERWRITTEN with the sender's"),
    ),
)


def _parse_disk(text: str, facts: Facts) -> Target:
    return select_target(text, facts.machine, for_writing=facts.role is Role.RECEIVE)


def _disk_choices(facts: Facts) -> tuple[Choice, ...]:
    usable = [disk for disk in facts.machine.eligible_disks if facts.role is not Role.RECEIVE or not disk.read_only]
    return tuple(Choice(disk.path, disk_line(disk), contents_line(disk)) for disk in usable)


def _only_disk(facts: Facts) -> tuple[str, str] | None:
    choices = _disk_choices(facts)
    return (choices[0].text, "the only disk") if len(choices) == 1 else None


DISK = Question("disk", "Which disk?", _parse_disk, _disk_choices, _only_disk)


def _parse_nic(text: str, facts: Facts) -> Nic:
    return select_nic(text, facts.machine)


def _nic_choices(facts: Facts) -> tuple[Choice, ...]:
    return tuple(Choice(nic.name, nic_line(nic), ", ".join(nic.addresses)) for nic in facts.machine.nics)


def _only_nic(facts: Facts) -> tuple[str, str] | None:
    nics = facts.machine.nics
    linked = [nic for nic in nics if nic.link]
    if len(nics) == 1:
        return nics[0].name, "the only card"
    return (linked[0].name, "the only card with a link") if len(linked) == 1 else None


NIC = Question("nic", "Which network card?", _parse_nic, _nic_choices, _only_nic)

DHCP = Question(
    "dhcp",
    "Ask a DHCP server for an address?",
    _word("dhcp", YES_NO),
    _choose(Choice("yes", "yes"), Choice("no", "no", "the address is typed in")),
    default=_always("yes"),
)


def _parse_address(text: str, facts: Facts) -> IpConfig:
    try:
        config = parse_ip(text)
    except CommandLineError as error:
        raise AnswerError(str(error)) from None
    if config.client and ":" in config.client:
        raise AnswerError(f"ip={text} is an IPv6 address; UDPCast needs IPv4.", "Give an address such as 10.0.0.7.")
    if not config.client and not facts.dhcp:
        raise AnswerError(f"dhcp=no, but ip={text} is no address.", "Give an address such as 10.0.0.7.")
    return config


IP = Question(
    "ip",
    "The IP address of this PC (or: dhcp)",
    _parse_address,
    default=lambda facts: "dhcp" if facts.dhcp else None,
)


def _parse_netmask(text: str, facts: Facts) -> int:
    """The prefix length of a mask in dots, or of a plain number of bits."""
    try:
        prefix = parse_netmask(text, "netmask", "netmask")
    except CommandLineError as error:
        raise AnswerError(str(error)) from None
    if not prefix:
        raise AnswerError(f"netmask={text} covers every address.", "Expected a mask such as 255.255.255.0 or 24.")
    return prefix


NETMASK = Question("netmask", "The network mask", _parse_netmask)


def _parse_gateway(text: str, facts: Facts) -> str | None:
    if text.strip() in ("", "none"):
        return None
    try:
        gateway = parse_address(text, "gateway", "gateway")
        if ":" in gateway:
            raise AnswerError(f"gateway={text} is an IPv6 address; UDPCast needs IPv4.", "Or: none.")
        return gateway
    except CommandLineError as error:
        raise AnswerError(str(error), "Or: none.") from None


GATEWAY = Question("gateway", "The gateway (or: none)", _parse_gateway, default=_always("none"))


def _parse_port(text: str, facts: Facts) -> int:
    expected = "Expected an even number from 1024 to 65534; UDPCast uses it and the next one."
    if not text.isdecimal() or len(text) > 6:
        raise AnswerError(f"port={text} is no port number.", expected)
    port = int(text)
    if port % 2:
        near = min(max(port - 1, 1024), 65534)
        raise AnswerError(f"port={text} is odd.", f"{expected} Use {near}, the same on every PC.")
    if not 1024 <= port <= 65534:
        raise AnswerError(f"port={text} is out of range.", expected)
    return port


PORT = Question("port", "The port base (even)", _parse_port, default=_always("9000"))


def _parse_compression(text: str, facts: Facts) -> Compression | None:
    if text.strip().lower() == "recognise":
        if facts.role is Role.SEND:
            raise AnswerError("compr=recognise is for receivers only.", "Expected one of: none, gzip, lzop, zstd.")
        return None
    return _word("compr", {kind.value: kind for kind in Compression})(text, facts)


def _compression_choices(facts: Facts) -> tuple[Choice, ...]:
    kinds = tuple(Choice(kind.value, kind.value) for kind in reversed(Compression))
    return kinds if facts.role is Role.SEND else (Choice("recognise", "recognise the stream"), *kinds)


COMPRESSION = Question(
    "compr",
    "How is the stream compressed?",
    _parse_compression,
    _compression_choices,
    default=lambda facts: "recognise" if facts.role is Role.RECEIVE else "zstd",
)


def _parse_udpcparam(text: str, facts: Facts) -> tuple[Options, tuple[str, ...]]:
    """The options for the role, and warnings about those that are left out."""
    return check_udpcparam(split_udpcparam(text), facts.role)


UDPCPARAM = Question("udpcparam", "Further options of UDPCast", _parse_udpcparam, default=_always(""))

VERIFY = Question(
    "verify",
    "Read the disk back and compare after writing?",
    _word("verify", YES_NO),
    _choose(
        Choice("yes", "yes", "takes one more read of the disk"),
        Choice("no", "no", "the result says that nothing was read back"),
    ),
    default=_always("yes"),
    asked=lambda facts: facts.role is Role.RECEIVE,
)

SILENCE = Question(
    "silence",
    "Seconds of silence until the other side is given up",
    _number("silence", "number of seconds", 5, 3600),
    default=_always(str(SILENCE_SECONDS)),
    asked=_settled_by_default,
)

START_TIMEOUT = Question(
    "start_timeout",
    "Seconds within which data must flow",
    _number("start_timeout", "number of seconds", 1, LONGEST_START),
    default=_always(str(START_SECONDS)),
    asked=_settled_by_default,
)

RETRY = Question(
    "retry",
    "Further casts to wait for after a failure",
    _number("retry", "number of casts", 0, 99),
    default=_always("0"),
    asked=_settled_by_default,
)

AUTO_REBOOT = Question(
    "auto_reboot",
    "Restart this PC after the transfer?",
    _word(
        "auto_reboot",
        {"always": After(Next.REBOOT, Next.REBOOT), "success": After(Next.REBOOT, Next.MENU), "never": After()},
    ),
    _choose(
        Choice("never", "never"),
        Choice("success", "success", "only when the clone is done"),
        Choice("always", "always", "also after a failure"),
    ),
    default=_always("never"),
)


def _parse_after(text: str, facts: Facts) -> After:
    """One word for every result, or two: on success, on failure."""
    known = {word.value: word for word in Next}
    words = [word.strip().lower() for word in text.split(",")]
    if len(words) > 2 or not set(words) <= set(known):
        expected = "reboot, poweroff, shell or menu, or two of them (on success, on failure): after=reboot,menu"
        raise AnswerError(f"after={text} is not known.", f"Expected {expected}.")
    return After(known[words[0]], known[words[-1]])


AFTER = Question(
    "after",
    "What follows the transfer?",
    _parse_after,
    _choose(
        Choice("menu", "the result stays", "until somebody comes"),
        Choice("reboot,menu", "restart after a success", "a failure stays on the screen"),
        Choice("reboot", "restart", "also after a failure"),
        Choice("poweroff,menu", "power off after a success", "a failure stays on the screen"),
        Choice("poweroff", "power off", "also after a failure"),
    ),
    default=_always("menu"),
)

REPORT = Question(
    "remontee_info",
    "Tell a web page the result?",
    _word("remontee_info", {"y": True, "yes": True, "n": False, "no": False}),
    _choose(Choice("n", "no"), Choice("y", "yes")),
    default=_always("n"),
    asked=_settled_by_default,
)


def _parse_page(text: str, facts: Facts) -> str:
    from ..network.result_page import split_url  # noqa: PLC0415 - hardly ever given, and importing delays the first screen

    split_url(text)
    return text


REPORT_PAGE = Question("page_remontee", "The page that is told the result", _parse_page)


def _parse_operation(text: str, facts: Facts) -> str | None:
    if not re.fullmatch("[0-9]{0,18}", text.strip()):
        raise AnswerError(f"num_op={text} is no number of at most 18 digits.")
    return text.strip() or None


OPERATION = Question(
    "num_op",
    "The number of the operation, for that page",
    _parse_operation,
    default=_always(""),
    asked=_settled_by_default,
)

LANGUAGES = ("en", "fr", "de")


def _parse_language(text: str, facts: Facts) -> str:
    """``FR`` or ``fr_FR.UTF-8`` as ``fr``. A language without a catalogue is shown in English."""
    code = text.strip().lower().replace("-", "_").partition("_")[0].partition(".")[0]
    if code in ("c", "posix", "us", "gb"):
        code = "en"
    if not re.fullmatch("[a-z]{2,3}", code):
        raise AnswerError(f"lang={text} is not known.", f"Expected one of: {', '.join(LANGUAGES).upper()}.")
    return code if code in LANGUAGES else "en"


LANGUAGE = Question(
    "lang",
    "Language",
    _parse_language,
    _choose(Choice("en", "English"), Choice("fr", "français"), Choice("de", "Deutsch")),
    default=_always("en"),
)

ALL: tuple[Question[object], ...] = tuple(
    question  # type: ignore[misc]
    for question in (
        *(LANGUAGE, ROLE, DISK, NIC, DHCP, IP, NETMASK, GATEWAY, PORT, COMPRESSION, UDPCPARAM),
        *(VERIFY, SILENCE, START_TIMEOUT, RETRY, AFTER, AUTO_REBOOT, REPORT, REPORT_PAGE, OPERATION),
    )
)
