"""Try several legitimate readings of a task one after the other: what is right in one of them is right.

Most attempts that fail do so with the `Mismatch` of `grader.compare.comparison`; it says how far they got.
"""

from collections.abc import Callable

from grader.compare.comparison import Mismatch, Rung
from grader.errors import CourseError, GraderError
from grader.results.verdict import Verdict

_RUNGS = list(Rung)


def assert_any(*attempts: Callable[[], object]) -> None:
    """Call the attempts in their order until one raises nothing; if all do, raise what the nearest one raised.

    Nearest is the attempt that got furthest: values that differ come before wrong kinds, and both before a crash; of
    equals, the first. An attempt that could not run because the grader failed is raised before all others, and errors
    of the course at once. Raises CourseError without an attempt.
    """
    failures: list[Exception] = []
    for attempt in attempts:
        try:
            attempt()
        except GraderError:
            raise
        except Exception as err:  # a probe that crashed, a mismatch, or a check that stumbled over what came back
            failures.append(err)
        else:
            return
    if not failures:
        raise CourseError("`assert_any` was called without an attempt.", remedy="Hand it one function or more.")
    raise max(failures, key=_nearness)


def _nearness(error: Exception) -> tuple[int, int]:
    """Return how far an attempt got, larger for further."""
    if getattr(error, "verdict", None) is Verdict.NOT_GRADED:
        return 4, 0
    if isinstance(error, Mismatch) and not error.comparison.all_stub:
        return 3, min(_RUNGS.index(difference.rung) for difference in error.comparison.differences)
    if isinstance(error, AssertionError):
        return 2, 0
    return (1, 0) if hasattr(error, "verdict") else (0, 0)
