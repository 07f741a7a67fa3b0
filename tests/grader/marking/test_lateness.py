"""Tests of grader.marking.lateness: what one time costs under a deadline."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.courses.deadline import Deadline, Tier
from grader.marking.lateness import extended, kept_at, late_in_words

DUE = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _keeps(hours, **settings):
    return kept_at(DUE + hours * HOUR, Deadline(DUE, **settings)).keeps


@pytest.mark.parametrize(
    ("hours", "keeps"), [(-5, 100), (0, 100), (0.01, 90), (24, 90), (24.01, 80), (240, 0), (999, 0)]
)
def test_each_begun_day_costs(hours, keeps):
    """Every day that has begun costs its percent of the points, and no more than all."""
    assert _keeps(hours, percent=10.0) == keeps


def test_each_begun_hour_costs():
    """By the hour it is every hour that has begun."""
    assert (_keeps(1, percent=2.0, unit_s=3600), _keeps(1.5, percent=2.0, unit_s=3600)) == (98.0, 96.0)


def test_slack_days_cost_nothing():
    """Slack days are used as whole days, as far as lateness goes; what is beyond them costs."""
    late = Deadline(DUE, percent=10.0, slack_days=2)
    found = [kept_at(DUE + hours * HOUR, late) for hours in (1, 30, 48, 49)]
    assert [(one.slack_days, one.keeps) for one in found] == [(1, 100.0), (2, 100.0), (2, 100.0), (2, 90.0)]


def test_after_the_close_nothing_is_kept():
    """What comes after the close keeps nothing and uses no slack; at the very second it still counts."""
    settings = {"close": DUE + 24 * HOUR, "slack_days": 5}
    assert (_keeps(24, **settings), _keeps(24.01, **settings)) == (100.0, 0.0)


def test_tiers_say_what_is_kept():
    """Of several deadlines the first that is met says what is kept, after the last nothing is."""
    tiers = (Tier(DUE + 24 * HOUR, 80.0), Tier(DUE + 48 * HOUR, 50.0))
    assert [_keeps(hours, tiers=tiers) for hours in (0, 1, 24, 25, 48, 49)] == [100, 80, 80, 50, 50, 0]
    assert _keeps(30, tiers=tiers, slack_days=1) == 80


def test_an_extension_moves_everything():
    """A later due time moves close and tiers by as much; a close or slack days that are given stand."""
    tiers = (Tier(DUE + 24 * HOUR, 80.0),)
    later = extended(Deadline(DUE, DUE + 48 * HOUR, tiers=tiers), due=DUE + 72 * HOUR, close=None, slack_days=None)
    assert (later.close, later.tiers[0].until) == (DUE + 120 * HOUR, DUE + 96 * HOUR)
    other = extended(Deadline(DUE, slack_days=1), due=None, close=DUE + HOUR, slack_days=4)
    assert (other.due, other.close, other.slack_days) == (DUE, DUE + HOUR, 4)


@given(
    hours=st.lists(st.floats(-100, 1000), min_size=2, max_size=2).map(sorted),
    percent=st.floats(0, 100),
    unit=st.sampled_from([3600, 86_400]),
    slack=st.integers(0, 5),
    close=st.none() | st.floats(0, 900),
)
def test_later_never_keeps_more(hours, percent, unit, slack, close):
    """Whatever the policy, who hands in later keeps no more, and who is in time keeps all."""
    end = None if close is None else DUE + close * HOUR
    early, late = (_keeps(one, percent=percent, unit_s=unit, slack_days=slack, close=end) for one in hours)
    assert 0 <= late <= early <= 100
    assert hours[0] > 0 or early == 100


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 minute"), (3540, "59 minutes"), (3600, "1 hour"), (86_400, "1 day"), (90_001, "1 day and 2 hours")],
)
def test_lateness_in_words(seconds, words):
    """Lateness is told in days and hours, or in minutes, rounded up."""
    assert late_in_words(seconds) == words
