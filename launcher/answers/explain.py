"""What the launcher would do with a command line on a machine, without touching anything.

Pure: texts and a `Machine` in, an `Explanation` out. ``python3 -m launcher explain`` prints it, and ``pxe`` refuses
append lines with `check`.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from kernel_cmdline import CommandLine, CommandLineError, parse, showable, showable_json

from ..errors import AnswerError, LauncherError, Unanswered
from ..model.machine import Machine
from ..model.medium import without_medium
from ..model.plan import After, Next, Plan, Role
from ..model.times import TIMES
from ..model.wording import blank_line
from ..sentence import Sentence, colon, joined, say
from ..udpcast.command import argv, start_condition, starts_by_itself
from ..udpcast.options import Checked
from . import moving
from .configuration import CONFIG, Configuration, Origin, read_configuration
from .interview import ADD_ROLE, CONFIRM, ROLE_IS_OPEN, Interview, Settled, refuse
from .lookup import given_answers, row_of
from .questions import Facts, GivenAnswers, Question
from .reading import YES_NO, read_language, unknown_language
from .row import Use
from .rules import (
    asks_nobody,
    auto_reboot_unused,
    drivers_unused,
    first_disk_may_change,
    keymap_unknown,
    means_one_pc,
    name_may_change,
    nobody_consents,
    page_unused,
    shell_unused,
)
from .validation import Explained, doubtful, explain_all, explain_parameters, problem_with, too_many


@dataclass(frozen=True)
class Explanation:
    """`answers` are (key, text, source); `argv` the pipeline of the plan, empty while a question is open."""

    parameters: tuple[Explained, ...]
    answers: tuple[tuple[str, str, str], ...]
    questions: tuple[str, ...]
    plan: Plan | None
    argv: tuple[tuple[str, ...], ...]
    warnings: tuple[Sentence, ...]
    errors: tuple[Sentence, ...]


def explain(line: CommandLine, machine: Machine, *configurations: Configuration) -> Explanation:
    """What `line` means on `machine`, with these files beside it: an earlier one wins over a later.

    With what the launcher stops at there is no plan, and with what an operator must see first, the role is asked.
    """
    given = given_answers(line, *(one.answers for one in configurations))
    medium = line.last("medium")
    machine = without_medium(machine, medium.value if medium else None)
    parameters, warnings, errors = explain_all(line, machine, configurations)
    parameters, errors = _named(parameters, line), (*errors, *too_many(line))
    if any(parameter.status == Use.INVALID.value and parameter.name.lower() == "auto" for parameter in parameters):
        return Explanation(parameters, (), (), None, (), warnings, errors)
    looked_at, _, stops = explain_all(line, None, configurations)  # as the launcher does, before it knows its devices
    stopped = bool(stops) and "auto" in given and YES_NO.get(given["auto"].text.strip().lower()) is True
    doubt = doubtful(looked_at) and not stopped
    interview = Interview(given, machine, refuse, doubt=doubt)
    settled = interview.preview()
    wrong = {row.key for item in parameters if item.status == Use.INVALID.value and (row := row_of(item.name))}
    said = [item.problem.whole for item in settled if item.problem and item.key in wrong]
    problems = [item.problem.whole for item in settled if item.problem and item.key not in wrong]
    plan, failure, confirmed = _plan(given, machine, doubt)
    unknown = tuple(_to_fetch(given, configurations))
    if failure and interview.auto and not unknown and failure.whole not in said:
        problems.append(failure.whole)
    problems += unknown_language(given)
    carried_out = None if stopped else plan
    answered = ((item.key, item.answer) for item in settled if item.answer and not item.problem)
    return Explanation(
        parameters,
        tuple((key, answer.text, str(answer.source)) for key, answer in answered),
        _questions(settled, interview.auto, confirmed),
        carried_out,
        argv(carried_out) if carried_out else (),
        _with(
            warnings,
            (
                *unknown,
                *interview.warnings,
                *_old_initrd(line),
                *_pasted(line),
                *moving.said(line),
                *(colon(one.source, sentence) for one in configurations for sentence in moving.said(one.whole)),
                *_image_file(given),
                *_still_open(failure, interview.auto is True and bool(unknown)),
                *_notes(plan, settled, confirmed, interview.unattended),
            ),
        ),
        _with(errors, problems),
    )


def _named(parameters: tuple[Explained, ...], line: CommandLine) -> tuple[Explained, ...]:
    """`parameters`, the first of which are those of `line`, with what is known of other systems' words."""
    meant = moving.meanings(line)
    return tuple(
        item._replace(meaning=meant[place]) if place in meant and item.status == Use.FOREIGN.value else item
        for place, item in enumerate(parameters)
    )


