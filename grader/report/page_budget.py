"""Says how much of the long things a scorecard shows, so that its file stays small enough to send.

`grader.report.html` takes the first budget that a page fits into; `pages` and `check_view` keep to it.

Why: docs/decisions.md#two-files-for-two-readers
"""

from dataclasses import dataclass

PAGE_LIMIT = 300_000  # bytes of a scorecard


@dataclass(frozen=True, slots=True)
class PageBudget:
    """Bound the parts of a scorecard: characters of texts, and how many frames, maps, curves and values of a check.

    Of a traceback the outermost and the innermost frames are shown: a runaway recursion has a thousand.
    """

    output: int = 20_000
    message: int = 4_000
    line: int = 400
    outer_frames: int = 3
    inner_frames: int = 12
    maps: int = 4
    curves: int = 4
    items: int = 5


# An ordinary page fits into the first; the last is for a submission whose every check prints and complains at length.
PAGE_BUDGETS = (
    PageBudget(),
    PageBudget(output=6_000, message=1_500, line=300, inner_frames=6, maps=2),
    PageBudget(output=1_500, message=600, line=200, inner_frames=3, maps=1, curves=2, items=3),
    PageBudget(output=300, message=300, line=120, outer_frames=1, inner_frames=2, maps=0, curves=1, items=1),
    PageBudget(output=40, message=80, line=40, outer_frames=0, inner_frames=1, maps=0, curves=0, items=0),
)
