"""Rules on several parameters together: which one decides, when one is a question, what they make of the plan.

- ``auto=yes`` asks nobody (`attended`).
- BOOTIF chooses the card before ``nic=`` does, unless ``rd.bootif=0`` (`card_by_bootif`); where neither does, the card
  that ``ip=`` names is taken (`only_card`). Of several ``ip=`` the one for the chosen card counts (`address_of_card`).
- ``netmask`` and ``gateway`` stand beside an ``ip`` that has none (`address`, `beside_ip_unused`).
- ``--start-timeout`` in ``udpcparam`` decides before ``start_timeout`` (`start_timeout`).
- ``after`` decides before SambaEdu's ``auto_reboot`` (`after_decides`).
- ``remontee_info`` and ``page_remontee`` work together only (`result_page`).

The rows of `parameters.ROWS` name these functions. Where one parameter is not used because of another one, a warning
says so.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping

from kernel_cmdline import CommandLineError
from kernel_cmdline.network import IpConfig, parse_bootif, parse_ip, parse_netmask

from ..model.machine import Machine, Nic
from ..model.plan import (
    Address,
    AddressSource,
    After,
    Compression,
    Grow,
    Holes,
    Next,
    Options,
    Require,
    ResultPage,
    Role,
    Target,
)
from ..sentence import Sentence, colon, joined, say, verbatim
from ..udpcast.options import Checked
from .questions import DEFAULT, Answer, Facts, Given
from .reading import CONSENT, RESTARTS, SWITCH, YES_NO, only_nic, read_bootif, uses_dhcp
from .reading_boot import is_keymap, loads_disk_drivers, read_keymap, unused_parameters
from .selectors import BY_PATH, lasting_names, worldwide

# --- when a row is a question -----------------------------------------------------------------------------------------


def may_receive(facts: Facts) -> bool:
    return facts.role is not Role.SEND


def may_send(facts: Facts) -> bool:
    return facts.role is not Role.RECEIVE


def receives(facts: Facts) -> bool:
    return facts.role is Role.RECEIVE


def prefix_is_open(facts: Facts) -> bool:
    config = facts.of("ip", IpConfig)
    return config is not None and config.client is not None and not config.prefix


def gateway_is_open(facts: Facts) -> bool:
    config = facts.of("ip", IpConfig)
    return config is not None and config.client is not None and not config.gateway


def after_decides(facts: Facts) -> bool:
    return "after" in facts.given or "auto_reboot" not in facts.given


def auto_reboot_decides(facts: Facts) -> bool:
    return not after_decides(facts)


def page_is_told(facts: Facts) -> bool:
    return facts.of("remontee_info", bool) is True and ("page_remontee" in facts.given or asks_everything(facts))


def asks_everything(facts: Facts) -> bool:
    auto = facts.given.get("auto")
    return auto is not None and YES_NO.get(auto.text.strip().lower()) is False


# --- defaults ---------------------------------------------------------------------------------------------------------


def usual_keymap(facts: Facts) -> str:
    """The keymap of the language."""
    from ..model.keymaps import usual  # noqa: PLC0415 - the first screen can do without

    given = facts.given.get("lang")
    return usual(facts.of("lang", str) or "en", given.text if given else "")


# --- what comes before an answer that was given -----------------------------------------------------------------------


def card_by_bootif(facts: Facts) -> tuple[Answer | None, tuple[Sentence, ...]]:
    """The card that PXE-booted, when BOOTIF names one that is there; ``nic=BOOTIF`` insists on it."""
    given, nic, switch = (facts.given.get(key) for key in ("bootif", "nic", "rd.bootif"))
    insisted = nic is not None and nic.text.strip().upper() == "BOOTIF"
    off = switch is not None and SWITCH.get(switch.text.strip().lower()) is False
    if given is None or (off and not insisted):
        return None, ()
    mac = read_bootif(given.text, facts)
    if mac is None:
        unread = say("No card is named by BOOTIF={text}, so it does not choose one.", text=given.text)
        return None, (unread,)
    cards = [card for card in facts.machine.nics if card.mac.lower() == mac]
    if not cards and facts.complete and facts.machine.nics and not insisted:
        none = say("BOOTIF={text} is none of this PC's cards, so it does not choose one.", text=given.text)
        return None, (none,)
    return Answer(mac, verbatim("BOOTIF")), tuple(_doubts_of_bootif(cards, nic, facts, insisted))


def _doubts_of_bootif(cards: list[Nic], nic: Given | None, facts: Facts, insisted: bool) -> Iterator[Sentence]:
    if cards and nic and not insisted and all(nic.text not in (card.name, card.mac) for card in cards):
        yield say(
            "nic={text} is not used: BOOTIF chose {card} (rd.bootif=0 lets nic= decide).",
            text=nic.text,
            card=cards[0].name,
        )
    linked = tuple(card.name for card in facts.machine.nics if card.link)
    if cards and facts.complete and linked and all(card.link is False for card in cards):
        yield say("BOOTIF chose {card}, which has no link; {linked} has one.", card=cards[0].name, linked=linked)


# --- the card and the ip= that belong together ------------------------------------------------------------------------


def device_of(text: str) -> str | None:
    """The card that the value of an ``ip=`` names; None where it names none, or is no value."""
    first, *rest = text.split(":", 5)
    if len(rest) < 5 and not first.strip("0123456789./"):
        return None  # PXELINUX's form, which is most often there, at no cost
    try:
        return parse_ip(text).device
    except CommandLineError:
        return None


def only_card(facts: Facts) -> Answer | None:
    """The card where nobody chose one: that of ``ip=``, or the only one there is.

    Of several that are named by an ``ip=`` each, it is the only one with a link; where that is none, they are asked.
    Such a choice is not certain before all cards are there.
    """
    given = facts.given.get("ip")
    named = dict.fromkeys(filter(None, map(device_of, _all_of(given))))
    there = [card for card in facts.machine.nics if card.name in named]
    linked = [card for card in there if card.link]
    if len(there) == 1 or (named and not there):
        name = there[0].name if there else next(iter(named))
        return Answer(name, verbatim("ip="), unique=len(named) > 1)
    return Answer(linked[0].name, verbatim("ip="), unique=True) if len(linked) == 1 else only_nic(facts)


def address_of_card(facts: Facts) -> tuple[Answer | None, tuple[Sentence, ...]]:
    """The last ``ip=`` for the chosen card, else the last one that names no card. One for another card is not used: a
    warning where the chosen card has none, or where the other one is not there."""
    given, card = facts.given.get("ip"), facts.of("nic", Nic)
    texts = _all_of(given)
    if given is None or card is None or not any(map(device_of, texts)):
        return None, ()
    names = {one.name for one in facts.machine.nics}
    own = [text for text in texts if device_of(text) == card.name]
    if own:
        absent = [text for text in texts if (device_of(text) or card.name) not in names] if facts.complete else []
        return Answer(own[-1], given.source), tuple(_unused(text, card, there=False) for text in absent)
    anyones = [text for text in texts if device_of(text) is None]
    answer = Answer(anyones[-1], given.source) if anyones else Answer("dhcp", DEFAULT)
    unused = (text for text in texts if device_of(text))
    return answer, tuple(_unused(text, card, device_of(text) in names) for text in unused)


def address_is_of_a_card(facts: Facts) -> bool:
    """Whether it can be said which ``ip=`` counts: not while the card is open that one of them names."""
    return facts.of("nic", Nic) is not None or not any(map(device_of, _all_of(facts.given.get("ip"))))


def _all_of(given: Given | None) -> tuple[str, ...]:
    return (*given.before, given.text) if given else ()


def _unused(text: str, card: Nic, there: bool) -> Sentence:
    device = device_of(text)
    if there:
        return say("ip={text} is not used: it is for {device}, and {card} was chosen.", **_of(text, device, card))
    return say("ip={text} is not used: {device} is not on this PC, and {card} was chosen.", **_of(text, device, card))


def _of(text: str, device: str | None, card: Nic) -> dict[str, object]:
    return {"text": text, "device": device, "card": card.name}


# --- warnings ---------------------------------------------------------------------------------------------------------


def chosen_disk(facts: Facts) -> Iterator[Sentence]:
    yield from raid_member(facts)
    yield from name_not_stable(facts)


def raid_member(facts: Facts) -> Iterator[Sentence]:
    """Of the disk that is meant; while that is open, of all that may be."""
    target = facts.of("disk", Target)
    for disk in (target.disk,) if target else facts.machine.eligible_disks:
        if disk.firmware_raid:
            yield say(
                "{disk} is a member of a firmware RAID ({kind}). Only this one disk would be read or overwritten, and "
                "the firmware may write to it later. Delete the RAID in the firmware setup first.",
                disk=disk.path,
                kind=disk.firmware_raid,
            )
    if target and "linux_raid_member" in (target.disk.filesystem, target.partition and target.partition.filesystem):
        yield say(
            "{disk} is a member of a Linux RAID. Only this one disk would be read or overwritten.", disk=target.path
        )


def keymap_unknown(facts: Facts) -> Iterator[Sentence]:
    """The keyboard is no reason to stop what nobody types at."""
    text = facts.given["kbmap"].text if "kbmap" in facts.given else ""
    if text and is_keymap(text) and not read_keymap(text, facts):
        from ..model.keymaps import near  # noqa: PLC0415 - for a case that hardly ever comes

        none = say("kbmap={text}: there is no such keymap, so the usual one of the language is loaded.", text=text)
        close = near(text)
        yield joined(" ", none, close and say("Near it: {near}.", near=close))


def drivers_unused(facts: Facts) -> Iterator[Sentence]:
    for text in unused_parameters(facts.given):
        yield say("modparm={text} is not used: no driver that is named takes it.", text=text)
    if "diskmodule" in facts.given and not loads_disk_drivers(facts.given):
        yield say("diskmodule={text} is not used: enableDiskmodule=no.", text=facts.given["diskmodule"].text)


def options_left_out(facts: Facts) -> tuple[Sentence, ...]:
    checked = facts.of("udpcparam", Checked)
    return checked.warnings if checked else ()


KERNEL_NAME = r"(?:/dev/)?((nvme|mmcblk|sd)(?:[0-9]+|(?<=sd)[a-z]+))[np0-9]*"
"""The names of disks that are given out as they are found, which is in another order at another boot."""


def asks_nobody(given: Mapping[str, Given]) -> bool:
    """Whether a disk may be read or overwritten without a key: ``auto=yes``, or role and disk are named."""
    auto = YES_NO.get(given["auto"].text.strip().lower()) if "auto" in given else None
    return auto is True or (auto is None and {"umode", "disk"} <= {*given} and not consent_is_asked(given))


def consent_is_asked(given: Mapping[str, Given]) -> bool:
    """Whether what is named is no consent."""
    return "consent" in given and CONSENT.get(given["consent"].text.strip().lower()) is True


def nobody_consents(given: Mapping[str, Given]) -> Iterator[Sentence]:
    """What is wrong with a line that asks nobody, and wants to be asked."""
    auto = YES_NO.get(given["auto"].text.strip().lower()) if "auto" in given else None
    if auto and consent_is_asked(given):
        yield say("auto=yes asks nobody, and consent=ask waits for a key: leave one of them out.")


def name_not_stable(facts: Facts) -> Iterator[Sentence]:
    """A name on the line that another disk of this PC may have at the next boot, and what to write instead."""
    target = facts.of("disk", Target)
    for text, name in _kernel_names(facts.given):
        chosen = target and re.match(KERNEL_NAME, target.disk.path)
        if target and chosen and chosen[1] == name[1] and len(_numbered(name[2], facts.machine)) > 1:
            yield say(
                "{path} may be another disk at the next boot: this PC has several that are numbered as they are found. "
                "Write: {instead}.",
                path=text,
                instead=lasting_names(target, facts.machine),
            )


def means_one_pc(key: str, text: str) -> bool:
    """Whether a value of ``disk``, ``nic`` or ``ip`` can be right for one PC only."""
    if key == "disk":
        return worldwide(text)
    try:
        return bool(parse_ip(text).client if key == "ip" else parse_bootif(text))
    except CommandLineError:
        return False


def name_may_change(given: Mapping[str, Given]) -> Iterator[Sentence]:
    """The same where the PCs are not known."""
    for text, name in _kernel_names(given):
        if name[2] != "sd":
            several = say("{path} may be another disk at each boot of a PC that has several of that kind.", path=text)
            yield joined(" ", several, _what_lasts())


def first_disk_may_change(given: Mapping[str, Given]) -> Iterator[Sentence]:
    """The same of ``sda``, which stands on most lines; it is for who writes the line, and not for every line."""
    for text, name in _kernel_names(given):
        if name[2] == "sd":
            found = say("{path} is given out as disks are found, and at another boot may be a USB stick.", path=text)
            yield joined(" ", found, _what_lasts())


def _what_lasts() -> Sentence:
    """In the order of `lasting_names`."""
    return say(
        "What lasts is disk={directory}... in a room of equal PCs, serial:... or wwn:... for one PC, model:... or "
        "size:... where all have the same.",
        directory=BY_PATH,
    )


def _kernel_names(given: Mapping[str, Given]) -> list[tuple[str, re.Match[str]]]:
    """The names of that kind in ``disk=``, as they are written. ``sda`` is no matter where a screen shows the disk."""
    texts = [text.strip() for text in given["disk"].text.split(",")] if "disk" in given else []
    names = [(text, name) for text in texts if (name := re.fullmatch(KERNEL_NAME, text))]
    return [(text, name) for text, name in names if name[2] != "sd" or asks_nobody(given)]


def _numbered(kind: str, machine: Machine) -> set[str]:
    """The controllers (nvme) or devices (mmcblk, sd) of that kind."""
    names = (re.match(KERNEL_NAME, disk.path) for disk in machine.disks)
    return {name[1] for name in names if name and name[2] == kind}


def beside_ip_unused(facts: Facts) -> Iterator[Sentence]:
    """``netmask`` and ``gateway`` complete an address only that comes without, and another one than theirs wins."""
    config = facts.of("ip", IpConfig)
    for key, is_open in (("netmask", prefix_is_open), ("gateway", gateway_is_open)):
        text = facts.given[key].text if key in facts.given else ""
        if config and text and not is_open(facts) and not _is_of(config, key, text):
            why = verbatim(_written(config, facts))
            yield say("{parameter} is not used: {why}.", parameter=f"{key}={text}", why=why)


def _is_of(config: IpConfig, key: str, text: str) -> bool:
    """Whether `config` says the same."""
    with contextlib.suppress(CommandLineError):
        return bool(text.strip() == config.gateway if key == "gateway" else parse_netmask(text) == config.prefix)
    return False


def _written(config: IpConfig, facts: Facts) -> str:
    """The ``ip=`` that counts."""
    for text in reversed(_all_of(facts.given.get("ip"))):
        with contextlib.suppress(CommandLineError):
            if parse_ip(text) == config:
                return f"ip={text}"
    return f"ip={config.client}/{config.prefix}" if config.client else "ip=dhcp"


def start_timeout_unused(facts: Facts) -> Iterator[Sentence]:
    checked = facts.of("udpcparam", Checked)
    if checked and checked.start_timeout and "start_timeout" in facts.given:
        yield say("start_timeout= is not used: --start-timeout in udpcparam decides.")


def retry_unused(facts: Facts) -> Iterator[Sentence]:
    count = facts.of("retry", int)
    if count and not facts.unattended:
        yield say("retry={text} counts with auto=yes only: here the operator decides.", text=str(count))


def used_unused(facts: Facts) -> Iterator[Sentence]:
    """Only zstd's streams have holes."""
    compression = facts.of("compr", Compression) or Compression.ZSTD
    if "used" in facts.given and facts.of("used", bool) and compression is not Compression.ZSTD:
        yield say(
            "used=yes is not used: with compr={compression} the whole disk is sent; only zstd leaves blocks out.",
            compression=compression.value,
        )


