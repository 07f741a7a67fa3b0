"""What an audit grades: the reference, the template, each mistake and each variant, as submissions of their own.

`grader.authoring.audit` has them graded by `grader.runs.local_processes` and hands the results to
`grader.authoring.audit_rules`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from grader.authoring.mistakes import Mistake, Variant, explain_edit, explain_overlay, make_mistake
from grader.authoring.template import plan_template
from grader.courses.assignment import Assignment, tasks_below
from grader.courses.checks import Check
from grader.errors import SandboxError
from grader.grading.job import Job, Order
from grader.results.verdict import CheckResult, Status, SubmissionResult
from grader.runs.asked_again import ask_again
from grader.runs.executor import FinishedJob
from grader.runs.local_processes import LocalProcesses
from grader.submissions.submission import Found, read_reference

REFERENCE = "reference"
TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class Trial:
    """Hold one thing to grade: the subject it belongs to, its files, and the only checks to run on it.

    A subject with long tasks is graded in several parts, so that they can run side by side.
    """

    subject: str
    part: str
    files: Mapping[str, bytes]
    checks: tuple[str, ...]


@dataclass(slots=True)
class Outcome:
    """Hold what came out of one subject's trials: its checks' results by name, or why it could not be read.

    `lost` are the points that tasks did not give of which all checks were tried.
    """

    results: dict[str, CheckResult] = field(default_factory=dict)
    problem: str = ""
    lost: float = 0.0


@dataclass(frozen=True, slots=True)
class AuditedAssignment:
    """Hold what all trials of an assignment share: its files and the checks that are to run."""

    assignment: Assignment
    reference: Mapping[str, bytes]
    checks: Mapping[str, Check]

    @property
    def long_tasks(self) -> tuple[str, ...]:
        """Return the names of the tasks whose checks take long."""
        return tuple(task.name for task in self.assignment.tasks if task.long)


def read_audited(assignment: Assignment, checks: Mapping[str, Check]) -> AuditedAssignment:
    """Read the reference and return what all trials share."""
    assert assignment.reference is not None, "a course has a reference"
    return AuditedAssignment(assignment, read_reference(assignment.reference), checks)


def try_reference(audited: AuditedAssignment) -> list[Trial]:
    """Return the trials of the reference: all checks."""
    return _in_parts(REFERENCE, audited.reference, audited)


def try_template(audited: AuditedAssignment) -> list[Trial]:
    """Return the trial of the students' kit as it would be generated now."""
    return [Trial(TEMPLATE, "all", plan_template(audited.assignment), tuple(audited.checks))]


def try_variant(variant: Variant, audited: AuditedAssignment) -> list[Trial]:
    """Return the trials of a variant; none if its files can't be used."""
    if explain_overlay(variant, audited.reference, editable=audited.assignment.handed_in.editable):
        return []
    return _in_parts(named(variant), {**audited.reference, **variant.files}, audited)


def try_mistake(mistake: Mistake, audited: AuditedAssignment, *, widely: bool = False) -> list[Trial]:
    """Return the trial of a mistake: only its check, or all that its price is measured on where it has one.

    That is its task, with the short ones that this builds on and that build on it; `widely` adds all short ones. There
    is no trial if the check is unknown or the edit can't be made.
    """
    unusable = explain_edit(mistake, audited.reference, editable=audited.assignment.handed_in.editable)
    if unusable or mistake.check not in audited.checks:
        return []
    names = [mistake.check]
    if mistake.costs is not None:
        tasks = _priced_tasks(audited.checks[mistake.check].task, audited, widely=widely)
        names += [name for name, check in audited.checks.items() if check.task in tasks]
    return [Trial(named(mistake), "", make_mistake(mistake, audited.reference), tuple(dict.fromkeys(names)))]


def _priced_tasks(own: str, audited: AuditedAssignment, *, widely: bool) -> frozenset[str]:
    tasks = audited.assignment.tasks
    below = {task.name: {one.name for one in tasks_below(task, tasks)} for task in tasks}
    near = {name for name in below if widely or own in below[name] or name in below[own]}
    return frozenset({own} | (near - {*audited.long_tasks}))


def named(subject: Mistake | Variant) -> str:
    """Return what a mistake or variant is called among the subjects of an audit."""
    return f"{'mistake' if isinstance(subject, Mistake) else 'variant'} {subject.name}"


def _in_parts(subject: str, files: Mapping[str, bytes], audited: AuditedAssignment) -> list[Trial]:
    """Return one trial of all short tasks and one for each long task."""
    parts: dict[str, list[str]] = {}
    for check in audited.checks.values():
        parts.setdefault(check.task if check.task in audited.long_tasks else "", []).append(check.name)
    longest_first = sorted(parts.items(), reverse=True)
    return [Trial(subject, part, files, tuple(names)) for part, names in longest_first]


@dataclass(frozen=True, slots=True)
class TrialSettings:
    """Say where trials are graded: the course, a scratch folder, and how many processes (None: one per core).

    With `apart` each probe has a process of its own, and checks run in the opposite order.
    """

    course: Path
    scratch: Path
    jobs: int | None = None
    apart: bool = False


def grade_trials(
    trials: Sequence[Trial],
    audited: AuditedAssignment,
    *,
    settings: TrialSettings,
    advance: Callable[[str], None],
    keep_outcome: Callable[[str, Outcome], None] = lambda _subject, _outcome: None,
) -> dict[str, Outcome]:
    """Grade all trials in parallel and return the outcomes by subject; `advance` hears of each trial as it ends.

    `keep_outcome` gets the outcome so far with it. A trial that ran out of time beside others is graded again when all
    are done, alone. Raises SandboxError if the grader itself failed on one.
    """
    outcomes = {trial.subject: Outcome() for trial in trials}
    by_name = {str(at): trial for at, trial in enumerate(trials)}

    crowded: list[Job] = []

    def keep(finished: FinishedJob) -> None:
        if ask_again(finished.job, finished.result) is not None:
            crowded.append(replace(finished.job, patient=True))
            return
        trial = by_name[finished.result.submission]
        _put_together(finished.result, outcomes[trial.subject], trial, audited.checks)
        keep_outcome(trial.subject, outcomes[trial.subject])
        advance(trial.subject)

    order = Order(settings.course, audited.assignment, wall="process", apart=settings.apart)
    jobs = [
        Job(_lay_out(trial.files, settings.scratch / name), checks=tuple(trial.checks))
        for name, trial in by_name.items()
    ]
    if jobs:
        LocalProcesses(settings.jobs).grade(order, jobs, report=keep)
    if again := tuple(crowded):
        LocalProcesses(settings.jobs).grade(order, again, report=keep, alone=True)
    return outcomes


def _lay_out(files: Mapping[str, bytes], folder: Path) -> Found:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return Found(folder.name, folder)


def _put_together(result: SubmissionResult, outcome: Outcome, trial: Trial, checks: Mapping[str, Check]) -> None:
    """Add the result of one trial to the outcome of its subject."""
    found = [check for task in result.tasks for check in task.checks]
    if result.status is Status.NOT_GRADED and not found:
        raise SandboxError(f"The {trial.subject} could not be graded: {result.notes[0]}", remedy="Try `grader doctor`.")
    if result.status is Status.UNREADABLE:
        outcome.problem = result.notes[0]
    outcome.results |= {check.name: check for check in found}
    partial = {check.task for name, check in checks.items() if name not in trial.checks}
    whole = [task for task in result.tasks if task.name not in partial]
    outcome.lost += sum(max(0.0, task.max_points - task.points - task.unjudged) for task in whole)
