"""Tests of attempts in uploads: where the assignment has a deadline each is found, with the time that the LMS gave."""

import os
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from upload_samples import pack

from grader.courses.deadline import Deadline
from grader.submissions.gradescope_export import read_times
from grader.submissions.intake import find_submissions

CODE = {"hw2/layers.py": b"a = 1\n", "hw2/optimizers.py": b"b = 1\n"}
ZIP, OTHER = pack(CODE), pack(CODE | {"hw2/layers.py": b"a = 2\n"})
DEADLINE = Deadline(datetime(2026, 11, 20, 12, tzinfo=UTC))


@pytest.fixture
def find(tmp_path, make_assignment, write_files):
    """Return a function that writes a class's folder and returns what is found in it under a deadline, by name."""

    def find(files, *, deadline=DEADLINE, ages=None):
        folder = write_files(tmp_path / "class", files)
        for name, seconds in (ages or {}).items():
            os.utime(folder / name, (seconds, seconds))
        assignment = replace(make_assignment(), deadline=deadline)
        return {one.name: one for one in find_submissions(folder, assignment).found}

    return find


def _time(text):
    return datetime.strptime(text, "%Y-%m-%d-%H-%M-%S").replace(tzinfo=UTC).timestamp()


def test_all_attempts_of_blackboard_are_found(find):
    """Each attempt is a submission with its own time, which is of an unknown zone; without a deadline the last is."""
    mark = "HW2_jdoe_attempt_{}_hw2.zip"
    times = [f"2026-11-{day}-10-00-00" for day in (18, 19, 21)]
    files = {mark.format(times[0]): ZIP, mark.format(times[1]): OTHER, mark.format(times[2]): ZIP}
    others = {"HW2_amy_attempt_2026-11-18-10-00-00_hw2.zip": ZIP}
    found = find(files | others)
    names = ["amy", "jdoe", "jdoe, attempt 1", "jdoe, attempt 2"]
    assert sorted(found) == names
    assert [found[name].attempt_of for name in names] == ["", "", "jdoe", "jdoe"]
    told = [found[name].handed_in for name in names[1:]]
    assert told == [_time(times[2]), _time(times[0]), _time(times[1])]
    assert all(one.is_local for one in found.values())
    assert sorted(find(files | others, deadline=None)) == names[:2]


def test_a_file_that_canvas_renamed_is_an_attempt(find):
    """A single file that was handed in again is another attempt; of several nothing tells which belong together."""
    one = {"doejane_100_9100_hw2.zip": ZIP, "doejane_100_9200_hw2-1.zip": OTHER}
    two = {"leeann_101_9101_layers.py": b"a = 1\n", "leeann_101_9102_optimizers.py": b"b = 1\n"}
    found = find(one | two | {"leeann_101_9200_layers-1.py": b"a = 2\n"})
    assert sorted(found) == ["doejane", "doejane, attempt 1", "leeann"]
    assert found["doejane"].path.name == "doejane_100_9200_hw2-1.zip"
    assert found["doejane"].handed_in == 0.0


def test_numbered_entries_are_attempts(find):
    """What a browser has numbered is another attempt, the last by time the student's; a report stays with its code."""
    files = {"ann.zip": ZIP, "ann (1).zip": OTHER, "bob.zip": ZIP, "bob.pdf": b"%PDF", "bob (1).zip": OTHER}
    found = find(files, ages={"ann.zip": 2000, "ann (1).zip": 1000, "bob.zip": 1, "bob.pdf": 1, "bob (1).zip": 2})
    assert {name: one.path.name for name, one in found.items()} == {
        "ann": "ann.zip",
        "ann, attempt 1": "ann (1).zip",
        "bob": "bob (1).zip",
        "bob, attempt 1": found["bob, attempt 1"].path.name,
    }
    assert {part.own for part in found["bob, attempt 1"].parts} == {"bob.zip", "bob.pdf"}


def test_a_student_whose_name_looks_like_an_attempt_keeps_it(find):
    """Where a name is taken, an attempt gets another one."""
    found = find({"ann.zip": ZIP, "ann (1).zip": OTHER, "ann, attempt 1.zip": ZIP})
    assert sorted(found) == ["ann", "ann, attempt 1", "ann, attempt 1*"]
    assert found["ann, attempt 1"].attempt_of == ""


METADATA = """\
submission_1:
  :submitters:
  - :name: ":created_at: 2020-01-01 00:00:00 Z"
  :created_at: {}
  :history:
  - :created_at: 2026-01-01 10:00:00.000000000 Z
submission_2:
  :submitters:
  - :name: Bo
    :created_at: 2026-01-01 10:00:00.000000000 Z
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20 12:00:00.123456789 Z", "2026-11-20T12:00:00+00:00"),
        ("2026-11-20 12:00:00 -08:00", "2026-11-20T20:00:00+00:00"),
        ("'2026-11-20T12:00:00+0100'", "2026-11-20T11:00:00+00:00"),
    ],
)
def test_gradescopes_times_are_read(tmp_path, find, text, expected):
    """The time of a submission is the one at its own level, not those of its history or in a name."""
    file = tmp_path / "submission_metadata.yml"
    file.write_text(METADATA.format(text), encoding="utf-8")
    when = datetime.fromisoformat(expected).timestamp()
    assert read_times(file) == {"submission_1": when}
    found = find({"submission_metadata.yml": METADATA.format(text), "submission_1/hw2/layers.py": b"a = 1\n"})
    assert [one.handed_in for one in found.values()] == [when]


@pytest.mark.parametrize(
    "text", ["2025-01-01", "2026-11-20 12:00:00", "2026-13-20 12:00:00 Z", "2026-02-31 12:00:00 Z", "x"]
)
def test_a_time_that_cannot_be_read_is_none(tmp_path, text):
    """No zone, no such date, no time at all: nothing is guessed."""
    file = tmp_path / "submission_metadata.yml"
    file.write_text(METADATA.format(text), encoding="utf-8")
    assert read_times(file) == {}
