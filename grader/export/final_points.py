"""Decides which points may leave the grader: nobody gets fewer because of our fault.

Every exporter asks here; `grader.export_command` tells whose points are withheld.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.plain_text import number
from grader.verdict import Status, SubmissionResult


@dataclass(frozen=True, slots=True)
class FinalPoints:
    """Hold the points that are final, what could be earned, and why other submissions have none."""

    possible: float
    points: Mapping[str, float]
    withheld: Mapping[str, str]

    def cell(self, submission: str) -> str:
        """Return the points as text, "" where they are withheld."""
        return number(self.points[submission]) if submission in self.points else ""


def final_points(results: Sequence[SubmissionResult], *, out_of: float | None = None) -> FinalPoints:
    """Return the points of every submission that was graded as a whole, converted to `out_of` where it is given.

    Withheld are the points where the grader failed, and those out of another sum than most submissions': checks were
    left out that the others had, or the other way round.
    """
    possible = _possible(results)
    withheld = {result.submission: why for result in results if (why := _why_withheld(result, possible))}
    factor = out_of / possible if out_of is not None and possible else 1.0
    points = {result.submission: result.points * factor for result in results if result.submission not in withheld}
    return FinalPoints(possible * factor, points, withheld)


def _possible(results: Sequence[SubmissionResult]) -> float:
    graded = [result.max_points for result in results if result.status is Status.GRADED]
    if not graded:
        return max((result.max_points for result in results), default=0.0)
    counts = Counter(graded)
    return max(counts, key=lambda points: (counts[points], points))


def _why_withheld(result: SubmissionResult, possible: float) -> str:
    if result.status is Status.NOT_GRADED:
        return "the grader failed on it, so its points are provisional: grade it again"
    if result.status is Status.GRADED and result.max_points != possible:
        return f"it was graded out of {number(result.max_points)} points, most others out of {number(possible)}"
    return ""
