"""Tests of a term: what persons and dates make of grades, through `grader grade`, `report` and `export`."""

import csv
import json
import os
import time
from datetime import UTC, datetime

import pytest

from grader.results.store import read_store

GOOD = "def double(x): return 2 * x\n\n\ndef triple(x): return 3 * x\n"
HALF = "def double(x): return 2 * x\n\n\ndef triple(x): return x\n"
BAD = "def double(x): return x\n\n\ndef triple(x): return x\n"
OVERRIDES = "submission,check_or_task,points,verdict,reason,who\n"


@pytest.fixture
def term(tmp_path, make_course, write_files, call_grader):
    """Return a course with hand-ins and a results folder, and ways to grade, report and export it."""
    course = make_course(tmp_path / "course")
    assert call_grader("record", "tiny", cwd=course).returncode == 0

    class Term:
        """Hold the folders of a course that is under way."""

        checks = next(course.rglob("test_tiny.py"))
        toml = next(course.rglob("assignment.toml"))

        folder, out = tmp_path / "class", tmp_path / "results"

        def hand_in(self, **sources):
            write_files(self.folder, {f"{name}/student.py": source for name, source in sources.items()})

        def grade(self, *options):
            arguments = ("grade", "tiny", self.folder, "--out", self.out, "--wall", "process", "-j", "1", *options)
            return call_grader(*arguments, cwd=course)

        def report(self):
            return call_grader("report", self.out, cwd=course)

        def export(self, *options):
            return call_grader("export", self.out, *options, cwd=course)

        def write(self, name, text):
            (self.out / name).write_text(text, encoding="utf-8")

        def points(self):
            with (self.out / "grades.csv").open(encoding="utf-8") as file:
                return {row["submission"]: row["points"] for row in csv.DictReader(file)}

        def page(self, path):
            return (self.out / path).read_text(encoding="utf-8")

        def mend(self, old, new):
            text = self.checks.read_text(encoding="utf-8")
            assert old in text
            self.checks.write_text(text.replace(old, new), encoding="utf-8")

    made = Term()
    made.course = course
    return made


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
    assert "3</span> submissions have other points than were handed out" in term.page("changes.html")
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


SOURCES = (GOOD, HALF, BAD)
STEPS = (-5, 30, 60, 200)  # hours after the due time: in time, for 80 %, for 50 %, for nothing
MEMBERS = [[f"Ann {i:02}", f"Bob {i:02}"] if i < 8 else [f"Ann {i:02}"] for i in range(32)]  # forty students
MEASURED = '''

@pytest.mark.graded(task="measured")
def test_measured(probe, credit):
    """What comes out is twice as large as what goes in"""
    credit(probe("double", x=torch.ones(4))["y"].mean(), [(1, 0.5), (2, 1)], parameters=7)
'''
ROSTER = "name\n" + "".join(f"{student}\n" for members in MEMBERS for student in members)


def gradescope_class(folder, until):
    """Write Gradescope's export of all that was handed in until so many hours after the due time."""
    told = []
    for i, members in enumerate(MEMBERS):
        if STEPS[i % 4] > until:
            continue
        file = folder / f"submission_{100 + i}" / "student.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(SOURCES[i % 3], encoding="utf-8")
        when = datetime.fromtimestamp(DUE_S + STEPS[i % 4] * 3600, UTC).strftime("%Y-%m-%d %H:%M:%S.000000000 Z")
        people = "".join(f"  - :name: {student}\n    :sid: '{i}{k}'\n" for k, student in enumerate(members))
        told.append(f"submission_{100 + i}:\n  :submitters:\n{people}  :created_at: {when}\n")
    (folder / "submission_metadata.yml").write_text("".join(told), encoding="utf-8")


def kill_in_the_middle(term, start_grader):
    """Start to grade, and kill it once something more is stored."""
    before = stored_in(term.out)
    arguments = ("grade", "tiny", term.folder, "--out", term.out, "--wall", "process", "-j", "1")
    with start_grader(*arguments, cwd=term.course) as process:
        end = time.monotonic() + 60
        while stored_in(term.out) <= before and time.monotonic() < end:
            time.sleep(0.02)
        process.kill()


def stored_in(out):
    """Return how many results a folder holds."""
    if not (out / "run.sqlite").is_file():
        return 0
    with read_store(out) as store:
        return len(list(store.results()))


