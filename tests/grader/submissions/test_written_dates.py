"""Tests of grader.submissions.written_dates: dates in words are read in many languages, and none is guessed."""

import string
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.submissions.written_dates import read_date

WHEN = datetime(2026, 11, 20, 23, 58, tzinfo=UTC).timestamp()
MOODLE = [
    "Friday, 20 November 2026, 11:58 PM",
    "Friday, November 20, 2026, 11:58 PM",
    "Friday, 20 November 2026, 11:58 p.m.",
    "Friday, 20 November 2026, 11:58\u202fPM",
    "Freitag, 20. November 2026, 23:58",
    "vendredi 20 novembre 2026, 23:58",
    "viernes, 20 de noviembre de 2026, 23:58",
    "venerdì, 20 novembre 2026, 23:58",
    "sexta-feira, 20 de novembro de 2026 às 23:58",
    "vrijdag, 20 november 2026, 23:58",
    "piątek, 20 listopada 2026, 23:58",
    "pátek, 20. listopadu 2026, 23.58",
    "fredag, 20 november 2026, 23:58",
    "fredag den 20. november 2026, 23:58",
    "perjantai, 20 marraskuu 2026, 23:58",
    "20 Kasım 2026, Cuma, 23:58",
    "пятница, 20 ноября 2026, 23:58",
    "FREITAG, 20. NOVEMBER 2026, 23:58:00",
    "2026-11-20 23:58",
    "2026-11-20T23:58:00",
]
MONTHS = ("januar", "februar", "märz", "april", "mai", "juni", "juli", "august", "september", "oktober", "november")
MONTHS = (*MONTHS, "dezember")
DAYS = ("montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag")


@pytest.mark.parametrize("text", MOODLE)
def test_dates_of_moodle_are_read(text):
    """What Moodle writes in each language is the time that it shows, whatever the case of letters."""
    assert read_date(text) == WHEN


@pytest.mark.parametrize(
    ("text", "hour"), [("12:05 AM", 0), ("1:05 AM", 1), ("11:05 AM", 11), ("12:05 PM", 12), ("1:05 PM", 13)]
)
def test_halves_of_a_day(text, hour):
    """Twelve o'clock is at noon or midnight."""
    when = datetime(2026, 11, 20, hour, 5, tzinfo=UTC).timestamp()
    assert read_date(f"Friday, 20 November 2026, {text}") == when


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)))
def test_every_day_is_read(when):
    """Each day of the century is read as what it is."""
    text = f"{DAYS[when.weekday()]}, {when.day}. {MONTHS[when.month - 1]} {when.year}, {when.hour}:{when.minute:02}"
    whole = when.replace(second=0, microsecond=0, tzinfo=UTC)
    assert read_date(text) == whole.timestamp()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "20/11/2026, 23:58",
        "11/12/2026 10:00",
        "20.11.2026 23:58",
        "20 November 2026, 11:58 PM",  # no weekday
        "Saturday, 20 November 2026, 11:58 PM",  # it was a Friday
        "Friday, 20 November 26, 11:58 PM",
        "Friday, 20 November 2026",
        "Friday, 31 November 2026, 11:58 PM",
        "Friday, 20 November 2026, 13:58 PM",
        "Friday, 20 November 2026, 0:58 AM",
        "Friday, 20 November 2026, 25:00",
        "Friday, 20 November 2026, 11:58 PM and more",
        "Freitag, 20 November 2026, 11:58 vendredi",
        "petak, 20. listopada 2026, 23:58",  # Croatian for a day in October, Polish for one in November
        "Friday, 20 November 2026, 11:58 PM, 11:59 PM",
        "2026-13-20 23:58",
        "Friday " * 100,
        "金曜日 2026年 11月 20日 23:58",
    ],
)
def test_what_is_not_certain_is_not_read(text):
    """Numbers alone, weekdays that don't fit, two languages at once and all else are no time."""
    assert read_date(text) is None


@given(st.text(alphabet=string.printable + "äöé年", max_size=60))
def test_other_texts_are_a_time_or_none(text):
    """Whatever stands in a cell, nothing is raised."""
    assert isinstance(read_date(text), float | None)
