"""Tests of grader.export.finished_run: whole exports of stored runs."""

import csv
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from grader.answers.marks import AnswerMark, text_digest
from grader.answers.store import ManualStore
from grader.errors import ExportError, StoreError
from grader.export.finished_run import export_run
from grader.export.job import STDOUT, ExportRequest
from grader.results.results_file import RunInfo
from grader.results.store import open_store
from grader.results.verdict import Answer, CheckResult, Feedback, Frame, Status, SubmissionResult, TaskResult, Verdict

RUN = RunInfo("tiny", "Tiny", "checks-1", "0.1.0", "2.13.0", "bubblewrap", "2026-05-01T10:00:00Z")
WORKSHEET = (
    "Identifier,Full name,Grade,Maximum Grade,Grade can be changed,Last modified (grade),Feedback comments\n"
    "Participant 11,Ann Lee,,10.00,Yes,-,\nParticipant 12,Bob Ray,,10.00,No,-,\n"
)


def _result(name, *, points=5.0, max_points=10.0, status=Status.GRADED):
    frame = Frame("hw.py", 3, "f", "x")
    check = CheckResult("test_a", "A", "a", Verdict.WRONG, feedback=Feedback("It is wrong.", traceback=(frame,)))
    task = TaskResult("a", "Task A", points, max_points, False, (check,))
    return SubmissionResult(name, status, points, max_points, (task,))


