"""Computes what a scorecard shows, as data: bounded, worded, ready to print.

`grader.report.html` hands it to the templates, which escape it; the class page is in `class_page`.
"""

from dataclasses import dataclass

from grader.plain_text import number, shortened
from grader.report.marks import Mark, explanation_of, mark_of
from grader.results_file import RunInfo
from grader.shares import Share, shares
from grader.verdict import Answer, CheckResult, Feedback, Frame, Item, Status, SubmissionResult, TaskResult, Verdict

_OUTPUT_LIMIT = 20_000  # characters of captured output or of an answer
_MESSAGE_LIMIT = 4_000
_LINE_LIMIT = 400  # a line of source, a cell
_FRAMES_SHOWN = 3, 12  # outermost and innermost frames; a runaway recursion has a thousand


@dataclass(frozen=True, slots=True)
class ItemView:
    """Show one failing value; `message` is empty where the explanation above already says it."""

    name: str
    rung: str
    place: str
    actual: str
    expected: str
    message: str


@dataclass(frozen=True, slots=True)
class CheckView:
    """Show one check; `is_loud` where the grader failed, `note` says why a check doesn't count."""

    mark: Mark
    title: str
    points: str
    hidden: bool
    is_loud: bool
    note: str
    explanation: str
    hint: str
    items: tuple[ItemView, ...]
    frames: tuple[Frame, ...]
    frames_left_out: int
    inner_frames: tuple[Frame, ...]
    output: str
    seconds: str
    has_details: bool
    is_open: bool


@dataclass(frozen=True, slots=True)
class TaskView:
    """Show one task; `reproduce` is a command, empty where a student couldn't run it or has no need to."""

    anchor: str
    title: str
    points: str
    max_points: str
    percent: float
    hidden: bool
    summary: str
    reproduce: str
    checks: tuple[CheckView, ...]


@dataclass(frozen=True, slots=True)
class AnswerView:
    """Show one text answer; `points` is what a person may give for it, empty where the course doesn't say."""

    title: str
    text: str
    points: str
    note: str


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Show one submission."""

    submission: str
    points: str
    max_points: str
    percent: str
    bar: float
    status: Status
    failed_checks: int
    counts: tuple[tuple[Mark, int], ...]
    tasks: tuple[TaskView, ...]
    notes: tuple[str, ...]
    answers: tuple[AnswerView, ...]
    run: RunInfo
    wall: str


def scorecard_of(result: SubmissionResult, *, run: RunInfo) -> Scorecard:
    """Return the page of one submission."""
    checks = [check for task in result.tasks for check in task.checks]
    return Scorecard(
        submission=result.submission,
        points=number(result.points),
        max_points=number(result.max_points),
        percent=number(result.percent),
        bar=bar_width(result.percent),
        status=result.status,
        failed_checks=sum(check.verdict is Verdict.NOT_GRADED for check in checks),
        counts=_counts(checks),
        tasks=tuple(_task(task, anchor=task_anchor(i)) for i, task in enumerate(result.tasks)),
        notes=tuple(shortened(note, _MESSAGE_LIMIT) for note in result.notes),
        answers=tuple(map(_answer, result.answers)),
        run=run,
        wall=result.wall or run.wall,
    )


def _answer(answer: Answer) -> AnswerView:
    return AnswerView(
        title=shortened(answer.title, _LINE_LIMIT),
        text=shortened(answer.text, _OUTPUT_LIMIT),
        points=f"of {number(answer.points)} points" if answer.points else "",
        note=shortened(answer.note, _MESSAGE_LIMIT),
    )


def task_anchor(position: int) -> str:
    """Return the anchor of the task at `position` (from 0) of a submission's tasks."""
    return f"task-{position + 1}"


def bar_width(percent: float) -> float:
    """Return `percent` within 0 and 100, with one decimal."""
    return round(min(max(percent, 0.0), 100.0), 1)


def _counts(checks: list[CheckResult]) -> tuple[tuple[Mark, int], ...]:
    verdicts = [check.verdict for check in checks]
    return tuple((mark_of(verdict), verdicts.count(verdict)) for verdict in Verdict if verdict in verdicts)


def _task(task: TaskResult, *, anchor: str) -> TaskView:
    passed = sum(check.verdict is Verdict.PASSED for check in task.checks)
    can_reproduce = any(not check.hidden and check.verdict is not Verdict.PASSED for check in task.checks)
    return TaskView(
        anchor=anchor,
        title=task.title or task.name,
        points=number(task.points),
        max_points=number(task.max_points),
        percent=bar_width(100 * task.points / task.max_points) if task.max_points else 0.0,
        hidden=task.hidden,
        summary=f"{passed} of {len(task.checks)} {'check' if len(task.checks) == 1 else 'checks'} passed",
        reproduce=f"grader check --task {task.name}" if can_reproduce and not task.hidden else "",
        checks=tuple(_check(check, share=share) for check, share in zip(task.checks, shares(task), strict=True)),
    )


def _check(check: CheckResult, *, share: Share) -> CheckView:
    feedback, is_passed = check.feedback, check.verdict is Verdict.PASSED
    frames, frames_left_out, inner_frames = _frames(feedback)
    is_loud = check.verdict is Verdict.NOT_GRADED
    explanation = shortened(explanation_of(check), _MESSAGE_LIMIT)
    hint = "" if is_passed else shortened(feedback.hint, _MESSAGE_LIMIT)
    return CheckView(
        mark=mark_of(check.verdict),
        title=check.title or check.name,
        points=f"{number(share.points)} / {number(share.max_points)}" if check.counted else "not counted",
        hidden=check.hidden,
        is_loud=is_loud,
        note="" if check.counted or is_loud else "This check doesn't count here: it costs no points.",
        explanation=explanation,
        hint=hint,
        items=tuple(_item(item, feedback.message) for item in feedback.items),
        frames=frames,
        frames_left_out=frames_left_out,
        inner_frames=inner_frames,
        output=shortened(feedback.output, _OUTPUT_LIMIT),
        seconds=f"{check.seconds:.1f} s" if check.seconds >= 0.05 else "",
        has_details=bool(explanation or hint or feedback.items or frames or feedback.output or is_loud),
        is_open=not is_passed,
    )


def _item(item: Item, explanation: str) -> ItemView:
    return ItemView(
        name=shortened(item.name, _LINE_LIMIT),
        rung=item.rung,
        place=_place(item.index),
        actual=shortened(item.actual, _LINE_LIMIT),
        expected=shortened(item.expected, _LINE_LIMIT),
        message="" if item.message in explanation else shortened(item.message, _MESSAGE_LIMIT),
    )


def _place(index: tuple[int, ...] | None) -> str:
    if index is None:
        return "–"
    return f"[{', '.join(map(str, index))}]" if index else "the value itself"


def _frames(feedback: Feedback) -> tuple[tuple[Frame, ...], int, tuple[Frame, ...]]:
    """Return the outer frames, how many are left out, and the inner frames."""
    outer, inner = _FRAMES_SHOWN
    frames = tuple(
        Frame(
            frame.file,
            frame.line,
            shortened(frame.function, _LINE_LIMIT),
            shortened(frame.source, _LINE_LIMIT),
        )
        for frame in feedback.traceback
    )
    left_out = len(frames) - outer - inner
    return (frames, 0, ()) if left_out <= 0 else (frames[:outer], left_out, frames[-inner:])
