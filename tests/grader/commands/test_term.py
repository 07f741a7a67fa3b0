"""Tests of a term: what persons and dates make of grades, through `grader grade`, `report` and `export`."""

import csv
import json
import os
from datetime import UTC, datetime

import pytest

GOOD = "def double(x): return 2 * x\n\n\ndef triple(x): return 3 * x\n"
HALF = "def double(x): return 2 * x\n\n\ndef triple(x): return x\n"
BAD = "def double(x): return x\n\n\ndef triple(x): return x\n"
OVERRIDES = "submission,check_or_task,points,verdict,reason,who\n"


def test_a_persons_word_survives_grading_again(term):
    """An override counts on every page and in every export, beside the automatic mark, whatever is graded again."""
    term.hand_in(ann=BAD, bob=HALF)
    assert term.grade().returncode == 0
    assert term.points() == {"ann": "0", "bob": "10"}
    term.write(
        "overrides.csv", f"{OVERRIDES}ann,test_double,,passed,Both are allowed.,Tom\nbob,triple,3.5,,A slip.,Ida\n"
    )
    assert term.report().returncode == 0
    for again in (term.report, term.grade, lambda: term.grade("--fresh")):
        assert again().returncode == 0
        assert term.points() == {"ann": "10", "bob": "13.5"}
    words = "10 of 10 points. Both are allowed. The automatic mark was: wrong, 0 of 10 points."
    shown, full = term.page("scorecards/ann.html"), term.page("instructor/ann.html")
    assert f"Marked by hand: {words}" in shown
    assert "Tom" not in shown
    assert f"Marked by hand by Tom: {words}" in full
    assert "3.5 of 5 points. A slip. The automatic mark was: 0 of 5 points." in term.page("scorecards/bob.html")
    exported = term.export("-f", "csv", "-o", "-")
    assert (exported.returncode, "bob,13.5,15" in exported.stdout) == (0, True)
    stored = json.loads(term.page("results.json"))["submissions"][0]["tasks"][0]["checks"][0]
    assert (stored["verdict"], stored["points"], stored["override"]["who"]) == ("wrong", 10.0, "Tom")


def test_an_override_whose_automatic_mark_changes_is_listed(term):
    """A mended check changes the mark behind an override: it still counts, and is flagged until its row changes."""
    term.hand_in(ann=BAD, bob=GOOD)
    term.grade()
    term.write("overrides.csv", f"{OVERRIDES}ann,test_double,4,,Half right.,Tom\n")
    term.report()
    assert "behind an override" not in term.page("index.html")
    term.mend('{"y": 2 * x}', '{"y": x}')
    term.grade()
    assert term.points() == {"ann": "4", "bob": "5"}
    words = "was wrong, 0 of 10 points when Tom gave 4 points, and is passed, 10 of 10 points now."
    for page in ("index.html", "instructor/ann.html"):
        assert words in term.page(page)
    assert "behind an override" not in term.page("scorecards/ann.html")
    term.export("-f", "csv")
    term.report()
    assert words in term.page("index.html")
    term.write("overrides.csv", f"{OVERRIDES}ann,test_double,4,,Half right still.,Tom\n")
    term.report()
    assert "behind an override" not in term.page("index.html")


def test_rows_that_cannot_count_are_told_everywhere(term):
    """A row for nobody is listed by grade, report and export with exit code 1, and costs no other row."""
    term.hand_in(ann=BAD)
    term.grade()
    term.write("overrides.csv", f"{OVERRIDES}an,triple,1,,Why.,Tom\nann,triple,1,,Why.,Tom\n")
    for run in (term.report, term.grade, lambda: term.export("-f", "csv", "-o", "-")):
        ended = run()
        assert ended.returncode == 1
        assert "overrides.csv, line 2: There is no submission “an”. Did you mean `ann`?" in ended.stderr
        assert term.points() == {"ann": "1"}
    term.write("overrides.csv", "submission\n")
    for run in (term.report, term.grade, lambda: term.export("-f", "csv", "-o", "-")):
        assert "has no column `check_or_task`" in run().stderr
    assert term.points() == {"ann": "1"}


def test_more_than_a_few_rows_are_counted(term):
    """Of many rows that can't be used the first are listed and the others counted."""
    term.hand_in(ann=BAD)
    term.grade()
    term.write("overrides.csv", OVERRIDES + "nobody,triple,1,,Why.,Tom\n" * 25)
    assert "5 more rows can't be used." in term.report().stderr


