"""A deadline as data: when work is due, what lateness costs, and which attempt counts.

`grader.courses.deadline_table` reads it from `assignment.toml`; `grader.marking.lateness` applies it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Counts(StrEnum):
    """Name which of several attempts counts.

    `last`; `best`: the one with most points once its lateness is paid; `last-before-due`: the last that is not late,
    where there is none the first that is.
    """

    LAST = "last"
    BEST = "best"
    LAST_BEFORE_DUE = "last-before-due"


@dataclass(frozen=True, slots=True)
class Tier:
    """Say how many percent of the points work keeps that is handed in until then; every time has a zone."""

    until: datetime
    keeps: float


@dataclass(frozen=True, slots=True)
class Deadline:
    """Hold when work is due and what it costs to be late; every time has a zone.

    After `close` nothing is kept, None for never. Each begun day or hour (`unit_s` seconds) costs `percent` of the
    points, or `tiers` say what is kept until when, in their order; after the last nothing is. `slack_days` are days
    that cost nothing, each used as a whole.
    """

    due: datetime
    close: datetime | None = None
    percent: float = 0.0
    unit_s: int = 86_400
    slack_days: int = 0
    tiers: tuple[Tier, ...] = ()
    counts: Counts = Counts.LAST
