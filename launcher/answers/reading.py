"""How the values of parameters are read: from a text to a value, with what can be chosen and what is taken otherwise.

Every answer is a text, whether it came from the command line or from a key press, and goes through the same function.
The rows of `parameters.ROWS` name these functions; a function of one parameter only names it in its sentences.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from kernel_cmdline import CommandLineError, Message
from kernel_cmdline.network import IpConfig, parse_address, parse_bootif, parse_ip, parse_netmask, parse_sysuuid

from ..errors import AnswerError, ErrorKind
from ..model.addresses import unusable, usual_prefix
from ..model.machine import Nic
from ..model.plan import After, Compression, Next, Role, Target
from ..model.wording import contents_line, disk_line, nic_line
from ..sentence import NOTHING, Sentence, joined, say, verbatim
from ..udpcast.options import Checked, check_udpcparam, split_udpcparam
from .questions import Answer, Choice, Choices, Facts, Given, Parse
from .selectors import DeviceMissing, select_nic, select_target, whole

YES_NO = {"yes": True, "no": False}
CONSENT = {"given": False, "ask": True}
SWITCH = {"1": True, "yes": True, "on": True, "0": False, "no": False, "off": False}
"""As dracut reads ``rd.bootif`` (its getargbool)."""
ROLES = {
    "snd": Role.SEND,
    "rcv": Role.RECEIVE,
    "send": Role.SEND,
    "receive": Role.RECEIVE,
    "sender": Role.SEND,
    "receiver": Role.RECEIVE,
}
RESTARTS = {"always": After(Next.REBOOT, Next.REBOOT), "success": After(Next.REBOOT, Next.MENU), "never": After()}
LANGUAGES = {
    "en": "English",
    "fr": "français",
    "de": "Deutsch",
    "es": "español",
    "it": "italiano",
    "pt": "português",
    "nl": "Nederlands",
    "da": "dansk",
    "lb": "Lëtzebuergesch",
}
"""By the code of their catalogue in `launcher/lang/`, under their own names."""

OTHER_CODES = {
    **dict.fromkeys("us gb c posix eng english".split(), "en"),
    **dict.fromkeys("fra fre french français francais".split(), "fr"),
    **dict.fromkeys("deu ger german deutsch".split(), "de"),
    **dict.fromkeys("spa spanish".split(), "es"),
    **dict.fromkeys("ita italian".split(), "it"),
    **dict.fromkeys("por portuguese".split(), "pt"),
    **dict.fromkeys("nld dut dutch".split(), "nl"),
    **dict.fromkeys("dan danish dansk dk".split(), "da"),
    **dict.fromkeys("ltz luxembourgish lu".split(), "lb"),
}
"""What else may stand for a language: UDPCast's US, the codes of ISO 639-2, the C locale, the names in glibc's
locale.alias, and codes of countries that are no language's."""


def wrong(sentence: Sentence, hint: Sentence = NOTHING) -> AnswerError:
    """The error of a text that is no value."""
    return AnswerError(ErrorKind.WRONG_VALUE, sentence, hint)


def sentence_of(message: Message) -> Sentence:
    """What `kernel_cmdline` says, as a sentence of ours."""
    fields = ((name, sentence_of(one) if isinstance(one, Message) else one) for name, one in message.fields)
    return Sentence(message.template, tuple(fields), message.many)


# --- for any parameter ------------------------------------------------------------------------------------------------


def word(key: str, words: Mapping[str, object]) -> Parse:
    """One word out of a closed list, without regard to case."""

    def parse(text: str, facts: Facts) -> object:
        try:
            return words[text.strip().lower()]
        except KeyError:
            sentence = say("{key}={text} is not known.", key=key, text=text)
            raise wrong(sentence, say("Expected one of: {words}.", words=tuple(words))) from None

    return parse


def seconds(key: str, low: int, high: int) -> Parse:
    """A number of seconds from `low` to `high`."""
    return _number(
        low,
        high,
        lambda text: say(
            "{key}={text} is no number of seconds from {low} to {high}.", key=key, text=text, low=low, high=high
        ),
    )