def _with(sentences: tuple[Sentence, ...], more: Iterable[Sentence]) -> tuple[Sentence, ...]:
    """`sentences`, and those of `more` that say something else."""
    new = {str(sentence): sentence for sentence in more}
    said = set(map(str, sentences))
    return (*sentences, *(sentence for text, sentence in new.items() if text not in said))


def _plan(given: GivenAnswers, machine: Machine, doubt: bool) -> tuple[Plan | None, LauncherError | None, bool]:
    """The plan where nothing is open (an overwrite that is confirmed on a screen is no open answer), and whether
    something is to be confirmed."""
    confirmed = []

    def confirming(question: Question, facts: Facts, preset: str | None, problem: AnswerError | None) -> str:
        """The `refuse` that agrees to an overwrite, to see the plan behind it."""
        if question.key != CONFIRM:
            return refuse(question, facts, preset, problem)
        confirmed.append(question)
        return question.choices(facts)[1].text

    try:
        return Interview(given, machine, confirming, doubt=doubt).plan(), None, bool(confirmed)
    except LauncherError as error:
        return None, error, bool(confirmed)


def _questions(settled: tuple[Settled, ...], auto: bool | None, confirmed: bool) -> tuple[str, ...]:
    if auto is True:
        return ()
    keys = [item.key for item in settled if item.asked or item.answer is None or item.problem]
    if confirmed:
        keys.append(CONFIRM)
    return tuple(dict.fromkeys(keys))


def _to_fetch(given: GivenAnswers, configurations: Iterable[Configuration]) -> Iterator[Sentence]:
    """A file of which only the PC will know what is in it."""
    if CONFIG in given and not any(one.origin is Origin.FETCHED for one in configurations):
        yield say(
            "config={text} is fetched when the PC boots: what that file says is not known here, and wins over all but "
            "the command line.",
            text=given[CONFIG].text,
        )


_LOADERS = frozenset("label kernel linux append ipappend sysappend".split())
"""Words of PXELINUX's configuration that stand around a line."""


def _pasted(line: CommandLine) -> Iterator[Sentence]:
    """What was copied with the line out of a boot loader's configuration."""
    words = tuple(one.name for one in line if one.value is None and not one.init and one.key in _LOADERS)
    if words:
        yield say(
            "{words}: of the boot loader's configuration, and no parameter. The line is only what stands behind "
            "append: leave the rest out.",
            words=words,
        )


def _old_initrd(line: CommandLine) -> Iterator[Sentence]:
    """UDPCast's documentation names an initrd that no builder of ours writes."""
    given = line.last("initrd")
    if given and given.value and given.value.rpartition("/")[2] == "initrd-udpcast":
        yield say(
            "initrd={name} is the name in UDPCast's old documentation. The pair that is built here is udpcast-linux "
            "and udpcast-initrd: write initrd=udpcast-initrd, or the boot loader finds nothing, or boots the old one.",
            name=given.value,
        )


def _image_file(given: GivenAnswers) -> Iterator[Sentence]:
    """An image file in the place of a disk."""
    for text in given["disk"].text.split(",") if "disk" in given else ():
        if text.strip().lower().endswith(IMAGES):
            yield say(
                "disk={path} is the name of an image file. A PC's own line takes its disks only; on a server, "
                "`python3 -m launcher transfer` sends an image file, or keeps what is cast in one.",
                path=text.strip(),
            )


def _still_open(failure: LauncherError | None, may_come: bool) -> tuple[Sentence, ...]:
    """What nobody will be asked, and a file may give that only the PC fetches."""
    return (failure.sentence,) if may_come and isinstance(failure, Unanswered) else ()


def _notes(plan: Plan | None, settled: tuple[Settled, ...], confirmed: bool, unattended: bool) -> tuple[Sentence, ...]:
    if plan and plan.role is Role.SEND:
        blank = (_blank(plan),) if confirmed else ()
        return (start_condition(plan), *blank)
    role_open = not unattended and any(item.key == "umode" and item.answer is None for item in settled)
    return (say("If RECEIVER is chosen, the overwrite of the disk is confirmed on a screen."),) if role_open else ()


