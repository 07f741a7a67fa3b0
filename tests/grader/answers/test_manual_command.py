"""Tests of `grader manual`, and of what `grader report` makes of it."""

import csv
import json
import re
import signal
import urllib.request

import pytest
from manual_conftest import RUN, result_of

from grader.answers.store import ManualStore
from grader.export.grades_csv import write_grades_csv
from grader.results.store import open_store

TOML = """\
title = "Tiny"
[submission]
required = ["student.py"]
editable = ["*.py"]
[tasks.double]
title = "Doubling"
points = 10
[answers.why]
title = "Why?"
module = "student"
points = 4
[answers.how]
title = "How?"
module = "student"
"""


@pytest.fixture
def course(make_course, tmp_path):
    """Return a course with two questions, and results of three submissions in its folder `out`."""
    folder = make_course(tmp_path, toml=TOML)
    with open_store(folder / "out", run=RUN) as store:
        for result in (result_of("ann"), result_of("bob", why="*So*."), result_of("cyd", why="")):
            store.save(result, digest="d")
    return folder


def _grades(course):
    with (course / "out" / "grades.csv").open(newline="") as file:
        return {row["submission"]: row for row in csv.DictReader(file)}


def _fill_in(course, *, answers):
    path = course / "out" / "manual.csv"
    text = path.read_text()
    for row, cells in answers.items():
        assert f"{row},,\n" in text
        text = text.replace(f"{row},,\n", f"{row},{cells}\n")
    path.write_text(text)


def test_the_skeleton_is_written_and_filled_in_ends_on_the_pages(course, call_grader):
    """manual.csv is written once; `grader report` puts its points and comments on scorecards and into grades.csv."""
    ended = call_grader("manual", "out", "--no-serve", cwd=course)
    assert (ended.returncode, ended.stdout) == (
        0,
        "0 of 6 answers graded; they are in out/manual.csv. Next: `grader report out` puts them on the scorecards.\n",
    )
    _fill_in(course, answers={"ann,why": "3,good & right", "ann,how": "1.5,", "bob,why": "0,"})
    ended = call_grader("report", "out", cwd=course)
    assert ended.returncode == 0
    assert "manual.csv: 3 changed rows were taken over." in ended.stderr
    assert "3 text answers wait for a person: `grader manual out`." in ended.stdout
    page = (course / "out" / "scorecards" / "ann.html").read_text()
    assert "good &amp; right" in page
    assert "pending: graded by a person" not in page
    assert "pending: graded by a person" in (course / "out" / "scorecards" / "bob.html").read_text()
    stored = json.loads((course / "out" / "results.json").read_text())
    assert [(a["given"], a["comment"]) for a in stored["submissions"][0]["answers"]] == [
        (3.0, "good & right"),
        (1.5, ""),
    ]


def test_points_of_checks_keep_their_meaning(course, call_grader):
    """grades.csv has manual points in columns of their own; the total stays empty until all answers are graded."""
    call_grader("manual", "out", "--no-serve", cwd=course)
    _fill_in(course, answers={"ann,why": "3,", "ann,how": "1.5,", "bob,why": "0,"})
    call_grader("report", "out", cwd=course)
    grades = _grades(course)
    columns = ("points", "max_points", "manual_points", "manual_pending", "total_points", "manual:why", "manual:how")
    assert [grades["ann"][name] for name in columns] == ["5", "10", "4.5", "0", "9.5", "3", "1.5"]
    assert [grades["bob"][name] for name in columns] == ["5", "10", "0", "1", "", "0", ""]
    assert [grades["cyd"][name] for name in columns] == ["5", "10", "0", "2", "", "", ""]


def test_without_questions_there_are_no_such_columns(tmp_path):
    """An assignment without questions has the grades.csv that it always had."""
    write_grades_csv(tmp_path / "grades.csv", [result_of("ann")], tasks=["a"])
    assert (tmp_path / "grades.csv").read_text().splitlines()[0] == "submission,points,max_points,percent,status,a"