def test_what_changed_is_told_to_whom_it_concerns(term):
    """After a mended check both pages of changes say whose points moved, by which check, with both explanations."""
    term.hand_in(ann=BAD, bob=GOOD, cy=HALF)
    assert term.grade().returncode == 0
    assert term.export("-f", "csv", "--only-changed", "-o", "-").stdout.count("\n") == 4
    assert not (term.out / "changes.html").exists()
    term.mend('{"y": 2 * x}', '{"y": x}')
    for run in (term.grade, term.report, term.report):
        assert run().returncode == 0
        assert term.points() == {"ann": "10", "bob": "5", "cy": "0"}
        rows = list(csv.DictReader(term.page("changes.csv").splitlines()))
        told = [(row["submission"], row["points_before"], row["points_now"], row["check_or_task"]) for row in rows]
        assert told == [(name, *points, "test_double") for name, points in MOVED.items()]
        assert "`y` is 2 times as large" in rows[1]["says_now"] or "2" in rows[1]["says_now"]
        assert rows[0]["said_before"]
        assert {row["why"] for row in rows} == {"the check or the grader was changed"}
    assert "3</span> submissions have other points than before" in term.page("changes.html")
    assert '<a href="changes.html">What changed, and for whom</a>' in term.page("index.html")
    card = term.page("scorecards/ann.html")
    assert (
        "0 of 15 points then, 10 of 15 now. “double returns twice its input” was wrong, 0 of 10 points and is" in card
    )
    assert "Changed since the export of 20" in card


MOVED = {"ann": ("0", "10"), "bob": ("15", "5"), "cy": ("10", "0")}


def test_only_what_changed_is_exported(term):
    """An export of changes holds whose grade is not what the same format said last, and is nothing where none is."""
    term.hand_in(ann=BAD, bob=GOOD)
    term.grade()
    assert term.export("-f", "csv", "-o", "-").returncode == 0
    again = term.export("-f", "csv", "--only-changed", "-o", "-")
    assert (again.stdout, again.returncode) == ("", 0)
    assert "Nothing has changed since the last export in the format csv." in again.stderr
    term.write("overrides.csv", f"{OVERRIDES}ann,triple,1,,Why.,Tom\n")
    term.report()
    assert [row["why"] for row in csv.DictReader(term.page("changes.csv").splitlines())] == ["a person marked it"]
    roster = term.folder.parent / "roster.csv"
    roster.write_text("name\nann\nbob\nzoe\n", encoding="utf-8")
    changed = term.export("-f", "csv", "--only-changed", "-o", term.folder.parent / "x.csv", "--roster", roster)
    rows = (term.folder.parent / "x.csv").read_text(encoding="utf-8").splitlines()
    assert changed.returncode == 0
    assert [row.split(",")[:3] for row in rows[1:]] == [["ann", "ann", "1"]]
    assert "Nothing has changed" in term.export("-f", "csv", "--only-changed").stderr
    assert term.export("-f", "github", "--only-changed").stdout.count("### ") == 2
    term.report()
    assert not (term.out / "changes.html").exists()


def test_another_hand_in_before_any_export_is_no_change(term):
    """Points that move since something else was handed in are a change only where grades were handed out before."""
    term.hand_in(ann=BAD)
    term.grade()
    term.hand_in(ann=HALF)
    term.grade()
    assert not (term.out / "changes.csv").exists()
    term.export("-f", "csv")
    term.hand_in(ann=GOOD)
    term.grade()
    (row,) = csv.DictReader(term.page("changes.csv").splitlines())
    assert (row["points_before"], row["points_now"], row["why"]) == ("10", "15", "something else was handed in")


DEADLINE = """
[deadline]
due = 2026-11-20T12:00:00Z
tiers = [{ until = 2026-11-22T12:00:00Z, keeps = 80 }, { until = 2026-11-24T12:00:00Z, keeps = 50 }]
"""
DUE_S = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()
EXTENSIONS = "student,due,close,slack_days,reason\n"
HOURS = {"ann": -5, "bob": 3, "cy": 60, "dee": 200}


@pytest.fixture
def late_term(term, write_files):
    """Return a term with a deadline of three steps, and four hand-ins: in time, later, later still, too late."""
    term.toml.write_text(term.toml.read_text(encoding="utf-8") + DEADLINE, encoding="utf-8")
    for name, hours in HOURS.items():
        hand_in_at(term, f"{name}/student.py", GOOD, hours)
    return term


def hand_in_at(term, path, source, hours):
    """Write a file that was changed last so many hours after the due time."""
    file = term.folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source, encoding="utf-8")
    seconds = DUE_S + hours * 3600
    os.utime(file, (seconds, seconds))


