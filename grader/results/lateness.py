"""When something was handed in, and what its lateness costs, as data.

`grader.results.verdict` hangs it on results; `grader.marking.deadlines` computes it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attempt:
    """Hold one of several attempts as the instructor's page lists them; `points` are None where it has none.

    `handed_in` is an ISO 8601 time, "" where nothing tells; `points` are those that count, lateness paid.
    """

    name: str
    handed_in: str
    points: float | None
    keeps: float
    counts: bool


@dataclass(frozen=True, slots=True)
class Lateness:
    """Hold when the attempt that counts was handed in, by which clock, and what that costs.

    Times are ISO 8601, `handed_in` is "" where nothing tells. `late_s` are the seconds after `due`, `slack_days` those
    that were used, `keeps` the percent of the points that are kept and `price` the points that are not. `extension` is
    the reason of one that was given. `attempts` are all, the earliest first, where there are several.
    """

    handed_in: str
    clock: str
    due: str
    late_s: float = 0.0
    slack_days: int = 0
    keeps: float = 100.0
    price: float = 0.0
    extension: str = ""
    attempts: tuple[Attempt, ...] = ()
