"""Tests of grader.courses.deadline_table: what can't be meant is refused with a sentence, and no zone is guessed."""

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from grader.courses.deadline import Counts
from grader.courses.deadline_table import read_deadline
from grader.courses.toml_table import Table
from grader.errors import CourseError

DUE = "due = 2026-11-20T23:59:00+01:00\n"


def _read(text):
    return read_deadline(Table(Path("assignment.toml"), "deadline", tomllib.loads(text)))


def test_no_section_is_no_deadline():
    """Without keys there is no deadline."""
    assert _read("") is None


def test_all_keys_are_read():
    """Times keep their zones, a price is one a day or an hour, and the last attempt counts unless another does."""
    found = _read(DUE + 'close = 2026-11-27T23:59:00+01:00\npercent_an_hour = 2\nslack_days = 3\ncounts = "best"')
    assert (found.close - found.due, found.percent, found.unit_s) == (timedelta(days=7), 2.0, 3600)
    assert (found.slack_days, found.counts) == (3, Counts.BEST)
    assert _read(DUE).counts is Counts.LAST
    assert _read(DUE + "percent_a_day = 10").unit_s == 86_400


def test_a_zone_covers_times_without_one():
    """With a zone, local times are that zone's, in winter as in summer."""
    found = _read('zone = "Europe/Berlin"\ndue = 2026-11-20T23:59:00\nclose = 2027-06-01T12:00:00')
    assert found.due == datetime(2026, 11, 20, 22, 59, tzinfo=UTC)
    assert found.close == datetime(2027, 6, 1, 10, 0, tzinfo=UTC)


def test_tiers_are_read_in_their_order():
    """Tiers begin after the due time, each later and keeping no more than the one before."""
    row = "{{ until = 2026-11-2{}T23:59:00+01:00, keeps = {} }}"
    found = _read(f"{DUE}tiers = [{row.format(2, 80)}, {row.format(4, 50)}]")
    assert [tier.keeps for tier in found.tiers] == [80.0, 50.0]


ROW = "{ until = 2026-11-22T23:59:00+01:00, keeps = 80 }"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "due = 2026-11-20T23:59:00",
            "`deadline.due` is 2026-11-20 23:59:00, which names no time zone. Write `due",
        ),
        ("due = 2026-11-20", "`deadline.due` is datetime.date(2026, 11, 20); expected a date with a time."),
        ('due = "tomorrow"', "`deadline.due` is 'tomorrow'; expected a date with a time."),
        ("slack_days = 1", "`deadline.due` is missing."),
        (DUE + "clsoe = 1", "`deadline.clsoe` is not a key that is known here. Did you mean `close`?"),
        (
            'zone = "Europe/Atlantis"\ndue = 2026-11-20T23:59:00',
            "`deadline.zone` is `Europe/Atlantis`, which",
        ),
        ('zone = "../etc/passwd"\ndue = 2026-11-20T23:59:00', "`deadline.zone` is `../etc/passwd`, which is no time"),
        (DUE + "close = 2026-11-19T23:59:00+01:00", "before `due`. Work is due first, and closed later."),
        (DUE + "percent_a_day = 10\npercent_an_hour = 1", "`deadline.percent_an_hour` stands beside `percent_a_day`"),
        (DUE + "percent_a_day = 0", "`deadline.percent_a_day` is 0; expected more than 0 and at most 100."),
        (DUE + "percent_a_day = 200", "`deadline.percent_a_day` is 200; expected more than 0 and at most 100."),
        (DUE + "slack_days = 1.5", "`deadline.slack_days` is 1.5; expected a whole number of days from 0 to 366."),
        (DUE + "slack_days = -1", "`deadline.slack_days` is -1; expected a whole number of days from 0 to 366."),
        (DUE + 'counts = "lst"', '`deadline.counts` is "lst". Did you mean `last`?'),
        (DUE + "tiers = 1", "`deadline.tiers` is no list of tables."),
        (DUE + f"tiers = [{ROW}, {ROW}]", "`deadline.tiers 2.until` is not after 2026-11-22 23:59:00+01:00."),
        (DUE + "tiers = [{ until = 2026-11-20T23:59:00+01:00, keeps = 80 }]", "`deadline.tiers 1.until` is not after"),
        (DUE + f"tiers = [{ROW.replace('80', '120')}]", "`deadline.tiers 1.keeps` is 120; expected more than 0 and at"),
        (
            DUE + f"close = 2026-11-21T23:59:00+01:00\ntiers = [{ROW}]",
            "`deadline.close` is before the last of `tiers`. Remove `close`: the last tier ends it.",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(text, words):
    """A time without a zone, a typo, times out of order, two prices and odd numbers are errors that name the key."""
    with pytest.raises(CourseError) as error:
        _read(text)
    assert words in str(error.value)