def casts(key: str, low: int, high: int) -> Parse:
    """A number of casts from `low` to `high`."""
    return _number(
        low,
        high,
        lambda text: say(
            "{key}={text} is no number of casts from {low} to {high}.", key=key, text=text, low=low, high=high
        ),
    )


def _number(low: int, high: int, sentence: Callable[[str], Sentence]) -> Parse:
    def parse(text: str, facts: Facts) -> int:
        if not re.fullmatch("[0-9]{1,9}", text.strip()) or not low <= int(text.strip()) <= high:
            raise wrong(sentence(text))
        return int(text.strip())

    return parse


def choose(*choices: Choice) -> Choices:
    return lambda facts: choices


def otherwise(text: str) -> Callable[[Facts], str | None]:
    """A default that is the same for everybody."""
    return lambda facts: text


# --- role, disk, card -------------------------------------------------------------------------------------------------


def read_disk(text: str, facts: Facts) -> Target:
    return select_target(text, facts.machine, for_writing=facts.role is Role.RECEIVE)


def disks(facts: Facts) -> tuple[Choice, ...]:
    usable = [disk for disk in facts.machine.eligible_disks if facts.role is not Role.RECEIVE or not disk.read_only]
    return tuple(Choice(disk.path, disk_line(disk), contents_line(disk)) for disk in usable)


def only_disk(facts: Facts) -> Answer | None:
    choices = disks(facts)
    return Answer(choices[0].text, say("the only disk"), unique=True) if len(choices) == 1 else None


def read_path(text: str, facts: Facts) -> Target:
    """The disk or file whose path is `text`, as it is."""
    disk = next((disk for disk in facts.machine.disks if disk.path == text), None)
    if disk is None:
        raise DeviceMissing(ErrorKind.DEVICE_MISSING, say("disk={text} is not on this PC.", text=text))
    return whole(disk)


def no_path(facts: Facts) -> Sentence:
    return say("Give the path of a disk or an image file.")


def read_nic(text: str, facts: Facts) -> Nic:
    bootif = facts.given.get("bootif")
    if text.strip().upper() == "BOOTIF" and bootif:
        sentence = say("nic=BOOTIF, but no card is named by BOOTIF={text}.", text=bootif.text)
        raise wrong(sentence, say("Expected a MAC address, as in 01-52-54-00-12-34-56."))
    return select_nic(text, facts.machine)


def nics(facts: Facts) -> tuple[Choice, ...]:
    return tuple(Choice(nic.name, nic_line(nic), joined(", ", *nic.addresses)) for nic in facts.machine.nics)


def only_nic(facts: Facts) -> Answer | None:
    there = facts.machine.nics
    linked = [nic for nic in there if nic.link]
    if len(there) == 1:
        return Answer(there[0].name, say("the only card"), unique=True)
    return Answer(linked[0].name, say("the only card with a link"), unique=True) if len(linked) == 1 else None


def read_nic_in_use(text: str, facts: Facts) -> Nic:
    """A card that has its address already."""
    nic = select_nic(text, facts.machine)
    if not nic.addresses:
        raise AnswerError(
            ErrorKind.NO_ADDRESS,
            say("{nic} has no IPv4 address.", nic=nic.name),
            say("Give it one: ip address add 10.0.0.7/24 broadcast + dev {nic}.", nic=nic.name),
        )
    address = nic.addresses[0]
    if address in nic.without_broadcast:
        raise AnswerError(
            ErrorKind.NO_ADDRESS,
            say(
                "{nic} has {address} without a broadcast address: no PC would be found.", nic=nic.name, address=address
            ),
            say(
                "Set it again: ip address del {address} dev {nic}; ip address add {address} broadcast + dev {nic}.",
                nic=nic.name,
                address=address,
            ),
        )
    return nic


def only_nic_in_use(facts: Facts) -> Answer | None:
    names = _nics_in_use(facts)
    return Answer(names[0], say("the only card"), unique=True) if len(names) == 1 else None


def no_nic_in_use(facts: Facts) -> Sentence:
    there = _nics_in_use(facts) or say("none")
    return say("Give one of the network cards with an IPv4 address: {there}.", there=there)