def discards(facts: Facts) -> Iterator[Sentence]:
    if facts.of("holes", Holes) is Holes.DISCARD:
        yield say(
            "holes=discard is for SSDs: a disk that cannot discard keeps what was there, and so may an SSD for a "
            "while. For privacy, use holes=zero."
        )


def grow_unused(facts: Facts) -> Iterator[Sentence]:
    """Where nothing can grow, or nobody is there to be asked."""
    grow, target = facts.of("grow", Grow), facts.of("disk", Target)
    if "grow" not in facts.given or grow is Grow.NO:
        return
    if target and target.partition:
        yield say(
            "grow={text} does nothing for {path}: it is a partition, and only a whole disk grows.",
            text=grow.value if grow else "",
            path=target.path,
        )
    elif grow is Grow.ASK and facts.unattended:
        yield say("grow=ask means no here: nobody is asked.")


def never_equal(facts: Facts) -> Iterator[Sentence]:
    """A receiver that will refuse every stream that it takes."""
    compression = facts.of("compr", Compression)
    if facts.of("require", Require) is Require.EQUAL and compression and compression is not Compression.ZSTD:
        both = verbatim(f"require=equal, compr={compression.value}")
        yield colon(both, say("Send with zstd and the launcher, or leave require away."))


def after_unused(facts: Facts) -> Iterator[Sentence]:
    yield from auto_reboot_unused(facts)
    yield from shell_unused(facts)


