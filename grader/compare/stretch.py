"""How much of their tolerance comparisons have used up: a number that stands beside the verdict and never changes it.

`grader.compare.rungs` and `grader.compare.assertion` note what they find, `grader.compare.readings` keeps readings
apart; `grader.grading.plugin` listens while a check runs.

Why: docs/decisions.md#margins-are-measured
"""

import contextlib
import math
from collections.abc import Iterator
from contextvars import ContextVar

UNBOUNDED = math.inf


class Stretch:
    """Hold the largest stretch that was noted: a deviation divided by the one that is allowed, so that 1 is the limit.

    It is None while nothing was compared within a tolerance, and `UNBOUNDED` once something differed that no tolerance
    would let pass, such as a shape or a whole number.
    """

    __slots__ = ("worst",)

    def __init__(self) -> None:
        self.worst: float | None = None

    def note(self, stretch: float) -> None:
        """Keep a stretch if none so far was larger."""
        self.worst = stretch if self.worst is None else max(self.worst, stretch)


_HEARD: ContextVar[Stretch | None] = ContextVar("grader_stretch", default=None)


@contextlib.contextmanager
def heard_stretch() -> Iterator[Stretch]:
    """Collect the stretch of what is compared inside; whoever listens outside hears nothing of it."""
    heard = Stretch()
    token = _HEARD.set(heard)
    try:
        yield heard
    finally:
        _HEARD.reset(token)


def note_stretch(stretch: float | None) -> None:
    """Tell the nearest listener, if there is one, of a comparison's stretch; None says nothing."""
    heard = _HEARD.get()
    if heard is not None and stretch is not None:
        heard.note(stretch)
