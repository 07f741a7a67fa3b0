"""Computes what the class page shows, as data: distribution, tasks, submissions and frequent explanations.

`grader.report.html` hands it to the template; the tasks' figures are in `task_rows`, doubts about checks
in `doubts`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from grader.report.anchors import Linked, task_anchor
from grader.report.cause_view import place_of
from grader.report.causes import causes_of
from grader.report.cost_view import waiting_words
from grader.report.course_faults import CourseFault, course_faults
from grader.report.doubts import ENOUGH, Doubts, doubts_of
from grader.report.explanations import Explanation, common_explanations
from grader.report.flags import Flagged, flagged
from grader.report.task_rows import TaskRow, task_rows, tone_of
from grader.report.task_view import bar_width
from grader.results.cost import cost_of
from grader.results.earned import earned_points, is_ungraded, points_cell
from grader.results.plain_text import number
from grader.results.results_file import RunInfo
from grader.results.verdict import Status, SubmissionResult
from grader.results.verdict_words import VerdictMark, status_word

_BINS = 10
_SLOWEST_SHOWN = 8
_FLAGGED_SHOWN = 100
_PROBLEM_LIMIT = 80  # characters of a check's title in the table
_LINKED_ROWS = 300  # beyond that a link in every cell makes the table slow to open
_SLOW_S = 1.0  # what takes less isn't worth a look


@dataclass(frozen=True, slots=True)
class Bin:
    """Count the submissions with `label` percent; `height` is in percent of the highest bin."""

    label: str
    count: int
    height: float


@dataclass(frozen=True, slots=True)
class TaskCell:
    """Show one task of one submission; `tone` is `full`, `part` or `none`, or `absent` without a result."""

    points: str
    anchor: str
    tone: str


@dataclass(frozen=True, slots=True)
class SubmissionRow:
    """Show one submission in the big table; `seconds` is how long it took, or empty if nobody measured.

    `problem` is the check that tells what cost it most, None where nothing did, and `problem_cost` its points.
    """

    submission: str
    file: str
    points: str
    max_points: str
    percent: str
    status: str
    is_provisional: bool
    seconds: str
    problem: Linked | None
    problem_cost: str
    cells: tuple[TaskCell, ...]


@dataclass(frozen=True, slots=True)
class Slow:
    """Name a submission whose code took long; `bar` is in percent of the slowest, `remark` says if it mostly slept."""

    submission: str
    file: str
    seconds: str
    bar: float
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Unclear:
    """Name a submission that a person has to look at before it can be graded, and what its notes say."""

    submission: str
    file: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClassPage:
    """Show a whole run; mean, median and bins leave out what was not graded: unreadable, unclear or gone.

    From `enough` submissions on the doubts have statistics.
    """

    run: RunInfo
    count: int
    unreadable: int
    unclear: tuple[Unclear, ...]
    gone: tuple[Unclear, ...]
    not_graded: int
    faults: tuple[CourseFault, ...]
    mean: str
    median: str
    bins: tuple[Bin, ...]
    tasks: tuple[TaskRow, ...]
    rows: tuple[SubmissionRow, ...]
    has_linked_cells: bool
    doubts: Doubts
    enough: int
    explanations: tuple[Explanation, ...]
    flag_counts: tuple[tuple[VerdictMark, int], ...]
    flagged: tuple[Flagged, ...]
    flagged_count: int
    slowest: tuple[Slow, ...]


def class_page_of(run: RunInfo, *, results: Sequence[SubmissionResult], files: Mapping[str, str]) -> ClassPage:
    """Return the class page; `files` maps a submission to the file name of its scorecard."""
    readable = [result for result in results if not is_ungraded(result)]
    percents = [result.percent for result in readable]
    tasks = task_rows(readable)
    flags = flagged(results, files=files)
    return ClassPage(
        run=run,
        count=len(results),
        unreadable=sum(result.status is Status.UNREADABLE for result in results),
        unclear=tuple(_unclear(result, files) for result in results if result.status is Status.UNCLEAR),
        gone=tuple(_unclear(result, files) for result in results if result.status is Status.GONE),
        not_graded=sum(result.status is Status.NOT_GRADED for result in results),
        faults=course_faults(results, files=files),
        mean=number(fmean(percents)) if percents else "–",
        median=number(median(percents)) if percents else "–",
        bins=_bins(percents),
        tasks=tuple(tasks.values()),
        rows=tuple(_row(result, tasks=tuple(tasks), file=files[result.submission]) for result in results),
        has_linked_cells=len(results) <= _LINKED_ROWS,
        doubts=doubts_of(results, files=files),
        enough=ENOUGH,
        explanations=common_explanations(results, files=files),
        flag_counts=_flag_counts(flags),
        flagged=flags[:_FLAGGED_SHOWN],
        flagged_count=len(flags),
        slowest=_slowest(results, files=files),
    )


def _unclear(result: SubmissionResult, files: Mapping[str, str]) -> Unclear:
    return Unclear(result.submission, files[result.submission], result.notes)


def _flag_counts(flags: Sequence[Flagged]) -> tuple[tuple[VerdictMark, int], ...]:
    """Return, for each watched verdict, how many submissions have a check with it, most first."""
    return tuple(Counter(mark for flag in flags for mark, _ in flag.reasons).most_common())


def _slowest(results: Sequence[SubmissionResult], *, files: Mapping[str, str]) -> tuple[Slow, ...]:
    """Return those whose code computed or slept longest; by their whole time where nobody measured that."""
    costs = {result.submission: cost_of(result) for result in results}
    spent = {name: cost.cpu_s + cost.waited_s for name, cost in costs.items()}
    times = {result.submission: spent[result.submission] or result.seconds for result in results}
    ordered = sorted(results, key=lambda result: (-times[result.submission], result.submission))[:_SLOWEST_SHOWN]
    return tuple(
        Slow(
            submission=result.submission,
            file=files[result.submission],
            seconds=f"{times[result.submission]:.1f} s",
            bar=bar_width(100 * times[result.submission] / times[ordered[0].submission]),
            remark=waiting_words(costs[result.submission]),
        )
        for result in ordered
        if times[result.submission] >= _SLOW_S
    )


def _bins(percents: Sequence[float]) -> tuple[Bin, ...]:
    counts = [0] * _BINS
    for percent in percents:
        # 100 and beyond belong to the last bin; the nudge keeps 30.0 from landing below 30 by rounding.
        counts[min(max(int((percent + 1e-9) * _BINS / 100), 0), _BINS - 1)] += 1
    highest = max(counts) or 1
    width = 100 // _BINS
    return tuple(
        Bin(label=f"{i * width}–{(i + 1) * width}", count=count, height=round(100 * count / highest, 1))
        for i, count in enumerate(counts)
    )


def _status(result: SubmissionResult) -> str:
    """Say the status, and how late a submission is with what that costs."""
    late, word = result.lateness, status_word(result.status)
    attempts = f", {len(late.attempts)} attempts" if late is not None and late.attempts else ""
    if late is None or not late.late_s:
        return f"{word}{attempts}"
    price = f" (−{number(late.price)} points)" if late.price else ""
    return f"{word}, {late.late_s / 86_400:.1f} days late{price}{attempts}"


def _row(result: SubmissionResult, *, tasks: Sequence[str], file: str) -> SubmissionRow:
    cells = {
        task.name: TaskCell(points=number(task.points), anchor=task_anchor(i), tone=tone_of(task))
        for i, task in enumerate(result.tasks)
        if not is_ungraded(result)
    }
    earned = earned_points(result)
    causes = () if is_ungraded(result) else causes_of(result)
    return SubmissionRow(
        submission=result.submission,
        file=file,
        points=points_cell(earned) or "–",
        max_points=number(result.max_points),
        percent="–" if earned is None else number(result.percent),
        status=_status(result),
        is_provisional=result.status is not Status.GRADED,
        seconds=f"{result.seconds:.1f}" if result.seconds else "",
        problem=place_of(causes[0].head, limit=_PROBLEM_LIMIT) if causes else None,
        problem_cost=number(causes[0].lost) if causes else "",
        cells=tuple(cells.get(task, TaskCell(points="–", anchor="", tone="absent")) for task in tasks),
    )
