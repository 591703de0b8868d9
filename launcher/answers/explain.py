"""What the launcher would do with a command line on a machine, without touching anything.

Pure: texts and a `Machine` in, an `Explanation` out. ``python3 -m launcher explain`` prints it, ``pxe`` refuses
append lines with `check`, and the launcher itself stops on the same errors before it writes a byte.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass

from kernel_cmdline import CommandLine, CommandLineError, Parameter, parse

from ..errors import AnswerError, LauncherError
from ..model.machine import Machine
from ..model.plan import Plan, Role
from ..sentence import Sentence, say
from ..udpcast.command import argv, start_condition
from .interview import ADD_ROLE, ROLE_IS_OPEN, Interview, Settled, Told, confirmation, consent_needed, refuse
from .lookup import given_answers, row_of, suggestion
from .parameters import OTHERS
from .questions import LINE, Facts, GivenAnswers, Question
from .reading import ROLES, YES_NO, sentence_of
from .row import Row, Use
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
    warnings: tuple[Sentence, ...]
    errors: tuple[Sentence, ...]


def explain(line: CommandLine, machine: Machine, *configuration: tuple[Sentence | str, CommandLine]) -> Explanation:
    """What `line` means on `machine`; `configuration` as in `given_answers`."""
    given = given_answers(line, *configuration)
    parameters, warnings, errors = explain_parameters(line, machine)
    for source, extra in configuration:
        more = explain_parameters(extra, machine, source)
        parameters, warnings, errors = parameters + more[0], warnings + more[1], errors + more[2]
    if any(parameter.status == Use.INVALID.value and parameter.name.lower() == "auto" for parameter in parameters):
        return Explanation(parameters, (), (), None, (), warnings, errors)
    interview = Interview(given, machine, refuse)
    settled = interview.preview()
    problems = [whole(item.problem) for item in settled if item.problem]
    plan, failure = _plan(given, machine)
    if failure and interview.auto:
        problems.append(whole(failure))
    answered = ((item.key, item.answer) for item in settled if item.answer and not item.problem)
    return Explanation(
        parameters,
        tuple((key, answer.text, str(answer.source)) for key, answer in answered),
        _questions(settled, interview.auto, plan, given),
        plan,
        argv(plan) if plan else (),
        _with(warnings, (*interview.warnings, *_notes(plan, settled))),
        _with(errors, problems),
    )


def _with(sentences: tuple[Sentence, ...], more: Iterable[Sentence]) -> tuple[Sentence, ...]:
    """`sentences`, and those of `more` that say something else."""
    new = {str(sentence): sentence for sentence in more}
    said = set(map(str, sentences))
    return (*sentences, *(sentence for text, sentence in new.items() if text not in said))


def whole(error: LauncherError) -> Sentence:
    """Both sentences of `error` as one."""
    if not error.hint:
        return error.sentence
    return Sentence("{sentence} {hint}", (("sentence", error.sentence), ("hint", error.hint)))


def _plan(given: GivenAnswers, machine: Machine) -> tuple[Plan | None, LauncherError | None]:
    """The plan where nothing is open (an overwrite that is confirmed on a screen is no open answer)."""
    interview = Interview(given, machine, _confirming)
    try:
        return interview.plan(), None
    except LauncherError as error:
        return None, error


def _confirming(question: Question, facts: Facts, preset: str | None, problem: AnswerError | None) -> str:
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


def _notes(plan: Plan | None, settled: tuple[Settled, ...]) -> tuple[Sentence, ...]:
    if plan and plan.role is Role.SEND:
        return (start_condition(plan),)
    role_open = any(item.key == "umode" and item.answer is None for item in settled)
    return (say("If RECEIVER is chosen, the overwrite of the disk is confirmed on a screen."),) if role_open else ()


def explain_parameters(
    line: CommandLine, machine: Machine | None, source: Sentence | str = LINE
) -> tuple[tuple[Explained, ...], tuple[Sentence, ...], tuple[Sentence, ...]]:
    """Every parameter of `line` with its status, then warnings, then errors.

    Without a machine, devices are not looked for: only the form of a selector is checked.
    """
    warnings, errors = [sentence_of(warning) for warning in line.warnings], []
    explained = []
    role = _role(line)
    last = {parameter.key: index for index, parameter in enumerate(line) if not parameter.init}
    for index, parameter in enumerate(line):
        use, meaning, problem = _use(parameter, machine, role)
        if use is Use.USED and last.get(parameter.key) != index:
            overridden = say(
                "{parameter} is overridden by a later {name}=.", parameter=_written(parameter), name=parameter.name
            )
            warnings.append(overridden)
            meaning = f"overridden by a later one; {meaning}"
        if problem:
            errors.append(problem)
        explained.append(Explained(parameter.name, parameter.value, use.value, str(source), meaning))
    errors += _too_many(line)
    return tuple(explained), tuple(warnings), tuple(errors)


def doubtful(explained: Iterable[Explained]) -> bool:
    """Whether something in the line is wrong that no question will ask again: the operator must see it on a screen."""
    return any(
        item.status == Use.MISSPELT.value or (item.status == Use.INVALID.value and not _asks_again(item.name))
        for item in explained
    )


def _asks_again(name: str) -> bool:
    row = row_of(name)
    return row is not None and row.title is not None


def _too_many(line: CommandLine) -> list[Sentence]:
    """A line at which the kernel itself stops: it hands unknown ``name=value`` to PID 1, and panics when there are
    too many (``unknown_bootoption`` in init/main.c; 31 beside HOME and TERM, measured with 6.1)."""
    others = set(OTHERS.lower().split())
    unknown = {parameter.key for parameter in line if parameter.value is not None and not parameter.init}
    count = len([key for key in unknown - others if "." not in key])
    if count <= ENVIRONMENT_LIMIT:
        return []
    too_many = "{count} parameters are unknown to the kernel, which panics at more than {limit}. Remove some."
    return [say(too_many, count=count, limit=ENVIRONMENT_LIMIT)]


def _written(parameter: Parameter) -> str:
    return parameter.name if parameter.value is None else f"{parameter.name}={parameter.value}"


def _use(parameter: Parameter, machine: Machine | None, role: Role | None) -> tuple[Use, str, Sentence | None]:
    """Status, meaning and error of one parameter."""
    row = row_of(parameter.name)
    if parameter.init:
        return Use.FOREIGN, "behind --, for the init program", None
    if row is None:
        meant = suggestion(parameter.name)
        if meant is None:
            return Use.FOREIGN, "unknown here; left to the kernel and others", None
        error = say("{parameter}: unknown; did you mean {meant}?", parameter=_written(parameter), meant=meant)
        return Use.MISSPELT, f"did you mean {meant}?", error
    if row.use is Use.FOREIGN:
        return Use.FOREIGN, row.meaning, None
    if parameter.value is None:
        if row.bare:
            return Use.FOREIGN, row.bare, None
        return (
            Use.INVALID,
            row.meaning,
            say("{name} has no value. Expected {name}={values}.", name=parameter.name, values=row.values),
        )
    problem = problem_with(row, parameter.value, machine, role)
    return (Use.INVALID if problem else Use.USED), row.meaning, problem


def _role(line: CommandLine) -> Role | None:
    """The role that `line` gives, as far as it is one."""
    given = line.last("umode")
    return ROLES.get((given.value or "").strip().lower()) if given else None


def problem_with(row: Row, text: str, machine: Machine | None, role: Role | None = None) -> Sentence | None:
    """The sentence that says why `text` cannot be the value of `row`, or None."""
    if row.stands_for_another(text):
        return None
    try:
        row.parse(text, Facts(machine or Machine(), settled={"umode": role}))
    except DeviceMissing as missing:
        return whole(missing) if machine else None
    except AnswerError as error:
        return whole(error)
    return None


def check(append: str) -> tuple[list[str], list[str]]:
    """Errors and warnings of an append line, whatever the machine: what ``pxe`` holds every line against."""
    try:
        line = parse(append)
    except CommandLineError as error:
        return [str(error)], []
    _, warnings, errors = explain_parameters(line, None)
    auto = line.last("auto")
    if auto and YES_NO.get((auto.value or "").strip().lower()) and line.last("umode") is None:
        errors = (*errors, Sentence("{sentence} {hint}", (("sentence", ROLE_IS_OPEN), ("hint", ADD_ROLE))))
    return list(map(str, errors)), list(map(str, warnings))


def to_json(explanation: Explanation) -> str:
    """The explanation as JSON text: the fields of `Explanation`, answers by key, the plan as its `record`."""
    data = {
        "parameters": [dataclasses.asdict(parameter) for parameter in explanation.parameters],
        "answers": {key: {"value": text, "source": source} for key, text, source in explanation.answers},
        "questions": list(explanation.questions),
        "plan": explanation.plan.record() if explanation.plan else None,
        "argv": [list(stage) for stage in explanation.argv],
        "warnings": list(map(str, explanation.warnings)),
        "errors": list(map(str, explanation.errors)),
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


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
        lines += [f"  {key:<12} {value}" for key, value in explanation.plan.record().items()]
        lines += ["", "Processes, in the order of the data:"]
        lines += [f"  {words}" for words in map(_pasteable, explanation.argv)]
    for title, sentences in (("Warnings", explanation.warnings), ("Errors", explanation.errors)):
        if sentences:
            lines += ["", f"{title}:", *(f"  {sentence}" for sentence in sentences)]
    return "\n".join(lines) + "\n"


def _pasteable(stage: tuple[str, ...]) -> str:
    import shlex  # noqa: PLC0415 - only here, and importing costs time in the initrd

    return shlex.join(stage)