def _blank(plan: Plan) -> Sentence:
    return say(
        "{disk}: {what} That it is sent is confirmed on a screen.", disk=plan.target.path, what=blank_line(plan.target)
    )


IMAGES = (".zst", ".img", ".raw")
"""How the names of image files end."""

ROLE_MISSING = str(joined(" ", ROLE_IS_OPEN, ADD_ROLE))
"""What `check` says of a line that asks nobody and gives no role."""


def check(append: str) -> tuple[list[str], list[str]]:
    """Errors and warnings of an append line, whatever the machine: what ``pxe`` holds every line against."""
    try:
        line = parse(append)
    except CommandLineError as error:
        return [str(error)], []
    _, warnings, errors = explain_parameters(line, None)
    errors = (*errors, *too_many(line))
    sentences, given = [*map(str, errors)], given_answers(line)
    unattended = "auto" in given and YES_NO.get(given["auto"].text.strip().lower())
    if unattended and not {"umode", CONFIG} & {*given} and not _umode_meant(line):
        sentences.append(ROLE_MISSING)
    sentences += map(str, nobody_consents(given))
    warnings = (*warnings, *_pasted(line), *moving.said(line), *_image_file(given))
    warnings += (*unknown_language(given), *name_may_change(given))
    facts = Facts(Machine(), given)
    warnings += (*keymap_unknown(facts), *drivers_unused(facts), *shell_unused(facts))
    return sentences, list(map(str, warnings))


def check_file(text: bytes, name: str, append: str = "") -> tuple[list[str], list[str]]:
    """As `check`, of a ``udpcfg.txt`` beside that line; each sentence names file and line. Raises CommandLineError."""
    configuration, line = read_configuration(text, name), parse(append)
    _, warnings, errors = explain_all(line, None, [configuration])
    _, said, wrong = explain_parameters(line, None)
    others = (colon(configuration.source, sentence) for sentence in moving.said(configuration.whole))
    return list(map(str, errors[len(wrong) :])), list(map(str, (*warnings[len(said) :], *others)))


def asked_in_vain(append: str, udpcfg: bytes) -> tuple[str, ...]:
    """What is wrong with a line that wants to be asked, beside a ``udpcfg.txt`` of this text."""
    return tuple(map(str, nobody_consents(given_answers(parse(append), read_configuration(udpcfg).answers))))


def _umode_meant(line: CommandLine) -> bool:
    """Whether the role is there under a misspelt name, which is an error itself."""
    from .spelling import meant  # noqa: PLC0415 - as in validation

    strange = (meant(one.name, bare=one.value is None) for one in line if not one.init and row_of(one.name) is None)
    return any(one.name == "umode" and one.sure for one in strange if one)


@dataclass(frozen=True)
class Prospect:
    """What a line leads to while nobody looks, whatever the machine: for who writes the lines of a whole room.

    `role` is the word of ``umode``, None where it is open; `unattended`: a disk may be read or overwritten without a
    key; `restarts`: the PC does so after a success. `receivers`: so many a sender waits for, 0 where it waits for none.
    `of_one_pc`: what of the line can be right for one PC only, as it is written. `reports`: a page is told the result.
    `hurries`: so many seconds after its first receiver a sender begins alone, where nothing on its line says when; else
    0. `unused`: what of the line is not used beside the rest of it; one line may serve a whole room, so it is told only
    to who asks for one room's lines.
    """

    role: str | None
    port: int
    unattended: bool
    restarts: bool
    receivers: int = 0
    of_one_pc: tuple[str, ...] = ()
    reports: bool = False
    warnings: tuple[str, ...] = ()
    hurries: int = 0
    unused: tuple[str, ...] = ()


