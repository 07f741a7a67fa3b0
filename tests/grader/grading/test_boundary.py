"""Promises of the boundary around each submission: whatever goes wrong inside it is that submission's state alone."""

import ast
import inspect
import os
import textwrap
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from grader.courses.course import read_assignment
from grader.errors import CourseError, SandboxError, SubmissionError
from grader.grading import grade as grade_module
from grader.grading.grade import GradingSession, grade_all
from grader.grading.job import Job, Order
from grader.grading.notebook_execution import Executed
from grader.results.verdict import Status
from grader.submissions.submission import Found, read_submission

COURSES = Path(__file__).parents[1] / "sample_courses"
INSIDE = (GradingSession._grade, GradingSession._run, GradingSession._asked_for, grade_module._read)


def _called():
    """Return every function of the module that grading one submission calls."""
    trees = [ast.parse(textwrap.dedent(inspect.getsource(function))) for function in INSIDE]
    calls = [node.func for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = {call.id for call in calls if isinstance(call, ast.Name)}
    return sorted(names & set(vars(grade_module)) - {"read_packed_submission"})  # of what travels; see test_parcel.py


@pytest.fixture
def grade_three(process_server, monkeypatch, tmp_path):
    """Return a function that grades the reference three times, with a fault in one function for the second alone."""
    monkeypatch.setattr("grader.grading.grade.start_server", lambda *_args, **_settings: nullcontext(process_server))

    def grade(slug, name, error):
        course, now, results = COURSES / slug, [""], {}
        assignment = read_assignment(course, slug)
        patient = {"wall_s": 60, "cpu_s": 60, "import_s": 60}  # what is promised here is no matter of time
        assignment = replace(assignment, limits={**assignment.limits, **patient})
        executes = name == "keep_executed"  # a kernel of its own: not started for those before and after
        sound = getattr(grade_module, name) if not executes else lambda *_arguments, **_settings: Executed(b"", ())

        def faulty(*arguments, **settings):
            if now[0] == "second":
                raise error
            return sound(*arguments, **settings)

        def jobs():
            for now[0] in ("first", "second", "third"):
                yield Job(Found(now[0], assignment.reference))

        monkeypatch.setattr(grade_module, name, faulty)
        grade_all(
            Order(
                course,
                assignment,
                wall="process",
                tasks=(assignment.tasks[0].name,),
                executed=tmp_path if executes else None,
            ),
            jobs(),
            report=lambda result, _digest: results.__setitem__(result.submission, result),
        )
        return results

    return grade


def test_there_is_something_to_break():
    """The calls are read from the source, so that one that is added is broken, too."""
    assert {"add_up", "find_uses", "notebook_notes", "open_sandbox", "read_submission", "run_checks"} <= set(_called())


@pytest.mark.parametrize("name", _called())
@pytest.mark.parametrize("slug", ["mini", "notebook-mini"])
def test_a_fault_of_ours_costs_nobody_else(grade_three, slug, name):
    """A fault in any step of grading one submission is shouted about there; the ones before and after are graded."""
    results = grade_three(slug, name, RuntimeError("a fault of ours"))
    for other in ("first", "third"):
        assert results[other].status is Status.GRADED
        assert results[other].points == results[other].max_points > 0
    assert (results["second"].status, results["second"].points) == (Status.NOT_GRADED, 0)
    assert "The grader failed on this submission: RuntimeError: a fault of ours." in results["second"].notes[0]


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (RecursionError("too deep"), Status.NOT_GRADED, "RecursionError: too deep."),
        (MemoryError(), Status.NOT_GRADED, "MemoryError:"),
        (CourseError("A reference is wrong."), Status.NOT_GRADED, "CourseError: A reference is wrong."),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "odd"), Status.NOT_GRADED, "UnicodeDecodeError"),
    ],
)
def test_any_kind_of_fault_stays_inside(grade_three, error, status, words):
    """Whatever kind of exception it is, it ends as the submission's state."""
    results = grade_three("mini", "read_submission", error)
    assert (results["second"].status, results["third"].status) == (status, Status.GRADED)
    assert words in results["second"].notes[0]


def test_a_wall_that_is_gone_is_no_submissions_state(grade_three):
    """Where the sandbox itself is gone, the process can grade nothing more: that is told to whoever started it."""
    with pytest.raises(SandboxError, match="The wall fell"):
        grade_three("mini", "open_sandbox", SandboxError("The wall fell."))


def test_files_that_cannot_be_opened_make_one_submission_unreadable(monkeypatch, tmp_path):
    """A file that the grading user may not open makes its submission unreadable, with the remedy."""
    assignment = read_assignment(COURSES / "mini", "mini")
    (tmp_path / "closed.py").write_text("x = 1\n")
    ordinary = os.open

    def refuse(path, *arguments, **settings):
        if Path(path).name == "closed.py":
            raise PermissionError(13, "Permission denied")
        return ordinary(path, *arguments, **settings)

    monkeypatch.setattr(os, "open", refuse)  # root may open everything
    words = r"`closed\.py` can't be opened by the user who grades: Permission denied\. Make it readable"
    with pytest.raises(SubmissionError, match=words):
        read_submission(Found("closed", tmp_path / "closed.py"), assignment)


@pytest.mark.parametrize("where", ["its own environment", "the system's folder"])
def test_a_course_that_submissions_could_read_is_refused(monkeypatch, where):
    """Where the wall would show the course with its answers, nothing is graded, and the remedy is said."""
    assignment = read_assignment(COURSES / "mini", "mini")
    if where == "its own environment":
        monkeypatch.setattr("sys.prefix", str(COURSES))
    else:
        assignment = replace(assignment, folder=Path("/usr/src/app/tests/assignments/mini"))
    with pytest.raises(CourseError, match=r"Submissions could read .*mini: .*Move the course out of them"):
        grade_all(Order(COURSES / "mini", assignment, wall="bubblewrap"), [], report=print)