@pytest.mark.slow
def test_a_whole_term(term, start_grader, call_grader):
    """Forty students, deadlines, groups, extensions, overrides, a measure, a mended check: at once as step by step."""
    term.toml.write_text(term.toml.read_text(encoding="utf-8") + DEADLINE, encoding="utf-8")
    roster = term.folder.parent / "roster.csv"
    roster.write_text(ROSTER, encoding="utf-8")
    toml = '[tasks.measured]\ntitle = "Measured"\npoints = 10\n'
    term.toml.write_text(term.toml.read_text(encoding="utf-8") + toml, encoding="utf-8")
    term.checks.write_text(term.checks.read_text(encoding="utf-8") + MEASURED, encoding="utf-8")
    exports = []

    def export(*options):
        path = term.folder.parent / f"export{len(exports)}.csv"
        ended = term.export("-f", "csv", "--roster", roster, "-o", path, *options)
        exports.append(path.read_text(encoding="utf-8"))
        return ended

    for step, until in enumerate((0, 48, 96)):
        gradescope_class(term.folder, until)
        if step == 1:
            kill_in_the_middle(term, start_grader)
        assert term.grade().returncode == 0
        export()
        assert exports[-1].count(",graded,") == sum(len(one) for i, one in enumerate(MEMBERS) if STEPS[i % 4] <= until)
    gradescope_class(term.folder, 500)
    term.grade()
    # An extension for one of a group, then a person's word for another.
    late, wrong = "Ann 01 & Bob 01", "Ann 08"
    assert (term.points()[late], term.points()[wrong]) == ("16", "5")
    term.write("extensions.csv", f"{EXTENSIONS}Bob 01,2026-11-22T12:00:00Z,,,Ill.\n")
    term.write("overrides.csv", f"{OVERRIDES}{wrong},test_double,5,,Half right.,Tom\n")
    assert term.report().returncode == 0
    assert (term.points()[late], term.points()[wrong]) == ("20", "10")
    export()
    # A mended check: what it moved is told, the override stays, and only that is exported.
    term.mend('{"y": 2 * x}', '{"y": x}')
    kill_in_the_middle(term, start_grader)
    assert term.grade().returncode == 0
    moved = {row["submission"] for row in csv.DictReader(term.page("changes.csv").splitlines())}
    assert late in moved
    assert wrong not in moved
    assert "behind an override" in term.page("index.html")
    assert export("--only-changed").returncode == 0
    told = list(csv.DictReader(exports[-1].splitlines()))
    assert {row["submission"] for row in told} == moved
    assert {row["name"] for row in told if row["submission"] == late} == {"Ann 01", "Bob 01"}
    export()
    # Ranked by the measure: nobody is named but who asked for it, at no cost.
    nicknames = term.folder.parent / "nicknames.csv"
    nicknames.write_text("submission,nickname\nAnn 09,Neo\n", encoding="utf-8")
    asked = ("leaderboard", term.out, "--task", "measured", "--nicknames", nicknames)
    ended = call_grader(*asked, cwd=term.course)
    assert (ended.returncode, "32 places, 1 by nickname, 0 without a score." in ended.stdout) == (0, True)
    board = list(csv.DictReader(term.page("leaderboard-measured.csv").splitlines()))
    places = {(row["rank"], row["score"], row["points"], row["parameters"]) for row in board}
    assert places == {("1", "2", "10", "7"), ("23", "1", "5", "7")}
    assert [row["name"] for row in board if not row["name"].startswith("anonymous ")] == ["Neo"]
    text = term.page("leaderboard-measured.html")
    assert text.count("Target: from 2, all points") == 1
    assert "Ann" not in text
    # The same at once, in another folder.
    once = term.folder.parent / "once"
    once.mkdir()
    for name in ("extensions.csv", "overrides.csv"):
        (once / name).write_text(term.page(name), encoding="utf-8")
    arguments = ("grade", "tiny", term.folder, "--out", once, "--wall", "process", "-j", "2")
    assert call_grader(*arguments, cwd=term.course).returncode == 0
    assert (once / "grades.csv").read_bytes() == (term.out / "grades.csv").read_bytes()
    path = once / "export.csv"
    call_grader("export", once, "-f", "csv", "--roster", roster, "-o", path, cwd=term.course)
    assert path.read_text(encoding="utf-8") == exports[-1]