def shell_unused(facts: Facts) -> Iterator[Sentence]:
    """A shell is to follow, and there is none."""
    after, shell = (facts.given.get(key) for key in ("after", "shell"))
    words = [one.strip().lower() for one in after.text.split(",")] if after else []
    if after and shell and Next.SHELL.value in words and YES_NO.get(shell.text.strip().lower()) is False:
        yield say("{parameter} is not used: {why}.", parameter=f"after={after.text}", why=verbatim("shell=no"))


def auto_reboot_unused(facts: Facts) -> Iterator[Sentence]:
    given, after = facts.given.get("auto_reboot"), facts.of("after", After)
    if given and after and RESTARTS.get(given.text.strip().lower(), after) != after:
        yield say("auto_reboot={text} is not used: after= decides.", text=given.text)


def page_unused(facts: Facts) -> Iterator[Sentence]:
    named = "page_remontee" in facts.given
    if named and "remontee_info" not in facts.given:
        yield say("page_remontee= is not used without remontee_info=y.")
    if facts.of("remontee_info", bool) and not named and not asks_everything(facts):
        yield say("remontee_info=y is not used: page_remontee= does not say which page.")


# --- the plan's fields that one row alone does not make ---------------------------------------------------------------


def attended(facts: Facts) -> bool:
    return not facts.unattended