def test_lateness_stands_everywhere(late_term):
    """What lateness costs is in the points of every table and export, and told on scorecard and class page."""
    term = late_term
    assert term.grade().returncode == 0
    assert term.points() == {"ann": "15", "bob": "12", "cy": "7.5", "dee": "0"}
    rows = {row["submission"]: row for row in csv.DictReader(term.page("grades.csv").splitlines())}
    told = {name: (row["late_hours"], row["kept_percent"], row["late_price"]) for name, row in rows.items()}
    assert told == {
        "ann": ("0", "100", "0"),
        "bob": ("3", "80", "3"),
        "cy": ("60", "50", "7.5"),
        "dee": ("200", "0", "15"),
    }
    assert rows["bob"]["handed_in"] == "2026-11-20T15:00:00+00:00"
    assert rows["bob"]["clock"] == "the times of the files"
    words = "as the times of the files tell: 3 hours late; 80 % of the points are kept, which costs 3 points."
    assert words in term.page("scorecards/bob.html")
    assert "0.1 days late (−3 points)" in term.page("index.html")
    found = {one["submission"]: one for one in json.loads(term.page("results.json"))["submissions"]}
    assert (found["bob"]["points"], found["bob"]["lateness"]["price"]) == (12.0, 3.0)
    assert "bob,12,15,80,graded" in term.export("-f", "csv", "-o", "-").stdout
    gradescope = term.export("-f", "gradescope", "--submission", "bob", "-o", "-")
    assert json.loads(gradescope.stdout)["score"] == 12.0


def test_an_extension_moves_a_students_deadline(late_term):
    """An extension changes the grade at the next report; a row for nobody is told, one without a zone is refused."""
    term = late_term
    term.grade()
    term.write("extensions.csv", f"{EXTENSIONS}cy,2026-11-22T12:00:00Z,,,Ill.\nzed,2026-11-22T12:00:00Z,,,Ill.\n")
    ended = term.report()
    assert (ended.returncode, term.points()["cy"]) == (0, "12")
    assert "extensions.csv, line 3: “zed” fits nobody who has handed in" in ended.stderr
    assert "Extended to 2026-11-22 12:00 (UTC+00:00): Ill." in term.page("scorecards/cy.html")
    (row,) = csv.DictReader(term.page("changes.csv").splitlines())
    assert (row["submission"], row["points_before"], row["points_now"]) == ("cy", "7.5", "12")
    assert row["why"] == "Lateness left 50 % of the points then, and leaves 80 % now."
    term.write("extensions.csv", f"{EXTENSIONS}cy,2026-11-22T12:00:00,,,Ill.\n")
    for run in (term.report, term.grade, lambda: term.export("-f", "csv", "-o", "-")):
        ended = run()
        assert (ended.returncode, term.points()["cy"]) == (1, "7.5")
        assert "extensions.csv, line 2: `due` is “2026-11-22T12:00:00”, which names no time zone." in ended.stderr


def test_all_attempts_are_graded_and_one_counts(late_term):
    """Attempts side by side are graded once each; the setting says which counts, and the instructor sees all."""
    term = late_term
    hand_in_at(term, "eve/student.py", HALF, -9)
    hand_in_at(term, "eve (1)/student.py", GOOD, 3)
    term.grade()
    assert term.points() == {"ann": "15", "bob": "12", "cy": "7.5", "dee": "0", "eve": "12"}
    toml = term.toml.read_text(encoding="utf-8")
    for counts, points in (("best", "12"), ("last-before-due", "10"), ("last", "12")):
        term.toml.write_text(f'{toml}counts = "{counts}"\n', encoding="utf-8")
        ended = term.grade()
        assert "6 of 6 submissions have their result already." in ended.stderr
        assert term.points()["eve"] == points
    page = term.page("instructor/eve.html")
    assert "eve, attempt 1" in page
    assert page.count('<span class="tag">counts</span>') == 1
    assert "attempt 1" not in term.page("scorecards/eve.html")
    term.toml.write_text(toml.replace(DEADLINE, ""), encoding="utf-8")
    term.report()
    assert term.points()["ann"] == "15"
    assert "eve, attempt 1" not in term.points()


def test_a_deadline_is_in_the_course(late_term, tmp_path, call_grader):
    """An export that finds no course can't price lateness, so it refuses to."""
    late_term.grade()
    ended = call_grader("export", late_term.out, "-f", "csv", cwd=tmp_path)
    assert ended.returncode == 2
    assert "This run has a deadline, which the course holds." in ended.stderr