def _nics_in_use(facts: Facts) -> tuple[str, ...]:
    return tuple(nic.name for nic in facts.machine.nics if nic.addresses)


def read_bootif(text: str, facts: Facts) -> str | None:
    """The MAC address of the card that PXE-booted; None where the boot loader did not know it (``01-``)."""
    try:
        return parse_bootif(text)
    except CommandLineError:
        return None


def read_bootif_switch(text: str, facts: Facts) -> bool:
    """Whether BOOTIF may choose the card."""
    if text.strip().lower() not in SWITCH:
        raise wrong(say("{key}={text} is not known.", key="rd.bootif", text=text), say("Expected 0 or 1."))
    return SWITCH[text.strip().lower()]


def read_sysuuid(text: str, facts: Facts) -> str:
    try:
        return parse_sysuuid(text)
    except CommandLineError as error:
        raise wrong(sentence_of(error.message)) from None


def read_label(text: str, facts: Facts) -> str:
    """The volume label of a medium: what `iso` writes, or what somebody chose himself."""
    if re.fullmatch(r"[A-Za-z0-9_.-]{1,32}", text):
        return text
    raise wrong(say('medium={text}: letters, digits, "_", "-" and "." were expected, at most 32.', text=text))


# --- address ----------------------------------------------------------------------------------------------------------


def uses_dhcp(facts: Facts) -> bool:
    """Whether a DHCP server may be asked: not where the line forbids it, but an operator may know better."""
    given = facts.given.get("dhcp")
    return facts.told or given is None or YES_NO.get(given.text.strip().lower()) is not False


def read_address(text: str, facts: Facts) -> IpConfig:
    """``ip=``; one with an address is taken, one without means DHCP, which ``dhcp=no`` forbids."""
    try:
        config = parse_ip(text)
    except CommandLineError as error:
        raise wrong(sentence_of(error.message)) from None
    example = say("Give an address such as 10.0.0.7.")
    if config.client and ":" in config.client:
        raise wrong(say("ip={text} is an IPv6 address; UDPCast needs IPv4.", text=text), example)
    if not config.client and not uses_dhcp(facts):
        raise wrong(say("dhcp=no, but ip={text} is no address.", text=text), example)
    why = unusable(config.client, config.prefix) if config.client else None
    if why:
        raise wrong(say("ip={text} cannot be the address of a PC: {why}.", text=text, why=why), example)
    return config


def address_by_dhcp(facts: Facts) -> str | None:
    return "dhcp" if uses_dhcp(facts) else None


def usual_mask(facts: Facts) -> str | None:
    """The mask where a boot loader told none, as Linux takes it; who typed a bare address is asked."""
    config = facts.of("ip", IpConfig)
    if config is None or not config.client or config.form == "bare":
        return None
    return str(usual_prefix(config.client, config.server, config.gateway))


def read_netmask(text: str, facts: Facts) -> int:
    """The prefix length of a mask in dots, or of a plain number of bits."""
    try:
        prefix = parse_netmask(text, "netmask", "netmask")
    except CommandLineError as error:
        raise wrong(sentence_of(error.message)) from None
    if not prefix:
        hint = say("Expected a mask such as 255.255.255.0 or 24.")
        raise wrong(say("netmask={text} covers every address.", text=text), hint)
    config = facts.of("ip", IpConfig)
    why = unusable(config.client, prefix) if config and config.client else None
    if config and why:
        of = f"{config.client}/{prefix}"
        raise wrong(say("ip={text} cannot be the address of a PC: {why}.", text=of, why=why))
    return prefix


def read_gateway(text: str, facts: Facts) -> str | None:
    if text.strip() in ("", "none"):
        return None
    try:
        gateway = parse_address(text, "gateway", "gateway")
    except CommandLineError as error:
        raise wrong(sentence_of(error.message), say("Or: none.")) from None
    if ":" in gateway:
        raise wrong(say("gateway={text} is an IPv6 address; UDPCast needs IPv4.", text=text), say("Or: none."))
    return gateway


# --- the cast ---------------------------------------------------------------------------------------------------------


