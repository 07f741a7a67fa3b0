"""Tests of grader.commands.grade: what a class's folder does to exit code, pages and grades."""

import csv
import json

from upload_samples import pack

from grader.results.store import read_store

GOOD = "def double(x): return 2 * x\n\n\ndef triple(x): return 3 * x\n"
BAD = "def double(x): return x\n\n\ndef triple(x): return x\n"


def test_what_is_unclear_gets_no_grade_and_is_told(tmp_path, make_course, write_files, call_grader):
    """Rivals are named on the class page, have an empty grade in every table, and the exit code is 1."""
    course = make_course(tmp_path / "course")
    assert call_grader("record", "tiny", cwd=course).returncode == 0
    rivals = {"Bo_2_assignsubmission_file_a.zip": pack({"student.py": GOOD})}
    rivals["Bo_2_assignsubmission_file_b.zip"] = pack({"student.py": BAD})
    others = {"Ann_1_assignsubmission_file_student.py": BAD, "Cy_3_assignsubmission_file_report.pdf": b"%PDF"}
    folder = write_files(tmp_path / "class", rivals | others)
    out = folder / "results"
    arguments = ("grade", "tiny", folder, "--out", out, "--wall", "process", "-j", "1")
    ended = call_grader(*arguments, cwd=course)
    assert ended.returncode == 1
    assert "1 submission is not graded: it is unclear which of several things is meant" in ended.stderr
    rows = {row["submission"]: row for row in csv.DictReader((out / "grades.csv").open(encoding="utf-8"))}
    assert {name: (row["points"], row["status"]) for name, row in rows.items()} == {
        "Ann": ("0", "graded"),
        "Bo": ("", "unclear"),
        "Cy": ("", "unreadable"),
    }
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "1 submission is unclear" in page
    assert "<code>a.zip/</code>, <code>b.zip/</code> differ" in page

    (folder / "Bo_2_assignsubmission_file_b.zip").unlink()
    (folder / "Ann_1_assignsubmission_file_student.py").unlink()
    ended = call_grader(*arguments, cwd=course)
    assert ended.returncode == 0
    rows = {row["submission"]: row for row in csv.DictReader((out / "grades.csv").open(encoding="utf-8"))}
    assert {name: (row["points"], row["status"]) for name, row in rows.items()} == {
        "Ann": ("", "gone"),
        "Bo": ("15", "graded"),
        "Cy": ("", "unreadable"),
    }
    exported = call_grader("export", out, "--format", "csv", "--out", "-", cwd=course)
    assert exported.returncode == 1
    assert "no grade: Ann: it is no longer among the submissions" in exported.stderr


def test_one_student_graded_again_changes_nobody_else(tmp_path, make_course, write_files, call_grader):
    """An upload that names classmates takes no grade of theirs, in the class or when it is given by itself."""
    course = make_course(tmp_path / "course")
    assert call_grader("record", "tiny", cwd=course).returncode == 0
    forged = pack({f"{name}_assignsubmission_file_student.py": BAD for name in ("ann_1", "bo_2")})
    folder = write_files(tmp_path / "class", {"ann/student.py": GOOD, "bo/student.py": GOOD, "mal.zip": forged})
    out = tmp_path / "results"
    for path in (folder, folder / "mal.zip"):
        ended = call_grader("grade", "tiny", path, "--out", out, "--wall", "process", "-j", "1", cwd=course)
        assert ended.returncode == 1
        rows = csv.DictReader((out / "grades.csv").open(encoding="utf-8"))
        assert {row["submission"]: (row["points"], row["status"]) for row in rows} == {
            "ann": ("15", "graded"),
            "bo": ("15", "graded"),
            "mal": ("", "unclear"),
        }


def test_a_submission_draws_the_same_numbers_each_time_it_is_graded(tmp_path, make_course, write_files, call_grader):
    """The generators of student code follow a key of the run: kept for when it is graded again, told to nobody."""
    course = make_course(tmp_path / "course")
    assert call_grader("record", "tiny", cwd=course).returncode == 0
    drawing = "import random\nimport torch\n" + GOOD.replace("return 2 * x", "return 2 * x + torch.rand(1)")
    folder = write_files(tmp_path / "class", {"ann/student.py": drawing})
    drawn = []
    for out, more in ((tmp_path / "one", ()), (tmp_path / "one", ("--fresh",)), (tmp_path / "two", ())):
        arguments = ("grade", "tiny", folder, "--out", out, "--wall", "process", "-j", "1", *more)
        assert call_grader(*arguments, cwd=course).returncode == 0
        text = (out / "results.json").read_text(encoding="utf-8")
        (check,) = json.loads(text)["submissions"][0]["tasks"][0]["checks"]
        drawn.append((check["verdict"], check["feedback"]["items"]))
        with read_store(out) as store:
            assert store.run.key
            assert store.run.key not in text
    assert drawn[0][0] == "wrong"
    assert drawn[0] == drawn[1] != drawn[2]
