"""Read `[deadline]` of `assignment.toml`, with a sentence for each mistake; no time without a zone is ever guessed.

`grader.courses.assignment_file` reads the rest of the file.
"""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from grader.courses.deadline import Counts, Deadline, Tier
from grader.courses.toml_table import Table, fault, refuse_unknown, suggest, take_number, take_text

_KEYS = ("due", "close", "zone", "percent_a_day", "percent_an_hour", "slack_days", "tiers", "counts")
_POLICIES = ("percent_a_day", "percent_an_hour", "tiers")
_UNITS = {"percent_a_day": 86_400, "percent_an_hour": 3600}
_MOST_SLACK = 366


def read_deadline(table: Table) -> Deadline | None:
    """Return the deadline, None where the table has nothing in it. Raises CourseError for the first mistake."""
    if not table.values:
        return None
    refuse_unknown(table, _KEYS)
    zone = _read_zone(table)
    due = _take_time(table, "due", zone)
    close = _take_time(table, "close", zone) if "close" in table.values else None
    if close is not None and close < due:
        raise fault(table, "close", f"is {close}, before `due`", remedy="Work is due first, and closed later.")
    given = [key for key in _POLICIES if key in table.values]
    if len(given) > 1:
        problem = f"stands beside `{given[0]}`: lateness has one price"
        raise fault(table, given[1], problem, remedy="Remove one of the two.")
    tiers = _read_tiers(table, zone, due)
    if close is not None and tiers and close < tiers[-1].until:
        raise fault(table, "close", "is before the last of `tiers`", remedy="Remove `close`: the last tier ends it.")
    return Deadline(
        due=due,
        close=close,
        percent=_take_percent(table, given[0]) if given and given[0] in _UNITS else 0.0,
        unit_s=_UNITS.get(given[0], 86_400) if given else 86_400,
        slack_days=_take_slack(table),
        tiers=tiers,
        counts=_take_counts(table),
    )


def _read_zone(table: Table) -> ZoneInfo | None:
    name = take_text(table, "zone", default="")
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:  # no such zone is a KeyError
        raise _no_zone(table, name) from error


def _no_zone(table: Table, name: str) -> Exception:
    return fault(
        table, "zone", f"is `{name[:60]}`, which is no time zone here", remedy='Write `zone = "Europe/Berlin"`.'
    )


def _take_time(table: Table, key: str, zone: ZoneInfo | None) -> datetime:
    value = table.values.get(key)
    example = f"Write `{key} = 2026-11-20T23:59:00+01:00`."
    if not isinstance(value, datetime):
        problem = "is missing" if value is None else f"is {value!r}; expected a date with a time"
        raise fault(table, key, problem, remedy=example)
    if value.tzinfo is None and zone is None:
        problem = f"is {value}, which names no time zone"
        raise fault(table, key, problem, remedy=f'{example[:-1]}, or add `zone = "Europe/Berlin"`.')
    return value if value.tzinfo is not None else value.replace(tzinfo=zone)


def _take_percent(table: Table, key: str) -> float:
    percent = float(take_number(table, key))
    if not 0 < percent <= 100:
        raise fault(table, key, f"is {percent:g}; expected more than 0 and at most 100", remedy=f"Write `{key} = 10`.")
    return percent


def _take_slack(table: Table) -> int:
    days = take_number(table, "slack_days", default=0)
    if not isinstance(days, int) or not 0 <= days <= _MOST_SLACK:
        problem = f"is {days}; expected a whole number of days from 0 to {_MOST_SLACK}"
        raise fault(table, "slack_days", problem, remedy="Write `slack_days = 2`.")
    return days


def _take_counts(table: Table) -> Counts:
    value = take_text(table, "counts", default=Counts.LAST.value)
    if value not in tuple(Counts):
        raise fault(table, "counts", f'is "{value}"', remedy=suggest(value, [one.value for one in Counts]))
    return Counts(value)


def _read_tiers(table: Table, zone: ZoneInfo | None, due: datetime) -> tuple[Tier, ...]:
    rows = table.values.get("tiers", [])
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise fault(table, "tiers", "is no list of tables", remedy="Write `tiers = [{ until = …, keeps = 80 }]`.")
    tiers: list[Tier] = []
    for place, row in enumerate(rows, 1):
        own = Table(table.file, f"{table.name}.tiers {place}", row)
        refuse_unknown(own, ("until", "keeps"))
        tier = Tier(_take_time(own, "until", zone), float(take_number(own, "keeps")))
        before = tiers[-1] if tiers else Tier(due, 100.0)
        if tier.until <= before.until:
            raise fault(own, "until", f"is not after {before.until}", remedy="Begin with the first after `due`.")
        if not 0 < tier.keeps <= before.keeps:
            problem = f"is {tier.keeps:g}; expected more than 0 and at most {before.keeps:g}, which is kept before"
            raise fault(own, "keeps", problem, remedy="Later work keeps less.")
        tiers.append(tier)
    return tuple(tiers)
