"""What becomes of a check that comes after one that failed: it is skipped, or it runs and counts if it passes.

`grader.grading.session`, which holds the results so far, asks it before a check, `grader.grading.check_run` after it.

Why: docs/decisions.md#what-follows-a-failure-may-pass
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from grader.courses.checks import Check
from grader.results.verdict import CheckResult, Feedback, Verdict

_TO_LOOK_AT = (Verdict.WRONG, Verdict.CRASHED)
_MAY_FOLLOW = (*_TO_LOOK_AT, Verdict.NOT_IMPLEMENTED, Verdict.MISSING)


@dataclass(frozen=True, slots=True)
class Before:
    """Hold the check that failed before another one, and whether that one runs all the same."""

    failed: CheckResult
    runs: bool


def failed_before(check: Check, results: Mapping[str, CheckResult]) -> Before | None:
    """Return the check that failed among those that `check` comes after, None where none did.

    Where something of the own task was there to look at, and was wrong or crashed, the check runs all the same: it may
    be about what is right. Unless it is `strict`, for then it would pass for whoever did nothing.
    """
    found = [result for name in check.after if (result := results.get(name)) is not None and _has_failed(result)]
    kept = [one for one in found if check.strict or not _is_to_look_at(one, check.task, results)]
    return Before((kept or found)[0], runs=not kept) if found else None


def _has_failed(result: CheckResult) -> bool:
    return result.verdict is not Verdict.PASSED and not result.is_partly_right


def _is_to_look_at(result: CheckResult, task: str, results: Mapping[str, CheckResult]) -> bool:
    """Tell whether the failure that a result comes from, however indirectly, is of this task and wrong or crashed."""
    while result.verdict is Verdict.SKIPPED and result.because in results:
        result = results[result.because]
    return result.task == task and result.verdict in _TO_LOOK_AT


def as_follower(result: CheckResult, failed: CheckResult) -> CheckResult:
    """Return what counts of a check that ran all the same: a pass, or a time-out; else it is skipped as others are."""
    if result.verdict not in _MAY_FOLLOW or result.is_partly_right:
        return result
    message = f"Not right either, which may come from the same: “{failed.title}” has to pass first."
    return replace(
        result,
        verdict=Verdict.SKIPPED,
        feedback=Feedback(message=message),
        because=failed.name,
        counted=failed.counted and not result.advice,
    )
