"""Fixtures of several files: a course that is under way."""

import csv

import pytest


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