def read_port(text: str, facts: Facts) -> int:
    expected = say("Expected an even number from 1024 to 65534; UDPCast uses it and the next one.")
    if not re.fullmatch("[0-9]{1,6}", text.strip()):
        raise wrong(say("port={text} is no port number.", text=text), expected)
    port = int(text)
    if port % 2:
        near = min(max(port - 1, 1024), 65534)
        hint = say("{expected} Use {near}, the same on every PC.", expected=expected, near=near)
        raise wrong(say("port={text} is odd.", text=text), hint)
    if not 1024 <= port <= 65534:
        raise wrong(say("port={text} is out of range.", text=text), expected)
    return port


def read_compression(text: str, facts: Facts) -> Compression | None:
    """None: a receiver recognises the stream."""
    known = {kind.value: kind for kind in Compression}
    name = text.strip().lower()
    if name == "recognise":
        if facts.role is Role.SEND:
            hint = say("Expected one of: {words}.", words=tuple(known))
            raise wrong(say("compr=recognise is for receivers only."), hint)
        return None
    if name not in known:
        sentence = say("{key}={text} is not known.", key="compr", text=text)
        raise wrong(sentence, say("Expected one of: {words}.", words=tuple(known)))
    return known[name]


def compressions(facts: Facts) -> tuple[Choice, ...]:
    kinds = tuple(Choice(kind.value, _in_words(kind)) for kind in reversed(Compression))
    return kinds if facts.role is Role.SEND else (Choice("recognise", say("recognise the stream")), *kinds)


def _in_words(kind: Compression) -> Sentence:
    return say("not compressed") if kind is Compression.NONE else verbatim(kind.value)


def usual_compression(facts: Facts) -> str | None:
    return "recognise" if facts.role is Role.RECEIVE else "zstd"


def read_options(text: str, facts: Facts) -> Checked:
    """The options for the role, and warnings about those that are left out."""
    return check_udpcparam(split_udpcparam(text), facts.role)


# --- what follows -----------------------------------------------------------------------------------------------------


def read_after(text: str, facts: Facts) -> After:
    """One word for every result, or two: on success, on failure."""
    known = {next_.value: next_ for next_ in Next}
    words = [one.strip().lower() for one in text.split(",")]
    if len(words) > 2 or not set(words) <= set(known):
        raise wrong(
            say("{key}={text} is not known.", key="after", text=text),
            say(
                "Expected reboot, poweroff, shell or menu, or two of them (on success, on failure): after=reboot,menu."
            ),
        )
    return After(known[words[0]], known[words[-1]])


def read_page(text: str, facts: Facts) -> str:
    from ..network.result_page import split_url  # noqa: PLC0415 - hardly ever given, and importing delays the first screen

    split_url(text)
    return text


def read_operation(text: str, facts: Facts) -> str | None:
    if not re.fullmatch("[0-9]{0,18}", text.strip()):
        raise wrong(say("num_op={text} is no number of at most 18 digits.", text=text))
    return text.strip() or None


def read_language(text: str, facts: Facts) -> str:
    """``FR`` or ``fr_FR.UTF-8`` as ``fr``. A language without a catalogue is shown in English."""
    code = _language(text)
    if not re.fullmatch("[a-z]{2,3}", code):
        hint = say("Expected one of: {words}.", words=_codes())
        raise wrong(say("{key}={text} is not known.", key="lang", text=text), hint)
    return code if code in LANGUAGES else "en"


def unknown_language(given: Mapping[str, Given]) -> list[Sentence]:
    """What is wrong with a language that a PC would show in English without a word."""
    text = given["lang"].text if "lang" in given else "en"
    if _language(text) in LANGUAGES or not re.fullmatch("[a-z]{2,3}", _language(text)):
        return []
    return [
        say(
            "lang={text}: no screens are translated into it, so they are English. There is: {words}.",
            text=text,
            words=_codes(),
        )
    ]


def _language(text: str) -> str:
    """The code of the language in a locale's name: language_TERRITORY.CHARSET@modifier (POSIX), or an alias of one."""
    code = re.split("[-_.@:]", text.strip().lower(), maxsplit=1)[0]
    return OTHER_CODES.get(code, code)


def _codes() -> tuple[str, ...]:
    return tuple(one.upper() for one in LANGUAGES)