@pytest.fixture
def make_run(tmp_path):
    """Return a function that stores results and returns the results folder."""

    def make(*results, folder="results"):
        with open_store(tmp_path / folder, run=RUN) as store:
            for result in results:
                store.save(result, digest="d")
        return tmp_path / folder

    return make


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a text file and returns its path."""

    def write(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def _read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_csv_names_everybody(make_run, write):
    """Everybody is in the file; who is left over is told and listed in unmatched.csv beside it."""
    folder = make_run(_result("Ann Lee"), _result("stranger"))
    done = export_run(folder, ExportRequest(format="csv", roster=write("r.csv", "Name\nAnn Lee\nBob\n")))
    assert done.files == [folder / "export" / "grades.csv", folder / "export" / "unmatched.csv"]
    assert [row[:3] for row in _read(done.files[0])[1:]] == [
        ["Ann Lee", "Ann Lee", "5"],
        ["Bob", "", ""],
        ["", "stranger", "5"],
    ]
    assert [row[:2] for row in _read(done.files[1])[1:]] == [["submission", "stranger"], ["student", "Bob"]]
    assert done.problems == ["no student: stranger: no student of the roster has this name"]
    assert done.remarks == ["no submission: Bob"]


def test_a_name_that_the_roster_invents_is_told(make_run, write):
    """Where the column `submission` names what is not there, the student has no grade and the problem is told."""
    roster = write("r.csv", "Name,Submission\nAnn Lee,nope\n")
    done = export_run(make_run(_result("Ann Lee")), ExportRequest(format="csv", roster=roster))
    assert "no submission `nope`, which the roster names for Ann Lee" in done.problems


def test_csv_without_a_roster_needs_nobody(make_run):
    """Without a roster there is nobody to miss, and no unmatched.csv."""
    folder = make_run(_result("Ann Lee"))
    done = export_run(folder, ExportRequest(format="csv", out=STDOUT))
    assert (done.files, done.problems, done.remarks) == ([], [], [])
    assert done.printed == "submission,points,max_points,percent,status,a\nAnn Lee,5,10,50,graded,5\n"


def test_canvas_gets_a_gradebook(make_run, write, tmp_path):
    """The gradebook lies where --out says, unmatched.csv beside it."""
    roster = write("r.csv", 'Student,ID,SIS Login ID,Section\n"Lee, Ann",501,alee,A\n')
    out = tmp_path / "upload" / "canvas.csv"
    request = ExportRequest(format="canvas", roster=roster, out=out, assignment_id="9", out_of=100)
    done = export_run(make_run(_result("leeann")), request)
    assert done.files == [out, out.with_name("unmatched.csv")]
    assert _read(out) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Tiny (9)"],
        ["Points Possible", "", "", "", "", "100"],
        ["Lee, Ann", "501", "", "alee", "A", "50"],
    ]
    assert done.problems == []


def test_moodle_gets_worksheet_and_scorecards(make_run, write):
    """The worksheet is filled in, the scorecards are packed beside it, a locked grade is a problem."""
    folder = make_run(_result("Ann Lee"), _result("Bob Ray"))
    done = export_run(folder, ExportRequest(format="moodle", worksheet=write("w.csv", WORKSHEET)))
    assert [path.name for path in done.files] == ["moodle.csv", "moodle-feedback.zip", "unmatched.csv"]
    assert [row[2] for row in _read(done.files[0])] == ["Grade", "5", ""]
    assert zipfile.ZipFile(done.files[1]).testzip() is None
    assert done.problems == ["no grade: Bob Ray: Moodle has locked the grade of the student"]


def test_gradescope_gets_a_file_each(make_run):
    """Each submission has a file of a safe name; one alone can go to stdout."""
    folder = make_run(_result("ann"), _result("../b"))
    done = export_run(folder, ExportRequest(format="gradescope"))
    assert done.files == [folder / "export" / "gradescope"]
    documents = [json.loads(path.read_text()) for path in done.files[0].iterdir()]
    assert sorted(document["extra_data"]["submission"] for document in documents) == ["../b", "ann"]
    alone = export_run(folder, ExportRequest(format="gradescope", submission="ann", out=STDOUT, hidden_as="hidden"))
    assert (json.loads(alone.printed)["score"], alone.files) == (5.0, [])
    beside = export_run(folder, ExportRequest(format="gradescope", submission="ann", out=folder / "results.json"))
    assert beside.files == [folder / "results.json"]


def test_github_prints_or_appends(make_run, monkeypatch, tmp_path):
    """The summary goes to stdout, to a file or to the step's summary; annotations go to stdout."""
    folder, summary = make_run(_result("ann")), tmp_path / "summary.md"
    assert export_run(folder, ExportRequest(format="github")).printed.startswith("## Tiny\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    summary.write_text("before\n")
    done = export_run(folder, ExportRequest(format="github", annotate=True, step_summary=True))
    assert done.printed == "::error file=hw.py,line=3,title=A::It is wrong.\n"
    assert summary.read_text().startswith("before\n## Tiny\n")
    both = export_run(folder, ExportRequest(format="github", annotate=True, out=tmp_path / "s.md"))
    assert (both.files, both.printed.count("\n")) == ([tmp_path / "s.md"], 1)


def test_what_is_not_final_is_told(make_run):
    """The grader's failures and what could not be read are problems: nobody gets a 0 for either."""
    folder = make_run(
        _result("ann", status=Status.NOT_GRADED), _result("bob", points=0.0, status=Status.UNREADABLE), _result("cy")
    )
    done = export_run(folder, ExportRequest(format="csv"))
    assert done.problems == [
        "no grade: ann: the grader failed on it, so its points are provisional: grade it again",
        "no grade: bob: it could not be read",
    ]
    assert done.remarks == []


def test_text_answers_are_told(make_run):
    """Points that a person still has to give are not in the grade, which is told once."""
    folder = make_run(replace(_result("ann"), answers=(Answer("Why?", "Because."),)), _result("bob"))
    done = export_run(folder, ExportRequest(format="csv"))
    assert done.remarks == ["1 of 2 have text answers, which a person grades: in columns of their own"]
    assert done.problems == []
    done = export_run(folder, ExportRequest(format="github"))
    assert done.remarks == ["1 of 2 have text answers, which a person grades: not counted"]


def _graded(name, *given, points=5.0):
    """Return a result with two answers, and the marks for those that were given points."""
    answers = (Answer("Why?", "Because.", points=4.0, name="why"), Answer("How?", "Somehow.", name="how"))
    marks = {
        (name, answer.name): AnswerMark(points, "Well said.", text_digest(answer))
        for answer, points in zip(answers, given, strict=False)
    }
    return replace(_result(name, points=points), answers=answers), marks


def test_exports_hold_what_a_person_gave(make_run, write, tmp_path):
    """Every format has the stored points and comments; who still waits has no grade, is listed, and told what to do."""
    done, waiting = _graded("Ann Lee", 3.0, 1.0), _graded("Bob Ray", 2.0)
    folder = make_run(done[0], waiting[0])
    ManualStore(folder).give(done[1] | waiting[1])
    roster = write("r.csv", "Student,ID\nAnn Lee,1\nBob Ray,2\n")
    found = export_run(folder, ExportRequest(format="canvas", roster=roster))
    assert [row[-1] for row in _read(found.files[0])] == ["Tiny", "14", "9", ""]
    assert found.problems == ["no grade: Bob Ray: 1 of its 2 text answers wait for a person"]
    assert found.remarks[-1].startswith("text answers wait: grade them with `grader manual ")
    found = export_run(folder, ExportRequest(format="csv"))
    assert [row[-3:] for row in _read(found.files[0])] == [
        ["total_points", "manual:why", "manual:how"],
        ["9", "3", "1"],
        ["", "2", ""],
    ]
    assert found.problems == []
    printed = export_run(folder, ExportRequest(format="gradescope", submission="Ann Lee", out=STDOUT)).printed
    assert json.loads(printed)["score"] == 9.0
    assert "Well said." in export_run(folder, ExportRequest(format="github", submission="Ann Lee")).printed


def test_checks_alone_can_be_exported(make_run, write):
    """With --checks-only the grades are those of the checks, whatever was given, and nobody waits."""
    result, marks = _graded("Ann Lee", 3.0)
    folder = make_run(result)
    ManualStore(folder).give(marks)
    done = export_run(
        folder, ExportRequest(format="canvas", roster=write("r.csv", "Student,ID\nAnn Lee,1\n"), checks_only=True)
    )
    assert [row[-1] for row in _read(done.files[0])] == ["Tiny", "10", "5"]
    assert (done.problems, done.remarks) == ([], ["1 of 1 have text answers, which a person grades: not counted"])


def test_moodle_gets_no_grade_that_it_would_drop(make_run, write):
    """Points above the worksheet's maximum are a problem of that submission, not a grade that vanishes."""
    result, marks = _graded("Ann Lee", 4.0, 3.0, points=10.0)
    folder = make_run(result, _graded("Bob Ray")[0])
    ManualStore(folder).give(marks)
    sheet = WORKSHEET.replace("10.00", "14.00")
    done = export_run(folder, ExportRequest(format="moodle", worksheet=write("w.csv", sheet)))
    assert "no grade: Ann Lee: it has 17 points, more than the maximum of 14" in done.problems
    assert [row[2] for row in _read(done.files[0])] == ["Grade", "", ""]


def test_a_mark_for_another_text_does_not_count(make_run):
    """A mark that was given for an earlier text of an answer counts for no export."""
    result, marks = _graded("Ann Lee", 3.0, 1.0)
    folder = make_run(result)
    ManualStore(folder).give({key: replace(mark, answer="another") for key, mark in marks.items()})
    done = export_run(folder, ExportRequest(format="github"))
    assert "### Ann Lee: 5 of 10 points\n" in done.printed


def test_an_export_reads_while_a_run_writes(make_run, tmp_path):
    """Exporting neither waits for a run nor changes its store, even where answers wait for a person."""
    folder = make_run(_graded("ann")[0])
    before = (folder / "run.sqlite").read_bytes()
    with open_store(folder, run=RUN):
        assert export_run(folder, ExportRequest(format="csv", out=tmp_path / "g.csv")).problems == []
    assert (folder / "run.sqlite").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"format": "canvass"}, r"There is no format `canvass`\. Did you mean `canvas`\?"),
        ({"format": "xml"}, r"There is no format `xml`\. Known: `csv`, `canvas`, `moodle`, `gradescope`, `github`\."),
        ({"format": "canvas"}, r"the export needs a roster\. Export the gradebook in Canvas"),
        ({"format": "moodle"}, r"only its own worksheet, filled in\. Choose “Download grading worksheet”"),
        ({"format": "csv", "out_of": 5}, r"--out-of is not for csv\. Leave it out; it is for canvas, moodle\."),
        ({"format": "csv", "checks_only": True}, r"--checks-only is not for csv\. Leave it out; it is for canvas, "),
        ({"format": "moodle", "roster": Path("r")}, r"--roster is not for moodle\."),
        ({"format": "canvas", "out_of": 0}, r"--out-of 0 can't be a maximum\. Give a number above 0"),
        ({"format": "gradescope", "submission": "an"}, r"has no submission `an`\. Did you mean `ann`\?"),
        ({"format": "gradescope", "out": STDOUT}, r"do not fit into stdout\. Choose one with --submission\."),
        ({"format": "gradescope", "hidden_as": "hiden"}, r"can't be `hiden`\. Did you mean `hidden`\?"),
        ({"format": "moodle", "worksheet": Path("w"), "out": STDOUT}, r"--out - is not for moodle"),
        ({"format": "csv", "roster": Path("nowhere.csv")}, r"nowhere\.csv can't be read"),
        ({"format": "github", "step_summary": True}, r"GITHUB_STEP_SUMMARY is not set"),
    ],
)
def test_a_mistake_in_the_options_is_named(make_run, monkeypatch, options, words):
    """Each option that can't be used is refused with what to do."""
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    with pytest.raises(ExportError, match=words):
        export_run(make_run(_result("ann")), ExportRequest(**options))


