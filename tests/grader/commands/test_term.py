"""Tests of a term: what persons and dates make of grades, through `grader grade`, `report` and `export`."""

import csv
import json

import pytest

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

    return Term()


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
