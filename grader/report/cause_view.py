"""Turns the causes of a submission's failures into what its scorecard opens with: the dearest in full, others a line.

`grader.report.pages` puts it on the scorecard; the causes come from `grader.report.causes`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from grader.report.anchors import Linked, check_anchor, task_anchor
from grader.report.causes import Cause, Failure
from grader.report.page_budget import PageBudget
from grader.results.plain_text import number, shortened
from grader.results.verdict import SubmissionResult
from grader.results.verdict_words import VerdictMark, explanation_of, mark_of

_FOLLOWERS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class CauseView:
    """Show one cause; `lost` are its points in words, `same` and `skipped` the checks that follow from it."""

    title: str
    anchor: str
    task: str
    mark: VerdictMark
    lost: str
    explanation: str
    hint: str
    same: tuple[Linked, ...]
    same_left_out: int
    skipped: tuple[Linked, ...]
    skipped_left_out: int


def cause_views(result: SubmissionResult, causes: Sequence[Cause], *, budget: PageBudget) -> tuple[CauseView, ...]:
    """Return how the causes of `result` are shown, in their order."""
    return tuple(_view(cause, result, budget) for cause in causes)


def points_in_words(points: float) -> str:
    """Return points with the word, in its right form."""
    return f"{number(points)} {'point' if number(points) == '1' else 'points'}"


def _view(cause: Cause, result: SubmissionResult, budget: PageBudget) -> CauseView:
    head, place = cause.head, place_of(cause.head, limit=budget.line)
    task = result.tasks[head.task]
    return CauseView(
        title=place.title,
        anchor=place.anchor,
        task=task.title or task.name,
        mark=mark_of(head.check.verdict),
        lost=points_in_words(cause.lost),
        explanation=shortened(explanation_of(head.check), budget.message),
        hint=shortened(head.check.feedback.hint, budget.message),
        same=_linked(cause.same, budget),
        same_left_out=max(0, len(cause.same) - _FOLLOWERS_SHOWN),
        skipped=_linked(cause.skipped, budget),
        skipped_left_out=max(0, len(cause.skipped) - _FOLLOWERS_SHOWN),
    )


def _linked(failures: Sequence[Failure], budget: PageBudget) -> tuple[Linked, ...]:
    shown = failures[:_FOLLOWERS_SHOWN]
    return tuple(place_of(failure, limit=budget.line) for failure in shown)


def place_of(failure: Failure, *, limit: int) -> Linked:
    """Return the title of a failed check, of at most `limit` characters, and its place on the scorecard."""
    title = shortened(failure.check.title or failure.check.name, limit)
    return Linked(title, check_anchor(task_anchor(failure.task), failure.order))
