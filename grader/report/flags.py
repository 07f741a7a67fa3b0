"""Finds the submissions that a person should look at.

`grader.report.class_page` lists them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from grader.results.verdict import Status, SubmissionResult, Verdict
from grader.results.verdict_words import VerdictMark, mark_of

# The grader's own failures first: only the instructor can do something about them.
_WATCHED = (
    Verdict.NOT_GRADED,
    Verdict.FORBIDDEN,
    Verdict.TIMED_OUT,
    Verdict.OUT_OF_MEMORY,
    Verdict.MISSING,
)


@dataclass(frozen=True, slots=True)
class Flagged:
    """Name a submission to look at, with the verdicts that say why and how many checks got them, and the sentences."""

    submission: str
    file: str
    is_unreadable: bool
    reasons: tuple[tuple[VerdictMark, int], ...]
    notes: tuple[str, ...] = ()


def flagged(results: Iterable[SubmissionResult], *, files: Mapping[str, str]) -> tuple[Flagged, ...]:
    """Return the submissions that are unreadable, flagged or have a check with a watched verdict, gravest first."""
    found: list[tuple[int, Flagged]] = []
    for result in results:
        verdicts = [check.verdict for task in result.tasks for check in task.checks]
        watched = [verdict for verdict in _WATCHED if verdict in verdicts]
        is_unreadable = result.status is Status.UNREADABLE
        if is_unreadable or watched or result.flags:
            reasons = tuple((mark_of(verdict), verdicts.count(verdict)) for verdict in watched)
            gravity = -1 if is_unreadable else _WATCHED.index(watched[0]) if watched else len(_WATCHED)
            file = files[result.submission]
            found.append((gravity, Flagged(result.submission, file, is_unreadable, reasons, result.flags)))
    return tuple(flag for _, flag in sorted(found, key=lambda pair: (pair[0], pair[1].submission)))
