"""Computes what the class page shows, as data: distribution, tasks, submissions and frequent explanations.

`grader.report.html` hands it to the template; the figures of one submission are in `pages`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from grader.plain_text import number
from grader.report.explanations import Explanation, common_explanations
from grader.report.flags import Flagged, flagged
from grader.report.marks import status_word
from grader.report.pages import bar_width, task_anchor
from grader.results_file import RunInfo
from grader.verdict import Status, SubmissionResult, TaskResult

_BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Count the submissions with `label` percent; `height` is in percent of the highest bin."""

    label: str
    count: int
    height: float


@dataclass(frozen=True, slots=True)
class TaskRow:
    """Show how a task went over all submissions that have a result for it."""

    title: str
    hidden: bool
    max_points: str
    mean: str
    percent: str
    bar: float
    full: int
    count: int


@dataclass(frozen=True, slots=True)
class Cell:
    """Show one task of one submission; `tone` is `full`, `part` or `none`, or `absent` without a result."""

    points: str
    anchor: str
    tone: str


@dataclass(frozen=True, slots=True)
class SubmissionRow:
    """Show one submission in the big table."""

    submission: str
    file: str
    points: str
    max_points: str
    percent: str
    status: str
    is_provisional: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class ClassPage:
    """Show a whole run; mean, median and bins leave unreadable submissions out."""

    run: RunInfo
    count: int
    unreadable: int
    not_graded: int
    mean: str
    median: str
    bins: tuple[Bin, ...]
    tasks: tuple[TaskRow, ...]
    rows: tuple[SubmissionRow, ...]
    explanations: tuple[Explanation, ...]
    flagged: tuple[Flagged, ...]


def class_page_of(run: RunInfo, *, results: Sequence[SubmissionResult], files: Mapping[str, str]) -> ClassPage:
    """Return the class page; `files` maps a submission to the file name of its scorecard."""
    readable = [result for result in results if result.status is not Status.UNREADABLE]
    percents = [result.percent for result in readable]
    tasks = _tasks_by_name(results)
    return ClassPage(
        run=run,
        count=len(results),
        unreadable=len(results) - len(readable),
        not_graded=sum(result.status is Status.NOT_GRADED for result in results),
        mean=number(fmean(percents)) if percents else "–",
        median=number(median(percents)) if percents else "–",
        bins=_bins(percents),
        tasks=tuple(_task_row(found) for found in tasks.values()),
        rows=tuple(_row(result, tasks=tuple(tasks), file=files[result.submission]) for result in results),
        explanations=common_explanations(results, files=files),
        flagged=flagged(results, files=files),
    )


def _tasks_by_name(results: Sequence[SubmissionResult]) -> dict[str, list[TaskResult]]:
    """Return every task's results, in the order in which the submissions list them."""
    tasks: dict[str, list[TaskResult]] = {}
    for result in sorted(results, key=lambda result: -len(result.tasks)):
        for task in result.tasks:
            tasks.setdefault(task.name, []).append(task)
    return tasks


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


def _task_row(found: Sequence[TaskResult]) -> TaskRow:
    earned, possible = sum(task.points for task in found), sum(task.max_points for task in found)
    percent = 100 * earned / possible if possible else 0.0
    return TaskRow(
        title=found[0].title or found[0].name,
        hidden=found[0].hidden,
        max_points=number(max(task.max_points for task in found)),
        mean=number(earned / len(found)),
        percent=number(percent),
        bar=bar_width(percent),
        full=sum(_tone(task) == "full" for task in found),
        count=len(found),
    )


def _row(result: SubmissionResult, *, tasks: Sequence[str], file: str) -> SubmissionRow:
    cells = {
        task.name: Cell(points=number(task.points), anchor=task_anchor(i), tone=_tone(task))
        for i, task in enumerate(result.tasks)
    }
    return SubmissionRow(
        submission=result.submission,
        file=file,
        points=number(result.points),
        max_points=number(result.max_points),
        percent=number(result.percent),
        status=status_word(result.status),
        is_provisional=result.status is not Status.GRADED,
        cells=tuple(cells.get(task, Cell(points="–", anchor="", tone="absent")) for task in tasks),
    )


def _tone(task: TaskResult) -> str:
    if task.max_points == 0:
        return "absent"
    if task.points >= task.max_points - 1e-9:
        return "full"
    return "part" if task.points > 0 else "none"
