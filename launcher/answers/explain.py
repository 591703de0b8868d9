"""What the launcher would do with a command line on a machine, without touching anything.

Pure: texts and a `Machine` in, an `Explanation` out. ``python3 -m launcher explain`` prints it, ``pxe`` refuses
append lines with `check`, and the launcher itself stops on the same errors before it writes a byte.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from kernel_cmdline import CommandLine, CommandLineError, Parameter, canonical, parse
from kernel_cmdline.network import parse_bootif, parse_sysuuid

from ..errors import AnswerError, LauncherError
from ..model.machine import Machine
from ..model.plan import Plan, Role
from ..udpcast.command import argv, start_condition
from . import questions as q
from .interview import Interview, Settled, Told, confirmation, consent_needed, refuse
from .parameters import OTHERS, GivenAnswers, Use, given_answers, row_of, suggestion
from .selectors import DeviceMissing

ENVIRONMENT_LIMIT = 31


@dataclass(frozen=True)
class Explained:
    """One parameter as it stands in the line. `status` is a value of `Use`."""

    name: str
    value: str | None
    status: str
    source: str
    meaning: str


@dataclass(frozen=True)
class Explanation:
    """`answers` are (key, text, source); `argv` the pipeline of the plan, empty while a question is open."""

    parameters: tuple[Explained, ...]
    answers: tuple[tuple[str, str, str], ...]
    questions: tuple[str, ...]
    plan: Plan | None
    argv: tuple[tuple[str, ...], ...]
    warnings: tuple[str, ...]
    errors: tuple[str, ...]


def explain(line: CommandLine, machine: Machine, *configuration: tuple[str, CommandLine]) -> Explanation:
    """What `line` means on `machine`; `configuration` as in `given_answers`."""
    given = given_answers(line, *configuration)
    parameters, warnings, errors = explain_parameters(line, machine)
    for source, extra in configuration:
        more = explain_parameters(extra, machine, source)
        parameters, warnings, errors = parameters + more[0], warnings + more[1], errors + more[2]
    if any(parameter.status == Use.INVALID.value and canonical(parameter.name) == "auto" for parameter in parameters):
        return Explanation(parameters, (), (), None, (), warnings, errors)
    interview = Interview(given, machine, refuse)
    settled = interview.preview()
    problems = tuple(str(item.problem) for item in settled if item.problem and str(item.problem) not in errors)
    plan, failure = _plan(given, machine)
    if failure and interview.auto and str(failure) not in (*errors, *problems):
        problems = (*problems, str(failure))
    notes = tuple(note for note in (*interview.warnings, *_notes(plan, settled)) if note not in warnings)
    return Explanation(
        parameters,
        tuple((item.key, item.answer.text, item.answer.source) for item in settled if item.answer and not item.problem),
        _questions(settled, interview.auto, plan, given),
        plan,
        argv(plan) if plan else (),
        warnings + notes,
        errors + problems,
    )


def _plan(given: GivenAnswers, machine: Machine) -> tuple[Plan | None, LauncherError | None]:
    """The plan where nothing is open (an overwrite that is confirmed on a screen is no open answer)."""
    interview = Interview(given, machine, _confirming)
    try:
        return interview.plan(), None
    except LauncherError as error:
        return None, error


def _confirming(question: q.Question[q.T], facts: q.Facts, preset: str | None, problem: AnswerError | None) -> str:
    """The `refuse` that agrees to an overwrite, to see the plan behind it."""
    return question.choices(facts)[1].text if question.key == "confirm" else refuse(question, facts, preset, problem)


def _questions(
    settled: tuple[Settled, ...], auto: bool | None, plan: Plan | None, given: GivenAnswers
) -> tuple[str, ...]:
    if auto is True:
        return ()
    keys = [item.key for item in settled if item.asked or item.answer is None or item.problem]
    if plan and consent_needed(plan, given, Told({}), unattended=False):
        keys.append(confirmation(plan).key)
    return tuple(dict.fromkeys(keys))


def _notes(plan: Plan | None, settled: tuple[Settled, ...]) -> tuple[str, ...]:
    if plan and plan.role is Role.SEND:
        return (start_condition(plan),)
    role_open = any(item.key == "umode" and item.answer is None for item in settled)
    return ("If RECEIVER is chosen, the overwrite of the disk is confirmed on a screen.",) if role_open else ()


def explain_parameters(
    line: CommandLine, machine: Machine | None, source: str = "command line"
) -> tuple[tuple[Explained, ...], tuple[str, ...], tuple[str, ...]]:
    """Every parameter of `line` with its status, then warnings, then errors.

    Without a machine, devices are not looked for: only the form of a selector is checked.
    """
    warnings, errors = list(line.warnings), []
    explained = []
    role = _role(line)
    last = {parameter.key: index for index, parameter in enumerate(line) if not parameter.init}
    for index, parameter in enumerate(line):
        use, meaning, problem = _use(parameter, machine, role)
        if use is Use.USED and last.get(parameter.key) != index:
            warnings.append(f"{_written(parameter)} is overridden by a later {parameter.name}=.")
            meaning = f"overridden by a later one; {meaning}"
        if problem:
            errors.append(problem)
        explained.append(Explained(parameter.name, parameter.value, use.value, source, meaning))
    errors += _too_many(line)
    return tuple(explained), tuple(warnings), tuple(errors)


def doubtful(explained: Iterable[Explained]) -> bool:
    """Whether something in the line is wrong that no question will ask again: the operator must see it on a screen."""
    asked = {question.key for question in q.ALL}
    return any(
        item.status == Use.MISSPELT.value or (item.status == Use.INVALID.value and canonical(item.name) not in asked)
        for item in explained
    )


def _too_many(line: CommandLine) -> list[str]:
    """A line at which the kernel itself stops: it hands unknown ``name=value`` to PID 1, and panics when there are
    too many (``unknown_bootoption`` in init/main.c; 31 beside HOME and TERM, measured with 6.1)."""
    others = set(OTHERS.lower().split())
    unknown = {parameter.key for parameter in line if parameter.value is not None and not parameter.init}
    count = len([key for key in unknown - others if "." not in key])
    if count <= ENVIRONMENT_LIMIT:
        return []
    return [
        f"{count} parameters are unknown to the kernel, which panics at more than {ENVIRONMENT_LIMIT}. Remove some."
    ]


def _written(parameter: Parameter) -> str:
    return parameter.name if parameter.value is None else f"{parameter.name}={parameter.value}"


def _use(parameter: Parameter, machine: Machine | None, role: Role | None) -> tuple[Use, str, str | None]:
    """Status, meaning and error of one parameter."""
    row = row_of(parameter.name)
    if parameter.init:
        return Use.FOREIGN, "behind --, for the init program", None
    if row is None:
        meant = suggestion(parameter.name)
        if meant is None:
            return Use.FOREIGN, "unknown here; left to the kernel and others", None
        return Use.MISSPELT, f"did you mean {meant}?", f"{_written(parameter)}: unknown; did you mean {meant}?"
    if row.use is Use.FOREIGN:
        return Use.FOREIGN, row.meaning, None
    if parameter.value is None:
        if parameter.key == "auto":
            return Use.FOREIGN, "added by PXELINUX when it boots its default entry; means nothing", None
        return Use.INVALID, row.meaning, f"{parameter.name} has no value. Expected {parameter.name}={row.values}."
    problem = problem_with(canonical(row.name), parameter.value, machine, role)
    return (Use.INVALID if problem else Use.USED), row.meaning, problem


def _role(line: CommandLine) -> Role | None:
    """The role that `line` gives, as far as it is one."""
    given = line.last("umode")
    return q.ROLE_WORDS.get((given.value or "").strip().lower()) if given else None


def problem_with(key: str, text: str, machine: Machine | None, role: Role | None = None) -> str | None:
    """The sentence that says why `text` cannot be the value of `key`, or None."""
    try:
        if key == "bootif":
            parse_bootif(text)
        elif key == "sysuuid":
            parse_sysuuid(text)
        elif key == "rd.bootif" and text not in ("0", "1"):
            return f"rd.bootif={text} is not known. Expected 0 or 1."
        elif key == "auto":
            q.parse_auto(text, q.Facts(Machine()))
        elif key != "nic" or text.strip().upper() != "BOOTIF":
            question = next((question for question in q.ALL if question.key == key), None)
            if question:
                question.parse(text, q.Facts(machine or Machine(), role))
    except DeviceMissing as missing:
        return str(missing) if machine else None
    except (AnswerError, CommandLineError) as error:
        return str(error)
    return None


def check(append: str) -> tuple[list[str], list[str]]:
    """Errors and warnings of an append line, whatever the machine: what ``pxe`` holds every line against."""
    try:
        line = parse(append)
    except CommandLineError as error:
        return [str(error)], []
    _, warnings, errors = explain_parameters(line, None)
    auto = line.last("auto")
    if auto and (auto.value or "").strip().lower() == "yes" and line.last("umode") is None:
        errors = (*errors, "auto=yes, but the role is not given. Add umode=snd or umode=rcv to the append line.")
    return list(errors), list(warnings)


def to_json(explanation: Explanation) -> str:
    """The explanation as JSON text: the fields of `Explanation`, answers by key, the plan as `plan_fields`."""
    data = {
        "parameters": [dataclasses.asdict(parameter) for parameter in explanation.parameters],
        "answers": {key: {"value": text, "source": source} for key, text, source in explanation.answers},
        "questions": list(explanation.questions),
        "plan": plan_fields(explanation.plan) if explanation.plan else None,
        "argv": [list(stage) for stage in explanation.argv],
        "warnings": list(explanation.warnings),
        "errors": list(explanation.errors),
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def plan_fields(plan: Plan) -> dict[str, object]:
    """The plan as plain JSON values, for ``explain`` and the event log."""
    address = plan.address
    return {
        "role": plan.role.value,
        "disk": plan.target.path,
        "size": plan.target.size,
        "model": plan.target.disk.model,
        "serial": plan.target.disk.serial,
        "nic": plan.nic.name,
        "mac": plan.nic.mac,
        "address": f"{address.address}/{address.prefix}" if address.address else address.source.value,
        "gateway": address.gateway,
        "port": plan.port,
        "compr": plan.compression.value if isinstance(plan.compression, Enum) else None,
        "udpcparam": list(plan.options.words),
        "attended": plan.attended,
        "verify": plan.verify,
        "silence": plan.silence,
        "start_timeout": plan.start_timeout,
        "retry": plan.retry,
        "after": f"{plan.after.success.value},{plan.after.failure.value}",
        "result_page": plan.result_page.url if plan.result_page else None,
        "operation": plan.result_page.operation if plan.result_page else None,
    }


def to_text(explanation: Explanation) -> str:
    """The explanation for people."""
    lines = ["Parameters:"]
    for item in explanation.parameters:
        written = item.name if item.value is None else f"{item.name}={item.value}"
        lines.append(f"  {written:<34} {item.status:<9} {item.meaning}")
    lines += ["", "Answers:"]
    lines += [f"  {key:<12} {text or '(nothing)':<30} {source}" for key, text, source in explanation.answers]
    lines += ["", f"Questions left: {', '.join(explanation.questions) or 'none'}"]
    if explanation.plan:
        lines += ["", "Plan:"]
        lines += [f"  {key:<12} {value}" for key, value in plan_fields(explanation.plan).items()]
        lines += ["", "Processes, in the order of the data:"]
        lines += [f"  {words}" for words in map(_pasteable, explanation.argv)]
    for title, sentences in (("Warnings", explanation.warnings), ("Errors", explanation.errors)):
        if sentences:
            lines += ["", f"{title}:", *(f"  {sentence}" for sentence in sentences)]
    return "\n".join(lines) + "\n"


def _pasteable(stage: tuple[str, ...]) -> str:
    import shlex  # noqa: PLC0415 - only here, and importing costs time in the initrd

    return shlex.join(stage)