def test_a_summary_that_cannot_be_written_is_named(make_run, monkeypatch, tmp_path):
    """A step summary that is a folder is named with the reason."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    with pytest.raises(ExportError, match=r"can't be written: Is a directory\. Use --out instead"):
        export_run(make_run(_result("ann")), ExportRequest(format="github", step_summary=True))


def test_a_folder_without_results_is_named(make_run, tmp_path):
    """A folder without a run, and a run without results, are told apart."""
    with pytest.raises(StoreError, match="is not a results folder"):
        export_run(tmp_path / "nothing", ExportRequest(format="csv"))
    with pytest.raises(ExportError, match=r"holds no result yet\. Grade first: `grader grade tiny"):
        export_run(make_run(), ExportRequest(format="csv"))


def test_a_run_of_a_small_course_is_exported(make_course, read_tiny, grade_many, call_grader, tmp_path):
    """`grader export` after a real run: files and exit codes 0, 1, 2 and 3."""
    course = make_course(tmp_path / "course", checks={"test_tiny.py": CHECK})
    code = {"student.py": "def double(x):\n    return x\n"}
    results = grade_many(read_tiny(course), {"ann": code}, folder=tmp_path / "in")
    with open_store(tmp_path / "out", run=RUN) as store:
        store.save(results["ann"], digest="d")
    roster = tmp_path / "r.csv"
    roster.write_text("Name,ID\nAnn,1\n")
    done = call_grader("export", "out", "-f", "canvas", "--roster", "r.csv", cwd=tmp_path)
    assert (done.returncode, done.stdout.split("\n")[0]) == (0, "written: out/export/canvas.csv")
    assert _read(tmp_path / "out" / "export" / "canvas.csv")[2] == ["Ann", "1", "", "", "", "0"]
    annotated = call_grader("export", "out", "-f", "github", "--annotate", cwd=tmp_path)
    assert (annotated.returncode, annotated.stdout.startswith("## Tiny\n")) == (0, True)
    roster.write_text("Name,ID\nBob,1\n")
    lost = call_grader("export", "out", "-f", "csv", "--roster", "r.csv", cwd=tmp_path)
    assert lost.returncode == 1
    assert "no student: ann: no student of the roster has this name" in lost.stderr
    assert "1 submission needs a person" in lost.stderr
    assert call_grader("export", "out", "-f", "excel", cwd=tmp_path).returncode == 2
    assert call_grader("export", "in", "-f", "csv", cwd=tmp_path).returncode == 2


def test_what_is_adjusted_is_exported_and_reported(make_course, read_tiny, grade_many, call_grader, tmp_path):
    """A check that is given to everybody changes what `report` and `export` write; nothing is graded again."""
    course = make_course(tmp_path / "course", checks={"test_tiny.py": CHECK})
    wrong = {"student.py": "def double(x):\n    return x\n"}
    results = grade_many(read_tiny(course), {"ann": wrong}, folder=tmp_path / "in")
    with open_store(tmp_path / "out", run=RUN) as store:
        store.save(results["ann"], digest="d")
    toml = course / "tests" / "assignments" / "tiny" / "assignment.toml"
    before = toml.read_text()
    toml.write_text(f'{before}\n[adjust.test_double]\npoints = "full"\nreason = "The check was wrong."\n')
    call_grader("export", tmp_path / "out", "-f", "csv", cwd=tmp_path)
    assert _read(tmp_path / "out" / "export" / "grades.csv")[1][:3] == ["ann", "0", "10"]
    for place, options in ((tmp_path, ["--course", course]), (course, [])):
        done = call_grader("export", tmp_path / "out", "-f", "csv", *options, cwd=place)
        assert (done.returncode, done.stderr) == (0, "")
        assert _read(tmp_path / "out" / "export" / "grades.csv")[1][:3] == ["ann", "10", "10"]
    assert call_grader("report", tmp_path / "out", cwd=course).returncode == 0
    assert _read(tmp_path / "out" / "grades.csv")[1][:3] == ["ann", "10", "10"]
    assert "The check was wrong." in (tmp_path / "out" / "scorecards" / "ann.html").read_text()
    toml.write_text(f'{before}\n[adjust.test_doubl]\nweight = 0\nreason = "x"\n')
    done = call_grader("report", tmp_path / "out", cwd=course)
    assert done.returncode == 2
    assert "Did you mean `test_double`?" in done.stderr


CHECK = '''\
import pytest
import torch

from grader.compare import assert_matches


@pytest.mark.graded(task="double")
def test_double(probe):
    """double returns twice its input"""
    x = torch.ones(2)
    assert_matches(probe("double", x=x), {"y": 2 * x})
'''