def address(facts: Facts) -> Address:
    """Where ``ip`` is no question, the card has its address already."""
    config = facts.of("ip", IpConfig)
    if config is None:
        return Address(AddressSource.GIVEN)
    if not config.client:
        return Address(AddressSource.DHCP)
    prefix = config.prefix or facts.of("netmask", int)
    gateway = config.gateway or facts.of("gateway", str)
    lease = config.form == "pxelinux" and uses_dhcp(facts)
    sysuuid = facts.given.get("sysuuid")
    return Address(AddressSource.GIVEN, config.client, prefix, gateway, lease, sysuuid and sysuuid.text)


def options(facts: Facts) -> Options | None:
    checked = facts.of("udpcparam", Checked)
    return checked.options if checked else None


def start_timeout(facts: Facts) -> int | None:
    checked = facts.of("udpcparam", Checked)
    among_options = checked.start_timeout if checked else None
    return among_options or facts.of("start_timeout", int)


def result_page(facts: Facts) -> ResultPage | None:
    url = facts.of("page_remontee", str)
    return ResultPage(url, facts.of("num_op", str)) if url else None


MADE: Mapping[str, Callable[[Facts], object]] = {
    "attended": attended,
    "address": address,
    "options": options,
    "start_timeout": start_timeout,
    "result_page": result_page,
}
"""By the name of the field; all others are the value of the row that fills them."""
