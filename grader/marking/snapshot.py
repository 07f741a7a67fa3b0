"""What a grade was made of at one time, small enough to be kept beside every export.

`grader.marking.changes` compares two of them, and has the earlier one kept.
"""

import json
from dataclasses import dataclass

import cattrs

from grader.answers.marks import total_points
from grader.results.plain_text import number, shortened
from grader.results.shares import Share, shares
from grader.results.student_view import is_hidden_check
from grader.results.verdict import Adjusted, CheckResult, Status, SubmissionResult, TaskResult
from grader.results.verdict_words import automatic_mark, explanation_of, title_of

_MOST_LETTERS = 600  # of an explanation


@dataclass(frozen=True, slots=True)
class Mark:
    """Hold what one check, or one task that a person marked as a whole, gave; `said` is its explanation.

    `by` says what decided: `check`, `override` or `adjust`.
    """

    title: str
    task: str
    points: float
    words: str
    said: str
    by: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class GradeSnapshot:
    """Hold a grade with all that it is made of; `content` is the digest of what was handed in.

    `total` is the sum of checks and answers, None while an answer waits; `answers` are points and comments as text,
    `keeps` the percent of the points that lateness leaves.
    """

    content: str
    points: float
    max_points: float
    total: float | None
    tasks: dict[str, float]
    marks: dict[str, Mark]
    answers: dict[str, str]
    keeps: float = 100.0


def snapshot_of(result: SubmissionResult) -> GradeSnapshot | None:
    """Return what a result is made of, None where its points are not final."""
    if result.status is not Status.GRADED:
        return None
    marks: dict[str, Mark] = {}
    for task in result.tasks:
        marks |= {check.name: _mark(check, share, task) for check, share in zip(task.checks, shares(task), strict=True)}
        if task.override is not None:
            words = f"{number(task.points)} of {number(task.max_points)} points"
            marks[task.name] = Mark(
                title_of(task), task.name, task.points, words, task.override.reason, "override", False
            )
    return GradeSnapshot(
        content=result.origin.content,
        points=result.points,
        max_points=result.max_points,
        total=total_points(result),
        tasks={task.name: task.points for task in result.tasks},
        marks=marks,
        answers={answer.name: f"{answer.given} {answer.comment}" for answer in result.answers},
        keeps=100.0 if result.lateness is None else result.lateness.keeps,
    )


def _mark(check: CheckResult, share: Share, task: TaskResult) -> Mark:
    by = "override" if check.override is not None else "adjust" if check.adjusted is not Adjusted.NO else "check"
    said = check.override.reason if check.override is not None else check.reason or explanation_of(check)
    word = "marked by hand" if check.override is not None else automatic_mark(check).word
    return Mark(
        title=check.title or check.name,
        task=task.name,
        points=round(share.points, 4),
        words=f"{word}, {number(share.points)} of {number(share.max_points)} points",
        said=shortened(said, _MOST_LETTERS),
        by=by,
        hidden=is_hidden_check(check, task),
    )


def pack_snapshot(snapshot: GradeSnapshot) -> str:
    """Return a snapshot as one line of JSON."""
    return json.dumps(cattrs.unstructure(snapshot), separators=(",", ":"))


def unpack_snapshot(text: str) -> GradeSnapshot | None:
    """Return the snapshot that `pack_snapshot` wrote, None where the text is not one, as of another version."""
    try:
        return cattrs.structure(json.loads(text), GradeSnapshot)
    except (ValueError, TypeError, cattrs.BaseValidationError):
        return None