def prospect(append: str, udpcfg: bytes = b"") -> Prospect:
    """The prospect of an append line, with a ``udpcfg.txt`` of this text beside; what is no value counts as left out.
    Raises CommandLineError."""
    given = given_answers(parse(append), read_configuration(udpcfg).answers)
    role, port = _value("umode", given), _value("port", given)
    role = role if isinstance(role, Role) else None
    checked = _value("udpcparam", given, role)
    after = _value("after" if "after" in given else "auto_reboot", given)
    unused = auto_reboot_unused(Facts(Machine(), given, {"after": after})) if "after" in given else ()
    options = checked.options if isinstance(checked, Checked) and role is Role.SEND else None
    alone = options is not None and (_value("auto", given) is True or options.nokbd) and not starts_by_itself(options)
    left_out = checked.warnings if isinstance(checked, Checked) else ()
    told = page_unused(Facts(Machine(), given, {"remontee_info": _value("remontee_info", given)}))
    return Prospect(
        role and role.value,
        port if isinstance(port, int) else 0,
        asks_nobody(given),
        isinstance(after, After) and after.success is Next.REBOOT,
        (options and options.min_receivers) or 0,
        tuple(_of_one_pc(given)),
        _value("remontee_info", given) is True and "page_remontee" in given,
        tuple(map(str, (*first_disk_may_change(given), *unused))),
        TIMES.unattended if alone else 0,
        tuple(map(str, (*left_out, *told))),
    )


def _of_one_pc(given: GivenAnswers) -> Iterator[str]:
    """An address, and what no two disks and no two cards have in common."""
    for key in ("disk", "nic", "ip"):
        for text in (*given[key].before, given[key].text) if key in given else ():
            if means_one_pc(key, text):
                yield f"{given[key].written}={text}"


def _value(key: str, given: GivenAnswers, role: Role | None = None) -> object:
    """What is given, or the default; None where there is neither."""
    row, facts = row_of(key), Facts(Machine(), settled={"umode": role})
    assert row is not None
    good = key in given and problem_with(row, given[key].text, None, role) is None
    text = given[key].text if good else row.default(facts)
    return row.parse(text, facts) if text is not None else None


def is_ours(name: str) -> bool:
    """Whether the launcher reads the parameter `name`, which then has a value."""
    row = row_of(name)
    return row is not None and row.use is Use.USED


def language_of(text: str) -> str | None:
    """The code of the language that ``lang=`` with this text shows; None where it is no language."""
    with contextlib.suppress(AnswerError):
        return read_language(text, Facts(Machine()))
    return None


def truth(name: str, value: bool) -> str | None:
    """Yes or no in the words of the parameter `name`; None where it has none."""
    row = row_of(name)
    for word in ("1", "yes") if value else ("0", "no"):
        with contextlib.suppress(AnswerError):
            found = row and row.parse(word, Facts(Machine()))
            if found is value or (isinstance(found, Enum) and found.value == word):
                return word
    return None


def to_json(explanation: Explanation) -> str:
    """The explanation as JSON text: the fields of `Explanation`, answers by key, the plan as its `record`."""
    data = {
        "parameters": [parameter._asdict() for parameter in explanation.parameters],
        "answers": {key: {"value": text, "source": source} for key, text, source in explanation.answers},
        "questions": list(explanation.questions),
        "plan": explanation.plan.record() if explanation.plan else None,
        "argv": [list(stage) for stage in explanation.argv],
        "warnings": list(map(str, explanation.warnings)),
        "errors": list(map(str, explanation.errors)),
    }
    return showable_json(json.dumps(data, indent=2, ensure_ascii=False)) + "\n"


def to_text(explanation: Explanation) -> str:
    """The explanation for people."""
    lines = ["Parameters:"]
    for item in explanation.parameters:
        written = showable(item.name if item.value is None else f"{item.name}={item.value}")
        lines.append(f"  {written:<34} {item.status:<9} {item.meaning}")
    lines += ["", "Answers:"]
    for key, text, source in explanation.answers:
        lines.append(f"  {key:<12} {showable(text) or '(nothing)':<30} {source}")
    lines += ["", f"Questions left: {', '.join(explanation.questions) or 'none'}"]
    if explanation.plan:
        lines += ["", "Plan:"]
        lines += [f"  {key:<12} {showable(str(value))}" for key, value in explanation.plan.record().items()]
        lines += ["", "Processes, in the order of the data:"]
        lines += [f"  {words}" for words in map(_pasteable, explanation.argv)]
    for title, sentences in (("Warnings", explanation.warnings), ("Errors", explanation.errors)):
        if sentences:
            lines += ["", f"{title}:", *(f"  {sentence}" for sentence in sentences)]
    return "\n".join(lines) + "\n"


def _pasteable(stage: tuple[str, ...]) -> str:
    import shlex  # noqa: PLC0415 - only here, and importing costs time in the initrd

    return showable(shlex.join(stage))
