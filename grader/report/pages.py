"""Computes what a scorecard shows, as data: bounded, worded, ready to print.

`grader.report.html` hands it to the templates, which escape it; one task's part is in `grader.report.task_view`,
what to mend first in `grader.report.cause_view`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from grader.report.anchors import Linked, check_anchor, task_anchor
from grader.report.cause_view import CauseView, cause_views
from grader.report.causes import causes_of, root_of
from grader.report.cost_view import cost_words
from grader.report.evidence_view import EvidenceView, SourceOf, evidence_view, in_page, measured_words
from grader.report.page_budget import PageBudget
from grader.report.task_view import TaskView, bar_width, task_view
from grader.results.earned import earned_points, points_cell
from grader.results.lateness import Attempt
from grader.results.notes import told_notes
from grader.results.plain_text import number, shortened
from grader.results.results_file import RunInfo
from grader.results.verdict import Answer, CheckResult, Status, SubmissionResult, Verdict
from grader.results.verdict_words import VerdictMark, mark_of

_BUDGET = PageBudget()
_CAUSES_SHOWN = 6
_NO_PICTURES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class AnswerView:
    """Show one text answer; `points` is what a person may give for it, or empty if the course doesn't say.

    `given` is what a person gave, empty while nobody has; `comment` is what they remarked. `shown` is what runs have
    left, for the instructor.
    """

    title: str
    text: str
    points: str
    note: str
    given: str
    comment: str
    shown: EvidenceView | None


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Show one submission.

    `mend` is what to mend first, the dearest cause first. `flags`, `attempts` and `cost` are for the instructor;
    `is_for_student` says that what hidden checks found is left out.
    """

    submission: str
    points: str
    max_points: str
    percent: str
    bar: float
    status: Status
    failed_checks: int
    open_points: str
    pending: tuple[str, ...]
    counts: tuple[tuple[VerdictMark, int], ...]
    tasks: tuple[TaskView, ...]
    failing: int
    mend: tuple[CauseView, ...]
    mend_left_out: int
    notes: tuple[str, ...]
    flags: tuple[str, ...]
    attempts: tuple[Attempt, ...]
    answers: tuple[AnswerView, ...]
    answers_title: str
    answers_summary: str
    seconds: str
    cost: str
    hidden_checks: int
    is_for_student: bool
    run: RunInfo
    wall: str


def scorecard_of(
    result: SubmissionResult,
    *,
    run: RunInfo,
    budget: PageBudget = _BUDGET,
    is_for_student: bool = False,
    pictures: Mapping[str, str] = _NO_PICTURES,
) -> Scorecard:
    """Return the page of one submission; the caller has taken out what a student must not read.

    `pictures` are those that it shows, in base64, by their digests.
    """
    checks = [check for task in result.tasks for check in task.checks if not check.advice]
    earned, causes, blocked = earned_points(result), causes_of(result), _blocked(result)
    return Scorecard(
        submission=result.submission,
        points=points_cell(earned) or "–",
        max_points=number(result.max_points),
        percent="–" if earned is None else number(result.percent),
        bar=bar_width(result.percent),
        status=result.status,
        failed_checks=sum(check.verdict is Verdict.NOT_GRADED and check.is_unjudged for check in checks),
        open_points=number(result.unjudged) if result.unjudged else "",
        pending=tuple(shortened(name, budget.line) for name in result.pending),
        counts=_counts(checks),
        tasks=tuple(
            task_view(task, anchor=task_anchor(i), blocked=blocked, budget=budget)
            for i, task in enumerate(result.tasks)
        ),
        failing=sum(check.verdict is not Verdict.PASSED for check in checks),
        mend=cause_views(result, causes[:_CAUSES_SHOWN], budget=budget),
        mend_left_out=max(0, len(causes) - _CAUSES_SHOWN),
        notes=tuple(shortened(note, budget.message) for note in told_notes(result.notes)),
        flags=tuple(shortened(flag, budget.message) for flag in result.flags),
        attempts=result.lateness.attempts if result.lateness is not None and not is_for_student else (),
        answers=tuple(
            _answer(answer, budget, in_page(pictures), () if is_for_student else measured_words(result, answer.tasks))
            for answer in result.answers
        ),
        answers_title="Text answers and runs" if any(answer.is_run for answer in result.answers) else "Text answers",
        answers_summary=_answers_summary(result.answers),
        seconds=f"{result.seconds:.1f} s" if result.seconds else "",
        cost="" if is_for_student else cost_words(result),
        hidden_checks=sum(check.hidden or task.hidden for task in result.tasks for check in task.checks),
        is_for_student=is_for_student,
        run=run,
        wall=result.wall or run.wall,
    )


def _answer(answer: Answer, budget: PageBudget, source: SourceOf, measured: tuple[str, ...]) -> AnswerView:
    return AnswerView(
        title=shortened(answer.title, budget.line),
        text=shortened(answer.text, budget.output),
        points=f"of {number(answer.points)} points" if answer.points else "",
        note=shortened(answer.note, budget.message),
        given="" if answer.given is None else number(answer.given),
        comment=shortened(answer.comment, budget.output),
        shown=evidence_view((answer,), source=source, longest=budget.output, measured=measured),
    )


def _answers_summary(answers: tuple[Answer, ...]) -> str:
    """Return what a person gave for the answers so far, and how many wait, or "" if there are none."""
    given = [answer for answer in answers if answer.given is not None]
    pending = len(answers) - len(given)
    points, possible = sum(answer.given or 0.0 for answer in given), sum(answer.points for answer in given)
    words = [f"{number(points)}{f' of {number(possible)}' if possible else ''} points"] if given else []
    words += [f"{pending} pending"] if pending else []
    return ", ".join(words)


def _counts(checks: list[CheckResult]) -> tuple[tuple[VerdictMark, int], ...]:
    verdicts = [check.verdict for check in checks]
    return tuple((mark_of(verdict), verdicts.count(verdict)) for verdict in Verdict if verdict in verdicts)


def _blocked(result: SubmissionResult) -> dict[str, Linked]:
    """Return what has to pass before a skipped check runs, by the skipped check's name."""
    checks = {check.name: check for task in result.tasks for check in task.checks}
    places = {
        check.name: Linked(check.title or check.name, check_anchor(task_anchor(i), k))
        for i, task in enumerate(result.tasks)
        for k, check in enumerate(task.checks)
    }
    roots = {name: root_of(name, checks) for name in checks}
    return {name: places[root] for name, root in roots.items() if root != name}
