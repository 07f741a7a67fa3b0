"""What a deadline makes of one time: how late it is, which slack days that uses, and how much of the points is kept.

`grader.marking.deadlines` asks for each attempt, with the extension that its student has.
"""

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from grader.courses.deadline import Deadline

_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Kept:
    """Hold how late a time is, the slack days that it uses, and the percent of the points that are kept."""

    late_s: float
    slack_days: int
    keeps: float


def kept_at(when: datetime, deadline: Deadline) -> Kept:
    """Return what the deadline makes of something that was handed in at `when`, which has a zone.

    Slack days are used as far as lateness goes, but never past `close`.
    """
    late_s = max(0.0, (when - deadline.due).total_seconds())
    if not late_s:
        return Kept(0.0, 0, 100.0)
    slack = min(deadline.slack_days, math.ceil(late_s / _DAY_S))
    if deadline.close is not None and when > deadline.close:
        return Kept(late_s, 0, 0.0)
    left_s = late_s - slack * _DAY_S
    if left_s <= 0:
        return Kept(late_s, slack, 100.0)
    if deadline.tiers:
        counted = deadline.due + timedelta(seconds=left_s)
        return Kept(late_s, slack, next((tier.keeps for tier in deadline.tiers if counted <= tier.until), 0.0))
    keeps = 100.0 - deadline.percent * math.ceil(left_s / deadline.unit_s)
    return Kept(late_s, slack, max(0.0, keeps))


def extended(deadline: Deadline, *, due: datetime | None, close: datetime | None, slack_days: int | None) -> Deadline:
    """Return the deadline of one student: a later `due` moves `close` and `tiers` by as much, unless they are given."""
    moved = deadline
    if due is not None:
        by = due - deadline.due
        tiers = tuple(replace(tier, until=tier.until + by) for tier in deadline.tiers)
        moved = replace(moved, due=due, close=deadline.close + by if deadline.close else None, tiers=tiers)
    if close is not None:
        moved = replace(moved, close=close)
    return moved if slack_days is None else replace(moved, slack_days=slack_days)


def late_in_words(late_s: float) -> str:
    """Say how late something is, in days and hours, or minutes."""
    minutes = math.ceil(late_s / 60)
    days, hours = divmod(math.ceil(minutes / 60), 24)
    if minutes < 60:
        return _count(minutes, "minute")
    return " and ".join(_count(n, noun) for n, noun in ((days, "day"), (hours, "hour")) if n)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
