"""Try several legitimate readings of a task one after the other: what is right in one of them is right.

Most attempts that fail do so with the `Mismatch` of `grader.compare.comparison`; it says how far they got.
"""

from collections.abc import Callable

from grader.compare.comparison import Mismatch, Rung
from grader.compare.stretch import UNBOUNDED, Stretch, heard_stretch, note_stretch
from grader.errors import CourseError, GraderError
from grader.results.verdict import Verdict

_RUNGS = list(Rung)


def assert_any(*attempts: Callable[[], object]) -> None:
    """Call the attempts in their order until one raises nothing; if all do, raise what the nearest one raised.

    Nearest is the attempt that got furthest: values that differ come before wrong kinds, and both before a crash; of
    equals, the first. An attempt that could not run because the grader failed is raised before all others, and errors
    of the course at once. Raises CourseError without an attempt.

    The stretch is that of the attempt which passed, else of the one that would pass with the smallest tolerance.
    """
    failures: list[tuple[Exception, float]] = []
    for attempt in attempts:
        with heard_stretch() as heard:
            try:
                attempt()
            except GraderError:
                raise
            except Exception as err:  # a probe that crashed, a mismatch, or a check that stumbled over what came back
                failures.append((err, _needed(heard)))
                continue
        note_stretch(heard.worst)
        return
    if not failures:
        raise CourseError("`assert_any` was called without an attempt.", remedy="Hand it one function or more.")
    note_stretch(min(needed for _error, needed in failures))
    raise max((error for error, _needed in failures), key=_nearness)


def _needed(heard: Stretch) -> float:
    """Return how far the tolerance would have to stretch for a failed attempt to pass."""
    return UNBOUNDED if heard.worst is None or heard.worst < 1 else heard.worst


def _nearness(error: Exception) -> tuple[int, int]:
    """Return how far an attempt got, larger for further."""
    if getattr(error, "verdict", None) is Verdict.NOT_GRADED:
        return 4, 0
    if isinstance(error, Mismatch) and not error.comparison.all_stub:
        return 3, min(_RUNGS.index(difference.rung) for difference in error.comparison.differences)
    if isinstance(error, AssertionError):
        return 2, 0
    return (1, 0) if hasattr(error, "verdict") else (0, 0)