def test_rows_that_cannot_be_used_are_listed_and_kept(course, call_grader):
    """Bad rows are told with their lines and exit code 1; the pages are written, good rows count, the file stays."""
    call_grader("manual", "out", "--no-serve", cwd=course)
    _fill_in(course, answers={"ann,why": "3,", "bob,why": "nan,lost?"})
    before = (course / "out" / "manual.csv").read_bytes()
    for command in (["report", "out"], ["manual", "out", "--no-serve"]):
        ended = call_grader(*command, cwd=course)
        assert ended.returncode == 1
        assert "out/manual.csv, line 5: “nan” is not a number of points. Give 0 to 4." in ended.stderr
        assert (course / "out" / "manual.csv").read_bytes() == before
    assert _grades(course)["ann"]["manual_points"] == "3"


def test_a_file_that_is_none_exits_with_2(course, call_grader):
    """A manual.csv without its columns is one sentence with a remedy."""
    (course / "out" / "manual.csv").write_text("name,grade\n")
    ended = call_grader("report", "out", cwd=course)
    assert ended.returncode == 2
    assert "has no column `submission`" in " ".join(ended.stderr.split())


def test_a_file_with_columns_of_its_own_is_left_alone(course, call_grader):
    """A manual.csv with further columns is read, and told to be left as it is."""
    (course / "out" / "manual.csv").write_text("submission,question,points,comment,by\nann,why,2,,kim\n")
    ended = call_grader("manual", "out", "--no-serve", cwd=course)
    assert ended.returncode == 0
    assert "manual.csv has columns of its own and is left as it is." in ended.stderr
    assert "1 of 6 answers graded" in ended.stdout


def test_an_assignment_without_answers_has_nothing_to_grade(make_course, call_grader, tmp_path):
    """Without a question, `grader manual` says where questions are named."""
    course = make_course(tmp_path)
    with open_store(course / "out", run=RUN) as store:
        store.save(result_of("ann"), digest="d")
    ended = call_grader("manual", "out", "--no-serve", cwd=course)
    assert ended.returncode == 2
    assert "out holds no answers that a person grades." in ended.stderr
    assert "Without `--no-serve` a page shows automatic marks." in ended.stderr


def test_the_page_is_served_until_ctrl_c(course, start_grader, call_grader, tmp_path):
    """The command prints the page's address and takes a rubric; Ctrl-C ends it cleanly, with all in the files."""
    rubric = tmp_path / "rubric.toml"
    rubric.write_text('[why]\nremarks = [{ text = "No reason", costs = 1 }]\n')
    process = start_grader("manual", "out", "--rubric", rubric, cwd=course)
    try:
        url = re.fullmatch(r"Open (http://127\.0\.0\.1:\d+/[\w-]{32}/)\n", process.stdout.readline())[1]
        page = urllib.request.urlopen(f"{url}q/0?order=name", timeout=20).read().decode()
        assert "No reason (−1)" in page
        key = re.search(r'data-key="(\w+)"', page)[1]
        body = json.dumps({"key": key, "question": "why", "points": "4", "comment": "yes"}).encode()
        request = urllib.request.Request(f"{url}give", body, {"X-Grader-Token": url.split("/")[3]})
        urllib.request.urlopen(request, timeout=20)
        mark = {"submission": 1, "target": "it", "points": "7", "reason": "By eye.", "who": "Ida"}
        request = urllib.request.Request(f"{url}override", json.dumps(mark).encode(), dict(request.header_items()))
        urllib.request.urlopen(request, timeout=20)
        assert ManualStore(course / "out").marks()["ann", "why"].points == 4.0
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, "Traceback" in errors) == (0, False)
    assert "1 of 6 answers graded" in output
    assert "ann,why,4,yes\n" in (course / "out" / "manual.csv").read_text()
    assert "bob,it,7,,By eye.,Ida\n" in (course / "out" / "overrides.csv").read_text()
    assert call_grader("report", "out", cwd=course).returncode == 0
    assert (_grades(course)["bob"]["points"], _grades(course)["ann"]["points"]) == ("7", "5")
