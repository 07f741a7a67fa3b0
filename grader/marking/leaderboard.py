"""Ranks the submissions of a class by the measure of one check, under nicknames: scores that were computed outside.

`grader.marking.leaderboard_page` writes what comes out, for `grader.commands.leaderboard`.

Why: docs/decisions.md#a-leaderboard
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.courses.toml_table import suggest
from grader.errors import ExportError
from grader.results.credit import Credit
from grader.results.verdict import CheckResult, SubmissionResult


@dataclass(frozen=True, slots=True)
class Placing:
    """Hold one place: entries of one score share a rank. `parameters` is None where the check doesn't tell them."""

    rank: int
    name: str
    score: float
    points: float
    parameters: int | None
    cpu_s: float
    is_named: bool


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """Hold the entries, the best first, the cut-offs with the part that each earns, and how many have no score."""

    check: str
    title: str
    task: str
    entries: tuple[Placing, ...]
    cutoffs: tuple[tuple[float, float], ...]
    falls: bool
    unit: str
    is_hidden: bool
    without: int


def leaderboard_of(
    results: Sequence[SubmissionResult], *, task: str, check: str, nicknames: Mapping[str, str], key: str
) -> Leaderboard:
    """Return the leaderboard of a task's measure; `check` is needed where several of its checks measure.

    `nicknames` are shown; all others get a name made from `key`, the run's secret, that nobody can lead back. Raises
    ExportError where there is no such task, no measure, several, or measures by different tables.
    """
    found = _measured(results, task)
    name = _chosen(found, task=task, check=check)
    measured = {submission: one for submission, one in found[name].items() if one.credit is not None}
    credits = [one.credit for one in measured.values() if one.credit is not None]
    first, some = credits[0], next(iter(measured.values()))
    if any(_scale(one) != _scale(first) for one in credits):
        raise ExportError(f"`{name}` measured not all by one table.", remedy="Grade again, then ask again.")
    token = key or secrets.token_hex(16)
    sign = -1 if first.falls else 1
    rows = []
    for submission, one in measured.items():
        credit = one.credit or first
        shown = nicknames.get(submission) or _anonymous(submission, token)
        rank = 1 + sum(sign * other.value > sign * credit.value for other in credits)
        points = credit.part * credit.worth
        rows.append(
            Placing(rank, shown, credit.value, points, credit.parameters, credit.cpu_s, submission in nicknames)
        )
    return Leaderboard(
        check=name,
        title=some.title or name,
        task=task,
        entries=tuple(sorted(rows, key=lambda row: (row.rank, row.name))),
        cutoffs=first.table,
        falls=first.falls,
        unit=first.unit,
        is_hidden=some.hidden,
        without=len(results) - len(measured),
    )


def _measured(results: Sequence[SubmissionResult], task: str) -> dict[str, dict[str, CheckResult]]:
    """Return the results of each check of a task that measures, by submission. Raises ExportError for no such task."""
    tasks = {one.name for result in results for one in result.tasks}
    if task not in tasks:
        raise ExportError(f"There is no task `{task}` in this run.", remedy=suggest(task, sorted(tasks)))
    found: dict[str, dict[str, CheckResult]] = {}
    for result in results:
        for one in result.tasks:
            for check in one.checks if one.name == task else ():
                if check.credit is not None:
                    found.setdefault(check.name, {})[result.submission] = check
    return found


def _chosen(found: Mapping[str, object], *, task: str, check: str) -> str:
    """Return the check that is asked for, or the only one. Raises ExportError where that is not one."""
    if check and check not in found:
        raise ExportError(f"`{check}` measures nothing in `{task}`.", remedy=suggest(check, sorted(found)))
    if not found:
        raise ExportError(
            f"No check of `{task}` has measured anything.",
            remedy="A check measures with the fixture `credit`; grade again once one does.",
        )
    if not check and len(found) > 1:
        raise ExportError(f"{len(found)} checks of `{task}` measure.", remedy=f"Add `--check {min(found)}`, say.")
    return check or next(iter(found))


def _scale(credit: Credit) -> tuple[object, ...]:
    return credit.table, credit.falls, credit.unit


def _anonymous(submission: str, token: str) -> str:
    name = submission.encode("utf-8", "surrogatepass")
    return f"anonymous {hmac.new(token.encode(), name, hashlib.sha256).hexdigest()[:8]}"
