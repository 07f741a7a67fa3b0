"""Decides which points may leave the grader: nobody gets fewer because the grader failed or an answer still waits.

Every exporter asks here; `grader.export.finished_run` tells whose points are withheld.

Why: docs/decisions.md#grades-that-are-not-final
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from grader.answers.marks import manual_sum
from grader.results.earned import earned_points
from grader.results.plain_text import number
from grader.results.verdict import Status, SubmissionResult

_WHY_UNGRADED = {
    Status.UNREADABLE: "it could not be read",
    Status.UNCLEAR: "it is unclear which of several things is meant",
    Status.GONE: "it is no longer among the submissions",
}


@dataclass(frozen=True, slots=True)
class FinalPoints:
    """Hold the points that are final, what could be earned, and why other submissions have none.

    `has_answers` says that the points given for text answers are in all of them. `chosen` are the submissions that the
    export is about, None for all.
    """

    possible: float
    points: Mapping[str, float]
    withheld: Mapping[str, str]
    has_answers: bool = False
    chosen: frozenset[str] | None = None

    def is_told(self, submission: str) -> bool:
        """Tell whether an export is about the submission."""
        return self.chosen is None or submission in self.chosen

    def only(self, chosen: frozenset[str]) -> "FinalPoints":
        """Return the final points of these alone; the cells of all others are empty, which an LMS leaves alone."""
        points = {name: value for name, value in self.points.items() if name in chosen}
        return replace(self, points=points, chosen=chosen)

    def cell(self, submission: str) -> str:
        """Return the points as text, or "" if they are withheld."""
        return number(self.points[submission]) if submission in self.points else ""


def final_points(
    results: Sequence[SubmissionResult],
    *,
    out_of: float | None = None,
    with_answers: bool = True,
    may_exceed: bool = True,
) -> FinalPoints:
    """Return the points of every submission that was graded as a whole, converted to `out_of` where it is given.

    A 0 is among them only where checks gave it: what could not be read, is unclear or gone has no points.

    Points are withheld where the grader failed, and where they are out of another sum than those of most submissions
    (checks were left out that the others had, or the other way round). Once a person has graded a text answer, answers
    count (unless `with_answers` is False): the points of a submission are withheld until all of its answers are graded.
    If points may not exceed what could be earned, a bonus leads up to it at most, and other points above it are
    withheld as well.
    """
    has_answers = with_answers and any(answer.given is not None for result in results for answer in result.answers)
    of_checks = _possible(results)
    possible = of_checks + (_possible_for_answers(results) if has_answers else 0.0)
    factor = out_of / possible if out_of is not None and possible else 1.0
    points: dict[str, float] = {}
    withheld: dict[str, str] = {}
    for result in results:
        total = result.points + (manual_sum(result).points if has_answers else 0.0)
        why = _why_withheld(result, of_checks) or (_why_pending(result) if has_answers else "")
        if not may_exceed and any(task.is_beyond or task.bonus for task in result.tasks):
            total = min(total, possible)
        if not why and not may_exceed and total > possible + 0.005:
            why = f"it has {number(total)} points, more than the maximum of {number(possible)}"
        if why:
            withheld[result.submission] = why
        else:
            points[result.submission] = total * factor
    return FinalPoints(possible * factor, points, withheld, has_answers)


def _possible(results: Sequence[SubmissionResult]) -> float:
    graded = [result.max_points for result in results if result.status is Status.GRADED]
    if not graded:
        return max((result.max_points for result in results), default=0.0)
    counts = Counter(graded)
    return max(counts, key=lambda points: (counts[points], points))


def _possible_for_answers(results: Sequence[SubmissionResult]) -> float:
    return max(sum(answer.points for answer in result.answers) for result in results)


def _why_withheld(result: SubmissionResult, possible: float) -> str:
    if result.status in _WHY_UNGRADED:
        return _WHY_UNGRADED[result.status]
    if result.status is Status.NOT_GRADED:
        return "the grader failed on it, so its points are provisional: grade it again"
    if result.status is Status.PROVISIONAL:
        open_points = f"{number(result.unjudged)} of its {number(result.max_points)} points"
        return f"its points are provisional: {open_points} could not be judged, since data or a device is missing"
    if result.status is Status.GRADED and result.max_points != possible:
        return f"it was graded out of {number(result.max_points)} points, most others out of {number(possible)}"
    return "no check has graded it" if earned_points(result) is None else ""


def _why_pending(result: SubmissionResult) -> str:
    pending = manual_sum(result).pending
    return f"{pending} of its {len(result.answers)} text answers wait for a person" if pending else ""
